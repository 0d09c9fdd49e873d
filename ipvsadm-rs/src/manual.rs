// SPDX-License-Identifier: MIT OR GPL-2.0

//! The manual page: options from their table, schedulers from the document about them, the rest
//! from the README.

use clap_mangen::Man;

use crate::definition;

/// Where the text comes from.
const README: &str = include_str!("../README.md");
/// Where the README begins to be for people who read the code.
const NOT_FOR_USERS: &str = "## Reading the code";
/// What is said of schedulers.
const SCHEDULERS: &str = include_str!("../../docs/schedulers.md");
/// Its sections for users of the command: which to choose, and their flags.
const FOR_USERS: [(&str, &str); 2] = [("# Schedulers\n", "\n!["), ("## Flags\n", "\n## ")];

/// The page in the language of man.
pub fn page() -> String {
    let man = Man::new(definition::whole())
        .section("8")
        .title("IPVSADM-RS")
        .manual("Linux Virtual Server");
    let mut bytes = Vec::new();
    // Writing to memory doesn't fail.
    let _ = man.render_title(&mut bytes);
    let _ = man.render_name_section(&mut bytes);
    let mut out = String::from_utf8_lossy(&bytes).into_owned();
    out.push_str(SYNOPSIS);
    let text = README.split(NOT_FOR_USERS).next().unwrap_or_default();
    let (introduction, sections) = text.split_once("\n## ").unwrap_or((text, ""));
    out.push_str(".SH DESCRIPTION\n");
    let introduction = introduction.split_once('\n').map_or("", |(_, text)| text);
    roff(introduction, &mut out);
    let mut options = Vec::new();
    let _ = man.render_options_section(&mut options);
    out.push_str(&String::from_utf8_lossy(&options));
    commands(&mut out);
    out.push_str(".SH SCHEDULERS\n");
    for (begin, end) in FOR_USERS {
        roff(between(SCHEDULERS, begin, end), &mut out);
    }
    roff(&format!("## {sections}"), &mut out);
    out.push_str(".SH \"SEE ALSO\"\nipvsadm(8), ipvsadm-save(8), ipvsadm-restore(8)\n");
    out
}

const SYNOPSIS: &str = "\
.SH SYNOPSIS
.nf
\\fBipvsadm\\-rs\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]
\\fBipvsadm\\-rs\\fR {\\fB\\-A\\fR|\\fB\\-E\\fR} \\fIVIRTUAL\\-SERVICE\\fR ... [\\fB\\-\\-tcp\\-timeout\\fR \\fITIME\\fR] [\\fB\\-\\-tcp\\-fin\\-timeout\\fR \\fITIME\\fR] \
[\\fB\\-\\-udp\\-timeout\\fR \\fITIME\\fR] [\\fB\\-\\-sctp\\-timeout\\fR \\fITIME\\fR] [\\fB\\-\\-on\\-expiry\\fR {\\fBinherit\\fR|\\fBsilent\\fR|\\fBreset\\fR}] [\\fB\\-\\-slow\\-start\\fR \\fITIME\\fR]
\\fBipvsadm\\-rs\\fR \\fBapply\\fR \\fIFILE\\fR [\\fB\\-\\-dry\\-run\\fR]
\\fBipvsadm\\-rs\\fR {\\fBwatch\\fR|\\fBtop\\fR} [\\fB\\-\\-interval\\fR \\fISECONDS\\fR]
\\fBipvsadm\\-rs\\fR \\fBmonitor\\fR [\\fB\\-\\-json\\fR]
\\fBipvsadm\\-rs\\fR \\fBtrace\\fR [\\fB\\-\\-client\\fR \\fIADDRESS\\fR[:\\fIPORT\\fR]] [\\fB\\-\\-server\\fR \\fIADDRESS\\fR[:\\fIPORT\\fR]] \
[\\fB\\-\\-service\\fR \\fIKIND\\fR:\\fISERVICE\\fR] [\\fB\\-\\-event\\fR \\fIEVENT\\fR]... [\\fB\\-\\-rate\\fR \\fIN\\fR] \
[\\fB\\-\\-all\\-namespaces\\fR] [\\fB\\-\\-json\\fR]
\\fBipvsadm\\-rs\\fR \\fBdrain\\fR {\\fB\\-t\\fR|\\fB\\-u\\fR|\\fB\\-\\-sctp\\-service\\fR|\\fB\\-f\\fR} \\fISERVICE\\fR [\\fB\\-6\\fR] \
\\fB\\-r\\fR \\fISERVER\\fR [\\fB\\-\\-for\\fR \\fITIME\\fR] [\\fB\\-\\-then\\fR {\\fBkeep\\fR|\\fBreset\\fR|\\fBforget\\fR}] \
[\\fB\\-\\-persistent\\fR {\\fBmove\\fR|\\fBkeep\\fR}] [\\fB\\-\\-wait\\fR]
\\fBipvsadm\\-rs\\fR \\fBundrain\\fR {\\fB\\-t\\fR|\\fB\\-u\\fR|\\fB\\-\\-sctp\\-service\\fR|\\fB\\-f\\fR} \\fISERVICE\\fR [\\fB\\-6\\fR] \
\\fB\\-r\\fR \\fISERVER\\fR
\\fBipvsadm\\-rs\\fR \\fBexplain\\fR \\fICLIENT\\fR[:\\fIPORT\\fR] \\fIADDRESS\\fR:\\fIPORT\\fR \
[\\fB\\-\\-tcp\\fR|\\fB\\-\\-udp\\fR|\\fB\\-\\-sctp\\fR] [\\fB\\-\\-mark\\fR \\fIN\\fR] [\\fB\\-\\-in\\fR \\fIDEVICE\\fR] [\\fB\\-\\-json\\fR]
\\fBipvsadm\\-rs\\fR \\fBsave\\-state\\fR \\fIFILE\\fR
\\fBipvsadm\\-rs\\fR \\fBload\\-state\\fR \\fIFILE\\fR [\\fB\\-\\-check\\fR]
\\fBipvsadm\\-rs\\fR \\fBsync status\\fR [\\fB\\-\\-json\\fR]
\\fBipvsadm\\-rs\\fR \\fBsync wait\\fR [\\fB\\-\\-timeout\\fR \\fITIME\\fR]
\\fBipvsadm\\-rs\\fR \\fBsync key add\\fR \\fIID\\fR [\\fB\\-\\-file\\fR \\fIFILE\\fR]
\\fBipvsadm\\-rs\\fR \\fBsync key\\fR {\\fBuse\\fR|\\fBremove\\fR} \\fIID\\fR
\\fBipvsadm\\-rs\\fR \\fBsync peer\\fR {\\fBadd\\fR|\\fBremove\\fR} \\fIADDRESS\\fR[:\\fIPORT\\fR]
\\fBipvsadm\\-rs\\fR \\fBsync receive\\fR {\\fBany\\fR|\\fBsigned\\fR}
\\fBipvsadm\\-rs\\fR \\fBxdp attach\\fR \\fIDEVICE\\fR...
\\fBipvsadm\\-rs\\fR \\fBxdp detach\\fR {\\fIDEVICE\\fR...|\\fB\\-\\-all\\fR}
\\fBipvsadm\\-rs\\fR \\fBxdp list\\fR [\\fB\\-\\-all\\fR] [\\fB\\-\\-json\\fR]
\\fBipvsadm\\-rs\\fR \\fBxdp check\\fR [\\fIDEVICE\\fR...]
\\fBipvsadm\\-rs\\fR \\fBcheck\\fR {\\fB\\-t\\fR|\\fB\\-u\\fR|\\fB\\-\\-sctp\\-service\\fR|\\fB\\-f\\fR} \\fISERVICE\\fR [\\fB\\-6\\fR] \
[\\fB\\-\\-min\\-servers\\fR \\fIN\\fR] [\\fB\\-\\-min\\-weight\\fR \\fIW\\fR] [\\fB\\-\\-json\\fR]
\\fBipvsadm\\-rs\\fR \\fBmetrics\\fR [\\fB\\-\\-per\\-server\\fR] [\\fB\\-\\-service\\fR \\fIKIND\\fR:\\fISERVICE\\fR]...
\\fBipvsadm\\-rs\\fR \\fBexporter\\fR \\fB\\-\\-listen\\fR \\fIADDR\\fR [\\fB\\-\\-per\\-server\\fR] [\\fB\\-\\-service\\fR \\fIKIND\\fR:\\fISERVICE\\fR]...
\\fBipvsadm\\-rs\\fR \\fBcompletions\\fR {\\fBbash\\fR|\\fBzsh\\fR|\\fBfish\\fR}
\\fBipvsadm\\-rs\\fR \\fBman\\fR
.fi
";

/// The part of a text between two others.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, text) = text.split_once(begin).unwrap_or_default();
    text.split(end).next().unwrap_or_default()
}

/// What isn't an option.
fn commands(out: &mut String) {
    out.push_str(".SH COMMANDS\n");
    for command in definition::subcommands() {
        if !command.is_hide_set() {
            entry(&command, command.get_name(), out);
        }
    }
}

/// A command with its options, or those that it consists of.
fn entry(command: &clap::Command, name: &str, out: &mut String) {
    let mut parts = command.get_subcommands().peekable();
    if parts.peek().is_some() {
        for part in parts {
            entry(part, &format!("{name} {}", part.get_name()), out);
        }
        return;
    }
    let about = command.get_about().map(ToString::to_string);
    let lines = [
        ".TP".to_owned(),
        format!("\\fB{}\\fR", escape(name)),
        escape(&about.unwrap_or_default()),
    ];
    out.push_str(&(lines.join("\n") + "\n"));
    for arg in command.get_arguments() {
        let name = match arg.get_long() {
            Some(long) => format!("--{long}"),
            None => continue,
        };
        let help = arg.get_help().map(ToString::to_string);
        let help = escape(&help.unwrap_or_default());
        out.push_str(&format!("\n\\fB{}\\fR: {help}\n", escape(&name)));
    }
}

/// Turns the README's markup into man's: headings, paragraphs, tables, lists and code.
fn roff(text: &str, out: &mut String) {
    let mut code = false;
    let mut titles: Option<Vec<String>> = None;
    for line in text.lines() {
        if line.starts_with("```") {
            code = !code;
            out.push_str(if code {
                ".PP\n.RS 4\n.nf\n"
            } else {
                ".fi\n.RE\n"
            });
        } else if code {
            out.push_str(&(escape(line) + "\n"));
        } else if let Some(title) = line.strip_prefix("## ") {
            let title = escape(&title.to_uppercase());
            out.push_str(&format!(".SH \"{title}\"\n"));
        } else if let Some(row) = line.strip_prefix('|') {
            table_row(row, &mut titles, out);
            continue;
        } else if let Some(item) = line.strip_prefix("- ") {
            out.push_str(&format!(".IP \\(bu 2\n{}\n", inline(item)));
        } else if line.is_empty() {
            out.push_str(".PP\n");
        } else {
            out.push_str(&(inline(line) + "\n"));
        }
        titles = None;
    }
}

/// A row: the first cell with the others below it, each after its column's title.
fn table_row(row: &str, titles: &mut Option<Vec<String>>, out: &mut String) {
    let row = row.trim_end_matches('|');
    let cells: Vec<String> = row.split('|').map(|cell| inline(cell.trim())).collect();
    let Some(titles) = titles else {
        *titles = Some(cells);
        return;
    };
    if row.starts_with("--") {
        return;
    }
    let mut cells = cells.iter().zip(titles.iter());
    if let Some((first, _)) = cells.next() {
        out.push_str(&format!(".TP\n{first}\n"));
    }
    let mut rest = Vec::new();
    for (cell, title) in cells {
        rest.push(if title.is_empty() {
            cell.clone()
        } else {
            format!("{title}: {cell}")
        });
    }
    out.push_str(&(rest.join(";\n") + ".\n"));
}

/// Text with `code` in bold and without links.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in without_links(text).split('`').enumerate() {
        let part = escape(&part.replace("**", ""));
        out.push_str(&if i % 2 == 1 {
            format!("\\fB{part}\\fR")
        } else {
            part
        });
    }
    out
}

/// Text in which links are what they are called.
fn without_links(text: &str) -> String {
    let Some((before, (name, after))) = text.split_once("](").and_then(|(head, tail)| {
        let (before, name) = head.rsplit_once('[')?;
        let (_, after) = tail.split_once(')')?;
        Some((before, (name, after)))
    }) else {
        return text.to_owned();
    };
    format!("{before}{name}{}", without_links(after))
}

/// Text that means itself.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::options;

    #[test]
    fn the_page_has_options_and_differences() {
        let page = page();
        for part in [
            ".SH OPTIONS",
            "tun\\-remcsum",
            ".SH COMMANDS",
            "\\fBsync key add\\fR",
            "\\-\\-dry\\-run",
            "\\-\\-min\\-servers",
            "\\-\\-per\\-server",
            ".SH \"WHERE IT DIFFERS, ON PURPOSE\"",
            "360",
            ".SH \"EXIT STATUS\"",
        ] {
            assert!(page.contains(part), "{part}");
        }
        // What is for people who read the code isn't for those who read the page.
        for part in ["src/", "tests/", "crate", "docs/", "]("] {
            assert!(!page.contains(part), "{part}");
        }
    }

    #[test]
    fn every_scheduler_is_explained() {
        let page = page();
        let (_, section) = page.split_once(".SH SCHEDULERS").expect("a section");
        let section = section.split(".SH").next().unwrap_or_default();
        for name in options::SCHEDULERS {
            assert!(
                section.contains(&format!(".TP\n\\fB{name}\\fR\n")),
                "{name}"
            );
        }
        for flag in ["sh\\-port", "mh\\-fallback", "flag\\-3"] {
            assert!(section.contains(flag), "{flag}");
        }
    }

    #[test]
    fn links_are_what_they_are_called() {
        assert_eq!(without_links("a [b](c) d [e](f)"), "a b d e");
        assert_eq!(without_links("host[:port] (x)"), "host[:port] (x)");
    }

    #[test]
    fn dots_and_dashes_mean_themselves() {
        assert_eq!(escape(".x -a \\"), "\\&.x \\-a \\e");
        assert_eq!(inline("a `-b` c"), "a \\fB\\-b\\fR c");
    }
}
