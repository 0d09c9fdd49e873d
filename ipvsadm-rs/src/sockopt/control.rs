// SPDX-License-Identifier: MIT OR GPL-2.0

//! The control interface over socket options.

use std::mem::offset_of;
use std::mem::size_of;

use nix::errno::Errno;

use lvs_uapi::sockopt::get;
use lvs_uapi::sockopt::DaemonUser;
use lvs_uapi::sockopt::DestEntry as RawDest;
use lvs_uapi::sockopt::GetDests;
use lvs_uapi::sockopt::GetInfo;
use lvs_uapi::sockopt::GetServices;
use lvs_uapi::sockopt::ServiceEntry as RawService;
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

use super::bytes;
use super::bytes::take_u32;
use super::bytes::Fields;
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

    fn get(&self, operation: Operation, option: i32, fields: &mut Fields) -> Result<(), Error> {
        self.socket
            .get(option, &mut fields.0)
            .map_err(refused(operation))
    }

    fn head(&self) -> Result<Fields, Error> {
        let mut head = Fields::zeroed(size_of::<GetInfo>());
        self.get(Operation::Init, get::INFO, &mut head)?;
        Ok(head)
    }

    /// A service with the number of its servers.
    fn counted(
        &self,
        operation: Operation,
        id: &ServiceId,
    ) -> Result<(ServiceEntry, usize), Error> {
        let mut fields = Fields::zeroed(size_of::<RawService>());
        bytes::service_id(&mut fields, id).ok_or_else(|| beyond(operation))?;
        self.get(operation, get::SERVICE, &mut fields)?;
        Ok(bytes::parse_service(&fields.0))
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
            version: take_u32(&head.0, offset_of!(GetInfo, version)),
            conn_tab_size: take_u32(&head.0, offset_of!(GetInfo, size)),
        })
    }

    fn services(&mut self) -> Result<Vec<ServiceEntry>, Error> {
        let head = self.head()?;
        let count = take_u32(&head.0, offset_of!(GetInfo, num_services));
        let table = size_of::<GetServices>();
        let mut fields = Fields::zeroed(table + count as usize * size_of::<RawService>());
        fields.put(offset_of!(GetServices, num_services), &count.to_ne_bytes());
        self.get(Operation::GetServices, get::SERVICES, &mut fields)?;
        Ok(fields.0[table..]
            .chunks_exact(size_of::<RawService>())
            .map(|entry| bytes::parse_service(entry).0)
            .collect())
    }

    fn service(&mut self, id: &ServiceId) -> Result<ServiceEntry, Error> {
        Ok(self.counted(Operation::GetService, id)?.0)
    }

    fn dests(&mut self, id: &ServiceId) -> Result<Vec<DestEntry>, Error> {
        let (_, count) = self.counted(Operation::GetDests, id)?;
        let table = size_of::<GetDests>();
        let mut fields = Fields::zeroed(table + count * size_of::<RawDest>());
        bytes::service_id(&mut fields, id).ok_or_else(|| beyond(Operation::GetDests))?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        fields.put(offset_of!(GetDests, num_dests), &count.to_ne_bytes());
        self.get(Operation::GetDests, get::DESTS, &mut fields)?;
        Ok(fields.0[table..]
            .chunks_exact(size_of::<RawDest>())
            .map(bytes::parse_dest)
            .collect())
    }

    fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let mut fields = Fields::zeroed(size_of::<TimeoutUser>());
        self.get(Operation::GetTimeouts, get::TIMEOUT, &mut fields)?;
        Ok(Timeouts {
            tcp: take_u32(&fields.0, offset_of!(TimeoutUser, tcp_timeout)),
            tcp_fin: take_u32(&fields.0, offset_of!(TimeoutUser, tcp_fin_timeout)),
            udp: take_u32(&fields.0, offset_of!(TimeoutUser, udp_timeout)),
        })
    }

    fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        let size = size_of::<DaemonUser>();
        let mut fields = Fields::zeroed(2 * size);
        self.get(Operation::GetDaemons, get::DAEMON, &mut fields)?;
        Ok(fields
            .0
            .chunks_exact(size)
            .filter_map(bytes::parse_daemon)
            .collect())
    }

    fn make(&mut self, change: &Change) -> Result<(), Error> {
        let operation = change.kind().into();
        let (option, fields) = requests::of(change).ok_or_else(|| beyond(operation))?;
        self.socket
            .set(option, &fields.0)
            .map_err(refused(operation))
    }
}
