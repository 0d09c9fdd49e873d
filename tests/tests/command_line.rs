// SPDX-License-Identifier: MIT OR GPL-2.0

//! Command lines that are refused, and the message each one gets. What is accepted is compared with
//! ipvsadm's doings in a guest: see `parity/`.

use std::net::IpAddr;

use ipvsadm::change::Change;
use ipvsadm::cli::address::Resolver;
use ipvsadm::cli::parse::parse;
use ipvsadm::cli::Command;
use ipvsadm::model::Protocol;
use ipvsadm::model::ServiceId;

/// Knows no names.
struct NoNames;

impl Resolver for NoNames {
    fn host(&self, _: &str) -> Option<IpAddr> {
        None
    }

    fn port(&self, _: &str, _: Protocol) -> Option<u16> {
        None
    }
}

fn read(line: &str) -> Result<Command, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    parse(&words, &NoNames).map_err(|error| error.to_string())
}

/// Command lines and their messages.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("", "no command"),
    ("--bogus", "no command"),
    ("-n -L", "no command"),
    ("--start-daemon", "no command"),
    ("-L --bogus", "--bogus: unknown option"),
    ("-A -t", "-t: missing argument"),
    ("-L --nosort=1", "--nosort=1: option does not take an argument"),
    ("-A -t 10.0.0.1:80 -D", "invalid option `-D'"),
    ("-L foo", "unexpected argument foo"),
    ("-A", "You need to supply the 'service-address' option for the 'add-service' command"),
    ("-a -t 10.0.0.1:80", "You need to supply the 'real-server' option for the 'add-server' command"),
    ("-C -n", "Illegal 'numeric' option with the 'flush' command"),
    ("-L --daemon -c", "The option 'daemon' conflicts with the 'connection' option in the 'list' command"),
    ("-L -c --stats", "options conflicts in the list command"),
    ("-L --timeout --persistent-conn", "options conflicts in the list command"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -m -i", "multiple 'forwarding-method' options specified"),
    ("-A -t foo", "illegal virtual server address[:port] specified"),
    ("-a -t 10.0.0.1:80 -r foo", "illegal real server address[:port] specified"),
    ("-A -f 0", "invalid fwmark value `0' specified"),
    ("-A -t 10.0.0.1", "Zero port specified for non-persistent service"),
    ("-A -t 10.0.0.1:80 -o", "One-Packet Scheduling is only for UDP virtual services"),
    ("-A -t 10.0.0.1:80 -p 0", "invalid timeout value `0' specified"),
    ("-A -t 10.0.0.1:80 -p -M /24", "illegal virtual server persistent mask specified"),
    ("-A -t [::1]:80 -M 129", "illegal ipv6 netmask specified"),
    ("-A -t 10.0.0.1:80 -b foo", "invalid scheduler flag `foo'"),
    ("-A -t 10.0.0.1:80 -b sh-port", "incompatible scheduler flag `sh-port'"),
    ("-A -6 -f 1", "-6 must follow -f\n"),
    ("-a -t 10.0.0.1:80 -r [::1]:80 -m", "Different address family is allowed only for tunneling servers"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 --tun-csum", "Tunnel options conflict with forward method"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue", "You need to supply the 'tun-port' option for the 'gue' tunnel type"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gru", "illegal tunnel type specified"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-port 0", "illegal tunnel port specified"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -w -1", "illegal weight specified"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -x -1", "illegal u_threshold specified"),
    ("-a -t 10.0.0.1:80 -r 10.0.0.2 -y -1", "illegal l_threshold specified"),
    ("--set 1 2", "--set option requires 3 timeout values"),
    ("--set 1 2 x", "invalid timeout value `x' specified"),
    ("--set 1 2 3 4", "unexpected argument 4"),
    ("--start-daemon foo", "illegal start-daemon parameter specified"),
    ("--stop-daemon foo", "illegal start_daemon specified"),
    ("--start-daemon master --syncid 256", "illegal syncid specified"),
    ("--start-daemon master --mcast-group 10.0.0.1", "invalid IPv4 mcast-group `10.0.0.1'"),
    ("--start-daemon master --mcast-group fe80::1", "invalid IPv6 mcast-group `fe80::1'"),
    ("--start-daemon master --mcast-port 0", "illegal mcast-port specified"),
    ("--start-daemon master --mcast-ttl 256", "illegal mcast-ttl specified"),
    ("--start-daemon master --sync-maxlen 65508", "illegal sync-maxlen specified"),
];

#[test]
fn refusals_say_why() {
    for (line, message) in REFUSED {
        assert_eq!(read(line).expect_err(line), *message, "{line}");
    }
}

#[test]
fn the_server_takes_the_port_of_a_service_named_before() {
    let port = |line| match read(line) {
        Ok(Command::Change(Change::AddDest(_, dest))) => dest.port,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(port("-a -t 10.0.0.1:80 -r 10.0.0.2 -m"), 80);
    assert_eq!(port("-a -r 10.0.0.2 -t 10.0.0.1:80 -m"), 0);
    assert_eq!(port("-a -r 10.0.0.2 -t 10.0.0.1:80"), 80);
    assert_eq!(port("-a -t 10.0.0.1:80 -r 10.0.0.2:8080"), 80);
    assert_eq!(port("-a -f 1 -r 10.0.0.2:8080"), 8080);
    assert_eq!(port("-a -f 1 -r 10.0.0.2"), 0);
}

#[test]
fn brackets_need_no_port() {
    match read("-D -t [2001:db8::1]") {
        Ok(Command::Change(Change::DeleteService(ServiceId::Address { addr, port, .. }))) => {
            assert_eq!(addr.to_string(), "2001:db8::1");
            assert_eq!(port, 0);
        }
        other => panic!("{other:?}"),
    }
}
