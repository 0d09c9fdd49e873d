// SPDX-License-Identifier: GPL-2.0

//! A daemon's thread and its device: when that goes and one of its name comes, it is used.

use kernel::prelude::*;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::net::socket::{
    NamedDevice,
    UdpSocket, //
};
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::netns_state::NetnsState;

use super::daemon::{
    Daemon,
    Role, //
};
use super::sockets;

/// The socket of thread `id` of a daemon, and the device that it was made for.
pub(super) struct Socket {
    role: Role,
    id: u16,
    device: NamedDevice,
    socket: UdpSocket,
}

impl Socket {
    /// Fails with what the network says.
    pub(super) fn open(
        net: Net<'_>,
        role: Role,
        daemon: &Daemon,
        id: u16,
        device: NamedDevice,
        buffer: i32,
    ) -> Result<Self> {
        let socket = match role {
            Role::Master => sockets::sender(net, daemon, device, id, buffer),
            Role::Backup => sockets::receiver(net, daemon, device, id, buffer),
        }?;
        Ok(Self {
            role,
            id,
            device,
            socket,
        })
    }
}

/// A thread's way to the others.
pub(super) struct Link<'a> {
    daemon: &'a Daemon,
    at: Socket,
    /// Tick at which the device was looked at last.
    checked_at: u32,
}

impl<'a> Link<'a> {
    pub(super) fn new(at: Socket, daemon: &'a Daemon) -> Self {
        Self {
            daemon,
            at,
            checked_at: time::now(),
        }
    }

    /// Waits for a message, for a second at most.
    pub(super) fn wait(&self, present: &Present<'_>) {
        self.at.socket.wait(present, time::HZ);
    }

    /// Receives a message; its length, which may be more than there was room for.
    pub(super) fn receive(&self, memory: &mut GrowVec<u8>) -> Option<usize> {
        self.at.socket.receive(memory).ok()
    }

    /// Sends a message. Fails with `EAGAIN` when there is no room now, and with what the network
    /// says.
    pub(super) fn send(&self, message: &[u8]) -> Result {
        self.at.socket.send(message)
    }

    /// Every second: if the device went and another one has its name, goes over to that.
    pub(super) fn check(&mut self, state: &NetnsState) {
        let now = time::now();
        if now.wrapping_sub(self.checked_at) < time::HZ {
            return;
        }
        self.checked_at = now;
        let net = state.net();
        let name = self.daemon.device.as_cstr();
        let Some(device) = NamedDevice::find(net, name) else {
            return;
        };
        if device.index == self.at.device.index {
            return;
        }
        let buffer = state.settings().sync_sock_size();
        let Socket { role, id, .. } = self.at;
        // As long as it isn't up, a master's socket can't be made: it is tried again.
        if let Ok(at) = Socket::open(net, role, self.daemon, id, device, buffer) {
            self.at = at;
        }
    }
}
