// SPDX-License-Identifier: GPL-2.0

//! Multicast of generic netlink: whoever listens is told, and nobody is waited for.
//!
//! Relies on: generic netlink's socket of a namespace is there until the namespace's state is gone,
//! since its own operations of namespaces were registered before this module's; a message goes to
//! members of the group in the namespace alone.
//!
//! A breach would be noticed by: `test-events`.
//!
//! C header: [`include/net/genetlink.h`](srctree/include/net/genetlink.h)

use core::ptr::NonNull;

use kernel::prelude::*;

use super::bindings;
use super::genl::{
    complete,
    Family, //
};
use super::nla::Writer;
use crate::kernel_ext::net::netns::Net;

/// Bytes of an event's attributes that there is room for.
const ROOM: usize = 512;

impl Family {
    /// Whether somebody listens to the family's group: in any namespace, for that is all that
    /// netlink knows without looking for them. Any context.
    pub(crate) fn has_listeners(&self, net: Net<'_>) -> bool {
        let Some(family) = self.registered() else {
            return false;
        };
        // SAFETY: The family is registered and has a group; the namespace is alive, and with it
        // generic netlink's socket.
        unsafe { bindings::lvs_genl_has_listeners(family.as_ptr(), net.as_ptr()) }
    }

    /// Tells those who listen in `net` by a message of command `cmd` that `fill` writes, in 512
    /// bytes at most. Without memory, and who doesn't read in time, loses it, and is told of that
    /// by `ENOBUFS`. Process context, outside any read side or spin lock. Fails with `ENODEV` when
    /// the family isn't registered, `ENOMEM`, or as `fill` does.
    pub(crate) fn multicast(
        &self,
        net: Net<'_>,
        cmd: u8,
        fill: impl FnOnce(&mut Writer<'_>) -> Result,
    ) -> Result {
        let family = self.registered().ok_or(ENODEV)?;
        let family = family.as_ptr();
        // SAFETY: Any size is a valid argument.
        let Some(skb) = NonNull::new(unsafe { bindings::lvs_genlmsg_new_event(ROOM) }) else {
            // SAFETY: As in `has_listeners`.
            unsafe { bindings::lvs_genl_lose_event(family, net.as_ptr()) };
            return Err(ENOMEM);
        };
        // SAFETY: The family is registered, and `skb` is ours alone.
        let header = unsafe { bindings::lvs_genlmsg_put_event(skb.as_ptr(), family, cmd) };
        // SAFETY: `skb` is ours alone, and the message was begun just now.
        let filled = unsafe { complete(skb, header, fill) };
        if filled.is_err() {
            // SAFETY: `skb` is ours and isn't used any more; the rest is as in `has_listeners`.
            unsafe {
                bindings::lvs_nlmsg_free(skb.as_ptr());
                bindings::lvs_genl_lose_event(family, net.as_ptr());
            }
            return filled;
        }
        // SAFETY: As in `has_listeners`; `skb` passes to the callee, whatever it returns, which is
        // an error as well when nobody listens.
        unsafe { bindings::lvs_genlmsg_multicast(family, net.as_ptr(), skb.as_ptr()) };
        Ok(())
    }
}
