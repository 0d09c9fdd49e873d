// SPDX-License-Identifier: MIT OR GPL-2.0

//! The program: it calls the module's function and returns what that says.

use std::fs;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use crate::sys::bpf;
use crate::sys::bpf::Unloaded;

use super::types;

const MODULE: &str = "lvs";
const FUNCTION: &str = "lvs_xdp_balance";
/// How the kernel lists it.
const NAME: &str = "lvs_balance";

/// Why there can't be a program.
#[derive(Debug, thiserror::Error)]
pub(super) enum Impossible {
    /// The module isn't there.
    #[error("lvs isn't loaded: load it by \"modprobe lvs\"")]
    NoModule,
    /// The kernel was built without type information.
    #[error("this kernel has no type information (BTF), by which programs call the module")]
    NoKernelTypes,
    /// The module was built without it.
    #[error(
        "lvs has no type information (BTF), or none that suits this kernel: \
         it has to be built with pahole and the kernel's vmlinux"
    )]
    NoModuleTypes,
    /// The module's has no such function.
    #[error("this lvs has no function for XDP: it is older than this program")]
    NoFunction,
    /// Programs are interpreted.
    #[error("the kernel's compiler of programs is off: net.core.bpf_jit_enable has to be 1")]
    NoCompiler,
    /// The kernel forbids it.
    #[error("not permitted: it takes CAP_SYS_ADMIN and CAP_NET_ADMIN outside of user namespaces")]
    NotPermitted,
    /// The kernel refuses the program.
    #[error("the kernel refuses the program: {}{}{text}", .errno.desc(), if .text.is_empty() { "" } else { ": " })]
    Refused {
        /// The number.
        errno: Errno,
        /// What the verifier says.
        text: String,
    },
}

fn of_errno(errno: Errno) -> Impossible {
    match errno {
        Errno::EPERM | Errno::EACCES => Impossible::NotPermitted,
        errno => Impossible::Refused {
            errno,
            text: String::new(),
        },
    }
}

/// The two instructions: call function `id` of the second descriptor's types, exit.
fn instructions(id: u32) -> [u64; 2] {
    const CALL: u64 = 0x85;
    const OF_A_MODULE: u64 = 2 << 12;
    const SECOND_DESCRIPTOR: u64 = 1 << 16;
    const EXIT: u64 = 0x95;
    [
        CALL | OF_A_MODULE | SECOND_DESCRIPTOR | (u64::from(id) << 32),
        EXIT,
    ]
}

/// Loads it.
pub(super) fn load() -> Result<OwnedFd, Impossible> {
    if !fs::exists(format!("/sys/module/{MODULE}")).unwrap_or_default() {
        return Err(Impossible::NoModule);
    }
    let base = fs::read("/sys/kernel/btf/vmlinux").map_err(|_| Impossible::NoKernelTypes)?;
    let own =
        fs::read(format!("/sys/kernel/btf/{MODULE}")).map_err(|_| Impossible::NoModuleTypes)?;
    let id = types::function_id(&base, &own, FUNCTION).ok_or(Impossible::NoFunction)?;
    let types = bpf::types_of_module(MODULE).map_err(|errno| match errno {
        Errno::ENOENT => Impossible::NoModuleTypes,
        errno => of_errno(errno),
    })?;
    bpf::load_xdp(NAME, &instructions(id), &types).map_err(|Unloaded(errno, log)| {
        let is_off =
            fs::read("/proc/sys/net/core/bpf_jit_enable").is_ok_and(|on| on.starts_with(b"0"));
        match of_errno(errno) {
            Impossible::Refused { .. } if is_off => Impossible::NoCompiler,
            // The first line says what is wrong.
            Impossible::Refused { errno, .. } => Impossible::Refused {
                errno,
                text: log.lines().next().unwrap_or_default().to_owned(),
            },
            other => other,
        }
    })
}

/// A loaded program by its number, if it is one of ours.
pub(super) fn ours(id: u32) -> Result<Option<OwnedFd>, Impossible> {
    match bpf::program(id) {
        Ok(fd) => {
            let name = bpf::program_name(&fd).map_err(of_errno)?;
            Ok((name == NAME).then_some(fd))
        }
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(of_errno(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_are_as_the_kernel_reads_them() {
        let [call, exit] = instructions(0x0123_4567).map(u64::to_le_bytes);
        // Code, registers (source 2: a function by its type), descriptor, number.
        assert_eq!(call, [0x85, 0x20, 1, 0, 0x67, 0x45, 0x23, 0x01]);
        assert_eq!(exit, [0x95, 0, 0, 0, 0, 0, 0, 0]);
    }
}
