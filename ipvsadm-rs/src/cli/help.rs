// SPDX-License-Identifier: MIT OR GPL-2.0

//! Help, version and the hint for the lost.

use lvs_uapi::limits::version_parts;
use lvs_uapi::limits::IP_VS_VERSION_CODE;

use super::options::Meaning;
use super::options::Section;
use super::options::Spec;

/// The date of this release, year/month/day.
const RELEASE_DATE: &str = "2026/11/23";

/// The forms of command lines, the program's name left open.
const USAGE: &str = include_str!("help_usage.txt");
/// What the program's own name adds to them.
const OWN_USAGE: &str = "
What ipvsadm doesn't have:
  PROGRAM -L [virtual-service] [options] --json
  PROGRAM {-A|-E} virtual-service ... [--tcp-timeout TIME] [--tcp-fin-timeout TIME] [--udp-timeout TIME]
      [--sctp-timeout TIME] [--on-expiry {inherit|silent|reset}] [--slow-start TIME]
  PROGRAM apply FILE [--dry-run]
  PROGRAM {watch|top} [--interval SECONDS]
  PROGRAM monitor [--json]
  PROGRAM trace [--client ADDRESS[:PORT]] [--server ADDRESS[:PORT]] [--service KIND:service] [--event EVENT]...
      [--rate N] [--all-namespaces] [--json]
  PROGRAM drain {-t|-u|--sctp-service|-f} service [-6] -r server [--for TIME] [--then {keep|reset|forget}]
      [--persistent {move|keep}] [--wait]
  PROGRAM undrain {-t|-u|--sctp-service|-f} service [-6] -r server
  PROGRAM explain CLIENT[:PORT] ADDRESS:PORT [--tcp|--udp|--sctp] [--mark N] [--in DEVICE] [--json]
  PROGRAM sync status [--json]
  PROGRAM sync wait [--timeout TIME]
  PROGRAM sync key add ID [--file FILE]
  PROGRAM sync key {use|remove} ID
  PROGRAM sync peer {add|remove} ADDRESS[:PORT]
  PROGRAM sync receive {any|signed}
  PROGRAM xdp attach DEVICE...
  PROGRAM xdp detach {DEVICE...|--all}
  PROGRAM xdp list [--all] [--json]
  PROGRAM xdp check [DEVICE...]
  PROGRAM check {-t|-u|--sctp-service|-f} service [-6] [--min-servers N] [--min-weight W] [--json]
  PROGRAM metrics [--per-server] [--service KIND:service]...
  PROGRAM exporter --listen ADDR [--per-server] [--service KIND:service]...
  PROGRAM completions {bash|zsh|fish}
  PROGRAM man
";
/// Subcommands, below the program's own options.
#[rustfmt::skip]
const SUBCOMMANDS: &[(&str, &str)] = &[
    ("apply", "make the table equal to a file's: saved rules, JSON or TOML"),
    ("watch, top", "live table of rates, their last minute, states and drops"),
    ("monitor", "print what happens to services and servers"),
    ("trace", "print what lvs does with connections and packets"),
    ("drain", "give a server no new connections, and wait for those it has"),
    ("undrain", "give a drained server connections again"),
    ("explain", "tell which server a client's connection has or would get, and why"),
    ("sync", "synchronisation beyond ip_vs's: state, keys, peers"),
    ("xdp", "the way in front of the stack: attach, detach, list, check"),
    ("check", "tell whether a service has servers; exit with 1 if it hasn't"),
    ("metrics", "print metrics as Prometheus reads them"),
    ("exporter", "serve metrics over HTTP, at /metrics"),
    ("completions", "print the shell's completions"),
    ("man", "print the manual page"),
];

/// Where the text of an option begins, after two blanks.
const TEXT: usize = 36;
/// Where the text of a command begins, after two blanks.
const COMMAND_TEXT: usize = 28;

/// The version line.
pub fn version() -> String {
    let (major, minor, patch) = version_parts(IP_VS_VERSION_CODE);
    let release = env!("CARGO_PKG_VERSION");
    format!(
        "ipvsadm-rs v{release} {RELEASE_DATE} (compiled with clap and IPVS v{major}.{minor}.{patch})\n"
    )
}

/// The help text.
pub fn help(program: &str) -> String {
    let sections = [
        (
            "\nCommands:\nEither long or short options are allowed.\n",
            Section::Commands,
        ),
        ("\nvirtual-service:\n", Section::Services),
        ("\nOptions:\n", Section::Options),
        ("Daemon Options:\n", Section::DaemonOptions),
    ];
    let mut out = version() + &USAGE.replace("PROGRAM", program);
    for (title, section) in sections {
        out.push_str(title);
        out.push_str(&rows(section));
    }
    out
}

/// What ipvsadm doesn't have.
pub fn additions(program: &str) -> String {
    let mut out = OWN_USAGE.replace("PROGRAM", program) + "\n" + &rows(Section::Own);
    for (name, text) in SUBCOMMANDS {
        out.push_str(&format!("  {name:<TEXT$}{text}\n"));
    }
    out
}

/// Where to find help.
pub fn hint(program: &str) -> String {
    format!("Try `{program} -h' or '{program} --help' for more information.\n")
}

/// The rows of a section: names, then text, of which later lines begin below the first.
fn rows(section: Section) -> String {
    let width = match section {
        Section::Commands => COMMAND_TEXT,
        _ => TEXT,
    };
    let listed = section.specs().iter().filter(|spec| spec.is_listed);
    let row = |spec: &Spec| {
        let names = match spec.names {
            Some(names) => names.to_owned(),
            None => names(section, spec),
        };
        let text = spec.long_help.unwrap_or(spec.help);
        let indent = format!("\n  {:width$}", "");
        format!("  {names:<width$}{}\n", text.replace('\n', &indent))
    };
    listed.map(row).collect()
}

/// Names and value of an option, each section in its way.
fn names(section: Section, spec: &Spec) -> String {
    let long = format!("--{}", spec.long);
    let short = spec.short.map(|letter| format!("-{letter}"));
    let value = match spec.meaning {
        Meaning::Optional(name, _) => format!("[{name}]"),
        Meaning::Value(name, _) => name.to_owned(),
        _ => String::new(),
    };
    let names = match (section, short) {
        (Section::Commands, Some(short)) => {
            let alias = spec.alias.map(|letter| format!("|-{letter}"));
            format!("{long:<17} {short}{}", alias.unwrap_or_default())
        }
        (Section::Services, Some(short)) => format!("{:<17} {value}", long + "|" + &short),
        (Section::Services, None) => format!("{long:<17} {value}"),
        (Section::Options, Some(short)) => format!("{long:<14} {short} {value}"),
        (Section::Options, None) => format!("{long:<15} {value}"),
        _ => format!("{long} {value}"),
    };
    names.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ipvsadm prints, after its version line.
    const EXPECTED: &str = include_str!("help_expected.txt");

    #[test]
    fn help_is_ipvsadms() {
        let text = help("/sbin/ipvsadm");
        let (_, text) = text.split_once('\n').expect("a version line");
        assert_eq!(text, EXPECTED.replace("PROGRAM", "/sbin/ipvsadm"));
    }

    #[test]
    fn what_ipvsadm_lacks_is_added() {
        let text = additions("x");
        assert!(text.starts_with("\nWhat ipvsadm doesn't have:\n  x -L "));
        for row in [
            "\n\n  --json                              output as JSON, which",
            "\n  apply                               make the table equal",
        ] {
            assert!(text.contains(row), "{row}");
        }
    }
}
