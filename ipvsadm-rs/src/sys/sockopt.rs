// SPDX-License-Identifier: MIT OR GPL-2.0

//! Socket options as bytes.

#![allow(unsafe_code)]

use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::socket;
use nix::sys::socket::AddressFamily;
use nix::sys::socket::SockFlag;
use nix::sys::socket::SockType;

/// A socket whose options are those of `IPPROTO_IP`.
pub struct IpSocket {
    fd: OwnedFd,
}

impl IpSocket {
    /// Opens a socket. Any IPv4 one will do.
    pub fn open() -> Result<Self, Errno> {
        let fd = socket(
            AddressFamily::Inet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        Ok(IpSocket { fd })
    }

    /// Reads an option into a buffer, which may also hold the question.
    pub fn get(&self, option: libc::c_int, buffer: &mut [u8]) -> Result<(), Errno> {
        let mut len = libc::socklen_t::try_from(buffer.len()).map_err(|_| Errno::EINVAL)?;
        // SAFETY: The buffer is writable and as long as told.
        let result = unsafe {
            libc::getsockopt(
                self.fd.as_raw_fd(),
                libc::IPPROTO_IP,
                option,
                buffer.as_mut_ptr().cast(),
                &mut len,
            )
        };
        Errno::result(result).map(drop)
    }

    /// Sets an option.
    pub fn set(&self, option: libc::c_int, value: &[u8]) -> Result<(), Errno> {
        let len = libc::socklen_t::try_from(value.len()).map_err(|_| Errno::EINVAL)?;
        // SAFETY: The value is readable and as long as told.
        let result = unsafe {
            libc::setsockopt(
                self.fd.as_raw_fd(),
                libc::IPPROTO_IP,
                option,
                value.as_ptr().cast(),
                len,
            )
        };
        Errno::result(result).map(drop)
    }
}
