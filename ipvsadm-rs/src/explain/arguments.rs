// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command line of `explain`.

use clap::Arg;
use clap::ArgAction;
use clap::ArgGroup;
use clap::ArgMatches;
use clap::Command;

use crate::cli::address::HostPort;
use crate::cli::address::Resolver;
use crate::model::explain::Question;
use crate::model::Family;
use crate::model::Protocol;

/// Options that name a protocol.
const PROTOCOLS: [(&str, Protocol, &str); 3] = [
    (
        "tcp",
        Protocol::TCP,
        "a TCP connection, which is the default",
    ),
    ("udp", Protocol::UDP, "datagrams of UDP"),
    ("sctp", Protocol::SCTP, "an SCTP association"),
];

/// The subcommand as clap has it.
pub fn command() -> Command {
    let protocol = |(name, _, help): (&'static str, Protocol, &'static str)| {
        Arg::new(name)
            .long(name)
            .help(help)
            .action(ArgAction::SetTrue)
    };
    Command::new("explain")
        .about("Tell which server a client's connection has or would get, and why; exit with 1 if none")
        .arg(
            Arg::new("client")
                .value_name("CLIENT[:PORT]")
                .help("the client; without its port no connection is looked for")
                .required(true),
        )
        .arg(
            Arg::new("address")
                .value_name("ADDRESS:PORT")
                .help("what it asks for")
                .required(true),
        )
        .args(PROTOCOLS.map(protocol))
        .group(ArgGroup::new("protocol").args(PROTOCOLS.map(|(name, ..)| name)))
        .arg(
            Arg::new("mark")
                .long("mark")
                .value_name("N")
                .help("the firewall mark that its packets get")
                .value_parser(mark),
        )
        .arg(
            Arg::new("in")
                .long("in")
                .value_name("DEVICE")
                .help("the device that they come in by: tells whether the kernel delivers them here"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .help("for programs, as JSON")
                .action(ArgAction::SetTrue),
        )
}

fn mark(text: &str) -> Result<u32, String> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    u32::from_str_radix(digits, radix).map_err(|error| error.to_string())
}

/// What a command line asks.
pub fn question(matches: &ArgMatches, resolver: &dyn Resolver) -> Result<Question, String> {
    let protocol = PROTOCOLS
        .into_iter()
        .find(|(name, ..)| matches.get_flag(name))
        .map_or(Protocol::TCP, |(_, protocol, _)| protocol);
    let end = |id: &str| {
        let text = matches.get_one::<String>(id).map_or("", String::as_str);
        HostPort::parse(text, Some(protocol), resolver)
            .ok_or_else(|| format!("{text}: has to be an address and a port"))
    };
    let (client, asked) = (end("client")?, end("address")?);
    if Family::of(client.addr) != Family::of(asked.addr) {
        return Err("the client and what it asks for have to be of one family".to_owned());
    }
    Ok(Question {
        protocol,
        client: client.addr,
        client_port: client.port,
        addr: asked.addr,
        port: asked
            .port
            .ok_or_else(|| format!("{}: the port is missing", asked.addr))?,
        mark: matches.get_one("mark").copied().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::address::tests::FakeResolver;

    fn parse(line: &str) -> Option<Question> {
        let words = line.split_whitespace();
        let matches = command().try_get_matches_from(words).ok()?;
        question(&matches, &FakeResolver).ok()
    }

    #[test]
    fn clap_finds_no_contradiction() {
        command().debug_assert();
    }

    #[test]
    fn a_line_asks_a_question() {
        let asked = parse("explain 10.0.1.7:4711 web:http --mark 0x10").expect("a question");
        let expected = Question {
            protocol: Protocol::TCP,
            client: [10, 0, 1, 7].into(),
            client_port: Some(4711),
            addr: [10, 0, 0, 80].into(),
            port: 80,
            mark: 16,
        };
        assert_eq!(asked, expected);
        let asked = parse("explain --udp 2001:db8::7 [2001:db8::1]:53").expect("a question");
        assert_eq!((asked.client_port, asked.mark), (None, 0));
        assert_eq!(asked.protocol, Protocol::UDP);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "explain",
            "explain 10.0.1.7",
            "explain 10.0.1.7 10.0.1.100",
            "explain 10.0.1.7 [2001:db8::1]:80",
            "explain 10.0.1.7 10.0.1.100:80 --tcp --udp",
            "explain 10.0.1.7 10.0.1.100:80 --mark x",
            "explain 10.0.1.7 10.0.1.100:80 --mark 4294967296",
            "explain 10.0.1.7:x 10.0.1.100:80",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
