// SPDX-License-Identifier: MIT OR GPL-2.0

//! Whether a service has servers: an answer for routing daemons and scripts.

use crate::client::Client;
use crate::client::Order;
use crate::error::Error;
use crate::exit::SUCCESS;
use crate::exit::UNHEALTHY;
use crate::model::DestEntry;
use crate::model::ServiceId;
use crate::render::address;
use crate::render::Numeric;
use crate::stdio::print;

/// What a service has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Servers with a weight above 0, at least.
    pub servers: u64,
    /// Sum of the servers' weights, at least.
    pub weight: u64,
}

/// Prints whether the service meets the demand. Gives the exit status.
///
/// A module that isn't there or doesn't answer is a service without servers, and isn't loaded for
/// this. The status counts, so it is the same if nobody reads the line.
pub(crate) fn run(id: &ServiceId, demand: Demand) -> u8 {
    let dests = Client::open()
        .and_then(|mut client| client.entry(id, Order::Kernel))
        .map(|entry| entry.dests);
    let verdict = judge(dests, demand);
    let (protocol, host) = address::service(&Numeric, id);
    let (word, text, status) = match &verdict {
        Ok(text) => ("ok", text, SUCCESS),
        Err(text) => ("failed", text, UNHEALTHY),
    };
    let _ = print(&format!("{word}: {protocol} {host}: {text}\n"));
    status
}

/// What there is, and in an error what is missing.
fn judge(dests: Result<Vec<DestEntry>, Error>, demand: Demand) -> Result<String, String> {
    let dests = dests.map_err(|error| error.to_string())?;
    let weights = dests.iter().map(|entry| u64::from(entry.dest.weight));
    let serving = weights.clone().filter(|weight| *weight > 0).count();
    let weight: u64 = weights.sum();
    let all = dests.len();
    let text = format!("{serving} of {all} servers, weight {weight}");
    if (serving as u64) < demand.servers {
        Err(format!("{text}; servers needed: {}", demand.servers))
    } else if weight < demand.weight {
        Err(format!("{text}; weight needed: {}", demand.weight))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;
    use crate::error::Operation;
    use crate::model::Stats;
    use crate::render::list::tests::dest;

    fn servers(weights: &[u32]) -> Vec<DestEntry> {
        let entry = |(place, weight): (usize, &u32)| {
            let mut dest = dest(&format!("10.0.0.{}:80", place + 1));
            dest.weight = *weight;
            DestEntry {
                dest,
                active: 0,
                inactive: 0,
                persistent: 0,
                drain: None,
                ramp: None,
                stats: Stats::default(),
            }
        };
        weights.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn servers_without_weight_do_not_count() {
        for (weights, servers_needed, weight_needed, expected) in [
            (vec![1, 3], 1, 0, Ok("2 of 2 servers, weight 4")),
            (vec![0, 3], 1, 3, Ok("1 of 2 servers, weight 3")),
            (vec![], 0, 0, Ok("0 of 0 servers, weight 0")),
            (
                vec![],
                1,
                0,
                Err("0 of 0 servers, weight 0; servers needed: 1"),
            ),
            (
                vec![0, 3],
                2,
                0,
                Err("1 of 2 servers, weight 3; servers needed: 2"),
            ),
            (
                vec![1, 3],
                2,
                5,
                Err("2 of 2 servers, weight 4; weight needed: 5"),
            ),
            (
                vec![u32::MAX, u32::MAX],
                1,
                1 << 32,
                Ok("2 of 2 servers, weight 8589934590"),
            ),
        ] {
            let demand = Demand {
                servers: servers_needed,
                weight: weight_needed,
            };
            let found = judge(Ok(servers(&weights)), demand);
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{weights:?} {demand:?}");
        }
    }

    #[test]
    fn a_service_that_is_not_there_fails_whatever_is_demanded() {
        let demand = Demand {
            servers: 0,
            weight: 0,
        };
        let gone = Error::Refused {
            operation: Operation::GetService,
            errno: Errno::ESRCH,
        };
        assert_eq!(judge(Err(gone), demand), Err("No such service".to_owned()));
    }
}
