// SPDX-License-Identifier: GPL-2.0

//! The files in `/proc/net`: ip_vs's, byte by byte with their oddities, and two for people, `lvs`
//! and `lvs_conn`.

mod conns;
mod ip_vs;
mod lvs;
mod stats;
pub(super) mod status;

use kernel::prelude::*;

use crate::kernel_ext::net::netns::Net;
use crate::kernel_ext::user::procfs::{
    File,
    Files, //
};

static FILES: [File; 9] = [
    File::new::<ip_vs::Rules>(c"ip_vs"),
    File::new::<stats::Totals>(c"ip_vs_stats"),
    File::new::<stats::PerCpu>(c"ip_vs_stats_percpu"),
    File::new::<status::Status>(c"ip_vs_status").mode(0o440),
    File::new::<conns::Conns>(c"ip_vs_conn"),
    File::new::<conns::Synchronised>(c"ip_vs_conn_sync"),
    File::new::<status::Apps>(c"ip_vs_app"),
    File::new::<lvs::Overview>(c"lvs"),
    File::new::<lvs::Conns>(c"lvs_conn"),
];

/// Makes the files of a network namespace.
pub(super) fn create(net: Net<'_>) -> Result<Files> {
    Files::create(net, &FILES)
}
