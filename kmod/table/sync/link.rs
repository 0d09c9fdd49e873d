// SPDX-License-Identifier: GPL-2.0

//! A daemon's thread and its device: when that goes and one of its name comes, it is used.

use kernel::prelude::*;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::net::socket::{
    NamedDevice,
    SocketAddr,
    UdpSocket, //
};
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::netns_state::NetnsState;

use super::counts::SyncCounts;
use super::daemon::{
    Daemon,
    Role, //
};
use super::sockets;
use super::sockets::Options;
use super::unicast::Unicasts;

/// The socket of a daemon's thread, and the device that it was made for.
pub(super) struct Socket {
    device: NamedDevice,
    socket: UdpSocket,
}

impl Socket {
    /// Fails with what the network says; which step failed is logged if it `explains`.
    pub(super) fn open(
        net: Net<'_>,
        role: Role,
        daemon: &Daemon,
        id: u16,
        device: NamedDevice,
        options: Options,
    ) -> Result<Self> {
        let socket = match role {
            Role::Master => sockets::sender(net, daemon, device, id, options),
            Role::Backup => sockets::receiver(net, daemon, device, id, options),
        }?;
        Ok(Self { device, socket })
    }
}

/// A thread's way to the others.
pub(super) struct Link<'a> {
    daemon: &'a Daemon,
    role: Role,
    id: u16,
    /// None where a socket couldn't be made yet.
    at: Option<Socket>,
    /// Of a backup with peers: where it receives what is sent to it alone.
    alone: Option<UdpSocket>,
    /// Who is told by unicast, and heard.
    peers: Unicasts,
    /// Tick at which the device was looked at last.
    checked_at: u32,
}

impl<'a> Link<'a> {
    pub(super) fn new(at: Option<Socket>, role: Role, id: u16, daemon: &'a Daemon) -> Self {
        Self {
            daemon,
            role,
            id,
            at,
            alone: None,
            peers: Unicasts::default(),
            // The first look is due at once.
            checked_at: time::now().wrapping_sub(time::HZ),
        }
    }

    /// Waits for a message, for a second at most.
    pub(super) fn wait(&self, present: &Present<'_>) {
        match &self.at {
            Some(at) => match &self.alone {
                Some(alone) => at.socket.wait_either(alone, present, time::HZ),
                None => at.socket.wait(present, time::HZ),
            },
            None => time::sleep(time::HZ / 4),
        }
    }

    /// Receives a message; its length, which may be more than there was room for.
    pub(super) fn receive(&self, memory: &mut GrowVec<u8>, counts: &SyncCounts) -> Option<usize> {
        while let Some(Ok((len, from))) = self.alone.as_ref().map(|at| at.receive_from(memory)) {
            let mut peers = self.peers.of(self.daemon.group.family);
            if peers.any(|peer| peer.addr == from) {
                return Some(len);
            }
            counts.strangers.add(1);
        }
        self.at.as_ref()?.socket.receive(memory).ok()
    }

    /// Sends a message. Fails with `EAGAIN` when there is no room now, and with what the network
    /// says.
    pub(super) fn send(&self, message: &[u8]) -> Result {
        self.at.as_ref().ok_or(ENODEV)?.socket.send(message)
    }

    /// Sends a message to each peer. What one can't be sent isn't told to anybody.
    pub(super) fn send_to_peers(&self, message: &[u8]) {
        let Some(at) = &self.at else {
            return;
        };
        for peer in self.peers.of(self.daemon.group.family) {
            let port = match peer.port {
                0 => self.daemon.port,
                port => port,
            };
            let to = SocketAddr {
                family: peer.family,
                addr: peer.addr,
                port: port.wrapping_add(self.id),
                device: at.device.index,
            };
            // It is asked for again.
            let _ = at.socket.send_to(&to, message);
        }
    }

    /// Every second: if the device went and another one has its name, goes over to that.
    pub(super) fn check(&mut self, state: &NetnsState) {
        let now = time::now();
        if now.wrapping_sub(self.checked_at) < time::HZ {
            return;
        }
        self.checked_at = now;
        self.peers = *state.sync().knowledge().unicasts();
        let net = state.net();
        let name = self.daemon.device.as_cstr();
        let Some(device) = NamedDevice::find(net, name) else {
            return;
        };
        let present = self.at.as_ref().map(|at| at.device.index);
        let has_peers = self.peers.of(self.daemon.group.family).next().is_some();
        if !has_peers || self.role == Role::Master || present != Some(device.index) {
            self.alone = None;
        }
        if has_peers && self.role == Role::Backup && self.alone.is_none() {
            self.alone = sockets::alone(net, self.daemon, device, self.id).ok();
        }
        if present == Some(device.index) {
            return;
        }
        let options = Options {
            buffer: state.settings().sync_sock_size(),
            explains: false,
        };
        // As long as it isn't up, a master's socket can't be made: it is tried again.
        if let Ok(at) = Socket::open(net, self.role, self.daemon, self.id, device, options) {
            self.at = Some(at);
        }
    }
}
