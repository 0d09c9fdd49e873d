// SPDX-License-Identifier: MIT OR GPL-2.0

//! Names of hosts and ports, both ways.

#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ffi::CString;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::ptr;

use nix::libc;
use nix::sys::socket::SockaddrLike;
use nix::sys::socket::SockaddrStorage;

use crate::cli::address::Resolver;
use crate::model::Protocol;
use crate::render::Names;

extern "C" {
    // Not in the libc crate.
    fn getservbyport(port: libc::c_int, proto: *const libc::c_char) -> *mut libc::servent;
}

/// The system's databases.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Resolver for System {
    fn host(&self, name: &str) -> Option<IpAddr> {
        let name = CString::new(name).ok()?;
        let hints = libc::addrinfo {
            ai_flags: 0,
            ai_family: libc::AF_INET,
            ai_socktype: libc::SOCK_STREAM,
            ai_protocol: 0,
            ai_addrlen: 0,
            ai_addr: ptr::null_mut(),
            ai_canonname: ptr::null_mut(),
            ai_next: ptr::null_mut(),
        };
        let mut list = ptr::null_mut();
        // SAFETY: The name ends with a NUL, the hints are filled in, and a list comes back only
        // with a zero.
        let error = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut list) };
        if error != 0 {
            return None;
        }
        // SAFETY: The list isn't empty, and its first address has the length told; it is copied
        // before the list is freed, once.
        let addr = unsafe {
            let first = &*list;
            let addr = SockaddrStorage::from_raw(first.ai_addr, Some(first.ai_addrlen));
            libc::freeaddrinfo(list);
            addr?
        };
        Some(addr.as_sockaddr_in()?.ip().into())
    }

    fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        let name = CString::new(name).ok()?;
        let protocol = CString::new(protocol.service_name()?).ok()?;
        // SAFETY: Both strings end with a NUL. The result is null or points to an entry that stays
        // valid until the next call of a `getserv*` function; this program has one thread, and the
        // entry isn't kept.
        unsafe {
            let entry = libc::getservbyname(name.as_ptr(), protocol.as_ptr());
            entry.as_ref().map(|entry| network_port(entry.s_port))
        }
    }
}

impl Names for System {
    fn host(&self, addr: IpAddr) -> Option<String> {
        let addr = SockaddrStorage::from(SocketAddr::new(addr, 0));
        let mut name = [0; libc::NI_MAXHOST as usize];
        // SAFETY: The address and its length belong together, the buffer is as long as told, and no
        // service is asked for.
        let error = unsafe {
            libc::getnameinfo(
                addr.as_ptr(),
                addr.len(),
                name.as_mut_ptr(),
                libc::NI_MAXHOST,
                ptr::null_mut(),
                0,
                libc::NI_NAMEREQD,
            )
        };
        if error != 0 {
            return None;
        }
        let bytes: Vec<u8> = name.iter().map(|&c| c.to_ne_bytes()[0]).collect();
        let name = CStr::from_bytes_until_nul(&bytes).ok()?;
        Some(name.to_string_lossy().into_owned())
    }

    fn port(&self, port: u16, protocol: Protocol) -> Option<String> {
        let protocol = CString::new(protocol.service_name()?).ok()?;
        // SAFETY: The string ends with a NUL. The result is null or points to an entry whose name
        // ends with a NUL; it stays valid until the next call of a `getserv*` function, and is
        // copied before.
        unsafe {
            let entry = getservbyport(port.to_be().into(), protocol.as_ptr()).as_ref()?;
            let name = CStr::from_ptr(entry.s_name);
            Some(name.to_string_lossy().into_owned())
        }
    }
}

/// A port as the services database has it: in network order, in an `int`.
fn network_port(port: libc::c_int) -> u16 {
    let [a, b, ..] = port.to_ne_bytes();
    u16::from_be_bytes([a, b])
}
