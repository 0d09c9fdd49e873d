// SPDX-License-Identifier: MIT OR GPL-2.0

//! Why lvs dropped a packet: names of counters in `/proc/net/lvs` and of labels of metrics.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $reason:ident $name:literal,)+) => {
        /// Why a packet was dropped.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum DropReason {
            $($(#[doc = $doc])* $reason,)+
        }

        impl DropReason {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(DropReason::$reason,)+];

            /// What its counter is called: lower-case letters and `_`, 15 at most.
            pub const fn name(self) -> &'static str {
                match self {
                    $(DropReason::$reason => $name,)+
                }
            }
        }
    };
}

reasons! {
    /// No server of the service takes new connections. The client was told.
    NoServer "no_server",
    /// The connection's server was removed, or just after it was picked.
    ServerGone "server_gone",
    /// The table holds as many connections as it may.
    TableFull "table_full",
    /// Too many connections of one client port.
    PortCrowded "port_crowded",
    /// No memory.
    NoMemory "no_memory",
    /// The defence against floods, `drop_packet`.
    Defence "defence",
    /// No way to where the packet was to go.
    NoRoute "no_route",
    /// Larger than the path's MTU, or a tunnel's way is narrower than any may be. The sender was
    /// told where that is proper.
    TooBig "too_big",
    /// Its time to live ran out here. The sender was told.
    Ttl "ttl",
    /// Headers that are cut short or say what can't be.
    Malformed "malformed",
    /// A checksum that an ICMP error needs to be translated is wrong.
    Checksum "checksum",
    /// It would have crossed between this host's own addresses and the network.
    Boundary "boundary",
    /// A server's packet that belongs to no connection, and whose sender was told so
    /// (`nat_icmp_send`).
    StrayReply "stray_reply",
    /// An ICMP error that nobody could be told of.
    StrayError "stray_error",
    /// What is said on an FTP control connection couldn't be translated. It is sent again.
    Ftp "ftp",
    /// A persistent call (SIP) without a Call-ID.
    NoCallId "no_call_id",
    /// Connection tracking can't follow it.
    Tracking "tracking",
    /// Of a connection that is over here. Its sender was told so, unless its service is to be
    /// silent.
    Ended "ended",
}

impl DropReason {
    /// Number of reasons.
    pub const COUNT: usize = Self::ALL.len();

    /// Its place among counters, below [`DropReason::COUNT`].
    #[inline]
    pub const fn number(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_and_names_are_labels() {
        for (place, reason) in DropReason::ALL.iter().enumerate() {
            assert_eq!(reason.number(), place);
            let name = reason.name();
            assert!((1..=15).contains(&name.len()), "{name}");
            assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'));
            let others = DropReason::ALL.iter().filter(|other| other.name() == name);
            assert_eq!(others.count(), 1, "{name}");
        }
    }
}
