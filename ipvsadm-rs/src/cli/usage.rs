// SPDX-License-Identifier: MIT OR GPL-2.0

//! What can be wrong with a command line.

use super::verb::Verb;

/// A command line that can't be carried out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CliError {
    /// The first option is no command.
    #[error("no command")]
    NoCommand,
    /// A later word isn't readable.
    #[error("{word}: {error}")]
    Word {
        /// The word.
        word: String,
        /// What is wrong with it.
        error: WordError,
    },
    /// The words are readable, but make no sense.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// Why a word can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// No such option.
    #[error("unknown option")]
    Unknown,
    /// The value is missing.
    #[error("missing argument")]
    MissingArgument,
    /// There is a value, but the option takes none.
    #[error("option does not take an argument")]
    UnwantedArgument,
}

/// Options that make no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say it. Options are named by their class.
pub enum UsageError {
    #[error("multiple '{0}' options specified")]
    Repeated(&'static str),
    #[error("You need to supply the '{0}' option for the '{1}' command")]
    MissingForCommand(&'static str, Verb),
    #[error("Illegal '{0}' option with the '{1}' command")]
    IllegalForCommand(&'static str, Verb),
    #[error("The option '{0}' conflicts with the '{1}' option in the '{2}' command")]
    ConflictInCommand(&'static str, &'static str, Verb),
    #[error("You need to supply the '{0}' option for the '{1}' tunnel type")]
    MissingForTunnel(&'static str, &'static str),
    #[error("Illegal '{0}' option with the '{1}' tunnel type")]
    IllegalForTunnel(&'static str, &'static str),
    #[error("The option '{0}' conflicts with the '{1}' option in the '{2}' tunnel type")]
    ConflictInTunnel(&'static str, &'static str, &'static str),

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
    #[error("slow-start has to be a time of 0 to 86400 seconds, as 30s or 5m")]
    SlowStart,
    #[error("slow-start isn't for the schedulers sh, mh and dh, which would send clients elsewhere meanwhile")]
    SlowStartOfHash,
    #[error("on-expiry has to be inherit, silent or reset")]
    OnExpiry,
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
