// SPDX-License-Identifier: GPL-2.0

//! Which packets come in: hooks exist while there are services.

use kernel::prelude::*;

use lvs_engine::addr::Family;

use crate::datapath;
use crate::kernel_ext::hook::Hooks;
use crate::kernel_ext::time;

use super::super::NetnsState;
use super::Control;

/// The hooks of a namespace.
#[derive(Default)]
pub(super) struct Registered {
    v4: OfFamily,
    v6: OfFamily,
}

/// Those of a family. Field order is teardown order.
#[derive(Default)]
struct OfFamily {
    /// While the early path is switched on.
    early: Option<Hooks<NetnsState>>,
    /// While there are services or servers of the family.
    regular: Option<Hooks<NetnsState>>,
}

impl Registered {
    fn of(&mut self, family: Family) -> &mut OfFamily {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}

impl OfFamily {
    /// Registers or unregisters the early path's, which only stand beside the others.
    fn fit_early(&mut self, state: &NetnsState, family: Family, wanted: bool) -> Result {
        if !wanted || self.regular.is_none() {
            self.early = None;
        } else if self.early.is_none() {
            self.early = Some(datapath::register_early(state, family)?);
        }
        Ok(())
    }
}

impl Control<'_> {
    /// Takes packets of `family` from now on. Fails with `ENOMEM`, and then takes none.
    pub(super) fn hook(&mut self, family: Family) -> Result {
        let state = self.state;
        let hooks = self.rules.hooks.of(family);
        if hooks.regular.is_some() {
            return Ok(());
        }
        hooks.regular = Some(datapath::register(state, family)?);
        if let Err(error) = hooks.fit_early(state, family, state.sysctls().early_path()) {
            *hooks = OfFamily::default();
            return Err(error);
        }
        // Without it fragments of IPv6 packets aren't balanced; all else is.
        if family == Family::V6 && state.net().reassemble_v6().is_err() && time::may_log() {
            pr_warn!("the kernel doesn't reassemble IPv6 fragments: nf_defrag_ipv6 is missing\n");
        }
        Ok(())
    }

    /// Notes that a service or server needs the packets of `family`.
    pub(super) fn note_user(&mut self, family: Family) {
        let users = self.rules.users_of(family);
        *users = users.wrapping_add(1);
    }

    /// The opposite; takes no more packets of `family` if nobody needs them.
    pub(super) fn forget_user(&mut self, family: Family) {
        let users = self.rules.users_of(family);
        *users = users.wrapping_sub(1);
        if *users == 0 {
            *self.rules.hooks.of(family) = OfFamily::default();
        }
    }

    /// Takes no more packets.
    pub(super) fn unhook(&mut self) {
        self.rules.hooks = Registered::default();
    }

    /// Switches the early path on or off. Fails with `ENOMEM`, and then it is off.
    pub(crate) fn set_early_path(&mut self, on: bool) -> Result {
        let state = self.state;
        for family in [Family::V4, Family::V6] {
            let fitted = self.rules.hooks.of(family).fit_early(state, family, on);
            if fitted.is_err() {
                self.rules.hooks.v4.early = None;
                self.rules.hooks.v6.early = None;
                return fitted;
            }
        }
        Ok(())
    }
}
