// SPDX-License-Identifier: GPL-2.0

//! Bits of a connection's state word above the protocol's state (8 bits).

use lvs_engine::config::Forwarding;

/// Its service has timeouts of its own, which its server knows.
pub(crate) const OWN_TIMEOUTS: u32 = 1 << 10;
/// A data connection of FTP whose client's port isn't known yet.
pub(crate) const EXPECTED: u32 = 1 << 11;
/// Not counted as active at its server.
pub(crate) const INACTIVE: u32 = 1 << 12;
/// Only the client's packets have been seen so far.
pub(crate) const NO_OUTPUT: u32 = 1 << 13;
/// A persistence template.
pub(crate) const TEMPLATE: u32 = 1 << 14;
/// A control connection of FTP through NAT.
pub(crate) const FTP_CONTROL: u32 = 1 << 15;
/// Taken out of the table: nothing is counted any more.
pub(crate) const DEAD: u32 = 1 << 16;
/// A template that no new connection uses any more.
pub(crate) const INVALID: u32 = 1 << 17;
/// Its packets are tracked by netfilter as well.
pub(crate) const TRACKED: u32 = 1 << 18;
/// Of one packet, without a reply.
pub(crate) const ONE_PACKET: u32 = 1 << 19;
/// A template one of whose connections was answered by the server (in the state's place).
pub(crate) const ASSURED: u32 = 1;
/// Shift of the forwarding method.
pub(crate) const METHOD_SHIFT: u32 = 20;
/// The bits of the forwarding method.
pub(super) const METHOD: u32 = 7 << METHOD_SHIFT;
/// Has something to tell to other directors, which is collected.
pub(crate) const DIRTY: u32 = 1 << 23;
/// Was told by another director.
pub(crate) const SYNCED: u32 = 1 << 24;
/// No server was found for it yet: it goes where it was told, and counts nowhere.
pub(crate) const UNBOUND: u32 = 1 << 25;
// The four highest bits count packets: see `packets`.

/// The bits of `method`.
#[inline]
pub(super) const fn of_method(method: Forwarding) -> u32 {
    method.number() << METHOD_SHIFT
}

/// Those of a connection to a server by `method`: of its packets only NAT's come back this way.
#[inline]
pub(super) const fn of_server(method: Forwarding) -> u32 {
    match method {
        Forwarding::Masquerade => of_method(method),
        _ => of_method(method) | NO_OUTPUT,
    }
}
