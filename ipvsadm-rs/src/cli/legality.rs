// SPDX-License-Identifier: MIT OR GPL-2.0

//! Which options a command admits, demands or lets exclude each other.

use std::sync::LazyLock;

use super::class::Class;
use super::class::ClassSet;
use super::class::Rule;
use super::options;
use super::usage::UsageError;
use super::verb::Verb;

/// The order in which ipvsadm looks for violations, so it decides which one is reported. What
/// ipvsadm doesn't have comes after it and needs no place here.
#[rustfmt::skip]
const ORDER: &[&str] = &[
    "numeric", "connection", "service-address", "scheduler", "persistent", "netmask", "real-server",
    "forwarding-method", "weight", "u-threshold", "l-threshold", "mcast-interface", "timeout",
    "daemon", "stats", "rate", "thresholds", "persistent-conn", "nosort", "syncid", "exact", "ops",
    "pe", "sched-flags", "mcast-group", "mcast-port", "mcast-ttl", "sync-maxlen", "tun-info",
    "tun-type", "tun-port", "tun-nocsum", "tun-csum", "tun-remcsum",
];

/// Every class, in that order.
static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let mut classes: Vec<Class> = Vec::new();
    for class in options::all().filter_map(|spec| spec.class) {
        if classes.iter().all(|known| known.name != class.name) {
            classes.push(class);
        }
    }
    let place = |class: &Class| ORDER.iter().position(|&name| name == class.name);
    classes.sort_by_key(|class| place(class).unwrap_or(ORDER.len()));
    classes
});

/// What is wrong with a set of options: names of classes.
enum Violation {
    Missing(&'static str),
    Illegal(&'static str),
    Conflict(&'static str, &'static str),
}

/// Finds the first violation. Classes without a rule don't matter.
fn check(given: &ClassSet, rule: impl Fn(&Class) -> Option<Rule>) -> Result<(), Violation> {
    let mut earlier = None;
    for class in CLASSES.iter() {
        let Some(rule) = rule(class) else {
            continue;
        };
        match (rule, given.contains(class), earlier) {
            (Rule::Required, false, _) => return Err(Violation::Missing(class.name)),
            (Rule::Illegal, true, _) => return Err(Violation::Illegal(class.name)),
            (Rule::Exclusive, true, None) => earlier = Some(class.name),
            (Rule::Exclusive, true, Some(earlier)) => {
                return Err(Violation::Conflict(class.name, earlier))
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks the options of a command.
pub(super) fn check_command(verb: Verb, given: &ClassSet) -> Result<(), UsageError> {
    let rule = |class: &Class| Some(class.verbs.of(&verb));
    check(given, rule).map_err(|violation| match violation {
        Violation::Missing(class) => UsageError::MissingForCommand(class, verb),
        Violation::Illegal(class) => UsageError::IllegalForCommand(class, verb),
        Violation::Conflict(class, earlier) => UsageError::ConflictInCommand(class, earlier, verb),
    })
}

/// Checks the tunnel options of a tunnel type.
pub(super) fn check_tunnel(kind: &'static str, given: &ClassSet) -> Result<(), UsageError> {
    let rule = |class: &Class| class.tunnels.map(|tunnels| tunnels.of(&kind));
    check(given, rule).map_err(|violation| match violation {
        Violation::Missing(class) => UsageError::MissingForTunnel(class, kind),
        Violation::Illegal(class) => UsageError::IllegalForTunnel(class, kind),
        Violation::Conflict(class, earlier) => UsageError::ConflictInTunnel(class, earlier, kind),
    })
}

/// Whether there are options about tunnels.
pub(super) fn speaks_of_tunnels(given: &ClassSet) -> bool {
    let mut classes = CLASSES.iter();
    classes.any(|class| class.tunnels.is_some() && given.contains(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(verb: Verb, given: &[&'static str]) -> Option<String> {
        check_command(verb, &ClassSet::of(given))
            .err()
            .map(|e| e.to_string())
    }

    #[test]
    fn every_class_of_ipvsadm_is_there() {
        for (class, name) in CLASSES.iter().zip(ORDER) {
            assert_eq!(class.name, *name);
        }
        assert!(CLASSES.len() > ORDER.len());
    }

    #[test]
    fn options_of_a_class_have_the_same_rules() {
        for class in options::all().filter_map(|spec| spec.class) {
            let first = CLASSES.iter().find(|known| known.name == class.name);
            assert_eq!(format!("{first:?}"), format!("{:?}", Some(class)));
        }
    }

    #[test]
    fn commands_demand_and_refuse() {
        assert_eq!(
            message(Verb::AddServer, &["service-address"]).as_deref(),
            Some("You need to supply the 'real-server' option for the 'add-server' command")
        );
        assert_eq!(
            message(Verb::Flush, &["numeric"]).as_deref(),
            Some("Illegal 'numeric' option with the 'flush' command")
        );
        assert_eq!(message(Verb::Zero, &[]), None);
        assert_eq!(message(Verb::Zero, &["service-address"]), None);
    }

    #[test]
    fn the_later_of_two_exclusive_options_is_named_first() {
        assert_eq!(
            message(Verb::List, &["daemon", "connection"]).as_deref(),
            Some(
                "The option 'daemon' conflicts with the 'connection' option in the 'list' command"
            )
        );
    }

    #[test]
    fn a_missing_option_is_reported_in_table_order() {
        // The service address comes before the weight, so its absence is seen first.
        assert_eq!(
            message(Verb::DeleteServer, &["weight"]).as_deref(),
            Some("You need to supply the 'service-address' option for the 'delete-server' command")
        );
    }

    #[test]
    fn tunnel_types_have_their_own_rules() {
        let message = |kind, given: &[&'static str]| {
            check_tunnel(kind, &ClassSet::of(given))
                .err()
                .map(|e| e.to_string())
        };
        assert_eq!(
            message("gue", &[]).as_deref(),
            Some("You need to supply the 'tun-port' option for the 'gue' tunnel type")
        );
        assert_eq!(message("gue", &["tun-port", "tun-csum"]), None);
        assert_eq!(
            message("ipip", &["tun-csum"]).as_deref(),
            Some("Illegal 'tun-csum' option with the 'ipip' tunnel type")
        );
        assert_eq!(
            message("gre", &["tun-remcsum"]).as_deref(),
            Some("Illegal 'tun-remcsum' option with the 'gre' tunnel type")
        );
        assert_eq!(
            message("gre", &["tun-nocsum", "tun-csum"]).as_deref(),
            Some("The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type")
        );
        assert_eq!(message("ipip", &["weight", "tun-type"]), None);
    }
}
