// SPDX-License-Identifier: MIT OR GPL-2.0

//! Synchronisation daemons.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use netlink_packet_core::DecodeError;

use lvs_uapi::genl::daemon_attr;

use crate::model::Daemon;
use crate::model::Role;

use super::attr::attributes;

attributes! {
    /// An attribute in a daemon's nest.
    pub enum DaemonAttr {
        /// Role.
        State(u32) = daemon_attr::STATE, u32;
        /// Interface of the multicast.
        McastIfn(String) = daemon_attr::MCAST_IFN, string;
        /// Identity of the pair of daemons.
        SyncId(u32) = daemon_attr::SYNC_ID, u32;
        /// Longest message.
        SyncMaxlen(u16) = daemon_attr::SYNC_MAXLEN, u16;
        /// IPv4 multicast group.
        McastGroup([u8; 4]) = daemon_attr::MCAST_GROUP, bytes;
        /// IPv6 multicast group.
        McastGroup6([u8; 16]) = daemon_attr::MCAST_GROUP6, bytes;
        /// UDP port.
        McastPort(u16) = daemon_attr::MCAST_PORT, u16;
        /// Time to live.
        McastTtl(u8) = daemon_attr::MCAST_TTL, u8;
    }
}

/// The attributes that start a daemon.
pub fn attrs(daemon: &Daemon) -> Vec<DaemonAttr> {
    let mut attrs = vec![
        DaemonAttr::State(daemon.role.state()),
        DaemonAttr::McastIfn(daemon.interface.clone()),
        DaemonAttr::SyncId(daemon.sync_id),
    ];
    attrs.extend(daemon.max_len.map(DaemonAttr::SyncMaxlen));
    attrs.extend(daemon.group.map(|group| match group {
        IpAddr::V4(group) => DaemonAttr::McastGroup(group.octets()),
        IpAddr::V6(group) => DaemonAttr::McastGroup6(group.octets()),
    }));
    attrs.extend(daemon.port.map(DaemonAttr::McastPort));
    attrs.extend(daemon.ttl.map(DaemonAttr::McastTtl));
    attrs
}

/// The attributes that stop a daemon.
pub fn stop_attrs(role: Role) -> Vec<DaemonAttr> {
    vec![DaemonAttr::State(role.state())]
}

/// Reads a daemon from a reply.
pub fn from_attrs(attrs: &[DaemonAttr]) -> Result<Daemon, DecodeError> {
    let mut role = None;
    let mut daemon = Daemon::new(Role::Master);
    for attr in attrs {
        match attr {
            DaemonAttr::State(state) => role = Role::from_state(*state),
            DaemonAttr::McastIfn(name) => daemon.interface.clone_from(name),
            DaemonAttr::SyncId(id) => daemon.sync_id = *id,
            DaemonAttr::SyncMaxlen(length) => daemon.max_len = Some(*length),
            DaemonAttr::McastGroup(group) => daemon.group = Some(Ipv4Addr::from(*group).into()),
            DaemonAttr::McastGroup6(group) => daemon.group = Some(Ipv6Addr::from(*group).into()),
            DaemonAttr::McastPort(port) => daemon.port = Some(*port),
            DaemonAttr::McastTtl(ttl) => daemon.ttl = Some(*ttl),
            DaemonAttr::Other(_) => {}
        }
    }
    daemon.role = role.ok_or_else(|| DecodeError::from("daemon without a role"))?;
    Ok(daemon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_survive_a_round_trip() {
        let mut daemon = Daemon {
            role: Role::Backup,
            interface: "eth0".to_owned(),
            sync_id: 7,
            max_len: Some(1400),
            group: Some("ff02::81".parse().expect("an address")),
            port: Some(8849),
            ttl: Some(3),
        };
        assert_eq!(from_attrs(&attrs(&daemon)).expect("a daemon"), daemon);
        daemon.group = Some([224, 0, 0, 81].into());
        daemon.port = None;
        assert_eq!(from_attrs(&attrs(&daemon)).expect("a daemon"), daemon);
        assert!(from_attrs(&[]).is_err());
    }
}
