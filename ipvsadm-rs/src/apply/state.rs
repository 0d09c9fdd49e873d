// SPDX-License-Identifier: MIT OR GPL-2.0

//! What a file asks for, or what the kernel has.

use lvs_uapi::flags::service;

use crate::client::Client;
use crate::client::Order;
use crate::error::Error;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Forward;
use crate::model::Service;
use crate::model::Timeouts;
use crate::model::Tunnel;

/// Flags of a service that an administrator sets.
const SERVICE_FLAGS: u32 = service::PERSISTENT
    | service::ONEPACKET
    | service::SCHED1
    | service::SCHED2
    | service::SCHED3
    | service::SCHED_MH_AGREE;

/// A service with its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The service.
    pub service: Service,
    /// Its servers.
    pub dests: Vec<Dest>,
}

/// Everything that can be applied. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The services with their servers.
    pub services: Option<Vec<Entry>>,
    /// Timeouts; 0 stays as it is.
    pub timeouts: Option<Timeouts>,
    /// Synchronisation daemons.
    pub daemons: Option<Vec<Daemon>>,
}

impl State {
    /// Reads those parts of the kernel's state that a file speaks of.
    pub fn of_kernel(client: &mut Client, wanted: &State) -> Result<Self, Error> {
        let mut state = State::default();
        if wanted.services.is_some() {
            let table = client.table(Order::Sorted)?;
            let entries = table.into_iter().map(|item| Entry {
                service: normal_service(item.entry.service),
                dests: item
                    .dests
                    .into_iter()
                    .map(|entry| normal_dest(entry.configured()))
                    .collect(),
            });
            state.services = Some(entries.collect());
        }
        if wanted.timeouts.is_some() {
            state.timeouts = Some(client.control().timeouts()?);
        }
        if wanted.daemons.is_some() {
            state.daemons = Some(client.control().daemons()?);
        }
        Ok(state)
    }

    /// Drops what makes no difference, so that equal means the same.
    pub fn normal(mut self) -> Self {
        for entry in self.services.iter_mut().flatten() {
            entry.service = normal_service(entry.service.clone());
            for dest in &mut entry.dests {
                *dest = normal_dest(*dest);
            }
        }
        self
    }
}

fn normal_service(mut service: Service) -> Service {
    service.flags &= SERVICE_FLAGS;
    if !service.has(service::PERSISTENT) {
        service.timeout = 0;
    }
    service.extras = service.extras.normal();
    service
}

fn normal_dest(mut dest: Dest) -> Dest {
    if dest.forward != Forward::Tunnel {
        dest.tunnel = Tunnel::default();
    }
    dest
}
