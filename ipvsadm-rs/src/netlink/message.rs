// SPDX-License-Identifier: MIT OR GPL-2.0

//! The outermost level: a command with its attributes.

use netlink_packet_core::DecodeError;
use netlink_packet_core::Emitable;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_generic::GenlFamily;
use netlink_packet_generic::GenlHeader;

use lvs_uapi::genl::attr;
use lvs_uapi::genl::cmd;
use lvs_uapi::genl::info_attr;
use lvs_uapi::genl::FAMILY_NAME;
use lvs_uapi::genl::FAMILY_VERSION;

use super::attr::attributes;
use super::attr::parse_list;
use super::daemon::DaemonAttr;
use super::dest::DestAttr;
use super::service::ServiceAttr;

attributes! {
    /// An attribute of the outermost level.
    pub enum Attr {
        /// A service.
        Service(Vec<ServiceAttr>) = attr::SERVICE, nest;
        /// A server.
        Dest(Vec<DestAttr>) = attr::DEST, nest;
        /// A synchronisation daemon.
        Daemon(Vec<DaemonAttr>) = attr::DAEMON, nest;
        /// Timeout of established TCP connections, seconds.
        TimeoutTcp(u32) = attr::TIMEOUT_TCP, u32;
        /// Timeout of TCP connections after a FIN, seconds.
        TimeoutTcpFin(u32) = attr::TIMEOUT_TCP_FIN, u32;
        /// Timeout of UDP, seconds.
        TimeoutUdp(u32) = attr::TIMEOUT_UDP, u32;
    }
}

attributes! {
    /// An attribute of `GET_INFO`'s reply, which has numbers of its own.
    pub enum InfoAttr {
        /// Version code.
        Version(u32) = info_attr::VERSION, u32;
        /// Buckets of the connection table.
        ConnTabSize(u32) = info_attr::CONN_TAB_SIZE, u32;
    }
}

/// Attributes of a message: the reply to `GET_INFO` numbers them differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Of every other message.
    Attrs(Vec<Attr>),
    /// Of the reply to `GET_INFO`.
    Info(Vec<InfoAttr>),
}

/// A message of the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A number of [`lvs_uapi::genl::cmd`].
    pub cmd: u8,
    /// What it carries.
    pub payload: Payload,
}

impl Message {
    /// A request.
    pub fn request(cmd: u8, attrs: Vec<Attr>) -> Self {
        Message {
            cmd,
            payload: Payload::Attrs(attrs),
        }
    }
}

impl GenlFamily for Message {
    fn family_name() -> &'static str {
        FAMILY_NAME
    }

    fn command(&self) -> u8 {
        self.cmd
    }

    fn version(&self) -> u8 {
        FAMILY_VERSION
    }
}

impl Emitable for Message {
    fn buffer_len(&self) -> usize {
        match &self.payload {
            Payload::Attrs(attrs) => attrs.as_slice().buffer_len(),
            Payload::Info(attrs) => attrs.as_slice().buffer_len(),
        }
    }

    fn emit(&self, buffer: &mut [u8]) {
        match &self.payload {
            Payload::Attrs(attrs) => attrs.as_slice().emit(buffer),
            Payload::Info(attrs) => attrs.as_slice().emit(buffer),
        }
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Message {
    fn parse_with_param(payload: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        let cmd = header.cmd;
        let payload = match cmd {
            cmd::SET_INFO => Payload::Info(parse_list(payload)?),
            _ => Payload::Attrs(parse_list(payload)?),
        };
        Ok(Message { cmd, payload })
    }
}
