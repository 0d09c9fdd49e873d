// SPDX-License-Identifier: MIT OR GPL-2.0

//! Whether a service has servers: an answer for routing daemons and scripts.

use std::net::IpAddr;

use serde::Serialize;

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

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    /// Servers.
    all: u64,
    /// Those with a weight above 0.
    serving: u64,
    /// Sum of the weights.
    weight: u64,
}

/// What is said of a service: what there is, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    /// None if it can't be known, or there is no service.
    counted: Option<Counted>,
    /// Why it fails.
    missing: Option<String>,
}

/// For programs. The README has its schema.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    ok: bool,
    family: &'static str,
    protocol: Option<&'static str>,
    address: Option<IpAddr>,
    port: Option<u16>,
    mark: Option<u32>,
    servers: Option<u64>,
    servers_in_use: Option<u64>,
    weight: Option<u64>,
    min_servers: u64,
    min_weight: u64,
    reason: Option<&'a str>,
}

/// Changes when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

/// Prints whether the service meets the demand. Gives the exit status.
///
/// A module that isn't there or doesn't answer is a service without servers, and isn't loaded for
/// this. The status counts, so it is the same if nobody reads the line.
pub(crate) fn run(id: &ServiceId, demand: Demand, as_json: bool) -> u8 {
    let dests = Client::open()
        .and_then(|mut client| client.entry(id, Order::Kernel))
        .map(|entry| entry.dests);
    let verdict = judge(dests, demand);
    let _ = print(&match as_json {
        true => json(id, demand, &verdict),
        false => text(id, &verdict),
    });
    match verdict.missing {
        None => SUCCESS,
        Some(_) => UNHEALTHY,
    }
}

fn judge(dests: Result<Vec<DestEntry>, Error>, demand: Demand) -> Verdict {
    let dests = match dests {
        Ok(dests) => dests,
        Err(error) => {
            return Verdict {
                counted: None,
                missing: Some(error.to_string()),
            }
        }
    };
    let weights = dests.iter().map(|entry| u64::from(entry.dest.weight));
    let counted = Counted {
        all: dests.len() as u64,
        serving: weights.clone().filter(|weight| *weight > 0).count() as u64,
        weight: weights.sum(),
    };
    let missing = if counted.serving < demand.servers {
        Some(format!("servers needed: {}", demand.servers))
    } else if counted.weight < demand.weight {
        Some(format!("weight needed: {}", demand.weight))
    } else {
        None
    };
    Verdict {
        counted: Some(counted),
        missing,
    }
}

/// One line for people.
fn text(id: &ServiceId, verdict: &Verdict) -> String {
    let (protocol, host) = address::service(&Numeric, id);
    let counted = verdict.counted.map(
        |Counted {
             all,
             serving,
             weight,
         }| format!("{serving} of {all} servers, weight {weight}"),
    );
    let word = match verdict.missing {
        None => "ok",
        Some(_) => "failed",
    };
    let parts: Vec<String> = counted.into_iter().chain(verdict.missing.clone()).collect();
    format!("{word}: {protocol} {host}: {}\n", parts.join("; "))
}

/// One line for programs.
fn json(id: &ServiceId, demand: Demand, verdict: &Verdict) -> String {
    let (protocol, address, port, mark) = id.parts();
    let document = Document {
        schema: SCHEMA,
        ok: verdict.missing.is_none(),
        family: id.family().word(),
        protocol,
        address,
        port,
        mark,
        servers: verdict.counted.map(|counted| counted.all),
        servers_in_use: verdict.counted.map(|counted| counted.serving),
        weight: verdict.counted.map(|counted| counted.weight),
        min_servers: demand.servers,
        min_weight: demand.weight,
        reason: verdict.missing.as_deref(),
    };
    // Structs of numbers and strings always have a JSON form.
    let mut line = serde_json::to_string(&document).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;
    use crate::error::Operation;
    use crate::model::Stats;
    use crate::render::list::tests::dest;
    use crate::render::list::tests::service;

    fn web() -> ServiceId {
        service("10.0.0.1:80").id
    }

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
            let line = text(&web(), &judge(Ok(servers(&weights)), demand));
            let expected = match expected {
                Ok(text) => format!("ok: TCP 10.0.0.1:80: {text}\n"),
                Err(text) => format!("failed: TCP 10.0.0.1:80: {text}\n"),
            };
            assert_eq!(line, expected, "{weights:?} {demand:?}");
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
        let verdict = judge(Err(gone), demand);
        let line = text(&web(), &verdict);
        assert_eq!(line, "failed: TCP 10.0.0.1:80: No such service\n");
        let expected = "{\"schema\":1,\"ok\":false,\"family\":\"ipv4\",\"protocol\":\"tcp\",\
            \"address\":\"10.0.0.1\",\"port\":80,\"mark\":null,\"servers\":null,\
            \"servers_in_use\":null,\"weight\":null,\"min_servers\":0,\"min_weight\":0,\
            \"reason\":\"No such service\"}\n";
        assert_eq!(json(&web(), demand, &verdict), expected);
    }

    /// Byte for byte: whoever reads it may rely on names, order and kinds of values.
    #[test]
    fn the_document_is_as_it_was() {
        let demand = Demand {
            servers: 1,
            weight: 4,
        };
        let line = json(&web(), demand, &judge(Ok(servers(&[1, 0, 3])), demand));
        let expected = "{\"schema\":1,\"ok\":true,\"family\":\"ipv4\",\"protocol\":\"tcp\",\
            \"address\":\"10.0.0.1\",\"port\":80,\"mark\":null,\"servers\":3,\
            \"servers_in_use\":2,\"weight\":4,\"min_servers\":1,\"min_weight\":4,\
            \"reason\":null}\n";
        assert_eq!(line, expected);
    }
}
