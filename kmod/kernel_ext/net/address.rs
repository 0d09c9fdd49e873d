// SPDX-License-Identifier: GPL-2.0

//! What the kernel knows about an address.
//!
//! Relies on: the functions read a namespace that is alive, which every `Net` is, and IPv6 has
//! routes where it is enabled.
//!
//! A breach would be noticed by: `test-mixed-local`, `test-ops`.

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::bindings;
use super::netns::Net;

/// Whether the kernel takes part in IPv6.
pub(crate) fn ipv6_enabled() -> bool {
    // SAFETY: No arguments, callable everywhere.
    unsafe { bindings::lvs_ipv6_enabled() }
}

/// Whether `addr` is another host's, as far as the kernel can tell without looking up a route. Any
/// context.
pub(crate) fn is_unicast(net: Net<'_>, family: Family, addr: &Addr) -> bool {
    match family {
        Family::V4 => {
            // SAFETY: `net` is a valid network namespace.
            let kind = unsafe { bindings::inet_addr_type(net.as_ptr(), addr.v4_word()) };
            kind == bindings::RTN_UNICAST
        }
        Family::V6 => kind_v6(addr) & bindings::IPV6_ADDR_UNICAST != 0,
    }
}

/// What kind of address the kernel takes `addr` for: `IPV6_ADDR_` flags.
fn kind_v6(addr: &Addr) -> u32 {
    let mut raw: bindings::in6_addr = pin_init::zeroed();
    raw.in6_u.u6_addr8 = addr.octets();
    // SAFETY: `raw` is a valid address.
    unsafe { bindings::__ipv6_addr_type(&raw) as u32 }
}

/// Whether packets can be sent to `addr` as a server's: IPv4 local or unicast, IPv6 local or
/// unicast beyond the link.
pub(crate) fn is_usable(net: Net<'_>, family: Family, addr: &Addr) -> bool {
    match family {
        Family::V4 => {
            // SAFETY: `net` is a valid network namespace.
            let kind = unsafe { bindings::inet_addr_type(net.as_ptr(), addr.v4_word()) };
            kind == bindings::RTN_LOCAL || kind == bindings::RTN_UNICAST
        }
        Family::V6 => {
            let mut raw: bindings::in6_addr = pin_init::zeroed();
            raw.in6_u.u6_addr8 = addr.octets();
            let kind = kind_v6(addr);
            let beyond_link = kind & bindings::IPV6_ADDR_UNICAST != 0
                && kind & bindings::IPV6_ADDR_LINKLOCAL == 0;
            if beyond_link || !ipv6_enabled() {
                return beyond_link;
            }
            // SAFETY: `net` is a valid network namespace and `raw` a valid address; there are
            // routes, since IPv6 is enabled.
            unsafe { bindings::lvs_addr_is_local6(net.as_ptr(), &raw) }
        }
    }
}
