// SPDX-License-Identifier: GPL-2.0

//! All the balancer keeps for one network namespace.

use core::pin::Pin;
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

use lvs_engine::addr::Addr;
use lvs_engine::config::{
    self,
    ServiceId,
    Target, //
};
use lvs_engine::parse::protocol;
use lvs_engine::tcp_state::{
    self,
    TcpState, //
};
use lvs_engine::udp_state;

use crate::control::params::Sysctls;
use crate::control::NetInterfaces;
use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::once::OnceBox;
use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::mem::rcu_table::RcuTable;
use crate::kernel_ext::mem::slab::SharedSlab;
use crate::kernel_ext::net::conntrack::Tracking;
use crate::kernel_ext::net::device::{
    Device,
    DeviceObserver, //
};
use crate::kernel_ext::net::netns::{
    self,
    Net, //
};
use crate::kernel_ext::task::thread::Thread;
use crate::kernel_ext::task::time;
use crate::kernel_ext::task::work::{
    Chore,
    Worker, //
};

use super::backends::Backends;
use super::conn::Conn;
use super::conn_table::{
    ConnTable,
    Terms, //
};
use super::defence::Defence;
use super::return_routes::ReturnRoutes;
use super::rules::{
    Control,
    Rules, //
};
use super::service::Service;
use super::stats::{
    Counters,
    Stats, //
};

/// The cache that all namespaces' connections come from; there from before the first namespace's
/// state until after the last one's.
pub(crate) static CONN_SLAB: SharedSlab<Entry<Conn>> = SharedSlab::new();

/// Tables that packets look into. They exist from the namespace's first service on.
pub(crate) struct Tables {
    /// Connections.
    pub(crate) conns: ConnTable,
    /// Virtual services.
    pub(crate) services: RcuTable<Service>,
    /// Key of the services' hash.
    pub(crate) service_key: (u64, u64),
    /// Servers of all services.
    pub(crate) backends: Backends,
    /// Ways back to clients.
    pub(crate) return_routes: ReturnRoutes,
}

impl Tables {
    fn new(tracking: &Arc<Tracking>) -> Result<Self> {
        let slab = CONN_SLAB.get().ok_or(ENOMEM)?;
        Ok(Self {
            conns: ConnTable::new(slab, tracking.clone())?,
            services: RcuTable::new(u32::MAX)?,
            service_key: (time::random_u64(), time::random_u64()),
            backends: Backends::new()?,
            return_routes: ReturnRoutes::new()?,
        })
    }
}

/// How many services of each kind there are: packets skip look-ups that can't hit.
#[derive(Default)]
pub(crate) struct ServiceCounts {
    /// Services by address.
    pub(crate) by_address: AtomicU32,
    /// Services by firewall mark.
    pub(crate) by_mark: AtomicU32,
    /// Services of TCP port 21, which take their clients' data connections too.
    pub(crate) ftp: AtomicU32,
    /// Services of any port.
    pub(crate) any_port: AtomicU32,
    /// Services whose templates hold Call-IDs.
    pub(crate) sip: AtomicU32,
}

impl ServiceCounts {
    /// What a service that goes is noted with.
    pub(super) const ONE_LESS: u32 = 1_u32.wrapping_neg();

    /// Notes that a service came or went; `delta` is 1 or [`Self::ONE_LESS`].
    pub(super) fn note(&self, id: &ServiceId, delta: u32) {
        let add = |count: &AtomicU32| {
            count.fetch_add(delta, Ordering::Relaxed);
        };
        match &id.target {
            Target::Mark(_) => add(&self.by_mark),
            Target::Address { protocol, port, .. } => {
                add(&self.by_address);
                if *port == 0 {
                    add(&self.any_port);
                }
                if *port == 21 && *protocol == u16::from(protocol::TCP) {
                    add(&self.ftp);
                }
            }
        }
    }

    /// The same for the service's persistence engine.
    pub(super) fn note_engine(&self, is_sip: bool, delta: u32) {
        if is_sip {
            self.sip.fetch_add(delta, Ordering::Relaxed);
        }
    }
}

/// Addresses that replies to be rewritten may come from: a bit for each of their hashes. Packets
/// passing by from anywhere else are let through after one look at it.
pub(crate) struct ReplySources {
    bits: [AtomicU32; Self::WORDS],
}

impl ReplySources {
    const WORDS: usize = 32;

    const fn place(addr: &Addr) -> (usize, u32) {
        let hash = addr.folded().wrapping_mul(0x9e37_79b1) >> 22;
        ((hash >> 5) as usize, 1 << (hash & 31))
    }

    /// Whether packets from `addr` may be replies.
    #[inline]
    pub(crate) fn may_contain(&self, addr: &Addr) -> bool {
        let (word, bit) = Self::place(addr);
        self.bits
            .get(word)
            .is_none_or(|bits| bits.load(Ordering::Relaxed) & bit != 0)
    }

    /// Takes in `addr`. Addresses are never taken out: connections may outlive their server.
    pub(crate) fn insert(&self, addr: &Addr) {
        let (word, bit) = Self::place(addr);
        if let Some(bits) = self.bits.get(word) {
            bits.fetch_or(bit, Ordering::Relaxed);
        }
    }
}

/// Lives of idle connections, in ticks.
pub(crate) struct Timeouts {
    tcp: [AtomicU32; TcpState::COUNT],
    udp: AtomicU32,
    secure_tcp: AtomicBool,
    /// When the last entry ends that got its end under shorter timeouts.
    settled_at: AtomicU32,
}

impl Timeouts {
    fn new() -> Self {
        Self {
            tcp: tcp_state::TIMEOUTS.map(|seconds| AtomicU32::new(time::ticks(seconds))),
            udp: AtomicU32::new(time::ticks(udp_state::TIMEOUT)),
            secure_tcp: AtomicBool::new(false),
            settled_at: AtomicU32::new(time::now()),
        }
    }

    /// Of a TCP connection in the state with this number.
    #[inline]
    pub(crate) fn tcp(&self, state: u8) -> u32 {
        self.tcp
            .get(usize::from(state))
            .map_or(time::HZ, |ticks| ticks.load(Ordering::Relaxed))
    }

    /// Of a TCP connection that is waited for.
    pub(crate) fn tcp_listen(&self) -> u32 {
        self.of(TcpState::Listen).load(Ordering::Relaxed)
    }

    /// Of UDP.
    #[inline]
    pub(crate) fn udp(&self) -> u32 {
        self.udp.load(Ordering::Relaxed)
    }

    /// Whether the stricter state table is in force.
    #[inline]
    pub(crate) fn secure_tcp(&self) -> bool {
        self.secure_tcp.load(Ordering::Relaxed)
    }

    pub(super) fn set_secure_tcp(&self, strict: bool) {
        self.secure_tcp.store(strict, Ordering::Relaxed);
    }

    fn of(&self, state: TcpState) -> &AtomicU32 {
        // Every state has its place.
        self.tcp
            .get(usize::from(state.number()))
            .unwrap_or(&self.udp)
    }

    pub(super) fn settings(&self) -> config::Timeouts {
        let seconds = |ticks: &AtomicU32| ticks.load(Ordering::Relaxed) / time::HZ;
        config::Timeouts {
            tcp: seconds(self.of(TcpState::Established)),
            tcp_fin: seconds(self.of(TcpState::FinWait)),
            udp: seconds(&self.udp),
        }
    }

    /// Whether the end of each entry tells when it was used last. Asked every second, since ticks wrap.
    pub(super) fn are_settled(&self) -> bool {
        let now = time::now();
        let settled = now.wrapping_sub(self.settled_at.load(Ordering::Relaxed)) as i32 >= 0;
        if settled {
            self.settled_at.store(now, Ordering::Relaxed);
        }
        settled
    }

    pub(super) fn set(&self, new: &config::Timeouts) {
        let store = |cell: &AtomicU32, seconds: u32| {
            if seconds != 0 {
                let ticks = time::ticks(seconds);
                let former = cell.swap(ticks, Ordering::Relaxed);
                let now = time::now();
                let left = self.settled_at.load(Ordering::Relaxed).wrapping_sub(now) as i32;
                if ticks > former {
                    let settled_at = now.wrapping_add(former.max(left.max(0) as u32));
                    self.settled_at.store(settled_at, Ordering::Relaxed);
                }
            }
        };
        store(self.of(TcpState::Established), new.tcp);
        store(self.of(TcpState::FinWait), new.tcp_fin);
        store(&self.udp, new.udp);
    }
}

/// State of a network namespace. Field order is teardown order.
#[pin_data]
pub(crate) struct NetnsState {
    net: Net,
    /// Files and settings of the namespace; gone from `stop` on.
    #[pin]
    interfaces: Mutex<Option<NetInterfaces>>,
    /// Collects stale connections, fits the table, watches free memory, empties the trash.
    #[pin]
    chore: Chore<NetnsState>,
    /// Updates rates.
    #[pin]
    estimator: Thread<NetnsState>,
    /// Rules as the administrator sees them, and the hooks, which exist while services do.
    #[pin]
    rules: Mutex<Rules>,
    tables: OnceBox<Tables>,
    /// Tick at which the collector last did all it does.
    collected_at: AtomicU32,
    tracking: Arc<Tracking>,
    stopped: AtomicBool,
    /// Connections are to end whose server was removed.
    orphaned: AtomicBool,
    /// Whether entries are sent for in advance: see [`NetnsState::foresees`].
    pub(super) foresees: AtomicBool,
    counts: ServiceCounts,
    reply_sources: ReplySources,
    timeouts: Timeouts,
    defence: Defence,
    sysctls: Sysctls,
}

impl NetnsState {
    /// The namespace.
    #[inline]
    pub(crate) fn net(&self) -> Net {
        self.net
    }

    /// The tables, once there was a service.
    #[inline]
    pub(crate) fn tables(&self) -> Option<&Tables> {
        self.tables.get()
    }

    /// The tables, made when missing. Control lock held; fails with `ENOMEM`.
    pub(super) fn make_tables(&self) -> Result<&Tables> {
        if self.tables.get().is_none() {
            self.tables
                .set(KBox::new(Tables::new(&self.tracking)?, GFP_KERNEL)?);
            self.chore.queue(time::HZ);
        }
        self.tables().ok_or(ENOMEM)
    }

    /// Takes the control lock: one change of the rules at a time. Process context.
    pub(crate) fn control(&self) -> Control<'_> {
        Control::new(self, self.rules.lock())
    }

    /// Whether the namespace is going away.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Services there are.
    #[inline]
    pub(crate) fn counts(&self) -> &ServiceCounts {
        &self.counts
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
    fn update_defence(&self) {
        self.defence.update(&self.sysctls, &self.timeouts);
    }

    /// Where the thread that updates rates has its place.
    pub(super) fn estimator(&self) -> &Thread<Self> {
        &self.estimator
    }

    /// Has connections ended whose server was removed. Soon, and of many servers at once.
    pub(super) fn expire_orphans(&self) {
        self.orphaned.store(true, Ordering::Relaxed);
        self.chore.kick();
    }

    /// Connection tracking.
    pub(crate) fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// What the settings say about new connections.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            limit: self.sysctls.conn_max().max(0).unsigned_abs(),
            tracked: self.sysctls.conntrack(),
            timeouts: self.timeouts(),
        }
    }

    /// Settings under `net.ipv4.vs`.
    #[inline]
    pub(crate) fn sysctls(&self) -> &Sysctls {
        &self.sysctls
    }

    /// Connections and templates.
    pub(crate) fn conn_count(&self) -> u32 {
        self.tables().map_or(0, |tables| tables.conns.count())
    }

    /// Buckets of the connection table; 0 before the first service.
    pub(crate) fn conn_buckets(&self) -> usize {
        self.tables().map_or(0, |tables| tables.conns.buckets())
    }

    /// Has the chore do at once what doesn't wait: fit the table, or heed a setting. Any context.
    #[inline]
    pub(crate) fn wake_collector(&self) {
        self.chore.kick();
    }

    /// Everything counted in this namespace.
    pub(crate) fn totals(&self) -> Stats {
        let mut control = self.control();
        control.totals()
    }

    /// What one CPU counted in this namespace, resets ignored.
    pub(crate) fn totals_of_cpu(&self, cpu: u32) -> Counters {
        let mut control = self.control();
        control.totals_of_cpu(cpu)
    }

    /// Calls `f` with each service. Packets go on meanwhile.
    pub(crate) fn for_each_service<'a>(&self, read: ReadSide<'a>, mut f: impl FnMut(&'a Service)) {
        let Some(tables) = self.tables() else {
            return;
        };
        let mut bucket = 0;
        while tables
            .services
            .for_each_in_bucket(read, bucket, |entry| f(entry))
        {
            bucket = bucket.wrapping_add(1);
        }
    }
}

impl netns::NetnsState for NetnsState {
    fn create(net: Net) -> Result<Pin<KBox<Self>>> {
        let tracking = Arc::new(Tracking::new(net), GFP_KERNEL)?;
        let state = KBox::pin_init(
            pin_init!(Self {
                net,
                interfaces <- new_mutex!(None, "lvs interfaces"),
                chore <- Chore::new(),
                estimator <- Thread::new(),
                rules <- new_mutex!(Rules::default(), "lvs rules"),
                tables: OnceBox::new(),
                collected_at: AtomicU32::new(time::now()),
                tracking,
                stopped: AtomicBool::new(false),
                orphaned: AtomicBool::new(false),
                foresees: AtomicBool::new(false),
                counts: ServiceCounts::default(),
                reply_sources: ReplySources {
                    bits: [const { AtomicU32::new(0) }; ReplySources::WORDS],
                },
                timeouts: Timeouts::new(),
                defence: Defence::new(),
                sysctls: Sysctls::new(net.is_initial()),
            }),
            GFP_KERNEL,
        )?;
        Chore::bind(state.as_ref());
        Thread::bind(state.as_ref());
        *state.interfaces.lock() = Some(NetInterfaces::register(net)?);
        Ok(state)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Not under the lock: readers of the files may be waiting for the control lock.
        let interfaces = self.interfaces.lock().take();
        drop(interfaces);
        self.control().shut_down();
        self.tracking.close();
    }

    fn finish(&self) {
        self.chore.cancel();
        self.estimator.stop();
    }
}

impl NetnsState {
    /// What the chore does whenever it is woken.
    fn react(&self, tables: &Tables) {
        let sysctls = self.sysctls();
        tables
            .conns
            .fit(sysctls.conn_lfactor(), sysctls.conn_tab_bits());
        self.fit_foresight(tables);
        if self.orphaned.swap(false, Ordering::Relaxed) {
            tables.conns.remove_orphans();
        }
        self.fit_estimation();
    }

    /// What it does every second.
    fn maintain(&self, tables: &Tables) {
        tables.conns.collect();
        if self.defence.drops_entries() {
            tables.conns.remove_from_some(|read, entry| {
                self.defence.drops_entry(read, self, tables, entry)
            });
        }
        self.control().empty_trash();
    }
}

impl Worker for NetnsState {
    fn chore(&self) -> &Chore<Self> {
        &self.chore
    }

    fn run(&self) {
        if let Some(tables) = self.tables() {
            self.react(tables);
        }
        // While the table grows, that is needed much more often than all else.
        let now = time::now();
        let since = now.wrapping_sub(self.collected_at.load(Ordering::Relaxed));
        if since < time::HZ && !self.is_stopped() {
            self.chore.queue(time::HZ.wrapping_sub(since));
            return;
        }
        self.collected_at.store(now, Ordering::Relaxed);
        self.update_defence();
        if let Some(tables) = self.tables() {
            self.maintain(tables);
        }
        let has_more = self.tables().is_some() || self.sysctls().watches_memory();
        if has_more && !self.is_stopped() {
            self.chore.queue(time::HZ);
        }
    }
}

impl DeviceObserver for NetnsState {
    fn device_down(&self, device: Device) {
        rcu::read(|read| {
            self.for_each_service(read, |service| {
                for dest in service.pool(read).map_or(&[][..], |pool| pool.dests()) {
                    dest.route.remove_if(read, |route| route.holds(device));
                }
            });
            if let Some(tables) = self.tables() {
                tables.return_routes.forget(read, device);
            }
        });
    }
}
