// SPDX-License-Identifier: GPL-2.0

//! Names that the interfaces use for numbers.

use core::fmt;

use kernel::prelude::*;
use lvs_engine::config::Forwarding;
use lvs_engine::sched::Algorithm;

/// Name of a service without a scheduler.
const NO_SCHEDULER: &str = "none";

/// The name of the only persistence engine.
pub(crate) const SIP: &str = "sip";

/// The scheduler called `name`. Fails with `ENOENT` when there is none.
pub(crate) fn scheduler(name: &[u8]) -> Result<Option<Algorithm>> {
    if name == NO_SCHEDULER.as_bytes() {
        return Ok(None);
    }
    Algorithm::from_name(name).map(Some).ok_or(ENOENT)
}

/// The name of a scheduler.
pub(crate) fn of_scheduler(algorithm: Option<Algorithm>) -> &'static str {
    algorithm.map_or(NO_SCHEDULER, Algorithm::name)
}

/// Shows an IP protocol as the files in procfs do.
pub(crate) struct Protocol(pub(crate) u16);

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0 => "IP",
            1 => "ICMP",
            6 => "TCP",
            17 => "UDP",
            58 => "ICMPv6",
            132 => "SCTP",
            other => return write!(f, "IP_{other}"),
        };
        f.pad(name)
    }
}

/// The name of a forwarding method in procfs.
pub(crate) fn of_forwarding(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade | Forwarding::Bypass => "Masq",
        Forwarding::Local => "Local",
        Forwarding::Tunnel => "Tunnel",
        Forwarding::DirectRoute => "Route",
    }
}
