// SPDX-License-Identifier: MIT OR GPL-2.0

//! What would become of a client's packet: attributes and numbers of the question and the answer
//! of [`GET_EXPLANATION`](crate::lvs::cmd::GET_EXPLANATION).

/// Attributes in [`QUESTION`](crate::lvs::attr::QUESTION): a packet that opens a connection.
pub mod question_attr {
    /// `u16`: family of both addresses.
    pub const AF: u16 = 1;
    /// `u16`: IP protocol: TCP, UDP or SCTP.
    pub const PROTOCOL: u16 = 2;
    /// At most 16 bytes, network order: the client.
    pub const CLIENT: u16 = 3;
    /// `u16`, network order: its port. Absent: any, and no connection is looked for.
    pub const CLIENT_PORT: u16 = 4;
    /// At most 16 bytes, network order: the address it asks for.
    pub const ADDR: u16 = 5;
    /// `u16`, network order: the port it asks for.
    pub const PORT: u16 = 6;
    /// `u32`: the packet's firewall mark. Absent: 0.
    pub const MARK: u16 = 7;
    /// Highest number.
    pub const MAX: u16 = MARK;
}

/// Attributes in [`EXPLANATION`](crate::lvs::attr::EXPLANATION).
pub mod explanation_attr {
    /// `u8`: a number of [`explain_outcome`](super::explain_outcome): what becomes of the packet.
    pub const OUTCOME: u16 = 1;
    /// NUL-terminated string: why it is dropped, by a name of
    /// [`DropReason`](crate::drop_reason::DropReason). Absent if it isn't.
    pub const REASON: u16 = 2;
    /// `u8`: a number of [`explain_by`](super::explain_by): what decides about the server. Absent:
    /// nothing is asked.
    pub const BY: u16 = 3;
    /// Nest of [`explain_rule_attr`](super::explain_rule_attr), one for each rule by which a
    /// service is looked for, in that order.
    pub const RULE: u16 = 4;
    /// Nest of [`explain_conn_attr`](super::explain_conn_attr): the connection that is there.
    pub const CONN: u16 = 5;
    /// Nest of [`explain_conn_attr`](super::explain_conn_attr): the client's persistence template.
    pub const TEMPLATE: u16 = 6;
    /// Nest of [`explain_way_attr`](super::explain_way_attr): how the packet would leave.
    pub const WAY: u16 = 7;
    /// `u16`, family of the server.
    pub const SERVER_AF: u16 = 8;
    /// At most 16 bytes, network order: the server's address. Absent: there is none, or none that
    /// can be told before.
    pub const SERVER: u16 = 9;
    /// `u16`, network order: the server's port for the connection.
    pub const SERVER_PORT: u16 = 10;
    /// `u32`: of how many packets that open a connection one is dropped (`drop_packet`); 0: none.
    pub const DROP_RATE: u16 = 11;
    /// `u32`: connections and templates that there are.
    pub const CONNS: u16 = 12;
    /// `u32`: most of them (`conn_max`).
    pub const MOST_CONNS: u16 = 13;
    /// Nest of [`explain_near_attr`](super::explain_near_attr), one for each of the services that
    /// nearly take the packet, the nearest first; 8 at most.
    pub const NEAR: u16 = 14;
    /// `u32`: how many services nearly take it.
    pub const NEAR_COUNT: u16 = 15;
    /// Highest number.
    pub const MAX: u16 = NEAR_COUNT;
}

/// Attributes in [`explanation_attr::NEAR`]: a service by its name, and why it isn't it.
pub mod explain_near_attr {
    /// `u8`: a number of [`explain_near`](super::explain_near).
    pub const WHY: u16 = 1;
    /// `u16`: family of the service.
    pub const AF: u16 = 2;
    /// `u16`: IP protocol. This, `ADDR` and `PORT` are absent if it is known by `MARK`.
    pub const PROTOCOL: u16 = 3;
    /// At most 16 bytes, network order: the virtual address.
    pub const ADDR: u16 = 4;
    /// `u16`, network order: the port, 0 for any.
    pub const PORT: u16 = 5;
    /// `u32`: the firewall mark.
    pub const MARK: u16 = 6;
    /// Highest number.
    pub const MAX: u16 = MARK;
}

/// Why a service nearly takes a packet, but doesn't: [`explain_near_attr::WHY`].
pub mod explain_near {
    /// It would, but another one is asked before it.
    pub const EARLIER: u8 = 0;
    /// It takes the packet's mark, of packets of the other family.
    pub const OTHER_FAMILY: u8 = 1;
    /// It takes this address and port, by another protocol.
    pub const OTHER_PROTOCOL: u8 = 2;
    /// It takes this address by this protocol, at another port.
    pub const OTHER_PORT: u8 = 3;
    /// It takes another mark.
    pub const OTHER_MARK: u8 = 4;
}

/// Attributes in [`explanation_attr::RULE`].
pub mod explain_rule_attr {
    /// `u8`: a number of [`explain_rule`](super::explain_rule).
    pub const NAME: u16 = 1;
    /// `u8`: a number of [`explain_answer`](super::explain_answer).
    pub const ANSWER: u16 = 2;
    /// Highest number.
    pub const MAX: u16 = ANSWER;
}

/// Attributes in [`explanation_attr::CONN`] and [`explanation_attr::TEMPLATE`].
pub mod explain_conn_attr {
    /// NUL-terminated string: the state, as in `/proc/net/ip_vs_conn`.
    pub const STATE: u16 = 1;
    /// `u32`, seconds: how long it lives without another packet.
    pub const LEFT: u16 = 2;
    /// `u32`, seconds: how long it has existed.
    pub const AGE: u16 = 3;
    /// `u32`: packets of the client, of which 9 stands for any more.
    pub const PACKETS: u16 = 4;
    /// `u16`, family of the server.
    pub const SERVER_AF: u16 = 5;
    /// At most 16 bytes, network order: the server.
    pub const SERVER: u16 = 6;
    /// `u16`, network order: the server's port.
    pub const SERVER_PORT: u16 = 7;
    /// `u8`: 1 if the server was removed: packets of the connection are dropped, and a template
    /// isn't used.
    pub const ORPHANED: u16 = 8;
    /// `u8`: of a connection 1 if a packet that opens a connection ends it and begins another; of a
    /// template 1 if the client goes to another server all the same.
    pub const REPLACED: u16 = 9;
    /// `u8`: 1 if another director told of it.
    pub const SYNCED: u16 = 10;
    /// `u8`: 1 if a template, or a control connection of FTP, has it.
    pub const CONTROLLED: u16 = 11;
    /// Nest of [`explain_way_attr`](super::explain_way_attr): how its packets leave. Not of a
    /// template.
    pub const WAY: u16 = 12;
    /// Highest number.
    pub const MAX: u16 = WAY;
}

/// Attributes in [`explanation_attr::WAY`] and [`explain_conn_attr::WAY`].
pub mod explain_way_attr {
    /// `u32`: the forwarding method, a number of [`fwd`](crate::flags::fwd).
    pub const METHOD: u16 = 1;
    /// NUL-terminated string: why there is no way, by a name of
    /// [`DropReason`](crate::drop_reason::DropReason). Absent if there is one.
    pub const REASON: u16 = 2;
    /// `u32`: number of the device. This and what follows are absent if the packet stays here.
    pub const DEVICE: u16 = 3;
    /// `u16`: family of the next hop.
    pub const NEXT_HOP_AF: u16 = 4;
    /// At most 16 bytes, network order: the neighbour that the packet is sent to.
    pub const NEXT_HOP: u16 = 5;
    /// `u32`, bytes: the longest packet of the client that fits.
    pub const MTU: u16 = 6;
    /// `u16`: family of the source.
    pub const SOURCE_AF: u16 = 7;
    /// At most 16 bytes, network order: the source of a tunnel's packets.
    pub const SOURCE: u16 = 8;
    /// `u8`: a number of [`explain_early`](super::explain_early).
    pub const EARLY: u16 = 9;
    /// `u8`: a number of [`explain_early`](super::explain_early) other than `OFF`: whether frames
    /// of the connection leave by XDP, if the device that they come in by has that.
    pub const XDP: u16 = 10;
    /// Highest number.
    pub const MAX: u16 = XDP;
}

/// What becomes of a packet that opens a connection: [`explanation_attr::OUTCOME`].
pub mod explain_outcome {
    /// It goes to a server.
    pub const SENT: u8 = 0;
    /// No server takes it: its client is told.
    pub const REFUSED: u8 = 1;
    /// No server takes it: it goes to the host that it was sent to.
    pub const BYPASSED: u8 = 2;
    /// It isn't balanced: there is no service for it.
    pub const NO_SERVICE: u8 = 3;
    /// It isn't balanced: the director is a backup (`backup_only`).
    pub const BACKUP: u8 = 4;
    /// It isn't balanced: only FTP servers open connections from port 20.
    pub const FTP_DATA_PORT: u8 = 5;
    /// It isn't balanced: it is at the address of an FTP service, but for another port.
    pub const BESIDE_FTP: u8 = 6;
    /// It is dropped.
    pub const DROPPED: u8 = 7;
}

/// What decides about a server: [`explanation_attr::BY`].
pub mod explain_by {
    /// Whose turn it is.
    pub const TURN: u8 = 0;
    /// Loads and weights.
    pub const LOAD: u8 = 1;
    /// A hash of addresses.
    pub const HASH: u8 = 2;
    /// Which server the virtual address had before.
    pub const MEMORY: u8 = 3;
    /// Chance: the server can't be told before.
    pub const CHANCE: u8 = 4;
    /// The client's template.
    pub const TEMPLATE: u8 = 5;
    /// The packet's Call-ID: the server can't be told before.
    pub const CALL: u8 = 6;
    /// A control connection of FTP, whose data connection this is.
    pub const CONTROL: u8 = 7;
}

/// Rules by which a service is looked for: [`explain_rule_attr::NAME`].
pub mod explain_rule {
    /// The firewall mark.
    pub const MARK: u8 = 0;
    /// Protocol, address and port.
    pub const PORT: u8 = 1;
    /// The FTP service of the address, for its data connections.
    pub const FTP_DATA: u8 = 2;
    /// The service of any port of the address.
    pub const ANY_PORT: u8 = 3;
}

/// What a rule says: [`explain_rule_attr::ANSWER`].
pub mod explain_answer {
    /// This is the service.
    pub const FOUND: u8 = 0;
    /// There is no such service.
    pub const NONE: u8 = 1;
    /// It doesn't apply to the packet, or there is no service of its kind.
    pub const INAPPLICABLE: u8 = 2;
    /// A rule before had a service.
    pub const UNASKED: u8 = 3;
}

/// Whether packets of the connection take the early path once it is established, or why not:
/// [`explain_way_attr::EARLY`].
pub mod explain_early {
    /// They do.
    pub const TAKEN: u8 = 0;
    /// It is off.
    pub const OFF: u8 = 1;
    /// It isn't for their protocol.
    pub const PROTOCOL: u8 = 2;
    /// Connection tracking follows them.
    pub const TRACKED: u8 = 3;
    /// They belong to a control connection of FTP.
    pub const FTP_CONTROL: u8 = 4;
    /// It isn't for their forwarding method.
    pub const METHOD: u8 = 5;
    /// Their route leads to this host or takes more than a neighbour, or there is none.
    pub const ROUTE: u8 = 6;
    /// Their server was removed.
    pub const NO_SERVER: u8 = 7;
}

/// Whether a server gets the connection, or why not: [`VERDICT`](crate::lvs::attr::VERDICT).
pub mod explain_verdict {
    /// It does.
    pub const CHOSEN: u8 = 0;
    /// It is drained.
    pub const DRAINED: u8 = 1;
    /// It has weight 0.
    pub const QUIESCENT: u8 = 2;
    /// It is at its upper threshold.
    pub const OVERLOADED: u8 = 3;
    /// It is another one's turn.
    pub const TURN: u8 = 4;
    /// Another one has less load for its weight, or comes before it by weight.
    pub const LOAD: u8 = 5;
    /// The hash names another one.
    pub const HASH: u8 = 6;
    /// The virtual address has another one.
    pub const MEMORY: u8 = 7;
    /// Chance decides: it may get it.
    pub const CHANCE: u8 = 8;
    /// The client's template names another one.
    pub const TEMPLATE: u8 = 9;
    /// The Call-ID decides: it may get it.
    pub const CALL: u8 = 10;
    /// FTP's control connection is another one's.
    pub const CONTROL: u8 = 11;
    /// Nobody asks for a server.
    pub const UNASKED: u8 = 12;
}
