// SPDX-License-Identifier: MIT OR GPL-2.0

//! Completions of shells: options from their definitions, services and servers from the kernel.

use clap_complete::generate;
use clap_complete::Shell;

use crate::definition;
use crate::program::OWN_NAME;

/// Options whose values come from the kernel, with the kind of candidates.
const LIVE: [(Option<char>, &str, &str); 5] = [
    (Some('t'), "tcp-service", "tcp"),
    (Some('u'), "udp-service", "udp"),
    (None, "sctp-service", "sctp"),
    (Some('f'), "fwmark-service", "fwmark"),
    (Some('r'), "real-server", "server"),
];

/// Bash: asks for candidates before the options that take them, and leaves the rest to clap's
/// function.
const BASH: &str = include_str!("live.bash");
/// Zsh: what clap's function calls for candidates.
const ZSH: &str = include_str!("live.zsh");

/// The completions of a shell.
pub fn script(shell: &str) -> String {
    let shell = match shell {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut bytes = Vec::new();
    generate(shell, &mut definition::whole(), OWN_NAME, &mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    match shell {
        Shell::Zsh => zsh(&text),
        Shell::Fish => fish(&text),
        _ => format!("{}\n{BASH}", bash(&text)),
    }
}

/// Clap's function has two names for what follows a command's name that has a dash.
fn bash(text: &str) -> String {
    text.replace("ipvsadm__subcmd__rs", "ipvsadm__rs")
}

fn zsh(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let live = LIVE.iter().find(|(short, long, _)| {
            line.contains(&format!("--{long}="))
                || short.is_some_and(|short| line.contains(&format!("'-{short}+")))
        });
        match live {
            Some((_, _, kind)) => {
                let ask = format!(":{{_ipvsadm_rs_live {kind}}}'");
                out.push_str(&line.replace(":_default'", &ask));
            }
            None => out.push_str(line),
        }
        out.push('\n');
        if line.starts_with("autoload") {
            out.push('\n');
            out.push_str(ZSH);
        }
    }
    out
}

fn fish(text: &str) -> String {
    // Clap's function parses what was typed so far, and fails at an option that waits for its
    // value.
    let commands: Vec<_> = definition::whole()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    let no_command = format!("not __fish_seen_subcommand_from {}", commands.join(" "));
    let mut out = text.replace(
        "-n \"__fish_ipvsadm_rs_needs_command\"",
        &format!("-n \"{no_command}\""),
    );
    for (short, long, kind) in LIVE {
        let short = short
            .map(|short| format!(" -s {short}"))
            .unwrap_or_default();
        out.push_str(&format!(
            "complete -c {OWN_NAME}{short} -l {long} -x -a '({OWN_NAME} candidates {kind} -- (commandline -opc) 2>/dev/null)'\n"
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_knows_options_and_asks_for_services() {
        for (shell, ask) in [
            ("bash", "candidates \"$kind\""),
            ("zsh", "{_ipvsadm_rs_live tcp}"),
            ("fish", "candidates tcp"),
        ] {
            let text = script(shell);
            for part in ["persistent-conn", "dry-run", "watch", ask] {
                assert!(text.contains(part), "{part} for {shell}");
            }
            // What the shells ask with isn't offered, nor is a command that there isn't.
            for part in [
                "Print services or servers",
                "Print this message or the help of",
            ] {
                assert!(!text.contains(part), "{part} for {shell}");
            }
        }
    }

    #[test]
    fn bash_leaves_the_rest_to_a_function_that_is_there() {
        assert!(script("bash").contains("_ipvsadm__rs() {"));
        assert!(BASH.contains("_ipvsadm__rs \"$@\""));
    }

    #[test]
    fn bash_knows_each_command_that_it_finds() {
        let text = script("bash");
        let found: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("cmd=\"")?.strip_suffix('"'))
            .filter(|name| !name.is_empty())
            .collect();
        assert!(found.len() > 10, "{found:?}");
        for name in found {
            let label = format!("\n        {name})\n");
            assert!(text.contains(&label), "{name}");
        }
    }

    #[test]
    fn fish_completes_values_of_options() {
        let text = script("fish");
        assert!(text.contains("not __fish_seen_subcommand_from apply"));
        assert!(!text.contains("-n \"__fish_ipvsadm_rs_needs_command\""));
    }

    #[test]
    fn zsh_asks_for_every_kind() {
        let text = script("zsh");
        assert!(text.contains("case $line[1] in"));
        for (_, long, kind) in LIVE {
            let ask = format!("_ipvsadm_rs_live {kind}}}");
            assert!(text.contains(&ask), "{long}");
        }
    }
}
