// SPDX-License-Identifier: GPL-2.0

//! The settings under `net.ipv4.vs`, of which every network namespace has its own: their names,
//! what may be written, and by which administrators.
//!
//! Names, defaults, ranges and permissions are ip_vs's. Some of them steer what doesn't exist here;
//! they can be set all the same. What is written is kept in [`crate::table::settings`].

use core::sync::atomic::Ordering;

use kernel::prelude::*;
use lvs_engine::config::Timeouts;

use super::validate;
use crate::kernel_ext::mem::slab;
use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::task::time::HZ;
use crate::kernel_ext::user::capability;
use crate::kernel_ext::user::parameter;
use crate::kernel_ext::user::sysctl::{
    Entry,
    ForUsers,
    Table,
    Value, //
};
use crate::table::conn::CONN_BYTES;
use crate::table::settings::{
    self,
    Settings,
    CONN_MAX, //
};
use crate::table::{
    NetnsState,
    RulesGuard, //
};

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
    settings::set_conn_tab_bits(bits as u32);
}

/// Changes `conn_max`. With CAP_NET_ADMIN in the initial namespace it also moves the ceiling for
/// others.
fn set_conn_max(settings: &Settings, value: i32) -> Result {
    // To ip_vs this number means that none was written.
    if value == i32::MIN {
        return Ok(());
    }
    let unlimited = capability::is_network_admin();
    let most = if unlimited {
        CONN_MAX
    } else {
        settings.conn_max_limit.load(Ordering::Relaxed)
    };
    if !(0..=most).contains(&value) {
        return Err(EINVAL);
    }
    if unlimited {
        settings.conn_max_limit.store(value, Ordering::Relaxed);
    }
    settings.store_conn_max(value);
    Ok(())
}

/// Changes `sync_threshold`.
fn set_sync_threshold(settings: &Settings, value: [i32; 2]) -> Result {
    let [first, second] = value;
    if first < 0 || second < 0 || (first >= second && second != 0) {
        return Err(EINVAL);
    }
    settings.set_sync_threshold(value);
    Ok(())
}

/// A setting that is a number for which a condition holds.
macro_rules! number {
    ($name:ident, $valid:expr) => {
        Value::Int(
            |state| state.settings().$name.load(Ordering::Relaxed),
            |state, value| {
                let valid: fn(i32) -> bool = $valid;
                if !valid(value) {
                    return Err(EINVAL);
                }
                state.settings().$name.store(value, Ordering::Relaxed);
                Ok(())
            },
        )
    };
}

/// The mode of a defence; a new one acts at once.
macro_rules! defence {
    ($name:ident) => {
        Value::Int(
            |state| state.settings().$name.load(Ordering::Relaxed),
            |state, value| {
                let mode = &state.settings().$name;
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
        .settings()
        .estimation_changed
        .store(true, Ordering::Relaxed);
    state.wake_chore();
}

/// A number that the estimation heeds, and for which a condition holds.
macro_rules! of_estimation {
    ($name:ident, $valid:expr) => {
        Value::Int(
            |state| state.settings().$name.load(Ordering::Relaxed),
            |state, value| {
                let valid: fn(i32) -> bool = $valid;
                if !valid(value) {
                    return Err(EINVAL);
                }
                if state.settings().$name.swap(value, Ordering::Relaxed) != value {
                    restart_estimation(state);
                }
                Ok(())
            },
        )
    };
}

/// A setting that any administrator of the namespace may change.
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
            |state| state.settings().conn_max(),
            |state, value| set_conn_max(state.settings(), value),
        ),
    ),
    open(c"drop_entry", defence!(drop_entry)),
    open(c"drop_packet", defence!(drop_packet)),
    open(
        c"conntrack",
        Value::Int(
            |state| state.settings().conntrack.load(Ordering::Relaxed),
            |state, value| {
                if value != 0 {
                    state.tracking().open()?;
                }
                state.settings().conntrack.store(value, Ordering::Relaxed);
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
            |state| state.settings().sync_qlen_max.load(Ordering::Relaxed),
            |state, value| {
                state
                    .settings()
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
            |state| state.settings().sync_threshold(),
            |state, value| set_sync_threshold(state.settings(), value),
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
    open(
        c"backup_only",
        Value::Int(
            |state| state.settings().backup_only.load(Ordering::Relaxed),
            |state, value| {
                state.settings().backup_only.store(value, Ordering::Relaxed);
                state.update_passive();
                Ok(())
            },
        ),
    ),
    open(c"conn_reuse_mode", number!(conn_reuse_mode, |_| true)),
    open(c"schedule_icmp", number!(schedule_icmp, |_| true)),
    open(c"ignore_tunneled", number!(ignore_tunneled, |_| true)),
    restricted(c"run_estimation", of_estimation!(run_estimation, |_| true)),
    restricted(
        c"est_cpulist",
        Value::Cpus(|state| &state.settings().est_cpulist, restart_estimation),
    ),
    restricted(
        c"est_nice",
        of_estimation!(est_nice, |v| (-20..=19).contains(&v)),
    ),
    restricted(
        c"conn_lfactor",
        Value::Int(
            |state| state.settings().conn_lfactor(),
            |state, value| {
                if !(-8..=8).contains(&value) {
                    return Err(EINVAL);
                }
                state
                    .settings()
                    .conn_lfactor
                    .store(value, Ordering::Relaxed);
                state.wake_chore();
                Ok(())
            },
        ),
    ),
    restricted(
        c"svc_lfactor",
        Value::Int(
            |state| state.settings().svc_lfactor(),
            |state, value| {
                if !(-8..=8).contains(&value) {
                    return Err(EINVAL);
                }
                state.settings().svc_lfactor.store(value, Ordering::Relaxed);
                RulesGuard::lock(state).fit_services();
                Ok(())
            },
        ),
    ),
    absent(c"lblc_expiration", number!(lblc_expiration, is_duration)),
    absent(c"lblcr_expiration", number!(lblcr_expiration, is_duration)),
];

/// Number of settings that ip_vs doesn't have.
pub(super) const OWN_COUNT: usize = 6;

/// A timeout of the namespace in seconds, which `--set` gives as well.
macro_rules! timeout {
    ($field:ident) => {
        Value::Int(
            |state| state.timeouts().settings().$field as i32,
            |state, value| {
                // What 0 would keep was just read.
                let $field = u32::try_from(value).map_err(|_| EINVAL)?;
                if $field == 0 {
                    return Err(EINVAL);
                }
                let timeouts = Timeouts {
                    $field,
                    ..Timeouts::default()
                };
                validate::set_timeouts(&mut RulesGuard::lock(state), &timeouts)
            },
        )
    };
}

static OWN_ENTRIES: [Entry<NetnsState>; OWN_COUNT] = [
    open(c"tcp_timeout", timeout!(tcp)),
    open(c"tcp_fin_timeout", timeout!(tcp_fin)),
    open(c"udp_timeout", timeout!(udp)),
    open(c"sctp_timeout", timeout!(sctp)),
    open(c"on_expiry", number!(on_expiry, |v| (0..=2).contains(&v))),
    open(
        c"early_path",
        Value::Int(
            |state| state.settings().early_path.load(Ordering::Relaxed),
            |state, value| {
                if !(0..=1).contains(&value) {
                    return Err(EINVAL);
                }
                // Held until the number agrees with the hooks.
                let mut rules = RulesGuard::lock(state);
                rules.fit_early_hooks(value != 0 || state.prefetches())?;
                state.settings().early_path.store(value, Ordering::Relaxed);
                Ok(())
            },
        ),
    ),
];

/// Makes the settings available that ip_vs doesn't have.
pub(super) fn register_own(net: Net<'_>) -> Result<Table<OWN_COUNT>> {
    Table::register(net, c"net/lvs", &OWN_ENTRIES)
}

/// Makes the settings of a namespace available.
pub(super) fn register(net: Net<'_>) -> Result<Table<COUNT>> {
    Table::register(net, c"net/ipv4/vs", &ENTRIES)
}
