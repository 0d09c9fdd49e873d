// SPDX-License-Identifier: GPL-2.0

//! The hooks of a namespace.

use kernel::prelude::*;

use lvs_engine::addr::Family;

use crate::kernel_ext::net::hook::{
    Hooks,
    Receiver, //
};
use crate::kernel_ext::net::netns::Net;

use super::per_family::PerFamily;

/// The hooks of a namespace.
pub(super) type HookSet = PerFamily<FamilyHooks>;

/// Those of a family. Field order is teardown order.
#[derive(Default)]
pub(super) struct FamilyHooks {
    /// While the early path is switched on, or entries are prefetched.
    early: Option<Hooks>,
    /// While there are services or servers of the family.
    regular: Option<Hooks>,
}

impl FamilyHooks {
    /// Whether packets come in.
    pub(super) fn is_registered(&self) -> bool {
        self.regular.is_some()
    }

    /// Takes the packets of `family` from now on, also before routing if that is `early`. Fails
    /// with `ENOMEM`, and then takes none.
    pub(super) fn register<T: Receiver>(
        &mut self,
        net: Net<'_>,
        family: Family,
        early: bool,
    ) -> Result {
        self.regular = Some(Hooks::register::<T>(net, family)?);
        let fitted = self.fit_early::<T>(net, family, early);
        if fitted.is_err() {
            self.unregister();
        }
        fitted
    }

    /// Registers or unregisters those before routing, which only stand beside the others. Fails
    /// with `ENOMEM`.
    pub(super) fn fit_early<T: Receiver>(
        &mut self,
        net: Net<'_>,
        family: Family,
        wanted: bool,
    ) -> Result {
        if !wanted || self.regular.is_none() {
            self.unregister_early();
        } else if self.early.is_none() {
            self.early = Some(Hooks::register_early::<T>(net, family)?);
        }
        Ok(())
    }

    /// Takes no packets before routing.
    pub(super) fn unregister_early(&mut self) {
        self.early = None;
    }

    /// Takes no more packets.
    pub(super) fn unregister(&mut self) {
        *self = Self::default();
    }
}
