// SPDX-License-Identifier: MIT OR GPL-2.0

//! Names of scheduler flags.

use lvs_uapi::flags;

use super::usage::UsageError;

/// Reads a comma-separated list of scheduler flags. Those of `sh` and `mh` need that scheduler to
/// be named, too.
pub(crate) fn sched_flags(scheduler: &str, text: &str) -> Result<u32, UsageError> {
    let mut bits = 0;
    for name in text.split(',').filter(|name| !name.is_empty()) {
        let (bit, only_for) = match name {
            "flag-1" => (flags::service::SCHED1, None),
            "flag-2" => (flags::service::SCHED2, None),
            "flag-3" => (flags::service::SCHED3, None),
            "sh-fallback" => (flags::service::SCHED_SH_FALLBACK, Some("sh")),
            "sh-port" => (flags::service::SCHED_SH_PORT, Some("sh")),
            "mh-fallback" => (flags::service::SCHED_MH_FALLBACK, Some("mh")),
            "mh-port" => (flags::service::SCHED_MH_PORT, Some("mh")),
            "mh-agree" => (flags::service::SCHED_MH_AGREE, Some("mh")),
            _ => return Err(UsageError::SchedFlag(name.to_owned())),
        };
        if only_for.is_some_and(|only| only != scheduler) {
            return Err(UsageError::IncompatibleSchedFlag(name.to_owned()));
        }
        bits |= bit;
    }
    Ok(bits)
}
