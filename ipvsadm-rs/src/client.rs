// SPDX-License-Identifier: MIT OR GPL-2.0

//! An open control interface: which one, and what is read of it as a whole.

use crate::control::Control;
use crate::error::Error;
use crate::model::Info;
use crate::model::ServiceId;
use crate::model::TableEntry;
use crate::netlink::control::Netlink;
use crate::sockopt::control::Sockopt;
use crate::sort;

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
    control: Box<dyn Control + Send>,
    info: Info,
}

impl Client {
    /// Opens the control interface and asks for its version: over netlink, or over socket options
    /// where the family isn't there or isn't for us, as in a user namespace.
    pub fn open() -> Result<Self, Error> {
        Self::probe(Netlink::open()).or_else(|_| Self::probe(Sockopt::open()))
    }

    fn probe(control: Result<impl Control + Send + 'static, Error>) -> Result<Self, Error> {
        let mut control = control?;
        let info = control.info()?;
        let control = Box::new(control);
        Ok(Client { control, info })
    }

    /// One by this interface, of whichever version.
    #[cfg(test)]
    pub(crate) fn of(control: impl Control + Send + 'static) -> Self {
        Client {
            control: Box::new(control),
            info: Info::default(),
        }
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
        let mut entry = self.control.entry(id)?;
        if order == Order::Sorted {
            entry.dests = sort::dests(entry.dests);
        }
        Ok(entry)
    }
}
