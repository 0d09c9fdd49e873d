// SPDX-License-Identifier: MIT OR GPL-2.0

//! What the kernel's control interface can do, whichever way it is reached.

use nix::errno::Errno;

use crate::change::Change;
use crate::error::Error;
use crate::error::Operation;
use crate::model::summary::Summary;
use crate::model::sync::SyncStatus;
use crate::model::Daemon;
use crate::model::DestEntry;
use crate::model::Info;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::TableEntry;
use crate::model::Timeouts;
use crate::transaction::Refusal;
use crate::transaction::Transaction;

/// A control interface.
pub trait Control {
    /// Version and size.
    fn info(&mut self) -> Result<Info, Error>;
    /// All services, in the kernel's order.
    fn services(&mut self) -> Result<Vec<ServiceEntry>, Error>;
    /// All services with their servers, in the kernel's order.
    ///
    /// Where the module is lvs this is one list; elsewhere one for each service.
    fn table(&mut self) -> Result<Vec<TableEntry>, Error> {
        service_by_service(self)
    }
    /// One service with its servers, in the kernel's order.
    ///
    /// Where the module is lvs this tells what ip_vs's services and servers don't have, too.
    fn entry(&mut self, id: &ServiceId) -> Result<TableEntry, Error> {
        service_and_dests(self, id)
    }
    /// One service.
    fn service(&mut self, id: &ServiceId) -> Result<ServiceEntry, Error>;
    /// The servers of a service, in the kernel's order.
    fn dests(&mut self, id: &ServiceId) -> Result<Vec<DestEntry>, Error>;
    /// Timeouts of connections.
    fn timeouts(&mut self) -> Result<Timeouts, Error>;
    /// The running synchronisation daemons.
    fn daemons(&mut self) -> Result<Vec<Daemon>, Error>;

    /// The generation of the rules, another one after each change of them; `None` where there are
    /// no transactions.
    fn generation(&mut self) -> Option<u32> {
        None
    }

    /// How the connection table is, and what was counted beside services; `None` where the module
    /// doesn't tell.
    fn summary(&mut self) -> Option<Summary> {
        None
    }

    /// How synchronisation is beyond daemons; `None` where the module doesn't tell.
    fn sync_status(&mut self) -> Option<SyncStatus> {
        None
    }

    /// Puts a transaction in force, all of it or nothing: where there is a
    /// [`generation`](Control::generation).
    fn transact(&mut self, transaction: &Transaction) -> Result<(), Refusal> {
        let _ = transaction;
        Err(Refusal::from(Error::Refused {
            operation: Operation::Transaction,
            errno: Errno::EOPNOTSUPP,
        }))
    }

    /// Makes a change.
    fn make(&mut self, change: &Change) -> Result<(), Error>;

    /// Makes changes in order, whether or not those before succeed. One result for each.
    ///
    /// Over netlink many are on their way at once, so this is faster than one call for each.
    ///
    /// ```no_run
    /// use ipvsadm::change::Change;
    /// use ipvsadm::client::Client;
    ///
    /// # fn main() -> Result<(), ipvsadm::error::Error> {
    /// let mut client = Client::open()?;
    /// let services = client.control().services()?;
    /// let deletions: Vec<Change> = services
    ///     .iter()
    ///     .map(|entry| Change::DeleteService(entry.service.id))
    ///     .collect();
    /// for error in client.control().submit(&deletions).into_iter().filter_map(Result::err) {
    ///     eprintln!("{error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn submit(&mut self, changes: &[Change]) -> Vec<Result<(), Error>> {
        changes.iter().map(|change| self.make(change)).collect()
    }
}

/// One service with its servers, by a request for each.
pub(crate) fn service_and_dests(
    control: &mut (impl Control + ?Sized),
    id: &ServiceId,
) -> Result<TableEntry, Error> {
    Ok(TableEntry {
        entry: control.service(id)?,
        dests: control.dests(id)?,
    })
}

/// All services with their servers, by a request for each service.
pub(crate) fn service_by_service(
    control: &mut (impl Control + ?Sized),
) -> Result<Vec<TableEntry>, Error> {
    let services = control.services()?;
    services
        .into_iter()
        .map(|entry| {
            let dests = control.dests(&entry.service.id)?;
            Ok(TableEntry { entry, dests })
        })
        .collect()
}
