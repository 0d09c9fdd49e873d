// SPDX-License-Identifier: GPL-2.0

//! What the settings of a namespace say: their storage, which everything reads.
//!
//! Names, permissions and what may be written are the concern of `control::params`. A setting is
//! written by any administrator at any time, without a lock; each is read on its own.

use core::sync::atomic::{
    AtomicBool,
    AtomicI32,
    AtomicU32,
    AtomicU64,
    Ordering, //
};

use lvs_engine::extras::OnExpiry;

use crate::kernel_ext::user::sysctl::{
    self,
    CpuList, //
};

/// Most connections that a namespace may have.
pub(crate) const CONN_MAX: i32 = 1 << 30;

/// Most buckets of the connection table, as the power of two.
static CONN_TAB_BITS: AtomicU32 = AtomicU32::new(20);

/// Sets how many buckets the connection tables may have at most, as the power of two.
pub(crate) fn set_conn_tab_bits(bits: u32) {
    CONN_TAB_BITS.store(bits, Ordering::Relaxed);
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
        pub(crate) struct Settings {
            $(pub(crate) $name: AtomicI32,)+
            /// What an administrator without rights beyond the namespace may raise `conn_max` to.
            pub(crate) conn_max_limit: AtomicI32,
            /// Two numbers, the first in the upper half.
            sync_threshold: AtomicU64,
            /// Most messages that wait to be sent.
            pub(crate) sync_qlen_max: AtomicU64,
            /// Processors for the estimation.
            pub(crate) est_cpulist: CpuList,
            /// A setting of the estimation was written since it was started.
            pub(crate) estimation_changed: AtomicBool,
            /// Whether this is the namespace the system booted with.
            pub(crate) is_initial: bool,
        }

        impl Settings {
            $(
                $(#[doc = $doc])+
                // Modes of defences are read as atomics, and `sync_retries` has no effect.
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
    /// Whether packets of a mark's service without a server go to where they were sent.
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
    /// What becomes of a client's TCP segment of a connection that was forgotten, where its service
    /// doesn't say: a number of `OnExpiry`.
    on_expiry: int = 0;
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

impl Settings {
    /// Most buckets of the connection table, as the power of two. Set for all namespaces.
    pub(crate) fn conn_tab_bits(&self) -> u32 {
        CONN_TAB_BITS.load(Ordering::Relaxed)
    }

    /// Threshold and period: UDP connections are told with the client's packet of the first
    /// number; a period of 0 tells of states only.
    pub(crate) fn sync_threshold(&self) -> [i32; 2] {
        unpack(self.sync_threshold.load(Ordering::Relaxed))
    }

    /// Changes both at once.
    pub(crate) fn set_sync_threshold(&self, value: [i32; 2]) {
        self.sync_threshold.store(pack(value), Ordering::Relaxed);
    }

    /// Changes `conn_max`; of the initial namespace it is what new ones start with.
    pub(crate) fn store_conn_max(&self, value: i32) {
        self.conn_max.store(value, Ordering::Relaxed);
        if self.is_initial {
            INHERITED_CONN_MAX.store(value, Ordering::Relaxed);
        }
    }

    /// What becomes of segments of connections that were forgotten, of services that don't say.
    pub(crate) fn on_expiry_by_default(&self) -> OnExpiry {
        let number = u8::try_from(self.on_expiry()).ok();
        number.and_then(OnExpiry::from_number).unwrap_or_default()
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
}
