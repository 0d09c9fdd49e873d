// SPDX-License-Identifier: MIT OR GPL-2.0

//! What services of lvs have beyond those of ip_vs.

use lvs_uapi::lvs::on_expiry;

use super::words::words;

words! {
    /// What becomes of a client's TCP segment that belongs to no connection and opens none.
    pub enum OnExpiry {
        /// What the setting `net.lvs.on_expiry` says.
        #[default]
        Inherit = on_expiry::INHERIT, "inherit";
        /// It is dropped.
        Silent = on_expiry::SILENT, "silent";
        /// It is answered with a reset.
        Reset = on_expiry::RESET, "reset";
    }
}

/// Longest time for which a server climbs to its weight: a day, in seconds.
pub const LONGEST_SLOW_START: u32 = 24 * 60 * 60;
/// Schedulers that choose by a hash, under which no server does.
const HASHING: [&str; 3] = ["sh", "mh", "dh"];

/// Whether servers of a service with this scheduler can climb to their weight.
pub fn starts_slowly(scheduler: &str) -> bool {
    !HASHING.contains(&scheduler)
}

/// How far a server is on its way to its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ramp {
    /// Seconds that are left.
    pub seconds: u32,
    /// Percent of its weight that it has.
    pub percent: u8,
}

/// What a service has beyond ip_vs's. What is `None` isn't its own; in a request that changes a
/// service it stays as it is. Times are in seconds, and 0 is no time of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// How long established TCP connections live without packets.
    pub tcp_timeout: Option<u32>,
    /// The same of TCP connections in FIN_WAIT.
    pub tcp_fin_timeout: Option<u32>,
    /// The same of UDP.
    pub udp_timeout: Option<u32>,
    /// The same of established SCTP associations.
    pub sctp_timeout: Option<u32>,
    /// What becomes of a segment of a connection that was forgotten.
    pub on_expiry: Option<OnExpiry>,
    /// How long a server that comes to others climbs to its weight.
    pub slow_start: Option<u32>,
}

impl Extras {
    /// Whether anything is said.
    pub fn is_any(&self) -> bool {
        *self != Extras::default()
    }

    /// Drops what is said but isn't the service's own.
    pub fn normal(self) -> Self {
        let own = |time: Option<u32>| time.filter(|&seconds| seconds != 0);
        Extras {
            tcp_timeout: own(self.tcp_timeout),
            tcp_fin_timeout: own(self.tcp_fin_timeout),
            udp_timeout: own(self.udp_timeout),
            sctp_timeout: own(self.sctp_timeout),
            slow_start: own(self.slow_start),
            on_expiry: self.on_expiry.filter(|&what| what != OnExpiry::Inherit),
        }
    }
}
