// SPDX-License-Identifier: MIT OR GPL-2.0

//! Errors of the kernel's control interface, in ipvsadm's words.

use std::fmt;
use std::io;

use netlink_packet_core::DecodeError;
use nix::errno::Errno;

use crate::change::ChangeKind;

/// What was asked of the kernel. The same errno means different things to different requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Finding the interface and asking for its version.
    Init,
    /// Changing something.
    Change(ChangeKind),
    /// Reading one service.
    GetService,
    /// Reading all services.
    GetServices,
    /// Reading the servers of a service.
    GetDests,
    /// Reading the timeouts.
    GetTimeouts,
    /// Reading the synchronisation daemons.
    GetDaemons,
    /// Asking for the generation of the rules.
    GetGeneration,
    /// Asking how the connection table is.
    GetSummary,
    /// Changing many services in one step.
    Transaction,
    /// Draining a server, or asking how far that is.
    Drain,
    /// Being told of events.
    Listen,
    /// Asking what would become of a packet.
    Explain,
    /// Reading what is to be kept.
    GetState,
    /// Taking in what was kept.
    LoadState,
    /// Reading how synchronisation is.
    GetSync,
    /// Setting what synchronisation takes and signs with.
    SetSync,
    /// Adding a key of synchronisation.
    AddSyncKey,
    /// Removing one.
    DelSyncKey,
    /// Adding a peer of synchronisation.
    AddSyncPeer,
    /// Removing one.
    DelSyncPeer,
}

impl From<ChangeKind> for Operation {
    fn from(kind: ChangeKind) -> Self {
        Operation::Change(kind)
    }
}

impl Operation {
    /// Results of operations that all failed for the same reason.
    pub(crate) fn all_failed(operations: &[Operation], errno: Errno) -> Vec<Result<(), Error>> {
        let fail = |&operation| Err(Error::Refused { operation, errno });
        operations.iter().map(fail).collect()
    }
}

/// A request that failed.
///
/// It displays as ipvsadm's message; programs look at the number.
///
/// ```
/// use ipvsadm::change::ChangeKind;
/// use ipvsadm::error::Error;
/// use nix::errno::Errno;
///
/// let operation = ChangeKind::AddDest.into();
/// let error = Error::Refused { operation, errno: Errno::ESRCH };
/// assert_eq!(error.to_string(), "Service not defined");
/// assert_eq!(error.errno(), Some(Errno::ESRCH));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused it, or a system call failed.
    #[error("{}", Explain(*.operation, *.errno))]
    Refused {
        /// What was asked.
        operation: Operation,
        /// The answer.
        errno: Errno,
    },
    /// The answer made no sense.
    #[error("malformed reply from the kernel: {0}")]
    Malformed(#[from] DecodeError),
}

impl Error {
    /// A failed system call.
    pub fn from_io(operation: Operation, error: &io::Error) -> Self {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        Error::Refused { operation, errno }
    }

    /// The errno, if the kernel or a system call gave one.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Error::Refused { errno, .. } => Some(*errno),
            Error::Malformed(_) => None,
        }
    }
}

/// Displays an errno in the words that fit the operation.
struct Explain(Operation, Errno);

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match particular(self.0, self.1).or_else(|| general(self.1)) {
            Some(text) => f.write_str(text),
            None => f.write_str(&strerror(self.1)),
        }
    }
}

/// Meaning of an errno for one kind of request.
fn particular(operation: Operation, errno: Errno) -> Option<&'static str> {
    use ChangeKind::*;

    let text = match (operation, errno) {
        (Operation::Change(AddService), Errno::EEXIST) => "Service already exists",
        (Operation::Change(AddService | EditService), Errno::ENOENT) => {
            "Scheduler or persistence engine not found"
        }
        (Operation::Change(EditService | DeleteService | Zero), Errno::ESRCH)
        | (Operation::GetService | Operation::GetDests, Errno::ESRCH) => "No such service",
        (Operation::Change(AddDest | EditDest | DeleteDest), Errno::ESRCH) => "Service not defined",
        (Operation::Change(AddDest), Errno::EEXIST) => "Destination already exists",
        (Operation::Change(EditDest | DeleteDest), Errno::ENOENT) => "No such destination",
        (Operation::Drain, Errno::ESRCH) => "Service not defined",
        (Operation::Drain, Errno::ENOENT) => "No such destination",
        (Operation::Change(StartDaemon), Errno::EEXIST) => "Daemon has already run",
        (Operation::Change(StopDaemon), Errno::ESRCH) => "No daemon is running",
        (Operation::GetState, Errno::EAGAIN) => "The table kept changing",
        (Operation::LoadState, Errno::ESRCH) => "No such service",
        (Operation::LoadState, Errno::ENOENT) => "No such destination",
        (Operation::Transaction, Errno::ESTALE) => "The rules have changed meanwhile",
        (Operation::Transaction, Errno::ESRCH) => "No such service",
        (Operation::Transaction, Errno::ENOSPC) => "Too many transactions are open",
        (Operation::AddSyncKey, Errno::EEXIST) => "Key already exists",
        (Operation::AddSyncKey, Errno::ENOSPC) => "There are two keys already",
        (Operation::DelSyncKey | Operation::SetSync, Errno::ENOENT) => "No such key",
        (Operation::AddSyncPeer, Errno::EEXIST) => "Peer already exists",
        (Operation::AddSyncPeer, Errno::ENOSPC) => "Too many peers",
        (Operation::DelSyncPeer, Errno::ENOENT) => "No such peer",
        _ => return None,
    };
    Some(text)
}

/// Meaning of an errno for every request.
fn general(errno: Errno) -> Option<&'static str> {
    let text = match errno {
        Errno::EPERM => "Permission denied (you must be root)",
        Errno::EINVAL => {
            "Invalid operation.  Possibly wrong module version, address not unicast, ..."
        }
        Errno::ENOPROTOOPT => "Protocol not available",
        Errno::ENOMEM => "Memory allocation problem",
        // ipvsadm says "with IPv6", but what IPVS can't do with IPv6 has other numbers: this is the
        // answer to a request that the module doesn't know, or doesn't carry out.
        Errno::EOPNOTSUPP => "Operation not supported by the kernel module",
        Errno::EAFNOSUPPORT => "Operation not supported with specified address family",
        Errno::EMSGSIZE => "Module is wrong version",
        _ => return None,
    };
    Some(text)
}

/// The C library's text of an errno.
pub fn strerror(errno: Errno) -> String {
    let mut text = io::Error::from_raw_os_error(errno as i32).to_string();
    // The standard library appends the number.
    if let Some(end) = text.rfind(" (os error ") {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: ChangeKind, errno: Errno) -> String {
        let operation = kind.into();
        Error::Refused { operation, errno }.to_string()
    }

    #[test]
    fn one_errno_reads_differently_by_operation() {
        assert_eq!(
            text(ChangeKind::AddService, Errno::EEXIST),
            "Service already exists"
        );
        assert_eq!(
            text(ChangeKind::AddDest, Errno::EEXIST),
            "Destination already exists"
        );
        assert_eq!(
            text(ChangeKind::StartDaemon, Errno::EEXIST),
            "Daemon has already run"
        );
        assert_eq!(
            text(ChangeKind::DeleteService, Errno::ESRCH),
            "No such service"
        );
        assert_eq!(
            text(ChangeKind::AddDest, Errno::ESRCH),
            "Service not defined"
        );
    }

    #[test]
    fn what_a_module_lacks_is_not_blamed_on_ipv6() {
        assert_eq!(
            text(ChangeKind::StartDaemon, Errno::EOPNOTSUPP),
            "Operation not supported by the kernel module"
        );
    }

    #[test]
    fn others_read_as_the_c_library_has_them() {
        assert_eq!(
            text(ChangeKind::AddDest, Errno::ERANGE),
            "Numerical result out of range"
        );
        assert_eq!(
            text(ChangeKind::StartDaemon, Errno::ENODEV),
            "No such device"
        );
    }
}
