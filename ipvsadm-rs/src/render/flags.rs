// SPDX-License-Identifier: MIT OR GPL-2.0

//! Scheduler flags by name.

use lvs_uapi::flags::service;

use crate::model::Service;

/// Names of a service's scheduler flags, as a listing shows them. The third flag of `sh` and `mh`
/// has no name there.
pub fn listed(service: &Service) -> Vec<&'static str> {
    let names: &[(u32, &'static str)] = match service.scheduler.as_str() {
        "sh" => &[
            (service::SCHED_SH_FALLBACK, "sh-fallback"),
            (service::SCHED_SH_PORT, "sh-port"),
        ],
        "mh" => &[
            (service::SCHED_MH_FALLBACK, "mh-fallback"),
            (service::SCHED_MH_PORT, "mh-port"),
            (service::SCHED_MH_AGREE, "mh-agree"),
        ],
        _ => &[
            (service::SCHED1, "flag-1"),
            (service::SCHED2, "flag-2"),
            (service::SCHED3, "flag-3"),
        ],
    };
    names
        .iter()
        .filter(|(bit, _)| service.has(*bit))
        .map(|(_, name)| *name)
        .collect()
}

/// A service's scheduler flags in parentheses, as a listing shows them: none is nothing, but flags
/// without a name are empty parentheses.
pub fn in_parentheses(service: &Service) -> String {
    let names = listed(service);
    let numbered = service::SCHED1 | service::SCHED2 | service::SCHED3;
    if names.is_empty() && service.flags & numbered == 0 {
        return String::new();
    }
    format!(" ({})", names.join(","))
}

/// Names of a service's scheduler flags that restore every one of them.
pub fn saved(service: &Service) -> Vec<&'static str> {
    let mut names = listed(service);
    if service.has(service::SCHED3) && !names.contains(&"flag-3") {
        names.push("flag-3");
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::list::tests::service;

    #[test]
    fn hashing_schedulers_have_names_of_their_own() {
        let all = service::SCHED1 | service::SCHED2 | service::SCHED3;
        let mut service = service("10.0.0.1:80");
        service.flags = all;
        assert_eq!(listed(&service), ["flag-1", "flag-2", "flag-3"]);
        service.scheduler = "mh".to_owned();
        assert_eq!(listed(&service), ["mh-fallback", "mh-port"]);
        assert_eq!(saved(&service), ["mh-fallback", "mh-port", "flag-3"]);
        assert_eq!(in_parentheses(&service), " (mh-fallback,mh-port)");
        service.flags = service::SCHED_MH_AGREE;
        assert_eq!(in_parentheses(&service), " (mh-agree)");
        assert_eq!(saved(&service), ["mh-agree"]);
        service.scheduler = "rr".to_owned();
        assert_eq!(in_parentheses(&service), "");
        service.scheduler = "mh".to_owned();
        service.flags = service::SCHED3;
        assert_eq!(in_parentheses(&service), " ()");
        service.flags = service::PERSISTENT;
        assert_eq!(in_parentheses(&service), "");
    }
}
