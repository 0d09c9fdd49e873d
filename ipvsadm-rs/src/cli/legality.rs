// SPDX-License-Identifier: MIT OR GPL-2.0

//! Which options a command admits, demands or lets exclude each other.

use super::usage::UsageError;

/// Commands as far as legality goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are those of the command line.
pub enum Verb {
    AddService,
    EditService,
    DeleteService,
    Flush,
    List,
    AddServer,
    DeleteServer,
    EditServer,
    Set,
    StartDaemon,
    StopDaemon,
    Restore,
    Save,
    Zero,
}

impl Verb {
    /// Name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Verb::AddService => "add-service",
            Verb::EditService => "edit-service",
            Verb::DeleteService => "delete-service",
            Verb::Flush => "flush",
            Verb::List => "list",
            Verb::AddServer => "add-server",
            Verb::DeleteServer => "delete-server",
            Verb::EditServer => "edit-server",
            Verb::Set => "set",
            Verb::StartDaemon => "start-daemon",
            Verb::StopDaemon => "stop-daemon",
            Verb::Restore => "restore",
            Verb::Save => "save",
            Verb::Zero => "zero",
        }
    }
}

/// Options as far as legality goes: `-t` and `-f` are one class, for instance.
///
/// The order is that in which violations are looked for, so it decides which one is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are those of the command line.
pub enum Class {
    Numeric,
    Connection,
    ServiceAddress,
    Scheduler,
    Persistent,
    Netmask,
    RealServer,
    ForwardingMethod,
    Weight,
    UThreshold,
    LThreshold,
    McastInterface,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Thresholds,
    PersistentConn,
    Nosort,
    SyncId,
    Exact,
    Ops,
    Pe,
    SchedFlags,
    McastGroup,
    McastPort,
    McastTtl,
    SyncMaxlen,
    TunInfo,
    TunType,
    TunPort,
    TunNocsum,
    TunCsum,
    TunRemcsum,
    Json,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Class; 35] = [
        Class::Numeric,
        Class::Connection,
        Class::ServiceAddress,
        Class::Scheduler,
        Class::Persistent,
        Class::Netmask,
        Class::RealServer,
        Class::ForwardingMethod,
        Class::Weight,
        Class::UThreshold,
        Class::LThreshold,
        Class::McastInterface,
        Class::Timeout,
        Class::Daemon,
        Class::Stats,
        Class::Rate,
        Class::Thresholds,
        Class::PersistentConn,
        Class::Nosort,
        Class::SyncId,
        Class::Exact,
        Class::Ops,
        Class::Pe,
        Class::SchedFlags,
        Class::McastGroup,
        Class::McastPort,
        Class::McastTtl,
        Class::SyncMaxlen,
        Class::TunInfo,
        Class::TunType,
        Class::TunPort,
        Class::TunNocsum,
        Class::TunCsum,
        Class::TunRemcsum,
        Class::Json,
    ];

    /// Name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Class::Numeric => "numeric",
            Class::Connection => "connection",
            Class::ServiceAddress => "service-address",
            Class::Scheduler => "scheduler",
            Class::Persistent => "persistent",
            Class::Netmask => "netmask",
            Class::RealServer => "real-server",
            Class::ForwardingMethod => "forwarding-method",
            Class::Weight => "weight",
            Class::UThreshold => "u-threshold",
            Class::LThreshold => "l-threshold",
            Class::McastInterface => "mcast-interface",
            Class::Timeout => "timeout",
            Class::Daemon => "daemon",
            Class::Stats => "stats",
            Class::Rate => "rate",
            Class::Thresholds => "thresholds",
            Class::PersistentConn => "persistent-conn",
            Class::Nosort => "nosort",
            Class::SyncId => "syncid",
            Class::Exact => "exact",
            Class::Ops => "ops",
            Class::Pe => "pe",
            Class::SchedFlags => "sched-flags",
            Class::McastGroup => "mcast-group",
            Class::McastPort => "mcast-port",
            Class::McastTtl => "mcast-ttl",
            Class::SyncMaxlen => "sync-maxlen",
            Class::TunInfo => "tun-info",
            Class::TunType => "tun-type",
            Class::TunPort => "tun-port",
            Class::TunNocsum => "tun-nocsum",
            Class::TunCsum => "tun-csum",
            Class::TunRemcsum => "tun-remcsum",
            Class::Json => "json",
        }
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassSet(u64);

impl ClassSet {
    /// The set of the given classes.
    pub const fn of(classes: &[Class]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < classes.len() {
            bits |= classes[i].bit();
            i += 1;
        }
        ClassSet(bits)
    }

    /// Adds a class, of which there may be only one.
    pub fn insert(&mut self, class: Class) -> Result<(), UsageError> {
        if self.contains(class) {
            return Err(UsageError::Repeated(class));
        }
        self.0 |= class.bit();
        Ok(())
    }

    /// Whether the class is in the set.
    pub fn contains(self, class: Class) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether the two sets have a class in common.
    pub fn intersects(self, other: ClassSet) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a command or a tunnel type says of the options.
struct Rules {
    required: ClassSet,
    optional: ClassSet,
    /// At most one of these.
    exclusive: ClassSet,
}

const NONE: ClassSet = ClassSet(0);

const fn rules(required: &[Class], optional: &[Class]) -> Rules {
    Rules {
        required: ClassSet::of(required),
        optional: ClassSet::of(optional),
        exclusive: NONE,
    }
}

/// The rules of a command.
fn command_rules(verb: Verb) -> Rules {
    match verb {
        Verb::AddService | Verb::EditService => rules(
            &[Class::ServiceAddress],
            &[
                Class::Scheduler,
                Class::Persistent,
                Class::Netmask,
                Class::Ops,
                Class::Pe,
                Class::SchedFlags,
            ],
        ),
        Verb::DeleteService => rules(&[Class::ServiceAddress], &[]),
        Verb::AddServer | Verb::EditServer => rules(
            &[Class::ServiceAddress, Class::RealServer],
            &[
                Class::ForwardingMethod,
                Class::Weight,
                Class::UThreshold,
                Class::LThreshold,
                Class::TunType,
                Class::TunPort,
                Class::TunNocsum,
                Class::TunCsum,
                Class::TunRemcsum,
            ],
        ),
        Verb::DeleteServer => rules(&[Class::ServiceAddress, Class::RealServer], &[]),
        Verb::List => Rules {
            required: NONE,
            optional: ClassSet::of(&[
                Class::Numeric,
                Class::Stats,
                Class::Rate,
                Class::Thresholds,
                Class::PersistentConn,
                Class::Nosort,
                Class::SyncId,
                Class::Exact,
                Class::TunInfo,
                Class::Json,
            ]),
            exclusive: ClassSet::of(&[
                Class::Connection,
                Class::ServiceAddress,
                Class::Timeout,
                Class::Daemon,
            ]),
        },
        Verb::StartDaemon => rules(
            &[],
            &[
                Class::McastInterface,
                Class::SyncId,
                Class::McastGroup,
                Class::McastPort,
                Class::McastTtl,
                Class::SyncMaxlen,
            ],
        ),
        Verb::StopDaemon => rules(&[], &[Class::SyncId]),
        Verb::Save => rules(&[], &[Class::Numeric]),
        Verb::Zero => rules(&[], &[Class::ServiceAddress]),
        Verb::Flush | Verb::Set | Verb::Restore => rules(&[], &[]),
    }
}

/// Name and rules of a tunnel type.
fn tunnel_rules(kind: u8) -> (&'static str, Rules) {
    use lvs_uapi::flags::tunnel;

    match kind {
        tunnel::TYPE_GUE => (
            "gue",
            Rules {
                required: ClassSet::of(&[Class::TunPort]),
                optional: NONE,
                exclusive: ClassSet::of(&[Class::TunNocsum, Class::TunCsum, Class::TunRemcsum]),
            },
        ),
        tunnel::TYPE_GRE => (
            "gre",
            Rules {
                required: NONE,
                optional: NONE,
                exclusive: ClassSet::of(&[Class::TunNocsum, Class::TunCsum]),
            },
        ),
        _ => ("ipip", rules(&[], &[])),
    }
}

/// What is wrong with a set of options.
enum Violation {
    Missing(Class),
    Illegal(Class),
    Conflict(Class, Class),
}

/// Finds the first violation, in the order of `classes`.
fn check(rules: &Rules, given: ClassSet, classes: &[Class]) -> Result<(), Violation> {
    let mut earlier = None;
    for &class in classes {
        if !given.contains(class) {
            if rules.required.contains(class) {
                return Err(Violation::Missing(class));
            }
        } else if rules.exclusive.contains(class) {
            match earlier {
                None => earlier = Some(class),
                Some(earlier) => return Err(Violation::Conflict(class, earlier)),
            }
        } else if !rules.required.contains(class) && !rules.optional.contains(class) {
            return Err(Violation::Illegal(class));
        }
    }
    Ok(())
}

/// Checks the options of a command.
pub fn check_command(verb: Verb, given: ClassSet) -> Result<(), UsageError> {
    check(&command_rules(verb), given, &Class::ALL).map_err(|violation| match violation {
        Violation::Missing(class) => UsageError::MissingForCommand(class, verb),
        Violation::Illegal(class) => UsageError::IllegalForCommand(class, verb),
        Violation::Conflict(class, earlier) => UsageError::ConflictInCommand(class, earlier, verb),
    })
}

/// Checks the tunnel options of a tunnel type.
pub fn check_tunnel(kind: u8, given: ClassSet) -> Result<(), UsageError> {
    let (name, rules) = tunnel_rules(kind);
    let classes = [
        Class::TunPort,
        Class::TunNocsum,
        Class::TunCsum,
        Class::TunRemcsum,
    ];
    check(&rules, given, &classes).map_err(|violation| match violation {
        Violation::Missing(class) => UsageError::MissingForTunnel(class, name),
        Violation::Illegal(class) => UsageError::IllegalForTunnel(class, name),
        Violation::Conflict(class, earlier) => UsageError::ConflictInTunnel(class, earlier, name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(verb: Verb, given: &[Class]) -> Option<String> {
        check_command(verb, ClassSet::of(given))
            .err()
            .map(|e| e.to_string())
    }

    #[test]
    fn classes_are_listed_in_the_order_of_their_bits() {
        for (i, class) in Class::ALL.iter().enumerate() {
            assert_eq!(*class as usize, i);
        }
    }

    #[test]
    fn commands_demand_and_refuse() {
        assert_eq!(
            message(Verb::AddServer, &[Class::ServiceAddress]).as_deref(),
            Some("You need to supply the 'real-server' option for the 'add-server' command")
        );
        assert_eq!(
            message(Verb::Flush, &[Class::Numeric]).as_deref(),
            Some("Illegal 'numeric' option with the 'flush' command")
        );
        assert_eq!(message(Verb::Zero, &[]), None);
        assert_eq!(message(Verb::Zero, &[Class::ServiceAddress]), None);
    }

    #[test]
    fn the_later_of_two_exclusive_options_is_named_first() {
        assert_eq!(
            message(Verb::List, &[Class::Daemon, Class::Connection]).as_deref(),
            Some(
                "The option 'daemon' conflicts with the 'connection' option in the 'list' command"
            )
        );
    }

    #[test]
    fn a_missing_option_is_reported_in_table_order() {
        // The service address comes before the weight, so its absence is seen first.
        assert_eq!(
            message(Verb::DeleteServer, &[Class::Weight]).as_deref(),
            Some("You need to supply the 'service-address' option for the 'delete-server' command")
        );
    }

    #[test]
    fn tunnel_types_have_their_own_rules() {
        use lvs_uapi::flags::tunnel;

        let message = |kind, given: &[Class]| {
            check_tunnel(kind, ClassSet::of(given))
                .err()
                .map(|e| e.to_string())
        };
        assert_eq!(
            message(tunnel::TYPE_GUE, &[]).as_deref(),
            Some("You need to supply the 'tun-port' option for the 'gue' tunnel type")
        );
        assert_eq!(
            message(tunnel::TYPE_GUE, &[Class::TunPort, Class::TunCsum]),
            None
        );
        assert_eq!(
            message(tunnel::TYPE_IPIP, &[Class::TunCsum]).as_deref(),
            Some("Illegal 'tun-csum' option with the 'ipip' tunnel type")
        );
        assert_eq!(
            message(tunnel::TYPE_GRE, &[Class::TunRemcsum]).as_deref(),
            Some("Illegal 'tun-remcsum' option with the 'gre' tunnel type")
        );
        assert_eq!(
            message(tunnel::TYPE_GRE, &[Class::TunNocsum, Class::TunCsum]).as_deref(),
            Some("The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type")
        );
    }
}
