// SPDX-License-Identifier: MIT OR GPL-2.0

//! What metrics are made of, read at once.

use std::collections::HashSet;

use lvs_uapi::limits::version_parts;
use nix::errno::Errno;

use crate::client::Client;
use crate::client::Order;
use crate::error::Error;
use crate::model::summary::Summary;
use crate::model::sync::SyncStatus;
use crate::model::ServiceId;
use crate::model::Stats;
use crate::model::TableEntry;

use super::procfs;
use super::procfs::ConnTable;
use super::procfs::Drops;

/// What there are metrics of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of each server, too.
    pub per_server: bool,
    /// Of these services; of all if there are none.
    pub services: Vec<ServiceId>,
}

/// What was read of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Name of the module.
    pub module: &'static str,
    /// Version of IPVS.
    pub version: String,
    /// Totals of the namespace; only what counts up is filled in.
    pub totals: Option<Stats>,
    /// How the connection table is.
    pub table: ConnTable,
    /// Packets that were dropped.
    pub drops: Drops,
    /// What lvs counts beside services.
    pub summary: Option<Summary>,
    /// How synchronisation is, if the module tells.
    pub sync: Option<SyncStatus>,
    /// Services, no two of a name, nor two servers of one.
    pub services: Vec<TableEntry>,
}

impl Snapshot {
    /// Reads all that the scope needs. Services of the scope that aren't there are left out.
    pub fn read(client: &mut Client, scope: &Scope) -> Result<Self, Error> {
        let is_lvs = procfs::is_lvs();
        let services = match scope.services.as_slice() {
            [] => client.table(Order::Sorted)?,
            ids => chosen(client, ids)?,
        };
        let summary = client.control().summary();
        let (mut table, drops) = match &summary {
            Some(summary) => (ConnTable::from(summary), Some(summary.drops)),
            None => procfs::conn_table_and_drops(),
        };
        let info = client.info();
        table.buckets = table.buckets.or(Some(info.conn_tab_size.into()));
        let (major, minor, patch) = version_parts(info.version);
        Ok(Snapshot {
            module: if is_lvs { "lvs" } else { "ip_vs" },
            version: format!("{major}.{minor}.{patch}"),
            totals: procfs::totals(),
            table,
            drops,
            summary,
            sync: client.control().sync_status(),
            services: distinct(services),
        })
    }
}

/// Those of the services that are there.
fn chosen(client: &mut Client, ids: &[ServiceId]) -> Result<Vec<TableEntry>, Error> {
    let mut found = Vec::new();
    for id in ids {
        match client.entry(id, Order::Sorted) {
            Ok(entry) => found.push(entry),
            Err(error) if error.errno() == Some(Errno::ESRCH) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The kernel's lists go by places, so what is behind something that is added while they are read
/// may come twice. A second series of a name would void all of them.
fn distinct(mut services: Vec<TableEntry>) -> Vec<TableEntry> {
    let mut seen = HashSet::new();
    services.retain(|item| seen.insert(item.entry.service.id));
    for item in &mut services {
        let mut seen = HashSet::new();
        item.dests
            .retain(|entry| seen.insert((entry.dest.addr, entry.dest.port)));
    }
    services
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::DestEntry;
    use crate::model::ServiceEntry;
    use crate::render::list::tests::dest;
    use crate::render::list::tests::service;

    /// Counters that begin with this number.
    fn stats(first: u64) -> Stats {
        Stats {
            conns: first,
            inpkts: first + 1,
            outpkts: first + 2,
            inbytes: first + 3,
            outbytes: first + 4,
            ..Stats::default()
        }
    }

    /// A service with servers, whose counters begin with these numbers.
    pub(crate) fn item(id: ServiceId, first: u64, servers: &[(&str, u64)]) -> TableEntry {
        let mut service = service("10.0.0.1:80");
        service.id = id;
        let entry = |(server, first): &(&str, u64)| DestEntry {
            dest: dest(server),
            active: 5,
            inactive: 6,
            persistent: 7,
            drain: None,
            ramp: None,
            stats: stats(*first),
        };
        TableEntry {
            entry: ServiceEntry {
                service,
                stats: stats(first),
            },
            dests: servers.iter().map(entry).collect(),
        }
    }

    #[test]
    fn what_comes_twice_counts_once() {
        let id = service("10.0.0.1:80").id;
        let other = service("10.0.0.1:81").id;
        let services = distinct(vec![
            item(id, 1, &[("10.0.0.2:80", 2), ("10.0.0.3:80", 3)]),
            item(other, 4, &[("10.0.0.2:80", 5), ("10.0.0.2:80", 6)]),
            item(id, 7, &[]),
        ]);
        let expected = vec![
            item(id, 1, &[("10.0.0.2:80", 2), ("10.0.0.3:80", 3)]),
            item(other, 4, &[("10.0.0.2:80", 5)]),
        ];
        assert_eq!(services, expected);
    }
}
