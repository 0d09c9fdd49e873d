// SPDX-License-Identifier: GPL-2.0

//! The tables of a namespace that packets look into.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::sync::Arc;

use lvs_engine::addr::Family;
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::hash;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::mem::rcu_table::RcuTable;
use crate::kernel_ext::mem::slab::SharedSlab;
use crate::kernel_ext::net::conntrack::Tracking;
use crate::kernel_ext::task::time;

use super::conn::Conn;
use super::conn_table::ConnTable;
use super::dest_index::DestIndex;
use super::edition::Edition;
use super::reply_routes::ReplyRoutes;
use super::service::Service;

/// The cache that all namespaces' connections come from; there from before the first namespace's
/// state until after the last one's.
pub(crate) static CONN_SLAB: SharedSlab<Entry<Conn>> = SharedSlab::new();

/// Tables that packets look into. They exist from the namespace's first service, daemon or loaded
/// connection on.
pub(crate) struct Tables {
    /// Connections.
    pub(crate) conns: ConnTable,
    /// Virtual services.
    pub(crate) services: RcuTable<Service>,
    /// Key of the services' hash.
    pub(crate) service_key: (u64, u64),
    /// Servers of all services.
    pub(crate) dest_index: DestIndex,
    /// Ways back to clients.
    pub(crate) reply_routes: ReplyRoutes,
    _in_use: InUse,
}

/// Network namespaces that have tables.
static IN_USE: AtomicU32 = AtomicU32::new(0);

/// Counts a namespace as long as its tables live.
pub(crate) struct InUse(());

impl InUse {
    fn begin() -> Self {
        IN_USE.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        IN_USE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many network namespaces have tables, of all.
pub(crate) fn namespaces_in_use() -> u32 {
    IN_USE.load(Ordering::Relaxed)
}

impl Tables {
    /// Empty tables; may sleep. Fails with `ENOMEM`.
    pub(super) fn new(tracking: &Arc<Tracking>) -> Result<Self> {
        let slab = CONN_SLAB.get().ok_or(ENOMEM)?;
        Ok(Self {
            _in_use: InUse::begin(),
            conns: ConnTable::new(slab, tracking.clone())?,
            services: RcuTable::new(u32::MAX)?,
            service_key: (time::random_u64(), time::random_u64()),
            dest_index: DestIndex::new()?,
            reply_routes: ReplyRoutes::new()?,
        })
    }

    /// The service with this name, by the rules in force.
    #[inline]
    pub(crate) fn service<'a>(
        &self,
        read: ReadSide<'a>,
        id: &ServiceId,
    ) -> Option<&'a Entry<Service>> {
        self.service_in(read, id, Edition::Present)
    }

    /// The service with this name, by this edition of the rules.
    #[inline]
    pub(crate) fn service_in<'a>(
        &self,
        read: ReadSide<'a>,
        id: &ServiceId,
        edition: Edition,
    ) -> Option<&'a Entry<Service>> {
        let hash = hash_service(self.service_key, id);
        self.services.find(read, hash, |service| {
            service.id() == id && service.is_in(edition)
        })
    }

    /// Calls `f` with each service. Packets go on meanwhile.
    pub(super) fn for_each_service<'a>(&self, read: ReadSide<'a>, mut f: impl FnMut(&'a Service)) {
        let mut bucket = 0;
        while self
            .services
            .for_each_in_bucket(read, bucket, |entry| f(entry))
        {
            bucket = bucket.wrapping_add(1);
        }
    }
}

/// Hash of what names a service.
#[inline]
pub(crate) fn hash_service(key: (u64, u64), id: &ServiceId) -> u32 {
    let family = u64::from(id.family.number());
    match &id.target {
        Target::Mark(mark) => hash::hash_own(key, u64::from(*mark), family),
        Target::Address {
            protocol,
            addr,
            port,
        } => {
            let ports = (u64::from(*port) << 8) | u64::from(*protocol as u8);
            match id.family {
                Family::V4 => {
                    hash::hash_own(key, (u64::from(addr.v4_word()) << 24) | ports, family)
                }
                Family::V6 => {
                    let [a, b, c, d] = addr.0.map(u64::from);
                    let address = hash::hash_own(key, (b << 32) | a, (d << 32) | c);
                    hash::hash_own(key, (u64::from(address) << 24) | ports, family)
                }
            }
        }
    }
}
