// SPDX-License-Identifier: MIT OR GPL-2.0

//! The generic netlink family: commands and attributes.
//!
//! "Request" and "reply" below are seen from userspace. A *full* service or destination carries
//! every attribute that a change may set; an *id* carries only what names the object.

/// Name of the generic netlink family.
pub const FAMILY_NAME: &str = "IPVS";
/// Version of the generic netlink family.
pub const FAMILY_VERSION: u8 = 1;

/// Commands. All demand `CAP_NET_ADMIN` in the initial user namespace.
pub mod cmd {
    /// Adds a service. Request: full service. Also the command of `GET_SERVICE` replies.
    pub const NEW_SERVICE: u8 = 1;
    /// Changes a service. Request: full service.
    pub const SET_SERVICE: u8 = 2;
    /// Deletes a service. Request: service id.
    pub const DEL_SERVICE: u8 = 3;
    /// Reads one service (service id) or dumps all.
    pub const GET_SERVICE: u8 = 4;
    /// Adds a destination. Request: service id and full destination. Also the command of
    /// `GET_DEST` replies.
    pub const NEW_DEST: u8 = 5;
    /// Changes a destination. Request: service id and full destination.
    pub const SET_DEST: u8 = 6;
    /// Deletes a destination. Request: service id and destination id.
    pub const DEL_DEST: u8 = 7;
    /// Dumps the destinations of a service (service id). An unknown service gives an empty dump.
    pub const GET_DEST: u8 = 8;
    /// Starts a synchronisation daemon. Also the command of `GET_DAEMON` replies.
    pub const NEW_DAEMON: u8 = 9;
    /// Stops a synchronisation daemon; only its state is read.
    pub const DEL_DAEMON: u8 = 10;
    /// Dumps the running daemons, master first.
    pub const GET_DAEMON: u8 = 11;
    /// Sets the protocol timeouts. Also the command of `GET_CONFIG` replies.
    pub const SET_CONFIG: u8 = 12;
    /// Reads the protocol timeouts.
    pub const GET_CONFIG: u8 = 13;
    /// Only the command of `GET_INFO` replies: no request of this number exists.
    pub const SET_INFO: u8 = 14;
    /// Reads version and size of the connection table.
    pub const GET_INFO: u8 = 15;
    /// Zeroes the counters of one service (service id), or of everything.
    pub const ZERO: u8 = 16;
    /// Deletes every service.
    pub const FLUSH: u8 = 17;
}

/// Attributes of the outermost level, for every command but `GET_INFO`'s reply.
pub mod attr {
    /// Nest of [`service_attr`](super::service_attr).
    pub const SERVICE: u16 = 1;
    /// Nest of [`dest_attr`](super::dest_attr).
    pub const DEST: u16 = 2;
    /// Nest of [`daemon_attr`](super::daemon_attr).
    pub const DAEMON: u16 = 3;
    /// `u32`, seconds: established TCP connections. 0 in a request keeps the value.
    pub const TIMEOUT_TCP: u16 = 4;
    /// `u32`, seconds: TCP connections after a FIN. 0 in a request keeps the value.
    pub const TIMEOUT_TCP_FIN: u16 = 5;
    /// `u32`, seconds: UDP. 0 in a request keeps the value.
    pub const TIMEOUT_UDP: u16 = 6;
    /// Highest number.
    pub const MAX: u16 = TIMEOUT_UDP;
}

/// Attributes of the outermost level of `GET_INFO`'s reply.
pub mod info_attr {
    /// `u32`: [`IP_VS_VERSION_CODE`](crate::limits::IP_VS_VERSION_CODE).
    pub const VERSION: u16 = 1;
    /// `u32`: current number of buckets of the connection table (0 before the first service).
    pub const CONN_TAB_SIZE: u16 = 2;
    /// Highest number.
    pub const MAX: u16 = CONN_TAB_SIZE;
}

/// Attributes in [`attr::SERVICE`]. An id is the family and either protocol, address and port, or
/// the firewall mark.
pub mod service_attr {
    /// `u16`: address family. Always needed.
    pub const AF: u16 = 1;
    /// `u16`: IP protocol. Absent in replies for firewall-mark services, as are address and port.
    pub const PROTOCOL: u16 = 2;
    /// At most 16 bytes, network order: virtual address. Replies: always 16 bytes.
    pub const ADDR: u16 = 3;
    /// `u16`, network order: virtual port, 0 for any.
    pub const PORT: u16 = 4;
    /// `u32`: firewall mark. In replies only if it isn't 0.
    pub const FWMARK: u16 = 5;
    /// NUL-terminated string: scheduler; `none` in a reply when there is none.
    pub const SCHED_NAME: u16 = 6;
    /// [`flags::service`](crate::flags::service) and a mask of the bits to change: two `u32`.
    pub const FLAGS: u16 = 7;
    /// `u32`, seconds: persistence.
    pub const TIMEOUT: u16 = 8;
    /// `u32`: granularity of persistence. IPv4: a mask in network order. IPv6: a prefix length, 1
    /// to 128, in host order.
    pub const NETMASK: u16 = 9;
    /// Nest of [`stats_attr`](super::stats_attr), 32 bits wide where noted. Reply only.
    pub const STATS: u16 = 10;
    /// NUL-terminated string: persistence engine. Absent when there is none.
    pub const PE_NAME: u16 = 11;
    /// Nest of [`stats_attr`](super::stats_attr), all `u64`. Reply only.
    pub const STATS64: u16 = 12;
    /// Highest number.
    pub const MAX: u16 = STATS64;
}

/// Attributes in [`attr::DEST`]. An id is address, port and address family.
pub mod dest_attr {
    /// At most 16 bytes, network order: the server's address. Replies: always 16 bytes.
    pub const ADDR: u16 = 1;
    /// `u16`, network order: the server's port, 0 for that of the packet.
    pub const PORT: u16 = 2;
    /// `u32`: a method of [`flags::fwd`](crate::flags::fwd).
    pub const FWD_METHOD: u16 = 3;
    /// `u32`, read as a signed number: weight, 0 for no new connections.
    pub const WEIGHT: u16 = 4;
    /// `u32`: connections from which on the server gets no more; 0 for no limit.
    pub const U_THRESH: u16 = 5;
    /// `u32`: connections below which an overloaded server gets some again; 0 for three quarters of
    /// the upper threshold.
    pub const L_THRESH: u16 = 6;
    /// `u32`: active connections. Reply only.
    pub const ACTIVE_CONNS: u16 = 7;
    /// `u32`: inactive connections. Reply only.
    pub const INACT_CONNS: u16 = 8;
    /// `u32`: persistence templates. Reply only.
    pub const PERSIST_CONNS: u16 = 9;
    /// Nest of [`stats_attr`](super::stats_attr), 32 bits wide where noted. Reply only.
    pub const STATS: u16 = 10;
    /// `u16`: address family of the server; absent or 0 for that of the service.
    pub const ADDR_FAMILY: u16 = 11;
    /// Nest of [`stats_attr`](super::stats_attr), all `u64`. Reply only.
    pub const STATS64: u16 = 12;
    /// `u8`: a type of [`flags::tunnel`](crate::flags::tunnel).
    pub const TUN_TYPE: u16 = 13;
    /// `u16`, network order: UDP port of a GUE tunnel.
    pub const TUN_PORT: u16 = 14;
    /// `u16`: flags of [`flags::tunnel`](crate::flags::tunnel).
    pub const TUN_FLAGS: u16 = 15;
    /// Highest number.
    pub const MAX: u16 = TUN_FLAGS;
}

/// Attributes in a `STATS` or `STATS64` nest. In `STATS64` every one is a `u64`; in `STATS` only
/// the byte counters are, and the rest is `u32`, truncated.
pub mod stats_attr {
    /// Connections scheduled.
    pub const CONNS: u16 = 1;
    /// Packets from clients.
    pub const INPKTS: u16 = 2;
    /// Packets to clients.
    pub const OUTPKTS: u16 = 3;
    /// Bytes from clients. `u64` in both nests.
    pub const INBYTES: u16 = 4;
    /// Bytes to clients. `u64` in both nests.
    pub const OUTBYTES: u16 = 5;
    /// Connections a second.
    pub const CPS: u16 = 6;
    /// Packets from clients a second.
    pub const INPPS: u16 = 7;
    /// Packets to clients a second.
    pub const OUTPPS: u16 = 8;
    /// Bytes from clients a second.
    pub const INBPS: u16 = 9;
    /// Bytes to clients a second.
    pub const OUTBPS: u16 = 10;
    /// Alignment on some architectures; carries nothing.
    pub const PAD: u16 = 11;
    /// Highest number.
    pub const MAX: u16 = PAD;
}

/// Attributes in [`attr::DAEMON`].
pub mod daemon_attr {
    /// `u32`: a state of [`flags::sync`](crate::flags::sync). Always needed.
    pub const STATE: u16 = 1;
    /// NUL-terminated string: interface of the multicast. Needed to start.
    pub const MCAST_IFN: u16 = 2;
    /// `u32`: identity of the pair of daemons, 0 to 255. Needed to start.
    pub const SYNC_ID: u16 = 3;
    /// `u16`, bytes: longest message.
    pub const SYNC_MAXLEN: u16 = 4;
    /// `u32`, network order: IPv4 multicast group; wins over the IPv6 one.
    pub const MCAST_GROUP: u16 = 5;
    /// 16 bytes: IPv6 multicast group.
    pub const MCAST_GROUP6: u16 = 6;
    /// `u16`, **host** order: UDP port.
    pub const MCAST_PORT: u16 = 7;
    /// `u8`: time to live.
    pub const MCAST_TTL: u16 = 8;
    /// Highest number.
    pub const MAX: u16 = MCAST_TTL;
}
