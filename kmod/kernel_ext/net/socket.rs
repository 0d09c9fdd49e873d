// SPDX-License-Identifier: GPL-2.0

//! UDP sockets of the kernel's own: datagrams to and from a group of hosts.
//!
//! Relies on: a socket does its own locking; one of UDP has the two queues that are waited for.
//!
//! A breach would be noticed by: `test-sync-control`, `test-sync-pair`, `test-netns`.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use core::ptr::{
    self,
    NonNull, //
};

use kernel::error::to_result;
use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::bindings;
use super::netns::{
    Net,
    NetHold, //
};
use crate::kernel_ext::task::thread::Present;

/// A network device, as its name leads to it now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedDevice {
    /// What the kernel tells devices apart by.
    pub(crate) index: i32,
    /// Most bytes of an IP packet.
    pub(crate) mtu: u32,
}

impl NamedDevice {
    /// The device with this name; `None` when there is none. Any context.
    pub(crate) fn find(net: Net<'_>, name: &CStr) -> Option<Self> {
        // SAFETY: The namespace is alive, and the name ends.
        let facts = unsafe { bindings::lvs_device_by_name(net.as_ptr(), name.as_char_ptr()) };
        (facts.index != 0).then_some(Self {
            index: facts.index,
            mtu: facts.mtu,
        })
    }

    /// The first global IPv4 address of the device, or else one of the namespace; any if there is
    /// none.
    pub(crate) fn address(self, net: Net<'_>) -> Addr {
        // SAFETY: The namespace is alive; the callee looks whether the device is.
        Addr::from_v4_word(unsafe { bindings::lvs_device_address(net.as_ptr(), self.index) })
    }
}

/// An address with a port.
#[derive(Clone, Copy)]
pub(crate) struct SocketAddr {
    pub(crate) family: Family,
    pub(crate) addr: Addr,
    /// Host order.
    pub(crate) port: u16,
    /// The device of a link-local address.
    pub(crate) device: i32,
}

impl SocketAddr {
    fn raw(&self) -> bindings::lvs_endpoint {
        bindings::lvs_endpoint {
            octets: self.addr.octets(),
            family: self.family.number(),
            port: self.port,
            device: self.device,
        }
    }
}

/// A UDP socket of a namespace, which waits for it when it ends. All of its functions may sleep.
///
/// # Invariants
///
/// `socket` is a UDP socket of `family`, and nobody else's.
pub(crate) struct UdpSocket {
    socket: NonNull<bindings::socket>,
    family: Family,
    _net: NetHold,
}

// SAFETY: Any thread may use a socket.
unsafe impl Send for UdpSocket {}
// SAFETY: The functions below may be called at once: the kernel locks the socket.
unsafe impl Sync for UdpSocket {}

impl UdpSocket {
    /// A new socket. Fails with `EAFNOSUPPORT`, `ENOMEM`.
    pub(crate) fn open(net: Net<'_>, family: Family) -> Result<Self> {
        let hold = net.hold()?;
        let mut socket = ptr::null_mut();
        // SAFETY: The namespace is alive, and there is room for the result.
        to_result(unsafe {
            bindings::lvs_socket_open(net.as_ptr(), c_int::from(family.number()), &mut socket)
        })?;
        // INVARIANT: Made just now.
        Ok(Self {
            socket: NonNull::new(socket).ok_or(ENOMEM)?,
            family,
            _net: hold,
        })
    }

    fn set<T>(&self, level: u32, option: u32, value: T) -> Result {
        let mut value = value;
        // SAFETY: The socket is alive; the value has so many bytes, which the callee only reads.
        to_result(unsafe {
            bindings::lvs_socket_set(
                self.socket.as_ptr(),
                level as c_int,
                option as c_int,
                (&raw mut value).cast(),
                size_of::<T>() as c_uint,
            )
        })
    }

    /// Sets the option of either family to a number.
    fn set_number(&self, v4: u32, v6: u32, value: c_int) -> Result {
        match self.family {
            Family::V4 => self.set(bindings::SOL_IP, v4, value),
            Family::V6 => self.set(bindings::SOL_IPV6, v6, value),
        }
    }

    /// What is sent to groups leaves by this device.
    pub(crate) fn multicast_by(&self, device: NamedDevice) -> Result {
        match self.family {
            Family::V4 => {
                let mut request: bindings::ip_mreqn = pin_init::zeroed();
                request.imr_ifindex = device.index;
                self.set(bindings::SOL_IP, bindings::IP_MULTICAST_IF, request)
            }
            Family::V6 => self.set(
                bindings::SOL_IPV6,
                bindings::IPV6_MULTICAST_IF,
                device.index,
            ),
        }
    }

    /// What is sent to groups isn't heard by this host.
    pub(crate) fn no_echo(&self) -> Result {
        self.set_number(
            bindings::IP_MULTICAST_LOOP,
            bindings::IPV6_MULTICAST_LOOP,
            0,
        )
    }

    /// What is sent to groups that the socket didn't join isn't received.
    pub(crate) fn only_own_groups(&self) -> Result {
        self.set_number(bindings::IP_MULTICAST_ALL, bindings::IPV6_MULTICAST_ALL, 0)
    }

    /// What is sent to groups passes so many routers, less one.
    pub(crate) fn set_hops(&self, hops: u8) -> Result {
        let hops = c_int::from(hops);
        self.set_number(
            bindings::IP_MULTICAST_TTL,
            bindings::IPV6_MULTICAST_HOPS,
            hops,
        )
    }

    /// Datagrams may be fragmented.
    pub(crate) fn allow_fragments(&self) -> Result {
        let (v4, v6) = (bindings::IP_MTU_DISCOVER, bindings::IPV6_MTU_DISCOVER);
        self.set_number(v4, v6, bindings::IP_PMTUDISC_DONT as c_int)
    }

    /// Bytes of memory for what is to be sent, as far as users may have them.
    pub(crate) fn set_send_buffer(&self, bytes: i32) -> Result {
        self.set(bindings::SOL_SOCKET, bindings::SO_SNDBUF, bytes)
    }

    /// Bytes of memory for what was received, as far as users may have them.
    pub(crate) fn set_receive_buffer(&self, bytes: i32) -> Result {
        self.set(bindings::SOL_SOCKET, bindings::SO_RCVBUF, bytes)
    }

    /// Bytes of memory for what was received, beyond what users may have.
    pub(crate) fn force_receive_buffer(&self, bytes: i32) {
        // SAFETY: The socket is alive.
        unsafe { bindings::lvs_socket_set_buffer(self.socket.as_ptr(), bytes) }
    }

    /// Others may have the same address and port.
    pub(crate) fn share_address(&self) {
        // SAFETY: The socket is alive.
        unsafe { bindings::lvs_socket_reuse(self.socket.as_ptr()) }
    }

    /// Only what comes by this device is received.
    pub(crate) fn receive_by(&self, device: NamedDevice) -> Result {
        // SAFETY: The socket is alive.
        to_result(unsafe { bindings::lvs_socket_bind_device(self.socket.as_ptr(), device.index) })
    }

    /// Gives the socket its address.
    pub(crate) fn bind(&self, to: &SocketAddr) -> Result {
        // SAFETY: The socket and the address are alive.
        to_result(unsafe { bindings::lvs_socket_bind(self.socket.as_ptr(), &to.raw()) })
    }

    /// Sends to this address from now on. Fails with `ENETUNREACH` and its likes.
    pub(crate) fn connect(&self, to: &SocketAddr) -> Result {
        // SAFETY: The socket and the address are alive.
        to_result(unsafe { bindings::lvs_socket_connect(self.socket.as_ptr(), &to.raw()) })
    }

    /// Has what is sent to the group received by this device. Takes RTNL.
    pub(crate) fn join(&self, group: &Addr, device: NamedDevice) -> Result {
        match self.family {
            Family::V4 => {
                let mut request: bindings::ip_mreqn = pin_init::zeroed();
                request.imr_multiaddr.s_addr = group.v4_word();
                request.imr_ifindex = device.index;
                self.set(bindings::SOL_IP, bindings::IP_ADD_MEMBERSHIP, request)
            }
            Family::V6 => {
                let mut request: bindings::ipv6_mreq = pin_init::zeroed();
                request.ipv6mr_multiaddr.in6_u.u6_addr8 = group.octets();
                request.ipv6mr_ifindex = device.index;
                self.set(bindings::SOL_IPV6, bindings::IPV6_ADD_MEMBERSHIP, request)
            }
        }
    }

    /// Sends a datagram. Fails with `EAGAIN` when there is no room for it now, and with what the
    /// network says.
    pub(crate) fn send(&self, data: &[u8]) -> Result {
        // SAFETY: The socket is alive; the callee only reads the data.
        let sent = unsafe {
            bindings::lvs_socket_send(self.socket.as_ptr(), data.as_ptr().cast(), data.len())
        };
        if sent < 0 {
            return Err(Error::from_errno(sent));
        }
        Ok(())
    }

    /// Sends a datagram to this address, of the socket's family; fails as [`UdpSocket::send`].
    pub(crate) fn send_to(&self, to: &SocketAddr, data: &[u8]) -> Result {
        // SAFETY: The socket and the address are alive; the callee only reads the data.
        let sent = unsafe {
            bindings::lvs_socket_send_to(
                self.socket.as_ptr(),
                &to.raw(),
                data.as_ptr().cast(),
                data.len(),
            )
        };
        if sent < 0 {
            return Err(Error::from_errno(sent));
        }
        Ok(())
    }

    /// Receives a datagram, as far as it fits; returns how long it was, and the address that it
    /// came from. Fails with `EAGAIN` when there is none.
    pub(crate) fn receive_from(&self, buffer: &mut [u8]) -> Result<(usize, Addr)> {
        let mut from: bindings::lvs_endpoint = pin_init::zeroed();
        // SAFETY: The socket is alive; the callee writes within the buffer and the address.
        let received = unsafe {
            bindings::lvs_socket_receive_from(
                self.socket.as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                &mut from,
            )
        };
        if received < 0 {
            return Err(Error::from_errno(received));
        }
        Ok((received as usize, Addr::from_octets(from.octets)))
    }

    /// Receives a datagram, as far as it fits; returns how long it was. Fails with `EAGAIN` when
    /// there is none.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> Result<usize> {
        // SAFETY: The socket is alive; the callee writes within the buffer.
        let received = unsafe {
            bindings::lvs_socket_receive(
                self.socket.as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
            )
        };
        if received < 0 {
            return Err(Error::from_errno(received));
        }
        Ok(received as usize)
    }

    /// Waits for a datagram, at most `ticks`, or until the thread is to end.
    pub(crate) fn wait(&self, _present: &Present<'_>, ticks: u32) {
        // SAFETY: The socket is alive; this is a kernel thread of the kind that is stopped.
        unsafe { bindings::lvs_socket_wait(self.socket.as_ptr(), ticks as c_long) }
    }
}

impl UdpSocket {
    /// Waits for a datagram to this socket or the other one, as [`UdpSocket::wait`].
    pub(crate) fn wait_either(&self, other: &Self, _present: &Present<'_>, ticks: u32) {
        let (one, other) = (self.socket.as_ptr(), other.socket.as_ptr());
        // SAFETY: The sockets are alive; this is a kernel thread of the kind that is stopped.
        unsafe { bindings::lvs_socket_wait_either(one, other, ticks as c_long) }
    }
}

impl Drop for UdpSocket {
    /// Takes RTNL if the socket had joined a group.
    fn drop(&mut self) {
        // SAFETY: The socket is ours, and this happens once.
        unsafe { bindings::sock_release(self.socket.as_ptr()) }
    }
}
