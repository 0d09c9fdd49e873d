// SPDX-License-Identifier: GPL-2.0

//! All the balancer keeps for one network namespace.

use core::sync::atomic::{
    AtomicBool,
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::sync::{
    new_mutex,
    Arc,
    Mutex, //
};

use crate::kernel_ext::mem::once::OnceBox;
use crate::kernel_ext::mem::rcu;
use crate::kernel_ext::net::conntrack::Tracking;
use crate::kernel_ext::net::device::{
    Device,
    DeviceObserver, //
};
use crate::kernel_ext::net::drops::Drops;
use crate::kernel_ext::net::netns::{
    self,
    Net,
    NetHold, //
};
use crate::kernel_ext::task::thread::Thread;
use crate::kernel_ext::task::time;
use crate::kernel_ext::task::work::Chore;

use super::conn::CONN_BYTES;
use super::conn_table::ConnSettings;
use super::defence::Defence;
use super::edition::{
    Edition,
    EditionSwitch, //
};
use super::reply_sources::ReplySources;
use super::rules::record::Rules;
use super::service_counts::ServiceCounts;
use super::settings::Settings;
use super::shortcuts::Shortcuts;
use super::sync::{
    Crews,
    Role, //
};
use super::tables::Tables;
use super::timeouts::Timeouts;
use super::transactions::Transactions;

/// State of a network namespace. Field order is teardown order.
#[pin_data]
pub(crate) struct NetnsState {
    net: NetHold,
    /// Collects stale connections, fits the table, watches free memory, empties the trash.
    #[pin]
    pub(super) chore: Chore<NetnsState>,
    /// Updates rates.
    #[pin]
    estimator: Thread<NetnsState>,
    /// Synchronise connections with other directors.
    #[pin]
    sync: Crews<NetnsState>,
    /// Rules as the administrator sees them, and the hooks, which exist while services do.
    #[pin]
    pub(super) rules: Mutex<Rules>,
    /// Transactions that aren't committed yet.
    #[pin]
    pub(super) transactions: Mutex<Transactions>,
    tables: OnceBox<Tables>,
    /// Tick at which the collector last did all it does.
    pub(super) collected_at: AtomicU32,
    tracking: Arc<Tracking>,
    /// Connections are to end whose server was removed.
    pub(super) orphaned: AtomicBool,
    /// Whether somebody may have to be told that a connection has ended.
    pub(super) tells_of_ends: AtomicBool,
    /// Whether a service says what becomes of packets of connections that were forgotten.
    pub(super) judges_strays: AtomicBool,
    /// Connections are to be told that their service has timeouts of its own.
    pub(super) has_new_timeouts: AtomicBool,
    /// Whether entries are prefetched: see [`NetnsState::prefetches`].
    pub(super) prefetches: AtomicBool,
    /// Whether clients' packets are left alone: see [`NetnsState::is_passive`].
    is_passive: AtomicBool,
    counts: ServiceCounts,
    /// Which edition of the rules packets go by.
    pub(super) edition: EditionSwitch,
    reply_sources: ReplySources,
    timeouts: Timeouts,
    defence: Defence,
    drops: Drops,
    shortcuts: Shortcuts,
    settings: Settings,
}

impl NetnsState {
    /// The state of a new namespace, whose chore and thread are still to be [bound](Self::bind).
    /// Process context. Fails with `ENOMEM`.
    pub(crate) fn new(net: NetHold) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            chore <- Chore::new(),
            estimator <- Thread::new(),
            sync <- Crews::new(),
            rules <- new_mutex!(Rules::default(), "lvs rules"),
            transactions <- new_mutex!(Transactions::default(), "lvs transactions"),
            tables: OnceBox::new(),
            collected_at: AtomicU32::new(time::now()),
            tracking: Arc::new(Tracking::new(net.net().hold()?), GFP_KERNEL)?,
            orphaned: AtomicBool::new(false),
            tells_of_ends: AtomicBool::new(false),
            judges_strays: AtomicBool::new(false),
            has_new_timeouts: AtomicBool::new(false),
            prefetches: AtomicBool::new(false),
            is_passive: AtomicBool::new(false),
            counts: ServiceCounts::default(),
            edition: EditionSwitch::new(),
            reply_sources: ReplySources::new(),
            timeouts: Timeouts::new(),
            defence: Defence::new(),
            drops: Drops::new(net.net())?,
            shortcuts: Shortcuts::new()?,
            settings: Settings::new(net.net().is_initial()),
            net,
        }? Error)
    }

    /// The namespace.
    #[inline]
    pub(crate) fn net(&self) -> Net<'_> {
        self.net.net()
    }

    /// The tables, once there was a service, or connections were loaded.
    #[inline]
    pub(crate) fn tables(&self) -> Option<&Tables> {
        self.tables.get()
    }

    /// The tables, made when missing. Rules lock held; fails with `ENOMEM`.
    pub(super) fn make_tables(&self) -> Result<&Tables> {
        if self.tables.get().is_none() {
            self.tables
                .set(KBox::new(Tables::new(&self.tracking)?, GFP_KERNEL)?);
            self.chore.queue(time::HZ);
        }
        self.tables().ok_or(ENOMEM)
    }

    /// Whether the namespace is going away.
    pub(super) fn is_stopped(&self) -> bool {
        self.net().is_stopping()
    }

    /// Packets that were dropped.
    #[inline]
    pub(crate) fn drops(&self) -> &Drops {
        &self.drops
    }

    /// Packets that left in front of the stack.
    #[inline]
    pub(crate) fn shortcuts(&self) -> &Shortcuts {
        &self.shortcuts
    }

    /// Services there are.
    #[inline]
    pub(crate) fn counts(&self) -> &ServiceCounts {
        &self.counts
    }

    /// The edition of the rules that a packet goes by which looks now. It looks once.
    #[inline]
    pub(crate) fn edition(&self) -> Edition {
        self.edition.get()
    }

    /// Where replies may come from.
    #[inline]
    pub(crate) fn reply_sources(&self) -> &ReplySources {
        &self.reply_sources
    }

    /// Lives of idle connections.
    #[inline]
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Defences against floods.
    #[inline]
    pub(crate) fn defence(&self) -> &Defence {
        &self.defence
    }

    /// A defence has a new mode, which applies from now on. Process context.
    pub(crate) fn change_defence(&self) {
        self.update_defence();
        self.chore.queue(time::HZ);
    }

    /// Decides anew what the defences do.
    pub(super) fn update_defence(&self) {
        self.defence.update(&self.settings, &self.timeouts);
    }

    /// Where the thread that updates rates has its place.
    pub(super) fn estimator(&self) -> &Thread<Self> {
        &self.estimator
    }

    /// The daemons that synchronise connections.
    #[inline]
    pub(crate) fn sync(&self) -> &Crews<Self> {
        &self.sync
    }

    /// Whether clients' packets are left alone, since this is a backup that was asked to
    /// (`backup_only`).
    #[inline]
    pub(crate) fn is_passive(&self) -> bool {
        self.is_passive.load(Ordering::Relaxed)
    }

    /// Decides that anew: a daemon started or stopped, or the setting was written.
    pub(crate) fn update_passive(&self) {
        let is_passive = self.sync.runs(Role::Backup) && self.settings.backup_only();
        self.is_passive.store(is_passive, Ordering::Relaxed);
    }

    /// Has connections ended whose server was removed. Soon, and of many servers at once.
    pub(super) fn expire_orphans(&self) {
        self.orphaned.store(true, Ordering::Relaxed);
        self.chore.kick();
    }

    /// Whether a service or a server may tell of ended connections: asked first, since most never
    /// do.
    #[inline]
    pub(crate) fn tells_of_ends(&self) -> bool {
        self.tells_of_ends.load(Ordering::Relaxed)
    }

    /// Whether a client's packet of a connection that isn't there may have to be answered or
    /// dropped: asked first, as [`NetnsState::tells_of_ends`].
    pub(crate) fn judges_strays(&self) -> bool {
        self.tells_of_ends()
            || self.settings.on_expiry() != 0
            || self.judges_strays.load(Ordering::Relaxed)
    }

    /// Connection tracking.
    pub(crate) fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// What the settings say about new connections.
    pub(crate) fn conn_settings(&self) -> ConnSettings<'_> {
        ConnSettings {
            limit: self.settings.conn_max().max(0).unsigned_abs(),
            tracked: self.settings.conntrack(),
            timeouts: self.timeouts(),
        }
    }

    /// Settings under `net.ipv4.vs`.
    #[inline]
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Connections and templates.
    pub(crate) fn conn_count(&self) -> u32 {
        self.tables().map_or(0, |tables| tables.conns.count())
    }

    /// Buckets of the connection table; 0 before the first service.
    pub(crate) fn conn_buckets(&self) -> usize {
        self.tables().map_or(0, |tables| tables.conns.buckets())
    }

    /// Memory of connections and their buckets.
    pub(crate) fn conn_bytes(&self) -> usize {
        let buckets = self.conn_buckets().saturating_mul(size_of::<usize>());
        (self.conn_count() as usize)
            .saturating_mul(CONN_BYTES)
            .saturating_add(buckets)
    }

    /// Has the chore do at once what doesn't wait: fit the table, or heed a setting. Any context.
    #[inline]
    pub(crate) fn wake_chore(&self) {
        self.chore.kick();
    }
}

impl netns::NetnsState for NetnsState {}

impl DeviceObserver for NetnsState {
    fn device_down(&self, device: Device) {
        let Some(tables) = self.tables() else {
            return;
        };
        rcu::read(|read| {
            tables.for_each_service(read, |service| {
                for dest in service.dests(read) {
                    dest.route.remove_if(read, |route| route.holds(device));
                }
            });
            tables.reply_routes.forget(read, device);
        });
    }
}
