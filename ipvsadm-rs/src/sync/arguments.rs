// SPDX-License-Identifier: MIT OR GPL-2.0

//! The command lines of `sync`.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Arg;
use clap::ArgAction;
use clap::Command;
use clap::ValueHint;

/// `sync` as clap has it.
pub fn command() -> Command {
    let status = Command::new("status")
        .about("Show how far it is, who else is there, what was refused")
        .arg(
            Arg::new("json")
                .long("json")
                .help("print a JSON document")
                .action(ArgAction::SetTrue),
        );
    let wait = Command::new("wait")
        .about("Wait until all connections are there, or nobody else has any; exit with 1 if not")
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("TIME")
                .help("give up after this time, as 90s, 500ms or 2m; without it never")
                .value_parser(time),
        );
    let receive = Command::new("receive")
        .about("Take anything from now on, or only what is signed by a known key")
        .arg(
            Arg::new("what")
                .value_name("WHAT")
                .required(true)
                .value_parser(["any", "signed"]),
        );
    parent("sync", "Synchronisation beyond ip_vs's")
        .subcommand(status)
        .subcommand(wait)
        .subcommand(key())
        .subcommand(peer())
        .subcommand(receive)
}

fn parent(name: &'static str, about: &'static str) -> Command {
    Command::new(name)
        .about(about)
        .subcommand_required(true)
        .disable_help_subcommand(true)
}

fn key() -> Command {
    let id = || {
        Arg::new("id")
            .value_name("ID")
            .help("number of the key, 1 to 65535, the same on all directors")
            .required(true)
            .value_parser(clap::value_parser!(u16).range(1..))
    };
    let add = Command::new("add")
        .about("Add a key of 16 to 64 bytes from a file or standard input; the first one signs")
        .arg(id())
        .arg(
            Arg::new("file")
                .long("file")
                .value_name("FILE")
                .help("where the key is, a newline at its end aside; - for standard input")
                .default_value("-")
                .value_hint(ValueHint::FilePath),
        );
    parent("key", "Keys that datagrams are signed with, two at most")
        .subcommand(add)
        .subcommand(
            Command::new("use")
                .about("Sign with this key from now on")
                .arg(id()),
        )
        .subcommand(Command::new("remove").about("Remove a key").arg(id()))
}

fn peer() -> Command {
    let address = || {
        Arg::new("address")
            .value_name("ADDRESS[:PORT]")
            .help("where the peer listens; without a port the daemon's")
            .required(true)
            .value_parser(address)
    };
    parent("peer", "Peers that are told by unicast")
        .subcommand(Command::new("add").about("Add a peer").arg(address()))
        .subcommand(Command::new("remove").about("Remove a peer").arg(address()))
}

/// An address with a port or, as port 0, without one.
fn address(text: &str) -> Result<SocketAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let addr = match bare.unwrap_or(text).parse::<IpAddr>() {
        Ok(addr) => SocketAddr::new(addr, 0),
        Err(_) => text
            .parse::<SocketAddr>()
            .map_err(|_| "has to be a numeric address, or address:port".to_owned())?,
    };
    if addr.ip().is_multicast() || addr.ip().is_unspecified() {
        return Err("has to be the address of one host".to_owned());
    }
    Ok(addr)
}

/// A time with its unit; seconds without one.
pub fn time(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let unit = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (number, seconds) = unit.unwrap_or((text, 1.0));
    match number.parse::<f64>().map(|number| number * seconds) {
        Ok(seconds) if (0.001..=1e6).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("has to be a time, as 90s, 500ms or 2m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_contradiction() {
        command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [
            ("90s", 90_000),
            ("90", 90_000),
            ("500ms", 500),
            ("2m", 120_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "s", "-1s", "0", "1d", "nan", "inf", "1e99h"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_may_lack_a_port() {
        for (text, expected) in [
            ("10.0.0.2", "10.0.0.2:0"),
            ("10.0.0.2:8849", "10.0.0.2:8849"),
            ("fd00::2", "[fd00::2]:0"),
            ("[fd00::2]", "[fd00::2]:0"),
            ("[fd00::2]:8849", "[fd00::2]:8849"),
        ] {
            assert_eq!(address(text), Ok(expected.parse().expect("an address")));
        }
        for text in [
            "",
            "10.0.0",
            "224.0.0.81:8848",
            "ff02::51",
            "0.0.0.0",
            "::",
            "[10.0.0.2",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
