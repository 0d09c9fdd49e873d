// SPDX-License-Identifier: GPL-2.0

//! Which packets come in: hooks exist while there are services.

use core::sync::atomic::Ordering;

use kernel::prelude::*;

use lvs_engine::addr::Family;

use crate::kernel_ext::task::time;

use super::super::netns_state::NetnsState;
use super::super::tables::Tables;
use super::guard::RulesGuard;

/// With more connections than these, whose entries take 16 megabytes, their entries are prefetched
/// before packets are routed; and until there are only so few. With 50,000 that took as much time
/// as it saved.
const MANY_CONNECTIONS: u32 = 131_072;
const FEW_CONNECTIONS: u32 = 65_536;

impl NetnsState {
    /// Whether there are so many connections that their entries are prefetched before packets are
    /// routed.
    pub(crate) fn prefetches(&self) -> bool {
        self.prefetches.load(Ordering::Relaxed)
    }

    /// Whether packets are taken before they are routed.
    fn wants_early_hooks(&self) -> bool {
        self.settings().early_path() || self.prefetches()
    }

    /// Has entries prefetched or not, as it is worth while. Without memory they aren't, and nothing
    /// else is lost.
    pub(in crate::table) fn update_prefetch(&self, tables: &Tables) {
        let prefetches = self.prefetches();
        let count = tables.conns.count();
        let is_worth_it = if prefetches {
            count > FEW_CONNECTIONS
        } else {
            count > MANY_CONNECTIONS
        };
        if is_worth_it != prefetches {
            let mut rules = RulesGuard::lock(self);
            self.prefetches.store(is_worth_it, Ordering::Relaxed);
            let _ = rules.fit_early_hooks(self.wants_early_hooks());
        }
    }
}

impl RulesGuard<'_> {
    /// Takes packets of `family` from now on. Fails with `ENOMEM`, and then takes none.
    pub(super) fn hook(&mut self, family: Family) -> Result {
        let state = self.state;
        let hooks = self.rules.hooks.of(family);
        if hooks.is_registered() {
            return Ok(());
        }
        hooks.register::<NetnsState>(state.net(), family, state.wants_early_hooks())?;
        // Without it fragments of IPv6 packets aren't balanced; all else is.
        if family == Family::V6 && state.net().reassemble_v6().is_err() && time::may_log() {
            pr_warn!("the kernel doesn't reassemble IPv6 fragments: nf_defrag_ipv6 is missing\n");
        }
        Ok(())
    }

    /// Notes that a service or server needs the packets of `family`.
    pub(super) fn note_user(&mut self, family: Family) {
        let users = self.rules.users.of(family);
        *users = users.wrapping_add(1);
    }

    /// Notes that `count` services and servers need the packets of `family` no more; takes none if
    /// nobody does. Sleeps.
    pub(super) fn forget_users(&mut self, family: Family, count: u32) {
        let users = self.rules.users.of(family);
        *users = users.wrapping_sub(count);
        if *users == 0 {
            self.rules.hooks.of(family).unregister();
        }
    }

    /// Takes no more packets; those inside go on until a grace period is over.
    pub(crate) fn unhook(&mut self) {
        for family in [Family::V4, Family::V6] {
            self.rules.hooks.of(family).unregister();
        }
    }

    /// Takes packets before they are routed if that is `wanted`: the early path or the prefetch is
    /// or will be switched on. Fails with `ENOMEM`, and then takes none there.
    pub(crate) fn fit_early_hooks(&mut self, wanted: bool) -> Result {
        for family in [Family::V4, Family::V6] {
            let hooks = self.rules.hooks.of(family);
            let fitted = hooks.fit_early::<NetnsState>(self.state.net(), family, wanted);
            if fitted.is_err() {
                for family in [Family::V4, Family::V6] {
                    self.rules.hooks.of(family).unregister_early();
                }
                return fitted;
            }
        }
        Ok(())
    }
}
