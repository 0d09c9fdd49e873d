// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command line of `trace`.

use clap::value_parser;
use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Command;

use crate::cli::address::HostPort;
use crate::cli::address::Resolver;
use crate::model::ServiceId;

use super::event::Kind;
use super::filter::Filter;
use super::filter::Peer;

/// The subcommand as clap has it; `service` reads a service's word.
pub fn command(service: fn(&str) -> Result<ServiceId, String>) -> Command {
    let peer = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("ADDRESS[:PORT]")
            .help(help)
    };
    Command::new("trace")
        .about("Print what lvs does with connections and packets, as its trace events tell, until a signal comes")
        .arg(peer("client", "only of this client"))
        .arg(peer("server", "only of this real server"))
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("SERVICE")
                .help("only of this service, as tcp:10.0.0.1:80; of fwmark:5 only the choices of servers")
                .value_parser(service),
        )
        .arg(
            Arg::new("event")
                .long("event")
                .value_name("EVENT")
                .help("only events of this kind and of others named so")
                .value_parser(Kind::ALL.map(Kind::name))
                .action(ArgAction::Append),
        )
        .arg(
            Arg::new("rate")
                .long("rate")
                .value_name("N")
                .help("most lines a second; it is said how many were left out; 0: no limit")
                .value_parser(value_parser!(u32))
                .default_value("100"),
        )
        .arg(
            Arg::new("all-namespaces")
                .long("all-namespaces")
                .help("of all network namespaces, not only of this one")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .help("an object of JSON a line")
                .action(ArgAction::SetTrue),
        )
}

/// What a command line asks for; `netns` is this network namespace.
pub(super) fn filter(
    matches: &ArgMatches,
    netns: Option<u32>,
    resolver: &dyn Resolver,
) -> Result<Filter, String> {
    let peer = |id: &str| match matches.get_one::<String>(id) {
        None => Ok(None),
        Some(text) => HostPort::parse(text, None, resolver)
            .map(|end| {
                Some(Peer {
                    addr: end.addr,
                    port: end.port.filter(|port| *port != 0),
                })
            })
            .ok_or_else(|| format!("{text}: has to be an address, and may have a port")),
    };
    let names = matches.get_many::<String>("event").unwrap_or_default();
    let mut kinds: Vec<Kind> = names.filter_map(|name| Kind::named(name)).collect();
    let service = matches.get_one::<ServiceId>("service").copied();
    if let Some(ServiceId::Mark { .. }) = service {
        if kinds.iter().any(|kind| *kind != Kind::Schedule) {
            return Err(
                "of a service by its mark only the choices of servers are known".to_owned(),
            );
        }
        kinds = vec![Kind::Schedule];
    }
    if kinds.is_empty() {
        kinds = Kind::ALL.to_vec();
    }
    Ok(Filter {
        kinds,
        client: peer("client")?,
        server: peer("server")?,
        service,
        netns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::address::tests::FakeResolver;
    use crate::model::Family;

    fn parse(line: &str) -> Result<Filter, String> {
        let service = |text: &str| match text {
            "fwmark:5" => Ok(ServiceId::Mark {
                mark: 5,
                family: Family::V4,
            }),
            _ => Err("no".to_owned()),
        };
        let words = line.split_whitespace();
        let matches = command(service)
            .try_get_matches_from(words)
            .map_err(|error| error.to_string())?;
        filter(&matches, Some(7), &FakeResolver)
    }

    #[test]
    fn clap_finds_no_contradiction() {
        command(|_| Err(String::new())).debug_assert();
    }

    #[test]
    fn a_line_makes_a_filter() {
        let all = parse("trace").expect("a filter");
        assert_eq!(all.kinds, Kind::ALL);
        assert_eq!(all.netns, Some(7));
        let some =
            parse("trace --client 10.0.1.7:4711 --server 2001:db8::7 --event drop --event state");
        let some = some.expect("a filter");
        assert_eq!(some.kinds, [Kind::Drop, Kind::State]);
        let client = Peer {
            addr: [10, 0, 1, 7].into(),
            port: Some(4711),
        };
        assert_eq!(some.client, Some(client));
        assert_eq!(some.server.and_then(|server| server.port), None);
        let marked = parse("trace --service fwmark:5").expect("a filter");
        assert_eq!(marked.kinds, [Kind::Schedule]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "trace --event packet",
            "trace --client 10.0.1.x",
            "trace --rate -1",
            "trace --service nonsense",
            "trace --service fwmark:5 --event drop",
            "trace 10.0.1.1",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
