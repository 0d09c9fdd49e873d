// SPDX-License-Identifier: MIT OR GPL-2.0

//! The generic netlink family of what lvs has beyond ip_vs, so that the numbers of
//! [`genl`](crate::genl) stay the kernel's. Its specification is `uapi/lvs.yaml`.

/// Name of the generic netlink family.
pub const FAMILY_NAME: &str = "LVS";
/// Version of the generic netlink family.
pub const FAMILY_VERSION: u8 = 1;

/// Commands. All demand `CAP_NET_ADMIN` in the initial user namespace.
pub mod cmd {
    /// Dumps all services and servers. Replies are [`SERVICE`] and, after it, a [`DEST`] for each
    /// of its servers, newest first. If the rules were changed meanwhile the end of the list has
    /// `NLM_F_DUMP_INTR`, and servers may stand behind another service.
    pub const GET_TABLE: u8 = 1;
    /// Only a reply: a service.
    pub const SERVICE: u8 = 2;
    /// Only a reply: a server of the service before.
    pub const DEST: u8 = 3;
}

/// Attributes of the outermost level.
pub mod attr {
    /// Nest of [`service_attr`](crate::genl::service_attr), without `STATS`.
    pub const SERVICE: u16 = 1;
    /// Nest of [`dest_attr`](crate::genl::dest_attr), without `STATS`.
    pub const DEST: u16 = 2;
    /// Highest number.
    pub const MAX: u16 = DEST;
}
