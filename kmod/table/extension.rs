// SPDX-License-Identifier: GPL-2.0

//! What few connections have: kept beside the entry, which stays small.

use core::sync::atomic::{
    AtomicU16,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::ftp;

use crate::kernel_ext::mem::memory::Tie;
use crate::kernel_ext::mem::rcu::RcuArc;
use crate::kernel_ext::task::lock::LockBh;

use super::conn::Conn;

/// What belongs to one entry beyond its own 128 bytes.
pub(crate) enum Extension {
    /// The Call-ID of a call's template.
    Call(KVec<u8>),
    /// A control connection of FTP.
    Control(Control),
}

/// A control connection of FTP.
pub(crate) struct Control {
    /// Ties it to its persistence template: its own tie holds its data connections.
    pub(super) template: Tie<Conn>,
    /// What was said on it.
    pub(crate) dialogue: LockBh<ftp::ControlConnection>,
}

impl Extension {
    /// Of a call, without sleeping. Fails with `ENOMEM`.
    pub(super) fn call(id: &[u8]) -> Result<RcuArc<Self>> {
        let mut copy = KVec::with_capacity(id.len(), GFP_ATOMIC | __GFP_NOWARN)?;
        copy.extend_from_slice(id, GFP_ATOMIC | __GFP_NOWARN)?;
        RcuArc::new_atomic(Self::Call(copy))
    }

    /// Of a control connection, without sleeping. Fails with `ENOMEM`.
    pub(super) fn control() -> Result<RcuArc<Self>> {
        RcuArc::new_atomic(Self::Control(Control {
            template: Tie::loose(),
            dialogue: LockBh::new_atomic(ftp::ControlConnection::new())?,
        }))
    }
}

/// Most ports that control connections are made to.
pub(crate) const MAX_CONTROL_PORTS: usize = 8;

/// Virtual ports of FTP's control connections; 0 for none.
static CONTROL_PORTS: [AtomicU16; MAX_CONTROL_PORTS] =
    [const { AtomicU16::new(0) }; MAX_CONTROL_PORTS];

/// Sets the virtual ports of FTP's control connections. Called at load, before there are any.
pub(crate) fn set_control_ports(ports: impl Iterator<Item = u16>) {
    for (place, port) in CONTROL_PORTS.iter().zip(ports) {
        place.store(port, Ordering::Relaxed);
    }
}

/// The virtual ports of FTP's control connections, with 0 for none.
pub(crate) fn control_ports() -> impl DoubleEndedIterator<Item = u16> + ExactSizeIterator {
    CONTROL_PORTS
        .iter()
        .map(|port| port.load(Ordering::Relaxed))
}

/// Which of FTP's control ports `port` is.
pub(super) fn control_port_index(port: u16) -> Option<usize> {
    if port == 0 {
        return None;
    }
    control_ports().position(|candidate| candidate == port)
}
