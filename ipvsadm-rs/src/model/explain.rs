// SPDX-License-Identifier: MIT OR GPL-2.0

//! What would become of a client's packet, as lvs tells it.

use std::net::IpAddr;

use lvs_uapi::lvs::explain_answer;
use lvs_uapi::lvs::explain_by;
use lvs_uapi::lvs::explain_early;
use lvs_uapi::lvs::explain_near;
use lvs_uapi::lvs::explain_outcome;
use lvs_uapi::lvs::explain_rule;
use lvs_uapi::lvs::explain_verdict;

use super::DestEntry;
use super::Forward;
use super::Protocol;
use super::ServiceEntry;
use super::ServiceId;

/// A client's packet that opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
    /// The client.
    pub client: IpAddr,
    /// Its port; none for any.
    pub client_port: Option<u16>,
    /// The address it asks for, of the same family.
    pub addr: IpAddr,
    /// The port it asks for.
    pub port: u16,
    /// The packet's firewall mark; 0 for none.
    pub mark: u32,
}

/// Defines what has a number in the kernel's interface: its name for programs, and what people
/// read.
macro_rules! kinds {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $variant:ident = $number:path, $word:literal, $text:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $( #[doc = $text] $variant, )+
        }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What programs call it.
            pub fn word(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )+
                }
            }

            /// What it means.
            pub fn text(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )+
                }
            }

            /// Its number.
            pub fn number(self) -> u8 {
                match self {
                    $( Self::$variant => $number, )+
                }
            }

            /// The one with this number.
            pub fn from_number(number: u8) -> Option<Self> {
                match number {
                    $( $number => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// What becomes of a packet.
    pub enum Outcome {
        Sent = explain_outcome::SENT, "sent", "goes to a server";
        Refused = explain_outcome::REFUSED, "refused", "no server takes it, its client is told";
        Bypassed = explain_outcome::BYPASSED, "bypassed",
            "no server takes it, it goes to the host that it was sent to";
        NoService = explain_outcome::NO_SERVICE, "no-service", "isn't balanced: there is no service";
        Backup = explain_outcome::BACKUP, "backup",
            "isn't balanced: the director is a backup (backup_only)";
        FtpDataPort = explain_outcome::FTP_DATA_PORT, "ftp-data-port",
            "isn't balanced: only FTP servers open connections from port 20";
        BesideFtp = explain_outcome::BESIDE_FTP, "beside-ftp",
            "isn't balanced: the FTP service takes only its data connections at this port";
        Dropped = explain_outcome::DROPPED, "dropped", "is dropped";
    }
}

kinds! {
    /// What decides about a server.
    pub enum By {
        Turn = explain_by::TURN, "turn", "it is its turn";
        Load = explain_by::LOAD, "load", "it comes first by load and weight";
        Hash = explain_by::HASH, "hash", "the hash of addresses names it";
        Memory = explain_by::MEMORY, "memory", "the virtual address had it before";
        Chance = explain_by::CHANCE, "chance", "chance decides";
        Template = explain_by::TEMPLATE, "template", "the client's template names it";
        Call = explain_by::CALL, "call", "the Call-ID decides";
        Control = explain_by::CONTROL, "control", "it is a data connection of its control connection";
    }
}

kinds! {
    /// Rules by which a service is looked for.
    pub enum Rule {
        Mark = explain_rule::MARK, "mark", "firewall mark";
        Port = explain_rule::PORT, "port", "address and port";
        FtpData = explain_rule::FTP_DATA, "ftp-data", "FTP's data connections";
        AnyPort = explain_rule::ANY_PORT, "any-port", "address, any port";
    }
}

kinds! {
    /// What a rule says.
    pub enum Answer {
        Found = explain_answer::FOUND, "found", "this one";
        None = explain_answer::NONE, "none", "no such service";
        Inapplicable = explain_answer::INAPPLICABLE, "inapplicable", "doesn't apply";
        Unasked = explain_answer::UNASKED, "unasked", "not asked";
    }
}

kinds! {
    /// Whether packets take the early path, or why they don't.
    pub enum Early {
        Taken = explain_early::TAKEN, "taken", "taken";
        Off = explain_early::OFF, "off", "off";
        Protocol = explain_early::PROTOCOL, "protocol", "not for this protocol";
        Tracked = explain_early::TRACKED, "tracked", "not with connection tracking";
        FtpControl = explain_early::FTP_CONTROL, "ftp-control", "not for FTP's control connections";
        Method = explain_early::METHOD, "method", "not by this forwarding method";
        Route = explain_early::ROUTE, "route", "not by this route";
        NoServer = explain_early::NO_SERVER, "no-server", "not without a server";
    }
}

kinds! {
    /// Why a service doesn't take a packet that it nearly takes.
    pub enum Why {
        Earlier = explain_near::EARLIER, "earlier", "it would, but another service is asked first";
        OtherFamily = explain_near::OTHER_FAMILY, "other-family", "it takes this mark of the other family";
        OtherProtocol = explain_near::OTHER_PROTOCOL, "other-protocol", "it takes another protocol";
        OtherPort = explain_near::OTHER_PORT, "other-port", "it takes another port";
        OtherMark = explain_near::OTHER_MARK, "other-mark", "it takes another mark";
    }
}

kinds! {
    /// Whether a server gets the connection, or why not.
    pub enum Verdict {
        Chosen = explain_verdict::CHOSEN, "chosen", "gets it";
        Drained = explain_verdict::DRAINED, "drained", "is drained";
        Quiescent = explain_verdict::QUIESCENT, "quiescent", "has weight 0";
        Overloaded = explain_verdict::OVERLOADED, "overloaded", "is overloaded";
        Turn = explain_verdict::TURN, "turn", "it is another one's turn";
        Load = explain_verdict::LOAD, "load", "another one comes first by load and weight";
        Hash = explain_verdict::HASH, "hash", "the hash of addresses names another one";
        Memory = explain_verdict::MEMORY, "memory", "the virtual address has another one";
        Chance = explain_verdict::CHANCE, "chance", "may get it by chance";
        Template = explain_verdict::TEMPLATE, "template", "the client's template names another one";
        Call = explain_verdict::CALL, "call", "may get it, the Call-ID decides";
        Control = explain_verdict::CONTROL, "control", "the control connection is another one's";
        Unasked = explain_verdict::UNASKED, "unasked", "isn't asked";
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Address.
    pub addr: IpAddr,
    /// Port.
    pub port: u16,
}

/// How packets leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Forwarding method.
    pub forward: Forward,
    /// Why there is none: the name of a drop's reason.
    pub reason: Option<String>,
    /// Where to; none if they stay here, or if there is no way.
    pub hop: Option<Hop>,
    /// Whether they take the early path once the connection is established.
    pub early: Early,
    /// The same of XDP, from a device that has it; none if an older module doesn't tell.
    pub xdp: Option<Early>,
}

/// The next host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Number of the device.
    pub device: u32,
    /// The neighbour.
    pub addr: IpAddr,
    /// Longest packet of the client, in bytes, that fits.
    pub mtu: u32,
    /// Source of a tunnel's packets.
    pub source: Option<IpAddr>,
}

/// A connection or template that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// State, as lists of connections show it.
    pub state: String,
    /// Seconds that it lives without another packet.
    pub left: u32,
    /// Seconds that it has existed.
    pub age: u32,
    /// Packets of the client, of which [`Found::MANY`] stands for any more.
    pub packets: u32,
    /// Its server.
    pub server: End,
    /// Its server was removed.
    pub is_orphaned: bool,
    /// The next connection replaces it, or goes elsewhere.
    pub is_replaced: bool,
    /// Another director told of it.
    pub is_synced: bool,
    /// A template or a control connection has it.
    pub is_controlled: bool,
    /// How its packets leave; none of a template.
    pub way: Option<Way>,
}

impl Found {
    /// No more packets are counted.
    pub const MANY: u32 = 9;
}

/// A server of the service, and whether it gets the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The server.
    pub entry: DestEntry,
    /// What is said of it.
    pub verdict: Verdict,
}

/// A service that nearly takes a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    /// Its name.
    pub service: ServiceId,
    /// Why it doesn't.
    pub why: Why,
}

/// What would become of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The connection that is there.
    pub conn: Option<Found>,
    /// What was asked for a service.
    pub rules: Vec<(Rule, Answer)>,
    /// The service.
    pub service: Option<ServiceEntry>,
    /// Services that nearly take it, the nearest first, as far as they are told.
    pub near: Vec<Near>,
    /// How many there are.
    pub near_count: u32,
    /// The client's template.
    pub template: Option<Found>,
    /// What becomes of the packet that opens a connection.
    pub outcome: Outcome,
    /// Why it is dropped: the name of a drop's reason.
    pub reason: Option<String>,
    /// What decides about its server.
    pub by: Option<By>,
    /// Its server, as far as it can be told before.
    pub server: Option<End>,
    /// How it leaves.
    pub way: Option<Way>,
    /// The service's servers, newest first.
    pub servers: Vec<Judged>,
    /// Of how many packets that open a connection one is dropped; 0 for none.
    pub drop_rate: u32,
    /// Connections and templates there are.
    pub conns: u32,
    /// Most of them.
    pub most_conns: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_kinds_mean_the_same() {
        macro_rules! check {
            ($($kind:ident),+) => {$(
                for (number, kind) in (0..).zip($kind::ALL) {
                    assert_eq!(kind.number(), number);
                    assert_eq!($kind::from_number(number), Some(*kind));
                    assert!(!kind.word().is_empty() && !kind.text().is_empty());
                }
                assert_eq!($kind::from_number(99), None);
            )+};
        }
        check!(Outcome, By, Rule, Answer, Early, Verdict, Why);
    }
}
