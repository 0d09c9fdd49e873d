// SPDX-License-Identifier: GPL-2.0

//! Linux Virtual Server: a layer-4 load balancer inside the network stack.
//!
//! Read `datapath` for the packet's way, `table` for what it looks up, `control` for how that is
//! configured, `namespace` for what lives with each network namespace, and the crate `lvs_engine`
//! for the decisions that need no kernel.

use kernel::prelude::*;

mod control;
mod datapath;
mod kernel_ext;
mod namespace;
mod table;

use kernel_ext::mem::memory::Entry;
use kernel_ext::mem::rcu::Node;
use kernel_ext::mem::slab::SlabOwner;
use kernel_ext::net::device::DeviceWatch;
use kernel_ext::net::per_netns::PerNetns;
use kernel_ext::net::xdp::Offer;
use kernel_ext::net::xt_match;
use kernel_ext::user::netlink_watch::SocketWatch;
use namespace::Namespace;
use table::dest::DEST_SLAB;
use table::tables::CONN_SLAB;
use table::{
    Conn,
    Dest,
    NetnsState, //
};

module! {
    type: Lvs,
    name: "lvs",
    authors: ["The lvs developers"],
    description: "Linux Virtual Server",
    license: "GPL",
    alias: ["xt_ipvs", "ipt_ipvs", "ip6t_ipvs"],
}

/// The loaded module. Field order is teardown order: each says what dropping it does.
#[pin_data]
struct Lvs {
    /// Takes the match away from new rules of iptables.
    xt_match: Option<xt_match::Registration>,
    /// Nothing: programs that use it hold the module.
    xdp: Offer,
    /// Stops taking requests.
    #[pin]
    interfaces: control::Interfaces,
    /// Lets ip_vs load again.
    #[pin]
    exclusion: kernel_ext::ip_vs_guard::Exclusion,
    /// Stops device notifications.
    #[pin]
    devices: DeviceWatch<NetnsState>,
    /// Stops listening for sockets that are closed.
    #[pin]
    sockets: SocketWatch<NetnsState>,
    /// Stops taking packets, and empties all tables.
    #[pin]
    namespaces: PerNetns<Namespace>,
    /// Destroys the slab cache of connections.
    conn_slab: SlabOwner<Entry<Conn>>,
    /// Waits for deferred frees, whose code is in this module.
    stragglers: kernel_ext::mem::rcu::Stragglers,
    /// Destroys the slab cache of servers.
    dest_slab: SlabOwner<Node<Dest>>,
}

impl kernel::InPlaceModule for Lvs {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        control::sysctls::init_conn_tab_bits();
        table::settings::set_early_path_default(kernel_ext::user::parameter::early_path());
        table::ftp_ports::set(kernel_ext::user::parameter::ftp_ports());
        try_pin_init!(Self {
            // First, to find out whether ip_vs is loaded.
            interfaces <- control::Interfaces::register(),
            dest_slab: DEST_SLAB.create(c"lvs_dest")?,
            stragglers: kernel_ext::mem::rcu::Stragglers,
            conn_slab: CONN_SLAB.create(c"lvs_conn")?,
            exclusion <- kernel_ext::ip_vs_guard::Exclusion::register(),
            devices <- DeviceWatch::register(),
            sockets <- SocketWatch::register(),
            // Requests are served from here on.
            namespaces <- PerNetns::register(),
            // Last: rules hold the module, whose loading can't fail any more.
            // None without x_tables.
            xt_match: datapath::xt_match::IPVS_MATCH.register().ok(),
            // Programs hold it, too.
            xdp: Offer::to_programs::<NetnsState>(),
        }? Error)
    }
}
