// SPDX-License-Identifier: MIT OR GPL-2.0

//! The schema: `--json` prints it, `apply` reads it.
//!
//! Every document has the same shape; a part that wasn't asked for is absent. Fields that the
//! kernel counts are read and ignored, so that a listing can be applied as it is.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use serde::Deserialize;
use serde::Serialize;

use crate::cli::numbers;
use crate::model::drain::Persistent;
use crate::model::drain::Then;
use crate::model::extras::OnExpiry;
use crate::model::DestState;

/// Version of the schema. It changes when a field goes or changes its meaning, not when one is
/// added.
pub const VERSION: u32 = 1;

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`VERSION`].
    #[serde(default = "current")]
    pub schema: u32,
    /// What the kernel says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipvs: Option<Ipvs>,
    /// The services with their servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<Service>>,
    /// Timeouts of connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// The synchronisation daemons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemons: Option<Vec<Daemon>>,
    /// The connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Vec<Connection>>,
}

fn current() -> u32 {
    VERSION
}

impl Default for Document {
    fn default() -> Self {
        Document {
            schema: VERSION,
            ipvs: None,
            services: None,
            timeouts: None,
            daemons: None,
            connections: None,
        }
    }
}

/// What the kernel says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ipvs {
    /// Version, three numbers.
    pub version: String,
    /// Buckets of the connection table.
    pub connection_table_size: u32,
}

/// A virtual service: named by protocol, address and port or by a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// `tcp`, `udp` or `sctp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Virtual address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Virtual port, 0 for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The firewall's mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fwmark: Option<u32>,
    /// `ipv4` or `ipv6`: a service with an address needn't tell, one with a mark is `ipv4` by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyName>,
    /// Scheduler.
    #[serde(default = "default_scheduler")]
    pub scheduler: String,
    /// Flags of the scheduler, named as for `-b`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scheduler_flags: Vec<String>,
    /// Seconds for which clients stick to their server; absent if they don't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent: Option<u32>,
    /// Granularity of persistence, IPv4; absent if every client is on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netmask: Option<Ipv4Addr>,
    /// Granularity of persistence, IPv6; absent if every client is on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_length: Option<u32>,
    /// Persistence engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistence_engine: Option<String>,
    /// Whether every packet is scheduled anew.
    #[serde(default)]
    pub one_packet: bool,
    /// How long established TCP connections live without packets; absent: as the namespace says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_timeout: Option<Seconds>,
    /// The same of TCP connections in FIN_WAIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_fin_timeout: Option<Seconds>,
    /// The same of UDP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp_timeout: Option<Seconds>,
    /// The same of established SCTP associations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sctp_timeout: Option<Seconds>,
    /// How long a server that comes to others climbs to its weight; absent: it has that at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_start: Option<Seconds>,
    /// What becomes of TCP segments of connections that were forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_expiry: Option<OnExpiry>,
    /// Counters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Counters>,
    /// Rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Counters>,
    /// The servers.
    #[serde(default)]
    pub servers: Vec<Server>,
}

fn default_scheduler() -> String {
    "wlc".to_owned()
}

/// A time in whole seconds: a number, or text as `30s` or `5m`. It is written as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SecondsText", into = "u32")]
pub struct Seconds(pub u32);

/// What a file says of a time.
#[derive(Deserialize)]
#[serde(untagged)]
enum SecondsText {
    Number(u32),
    Text(String),
}

impl TryFrom<SecondsText> for Seconds {
    type Error = String;

    fn try_from(text: SecondsText) -> Result<Self, String> {
        let text = match text {
            SecondsText::Number(number) => number.to_string(),
            SecondsText::Text(text) => text,
        };
        match numbers::seconds(&text) {
            Some(seconds) => Ok(Seconds(seconds)),
            None => Err(format!(
                "`{text}' is no time, as 30s or 5m, of at most {} seconds",
                numbers::MAX_TIMEOUT
            )),
        }
    }
}

impl From<Seconds> for u32 {
    fn from(Seconds(seconds): Seconds) -> Self {
        seconds
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FamilyName {
    Ipv4,
    Ipv6,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address.
    pub address: IpAddr,
    /// Port; that of the service by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How packets get there.
    #[serde(default)]
    pub forward: ForwardName,
    /// Capacity.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// Connections from which on it gets no more; 0 for no limit.
    #[serde(default)]
    pub upper_threshold: u32,
    /// Connections below which it gets some again.
    #[serde(default)]
    pub lower_threshold: u32,
    /// Encapsulation, if it is reached through a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<Tunnel>,
    /// What it does at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DestState>,
    /// How it is drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Drain>,
    /// How it climbs to its weight. Ignored when a document is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_start: Option<Ramp>,
    /// Active connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_connections: Option<u32>,
    /// Inactive connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive_connections: Option<u32>,
    /// Persistence templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_connections: Option<u32>,
    /// Counters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Counters>,
    /// Rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Counters>,
}

fn default_weight() -> u32 {
    1
}

/// How far a server is on its way to its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Seconds that are left.
    pub seconds_left: u32,
    /// Percent of its weight that it has.
    pub percent: u8,
}

/// How a server is drained. Of a document that is applied only the weight counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// The weight that the server has when it returns, in place of the server's own.
    pub weight: u32,
    /// Seconds until the deadline, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u32>,
    /// What becomes of connections that are left then.
    #[serde(default)]
    pub then: Then,
    /// What persistent clients do meanwhile.
    #[serde(default)]
    pub persistent: Persistent,
    /// Whether it is over.
    #[serde(default)]
    pub over: bool,
    /// Whether connections were left then.
    #[serde(default)]
    pub left: bool,
}

/// A forwarding method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // The names are those of listings.
pub enum ForwardName {
    Masq,
    Local,
    Tunnel,
    #[default]
    Route,
    Bypass,
}

/// An encapsulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunnel {
    /// Type.
    #[serde(default, rename = "type")]
    pub kind: TunnelName,
    /// UDP port, for `gue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Checksum, for `gue` and `gre`.
    #[serde(default)]
    pub checksum: ChecksumName,
}

/// A type of tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // The names are those of the command line.
pub enum TunnelName {
    #[default]
    Ipip,
    Gue,
    Gre,
}

/// The checksum of an encapsulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ChecksumName {
    #[default]
    None,
    Full,
    Remote,
}

/// Counters since the last zeroing, or rates per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Connections.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
}

/// Timeouts of connections in seconds. 0 keeps the kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Established TCP.
    pub tcp: u32,
    /// TCP after a FIN.
    pub tcp_fin: u32,
    /// UDP.
    pub udp: u32,
}

/// A synchronisation daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daemon {
    /// `master` or `backup`.
    pub role: RoleName,
    /// Interface of the multicast.
    pub interface: String,
    /// Identity of the pair of daemons.
    #[serde(default)]
    pub sync_id: u32,
    /// Longest message, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u16>,
    /// Multicast group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<IpAddr>,
    /// UDP port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Time to live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u8>,
}

/// Role of a synchronisation daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum RoleName {
    Master,
    Backup,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Name of the protocol, lower case.
    pub protocol: String,
    /// The client's address.
    pub client_address: IpAddr,
    /// The client's port.
    pub client_port: u16,
    /// The service's address.
    pub virtual_address: IpAddr,
    /// The service's port.
    pub virtual_port: u16,
    /// The server's address.
    pub server_address: IpAddr,
    /// The server's port.
    pub server_port: u16,
    /// State.
    pub state: String,
    /// Seconds left.
    pub expires: u32,
    /// Persistence engine of a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistence_engine: Option<String>,
    /// What the engine knows clients by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistence_data: Option<String>,
}
