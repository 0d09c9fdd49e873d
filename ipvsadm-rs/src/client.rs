// SPDX-License-Identifier: MIT OR GPL-2.0

//! The kernel's control interface, whichever way it is reached.

use crate::change::Change;
use crate::error::Error;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::DestEntry;
use crate::model::Info;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::TableEntry;
use crate::model::Timeouts;
use crate::netlink::control::Netlink;
use crate::render::sort;
use crate::sockopt::control::Sockopt;

/// What the kernel can be asked.
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
    /// One service.
    fn service(&mut self, id: &ServiceId) -> Result<ServiceEntry, Error>;
    /// The servers of a service, in the kernel's order.
    fn dests(&mut self, id: &ServiceId) -> Result<Vec<DestEntry>, Error>;
    /// Adds a service.
    fn add_service(&mut self, service: &Service) -> Result<(), Error>;
    /// Changes a service.
    fn edit_service(&mut self, service: &Service) -> Result<(), Error>;
    /// Deletes a service.
    fn delete_service(&mut self, id: &ServiceId) -> Result<(), Error>;
    /// Deletes all services.
    fn flush(&mut self) -> Result<(), Error>;
    /// Zeroes the counters of a service or of everything.
    fn zero(&mut self, id: Option<&ServiceId>) -> Result<(), Error>;
    /// Adds a server.
    fn add_dest(&mut self, id: &ServiceId, dest: &Dest) -> Result<(), Error>;
    /// Changes a server.
    fn edit_dest(&mut self, id: &ServiceId, dest: &Dest) -> Result<(), Error>;
    /// Deletes a server.
    fn delete_dest(&mut self, id: &ServiceId, dest: &Dest) -> Result<(), Error>;
    /// Timeouts of connections.
    fn timeouts(&mut self) -> Result<Timeouts, Error>;
    /// Changes timeouts of connections.
    fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<(), Error>;
    /// The running synchronisation daemons.
    fn daemons(&mut self) -> Result<Vec<Daemon>, Error>;
    /// Starts a synchronisation daemon.
    fn start_daemon(&mut self, daemon: &Daemon) -> Result<(), Error>;
    /// Stops a synchronisation daemon.
    fn stop_daemon(&mut self, role: Role) -> Result<(), Error>;

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
        changes
            .iter()
            .map(|change| change.carry_out(self))
            .collect()
    }
}

/// Order of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the kernel has it.
    Kernel,
    /// By family, protocol, address and port.
    Sorted,
}

/// An open control interface.
///
/// ```no_run
/// use ipvsadm::client::Client;
///
/// # fn main() -> Result<(), ipvsadm::error::Error> {
/// let mut client = Client::open()?;
/// println!("{} buckets", client.info().conn_tab_size);
/// let timeouts = client.control().timeouts()?;
/// println!("TCP connections are forgotten after {} s", timeouts.tcp);
/// # Ok(())
/// # }
/// ```
pub struct Client {
    control: Box<dyn Control>,
    info: Info,
}

impl Client {
    /// Opens the control interface and asks for its version: over netlink, or over socket options where
    /// the family isn't there or isn't for us, as in a user namespace.
    pub fn open() -> Result<Self, Error> {
        Self::probe(Netlink::open()).or_else(|_| Self::probe(Sockopt::open()))
    }

    fn probe(control: Result<impl Control + 'static, Error>) -> Result<Self, Error> {
        let mut control = control?;
        let info = control.info()?;
        let control = Box::new(control);
        Ok(Client { control, info })
    }

    /// Version and size, as they were when the interface was opened.
    pub fn info(&self) -> Info {
        self.info
    }

    /// The control interface.
    pub fn control(&mut self) -> &mut dyn Control {
        self.control.as_mut()
    }

    /// All services with their servers.
    pub fn table(&mut self, order: Order) -> Result<Vec<TableEntry>, Error> {
        let entries = self.control.table()?;
        Ok(match order {
            Order::Kernel => entries,
            Order::Sorted => sort::table(entries),
        })
    }

    /// One service with its servers.
    pub fn entry(&mut self, id: &ServiceId, order: Order) -> Result<TableEntry, Error> {
        let entry = self.control.service(id)?;
        let mut dests = self.control.dests(id)?;
        if order == Order::Sorted {
            dests = sort::dests(dests);
        }
        Ok(TableEntry { entry, dests })
    }
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
