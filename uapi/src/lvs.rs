// SPDX-License-Identifier: MIT OR GPL-2.0

//! The generic netlink family of what lvs has beyond ip_vs, so that the numbers of
//! [`genl`](crate::genl) stay the kernel's. Its specification is `uapi/lvs.yaml`.

/// Name of the generic netlink family.
pub const FAMILY_NAME: &str = "LVS";
/// Version of the generic netlink family.
pub const FAMILY_VERSION: u8 = 1;
/// Name of the multicast group whose members are told of changes by [`cmd::EVENT`]. To join it
/// demands `CAP_NET_ADMIN` in the user namespace that owns the network namespace.
pub const EVENTS_GROUP: &str = "events";

pub use crate::explain::*;
pub use crate::summary::*;

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
    /// Only a reply: `TRANSACTION` with `GENERATION`, and `EVENT` with `SEQUENCE`, the number of
    /// the last event.
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
    /// Never asked for: told to the members of the group [`EVENTS_GROUP`](super::EVENTS_GROUP) in
    /// the network namespace where something happened. `EVENT` says what, with `SERVICE`, `EXTRAS`,
    /// `DEST`, `DRAIN` or `SYNC` of what it happened to, as it is by then; of what was removed only
    /// the name.
    pub const EVENT: u8 = 30;
    /// Asks what would become of a client's packet that opens a connection. A dump; nothing is
    /// changed by it, no scheduler picks. Request: `QUESTION`. The replies are an [`EXPLANATION`]
    /// and, if there is a service, a [`DEST`] with `VERDICT` for each of its servers, newest first.
    /// `EINVAL`: the protocol isn't TCP, UDP or SCTP.
    pub const GET_EXPLANATION: u8 = 40;
    /// Only a reply: `EXPLANATION`, and maybe `SERVICE` and `EXTRAS`.
    pub const EXPLANATION: u8 = 41;
    /// Dumps connections and templates, to load them again. Replies are [`CONN`]. If the table was
    /// resized meanwhile the end of the list has `NLM_F_DUMP_INTR`; `EAGAIN`: it is just being
    /// resized.
    pub const GET_CONNS: u8 = 50;
    /// Only a reply: `RECORDS` with one record.
    pub const CONN: u8 = 51;
    /// Makes connections of records. Request: `RECORDS`, those that control others before those
    /// that they control, and maybe `ELAPSED`. The reply is [`LOADED`]: a record that can't be read
    /// is refused alone, and changes nothing. `EINVAL`: there are no records; `ENOMEM`.
    pub const LOAD_CONNS: u8 = 52;
    /// Only a reply: `LOADED`.
    pub const LOADED: u8 = 53;
    /// Has listings show more than was counted here, and the scheduler go on where another one
    /// stood. Request: `COUNTERS` or `POSITION`, with the `SERVICE`, maybe the `DEST` of it, that
    /// they are of; without them `COUNTERS` are the namespace's totals. `ESRCH`: there is no such
    /// service; `ENOENT`: no such server; `EINVAL`: a position of something else than a service.
    pub const SET_COUNTERS: u8 = 54;
    /// Adds a service. Request: `SERVICE` as in the family `IPVS`, and maybe `EXTRAS`. `EEXIST`: it
    /// is there; `EINVAL`: a time is too long, or a number has no meaning; others as there.
    pub const NEW_SERVICE: u8 = 60;
    /// Changes a service. Request: as [`NEW_SERVICE`]; what `EXTRAS` doesn't say stays as it is,
    /// and so does all of it when the family `IPVS` changes a service. `ESRCH`: there is none.
    pub const SET_SERVICE: u8 = 61;
    /// Reads one service. Request: `SERVICE` that names it. The reply is a [`SERVICE`]. `ESRCH`:
    /// there is none.
    pub const GET_SERVICE: u8 = 62;
    /// Asks how the connection table is, and what was counted beside services. The reply is
    /// [`SUMMARY`].
    pub const GET_SUMMARY: u8 = 70;
    /// Only a reply: `SUMMARY`.
    pub const SUMMARY: u8 = 71;
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
    /// Nest of [`event_attr`](super::event_attr). Reply only.
    pub const EVENT: u16 = 30;
    /// Nest of [`question_attr`](super::question_attr). Request only.
    pub const QUESTION: u16 = 40;
    /// Nest of [`explanation_attr`](super::explanation_attr). Reply only.
    pub const EXPLANATION: u16 = 41;
    /// `u8`: a number of [`explain_verdict`](super::explain_verdict), on the `DEST` beside it.
    /// Reply only.
    pub const VERDICT: u16 = 42;
    /// Bytes, one record or several, each of a multiple of 4 bytes: a connection or template as
    /// `kmod/engine/sync/record.rs` has it, with its size in the first two bytes, network order,
    /// and its rank in the fourth: what has a lower one is to be loaded first.
    pub const RECORDS: u16 = 50;
    /// `u32`, milliseconds: how long ago the records were listed; absent: not at all. Request only.
    pub const ELAPSED: u16 = 51;
    /// Nest of [`loaded_attr`](super::loaded_attr).
    pub const LOADED: u16 = 52;
    /// `u64`: what the scheduler of a service remembers between two picks. In a reply beside the
    /// `SERVICE`.
    pub const POSITION: u16 = 53;
    /// Nest of the numbers 1 to 5 of [`stats_attr`](crate::genl::stats_attr), each a `u64`; absent
    /// ones are 0. Request only.
    pub const COUNTERS: u16 = 54;
    /// Padding.
    pub const PAD: u16 = 55;
    /// Nest of [`extras_attr`](super::extras_attr), beside the `SERVICE` that has them; absent in a
    /// reply if it has none. A [`PUT_SERVICE`](super::cmd::PUT_SERVICE) says all of them: what is
    /// absent is as if the service were new.
    pub const EXTRAS: u16 = 60;
    /// Nest of [`ramp_attr`](super::ramp_attr), beside the `DEST` that climbs to its weight. Reply
    /// only.
    pub const RAMP: u16 = 61;
    /// Nest of [`summary_attr`](super::summary_attr). Reply only.
    pub const SUMMARY: u16 = 70;
    /// Highest number.
    pub const MAX: u16 = SUMMARY;
}

/// Attributes in [`attr::EVENT`]: what happened. Reply only.
pub mod event_attr {
    /// `u8`: a number of [`event_kind`](super::event_kind).
    pub const KIND: u16 = 1;
    /// `u64`: counts the network namespace's events; if one is missing, an event was lost. Starts
    /// anew with the namespace and with the module, and stands still while nobody on the host
    /// listens.
    pub const SEQUENCE: u16 = 2;
    /// `u64`, milliseconds since 1970 began, UTC: when it was told.
    pub const TIME: u16 = 3;
    /// `u32`: the rules' generation after it. All events of a transaction have the same.
    pub const GENERATION: u16 = 4;
    /// `u8`, for `DRAIN_ENDED`: a number of [`drain_outcome`](super::drain_outcome).
    pub const OUTCOME: u16 = 5;
    /// `u32`, for `COMMITTED`: services that were added; like all that follow.
    pub const SERVICES_ADDED: u16 = 6;
    /// `u32`: services whose settings or servers changed.
    pub const SERVICES_CHANGED: u16 = 7;
    /// `u32`: services that were removed, with their servers; for `CLEARED` as well.
    pub const SERVICES_REMOVED: u16 = 8;
    /// `u32`: servers that were added.
    pub const SERVERS_ADDED: u16 = 9;
    /// `u32`: servers whose settings changed.
    pub const SERVERS_CHANGED: u16 = 10;
    /// `u32`: servers that services lost which are still there.
    pub const SERVERS_REMOVED: u16 = 11;
    /// `u8`: 1 if the transaction's changes were told one by one before this; 0 if they were too
    /// many.
    pub const IS_TOLD: u16 = 12;
    /// Highest number.
    pub const MAX: u16 = IS_TOLD;
}

/// What happened: [`event_attr::KIND`].
pub mod event_kind {
    /// A service is there, without servers: they follow.
    pub const SERVICE_ADDED: u8 = 0;
    /// A service was set anew, maybe to what it was.
    pub const SERVICE_CHANGED: u8 = 1;
    /// A service was removed, with its servers, of which nothing is told.
    pub const SERVICE_REMOVED: u8 = 2;
    /// A service got a server.
    pub const SERVER_ADDED: u8 = 3;
    /// A server was set anew, maybe to what it was.
    pub const SERVER_CHANGED: u8 = 4;
    /// A service lost a server.
    pub const SERVER_REMOVED: u8 = 5;
    /// A server is drained from now on, or otherwise than before.
    pub const DRAINED: u8 = 6;
    /// A server returned from its drain.
    pub const UNDRAINED: u8 = 7;
    /// The drain of a server is over; it takes no connections until it returns.
    pub const DRAIN_ENDED: u8 = 8;
    /// A server reached its upper threshold. Told within a second or two; what went back and forth
    /// meanwhile is told once.
    pub const OVERLOADED: u8 = 9;
    /// An overloaded server takes connections again.
    pub const AVAILABLE: u8 = 10;
    /// All services were removed, with their servers, of which nothing else is told.
    pub const CLEARED: u8 = 11;
    /// A transaction was put in force. Its changes were told before, unless they were too many.
    pub const COMMITTED: u8 = 12;
    /// Synchronisation is in another phase, or in sync, or not any more.
    pub const SYNCHRONISATION: u8 = 13;
}

/// How a drain ended: [`event_attr::OUTCOME`].
pub mod drain_outcome {
    /// No connection was left.
    pub const EMPTY: u8 = 0;
    /// The deadline came, and what was left goes on.
    pub const KEPT: u8 = 1;
    /// The deadline came, and what was left was ended; who goes on is answered with a reset.
    pub const RESET: u8 = 2;
    /// The deadline came, and what was left was ended.
    pub const FORGOTTEN: u8 = 3;
}

/// Attributes in [`attr::EXTRAS`]: what a service has beyond ip_vs's. A reply leaves out what isn't
/// the service's own.
pub mod extras_attr {
    /// `u32`, seconds, at most 2147483647 divided by the kernel's `HZ`: how long an established TCP
    /// connection lives without packets; 0: as long as the namespace says.
    pub const TCP_TIMEOUT: u16 = 1;
    /// `u32`: as `TCP_TIMEOUT`, in the state FIN_WAIT.
    pub const TCP_FIN_TIMEOUT: u16 = 2;
    /// `u32`: as `TCP_TIMEOUT`, over UDP.
    pub const UDP_TIMEOUT: u16 = 3;
    /// `u32`: as `TCP_TIMEOUT`, of an established SCTP association.
    pub const SCTP_TIMEOUT: u16 = 4;
    /// `u8`: a number of [`on_expiry`](super::on_expiry).
    pub const ON_EXPIRY: u16 = 5;
    /// `u32`, seconds, at most 86400: how long a server that comes to others climbs from a tenth of
    /// its weight to all of it; 0: it has that at once. `EINVAL` with a scheduler that hashes:
    /// `sh`, `mh`, `dh`. A service that gets one of these keeps it without effect, and replies
    /// leave it out.
    pub const SLOW_START: u16 = 6;
    /// Highest number.
    pub const MAX: u16 = SLOW_START;
}

/// Attributes in [`attr::RAMP`]: how far a server is on its way to its weight.
pub mod ramp_attr {
    /// `u32`: seconds that are left.
    pub const SECONDS: u16 = 1;
    /// `u8`: percent of its weight that it has, 10 to 99.
    pub const PERCENT: u16 = 2;
    /// Highest number.
    pub const MAX: u16 = PERCENT;
}

/// What becomes of a client's TCP segment that belongs to no connection and opens none:
/// [`extras_attr::ON_EXPIRY`].
pub mod on_expiry {
    /// What `net.lvs.on_expiry` says, by default that it goes on to the host, as by ip_vs.
    pub const INHERIT: u8 = 0;
    /// It is dropped.
    pub const SILENT: u8 = 1;
    /// It is answered with a reset.
    pub const RESET: u8 = 2;
}

/// Attributes in [`attr::LOADED`], each a `u32`: what became of how many records.
pub mod loaded_attr {
    /// There are connections of them.
    pub const MADE: u16 = 1;
    /// There were connections of the same clients.
    pub const PRESENT: u16 = 2;
    /// Their life was over.
    pub const OVER: u16 = 3;
    /// They couldn't be read.
    pub const REFUSED: u16 = 4;
    /// There was no room, or no memory.
    pub const NO_ROOM: u16 = 5;
    /// Highest number.
    pub const MAX: u16 = NO_ROOM;
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
