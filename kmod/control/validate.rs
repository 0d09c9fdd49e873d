// SPDX-License-Identifier: GPL-2.0

//! Requests of administrators: what is wrong with them, in the order in which clients expect to be
//! told, and their way into the tables. Both the netlink and the socket option interface end here.

use kernel::prelude::*;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    DestConfig,
    DestId,
    ServiceConfig,
    ServiceId,
    Target,
    Timeouts, //
};
use lvs_engine::extras::{
    Extras,
    Wanted, //
};
use lvs_engine::sched::Algorithm;
use lvs_uapi::flags;
use lvs_uapi::limits::IPPROTO_TCP;

use super::names;
use crate::kernel_ext::compat::errno::{
    EAFNOSUPPORT,
    ESTALE, //
};
use crate::kernel_ext::net::address;
use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::task::time::HZ;
use crate::table::service::{
    MarkDetails, //
};
use crate::table::RulesGuard;

/// Connection flags that an administrator may give to a destination.
const DEST_FLAGS: u32 = flags::fwd::MASK | flags::conn::ONE_PACKET | flags::conn::NFCT;

/// Seconds that fit a signed 32-bit number of jiffies.
pub(super) const LONGEST_TIMEOUT: u32 = i32::MAX as u32 / HZ;

/// Longest time for which a server ramps: a day, in seconds.
const LONGEST_SLOW_START: u32 = 24 * 60 * 60;

/// What an administrator wants of a service, unchecked.
pub(super) struct ServiceRequest<'a> {
    /// What is given besides the service's name.
    pub(super) mark_details: MarkDetails,
    /// Name of the scheduler.
    pub(super) scheduler: &'a [u8],
    /// Name of the persistence engine; empty for none.
    pub(super) engine: &'a [u8],
    /// All flags after the change.
    pub(super) flags: u32,
    /// Seconds of persistence.
    pub(super) timeout: u32,
    /// IPv4: mask as it lies in memory; IPv6: prefix length.
    pub(super) netmask: u32,
    /// What is wanted beyond ip_vs's; what isn't said stays.
    pub(super) extras: Wanted,
}

impl ServiceRequest<'_> {
    /// What is wanted of a service of `family` that is new, or is to be as if it were, if
    /// nothing is wrong with it.
    pub(super) fn checked(&self, family: Family) -> Result<(MarkDetails, ServiceConfig)> {
        Ok((self.mark_details, self.config(family, &Extras::default())?))
    }

    /// The settings of a service that had these extras before.
    fn config(&self, family: Family, former: &Extras) -> Result<ServiceConfig> {
        let scheduler = names::scheduler(self.scheduler)?;
        if !self.engine.is_empty() && self.engine != names::SIP.as_bytes() {
            return Err(ENOENT);
        }
        let extras = former.with(&self.extras);
        if extras
            .timeouts
            .all()
            .iter()
            .any(|&seconds| seconds > LONGEST_TIMEOUT)
        {
            return Err(EINVAL);
        }
        if family == Family::V6 && !(1..=128).contains(&self.netmask) {
            return Err(EINVAL);
        }
        if extras.slow_start > LONGEST_SLOW_START {
            return Err(EINVAL);
        }
        // What a client asks for that can't say it stays, whatever the scheduler, without effect.
        let asks = self.extras.slow_start.is_some_and(|seconds| seconds != 0);
        if asks && scheduler.is_some_and(Algorithm::hashes) {
            return Err(EINVAL);
        }
        Ok(ServiceConfig {
            scheduler,
            flags: self.flags & !flags::service::HASHED,
            // Kept in jiffies by ip_vs, in 32 bits: longer ones come back as the remainder.
            timeout: self.timeout.wrapping_mul(HZ) / HZ,
            netmask: self.netmask,
            sip: !self.engine.is_empty(),
            extras,
        })
    }
}

/// The family with a socket API number, if the kernel takes part in it.
pub(super) fn family(number: u16) -> Result<Family> {
    match Family::from_number(number) {
        Some(Family::V6) if !address::ipv6_enabled() => Err(EAFNOSUPPORT),
        Some(family) => Ok(family),
        None => Err(EAFNOSUPPORT),
    }
}

/// The address of `family` at the start of `octets`.
pub(super) fn addr(family: Family, octets: [u8; 16]) -> Addr {
    let whole = Addr::from_octets(octets);
    match family {
        Family::V4 => Addr::from_v4_word(whole.v4_word()),
        Family::V6 => whole,
    }
}

/// Whether there is a service named `id`.
pub(super) fn exists(rules: &RulesGuard<'_>, id: &ServiceId) -> bool {
    rules.with_service(id, |_, _| ()).is_ok()
}

/// Protocol, address and port of `id`, as they are when a mark comes with nothing else.
pub(super) fn mark_details(id: &ServiceId) -> MarkDetails {
    match id.target {
        Target::Mark(_) => MarkDetails {
            protocol: IPPROTO_TCP,
            addr: Addr::from_v4([0; 4]),
            port: 0,
        },
        Target::Address {
            protocol,
            addr,
            port,
        } => MarkDetails {
            protocol,
            addr,
            port,
        },
    }
}

/// Adds a service.
pub(super) fn add_service(
    rules: &mut RulesGuard<'_>,
    id: &ServiceId,
    request: &ServiceRequest<'_>,
) -> Result {
    if exists(rules, id) {
        return Err(EEXIST);
    }
    let (mark_details, config) = request.checked(id.family)?;
    rules.add_service(id, mark_details, &config)
}

/// Changes a service.
pub(super) fn edit_service(
    rules: &mut RulesGuard<'_>,
    id: &ServiceId,
    request: &ServiceRequest<'_>,
) -> Result {
    let former = rules.with_service(id, |_, service| service.extras())?;
    rules.edit_service(id, &request.config(id.family, &former)?)
}

/// Adds a destination to a service.
pub(super) fn add_dest(
    net: Net<'_>,
    rules: &mut RulesGuard<'_>,
    service: &ServiceId,
    id: &DestId,
    config: &DestConfig,
) -> Result {
    let config = dest_config(config)?;
    let known = rules.with_service(service, |read, service| {
        let dests = service.dests(read);
        dests.iter().any(|dest| dest.id() == id)
    })?;
    if known {
        return Err(EEXIST);
    }
    if !address::is_usable(net, id.family, &id.addr) {
        return Err(EINVAL);
    }
    rules.add_dest(service, id, &config)
}

/// What a transaction wants of a destination, if nothing is wrong with it.
pub(super) fn wanted_dest(
    net: Net<'_>,
    rules: &RulesGuard<'_>,
    service: &ServiceId,
    id: &DestId,
    config: &DestConfig,
) -> Result<DestConfig> {
    let config = dest_config(config)?;
    let is_known = || {
        rules.with_service(service, |read, service| {
            let dests = service.dests(read);
            dests.iter().any(|dest| dest.id() == id)
        })
    };
    // As when it is added or changed by itself.
    if !address::is_usable(net, id.family, &id.addr) && is_known() != Ok(true) {
        return Err(EINVAL);
    }
    Ok(config)
}

/// Whether `generation` is the rules'. Fails with `ESTALE` if it isn't.
pub(super) fn is_generation(rules: &RulesGuard<'_>, generation: u32) -> Result {
    if rules.generation() == generation {
        Ok(())
    } else {
        Err(ESTALE)
    }
}

/// Changes a destination of a service.
pub(super) fn edit_dest(
    rules: &mut RulesGuard<'_>,
    service: &ServiceId,
    id: &DestId,
    config: &DestConfig,
) -> Result {
    rules.edit_dest(service, id, &dest_config(config)?)
}

fn dest_config(config: &DestConfig) -> Result<DestConfig> {
    if config.weight < 0 || config.lower_threshold > config.upper_threshold {
        return Err(ERANGE);
    }
    if config.upper_threshold > i32::MAX as u32 {
        return Err(EINVAL);
    }
    if config.tunnel.kind == flags::tunnel::TYPE_GUE && config.tunnel.port == 0 {
        return Err(EINVAL);
    }
    Ok(DestConfig {
        flags: config.flags & DEST_FLAGS,
        ..*config
    })
}

/// Sets the timeouts; 0 keeps the present value.
pub(super) fn set_timeouts(rules: &mut RulesGuard<'_>, timeouts: &Timeouts) -> Result {
    let all = [timeouts.tcp, timeouts.tcp_fin, timeouts.udp, timeouts.sctp];
    if all.iter().any(|seconds| *seconds > LONGEST_TIMEOUT) {
        return Err(EINVAL);
    }
    rules.set_timeouts(timeouts);
    Ok(())
}
