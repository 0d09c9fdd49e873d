// SPDX-License-Identifier: GPL-2.0

//! The control plane: how administrators see and change the tables.
//!
//! Every interface is ip_vs's own, to the byte: netlink (`genl`, with a second family of what is
//! new), socket options (`sockopt`), files (`procfs`) and settings (`params`). None of them keeps
//! anything; they all go through [`crate::table`].

mod format;
mod genl;
mod names;
mod procfs;
mod sockopt;
pub(crate) mod sysctls;
mod validate;

use kernel::prelude::*;

use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::user::{
    genl as netlink,
    procfs as files,
    sockopt as options,
    sysctl, //
};

/// The interfaces that exist once for all network namespaces.
///
/// The first thing that the module registers, since that tells whether ip_vs is loaded while there
/// is nothing else to undo; requests before a namespace has its state are answered with `ENODEV`.
/// And the first thing that goes, since requests use the state.
#[pin_data]
pub(crate) struct Interfaces {
    _own_netlink: netlink::Registration,
    _netlink: netlink::Registration,
    #[pin]
    _options: options::Registration<sockopt::Ipvs>,
}

impl Interfaces {
    /// Makes them available. Fails with `EEXIST` or `EBUSY` when ip_vs is loaded, and says so.
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _options <- options::Registration::register(explain),
            _netlink: genl::register().inspect_err(explain)?,
            _own_netlink: genl::lvs_family::register().inspect_err(explain)?,
        }? Error)
    }
}

/// Says why an interface can't be registered.
fn explain(error: &Error) {
    if [EEXIST, EBUSY].contains(error) {
        pr_err!("ip_vs is loaded: unload it first (rmmod ip_vs)\n");
    } else {
        pr_err!("cannot register the control interfaces: {error:?}\n");
    }
}

/// The interfaces that every network namespace has of its own. They must go before its state does;
/// dropping them waits for accesses that are under way.
pub(crate) struct NetInterfaces {
    _files: files::Files,
    _settings: sysctl::Table<{ sysctls::COUNT }>,
    _own_settings: sysctl::Table<{ sysctls::OWN_COUNT }>,
}

impl NetInterfaces {
    /// Makes those of `net` available.
    pub(crate) fn register(net: Net<'_>) -> Result<Self> {
        Ok(Self {
            _files: procfs::create(net)?,
            _settings: sysctls::register(net)?,
            _own_settings: sysctls::register_own(net)?,
        })
    }
}
