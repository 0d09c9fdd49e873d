// SPDX-License-Identifier: GPL-2.0

//! What two lvs have beyond ip_vs's synchronisation: order, repair, full resync and signatures,
//! where stock peers don't look.
//!
//! Each datagram gets a trailer ([`seal`], [`open`]); some have no connections, but a [`Signal`] to
//! one director or to all.
//!
//! - A sender numbers its data ([`Numbering`]). A receiver ([`Peers`]) takes a datagram if it is
//!   above all that it took of that sender: what comes late must not undo it, so it counts as
//!   missing.
//!   What is missing is asked for, and the sender tells what its connections are like now, not what
//!   it told then: a repair never undoes anything either.
//! - Who is new or returns asks one that is in sync for all ([`Joiner`]), which walks its table
//!   ([`Donor`]) as fast as [`Pace`] allows, and no further than the joiner could follow. This is
//!   data like any other, so what changes meanwhile has a higher number.
//! - A signed datagram of a boot id that isn't known may be a recording, until its sender says the
//!   random number that the receiver asked it to.
//!
//! Times are milliseconds of any monotonic clock, not 0. Random numbers come from the caller.

mod admission;
#[cfg(test)]
mod attacks;
mod donor;
mod joiner;
mod layout;
mod numbering;
mod origin;
mod pace;
mod peer;
mod peers;
mod receive_window;
mod signal;
#[cfg(test)]
mod simulation;
mod trailer;

pub use admission::{
    Disbelief,
    KeyIds,
    Policy,
    Signature, //
};
pub use donor::{
    Donor,
    Step, //
};
pub use joiner::{
    Joiner,
    Phase, //
};
pub use layout::{
    SEAL,
    TAG,
    TRAILER, //
};
pub use numbering::{
    boot_of,
    director_of,
    may_repair,
    thread_of,
    Numbering,
    MAX_THREADS, //
};
pub use origin::{
    may_change,
    Origin, //
};
pub use pace::{
    Pace,
    BURST,
    PAUSE, //
};
pub use peer::{
    Owed,
    Peer, //
};
pub use peers::{
    Admitted,
    Peers,
    PEERS, //
};
pub use receive_window::{
    Missing,
    KEPT, //
};
pub use signal::{
    Hello,
    Said,
    Signal,
    MAX_SIGNAL, //
};
pub use trailer::{
    open,
    seal,
    Kind,
    Sealed,
    Tag,
    Trailer, //
};
