// SPDX-License-Identifier: MIT OR GPL-2.0

//! The control interface over socket options.

use std::mem::size_of;

use nix::errno::Errno;
use zerocopy::FromBytes;
use zerocopy::Immutable;
use zerocopy::IntoBytes;

use lvs_uapi::sockopt::get;
use lvs_uapi::sockopt::DaemonUser;
use lvs_uapi::sockopt::DestEntry as DestRecord;
use lvs_uapi::sockopt::GetInfo;
use lvs_uapi::sockopt::GetServices;
use lvs_uapi::sockopt::ServiceEntry as ServiceRecord;
use lvs_uapi::sockopt::TimeoutUser;

use crate::change::Change;
use crate::control::Control;
use crate::error::Error;
use crate::error::Operation;
use crate::model::Daemon;
use crate::model::DestEntry;
use crate::model::Info;
use crate::model::ServiceEntry;
use crate::model::ServiceId;
use crate::model::Timeouts;
use crate::sys::sockopt::IpSocket;

use super::records;
use super::requests;

/// The control interface over socket options.
pub struct Sockopt {
    socket: IpSocket,
}

impl Sockopt {
    /// Opens a socket.
    pub fn open() -> Result<Self, Error> {
        let socket = IpSocket::open().map_err(refused(Operation::Init))?;
        Ok(Sockopt { socket })
    }

    /// Reads a record, which may also hold the question.
    fn get<R>(&self, operation: Operation, option: i32, mut record: R) -> Result<R, Error>
    where
        R: FromBytes + IntoBytes,
    {
        self.socket
            .get(option, record.as_mut_bytes())
            .map_err(refused(operation))?;
        Ok(record)
    }

    /// Reads a table of so many records behind its head, which holds the question.
    fn entries<H, R>(
        &self,
        operation: Operation,
        option: i32,
        head: &H,
        count: u32,
    ) -> Result<Vec<R>, Error>
    where
        H: IntoBytes + Immutable,
        R: FromBytes,
    {
        let mut bytes = head.as_bytes().to_vec();
        bytes.resize(size_of::<H>() + count as usize * size_of::<R>(), 0);
        self.socket
            .get(option, &mut bytes)
            .map_err(refused(operation))?;
        Ok(bytes[size_of::<H>()..]
            .chunks_exact(size_of::<R>())
            .filter_map(|record| R::read_from_bytes(record).ok())
            .collect())
    }

    fn head(&self) -> Result<GetInfo, Error> {
        self.get(Operation::Init, get::INFO, GetInfo::default())
    }

    fn record(&self, operation: Operation, id: &ServiceId) -> Result<ServiceRecord, Error> {
        let question = records::ask_service(id).ok_or_else(|| beyond(operation))?;
        self.get(operation, get::SERVICE, question)
    }
}

/// Wraps an errno.
fn refused(operation: Operation) -> impl Fn(Errno) -> Error {
    move |errno| Error::Refused { operation, errno }
}

/// What this interface can't do.
fn beyond(operation: Operation) -> Error {
    refused(operation)(Errno::EAFNOSUPPORT)
}

impl Control for Sockopt {
    fn info(&mut self) -> Result<Info, Error> {
        let head = self.head()?;
        Ok(Info {
            version: head.version,
            conn_tab_size: head.size,
        })
    }

    fn services(&mut self) -> Result<Vec<ServiceEntry>, Error> {
        let count = self.head()?.num_services;
        let head = GetServices {
            num_services: count,
            ..GetServices::default()
        };
        let entries = self.entries(Operation::GetServices, get::SERVICES, &head, count)?;
        let entry = |record: &ServiceRecord| record.into();
        Ok(entries.iter().map(entry).collect())
    }

    fn service(&mut self, id: &ServiceId) -> Result<ServiceEntry, Error> {
        Ok((&self.record(Operation::GetService, id)?).into())
    }

    fn dests(&mut self, id: &ServiceId) -> Result<Vec<DestEntry>, Error> {
        let operation = Operation::GetDests;
        let count = self.record(operation, id)?.num_dests;
        let head = records::ask_dests(id, count).ok_or_else(|| beyond(operation))?;
        let entries = self.entries(operation, get::DESTS, &head, count)?;
        let entry = |record: &DestRecord| record.into();
        Ok(entries.iter().map(entry).collect())
    }

    fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let question = TimeoutUser::default();
        let record = self.get(Operation::GetTimeouts, get::TIMEOUT, question)?;
        Ok((&record).into())
    }

    fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        let question = [DaemonUser::default(); 2];
        let daemons = self.get(Operation::GetDaemons, get::DAEMON, question)?;
        Ok(daemons.iter().filter_map(records::parse_daemon).collect())
    }

    fn make(&mut self, change: &Change) -> Result<(), Error> {
        let operation = change.kind().into();
        if let Change::AddService(service) | Change::EditService(service) = change {
            if service.extras.is_any() {
                return Err(refused(operation)(Errno::EOPNOTSUPP));
            }
        }
        let (option, value) = requests::of(change).ok_or_else(|| beyond(operation))?;
        self.socket.set(option, &value).map_err(refused(operation))
    }
}
