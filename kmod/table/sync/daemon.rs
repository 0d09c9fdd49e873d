// SPDX-License-Identifier: GPL-2.0

//! What a synchronisation daemon is asked for, and what it does then.

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_uapi::flags::sync;
use lvs_uapi::limits::IFNAME_MAXLEN;

/// One of the two daemons that a namespace may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sends.
    Master,
    /// Receives.
    Backup,
}

impl Role {
    /// Both, in the order of listings.
    pub(crate) const ALL: [Self; 2] = [Self::Master, Self::Backup];

    /// The role with this number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The number by which interfaces name it.
    pub(crate) fn number(self) -> u32 {
        match self {
            Role::Master => sync::STATE_MASTER,
            Role::Backup => sync::STATE_BACKUP,
        }
    }
}

/// The name of a device, with a NUL behind it.
#[derive(Clone, Copy)]
pub(crate) struct DeviceName([u8; IFNAME_MAXLEN]);

impl DeviceName {
    /// The name that `bytes` begin with, as far as a NUL or their end.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut name = [0; IFNAME_MAXLEN];
        let text = bytes.iter().take_while(|byte| **byte != 0);
        for (to, from) in name.iter_mut().take(IFNAME_MAXLEN - 1).zip(text) {
            *to = *from;
        }
        Self(name)
    }

    /// The name for the kernel.
    pub(crate) fn as_cstr(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or(c"")
    }

    /// The whole field, zeros behind the name.
    pub(crate) fn field(&self) -> &[u8; IFNAME_MAXLEN] {
        &self.0
    }
}

/// Hosts that hear each other's messages.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    pub(crate) family: Family,
    pub(crate) addr: Addr,
}

/// What an administrator says of a daemon.
pub(crate) struct DaemonRequest {
    pub(crate) device: DeviceName,
    /// Shown as it is; messages have its low 8 bits.
    pub(crate) sync_id: u32,
    /// Longest message in bytes; 0 for what fits the usual link.
    pub(crate) max_len: u16,
    /// Multicast group; `None` for the usual 224.0.0.81.
    pub(crate) group: Option<Group>,
    /// UDP port; 0 for the usual 8848.
    pub(crate) port: u16,
    /// Hops of a message; 0 for 1.
    pub(crate) ttl: u8,
}

/// A daemon that runs.
#[derive(Clone, Copy)]
pub(crate) struct Daemon {
    pub(crate) device: DeviceName,
    pub(crate) sync_id: u32,
    pub(crate) max_len: u16,
    pub(crate) group: Group,
    pub(crate) port: u16,
    pub(crate) ttl: u8,
}

/// Bytes of a UDP header.
const UDP_HEADER: u32 = 8;
/// The usual MTU.
const USUAL_MTU: u32 = 1500;
/// The longest message that a backup takes is this at least.
const LEAST_HEARD: u32 = 1024;

impl Daemon {
    /// What a director that runs only this daemon uses of the other `role`, on a device with this
    /// `mtu`.
    pub(super) fn counterpart(&self, role: Role, mtu: u32) -> Self {
        let request = DaemonRequest {
            device: self.device,
            sync_id: self.sync_id,
            max_len: 0,
            group: Some(self.group),
            port: self.port,
            ttl: self.ttl,
        };
        let usual = Self::new(role, &request, mtu);
        let max_len = match role {
            Role::Master => usual.max_len.min(self.max_len),
            Role::Backup => usual.max_len.max(self.max_len),
        };
        Self { max_len, ..usual }
    }

    /// What becomes of a request for a device with this `mtu`: defaults, and lengths that are
    /// possible.
    pub(super) fn new(role: Role, request: &DaemonRequest, mtu: u32) -> Self {
        let group = request.group.unwrap_or(Group {
            family: Family::V4,
            addr: Addr::from_v4(sync::DEFAULT_GROUP),
        });
        let headers = lvs_engine::header::ip_len(group.family) as u32;
        let headers = headers.saturating_add(UDP_HEADER);
        let most = u32::from(u16::MAX);
        let (least, usual) = match role {
            Role::Master => (1, USUAL_MTU),
            Role::Backup => (LEAST_HEARD, mtu.clamp(USUAL_MTU, most)),
        };
        let max_len = match u32::from(request.max_len) {
            0 => usual.saturating_sub(headers),
            wanted => wanted.max(least).min(most.saturating_sub(headers)),
        };
        let or_default = |value: u16, default: u16| if value == 0 { default } else { value };
        Self {
            device: request.device,
            sync_id: request.sync_id,
            max_len: max_len as u16,
            group,
            port: or_default(request.port, sync::DEFAULT_PORT),
            ttl: or_default(request.ttl.into(), sync::DEFAULT_TTL.into()) as u8,
        }
    }
}
