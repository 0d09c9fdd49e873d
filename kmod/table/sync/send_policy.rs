// SPDX-License-Identifier: GPL-2.0

//! Whether an entry is told now, by the settings.

use lvs_engine::sync::due::{
    self,
    Rules,
    Subject, //
};

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;
use crate::table::conn::{
    flag,
    Conn, //
};
use crate::table::netns_state::NetnsState;

/// The settings, as they are for one look at the table.
pub(super) struct SendPolicy {
    rules: Rules,
}

/// A life that is longer than all.
const LONG: u32 = u32::MAX;

impl SendPolicy {
    pub(super) fn new(state: &NetnsState) -> Self {
        let settings = state.settings();
        let [threshold, period] = settings.sync_threshold();
        let seconds = settings.sync_refresh_period();
        Self {
            rules: Rules {
                threshold: threshold.max(0).unsigned_abs(),
                period: period.max(0).unsigned_abs(),
                refresh: time::ticks(seconds.max(0).unsigned_abs()),
                templates_only: settings.sync_persist_mode(),
            },
        }
    }

    /// After how many ticks the least urgent entry is told again; `None` if none is, by time.
    pub(super) fn longest_interval(&self) -> Option<u32> {
        due::interval(&self.rules, LONG)
    }

    /// After how many ticks one with this life is.
    pub(super) fn interval(&self, life: u32) -> u32 {
        due::interval(&self.rules, life).unwrap_or(LONG)
    }

    /// Whether it may be told at all, now that it is dirty or has its turn.
    pub(super) fn is_due(&self, read: ReadSide<'_>, conn: &Entry<Conn>) -> bool {
        let subject = Subject {
            protocol: conn.protocol(),
            state: conn.state_number(),
            is_template: conn.is_template(),
            is_one_packet: conn.has(flag::ONE_PACKET),
            has_template: self.rules.templates_only && has_template(read, conn),
            packets: conn.packets(),
        };
        !conn.has(flag::DEAD) && due::is_due(&self.rules, &subject)
    }
}

/// Whether a template is among its controllers: its own, or that of its control connection.
fn has_template(read: ReadSide<'_>, conn: &Conn) -> bool {
    let Some(controller) = conn.controller(read) else {
        return false;
    };
    controller.is_template()
        || controller
            .controller(read)
            .is_some_and(|above| above.is_template())
}
