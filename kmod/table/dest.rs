// SPDX-License-Identifier: GPL-2.0

//! A real server of a virtual service (a "destination" in the control interfaces).

use core::num::NonZeroU32;
use core::sync::atomic::{
    fence,
    AtomicBool,
    AtomicI32,
    AtomicU32,
    AtomicU64,
    AtomicU8,
    Ordering, //
};

use kernel::prelude::*;

use lvs_engine::config::{
    DestConfig,
    DestId,
    Forwarding,
    ServiceId,
    Tunnel, //
};
use lvs_engine::drain::{
    Begun,
    Persistent, //
};
use lvs_engine::extras::Extras;
use lvs_engine::sched::ramp::Ramp;

use crate::kernel_ext::mem::percpu::CpuCounters;
use crate::kernel_ext::mem::rcu::{
    self,
    Node,
    RcuArc,
    RcuBox,
    RcuCell,
    RcuSlot,
    ReadSide, //
};
use crate::kernel_ext::mem::slab::SharedSlab;
use crate::kernel_ext::net::route::Route;
use crate::kernel_ext::task::time;

use super::drain_state::DrainState;
use super::edition::{
    Edition,
    Editions, //
};
use super::ended::Ended;
use super::load_tree::LoadTree;
use super::overload::{
    Changes,
    Overload,
    Thresholds, //
};
use super::slow_start::SlowStart;
use super::stats::{
    Counters,
    Estimator,
    FineRates,
    Stats,
    Tally, //
};
use super::timeouts::ServiceTimeouts;

/// A real server. Lives while its service lists it, the trash keeps it or a connection goes to it.
///
/// What packets read comes first, what new connections change comes last, on lines of its own.
#[repr(C)]
pub(crate) struct Dest {
    /// The editions of the rules in which its service lists it: none once it is removed.
    editions: AtomicU8,
    /// Whether the table of servers by address holds it.
    is_indexed: AtomicBool,
    /// Whether [`Dest::timeouts`] says anything.
    has_own_timeouts: AtomicBool,
    flags: AtomicU32,
    /// The weight in force.
    weight: AtomicI32,
    /// The weight if that isn't 0, else the last one that wasn't.
    last_weight: AtomicI32,
    upper_threshold: AtomicU32,
    lower_threshold: AtomicU32,
    /// [`Tunnel`], packed.
    tunnel: AtomicU64,
    /// Counts what goes to and comes from the server.
    pub(crate) counters: CpuCounters,
    /// The way to the server, kept until the routing tables or the settings change.
    pub(crate) route: RcuCell<Route>,
    id: DestId,
    number: NonZeroU32,
    service: ServiceId,
    /// Instance of the service it counts for.
    instance: AtomicU64,
    /// The weight that was configured: that in force, unless the server is drained.
    configured_weight: AtomicI32,
    /// How it is drained, if it is.
    pub(super) drain_state: DrainState,
    /// How it climbs to its weight, if it does.
    pub(super) slow_start: SlowStart,
    /// Those of its service, if that has its own.
    pub(super) timeouts: ServiceTimeouts,
    /// Connections that were ended, for as long as it is told of them.
    pub(crate) ended: RcuCell<Ended>,
    loads: Loads,
    /// What listings leave out: the counters at the last reset.
    pub(super) reset_at: Tally,
    estimator: Estimator,
}

/// Connections of a server, counted by all CPUs.
#[repr(align(64))]
struct Loads {
    active: AtomicU32,
    total: AtomicU32,
    persistent: AtomicU32,
    overload: Overload,
    /// Index in the pool, and with it in the load tree.
    position: AtomicU32,
    /// Where changes of the load are noted, if its service has a load tree.
    load_tree: RcuSlot<LoadTree>,
    /// There is room here.
    trash_link: TrashLink,
}

/// What a removed server needs to be found again: see `rules::trash`. Rules lock held throughout.
pub(super) struct TrashLink {
    /// The next removed server of the chain.
    pub(super) next: RcuSlot<Dest>,
    /// What becomes of this one, packed.
    pub(super) state: AtomicU64,
}

/// The cache that all namespaces' servers come from; there from before the first namespace's state
/// until the last server was freed.
pub(crate) static DEST_SLAB: SharedSlab<Node<Dest>> = SharedSlab::new();

impl Dest {
    /// A server that no service lists yet. Process context. Fails with `ENOMEM`.
    pub(crate) fn new(
        number: NonZeroU32,
        service: &ServiceId,
        id: &DestId,
        config: &DestConfig,
    ) -> Result<Self> {
        let dest = Self {
            editions: AtomicU8::new(Editions::BOTH.bits()),
            is_indexed: AtomicBool::new(false),
            has_own_timeouts: AtomicBool::new(false),
            flags: AtomicU32::new(0),
            weight: AtomicI32::new(0),
            last_weight: AtomicI32::new(0),
            upper_threshold: AtomicU32::new(0),
            lower_threshold: AtomicU32::new(0),
            tunnel: AtomicU64::new(0),
            counters: CpuCounters::new()?,
            route: RcuCell::empty(),
            id: *id,
            number,
            service: *service,
            instance: AtomicU64::new(0),
            configured_weight: AtomicI32::new(0),
            drain_state: DrainState::default(),
            slow_start: SlowStart::default(),
            timeouts: ServiceTimeouts::default(),
            ended: RcuCell::empty(),
            loads: Loads {
                active: AtomicU32::new(0),
                total: AtomicU32::new(0),
                persistent: AtomicU32::new(0),
                overload: Overload::none(),
                position: AtomicU32::new(0),
                load_tree: RcuSlot::new(None),
                trash_link: TrashLink {
                    next: RcuSlot::new(None),
                    state: AtomicU64::new(0),
                },
            },
            reset_at: Tally::default(),
            estimator: Estimator::default(),
        };
        dest.configure(config);
        Ok(dest)
    }

    /// What names the server within its service.
    #[inline]
    pub(crate) fn id(&self) -> &DestId {
        &self.id
    }

    /// The service the server belongs or belonged to.
    pub(crate) fn service(&self) -> &ServiceId {
        &self.service
    }

    /// The instance of the service whose statistics include the server's.
    pub(crate) fn instance(&self) -> u64 {
        self.instance.load(Ordering::Relaxed)
    }

    /// Notes the instance of the service. Rules lock held.
    pub(crate) fn set_instance(&self, instance: u64) {
        self.instance.store(instance, Ordering::Relaxed);
    }

    /// Whether the service still lists the server.
    #[inline]
    pub(crate) fn is_available(&self) -> bool {
        self.editions.load(Ordering::Relaxed) != Editions::NONE.bits()
    }

    /// Whether the service lists the server in this edition of the rules.
    pub(crate) fn is_available_in(&self, edition: Edition) -> bool {
        Editions::from_bits(self.editions.load(Ordering::Relaxed)).contain(edition)
    }

    /// Notes in which editions the service lists the server. Rules lock held.
    pub(super) fn set_editions(&self, editions: Editions) {
        self.editions.store(editions.bits(), Ordering::Relaxed);
    }

    /// Whether the table of servers by address holds the server. Rules lock held.
    pub(super) fn is_indexed(&self) -> bool {
        self.is_indexed.load(Ordering::Relaxed)
    }

    /// Notes whether it does. Rules lock held.
    pub(super) fn set_indexed(&self, is_indexed: bool) {
        self.is_indexed.store(is_indexed, Ordering::Relaxed);
    }

    /// What chains the server to other removed ones. Rules lock held.
    pub(super) fn trash_link(&self) -> &TrashLink {
        &self.loads.trash_link
    }

    /// Notes that the service lists the server. Rules lock held.
    pub(crate) fn set_available(&self) {
        self.set_editions(Editions::BOTH);
    }

    /// Notes that the service lists the server no more, and lets go of the way to it. Rules lock
    /// held.
    pub(crate) fn set_unavailable(&self) {
        self.set_editions(Editions::NONE);
        // Pairs with the fence in `keep_route`.
        fence(Ordering::SeqCst);
        self.route.replace(None);
    }

    /// Keeps `route` for the packets that come, and returns it. A removed server keeps none, and
    /// one of the next edition none yet, since nobody looks for it there when its device goes down:
    /// a packet that saw the server just before its removal takes the route back.
    pub(crate) fn keep_route<'a>(
        &'a self,
        read: ReadSide<'a>,
        route: RcuBox<Route>,
    ) -> Option<&'a Route> {
        self.route.replace(Some(route));
        let kept = self.route.load(read);
        // Either this sees that the server was removed, or the removal finds the route.
        fence(Ordering::SeqCst);
        if !self.is_available_in(Edition::Present) {
            self.route.replace(None);
        }
        kept
    }

    /// The forwarding method for new connections.
    #[inline]
    pub(crate) fn forwarding(&self) -> Forwarding {
        Forwarding::from_flags(self.flags.load(Ordering::Relaxed))
    }

    /// Whether each UDP packet to the server is scheduled on its own, whatever its service says.
    #[inline]
    pub(crate) fn serves_once(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & lvs_uapi::flags::conn::ONE_PACKET != 0
    }

    /// The weight, never negative.
    #[inline]
    pub(crate) fn weight(&self) -> u32 {
        self.weight.load(Ordering::Relaxed).max(0) as u32
    }

    /// The weight if that isn't 0, else the last one that wasn't.
    pub(crate) fn last_weight(&self) -> u32 {
        self.last_weight.load(Ordering::Relaxed).max(0) as u32
    }

    /// A number that no other server of the namespace has.
    #[inline]
    pub(crate) fn number(&self) -> NonZeroU32 {
        self.number
    }

    /// The encapsulation of the tunnel method.
    #[inline]
    pub(crate) fn tunnel(&self) -> Tunnel {
        let packed = self.tunnel.load(Ordering::Relaxed);
        Tunnel {
            kind: (packed >> 32) as u8,
            port: (packed >> 16) as u16,
            flags: packed as u16,
        }
    }

    /// The present settings, with the weight in force.
    pub(crate) fn config(&self) -> DestConfig {
        DestConfig {
            flags: self.flags.load(Ordering::Relaxed),
            weight: self.weight.load(Ordering::Relaxed),
            upper_threshold: self.upper_threshold.load(Ordering::Relaxed),
            lower_threshold: self.lower_threshold.load(Ordering::Relaxed),
            tunnel: self.tunnel(),
        }
    }

    /// The settings as they were configured.
    pub(crate) fn configured(&self) -> DestConfig {
        DestConfig {
            weight: self.configured_weight(),
            ..self.config()
        }
    }

    /// The weight that was configured.
    pub(crate) fn configured_weight(&self) -> i32 {
        self.configured_weight.load(Ordering::Relaxed)
    }

    /// Takes new settings and forgets the route. A server that is drained gets the weight when it
    /// returns. Rules lock held.
    pub(crate) fn configure(&self, config: &DestConfig) {
        self.flags.store(config.flags, Ordering::Relaxed);
        self.configured_weight
            .store(config.weight, Ordering::Relaxed);
        if config.weight != 0 {
            self.last_weight.store(config.weight, Ordering::Relaxed);
        }
        self.update_weight();
        self.upper_threshold
            .store(config.upper_threshold, Ordering::Relaxed);
        self.lower_threshold
            .store(config.lower_threshold, Ordering::Relaxed);
        self.tunnel.store(pack(config.tunnel), Ordering::Relaxed);
        self.update_overload();
        rcu::read(|read| self.set_dirty(read));
        self.route.replace(None);
    }

    /// Wraps packets as `tunnel` says from now on, if they weren't before: what a packet of the
    /// next edition does that goes to the server before its settings are in force. Any context.
    pub(super) fn wrap_as(&self, tunnel: Tunnel) {
        if self.tunnel() != tunnel {
            self.tunnel.store(pack(tunnel), Ordering::Relaxed);
            self.route.replace(None);
        }
    }

    /// The weight that the server will have by `config`, which isn't in force yet.
    pub(crate) fn weight_by(&self, config: &DestConfig) -> u32 {
        match self.drain() {
            Some(_) => 0,
            None => config.weight.max(0).unsigned_abs(),
        }
    }

    /// Puts the weight in force that the server has by its settings and its drain.
    fn update_weight(&self) {
        let weight = match self.drain() {
            Some(_) => 0,
            None => self.configured_weight(),
        };
        self.weight.store(weight, Ordering::Relaxed);
    }

    /// Takes what its service has beyond ip_vs's. Rules lock held.
    pub(super) fn set_extras(&self, extras: &Extras) {
        self.timeouts.set(&extras.timeouts);
        self.has_own_timeouts
            .store(extras.timeouts.is_any(), Ordering::Relaxed);
    }

    /// Whether the server's connections have timeouts of their service.
    #[inline]
    pub(super) fn has_own_timeouts(&self) -> bool {
        self.has_own_timeouts.load(Ordering::Relaxed)
    }

    /// The ramp by which the server climbs to its weight, if it does and takes connections.
    pub(crate) fn ramp(&self) -> Option<Ramp> {
        self.slow_start
            .ramp(time::now())
            .filter(|_| self.weight() != 0)
    }

    // -- Drain ---------------------------------------------------------------------------------

    /// The server's drain, if it was told to drain and not to return.
    #[inline]
    pub(crate) fn drain(&self) -> Option<Begun> {
        self.drain_state.get()
    }

    /// Sets how the server is drained, and with it the weight in force. Rules lock held; who
    /// publishes the servers comes after this.
    pub(super) fn set_drain(&self, drain: Option<Begun>) {
        self.drain_state.set(drain);
        self.update_weight();
    }

    /// Whether persistent clients go to another server, now that this one has such a weight;
    /// `otherwise` says so of a server of weight 0 that isn't drained.
    #[inline]
    pub(crate) fn moves_clients(&self, weight: u32, otherwise: impl FnOnce() -> bool) -> bool {
        weight == 0
            && match self.drain() {
                Some(drain) => drain.persistent == Persistent::Move,
                None => otherwise(),
            }
    }

    // -- Loads ---------------------------------------------------------------------------------

    /// Connections in an active state.
    #[inline]
    pub(crate) fn active(&self) -> u32 {
        self.loads.active.load(Ordering::Relaxed)
    }

    /// Connections in other states.
    #[inline]
    pub(crate) fn inactive(&self) -> u32 {
        let total = self.loads.total.load(Ordering::Relaxed);
        total.saturating_sub(self.active())
    }

    /// Persistence templates.
    pub(crate) fn persistent(&self) -> u32 {
        self.loads.persistent.load(Ordering::Relaxed)
    }

    /// Whether the server reached its upper threshold and hasn't recovered yet.
    #[inline]
    pub(crate) fn is_overloaded(&self) -> bool {
        self.loads.overload.is_there()
    }

    /// Whether the server is overloaded by the thresholds of `config`, which aren't in force yet.
    pub(super) fn is_overloaded_by(&self, config: &DestConfig) -> bool {
        let thresholds = Thresholds::of(config);
        if thresholds == self.thresholds() {
            return self.is_overloaded();
        }
        let total = self.loads.total.load(Ordering::Relaxed);
        let judged = thresholds.judge(total);
        judged.unwrap_or_else(|| self.is_overloaded())
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds {
            upper: self.upper_threshold.load(Ordering::Relaxed),
            lower: self.lower_threshold.load(Ordering::Relaxed),
        }
    }

    fn update_overload(&self) {
        let total = self.loads.total.load(Ordering::Relaxed);
        self.loads.overload.update(total, self.thresholds());
    }

    /// What became of the overload since this was asked last. Rules lock held.
    pub(super) fn take_overload_changes(&self) -> Changes {
        self.loads.overload.take_changes()
    }

    /// Notes changes of the load in `load_tree` from now on, as those of the server at `position`.
    /// Rules lock held; a barrier has to follow before packets see the tree.
    pub(crate) fn set_load_tree(&self, load_tree: Option<&RcuArc<LoadTree>>, position: u32) {
        if load_tree.is_none() {
            drop(self.loads.load_tree.take());
            return;
        }
        self.loads.position.store(position, Ordering::SeqCst);
        self.loads.load_tree.replace(load_tree.cloned());
    }

    /// Notes a change of the load, just made with a sequentially consistent operation.
    #[inline]
    fn set_dirty(&self, read: ReadSide<'_>) {
        if let Some(load_tree) = self.loads.load_tree.load_ordered(read) {
            load_tree.set_dirty(self.loads.position.load(Ordering::SeqCst));
        }
    }

    /// A connection now goes to the server; it begins inactive.
    #[inline]
    pub(crate) fn add_connection(&self, read: ReadSide<'_>) {
        let total = self.loads.total.fetch_add(1, Ordering::SeqCst);
        let upper = self.upper_threshold.load(Ordering::Relaxed);
        if upper != 0 && total.wrapping_add(1) >= upper {
            self.update_overload();
        }
        self.set_dirty(read);
    }

    /// A connection is gone.
    #[inline]
    pub(crate) fn remove_connection(&self, read: ReadSide<'_>, was_active: bool) {
        if was_active {
            self.loads.active.fetch_sub(1, Ordering::SeqCst);
        }
        self.loads.total.fetch_sub(1, Ordering::SeqCst);
        if self.is_overloaded() {
            self.update_overload();
        }
        self.set_dirty(read);
    }

    /// A connection became active or inactive.
    #[inline]
    pub(crate) fn move_connection(&self, read: ReadSide<'_>, active: bool) {
        if active {
            self.loads.active.fetch_add(1, Ordering::SeqCst);
        } else {
            self.loads.active.fetch_sub(1, Ordering::SeqCst);
        }
        self.set_dirty(read);
    }

    /// A persistence template now names the server.
    pub(crate) fn add_template(&self) {
        self.loads.persistent.fetch_add(1, Ordering::Relaxed);
    }

    /// A persistence template is gone.
    pub(crate) fn remove_template(&self) {
        self.loads.persistent.fetch_sub(1, Ordering::Relaxed);
    }

    // -- Statistics ----------------------------------------------------------------------------

    /// Statistics since the last reset.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            counters: self.raw_counters().minus(self.reset_at.get()),
            rates: self.rates().rounded(),
        }
    }

    /// Counters that no reset touches.
    pub(crate) fn raw_counters(&self) -> Counters {
        self.counters.sum()
    }

    /// Rates that can be added up.
    pub(crate) fn rates(&self) -> FineRates {
        self.estimator.rates()
    }

    /// Updates the rates. Rules lock held.
    pub(crate) fn estimate(&self) {
        self.estimator.update(self.raw_counters());
    }

    /// Notes that somebody else took over what the removed server had `counted`. Nobody estimates
    /// its rates meanwhile. Rules lock held.
    pub(crate) fn hand_over(&self, counted: Counters) {
        self.estimator.note(counted);
    }

    /// What a removed server had counted when that was taken over. Rules lock held.
    pub(crate) fn handed_over(&self) -> Counters {
        self.estimator.noted()
    }

    /// Starts statistics anew. Rules lock held.
    pub(crate) fn reset_stats(&self) {
        let now = self.raw_counters();
        self.reset_at.set(now);
        self.estimator.reset(now);
    }
}

/// A tunnel in one word.
fn pack(Tunnel { kind, port, flags }: Tunnel) -> u64 {
    (u64::from(kind) << 32) | (u64::from(port) << 16) | u64::from(flags)
}

impl Drop for Dest {
    fn drop(&mut self) {
        drop(self.loads.load_tree.take());
    }
}
