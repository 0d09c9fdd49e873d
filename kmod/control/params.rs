// SPDX-License-Identifier: GPL-2.0

//! The settings under `net.ipv4.vs`, of which every network namespace has its own.
//!
//! Names, defaults, ranges and permissions are ip_vs's. Some of them steer what doesn't exist here; they
//! can be set all the same.

use core::sync::atomic::{
    AtomicBool,
    AtomicI32,
    AtomicU32,
    AtomicU64,
    Ordering, //
};

use kernel::prelude::*;

use crate::kernel_ext::mem::slab;
use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::task::time::HZ;
use crate::kernel_ext::user::capability;
use crate::kernel_ext::user::parameter;
use crate::kernel_ext::user::sysctl;
use crate::kernel_ext::user::sysctl::{
    CpuList,
    Entry,
    ForUsers,
    Table,
    Value, //
};
use crate::table::conn::CONN_BYTES;
use crate::table::NetnsState;

/// Most connections that a namespace may have.
const CONN_MAX: i32 = 1 << 30;

/// Most buckets of the connection table, as the power of two.
static CONN_TAB_BITS: AtomicU32 = AtomicU32::new(20);

/// What `conn_tab_bits` may be.
const MIN_TAB_BITS: i32 = 8;
const MAX_TAB_BITS: i32 = 27;

/// Takes what was given at load for how many buckets the connection tables may have at most, as the
/// power of two: no more than connections fit into half of the memory.
pub(crate) fn init_conn_tab_bits() {
    let fits = slab::total_bytes_log2().saturating_sub(CONN_BYTES.ilog2());
    let most = fits.clamp(MIN_TAB_BITS as u32, MAX_TAB_BITS as u32) as i32;
    let bits = parameter::conn_tab_bits().min(most).max(MIN_TAB_BITS);
    parameter::set_conn_tab_bits(bits);
    CONN_TAB_BITS.store(bits as u32, Ordering::Relaxed);
}

/// What `early_path` is in a new namespace.
static EARLY_PATH: AtomicBool = AtomicBool::new(false);

/// Sets what `early_path` is in new namespaces.
pub(crate) fn set_early_path_default(on: bool) {
    EARLY_PATH.store(on, Ordering::Relaxed);
}

/// What the initial namespace allows, which others start with.
static INHERITED_CONN_MAX: AtomicI32 = AtomicI32::new(CONN_MAX);

/// Defines the settings that are numbers: their storage, and a function that reads each.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:tt = $default:expr;)+) => {
        /// The settings of a namespace. Those that are on for any value but 0 are read as `bool`.
        pub(crate) struct Sysctls {
            $($name: AtomicI32,)+
            /// What an administrator without rights beyond the namespace may raise `conn_max` to.
            conn_max_limit: AtomicI32,
            /// Two numbers, the first in the upper half.
            sync_threshold: AtomicU64,
            sync_qlen_max: AtomicU64,
            est_cpulist: CpuList,
            /// A setting of the estimation was written since it was started.
            estimation_changed: AtomicBool,
            is_initial: bool,
        }

        impl Sysctls {
            $(
                $(#[doc = $doc])+
                // Not everything that can be set has an effect yet.
                #[allow(dead_code)]
                #[inline]
                pub(crate) fn $name(&self) -> read_as!($kind) {
                    read_as!($kind, self.$name.load(Ordering::Relaxed))
                }
            )+

            /// The defaults of a new namespace.
            pub(crate) fn new(is_initial: bool) -> Self {
                let limit = INHERITED_CONN_MAX.load(Ordering::Relaxed);
                let new = Self {
                    $($name: AtomicI32::new($default),)+
                    conn_max_limit: AtomicI32::new(limit),
                    sync_threshold: AtomicU64::new(pack([3, 50])),
                    sync_qlen_max: AtomicU64::new(sysctl::free_buffer_pages() / 32),
                    est_cpulist: CpuList::new(),
                    estimation_changed: AtomicBool::new(false),
                    is_initial,
                };
                new.conn_max.store(limit, Ordering::Relaxed);
                new.early_path
                    .store(EARLY_PATH.load(Ordering::Relaxed).into(), Ordering::Relaxed);
                if !is_initial {
                    new.conn_lfactor.store(-2, Ordering::Relaxed);
                    new.svc_lfactor.store(-2, Ordering::Relaxed);
                }
                new
            }
        }
    };
}

/// How a setting is read: its type, or the conversion to it.
macro_rules! read_as {
    (int) => {
        i32
    };
    (switch) => {
        bool
    };
    (int, $value:expr) => {
        $value
    };
    (switch, $value:expr) => {
        $value != 0
    };
}

settings! {
    /// Free pages below which the automatic defences act.
    amemthresh: int = 1024;
    /// One of how many packets is dropped in mode 3 of `drop_packet`.
    am_droprate: int = 10;
    /// Most connections.
    conn_max: int = CONN_MAX;
    /// Whether and when stale entries are dropped at random.
    drop_entry: int = 0;
    /// Whether and when packets of new connections are dropped.
    drop_packet: int = 0;
    /// Whether netfilter tracks the balancer's connections.
    conntrack: switch = 0;
    /// Whether and when the stricter table of TCP states applies.
    secure_tcp: int = 0;
    /// Whether replies are routed again after their source was rewritten.
    snat_reroute: switch = 1;
    /// Version of the synchronisation protocol.
    sync_version: int = 1;
    /// Ports and threads of the synchronisation.
    sync_ports: int = 1;
    /// Whether connections with a template aren't synchronised.
    sync_persist_mode: switch = 0;
    /// Size of the synchronisation's socket buffers.
    sync_sock_size: int = 0;
    /// Whether packets of a marked service without a server go to where they were sent.
    cache_bypass: switch = 0;
    /// Whether connections end with their server.
    expire_nodest_conn: switch = 0;
    /// Whether any TCP packet but a reset may begin a connection.
    sloppy_tcp: switch = 0;
    /// Whether any SCTP packet but an abort may begin a connection.
    sloppy_sctp: switch = 0;
    /// Whether templates of a server of weight 0 are ignored.
    expire_quiescent_template: switch = 0;
    /// Seconds after which an unchanged connection is synchronised again.
    sync_refresh_period: int = 0;
    /// How often a message is sent again.
    sync_retries: int = 0;
    /// Whether a server whose reply belongs to nothing gets an error.
    nat_icmp_send: switch = 0;
    /// Whether tunnels heed the path's MTU.
    pmtu_disc: switch = 1;
    /// Whether a director that is a backup leaves packets alone.
    backup_only: switch = 0;
    /// When a client's port that is used again is scheduled anew.
    conn_reuse_mode: int = 1;
    /// Whether ICMP errors may begin a connection.
    schedule_icmp: switch = 0;
    /// Whether packets of unknown protocols are left alone further on.
    ignore_tunneled: switch = 0;
    /// Whether rates are estimated.
    run_estimation: switch = 1;
    /// Priority of the estimation.
    est_nice: int = 0;
    /// Load of the connection table, as the power of two.
    conn_lfactor: int = -4;
    /// Load of the service table, as the power of two.
    svc_lfactor: int = -3;
    /// Seconds for which `lblc` remembers an address that nobody asks for.
    lblc_expiration: int = 86_400;
    /// Seconds for which `lblcr` does, and after which an unchanged set of servers shrinks.
    lblcr_expiration: int = 86_400;
    /// Whether packets of established connections leave before they are routed.
    early_path: switch = 0;
}

/// Two numbers in one word, so that they change together.
const fn pack([first, second]: [i32; 2]) -> u64 {
    (first as u32 as u64) << 32 | second as u32 as u64
}

/// The two numbers of [`pack`].
const fn unpack(word: u64) -> [i32; 2] {
    [(word >> 32) as i32, word as i32]
}

impl Sysctls {
    /// Most buckets of the connection table, as the power of two. Set for all namespaces.
    pub(crate) fn conn_tab_bits(&self) -> u32 {
        CONN_TAB_BITS.load(Ordering::Relaxed)
    }

    /// A connection is synchronised when its packets, modulo the second, are the first.
    #[allow(dead_code)]
    pub(crate) fn sync_threshold(&self) -> [i32; 2] {
        unpack(self.sync_threshold.load(Ordering::Relaxed))
    }

    /// Changes `conn_max`. Who has rights beyond the namespace changes with it what others may
    /// raise it to.
    fn set_conn_max(&self, value: i32) -> Result {
        // To ip_vs this number means that none was written.
        if value == i32::MIN {
            return Ok(());
        }
        let unlimited = capability::is_network_admin();
        let most = if unlimited {
            CONN_MAX
        } else {
            self.conn_max_limit.load(Ordering::Relaxed)
        };
        if !(0..=most).contains(&value) {
            return Err(EINVAL);
        }
        if unlimited {
            self.conn_max_limit.store(value, Ordering::Relaxed);
        }
        self.conn_max.store(value, Ordering::Relaxed);
        if self.is_initial {
            INHERITED_CONN_MAX.store(value, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether rates are to be estimated: no processors for it mean no.
    pub(crate) fn estimates(&self) -> bool {
        self.run_estimation() && !self.est_cpulist.is_empty()
    }

    /// Processors for the estimation.
    pub(crate) fn est_cpulist(&self) -> &CpuList {
        &self.est_cpulist
    }

    /// Whether a setting of the estimation was written since the last call.
    pub(crate) fn take_estimation_change(&self) -> bool {
        self.estimation_changed.swap(false, Ordering::Relaxed)
    }

    /// Whether a defence depends on how much memory is free.
    pub(crate) fn watches_memory(&self) -> bool {
        [&self.drop_entry, &self.drop_packet, &self.secure_tcp]
            .iter()
            .any(|mode| (1..=2).contains(&mode.load(Ordering::Relaxed)))
    }

    /// The mode of the defence `drop_entry`, which switches between 1 and 2 by itself.
    pub(crate) fn drop_entry_mode(&self) -> &AtomicI32 {
        &self.drop_entry
    }

    /// The mode of `drop_packet`.
    pub(crate) fn drop_packet_mode(&self) -> &AtomicI32 {
        &self.drop_packet
    }

    /// The mode of `secure_tcp`.
    pub(crate) fn secure_tcp_mode(&self) -> &AtomicI32 {
        &self.secure_tcp
    }

    fn set_sync_threshold(&self, value: [i32; 2]) -> Result {
        let [first, second] = value;
        if first < 0 || second < 0 || (first >= second && second != 0) {
            return Err(EINVAL);
        }
        self.sync_threshold.store(pack(value), Ordering::Relaxed);
        Ok(())
    }
}

/// A setting that is a number for which a condition holds.
macro_rules! number {
    ($name:ident, $valid:expr) => {
        Value::Int(
            |state| state.sysctls().$name.load(Ordering::Relaxed),
            |state, value| {
                let valid: fn(i32) -> bool = $valid;
                if !valid(value) {
                    return Err(EINVAL);
                }
                state.sysctls().$name.store(value, Ordering::Relaxed);
                Ok(())
            },
        )
    };
}

/// The mode of a defence; a new one acts at once.
macro_rules! defence {
    ($name:ident) => {
        Value::Int(
            |state| state.sysctls().$name.load(Ordering::Relaxed),
            |state, value| {
                let mode = &state.sysctls().$name;
                if mode.load(Ordering::Relaxed) == value {
                    return Ok(());
                }
                if !(0..=3).contains(&value) {
                    return Err(EINVAL);
                }
                mode.store(value, Ordering::Relaxed);
                state.change_defence();
                Ok(())
            },
        )
    };
}

/// A setting of the estimation was written: it starts anew.
fn restart_estimation(state: &NetnsState) {
    state
        .sysctls()
        .estimation_changed
        .store(true, Ordering::Relaxed);
    state.wake_collector();
}

/// A number that the estimation heeds, and for which a condition holds.
macro_rules! of_estimation {
    ($name:ident, $valid:expr) => {
        Value::Int(
            |state| state.sysctls().$name.load(Ordering::Relaxed),
            |state, value| {
                let valid: fn(i32) -> bool = $valid;
                if !valid(value) {
                    return Err(EINVAL);
                }
                if state.sysctls().$name.swap(value, Ordering::Relaxed) != value {
                    restart_estimation(state);
                }
                Ok(())
            },
        )
    };
}

/// A setting that everybody who administers the namespace may change.
const fn open(name: &'static CStr, value: Value<NetnsState>) -> Entry<NetnsState> {
    Entry {
        name,
        for_users: ForUsers::Open,
        value,
    }
}

/// A setting that costs the whole machine something.
const fn restricted(name: &'static CStr, value: Value<NetnsState>) -> Entry<NetnsState> {
    Entry {
        name,
        for_users: ForUsers::ReadOnly,
        value,
    }
}

/// A setting that users' containers don't have, as they don't have those of ip_vs's schedulers.
const fn absent(name: &'static CStr, value: Value<NetnsState>) -> Entry<NetnsState> {
    Entry {
        name,
        for_users: ForUsers::Absent,
        value,
    }
}

/// Whether so many seconds can be counted in ticks.
const fn is_duration(seconds: i32) -> bool {
    seconds.unsigned_abs() <= i32::MAX as u32 / HZ
}

/// Number of settings.
pub(super) const COUNT: usize = 34;

static ENTRIES: [Entry<NetnsState>; COUNT] = [
    open(c"amemthresh", number!(amemthresh, |_| true)),
    open(c"am_droprate", number!(am_droprate, |_| true)),
    open(
        c"conn_max",
        Value::Int(
            |state| state.sysctls().conn_max(),
            |state, value| state.sysctls().set_conn_max(value),
        ),
    ),
    open(c"drop_entry", defence!(drop_entry)),
    open(c"drop_packet", defence!(drop_packet)),
    open(
        c"conntrack",
        Value::Int(
            |state| state.sysctls().conntrack.load(Ordering::Relaxed),
            |state, value| {
                if value != 0 {
                    state.tracking().open()?;
                }
                state.sysctls().conntrack.store(value, Ordering::Relaxed);
                Ok(())
            },
        ),
    ),
    open(c"secure_tcp", defence!(secure_tcp)),
    open(c"snat_reroute", number!(snat_reroute, |_| true)),
    open(
        c"sync_version",
        number!(sync_version, |v| (0..=1).contains(&v)),
    ),
    open(
        c"sync_ports",
        number!(sync_ports, |v| v > 0 && v & v.wrapping_sub(1) == 0),
    ),
    open(c"sync_persist_mode", number!(sync_persist_mode, |_| true)),
    restricted(
        c"sync_qlen_max",
        Value::Long(
            |state| state.sysctls().sync_qlen_max.load(Ordering::Relaxed),
            |state, value| {
                state
                    .sysctls()
                    .sync_qlen_max
                    .store(value, Ordering::Relaxed);
                Ok(())
            },
        ),
    ),
    restricted(c"sync_sock_size", number!(sync_sock_size, |_| true)),
    open(c"cache_bypass", number!(cache_bypass, |_| true)),
    open(c"expire_nodest_conn", number!(expire_nodest_conn, |_| true)),
    open(c"sloppy_tcp", number!(sloppy_tcp, |_| true)),
    open(c"sloppy_sctp", number!(sloppy_sctp, |_| true)),
    open(
        c"expire_quiescent_template",
        number!(expire_quiescent_template, |_| true),
    ),
    open(
        c"sync_threshold",
        Value::Pair(
            |state| unpack(state.sysctls().sync_threshold.load(Ordering::Relaxed)),
            |state, value| state.sysctls().set_sync_threshold(value),
        ),
    ),
    open(
        c"sync_refresh_period",
        number!(sync_refresh_period, is_duration),
    ),
    open(
        c"sync_retries",
        number!(sync_retries, |v| (0..=3).contains(&v)),
    ),
    open(c"nat_icmp_send", number!(nat_icmp_send, |_| true)),
    open(c"pmtu_disc", number!(pmtu_disc, |_| true)),
    open(c"backup_only", number!(backup_only, |_| true)),
    open(c"conn_reuse_mode", number!(conn_reuse_mode, |_| true)),
    open(c"schedule_icmp", number!(schedule_icmp, |_| true)),
    open(c"ignore_tunneled", number!(ignore_tunneled, |_| true)),
    restricted(c"run_estimation", of_estimation!(run_estimation, |_| true)),
    restricted(
        c"est_cpulist",
        Value::Cpus(|state| &state.sysctls().est_cpulist, restart_estimation),
    ),
    restricted(
        c"est_nice",
        of_estimation!(est_nice, |v| (-20..=19).contains(&v)),
    ),
    restricted(
        c"conn_lfactor",
        Value::Int(
            |state| state.sysctls().conn_lfactor(),
            |state, value| {
                if !(-8..=8).contains(&value) {
                    return Err(EINVAL);
                }
                state.sysctls().conn_lfactor.store(value, Ordering::Relaxed);
                state.wake_collector();
                Ok(())
            },
        ),
    ),
    restricted(
        c"svc_lfactor",
        Value::Int(
            |state| state.sysctls().svc_lfactor(),
            |state, value| {
                if !(-8..=8).contains(&value) {
                    return Err(EINVAL);
                }
                state.sysctls().svc_lfactor.store(value, Ordering::Relaxed);
                state.control().fit_services();
                Ok(())
            },
        ),
    ),
    absent(c"lblc_expiration", number!(lblc_expiration, is_duration)),
    absent(c"lblcr_expiration", number!(lblcr_expiration, is_duration)),
];

/// Number of settings that ip_vs doesn't have.
pub(super) const OWN_COUNT: usize = 1;

static OWN_ENTRIES: [Entry<NetnsState>; OWN_COUNT] = [open(
    c"early_path",
    Value::Int(
        |state| state.sysctls().early_path.load(Ordering::Relaxed),
        |state, value| {
            if !(0..=1).contains(&value) {
                return Err(EINVAL);
            }
            // Held until the number agrees with the hooks.
            let mut control = state.control();
            control.fit_early_hooks(value != 0 || state.foresees())?;
            state.sysctls().early_path.store(value, Ordering::Relaxed);
            Ok(())
        },
    ),
)];

/// Makes the settings available that ip_vs doesn't have.
pub(super) fn register_own(net: Net) -> Result<Table<OWN_COUNT>> {
    Table::register(net, c"net/lvs", &OWN_ENTRIES)
}

/// Makes the settings of a namespace available.
pub(super) fn register(net: Net) -> Result<Table<COUNT>> {
    Table::register(net, c"net/ipv4/vs", &ENTRIES)
}
