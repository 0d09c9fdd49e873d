// SPDX-License-Identifier: GPL-2.0

//! What the balancer knows: virtual services, real servers and connections of each namespace.

pub(crate) mod conn;
pub(crate) mod conn_table;
pub(crate) mod defence;
pub(crate) mod dest;
pub(crate) mod dest_index;
mod drain_state;
pub(crate) mod edition;
pub(crate) mod ended;
mod estimation;
pub(crate) mod events;
pub(crate) mod explain;
mod extras_cell;
pub(crate) mod find_service;
pub(crate) mod ftp_ports;
pub(crate) mod kept;
pub(crate) mod load_tree;
pub(crate) mod locality;
pub(crate) mod netns_state;
mod overload;
mod pick;
pub(crate) mod pool;
pub(crate) mod reply_routes;
mod reply_sources;
pub(crate) mod rules;
pub(crate) mod service;
mod service_counts;
pub(crate) mod service_view;
pub(crate) mod settings;
pub(crate) mod shortcuts;
mod slow_start;
pub(crate) mod staged;
pub(crate) mod stats;
pub(crate) mod sync;
pub(crate) mod tables;
pub(crate) mod timeouts;
pub(crate) mod trace;
mod transaction_owners;
pub(crate) mod transactions;
mod upkeep;

pub(crate) use conn::Conn;
pub(crate) use dest::Dest;
pub(crate) use netns_state::NetnsState;
pub(crate) use rules::guard::RulesGuard;
pub(crate) use service::Service;
pub(crate) use stats::{
    Counters,
    Rates,
    Stats, //
};
