// SPDX-License-Identifier: MIT OR GPL-2.0

//! Every option, once: a row is all that a new one needs.
//!
//! A row tells the names, whether there is a value, the class and the commands it goes with, the
//! help text, and what the option does to the [`Draft`].

use super::class::Class;
use super::class::Rules;
use super::draft::Draft;
use super::draft::Listing;
use super::usage::UsageError;
use super::verb::Verb;

use crate::model::extras::OnExpiry;
use crate::model::Forward;
use crate::model::Protocol;

/// What an option does, and with it whether it has a value.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// It is the command itself, and comes first.
    Command(Verb),
    /// It is the command, and its value is the role of a synchronisation daemon.
    DaemonCommand(Verb),
    /// It takes no value.
    Flag(fn(&mut Draft<'_>)),
    /// It takes no value, and may be out of place.
    Checked(fn(&mut Draft<'_>) -> Result<(), UsageError>),
    /// It takes a value, which is called so.
    Value(
        &'static str,
        fn(&mut Draft<'_>, &str) -> Result<(), UsageError>,
    ),
    /// It takes a value unless the next word looks like an option.
    Optional(
        &'static str,
        fn(&mut Draft<'_>, Option<&str>) -> Result<(), UsageError>,
    ),
}

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// No value.
    None,
    /// Exactly one.
    One,
    /// One unless the next word looks like an option.
    Optional,
}

/// An option: a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Long name.
    pub long: &'static str,
    /// Letter.
    pub short: Option<char>,
    /// Another letter that means the same.
    pub alias: Option<char>,
    /// What it does.
    pub meaning: Meaning,
    /// Its class, unless it goes with everything.
    pub class: Option<Class>,
    /// What it is for.
    pub help: &'static str,
    /// What `--help` says instead, where ipvsadm has other words there.
    pub long_help: Option<&'static str>,
    /// Its names in `--help`, where ipvsadm writes them in another way there.
    pub names: Option<&'static str>,
    /// Whether it is in `--help`.
    pub is_listed: bool,
    /// Values to choose from. Only for completions and the manual: the draft judges values.
    pub values: &'static [&'static str],
}

impl Spec {
    /// Whether it takes a value.
    pub fn arity(&self) -> Arity {
        match self.meaning {
            Meaning::Command(_) | Meaning::Flag(_) | Meaning::Checked(_) => Arity::None,
            Meaning::DaemonCommand(_) | Meaning::Value(..) => Arity::One,
            Meaning::Optional(..) => Arity::Optional,
        }
    }

    /// What its value is called; nothing if it has none.
    pub fn value_name(&self) -> &'static str {
        match self.meaning {
            Meaning::DaemonCommand(_) => "role",
            Meaning::Value(name, _) | Meaning::Optional(name, _) => name,
            _ => "",
        }
    }

    const fn new(
        long: &'static str,
        short: Option<char>,
        meaning: Meaning,
        help: &'static str,
    ) -> Self {
        Spec {
            long,
            short,
            alias: None,
            meaning,
            class: None,
            help,
            long_help: None,
            names: None,
            is_listed: true,
            values: &[],
        }
    }

    /// Goes with these commands, and is a class of its own.
    const fn with(self, verbs: &'static [Verb]) -> Self {
        let optional = Rules {
            optional: verbs,
            ..Rules::NONE
        };
        self.of(class(self.long, optional))
    }

    /// Goes with the commands that its class goes with.
    const fn of(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }

    /// Goes with a server, and depends on the type of its tunnel.
    const fn of_tunnel(self, tunnels: Rules<&'static str>) -> Self {
        let mut class = class(self.long, SERVER_SETTING);
        class.tunnels = Some(tunnels);
        self.of(class)
    }

    const fn alias(mut self, letter: char) -> Self {
        self.alias = Some(letter);
        self
    }

    const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    const fn long_help(mut self, text: &'static str) -> Self {
        self.long_help = Some(text);
        self
    }

    const fn names(mut self, names: &'static str) -> Self {
        self.names = Some(names);
        self
    }

    const fn unlisted(mut self) -> Self {
        self.is_listed = false;
        self
    }
}

const fn class(name: &'static str, verbs: Rules<Verb>) -> Class {
    Class {
        name,
        verbs,
        tunnels: None,
    }
}

const fn flag(
    long: &'static str,
    short: Option<char>,
    help: &'static str,
    does: fn(&mut Draft<'_>),
) -> Spec {
    Spec::new(long, short, Meaning::Flag(does), help)
}

const fn value(
    long: &'static str,
    short: Option<char>,
    name: &'static str,
    help: &'static str,
    does: fn(&mut Draft<'_>, &str) -> Result<(), UsageError>,
) -> Spec {
    Spec::new(long, short, Meaning::Value(name, does), help)
}

const fn command(long: &'static str, short: Option<char>, verb: Verb, help: &'static str) -> Spec {
    Spec::new(long, short, Meaning::Command(verb), help)
}

const fn daemon_command(long: &'static str, verb: Verb, help: &'static str) -> Spec {
    Spec::new(long, None, Meaning::DaemonCommand(verb), help).values(&["master", "backup"])
}

/// Schedulers that come with the kernel, those of lvs, and none at all.
pub const SCHEDULERS: &[&str] = &[
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
    "none",
];

/// Commands that make or change a service.
const SERVICE: &[Verb] = &[Verb::AddService, Verb::EditService];
/// Commands that make or change a server.
const SERVER: &[Verb] = &[Verb::AddServer, Verb::EditServer];
/// Commands that print the table.
const LIST: &[Verb] = &[Verb::List];
/// Commands that start a daemon.
const START: &[Verb] = &[Verb::StartDaemon];

const SERVER_SETTING: Rules<Verb> = Rules {
    optional: SERVER,
    ..Rules::NONE
};
const LISTING: Rules<Verb> = Rules {
    exclusive: LIST,
    ..Rules::NONE
};

const SERVICE_ADDRESS: Class = class(
    "service-address",
    Rules {
        required: &[
            Verb::AddService,
            Verb::EditService,
            Verb::DeleteService,
            Verb::AddServer,
            Verb::EditServer,
            Verb::DeleteServer,
        ],
        optional: &[Verb::Zero],
        exclusive: LIST,
    },
);
const REAL_SERVER: Class = class(
    "real-server",
    Rules {
        required: &[Verb::AddServer, Verb::EditServer, Verb::DeleteServer],
        ..Rules::NONE
    },
);
const FORWARDING_METHOD: Class = class("forwarding-method", SERVER_SETTING);

/// Types of tunnels.
const TUNNEL_TYPES: &[&str] = &["ipip", "gue", "gre"];
/// A checksum that these types may have, of which only one may be chosen.
const fn checksum_of(types: &'static [&'static str]) -> Rules<&'static str> {
    Rules {
        exclusive: types,
        ..Rules::NONE
    }
}

#[rustfmt::skip]
const COMMANDS: &[Spec] = &[
    command("add-service", Some('A'), Verb::AddService, "add virtual service with options"),
    command("edit-service", Some('E'), Verb::EditService, "edit virtual service with options"),
    command("delete-service", Some('D'), Verb::DeleteService, "delete virtual service"),
    command("clear", Some('C'), Verb::Flush, "clear the whole table"),
    command("restore", Some('R'), Verb::Restore, "restore rules from stdin"),
    command("save", Some('S'), Verb::Save, "save rules to stdout"),
    command("add-server", Some('a'), Verb::AddServer, "add real server with options"),
    command("edit-server", Some('e'), Verb::EditServer, "edit real server with options"),
    command("delete-server", Some('d'), Verb::DeleteServer, "delete real server"),
    command("list", Some('L'), Verb::List, "list the table").alias('l'),
    command("zero", Some('Z'), Verb::Zero, "zero counters in a service or all services"),
    command("set", None, Verb::Set, "set connection timeout values: tcp tcpfin udp")
        .names("--set tcp tcpfin udp").long_help("set connection timeout values"),
    daemon_command("start-daemon", Verb::StartDaemon, "start connection sync daemon: master or backup")
        .long_help("start connection sync daemon"),
    daemon_command("stop-daemon", Verb::StopDaemon, "stop connection sync daemon: master or backup")
        .long_help("stop connection sync daemon"),
    command("help", Some('h'), Verb::Help, "display this help message"),
    command("version", Some('v'), Verb::Version, "display the version").unlisted(),
];

#[rustfmt::skip]
const SERVICES: &[Spec] = &[
    value("tcp-service", Some('t'), "service-address", "service-address is host[:port]",
        |draft, text| draft.service_address(text, Protocol::TCP)).of(SERVICE_ADDRESS),
    value("udp-service", Some('u'), "service-address", "service-address is host[:port]",
        |draft, text| draft.service_address(text, Protocol::UDP)).of(SERVICE_ADDRESS),
    value("sctp-service", None, "service-address", "service-address is host[:port]",
        |draft, text| draft.service_address(text, Protocol::SCTP)).of(SERVICE_ADDRESS),
    value("fwmark-service", Some('f'), "fwmark", "fwmark is an integer greater than zero",
        |draft, text| draft.fwmark(text)).of(SERVICE_ADDRESS),
];

#[rustfmt::skip]
const OPTIONS: &[Spec] = &[
    Spec::new("ipv6", Some('6'), Meaning::Checked(|draft| draft.mark_is_ipv6()), "fwmark entry uses IPv6"),
    value("scheduler", Some('s'), "scheduler", "scheduling method, wlc by default",
        |draft, text| draft.scheduler(text)).with(SERVICE).values(SCHEDULERS)
        .long_help("one of rr|wrr|lc|wlc|lblc|lblcr|dh|sh|sed|nq|fo|ovf|mh,\n\
            the default scheduler is wlc."),
    value("pe", None, "engine", "alternate persistence engine, not set by default",
        |draft, text| draft.pe(text)).with(SERVICE).values(&["sip"])
        .long_help("alternate persistence engine may be sip,\nnot set by default."),
    Spec::new("persistent", Some('p'), Meaning::Optional("timeout", |draft, text| draft.persistent(text)),
        "persistent service").with(SERVICE),
    value("netmask", Some('M'), "netmask", "persistent granularity mask",
        |draft, text| draft.netmask(text)).with(SERVICE),
    value("real-server", Some('r'), "server-address", "server-address is host (and port)",
        |draft, text| draft.server_address(text)).of(REAL_SERVER),
    flag("gatewaying", Some('g'), "gatewaying (direct routing) (default)",
        |draft| draft.dest.forward = Forward::Route).of(FORWARDING_METHOD),
    flag("ipip", Some('i'), "ipip encapsulation (tunneling)",
        |draft| draft.dest.forward = Forward::Tunnel).of(FORWARDING_METHOD),
    flag("masquerading", Some('m'), "masquerading (NAT)",
        |draft| draft.dest.forward = Forward::Masq).of(FORWARDING_METHOD),
    value("tun-type", None, "type", "one of ipip, gue and gre, ipip by default",
        |draft, text| draft.tun_type(text)).values(TUNNEL_TYPES)
        .of_tunnel(Rules { optional: TUNNEL_TYPES, ..Rules::NONE })
        .long_help("one of ipip|gue|gre,\nthe default tunnel type is ipip."),
    value("tun-port", None, "port", "tunnel destination port", |draft, text| draft.tun_port(text))
        .of_tunnel(Rules { required: &["gue"], ..Rules::NONE }),
    flag("tun-nocsum", None, "tunnel encapsulation without checksum", |draft| draft.tun_nocsum())
        .of_tunnel(checksum_of(&["gue", "gre"])),
    flag("tun-csum", None, "tunnel encapsulation with checksum", |draft| draft.tun_csum())
        .of_tunnel(checksum_of(&["gue", "gre"])),
    flag("tun-remcsum", None, "tunnel encapsulation with remote checksum", |draft| draft.tun_remcsum())
        .of_tunnel(checksum_of(&["gue"])),
    value("weight", Some('w'), "weight", "capacity of real server", |draft, text| draft.weight(text)).with(SERVER),
    value("u-threshold", Some('x'), "uthreshold", "upper threshold of connections",
        |draft, text| draft.u_threshold(text)).with(SERVER),
    value("l-threshold", Some('y'), "lthreshold", "lower threshold of connections",
        |draft, text| draft.l_threshold(text)).with(SERVER),
    flag("connection", Some('c'), "output of current IPVS connections",
        |draft| draft.listing = Some(Listing::Connections)).of(class("connection", LISTING)),
    flag("timeout", None, "output of timeout (tcp tcpfin udp)",
        |draft| draft.listing = Some(Listing::Timeouts)).of(class("timeout", LISTING)),
    flag("daemon", None, "output of daemon information",
        |draft| draft.listing = Some(Listing::Daemons)).of(class("daemon", LISTING)),
    flag("stats", None, "output of statistics information",
        |draft| draft.format.stats = true).with(LIST),
    flag("rate", None, "output of rate information",
        |draft| draft.format.rate = true).with(LIST),
    flag("exact", Some('X'), "expand numbers (display exact values)",
        |draft| draft.format.exact = true).with(LIST).names("--exact"),
    flag("thresholds", None, "output of thresholds information",
        |draft| draft.format.thresholds = true).with(LIST),
    flag("persistent-conn", None, "output of persistent connection info",
        |draft| draft.format.persistent_conn = true).with(LIST),
    flag("tun-info", None, "output of tunnel information",
        |draft| draft.format.tun_info = true).with(LIST),
    flag("nosort", None, "disable sorting output of service/server entries",
        |draft| draft.format.nosort = true).with(LIST),
    flag("sort", None, "does nothing, for backwards compatibility", |_| {}),
    flag("ops", Some('o'), "one-packet scheduling", |draft| draft.one_packet()).with(SERVICE),
    flag("numeric", Some('n'), "numeric output of addresses and ports",
        |draft| draft.format.numeric = true).with(&[Verb::List, Verb::Save]),
    value("sched-flags", Some('b'), "flags", "scheduler flags (comma-separated)",
        |draft, text| draft.sched_flags(text)).with(SERVICE),
];

#[rustfmt::skip]
const DAEMON_OPTIONS: &[Spec] = &[
    value("syncid", None, "sid", "syncid for connection sync", |draft, text| draft.sync_id(text))
        .with(&[Verb::List, Verb::StartDaemon, Verb::StopDaemon])
        .long_help("syncid for connection sync (default=255)"),
    value("sync-maxlen", None, "length", "max sync message length, 1472 by default",
        |draft, text| draft.sync_maxlen(text)).with(START)
        .long_help("Max sync message length (default=1472)"),
    value("mcast-interface", None, "interface", "multicast interface for connection sync",
        |draft, text| draft.mcast_interface(text)).with(START),
    value("mcast-group", None, "address", "IPv4/IPv6 group, 224.0.0.81 by default",
        |draft, text| draft.mcast_group(text)).with(START).long_help("IPv4/IPv6 group (default=224.0.0.81)"),
    value("mcast-port", None, "port", "UDP port, 8848 by default", |draft, text| draft.mcast_port(text))
        .with(START).long_help("UDP port (default=8848)"),
    value("mcast-ttl", None, "ttl", "multicast TTL, 1 by default", |draft, text| draft.mcast_ttl(text))
        .with(START).long_help("Multicast TTL (default=1)"),
];

#[rustfmt::skip]
const OWN: &[Spec] = &[
    flag("json", None, "output as JSON, which always has all information",
        |draft| draft.format.json = true).with(LIST),
    value("tcp-timeout", None, "time", "how long the service's idle TCP connections live, as 2h; 0 as --set says",
        |draft, text| draft.tcp_timeout(text)).with(SERVICE),
    value("tcp-fin-timeout", None, "time", "how long those live that were closed by one side",
        |draft, text| draft.tcp_fin_timeout(text)).with(SERVICE),
    value("udp-timeout", None, "time", "how long its idle UDP connections live",
        |draft, text| draft.udp_timeout(text)).with(SERVICE),
    value("sctp-timeout", None, "time", "how long its idle SCTP associations live",
        |draft, text| draft.sctp_timeout(text)).with(SERVICE),
    value("slow-start", None, "time", "how long a server that comes to others climbs to its weight, as 30s",
        |draft, text| draft.slow_start(text)).with(SERVICE),
    value("on-expiry", None, "what", "what becomes of TCP segments of connections that were forgotten",
        |draft, text| draft.on_expiry(text)).with(SERVICE).values(OnExpiry::WORDS),
];

/// A section of `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Commands.
    Commands,
    /// What names a service.
    Services,
    /// Other options.
    Options,
    /// Options of the synchronisation daemons.
    DaemonOptions,
    /// What ipvsadm doesn't have.
    Own,
}

impl Section {
    /// Every section, in the order of `--help`.
    pub const ALL: [Section; 5] = [
        Section::Commands,
        Section::Services,
        Section::Options,
        Section::DaemonOptions,
        Section::Own,
    ];

    /// The rows of the section.
    pub fn specs(self) -> &'static [Spec] {
        match self {
            Section::Commands => COMMANDS,
            Section::Services => SERVICES,
            Section::Options => OPTIONS,
            Section::DaemonOptions => DAEMON_OPTIONS,
            Section::Own => OWN,
        }
    }
}

/// Every option, in the order of `--help`.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    Section::ALL.into_iter().flat_map(Section::specs)
}

/// The option of a long name. Names aren't abbreviated.
pub fn by_long(name: &str) -> Option<&'static Spec> {
    all().find(|spec| spec.long == name)
}

/// The option of a letter.
pub fn by_short(letter: char) -> Option<&'static Spec> {
    all().find(|spec| spec.short == Some(letter) || spec.alias == Some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for spec in all() {
            let found = by_long(spec.long).map(|found| found.long);
            assert_eq!(found, Some(spec.long));
            for letter in spec.short.into_iter().chain(spec.alias) {
                let found = by_short(letter).map(|found| found.long);
                assert_eq!(found, Some(spec.long), "-{letter}");
            }
        }
        assert!(by_long("lis").is_none());
    }
}
