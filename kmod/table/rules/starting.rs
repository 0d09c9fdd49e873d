// SPDX-License-Identifier: GPL-2.0

//! Which servers ramp.

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::RcuArc;

use super::super::dest::Dest;

/// The servers that ramp, and those that did a moment ago.
#[derive(Default)]
pub(super) struct Starts(pub(super) GrowVec<RcuArc<Dest>>);
