// SPDX-License-Identifier: MIT OR GPL-2.0

//! The older control interface: socket options of `IPPROTO_IP`, IPv4 only.
//!
//! Needs `CAP_NET_ADMIN` in the user namespace that owns the network namespace. Set options demand
//! the exact size; the two table reads demand header plus `num * size_of::<Entry>()`, exactly.
//!
//! A record is bytes and back by zerocopy. Padding is a field, so that nobody's memory leaks in it.

use core::mem::{
    offset_of,
    size_of, //
};

use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout, //
};

use crate::limits::{
    IFNAME_MAXLEN,
    SCHEDNAME_MAXLEN, //
};

/// First number of the range, for set and get alike.
pub const BASE: i32 = 64 + 1024 + 64;

/// Numbers for `setsockopt`.
pub mod set {
    use super::BASE;

    /// First number of the range.
    pub const FIRST: i32 = BASE;
    /// Adds a service: [`ServiceUser`](super::ServiceUser).
    pub const ADD: i32 = BASE + 2;
    /// Changes a service: [`ServiceUser`](super::ServiceUser).
    pub const EDIT: i32 = BASE + 3;
    /// Deletes a service: [`ServiceUser`](super::ServiceUser).
    pub const DEL: i32 = BASE + 4;
    /// Deletes every service: no argument.
    pub const FLUSH: i32 = BASE + 5;
    /// Adds a destination: [`ServiceDestUser`](super::ServiceDestUser).
    pub const ADDDEST: i32 = BASE + 7;
    /// Deletes a destination: [`ServiceDestUser`](super::ServiceDestUser).
    pub const DELDEST: i32 = BASE + 8;
    /// Changes a destination: [`ServiceDestUser`](super::ServiceDestUser).
    pub const EDITDEST: i32 = BASE + 9;
    /// Sets the protocol timeouts: [`TimeoutUser`](super::TimeoutUser).
    pub const TIMEOUT: i32 = BASE + 10;
    /// Starts a synchronisation daemon: [`DaemonUser`](super::DaemonUser).
    pub const STARTDAEMON: i32 = BASE + 11;
    /// Stops a synchronisation daemon: [`DaemonUser`](super::DaemonUser).
    pub const STOPDAEMON: i32 = BASE + 12;
    /// Zeroes counters: [`ServiceUser`](super::ServiceUser), all zero for everything.
    pub const ZERO: i32 = BASE + 15;
    /// Last number of the range.
    pub const LAST: i32 = ZERO;
}

/// Numbers for `getsockopt`.
pub mod get {
    use super::BASE;

    /// First number of the range.
    pub const FIRST: i32 = BASE;
    /// The version as text, at least 64 bytes of room.
    pub const VERSION: i32 = BASE;
    /// [`GetInfo`](super::GetInfo).
    pub const INFO: i32 = BASE + 1;
    /// [`GetServices`](super::GetServices), followed by the table.
    pub const SERVICES: i32 = BASE + 2;
    /// One [`ServiceEntry`](super::ServiceEntry), whose id the caller filled in.
    pub const SERVICE: i32 = BASE + 3;
    /// [`GetDests`](super::GetDests), followed by the table.
    pub const DESTS: i32 = BASE + 4;
    /// [`TimeoutUser`](super::TimeoutUser).
    pub const TIMEOUT: i32 = BASE + 6;
    /// Two [`DaemonUser`](super::DaemonUser): master and backup.
    pub const DAEMON: i32 = BASE + 7;
    /// Last number of the range.
    pub const LAST: i32 = DAEMON;

    /// Room that [`VERSION`] demands, in bytes.
    pub const VERSION_LEN: usize = 64;
}

/// A virtual service as userspace gives it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct ServiceUser {
    /// IP protocol: TCP, UDP or SCTP, even for a firewall mark.
    pub protocol: u16,
    /// Padding.
    pub protocol_pad: [u8; 2],
    /// Virtual address, network order.
    pub addr: [u8; 4],
    /// Virtual port, network order.
    pub port: [u8; 2],
    /// Padding.
    pub port_pad: [u8; 2],
    /// Firewall mark; 0 when address and port name the service.
    pub fwmark: u32,
    /// Scheduler, NUL-terminated.
    pub sched_name: [u8; SCHEDNAME_MAXLEN],
    /// [`flags::service`](crate::flags::service).
    pub flags: u32,
    /// Persistence, seconds.
    pub timeout: u32,
    /// Granularity of persistence, network order.
    pub netmask: u32,
}

/// A destination as userspace gives it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct DestUser {
    /// Address, network order.
    pub addr: [u8; 4],
    /// Port, network order.
    pub port: [u8; 2],
    /// Padding.
    pub port_pad: [u8; 2],
    /// Forwarding method and [`flags::conn`](crate::flags::conn) bits.
    pub conn_flags: u32,
    /// Weight.
    pub weight: i32,
    /// Upper threshold of connections.
    pub u_threshold: u32,
    /// Lower threshold of connections.
    pub l_threshold: u32,
}

/// Argument of the destination changes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct ServiceDestUser {
    /// The service, of which the id counts.
    pub service: ServiceUser,
    /// The destination.
    pub dest: DestUser,
}

/// Counters, truncated to 32 bits where noted by their type.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct StatsUser {
    /// Connections scheduled.
    pub conns: u32,
    /// Packets from clients.
    pub inpkts: u32,
    /// Packets to clients.
    pub outpkts: u32,
    /// Padding.
    pub outpkts_pad: [u8; 4],
    /// Bytes from clients.
    pub inbytes: u64,
    /// Bytes to clients.
    pub outbytes: u64,
    /// Connections a second.
    pub cps: u32,
    /// Packets from clients a second.
    pub inpps: u32,
    /// Packets to clients a second.
    pub outpps: u32,
    /// Bytes from clients a second.
    pub inbps: u32,
    /// Bytes to clients a second.
    pub outbps: u32,
    /// Padding.
    pub outbps_pad: [u8; 4],
}

/// Reply to [`get::INFO`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct GetInfo {
    /// [`IP_VS_VERSION_CODE`](crate::limits::IP_VS_VERSION_CODE).
    pub version: u32,
    /// Buckets of the connection table.
    pub size: u32,
    /// Number of IPv4 services.
    pub num_services: u32,
}

/// A virtual service as the kernel gives it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct ServiceEntry {
    /// IP protocol.
    pub protocol: u16,
    /// Padding.
    pub protocol_pad: [u8; 2],
    /// Virtual address, network order.
    pub addr: [u8; 4],
    /// Virtual port, network order.
    pub port: [u8; 2],
    /// Padding.
    pub port_pad: [u8; 2],
    /// Firewall mark.
    pub fwmark: u32,
    /// Scheduler, NUL-terminated.
    pub sched_name: [u8; SCHEDNAME_MAXLEN],
    /// [`flags::service`](crate::flags::service).
    pub flags: u32,
    /// Persistence, seconds.
    pub timeout: u32,
    /// Granularity of persistence, network order.
    pub netmask: u32,
    /// Number of destinations.
    pub num_dests: u32,
    /// Counters.
    pub stats: StatsUser,
}

/// A destination as the kernel gives it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct DestEntry {
    /// Address, network order.
    pub addr: [u8; 4],
    /// Port, network order.
    pub port: [u8; 2],
    /// Padding.
    pub port_pad: [u8; 2],
    /// Forwarding method and other flags, unmasked.
    pub conn_flags: u32,
    /// Weight.
    pub weight: i32,
    /// Upper threshold of connections.
    pub u_threshold: u32,
    /// Lower threshold of connections.
    pub l_threshold: u32,
    /// Active connections.
    pub activeconns: u32,
    /// Inactive connections.
    pub inactconns: u32,
    /// Persistence templates.
    pub persistconns: u32,
    /// Padding.
    pub persistconns_pad: [u8; 4],
    /// Counters.
    pub stats: StatsUser,
}

/// Head of the destination table: the id is the request, the count both.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct GetDests {
    /// IP protocol of the service.
    pub protocol: u16,
    /// Padding.
    pub protocol_pad: [u8; 2],
    /// Virtual address, network order.
    pub addr: [u8; 4],
    /// Virtual port, network order.
    pub port: [u8; 2],
    /// Padding.
    pub port_pad: [u8; 2],
    /// Firewall mark.
    pub fwmark: u32,
    /// Number of entries that follow.
    pub num_dests: u32,
    /// Padding.
    pub num_dests_pad: [u8; 4],
    /// The table: [`DestEntry`] items, as many as there is room for. They start 8-byte aligned.
    pub entrytable: [u64; 0],
}

/// Head of the service table.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct GetServices {
    /// Number of entries that follow.
    pub num_services: u32,
    /// Padding.
    pub num_services_pad: [u8; 4],
    /// The table: [`ServiceEntry`] items. They start 8-byte aligned.
    pub entrytable: [u64; 0],
}

/// Protocol timeouts in seconds; 0 in a request keeps the value.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct TimeoutUser {
    /// Established TCP.
    pub tcp_timeout: u32,
    /// TCP after a FIN.
    pub tcp_fin_timeout: u32,
    /// UDP.
    pub udp_timeout: u32,
}

/// A synchronisation daemon.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
#[repr(C)]
pub struct DaemonUser {
    /// A state of [`flags::sync`](crate::flags::sync).
    pub state: u32,
    /// Interface of the multicast, NUL-terminated.
    pub mcast_ifn: [u8; IFNAME_MAXLEN],
    /// Identity of the pair of daemons.
    pub syncid: u32,
}

const _: () = {
    assert!(size_of::<ServiceUser>() == 44);
    assert!(offset_of!(ServiceUser, addr) == 4);
    assert!(offset_of!(ServiceUser, port) == 8);
    assert!(offset_of!(ServiceUser, fwmark) == 12);
    assert!(offset_of!(ServiceUser, sched_name) == 16);
    assert!(offset_of!(ServiceUser, flags) == 32);
    assert!(offset_of!(ServiceUser, timeout) == 36);
    assert!(offset_of!(ServiceUser, netmask) == 40);

    assert!(size_of::<DestUser>() == 24);
    assert!(offset_of!(DestUser, port) == 4);
    assert!(offset_of!(DestUser, conn_flags) == 8);
    assert!(offset_of!(DestUser, weight) == 12);
    assert!(offset_of!(DestUser, u_threshold) == 16);
    assert!(offset_of!(DestUser, l_threshold) == 20);

    assert!(size_of::<ServiceDestUser>() == 68);
    assert!(offset_of!(ServiceDestUser, dest) == 44);

    assert!(size_of::<StatsUser>() == 56);
    assert!(offset_of!(StatsUser, inbytes) == 16);
    assert!(offset_of!(StatsUser, outbytes) == 24);
    assert!(offset_of!(StatsUser, cps) == 32);
    assert!(offset_of!(StatsUser, outbps) == 48);

    assert!(size_of::<GetInfo>() == 12);

    assert!(size_of::<ServiceEntry>() == 104);
    assert!(offset_of!(ServiceEntry, netmask) == 40);
    assert!(offset_of!(ServiceEntry, num_dests) == 44);
    assert!(offset_of!(ServiceEntry, stats) == 48);

    assert!(size_of::<DestEntry>() == 96);
    assert!(offset_of!(DestEntry, l_threshold) == 20);
    assert!(offset_of!(DestEntry, activeconns) == 24);
    assert!(offset_of!(DestEntry, persistconns) == 32);
    assert!(offset_of!(DestEntry, stats) == 40);

    assert!(size_of::<GetDests>() == 24);
    assert!(offset_of!(GetDests, fwmark) == 12);
    assert!(offset_of!(GetDests, num_dests) == 16);
    assert!(offset_of!(GetDests, entrytable) == 24);

    assert!(size_of::<GetServices>() == 8);
    assert!(offset_of!(GetServices, entrytable) == 8);

    assert!(size_of::<TimeoutUser>() == 12);

    assert!(size_of::<DaemonUser>() == 24);
    assert!(offset_of!(DaemonUser, mcast_ifn) == 4);
    assert!(offset_of!(DaemonUser, syncid) == 20);

    assert!(set::LAST == 1167);
    assert!(get::LAST == 1159);
};
