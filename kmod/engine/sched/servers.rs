// SPDX-License-Identifier: GPL-2.0

//! What schedulers look at and what they say: the servers and how they change, the new connection,
//! the choice.

use core::num::NonZeroU32;

use crate::addr::Addr;

/// The servers of a service as a scheduler sees them: a snapshot's fixed order, live numbers.
pub trait Servers {
    /// Number of servers.
    fn len(&self) -> usize;
    /// Weight of server `index`; 0 for a quiescent server and for an index out of range.
    fn weight(&self, index: usize) -> u32;
    /// Connections in an active state.
    fn active(&self, index: usize) -> u32;
    /// Connections in an inactive state.
    fn inactive(&self, index: usize) -> u32;
    /// Whether the server reached its upper threshold and hasn't recovered yet.
    fn overloaded(&self, index: usize) -> bool;

    /// The table of hash values that [`super::fill_table`] filled for these servers; empty if the
    /// algorithm has none.
    fn table(&self) -> &[u16] {
        &[]
    }

    /// What a tournament of the service's algorithm says now; `None` if none is kept, so that one
    /// has to look at all servers.
    #[inline]
    fn standing(&self) -> Option<Standing> {
        None
    }

    /// The servers that a lottery draws with these random bits; `None` if none is kept, so that one
    /// has to look at all servers.
    #[inline]
    fn drawn(&self, random: u64) -> Option<Pair> {
        let _ = random;
        None
    }

    /// Whether there is no server at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Servers with what tells them apart, for the schedulers that remember them.
pub trait Identified: Servers {
    /// A number that no other server had or will have while its service exists; `None` for an
    /// index out of range.
    fn id(&self, index: usize) -> Option<NonZeroU32>;
    /// Address of server `index`.
    fn addr(&self, index: usize) -> Addr;
    /// Port of server `index`, host order.
    fn port(&self, index: usize) -> u16;
    /// The weight if that isn't 0, else the last one that wasn't: 0 if the server has had none
    /// since it came.
    fn last_weight(&self, index: usize) -> u32;
}

/// What a tournament says of its servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The server with the lowest bid, the first of equals; `None` when there is no bid.
    pub winner: Option<usize>,
    /// Whether some server has fewer active connections than half its weight.
    pub is_any_half_idle: bool,
}

/// Two servers drawn at random, which may be the same; none when no server takes connections.
pub type Pair = Option<(usize, usize)>;

/// What a scheduler computes from the servers whenever their configuration changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Greatest weight.
    pub max_weight: u32,
    /// Greatest common divisor of the weights above 0; 0 when there is none.
    pub gcd: u32,
}

impl Facts {
    /// The facts of these weights.
    pub(super) fn of_weights(weights: impl Iterator<Item = u32>) -> Self {
        weights.fold(Self::default(), |facts, weight| Self {
            max_weight: facts.max_weight.max(weight),
            gcd: gcd(facts.gcd, weight),
        })
    }
}

/// What a new connection is like, for the schedulers that look at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// Address of the client.
    pub client_addr: Addr,
    /// Port of the client, host order; 0 for protocols without ports.
    pub client_port: u16,
    /// Address the client wants.
    pub virtual_addr: Addr,
    /// Port the client wants, host order.
    pub virtual_port: u16,
    /// `lvs_uapi::flags::service` bits of the service.
    pub flags: u32,
    /// A fresh random number if [`super::Algorithm::is_random`], else anything.
    pub random: u64,
}

/// What a scheduler chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pick {
    /// The chosen server; `None` when none takes new connections.
    pub index: Option<usize>,
    /// The scheduler's next state.
    pub state: u64,
}

/// What a scheduler would choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Foreseen {
    /// The server with this index.
    Server(usize, By),
    /// One of those that take connections, drawn at random.
    Drawn,
    /// None takes new connections.
    Nobody,
}

/// What a scheduler chooses by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Whose turn it is.
    Turn,
    /// Loads and weights.
    Load,
    /// A hash of addresses.
    Hash,
    /// Which server the address had before.
    Memory,
}

/// What happened to a service's servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A server came: it is the first now.
    Inserted,
    /// The server that had this index went.
    Removed(usize),
    /// The server with this index has new settings.
    Edited(usize),
    /// The service got another scheduler.
    Replaced,
}

/// Whether server `index` takes new connections.
#[inline]
pub(super) fn available(servers: &impl Servers, index: usize) -> bool {
    servers.weight(index) > 0 && !servers.overloaded(index)
}

/// The weights of all servers.
#[inline]
pub(super) fn weights(servers: &impl Servers) -> impl Iterator<Item = u32> + '_ {
    (0..servers.len()).map(|index| servers.weight(index))
}

/// What a server's connections cost it: an active one as much as 257 inactive ones.
#[inline]
pub(super) fn overhead(servers: &impl Servers, index: usize) -> u64 {
    let active = u64::from(servers.active(index));
    (active << 8)
        .wrapping_add(active)
        .wrapping_add(u64::from(servers.inactive(index)))
}

/// What a server's active connections would cost it with one more.
#[inline]
pub(super) fn expected_delay(servers: &impl Servers, index: usize) -> u64 {
    u64::from(servers.active(index)).wrapping_add(1)
}

/// Greatest common divisor; `gcd(0, n)` is `n`.
fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gcd_ignores_zero() {
        assert_eq!(gcd(0, 0), 0);
        assert_eq!(gcd(0, 6), 6);
        assert_eq!(gcd(9, 6), 3);
        let facts = Facts::of_weights([4, 0, 6].into_iter());
        assert_eq!((facts.max_weight, facts.gcd), (6, 2));
    }
}
