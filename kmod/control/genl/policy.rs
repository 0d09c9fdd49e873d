// SPDX-License-Identifier: GPL-2.0

//! What a request may contain.

use lvs_uapi::genl::attr;

use crate::kernel_ext::user::nla::Policy;

/// Attributes of the outermost level.
pub(super) static REQUEST: Policy<{ attr::MAX as usize + 1 }> = Policy::new()
    .nested(attr::SERVICE)
    .nested(attr::DEST)
    .nested(attr::DAEMON)
    .u32(attr::TIMEOUT_TCP)
    .u32(attr::TIMEOUT_TCP_FIN)
    .u32(attr::TIMEOUT_UDP);
