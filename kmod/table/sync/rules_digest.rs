// SPDX-License-Identifier: GPL-2.0

//! A number by which directors see whether they have the same services and servers.

use lvs_engine::config::Target;

use crate::kernel_ext::mem::rcu;
use crate::table::netns_state::NetnsState;

/// A hash that is the same everywhere: FNV-1a.
struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The digest of the namespace's services, and of their servers and methods, whatever their order.
/// Weights don't count: checks of servers change them. Process context.
pub(super) fn rules_digest(state: &NetnsState) -> u64 {
    let mut sum = 0_u64;
    let Some(tables) = state.tables() else {
        return sum;
    };
    rcu::read(|read| {
        tables.for_each_service(read, |service| {
            let id = service.id();
            let mut name = Hash::new();
            name.add(&id.family.number().to_be_bytes());
            match id.target {
                Target::Mark(mark) => name.add(&mark.to_be_bytes()),
                Target::Address {
                    protocol,
                    addr,
                    port,
                } => {
                    name.add(&protocol.to_be_bytes());
                    name.add(&addr.octets());
                    name.add(&port.to_be_bytes());
                }
            }
            sum = sum.wrapping_add(name.0);
            for dest in service.dests(read) {
                let id = dest.id();
                let mut hash = Hash(name.0);
                hash.add(&id.addr.octets());
                hash.add(&id.port.to_be_bytes());
                hash.add(&dest.forwarding().number().to_be_bytes());
                sum = sum.wrapping_add(hash.0);
            }
        });
    });
    sum
}
