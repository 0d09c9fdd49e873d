// SPDX-License-Identifier: MIT OR GPL-2.0

//! The control interface over generic netlink.

use std::path::Path;

use netlink_packet_core::DecodeError;
use nix::errno::Errno;

use lvs_uapi::genl::cmd;

use crate::change::Change;
use crate::control;
use crate::control::Control;
use crate::error::Error;
use crate::error::Operation;
use crate::model::summary::Summary;
use crate::model::sync::SyncStatus;
use crate::model::Daemon;
use crate::model::DestEntry;
use crate::model::Family;
use crate::model::Info;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::TableEntry;
use crate::model::Timeouts;
use crate::transaction::Refusal;
use crate::transaction::Transaction;

use super::daemon;
use super::dest;
use super::extras;
use super::message::Attr;
use super::message::InfoAttr;
use super::message::Message;
use super::message::Payload;
use super::requests;
use super::service;
use super::socket::Socket;
use super::summary;
use super::sync;
use super::table;
use super::transaction;

/// The control interface over generic netlink.
pub struct Netlink {
    socket: Socket,
    /// Number of the family that lists the whole table, once it was asked for.
    table_family: Option<u16>,
}

/// Exists where there is that family. Asking the kernel for it elsewhere would have it look for a
/// module.
const SIGN_OF_TABLE_FAMILY: &str = "/proc/net/lvs";

/// How often the table is listed at once before it is listed service by service, when it keeps
/// changing.
const ATTEMPTS: usize = 3;

impl Netlink {
    /// Finds the family.
    pub fn open() -> Result<Self, Error> {
        Ok(Netlink {
            socket: Socket::open()?,
            table_family: None,
        })
    }

    /// The number of the family that lists the whole table, where there is one.
    fn table_family(&mut self) -> Option<u16> {
        if self.table_family.is_none() && Path::new(SIGN_OF_TABLE_FAMILY).exists() {
            self.table_family = self.socket.resolve(lvs_uapi::lvs::FAMILY_NAME).ok();
        }
        self.table_family
    }

    /// The whole table in one list, or one service of it; `None` if it kept changing meanwhile, and
    /// where the module isn't lvs.
    fn table_at_once(&mut self, service: Option<&ServiceId>) -> Option<Vec<TableEntry>> {
        let family = self.table_family()?;
        (0..ATTEMPTS).find_map(|_| {
            let mut entries = Vec::new();
            let request = table::request(service);
            let take = |reply: &_| table::append(&mut entries, reply).map_err(Error::from);
            let is_consistent = self
                .socket
                .dump_of(family, Operation::GetServices, request, take);
            // An error may be due to changes, too.
            is_consistent.is_ok_and(|it| it).then_some(entries)
        })
    }
}

impl Control for Netlink {
    fn info(&mut self) -> Result<Info, Error> {
        let replies = self
            .socket
            .request(Operation::Init, cmd::GET_INFO, Vec::new())?;
        Ok(info(&replies))
    }

    fn services(&mut self) -> Result<Vec<ServiceEntry>, Error> {
        let mut entries = Vec::new();
        self.socket.dump(
            Operation::GetServices,
            cmd::GET_SERVICE,
            Vec::new(),
            |reply| append_services(&mut entries, reply),
        )?;
        Ok(entries)
    }

    fn table(&mut self) -> Result<Vec<TableEntry>, Error> {
        match self.table_at_once(None) {
            Some(entries) => Ok(entries),
            None => control::service_by_service(self),
        }
    }

    fn entry(&mut self, id: &ServiceId) -> Result<TableEntry, Error> {
        let entries = self.table_at_once(Some(id)).into_iter().flatten();
        let mut named = entries.filter(|entry| entry.entry.service.id == *id);
        match named.next() {
            Some(entry) => Ok(entry),
            // Says what is wrong.
            None => control::service_and_dests(self, id),
        }
    }

    fn service(&mut self, id: &ServiceId) -> Result<ServiceEntry, Error> {
        let replies = self.socket.request(
            Operation::GetService,
            cmd::GET_SERVICE,
            vec![requests::named(id)],
        )?;
        let mut entries = Vec::new();
        for reply in &replies {
            append_services(&mut entries, reply)?;
        }
        entries
            .pop()
            .ok_or_else(|| DecodeError::from("reply without a service").into())
    }

    fn dests(&mut self, id: &ServiceId) -> Result<Vec<DestEntry>, Error> {
        let mut entries = Vec::new();
        self.socket.dump(
            Operation::GetDests,
            cmd::GET_DEST,
            vec![requests::named(id)],
            |reply| append_dests(&mut entries, reply, id.family()),
        )?;
        Ok(entries)
    }

    fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let replies = self
            .socket
            .request(Operation::GetTimeouts, cmd::GET_CONFIG, Vec::new())?;
        Ok(timeouts(&replies))
    }

    fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        let mut daemons = Vec::new();
        self.socket.dump(
            Operation::GetDaemons,
            cmd::GET_DAEMON,
            Vec::new(),
            |reply| append_daemons(&mut daemons, reply),
        )?;
        Ok(daemons)
    }

    fn generation(&mut self) -> Option<u32> {
        let family = self.table_family()?;
        // An older lvs doesn't know the question.
        transaction::generation(&mut self.socket, family).ok()?
    }

    fn summary(&mut self) -> Option<Summary> {
        let family = self.table_family()?;
        summary::summary(&mut self.socket, family).ok()
    }

    fn sync_status(&mut self) -> Option<SyncStatus> {
        let family = self.table_family()?;
        sync::status(&mut self.socket, family).ok()
    }

    fn transact(&mut self, transaction: &Transaction) -> Result<(), Refusal> {
        let family = self.table_family().ok_or(Error::Refused {
            operation: Operation::Transaction,
            errno: Errno::EOPNOTSUPP,
        })?;
        transaction::transact(&mut self.socket, family, transaction)
    }

    fn make(&mut self, change: &Change) -> Result<(), Error> {
        if let Some(request) = extras::request(change) {
            let operation = Operation::from(change.kind());
            let family = self.table_family().ok_or(Error::Refused {
                operation,
                errno: Errno::EOPNOTSUPP,
            })?;
            return self.socket.request_of(family, operation, request, |_| {});
        }
        let request = requests::of(change);
        self.socket
            .request(request.operation, request.cmd, request.attrs)
            .map(drop)
    }

    fn submit(&mut self, changes: &[Change]) -> Vec<Result<(), Error>> {
        // Those of two families are in no order on their way.
        if changes
            .iter()
            .any(|change| extras::request(change).is_some())
        {
            return changes.iter().map(|change| self.make(change)).collect();
        }
        self.socket
            .pipeline(changes.iter().map(requests::of).collect())
    }
}

/// The attributes of a reply.
fn attrs(reply: &Message) -> &[Attr] {
    match &reply.payload {
        Payload::Attrs(attrs) => attrs.as_slice(),
        Payload::Info(_) => &[],
    }
}

fn info(replies: &[Message]) -> Info {
    let mut info = Info::default();
    for reply in replies {
        let Payload::Info(attrs) = &reply.payload else {
            continue;
        };
        for attr in attrs {
            match attr {
                InfoAttr::Version(version) => info.version = *version,
                InfoAttr::ConnTabSize(size) => info.conn_tab_size = *size,
                InfoAttr::Other(_) => {}
            }
        }
    }
    info
}

fn timeouts(replies: &[Message]) -> Timeouts {
    let mut timeouts = Timeouts::default();
    for attr in replies.iter().flat_map(attrs) {
        match attr {
            Attr::TimeoutTcp(seconds) => timeouts.tcp = *seconds,
            Attr::TimeoutTcpFin(seconds) => timeouts.tcp_fin = *seconds,
            Attr::TimeoutUdp(seconds) => timeouts.udp = *seconds,
            _ => {}
        }
    }
    timeouts
}

/// Takes the services of a reply in.
fn append_services(entries: &mut Vec<ServiceEntry>, reply: &Message) -> Result<(), Error> {
    for attr in attrs(reply) {
        if let Attr::Service(nest) = attr {
            entries.push(service::from_attrs(nest)?);
        }
    }
    Ok(())
}

/// Takes the servers of a reply in.
fn append_dests(
    entries: &mut Vec<DestEntry>,
    reply: &Message,
    family: Family,
) -> Result<(), Error> {
    for attr in attrs(reply) {
        if let Attr::Dest(nest) = attr {
            entries.push(dest::from_attrs(nest, family)?);
        }
    }
    Ok(())
}

/// Takes the synchronisation daemons of a reply in.
fn append_daemons(daemons: &mut Vec<Daemon>, reply: &Message) -> Result<(), Error> {
    for attr in attrs(reply) {
        if let Attr::Daemon(nest) = attr {
            daemons.push(daemon::from_attrs(nest)?);
        }
    }
    Ok(())
}
