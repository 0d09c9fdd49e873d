// SPDX-License-Identifier: MIT OR GPL-2.0

//! Flag bits and small enumerations of services, destinations, connections and daemons.

/// Flags of a virtual service: `service_attr::FLAGS` and `sockopt::ServiceUser::flags`.
pub mod service {
    /// Clients stick to their server for the service's timeout.
    pub const PERSISTENT: u32 = 0x0001;
    /// The service is in the kernel's table. Set by the kernel; ignored in requests.
    pub const HASHED: u32 = 0x0002;
    /// Every packet is scheduled anew (UDP only).
    pub const ONEPACKET: u32 = 0x0004;
    /// First scheduler-specific flag.
    pub const SCHED1: u32 = 0x0008;
    /// Second scheduler-specific flag.
    pub const SCHED2: u32 = 0x0010;
    /// Third scheduler-specific flag.
    pub const SCHED3: u32 = 0x0020;

    /// Schedulers `sh` and `mh`: probe on when the hashed server is unusable.
    pub const SCHED_SH_FALLBACK: u32 = SCHED1;
    /// Schedulers `sh` and `mh`: hash the source port too.
    pub const SCHED_SH_PORT: u32 = SCHED2;
    /// Same bit as [`SCHED_SH_FALLBACK`], by the name used with `mh`.
    pub const SCHED_MH_FALLBACK: u32 = SCHED1;
    /// Same bit as [`SCHED_SH_PORT`], by the name used with `mh`.
    pub const SCHED_MH_PORT: u32 = SCHED2;
    /// With `mh`: refuse the clients of a server of weight 0, as ip_vs does without the fallback
    /// flag, to which this one means nothing.
    pub const SCHED_MH_STRICT: u32 = SCHED3;
    /// With `mh`: the table doesn't depend on the order in which servers were added, so that
    /// directors agree. lvs alone knows it; far from the bits that ip_vs gives away.
    pub const SCHED_MH_AGREE: u32 = 0x8000_0000;
}

/// Forwarding methods: the low three bits of a connection's or destination's flags,
/// `dest_attr::FWD_METHOD`.
pub mod fwd {
    /// Bits that hold the method.
    pub const MASK: u32 = 0x0007;
    /// Network address translation.
    pub const MASQ: u32 = 0;
    /// The server is this host.
    pub const LOCALNODE: u32 = 1;
    /// Encapsulation.
    pub const TUNNEL: u32 = 2;
    /// Direct routing: the packet leaves unchanged for the server's link-layer address.
    pub const DROUTE: u32 = 3;
    /// To the original destination, past the servers.
    pub const BYPASS: u32 = 4;
}

/// Flags of a connection. They appear on the wire of the synchronisation protocol and, in part,
/// in the `conn_flags` of the sockopt structs.
///
/// Those of sequence numbers, [`NO_CPORT`](conn::NO_CPORT), [`SYNC`](conn::SYNC) and
/// [`BACKUP_MASK`](conn::BACKUP_MASK) are for that protocol alone.
pub mod conn {
    /// The packets of the client only are seen (direct routing, tunnels).
    pub const NOOUTPUT: u32 = 0x0080;
    /// Not established: counted as inactive.
    pub const INACTIVE: u32 = 0x0100;
    /// Sequence numbers of the outgoing direction are adjusted.
    pub const OUT_SEQ: u32 = 0x0200;
    /// Sequence numbers of the incoming direction are adjusted.
    pub const IN_SEQ: u32 = 0x0400;
    /// Either direction's sequence numbers are adjusted.
    pub const SEQ_MASK: u32 = OUT_SEQ | IN_SEQ;
    /// The client's port isn't known yet.
    pub const NO_CPORT: u32 = 0x0800;
    /// A persistence template, not a real connection.
    pub const TEMPLATE: u32 = 0x1000;
    /// Lives for one packet.
    pub const ONE_PACKET: u32 = 0x2000;
    /// Received by synchronisation.
    pub const SYNC: u32 = 0x0020;
    /// Linked into the connection table.
    pub const HASHED: u32 = 0x0040;
    /// Tracked by netfilter's connection tracking as well.
    pub const NFCT: u32 = 0x0001_0000;

    /// Flags that a backup takes over from a synchronisation message.
    pub const BACKUP_MASK: u32 =
        super::fwd::MASK | NOOUTPUT | INACTIVE | SEQ_MASK | NO_CPORT | TEMPLATE;
}

/// Encapsulations of [`fwd::TUNNEL`]: `dest_attr::TUN_TYPE`.
pub mod tunnel {
    /// IP in IP (any mix of IPv4 and IPv6).
    pub const TYPE_IPIP: u8 = 0;
    /// Generic UDP encapsulation.
    pub const TYPE_GUE: u8 = 1;
    /// Generic routing encapsulation.
    pub const TYPE_GRE: u8 = 2;

    /// No checksum in the encapsulation header. `dest_attr::TUN_FLAGS`.
    pub const FLAG_NOCSUM: u16 = 0;
    /// Checksum in the encapsulation header.
    pub const FLAG_CSUM: u16 = 1;
    /// Remote checksum offload (GUE only).
    pub const FLAG_REMCSUM: u16 = 2;
}

/// Roles of a synchronisation daemon, `daemon_attr::STATE`, and what it uses if nothing is said.
pub mod sync {
    /// No daemon runs (sockopt replies only).
    pub const STATE_NONE: u32 = 0;
    /// Sends connection state.
    pub const STATE_MASTER: u32 = 1;
    /// Receives connection state.
    pub const STATE_BACKUP: u32 = 2;

    /// Multicast group when none is given: 224.0.0.81.
    pub const DEFAULT_GROUP: [u8; 4] = [224, 0, 0, 81];
    /// UDP port when none is given, host order.
    pub const DEFAULT_PORT: u16 = 8848;
    /// Time to live when none is given.
    pub const DEFAULT_TTL: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backup_mask_is_the_protocol_constant() {
        assert_eq!(conn::BACKUP_MASK, 0x1f87);
    }
}
