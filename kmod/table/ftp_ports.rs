// SPDX-License-Identifier: GPL-2.0

//! The ports of FTP's control connections, given at load.

use core::sync::atomic::{
    AtomicU16,
    Ordering, //
};

/// Most ports that control connections are made to.
pub(crate) const MAX_FTP_PORTS: usize = 8;

/// Virtual ports of FTP's control connections; 0 for none.
static FTP_PORTS: [AtomicU16; MAX_FTP_PORTS] = [const { AtomicU16::new(0) }; MAX_FTP_PORTS];

/// Sets the virtual ports of FTP's control connections. Called at load, before there are any.
pub(crate) fn set(ports: impl Iterator<Item = u16>) {
    for (place, port) in FTP_PORTS.iter().zip(ports) {
        place.store(port, Ordering::Relaxed);
    }
}

/// The virtual ports of FTP's control connections, with 0 for none.
pub(crate) fn all() -> impl DoubleEndedIterator<Item = u16> + ExactSizeIterator {
    FTP_PORTS.iter().map(|port| port.load(Ordering::Relaxed))
}

/// The index of `port` among them.
pub(crate) fn index_of(port: u16) -> Option<usize> {
    if port == 0 {
        return None;
    }
    all().position(|candidate| candidate == port)
}
