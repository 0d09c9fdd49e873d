// SPDX-License-Identifier: MIT OR GPL-2.0

//! Text from values, byte for byte ipvsadm's. Nothing here reads or prints.

use std::net::IpAddr;

use crate::model::Protocol;

pub mod address;
pub mod change;
pub mod conn;
pub mod daemon;
pub mod flags;
pub mod list;
pub mod number;
pub mod save;

/// What a listing shows, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// Addresses and ports as numbers.
    pub numeric: bool,
    /// Counters.
    pub stats: bool,
    /// Rates.
    pub rate: bool,
    /// Thresholds.
    pub thresholds: bool,
    /// Persistence templates; for connections, data of the persistence engine.
    pub persistent_conn: bool,
    /// Tunnels.
    pub tun_info: bool,
    /// Large numbers in full.
    pub exact: bool,
    /// Order of the kernel.
    pub nosort: bool,
    /// JSON.
    pub json: bool,
}

/// Layout of a table: where several are asked for, the first in this order wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Counters.
    Stats,
    /// Rates.
    Rate,
    /// Thresholds.
    Thresholds,
    /// Persistence templates.
    PersistentConn,
    /// Tunnels.
    TunInfo,
    /// Forwarding method, weight and connections.
    Plain,
}

impl Format {
    /// The layout asked for.
    pub fn layout(&self) -> Layout {
        if self.stats {
            Layout::Stats
        } else if self.rate {
            Layout::Rate
        } else if self.thresholds {
            Layout::Thresholds
        } else if self.persistent_conn {
            Layout::PersistentConn
        } else if self.tun_info {
            Layout::TunInfo
        } else {
            Layout::Plain
        }
    }
}

/// Names of hosts and ports, where they have one.
pub trait Names {
    /// Name of a host.
    fn host(&self, addr: IpAddr) -> Option<String>;
    /// Name of a port.
    fn port(&self, port: u16, protocol: Protocol) -> Option<String>;
}

/// Nothing has a name: `--numeric`.
#[derive(Clone, Copy, Debug)]
pub struct Numeric;

impl Names for Numeric {
    fn host(&self, _: IpAddr) -> Option<String> {
        None
    }

    fn port(&self, _: u16, _: Protocol) -> Option<String> {
        None
    }
}
