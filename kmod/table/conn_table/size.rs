// SPDX-License-Identifier: GPL-2.0

//! The table grows and shrinks with what it holds.

use core::sync::atomic::Ordering;

use lvs_engine::table_size;

use crate::kernel_ext::mem::rcu_table::RcuTable;

use super::super::conn::Conn;
use super::store::{
    growth,
    ConnTable, //
};

impl ConnTable {
    /// Whether an insertion found the table too small, and the collector is still to be told: true
    /// once until the next [`ConnTable::resize_to_load`].
    #[inline]
    pub(crate) fn is_resize_to_be_announced(&self) -> bool {
        self.growth.load(Ordering::Relaxed) == growth::NEEDED
            && self.growth.swap(growth::ANNOUNCED, Ordering::Relaxed) != growth::ANNOUNCED
    }

    /// Gives the table the size that its load asks for: see [`table_size::of_connections`]. Called
    /// by the collector only; sleeps.
    pub(crate) fn resize_to_load(&self, load_factor: i32, max_bits: u32) {
        self.growth.store(growth::NOT_NEEDED, Ordering::Relaxed);
        let present = self.buckets() as u32;
        let least = RcuTable::<Conn>::MIN_BUCKETS as u32;
        let wanted =
            table_size::of_connections(present, self.count(), load_factor, least, max_bits);
        // Without memory the table stays as it is: slower, but right.
        if wanted.buckets != present && self.table.resize(wanted.buckets as usize).is_err() {
            self.grow_above.store(u32::MAX, Ordering::Relaxed);
            return;
        }
        self.grow_above.store(wanted.grows_above, Ordering::Relaxed);
    }
}
