// SPDX-License-Identifier: MIT OR GPL-2.0

//! What can be wrong with a command line.

use super::legality::Class;
use super::legality::Verb;
use super::lowargs::Problem;

/// A command line that can't be carried out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CliError {
    /// The first option is no command.
    #[error("no command")]
    NoCommand,
    /// A later word isn't readable.
    #[error("{word}: {problem}")]
    Word {
        /// The word.
        word: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The words are readable, but make no sense.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// Options that make no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say it.
pub enum UsageError {
    #[error("multiple '{}' options specified", .0.name())]
    Repeated(Class),
    #[error("You need to supply the '{}' option for the '{}' command", .0.name(), .1.name())]
    MissingForCommand(Class, Verb),
    #[error("Illegal '{}' option with the '{}' command", .0.name(), .1.name())]
    IllegalForCommand(Class, Verb),
    #[error("The option '{}' conflicts with the '{}' option in the '{}' command", .0.name(), .1.name(), .2.name())]
    ConflictInCommand(Class, Class, Verb),
    #[error("You need to supply the '{}' option for the '{}' tunnel type", .0.name(), .1)]
    MissingForTunnel(Class, &'static str),
    #[error("Illegal '{}' option with the '{}' tunnel type", .0.name(), .1)]
    IllegalForTunnel(Class, &'static str),
    #[error("The option '{}' conflicts with the '{}' option in the '{}' tunnel type", .0.name(), .1.name(), .2)]
    ConflictInTunnel(Class, Class, &'static str),

    #[error("invalid option `{0}'")]
    SecondCommand(String),
    #[error("unexpected argument {0}")]
    UnexpectedArgument(String),

    #[error("illegal virtual server address[:port] specified")]
    ServiceAddress,
    #[error("illegal real server address[:port] specified")]
    ServerAddress,
    #[error("invalid fwmark value `{0}' specified")]
    Fwmark(String),
    #[error("invalid timeout value `{0}' specified")]
    Timeout(String),
    #[error("illegal virtual server persistent mask specified")]
    Netmask,
    #[error("illegal ipv6 netmask specified")]
    PrefixLength,
    #[error("invalid scheduler flag `{0}'")]
    SchedFlag(String),
    #[error("incompatible scheduler flag `{0}'")]
    IncompatibleSchedFlag(String),
    #[error("illegal weight specified")]
    Weight,
    #[error("illegal u_threshold specified")]
    UThreshold,
    #[error("illegal l_threshold specified")]
    LThreshold,
    #[error("illegal tunnel type specified")]
    TunnelType,
    #[error("illegal tunnel port specified")]
    TunnelPort,
    #[error("illegal start-daemon parameter specified")]
    StartDaemon,
    #[error("illegal start_daemon specified")]
    StopDaemon,
    #[error("illegal syncid specified")]
    SyncId,
    #[error("illegal sync-maxlen specified")]
    SyncMaxlen,
    #[error("illegal mcast-port specified")]
    McastPort,
    #[error("illegal mcast-ttl specified")]
    McastTtl,
    #[error("invalid IPv4 mcast-group `{0}'")]
    McastGroup(String),
    #[error("invalid IPv6 mcast-group `{0}'")]
    McastGroup6(String),

    // The blank line is part of the message.
    #[error("-6 must follow -f\n")]
    Ipv6WithoutMark,
    #[error("--set option requires 3 timeout values")]
    SetNeedsThree,
    #[error("Zero port specified for non-persistent service")]
    ZeroPort,
    #[error("One-Packet Scheduling is only for UDP virtual services")]
    OpsWithoutUdp,
    #[error("Different address family is allowed only for tunneling servers")]
    MixedFamily,
    #[error("Tunnel options conflict with forward method")]
    TunnelOptions,
    #[error("options conflicts in the list command")]
    ListConflict,
}
