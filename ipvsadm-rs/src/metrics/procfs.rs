// SPDX-License-Identifier: MIT OR GPL-2.0

//! What only files in `/proc/net` tell: totals of the namespace, and how the connection table is.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

use lvs_uapi::drop_reason::DropReason;

use crate::model::summary::Summary;
use crate::model::Stats;

/// Exists under lvs alone. Its last lines are about the connection table.
const LVS: &str = "/proc/net/lvs";
/// Occupancy of tables, in kernels that have it. For root alone.
const STATUS: &str = "/proc/net/ip_vs_status";
/// Totals, in hexadecimal.
const STATS: &str = "/proc/net/ip_vs_stats";

/// How the connection table is, as far as the module tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnTable {
    /// Connections and templates.
    pub entries: Option<u64>,
    /// Buckets.
    pub buckets: Option<u64>,
    /// Entries in the fullest bucket.
    pub longest: Option<u64>,
    /// Memory of buckets and entries, bytes.
    pub bytes: Option<u64>,
}

impl From<&Summary> for ConnTable {
    fn from(summary: &Summary) -> Self {
        ConnTable {
            entries: Some(summary.conns.into()),
            buckets: Some(summary.buckets.into()),
            longest: Some(summary.longest.into()),
            bytes: Some(summary.bytes),
        }
    }
}

/// Whether the module of this namespace is lvs.
pub fn is_lvs() -> bool {
    Path::new(LVS).exists()
}

/// Packets that were dropped, by reason, if the module tells.
pub type Drops = Option<[u64; DropReason::COUNT]>;

/// How the connection table is, and what was dropped: for a module that doesn't tell over netlink,
/// which is faster.
pub fn conn_table_and_drops() -> (ConnTable, Drops) {
    let path = if is_lvs() { LVS } else { STATUS };
    File::open(path)
        .map(|file| parse_conn_table(BufReader::new(file)))
        .unwrap_or_default()
}

/// Totals of the namespace. Only what counts up is filled in.
pub fn totals() -> Option<Stats> {
    parse_totals(BufReader::new(File::open(STATS).ok()?))
}

/// Reads the lines that begin with a name of interest, of either file. Rules come before, in any
/// number.
fn parse_conn_table(file: impl BufRead) -> (ConnTable, Drops) {
    let mut table = ConnTable::default();
    let mut drops: Drops = None;
    let mut in_drops = false;
    for line in file.lines().map_while(Result::ok) {
        let field = |name| number_after(&line, name);
        in_drops &= line.starts_with("  ");
        if field("Dropped ").is_some() {
            in_drops = true;
            drops = Some(Default::default());
        } else if in_drops {
            for (reason, count) in DropReason::ALL.iter().zip(drops.iter_mut().flatten()) {
                if let Some(dropped) =
                    number_after(line.trim_start(), &format!("{} ", reason.name()))
                {
                    *count = dropped;
                }
            }
        } else if let Some(entries) = field("Connections ").or_else(|| field("Conns:")) {
            table.entries = Some(entries);
        } else if let Some(buckets) = field("Buckets ").or_else(|| field("Conn buckets:")) {
            table.buckets = Some(buckets);
        } else if let Some(longest) = field("Longest chain ") {
            table.longest = Some(longest);
        } else if let Some(bytes) = field("Bytes ") {
            table.bytes = Some(bytes);
        }
    }
    (table, drops)
}

/// The number that follows a name at the beginning of a line.
fn number_after(line: &str, name: &str) -> Option<u64> {
    line.strip_prefix(name)?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// The third line has the totals.
fn parse_totals(file: impl BufRead) -> Option<Stats> {
    let line = file.lines().nth(2)?.ok()?;
    let numbers: Vec<u64> = line
        .split_whitespace()
        .map(|digits| u64::from_str_radix(digits, 16).ok())
        .collect::<Option<_>>()?;
    let [conns, inpkts, outpkts, inbytes, outbytes] = numbers[..] else {
        return None;
    };
    Some(Stats {
        conns,
        inpkts,
        outpkts,
        inbytes,
        outbytes,
        ..Stats::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_lvs() {
        let text = "\
Service / server                     Method   Weight     Active   Inactive    Connections
TCP 10.0.1.100:80                    wlc                                               12
  10.0.2.11:80                       NAT           1          3          4             12

Connections                       7
Buckets                         256
Longest chain                     2
Bytes                          3000
Prefetch                        off
Dropped                           5
  no_server                       3
  ttl                             2
Sync sent                         9
  ttl                             7
";
        let (table, drops) = parse_conn_table(text.as_bytes());
        let mut expected = [0; DropReason::COUNT];
        expected[DropReason::NoServer.number()] = 3;
        expected[DropReason::Ttl.number()] = 2;
        assert_eq!(drops, Some(expected));
        assert_eq!(
            table,
            ConnTable {
                entries: Some(7),
                buckets: Some(256),
                longest: Some(2),
                bytes: Some(3000),
            }
        );
    }

    #[test]
    fn the_table_of_ip_vs() {
        let text = "Conns:\t7\nConn buckets:\t256 (8 bits, lfactor -4)\nServices:\t1\n\
                    Service buckets:\t16 (4 bits, lfactor 0)\n";
        let (table, drops) = parse_conn_table(text.as_bytes());
        assert_eq!(drops, None);
        assert_eq!(
            table,
            ConnTable {
                entries: Some(7),
                buckets: Some(256),
                longest: None,
                bytes: None,
            }
        );
    }

    #[test]
    fn totals_are_hexadecimal() {
        let text = "   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
       A       1F        0 FFFFFFFFFFFFFFFF                2

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        1        1                1                1
";
        let totals = parse_totals(text.as_bytes()).expect("totals");
        let counted = (totals.conns, totals.inpkts, totals.outpkts);
        assert_eq!(counted, (10, 31, 0));
        assert_eq!((totals.inbytes, totals.outbytes), (u64::MAX, 2));
        assert_eq!(parse_totals("a\nb\nx 1 2 3 4\n".as_bytes()), None);
        assert_eq!(parse_totals("a\nb\n1 2 3 4\n".as_bytes()), None);
    }
}
