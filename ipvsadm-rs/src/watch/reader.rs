// SPDX-License-Identifier: MIT OR GPL-2.0

//! Reads the kernel's table beside the screen, so that keys are answered while tens of thousands of
//! servers are read and turned into rows.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::client::Client;
use crate::client::Order;
use crate::metrics::procfs;
use crate::model::TableEntry;

use super::dropped::Dropped;
use super::dropped::Drops;
use super::history::History;
use super::rows;
use super::rows::Group;
use super::rows::Key;
use super::rows::RATES;

/// Reading the table may take one part in so many of the time.
const SHARE: u32 = 5;

/// What was read at one time, ready to be shown.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Services and servers; what was read before stands if that failed.
    pub groups: Option<Vec<Group>>,
    /// The line at the top.
    pub title: String,
    /// Dropped packets by reason, if the module tells.
    pub dropped: Option<Vec<Dropped>>,
    /// Why there is nothing new.
    pub trouble: Option<String>,
}

/// Where the newest reading waits for the screen.
pub(super) type Slot = Arc<Mutex<Option<Reading>>>;

/// Takes the newest reading out.
pub(super) fn take(slot: &Slot) -> Option<Reading> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Reads again and again for as long as the program lives.
pub(super) fn start(client: Client, interval: Duration) -> io::Result<Slot> {
    let slot = Slot::default();
    let place = Arc::clone(&slot);
    let read = move || {
        let mut reader = Reader::new(client, interval);
        loop {
            let begun = Instant::now();
            let reading = reader.read();
            // What wasn't fetched is dropped here, which takes a while, too.
            let mut slot = place.lock().unwrap_or_else(PoisonError::into_inner);
            let stale = slot.replace(reading);
            drop(slot);
            drop(stale);
            let pause = interval.max(begun.elapsed() * SHARE);
            thread::sleep(pause.saturating_sub(begun.elapsed()));
        }
    };
    thread::Builder::new().spawn(read)?;
    Ok(slot)
}

struct Reader {
    /// None after it failed: the module may have gone and come back.
    client: Option<Client>,
    interval: Duration,
    start: Instant,
    history: History<Key, RATES>,
    drops: Drops,
    title: String,
}

impl Reader {
    fn new(client: Client, interval: Duration) -> Self {
        Reader {
            client: Some(client),
            interval,
            start: Instant::now(),
            history: History::default(),
            drops: Drops::default(),
            title: String::new(),
        }
    }

    fn read(&mut self) -> Reading {
        let table = self.client.take().map_or_else(Client::open, Ok);
        let table = table.and_then(|mut client| {
            let table = client.table(Order::Sorted)?;
            let dropped = client.control().summary().map(|summary| summary.drops);
            self.client = Some(client);
            Ok((table, dropped))
        });
        let now = self.start.elapsed().as_secs_f64();
        let (mut groups, mut dropped, mut trouble) = (None, None, None);
        match table {
            Ok((entries, counts)) => {
                dropped = counts.map(|counts| self.drops.take(&counts, now));
                self.title = title(&entries, self.interval);
                self.history.begin(now);
                groups = Some(rows::groups(&entries, &mut self.history));
                self.history.end();
            }
            Err(error) => trouble = Some(error.to_string()),
        }
        Reading {
            groups,
            title: self.title.clone(),
            dropped,
            trouble,
        }
    }
}

fn title(entries: &[TableEntry], interval: Duration) -> String {
    let servers: usize = entries.iter().map(|entry| entry.dests.len()).sum();
    let cps: u64 = entries.iter().map(|item| item.entry.stats.cps).sum();
    let module = if procfs::is_lvs() { "lvs" } else { "ip_vs" };
    format!(
        "{module}: {} services, {servers} servers, {cps} connections/s, every {} s",
        entries.len(),
        interval.as_secs_f64()
    )
}
