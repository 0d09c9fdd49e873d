// SPDX-License-Identifier: GPL-2.0

//! The sockets of the daemons' threads. Process context, without RTNL.

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};

use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::net::socket::{
    NamedDevice,
    SocketAddr,
    UdpSocket, //
};

use super::daemon::Daemon;

/// Bytes that a receiver's socket holds unless `sync_sock_size` says: some thousand messages.
const RECEIVE_BUFFER: i32 = 2 << 20;

/// How sockets are made.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Bytes that one holds; 0: as many as is usual.
    pub(super) buffer: i32,
    /// The log says which step failed.
    pub(super) explains: bool,
}

impl Options {
    fn explain(self, step: &'static str) -> impl FnOnce(&Error) {
        move |_| {
            if self.explains {
                pr_err!("{step}\n");
            }
        }
    }
}

/// Where thread `id` sends to, or receives from. Beyond the last port they begin anew.
fn address(daemon: &Daemon, device: NamedDevice, id: u16) -> SocketAddr {
    SocketAddr {
        family: daemon.group.family,
        addr: daemon.group.addr,
        port: daemon.port.wrapping_add(id),
        device: device.index,
    }
}

/// The socket by which thread `id` of a master sends. Fails with what the network says.
pub(super) fn sender(
    net: Net<'_>,
    daemon: &Daemon,
    device: NamedDevice,
    id: u16,
    options: Options,
) -> Result<UdpSocket> {
    let family = daemon.group.family;
    let socket = UdpSocket::open(net, family)
        .inspect_err(options.explain("Error during creation of socket; terminating"))?;
    socket
        .multicast_by(device)
        .inspect_err(options.explain("Error setting outbound mcast interface"))?;
    socket.no_echo()?;
    socket.set_hops(daemon.ttl)?;
    socket.allow_fragments()?;
    if options.buffer > 0 {
        socket.set_send_buffer(options.buffer)?;
    }
    if family == Family::V4 {
        let own = device.address(net);
        if own.v4_word() == 0 && options.explains {
            pr_err!("You probably need to specify IP address on multicast interface.\n");
        }
        let own = SocketAddr {
            family,
            addr: own,
            port: 0,
            device: 0,
        };
        socket
            .bind(&own)
            .inspect_err(options.explain("Error binding address of the mcast interface"))?;
    }
    socket
        .connect(&address(daemon, device, id))
        .inspect_err(options.explain("Error connecting to the multicast addr"))?;
    Ok(socket)
}

/// The socket by which thread `id` of a backup receives what is sent to it alone. Fails with what
/// the network says.
pub(super) fn alone(
    net: Net<'_>,
    daemon: &Daemon,
    device: NamedDevice,
    id: u16,
) -> Result<UdpSocket> {
    let family = daemon.group.family;
    let socket = UdpSocket::open(net, family)?;
    socket.share_address();
    socket.force_receive_buffer(RECEIVE_BUFFER);
    socket.receive_by(device)?;
    socket.only_own_groups()?;
    socket.bind(&SocketAddr {
        family,
        addr: Addr::ANY,
        port: daemon.port.wrapping_add(id),
        device: 0,
    })?;
    Ok(socket)
}

/// The socket by which thread `id` of a backup receives. Fails with what the network says.
pub(super) fn receiver(
    net: Net<'_>,
    daemon: &Daemon,
    device: NamedDevice,
    id: u16,
    options: Options,
) -> Result<UdpSocket> {
    let socket = UdpSocket::open(net, daemon.group.family)
        .inspect_err(options.explain("Error during creation of socket; terminating"))?;
    socket.share_address();
    if options.buffer > 0 {
        socket.set_receive_buffer(options.buffer)?;
    } else {
        socket.force_receive_buffer(RECEIVE_BUFFER);
    }
    socket.receive_by(device)?;
    socket
        .bind(&address(daemon, device, id))
        .inspect_err(options.explain("Error binding to the multicast addr"))?;
    socket
        .join(&daemon.group.addr, device)
        .inspect_err(options.explain("Error joining to the multicast group"))?;
    Ok(socket)
}
