// SPDX-License-Identifier: MIT OR GPL-2.0

//! The system call `bpf`, as far as programs of XDP need it.
//!
//! Its argument is a structure of the kernel's that is written here as bytes: fields are named by
//! where they lie in `union bpf_attr` of `linux/bpf.h`.

#![allow(unsafe_code)]

use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;

use nix::errno::Errno;
use nix::libc;

const PROG_LOAD: libc::c_int = 5;
const PROG_GET_FD_BY_ID: libc::c_int = 13;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const BTF_GET_FD_BY_ID: libc::c_int = 19;
const BTF_GET_NEXT_ID: libc::c_int = 23;

const PROG_TYPE_XDP: u32 = 6;
const ATTACH_TYPE_XDP: u32 = 37;
/// The program takes frames of several buffers.
const HAS_FRAGS: u32 = 1 << 5;

/// A call's argument.
#[repr(C, align(8))]
struct Argument([u8; 160]);

impl Argument {
    fn new() -> Self {
        Argument([0; 160])
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        if let Some(place) = self.0.get_mut(at..at.saturating_add(value.len())) {
            place.copy_from_slice(value);
        }
    }

    fn number(mut self, at: usize, value: u32) -> Self {
        self.put(at, &value.to_ne_bytes());
        self
    }

    fn descriptor(mut self, at: usize, fd: &OwnedFd) -> Self {
        self.put(at, &fd.as_raw_fd().to_ne_bytes());
        self
    }

    fn pointer<T>(mut self, at: usize, to: *const T) -> Self {
        self.put(at, &(to.expose_provenance() as u64).to_ne_bytes());
        self
    }

    fn read(&self, at: usize) -> u32 {
        number_at(&self.0, at)
    }

    /// # Safety
    ///
    /// What pointers of the argument point to is alive, as long as the argument says, and writable
    /// where the command writes.
    unsafe fn call(&mut self, command: libc::c_int) -> Result<RawFd, Errno> {
        // SAFETY: The argument is as long as told; the rest is the caller's promise.
        let result =
            unsafe { libc::syscall(libc::SYS_bpf, command, self.0.as_mut_ptr(), self.0.len()) };
        Errno::result(result).map(|result| result as RawFd)
    }

    /// # Safety
    ///
    /// As of [`Argument::call`]; the command is one that answers with a new descriptor.
    unsafe fn open(&mut self, command: libc::c_int) -> Result<OwnedFd, Errno> {
        // SAFETY: The caller's promise; a new descriptor is nobody else's.
        unsafe { Ok(OwnedFd::from_raw_fd(self.call(command)?)) }
    }
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    field.map_or(0, |field| u32::from_ne_bytes(*field))
}

/// What lies in a buffer up to its first NUL.
fn text(buffer: &[u8]) -> String {
    let end = buffer.iter().position(|&byte| byte == 0);
    String::from_utf8_lossy(
        buffer
            .get(..end.unwrap_or(buffer.len()))
            .unwrap_or_default(),
    )
    .into_owned()
}

/// Writes what the kernel says of an object into `info`.
fn describe(fd: &OwnedFd, info: &mut [u8]) -> Result<(), Errno> {
    let len = u32::try_from(info.len()).map_err(|_| Errno::EINVAL)?;
    let mut argument = Argument::new()
        .descriptor(0, fd)
        .number(4, len)
        .pointer(8, info.as_mut_ptr());
    // SAFETY: The buffer is writable and as long as told.
    unsafe { argument.call(OBJ_GET_INFO_BY_FD).map(drop) }
}

/// The type information of a loaded module. Fails with `ENOENT` if there is none.
pub fn types_of_module(name: &str) -> Result<OwnedFd, Errno> {
    // struct bpf_btf_info
    const NAME: usize = 16;
    const NAME_LEN: usize = 24;
    const IS_KERNELS: usize = 28;
    let mut id = 0;
    loop {
        let mut next = Argument::new().number(0, id);
        // SAFETY: It has no pointers.
        unsafe { next.call(BTF_GET_NEXT_ID)? };
        id = next.read(4);
        // SAFETY: It has no pointers; the answer is a descriptor.
        let fd = match unsafe { Argument::new().number(0, id).open(BTF_GET_FD_BY_ID) } {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => continue,
            Err(errno) => return Err(errno),
        };
        let mut found = [0_u8; 64];
        let mut info = [0_u8; 32];
        let found_ptr = found.as_mut_ptr().expose_provenance() as u64;
        info[NAME..NAME + 8].copy_from_slice(&found_ptr.to_ne_bytes());
        let room = (found.len() as u32).to_ne_bytes();
        info[NAME_LEN..NAME_LEN + 4].copy_from_slice(&room);
        describe(&fd, &mut info)?;
        if number_at(&info, IS_KERNELS) != 0 && text(&found) == name {
            return Ok(fd);
        }
    }
}

/// Why a program isn't loaded: the error, and what the verifier has to say.
#[derive(Debug)]
pub struct Unloaded(pub Errno, pub String);

/// Loads a program of XDP that calls a function of the module whose types these are.
pub fn load_xdp(name: &str, instructions: &[u64], types: &OwnedFd) -> Result<OwnedFd, Unloaded> {
    const LICENSE: &[u8] = b"GPL\0";
    let mut log = vec![0_u8; 64 * 1024];
    let descriptors = [0, types.as_raw_fd()];
    let count = u32::try_from(instructions.len());
    let mut argument = Argument::new()
        .number(0, PROG_TYPE_XDP)
        .number(4, count.map_err(|_| Unloaded(Errno::E2BIG, String::new()))?)
        .pointer(8, instructions.as_ptr())
        .pointer(16, LICENSE.as_ptr())
        .number(24, 1)
        .number(28, log.len() as u32)
        .pointer(32, log.as_mut_ptr())
        .number(44, HAS_FRAGS)
        .number(68, ATTACH_TYPE_XDP)
        .pointer(120, descriptors.as_ptr());
    // Of 16 bytes, the last NUL.
    argument.put(48, name.as_bytes().get(..15).unwrap_or(name.as_bytes()));
    // SAFETY: Instructions, licence, log and descriptors are alive, as many as told or ended as
    // the kernel expects; the answer is a descriptor.
    let loaded = unsafe { argument.open(PROG_LOAD) };
    loaded.map_err(|errno| Unloaded(errno, text(&log)))
}

/// A loaded program by its number. Fails with `ENOENT` if there is none.
pub fn program(id: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: It has no pointers; the answer is a descriptor.
    unsafe { Argument::new().number(0, id).open(PROG_GET_FD_BY_ID) }
}

/// A program's name.
pub fn program_name(fd: &OwnedFd) -> Result<String, Errno> {
    // struct bpf_prog_info
    const NAME: usize = 64;
    let mut info = [0_u8; NAME + 16];
    describe(fd, &mut info)?;
    Ok(text(&info[NAME..]))
}
