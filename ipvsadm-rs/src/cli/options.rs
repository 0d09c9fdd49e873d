// SPDX-License-Identifier: MIT OR GPL-2.0

//! Every option, once: names, argument and help.

use clap::builder::PossibleValuesParser;
use clap::Arg;
use clap::ArgAction;

/// An option, a command included: a command is the option that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are those of the command line.
pub enum Opt {
    AddService,
    EditService,
    DeleteService,
    Clear,
    Restore,
    Save,
    AddServer,
    EditServer,
    DeleteServer,
    List,
    Zero,
    Set,
    StartDaemon,
    StopDaemon,
    Help,
    Version,
    TcpService,
    UdpService,
    SctpService,
    FwmarkService,
    Ipv6,
    Scheduler,
    Pe,
    Persistent,
    Netmask,
    RealServer,
    Gatewaying,
    Ipip,
    Masquerading,
    TunType,
    TunPort,
    TunNocsum,
    TunCsum,
    TunRemcsum,
    Weight,
    UThreshold,
    LThreshold,
    Connection,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Exact,
    Thresholds,
    PersistentConn,
    TunInfo,
    Nosort,
    Sort,
    Json,
    Ops,
    Numeric,
    SchedFlags,
    SyncId,
    SyncMaxlen,
    McastInterface,
    McastGroup,
    McastPort,
    McastTtl,
}

/// Schedulers that come with the kernel.
const SCHEDULERS: &[&str] = &[
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
];

/// Whether an option takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// No argument.
    None,
    /// Exactly one.
    One,
    /// One unless the next word looks like an option.
    Optional,
}

/// One line of the table.
struct Spec {
    opt: Opt,
    long: &'static str,
    short: Option<char>,
    arity: Arity,
    value: &'static str,
    help: &'static str,
}

const fn flag(opt: Opt, long: &'static str, short: Option<char>, help: &'static str) -> Spec {
    Spec {
        opt,
        long,
        short,
        arity: Arity::None,
        value: "",
        help,
    }
}

const fn with_value(
    opt: Opt,
    long: &'static str,
    short: Option<char>,
    value: &'static str,
    help: &'static str,
) -> Spec {
    Spec {
        opt,
        long,
        short,
        arity: Arity::One,
        value,
        help,
    }
}

/// The table. Its order is that of the help text.
#[rustfmt::skip]
const SPECS: &[Spec] = &[
    flag(Opt::AddService, "add-service", Some('A'), "add virtual service with options"),
    flag(Opt::EditService, "edit-service", Some('E'), "edit virtual service with options"),
    flag(Opt::DeleteService, "delete-service", Some('D'), "delete virtual service"),
    flag(Opt::Clear, "clear", Some('C'), "clear the whole table"),
    flag(Opt::Restore, "restore", Some('R'), "restore rules from stdin"),
    flag(Opt::Save, "save", Some('S'), "save rules to stdout"),
    flag(Opt::AddServer, "add-server", Some('a'), "add real server with options"),
    flag(Opt::EditServer, "edit-server", Some('e'), "edit real server with options"),
    flag(Opt::DeleteServer, "delete-server", Some('d'), "delete real server"),
    flag(Opt::List, "list", Some('L'), "list the table"),
    flag(Opt::Zero, "zero", Some('Z'), "zero counters in a service or all services"),
    flag(Opt::Set, "set", None, "set connection timeout values: tcp tcpfin udp"),
    with_value(Opt::StartDaemon, "start-daemon", None, "role", "start connection sync daemon: master or backup"),
    with_value(Opt::StopDaemon, "stop-daemon", None, "role", "stop connection sync daemon: master or backup"),
    flag(Opt::Help, "help", Some('h'), "display this help message"),
    flag(Opt::Version, "version", Some('v'), "display the version"),

    with_value(Opt::TcpService, "tcp-service", Some('t'), "service-address", "service-address is host[:port]"),
    with_value(Opt::UdpService, "udp-service", Some('u'), "service-address", "service-address is host[:port]"),
    with_value(Opt::SctpService, "sctp-service", None, "service-address", "service-address is host[:port]"),
    with_value(Opt::FwmarkService, "fwmark-service", Some('f'), "fwmark", "fwmark is an integer greater than zero"),

    flag(Opt::Ipv6, "ipv6", Some('6'), "fwmark entry uses IPv6"),
    with_value(Opt::Scheduler, "scheduler", Some('s'), "scheduler", "scheduling method, wlc by default"),
    with_value(Opt::Pe, "pe", None, "engine", "alternate persistence engine, not set by default"),
    Spec {
        opt: Opt::Persistent,
        long: "persistent",
        short: Some('p'),
        arity: Arity::Optional,
        value: "timeout",
        help: "persistent service",
    },
    with_value(Opt::Netmask, "netmask", Some('M'), "netmask", "persistent granularity mask"),
    with_value(Opt::RealServer, "real-server", Some('r'), "server-address", "server-address is host (and port)"),
    flag(Opt::Gatewaying, "gatewaying", Some('g'), "gatewaying (direct routing) (default)"),
    flag(Opt::Ipip, "ipip", Some('i'), "ipip encapsulation (tunneling)"),
    flag(Opt::Masquerading, "masquerading", Some('m'), "masquerading (NAT)"),
    with_value(Opt::TunType, "tun-type", None, "type", "one of ipip, gue and gre, ipip by default"),
    with_value(Opt::TunPort, "tun-port", None, "port", "tunnel destination port"),
    flag(Opt::TunNocsum, "tun-nocsum", None, "tunnel encapsulation without checksum"),
    flag(Opt::TunCsum, "tun-csum", None, "tunnel encapsulation with checksum"),
    flag(Opt::TunRemcsum, "tun-remcsum", None, "tunnel encapsulation with remote checksum"),
    with_value(Opt::Weight, "weight", Some('w'), "weight", "capacity of real server"),
    with_value(Opt::UThreshold, "u-threshold", Some('x'), "uthreshold", "upper threshold of connections"),
    with_value(Opt::LThreshold, "l-threshold", Some('y'), "lthreshold", "lower threshold of connections"),
    flag(Opt::Connection, "connection", Some('c'), "output of current IPVS connections"),
    flag(Opt::Timeout, "timeout", None, "output of timeout (tcp tcpfin udp)"),
    flag(Opt::Daemon, "daemon", None, "output of daemon information"),
    flag(Opt::Stats, "stats", None, "output of statistics information"),
    flag(Opt::Rate, "rate", None, "output of rate information"),
    flag(Opt::Exact, "exact", Some('X'), "expand numbers (display exact values)"),
    flag(Opt::Thresholds, "thresholds", None, "output of thresholds information"),
    flag(Opt::PersistentConn, "persistent-conn", None, "output of persistent connection info"),
    flag(Opt::TunInfo, "tun-info", None, "output of tunnel information"),
    flag(Opt::Nosort, "nosort", None, "disable sorting output of service/server entries"),
    flag(Opt::Sort, "sort", None, "does nothing, for backwards compatibility"),
    flag(Opt::Json, "json", None, "output as JSON, which always has all information"),
    flag(Opt::Ops, "ops", Some('o'), "one-packet scheduling"),
    flag(Opt::Numeric, "numeric", Some('n'), "numeric output of addresses and ports"),
    with_value(Opt::SchedFlags, "sched-flags", Some('b'), "flags", "scheduler flags (comma-separated)"),

    with_value(Opt::SyncId, "syncid", None, "sid", "syncid for connection sync"),
    with_value(Opt::SyncMaxlen, "sync-maxlen", None, "length", "max sync message length"),
    with_value(Opt::McastInterface, "mcast-interface", None, "interface", "multicast interface for connection sync"),
    with_value(Opt::McastGroup, "mcast-group", None, "address", "IPv4/IPv6 group, 224.0.0.81 by default"),
    with_value(Opt::McastPort, "mcast-port", None, "port", "UDP port, 8848 by default"),
    with_value(Opt::McastTtl, "mcast-ttl", None, "ttl", "multicast TTL, 1 by default"),
];

/// The command line as clap knows it: what help, completions and manual pages are made from, and what
/// the lexer looks options up in.
pub fn definition() -> clap::Command {
    let command = clap::Command::new("ipvsadm-rs")
        .about("Administration of IP virtual servers")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(SPECS.iter().map(arg));
    let words = Arg::new("words").num_args(0..=3).hide(true);
    command.arg(words)
}

/// One line of the table as clap has it.
fn arg(spec: &Spec) -> Arg {
    let arg = Arg::new(spec.long).long(spec.long).help(spec.help);
    let arg = match spec.short {
        // Lists are asked for in either case.
        Some('L') => arg.short('L').visible_short_alias('l'),
        Some(short) => arg.short(short),
        None => arg,
    };
    // Only for completions and the manual: the lexer leaves values to the parser.
    let values: &[&str] = match spec.opt {
        Opt::StartDaemon | Opt::StopDaemon => &["master", "backup"],
        Opt::TunType => &["ipip", "gue", "gre"],
        Opt::Scheduler => SCHEDULERS,
        _ => &[],
    };
    let arg = match values {
        [] => arg,
        values => arg.value_parser(PossibleValuesParser::new(values.to_vec())),
    };
    match spec.arity {
        Arity::None => arg.action(ArgAction::SetTrue),
        Arity::One => arg.action(ArgAction::Set).value_name(spec.value),
        Arity::Optional => arg
            .action(ArgAction::Set)
            .value_name(spec.value)
            .num_args(0..=1),
    }
}

/// The definition, prepared for look-ups.
#[derive(Debug)]
pub struct Definition {
    command: clap::Command,
}

impl Definition {
    /// Builds the definition.
    pub fn new() -> Self {
        let mut command = definition();
        command.build();
        Definition { command }
    }

    /// The option of a long name.
    pub fn by_long(&self, name: &str) -> Option<(Opt, Arity)> {
        self.find(|arg| arg.get_long() == Some(name))
    }

    /// The option of a letter.
    pub fn by_short(&self, letter: char) -> Option<(Opt, Arity)> {
        self.find(|arg| {
            arg.get_short_and_visible_aliases()
                .is_some_and(|letters| letters.contains(&letter))
        })
    }

    fn find(&self, matches: impl Fn(&Arg) -> bool) -> Option<(Opt, Arity)> {
        let arg = self.command.get_arguments().find(|arg| matches(arg))?;
        let spec = SPECS.iter().find(|spec| arg.get_id() == spec.long)?;
        let arity = match arg.get_num_args() {
            Some(range) if range.max_values() == 0 => Arity::None,
            Some(range) if range.min_values() == 0 => Arity::Optional,
            _ => Arity::One,
        };
        Some((spec.opt, arity))
    }
}

impl Default for Definition {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_contradiction() {
        definition().debug_assert();
    }

    #[test]
    fn look_ups_give_the_arity_of_the_table() {
        let definition = Definition::new();
        for spec in SPECS {
            assert_eq!(
                definition.by_long(spec.long),
                Some((spec.opt, spec.arity)),
                "--{}",
                spec.long
            );
            if let Some(short) = spec.short {
                assert_eq!(
                    definition.by_short(short),
                    Some((spec.opt, spec.arity)),
                    "-{short}"
                );
            }
        }
        assert_eq!(definition.by_short('l'), Some((Opt::List, Arity::None)));
        assert_eq!(definition.by_long("lis"), None);
        assert_eq!(definition.by_long("words"), None);
    }
}
