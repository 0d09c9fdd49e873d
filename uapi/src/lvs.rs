// SPDX-License-Identifier: MIT OR GPL-2.0

//! The generic netlink family of what lvs has beyond ip_vs, so that the numbers of
//! [`genl`](crate::genl) stay the kernel's. Its specification is `uapi/lvs.yaml`.

/// Name of the generic netlink family.
pub const FAMILY_NAME: &str = "LVS";
/// Version of the generic netlink family.
pub const FAMILY_VERSION: u8 = 1;

/// Commands. All demand `CAP_NET_ADMIN` in the initial user namespace.
pub mod cmd {
    /// Dumps all services and servers. Replies are [`SERVICE`] and, after it, a [`DEST`] for each
    /// of its servers, newest first. If the rules were changed meanwhile the end of the list has
    /// `NLM_F_DUMP_INTR`, and servers may stand behind another service.
    pub const GET_TABLE: u8 = 1;
    /// Only a reply: a service.
    pub const SERVICE: u8 = 2;
    /// Only a reply: a server of the service before.
    pub const DEST: u8 = 3;
    /// Dumps how synchronisation is. Replies are [`SYNC`], each with one attribute: first a nest of
    /// [`sync_attr`](super::sync_attr), then those of all keys and peers.
    pub const GET_SYNC: u8 = 4;
    /// Only a reply: a part of what [`GET_SYNC`] asks for.
    pub const SYNC: u8 = 5;
    /// Sets what synchronisation takes and signs with. Request: `SYNC` with `POLICY`, `SIGN_KEY` or
    /// both. `ENOENT`: there is no such key.
    pub const SET_SYNC: u8 = 6;
    /// Adds a key. Request: `SYNC_KEY` with `ID` and `SECRET`. The first one signs. `EEXIST`: it is
    /// there; `ENOSPC`: two are.
    pub const ADD_SYNC_KEY: u8 = 7;
    /// Removes a key. Request: `SYNC_KEY` with `ID`. If it signs, the other one does from then on,
    /// or none. `ENOENT`: there is none.
    pub const DEL_SYNC_KEY: u8 = 8;
    /// Adds a peer that is told by unicast. Request: `SYNC_PEER` with `AF`, `ADDR` and maybe
    /// `PORT`. `EEXIST`: it is there; `ENOSPC`: there are too many.
    pub const ADD_SYNC_PEER: u8 = 9;
    /// Removes a peer. Request: as [`ADD_SYNC_PEER`]. `ENOENT`: there is none.
    pub const DEL_SYNC_PEER: u8 = 10;
    /// Opens a transaction, which belongs to the sender's socket: what services are to be is
    /// collected until it is put in force in one step. Closing the socket aborts it. Request: maybe
    /// `TRANSACTION` with `GENERATION`, `WHOLE` or both. `ESTALE`: the rules are of another
    /// generation; `EBUSY`: the socket has one; `ENOSPC`: 64 are open in the network namespace.
    pub const BEGIN: u8 = 11;
    /// A service of the transaction, which will have the servers that follow and no others. It is
    /// added if there is none of its name. Request: `SERVICE`, as to add one. `ENOENT`: no
    /// transaction is open; `EEXIST`: the transaction spoke of it before; others as when one is
    /// added. After an error of this, of [`PUT_DEST`] or of [`REMOVE_SERVICE`] the transaction can
    /// only be aborted.
    pub const PUT_SERVICE: u8 = 12;
    /// A server of the last [`PUT_SERVICE`]; newest first, as [`GET_TABLE`] lists them. Servers
    /// that the service has already stay where they are. Request: `DEST`, as to add one. `ESRCH`:
    /// there is no service before; `EEXIST`: the service has been given it before.
    pub const PUT_DEST: u8 = 13;
    /// A service that will be deleted. Request: `SERVICE` that names it.
    pub const REMOVE_SERVICE: u8 = 14;
    /// Puts the transaction in force and closes it: no packet sees a part of it. If anything fails
    /// nothing has changed. Request: maybe `TRANSACTION` with `CHECK`. `ENOENT`: no transaction is
    /// open; `ECANCELED`: one of its messages failed; `ESTALE`: the rules have changed since its
    /// generation; `ESRCH`: a service to be deleted isn't there; `EINVAL`: a scheduler doesn't take
    /// so many servers, or a server is of another family than its service while connections are
    /// synchronised; `ENOMEM`.
    pub const COMMIT: u8 = 15;
    /// Closes the transaction; nothing has changed. `ENOENT`: no transaction is open.
    pub const ABORT: u8 = 16;
    /// Asks for the rules' generation. The reply is [`GENERATION`].
    pub const GET_GENERATION: u8 = 17;
    /// Only a reply: `TRANSACTION` with `GENERATION`.
    pub const GENERATION: u8 = 18;
    /// Drains a server, or sets anew how it is drained. Request: `SERVICE` and `DEST` that name it,
    /// and maybe `DRAIN` with `SECONDS`, `THEN` and `PERSISTENT`. `ESRCH`: there is no such
    /// service; `ENOENT`: no such server.
    pub const DRAIN: u8 = 20;
    /// Has a drained server take connections again. Request: `SERVICE` and `DEST` that name it.
    /// Errors as those of [`DRAIN`]; a server that isn't drained is none.
    pub const UNDRAIN: u8 = 21;
    /// Reads one server. Request: `SERVICE` and `DEST` that name it. The reply is a [`DEST`].
    pub const GET_DEST: u8 = 22;
}

/// Attributes of the outermost level.
pub mod attr {
    /// Nest of [`service_attr`](crate::genl::service_attr), without `STATS`.
    pub const SERVICE: u16 = 1;
    /// Nest of [`dest_attr`](crate::genl::dest_attr), without `STATS`.
    pub const DEST: u16 = 2;
    /// Nest of [`sync_attr`](super::sync_attr).
    pub const SYNC: u16 = 3;
    /// Nest of [`sync_key_attr`](super::sync_key_attr).
    pub const SYNC_KEY: u16 = 4;
    /// Nest of [`sync_peer_attr`](super::sync_peer_attr).
    pub const SYNC_PEER: u16 = 5;
    /// Nest of [`transaction_attr`](super::transaction_attr).
    pub const TRANSACTION: u16 = 11;
    /// Nest of [`drain_attr`](super::drain_attr). In a reply beside the `DEST` that is drained.
    pub const DRAIN: u16 = 20;
    /// Highest number.
    pub const MAX: u16 = DRAIN;
}

/// Attributes in [`attr::DRAIN`]: how a server is drained. Its weight in `DEST` is 0 meanwhile.
pub mod drain_attr {
    /// `u32`, seconds: in a request the time until the deadline, 1 to 2147483647; absent: there is
    /// none. In a reply the time that is left.
    pub const SECONDS: u16 = 1;
    /// `u8`: a number of [`drain_then`](super::drain_then). Absent in a request: `KEEP`.
    pub const THEN: u16 = 2;
    /// `u8`: a number of [`drain_persistent`](super::drain_persistent). Absent in a request:
    /// `MOVE`.
    pub const PERSISTENT: u16 = 3;
    /// `u8`: 1 if the drain is over. From here on reply only.
    pub const OVER: u16 = 4;
    /// `u32`: the weight that the server gets when it returns.
    pub const WEIGHT: u16 = 5;
    /// `u8`: 1 if the drain is over and the server kept connections at the deadline.
    pub const LEFT: u16 = 6;
    /// Highest number.
    pub const MAX: u16 = LEFT;
}

/// What becomes of connections that are left at the deadline: [`drain_attr::THEN`].
pub mod drain_then {
    /// They go on.
    pub const KEEP: u8 = 0;
    /// They end, and who goes on with one is answered with a reset.
    pub const RESET: u8 = 1;
    /// They end.
    pub const FORGET: u8 = 2;
}

/// What becomes of clients that persistence holds: [`drain_attr::PERSISTENT`].
pub mod drain_persistent {
    /// They go to another server.
    pub const MOVE: u8 = 0;
    /// They come back until their templates end.
    pub const KEEP: u8 = 1;
}

/// Attributes in [`attr::SYNC`]: synchronisation of a namespace.
pub mod sync_attr {
    /// `u8`: a number of [`sync_policy`](super::sync_policy).
    pub const POLICY: u16 = 1;
    /// `u16`: id of the key that signs; 0: nothing is signed.
    pub const SIGN_KEY: u16 = 2;
    /// `u64`: the director's boot id, anew whenever synchronisation starts; 0: it doesn't run. From
    /// here on reply only.
    pub const BOOT: u16 = 3;
    /// `u8`: a number of [`sync_phase`](super::sync_phase).
    pub const PHASE: u16 = 4;
    /// `u8`: 1 if the director has all connections that there are, as far as it knows.
    pub const IN_SYNC: u16 = 5;
    /// `u64`, milliseconds: how long it has been in this phase.
    pub const SINCE: u16 = 6;
    /// `u64`: boot id of the peer that it asked for all connections; absent if none.
    pub const DONOR: u16 = 7;
    /// `u32`: connections and templates that it has.
    pub const ENTRIES: u16 = 8;
    /// Nest of [`sync_counter_attr`](super::sync_counter_attr), as often as there are counters.
    pub const COUNTER: u16 = 9;
    /// Highest number.
    pub const MAX: u16 = COUNTER;
}

/// Attributes in [`sync_attr::COUNTER`].
pub mod sync_counter_attr {
    /// NUL-terminated string: what is counted.
    pub const NAME: u16 = 1;
    /// `u64`: how often it was.
    pub const VALUE: u16 = 2;
    /// Highest number.
    pub const MAX: u16 = VALUE;
}

/// Attributes in [`attr::SYNC_KEY`].
pub mod sync_key_attr {
    /// `u16`: its id, which datagrams say; not 0.
    pub const ID: u16 = 1;
    /// 16 to 64 bytes: the key of HMAC-SHA256. Request only: it is never told.
    pub const SECRET: u16 = 2;
    /// `u8`: 1 if it signs. Reply only.
    pub const SIGNS: u16 = 3;
    /// Highest number.
    pub const MAX: u16 = SIGNS;
}

/// Attributes in [`attr::SYNC_PEER`]: one that was added has an address, one that is heard a boot
/// id.
pub mod sync_peer_attr {
    /// `u16`: family of its address.
    pub const AF: u16 = 1;
    /// At most 16 bytes, network order: its address.
    pub const ADDR: u16 = 2;
    /// `u16`, network order: its UDP port; 0 or absent in a request: the daemon's.
    pub const PORT: u16 = 3;
    /// `u64`: its boot id. From here on reply only.
    pub const BOOT: u16 = 4;
    /// `u64`, milliseconds: since when nothing was heard of it.
    pub const SILENT: u16 = 5;
    /// `u8`: 1 if it signs by a key that is known here, and proved to be no recording.
    pub const SIGNED: u16 = 6;
    /// `u8`: 1 if it says that it has all connections.
    pub const IN_SYNC: u16 = 7;
    /// `u32`: connections that it says it has.
    pub const ENTRIES: u16 = 8;
    /// `u8`: 1 if it says that its rules are the same.
    pub const SAME_RULES: u16 = 9;
    /// Highest number.
    pub const MAX: u16 = SAME_RULES;
}

/// What synchronisation takes: [`sync_attr::POLICY`].
pub mod sync_policy {
    /// Anything that isn't signed wrongly.
    pub const ANY: u8 = 0;
    /// What is signed by a known key.
    pub const SIGNED: u8 = 1;
}

/// How far a director is: [`sync_attr::PHASE`].
pub mod sync_phase {
    /// It listens who is there.
    pub const STARTING: u8 = 0;
    /// It asked a peer for all connections.
    pub const ASKING: u8 = 1;
    /// They come.
    pub const FILLING: u8 = 2;
    /// It has them.
    pub const IN_SYNC: u8 = 3;
    /// Nobody else is there.
    pub const ALONE: u8 = 4;
    /// Only ip_vs is there, which can't be asked.
    pub const TRAFFIC: u8 = 5;
    /// No daemon runs.
    pub const OFF: u8 = 6;
}

/// Attributes in [`attr::TRANSACTION`].
pub mod transaction_attr {
    /// `u32`: which state the rules are in; another one after each change of services or servers.
    pub const GENERATION: u16 = 1;
    /// `u8`: 1 if services that the transaction doesn't speak of will be deleted. Request only.
    pub const WHOLE: u16 = 2;
    /// `u8`: 1 if the transaction isn't put in force; the answer is what that would have been.
    /// Request only.
    pub const CHECK: u16 = 3;
    /// Highest number.
    pub const MAX: u16 = CHECK;
}
