// SPDX-License-Identifier: GPL-2.0

//! How many services there are of each kind, so that packets skip what can't find any.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::ftp;
use lvs_engine::parse::protocol;

/// How many services of each kind there are: packets skip look-ups that can't hit.
#[derive(Default)]
pub(crate) struct ServiceCounts {
    /// Services by address.
    pub(crate) by_address: AtomicU32,
    /// Services by firewall mark.
    pub(crate) by_mark: AtomicU32,
    /// Services of FTP's port, which take their clients' data connections too.
    pub(crate) ftp: AtomicU32,
    /// Services of any port.
    pub(crate) any_port: AtomicU32,
    /// Services whose templates hold Call-IDs.
    pub(crate) sip: AtomicU32,
}

impl ServiceCounts {
    /// Counts a new service, whose templates hold Call-IDs or don't.
    pub(super) fn add(&self, id: &ServiceId, is_sip: bool) {
        self.for_each_of(id, |count| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        if is_sip {
            self.add_sip();
        }
    }

    /// Counts a service no more that was removed.
    pub(super) fn remove(&self, id: &ServiceId, was_sip: bool) {
        self.for_each_of(id, |count| {
            count.fetch_sub(1, Ordering::Relaxed);
        });
        if was_sip {
            self.remove_sip();
        }
    }

    /// Counts a service whose templates hold Call-IDs from now on.
    pub(super) fn add_sip(&self) {
        self.sip.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one no more whose templates held them.
    pub(super) fn remove_sip(&self) {
        self.sip.fetch_sub(1, Ordering::Relaxed);
    }

    /// Number of services.
    pub(crate) fn total(&self) -> u32 {
        self.by_address
            .load(Ordering::Relaxed)
            .wrapping_add(self.by_mark.load(Ordering::Relaxed))
    }

    /// Calls `change` with each count that a service named `id` is part of.
    fn for_each_of(&self, id: &ServiceId, change: impl Fn(&AtomicU32)) {
        match &id.target {
            Target::Mark(_) => change(&self.by_mark),
            Target::Address { protocol, port, .. } => {
                change(&self.by_address);
                if *port == 0 {
                    change(&self.any_port);
                }
                if *port == ftp::PORT && *protocol == u16::from(protocol::TCP) {
                    change(&self.ftp);
                }
            }
        }
    }
}
