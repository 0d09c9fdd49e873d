// SPDX-License-Identifier: MIT OR GPL-2.0

//! An explanation for people.

use std::fmt::Write;

use lvs_uapi::flags;

use crate::model::explain::Answer;
use crate::model::explain::By;
use crate::model::explain::End;
use crate::model::explain::Found;
use crate::model::explain::Judged;
use crate::model::explain::Outcome;
use crate::model::explain::Way;
use crate::model::Forward;
use crate::model::ServiceEntry;
use crate::render::address::host_port;
use crate::render::address::service as name_of_service;
use crate::render::Numeric;

use super::delivery::Delivery;
use super::Told;

/// All lines. `name_of` names devices.
pub(super) fn page(told: &Told, name_of: &dyn Fn(u32) -> Option<String>) -> String {
    let mut out = String::new();
    // Writing to a string doesn't fail.
    let _ = write(told, name_of, &mut out);
    out
}

fn write(
    told: &Told,
    name_of: &dyn Fn(u32) -> Option<String>,
    out: &mut String,
) -> std::fmt::Result {
    let (question, answer) = (&told.question, &told.answer);
    let client = match question.client_port {
        Some(port) => end(&End {
            addr: question.client,
            port,
        }),
        None => format!("{}, any port", question.client),
    };
    let asked = host_port(&Numeric, question.addr, question.port, None);
    write!(out, "{} {client} to {asked}", question.protocol.name())?;
    if question.mark != 0 {
        write!(out, ", mark {}", question.mark)?;
    }
    writeln!(out)?;
    delivery(told, out)?;
    match (&answer.conn, question.client_port) {
        (Some(conn), _) => connection(told, conn, name_of, out)?,
        (None, Some(_)) => writeln!(out, "connection: none")?,
        (None, None) => writeln!(out, "connection: not looked for without the client's port")?,
    }
    service(told, out)?;
    if let Some(template) = &answer.template {
        let use_of_it = match template.is_replaced {
            true => "not used any more",
            false => "used",
        };
        let server = end(&template.server);
        let left = template.left;
        writeln!(out, "template: to {server}, {left} s left, {use_of_it}")?;
    }
    new_connection(told, out)?;
    if let Some(way) = &answer.way {
        writeln!(out, "  {}", text_of_way(told, way, name_of))?;
    }
    for server in &answer.servers {
        writeln!(out, "  {}", text_of_server(server))?;
    }
    limits(told, out)
}

fn end(end: &End) -> String {
    host_port(&Numeric, end.addr, end.port, None)
}

fn delivery(told: &Told, out: &mut String) -> std::fmt::Result {
    let by = match &told.device {
        Some(device) => format!(" by {device}"),
        None => String::new(),
    };
    match &told.delivery {
        Some(Delivery::Here) => writeln!(out, "delivery: packets{by} are for this host"),
        Some(Delivery::Elsewhere) => writeln!(
            out,
            "delivery: packets{by} aren't for this host, lvs doesn't see them"
        ),
        Some(Delivery::Refused(reason)) => writeln!(out, "delivery: {reason}"),
        None => writeln!(out, "delivery: not known"),
    }
}

fn connection(
    told: &Told,
    conn: &Found,
    name_of: &dyn Fn(u32) -> Option<String>,
    out: &mut String,
) -> std::fmt::Result {
    let more = if conn.packets >= Found::MANY {
        " or more"
    } else {
        ""
    };
    writeln!(
        out,
        "connection: to {}, {}, {} s left, {} s old, {}{more} packets of the client",
        end(&conn.server),
        conn.state,
        conn.left,
        conn.age,
        conn.packets,
    )?;
    if let Some(way) = &conn.way {
        writeln!(out, "  {}", text_of_way(told, way, name_of))?;
    }
    for (is_so, text) in [
        (
            conn.is_orphaned,
            "its server was removed: its packets are dropped",
        ),
        (
            conn.is_replaced,
            "a new connection from the same port takes its place",
        ),
        (
            conn.is_controlled,
            "persistence, or FTP's control connection, chose its server",
        ),
        (conn.is_synced, "another director told of it"),
    ] {
        if is_so {
            writeln!(out, "  {text}")?;
        }
    }
    Ok(())
}

fn service(told: &Told, out: &mut String) -> std::fmt::Result {
    match &told.answer.service {
        Some(entry) => writeln!(out, "service: {}", text_of_service(entry))?,
        None => writeln!(out, "service: none")?,
    }
    let rules = told.answer.rules.iter();
    for (rule, answer) in rules.filter(|(_, answer)| *answer != Answer::Unasked) {
        writeln!(out, "  by {}: {}", rule.text(), answer.text())?;
    }
    for near in &told.answer.near {
        let (kind, name) = name_of_service(&Numeric, &near.service);
        writeln!(out, "  not {kind} {name}: {}", near.why.text())?;
    }
    let told_of = u32::try_from(told.answer.near.len()).unwrap_or(u32::MAX);
    match told.answer.near_count.saturating_sub(told_of) {
        0 => Ok(()),
        more => writeln!(out, "  nor {more} more, which are further from it"),
    }
}

fn text_of_service(entry: &ServiceEntry) -> String {
    let service = &entry.service;
    let (kind, name) = name_of_service(&Numeric, &service.id);
    let mut text = format!("{kind} {name} {}", service.scheduler);
    if service.has(flags::service::PERSISTENT) {
        text.push_str(&format!(" persistent {}", service.timeout));
    }
    if let Some(engine) = &service.pe {
        text.push_str(&format!(" pe {engine}"));
    }
    if service.has(flags::service::ONEPACKET) {
        text.push_str(" ops");
    }
    let extras = service.extras.normal();
    for (name, seconds) in [
        ("tcp-timeout", extras.tcp_timeout),
        ("tcp-fin-timeout", extras.tcp_fin_timeout),
        ("udp-timeout", extras.udp_timeout),
        ("sctp-timeout", extras.sctp_timeout),
        ("slow-start", extras.slow_start),
    ] {
        if let Some(seconds) = seconds {
            text.push_str(&format!(" {name} {seconds}"));
        }
    }
    if let Some(what) = extras.on_expiry {
        text.push_str(&format!(" on-expiry {}", what.word()));
    }
    text
}

fn new_connection(told: &Told, out: &mut String) -> std::fmt::Result {
    let answer = &told.answer;
    let why = answer.by.map(By::text).unwrap_or_default();
    match (answer.outcome, &answer.server) {
        (Outcome::Sent, Some(server)) => {
            writeln!(out, "new connection: goes to {}, {why}", end(server))
        }
        (Outcome::Sent, None) => writeln!(out, "new connection: goes to a server, {why}"),
        (Outcome::Dropped, server) => {
            let reason = answer.reason.as_deref().unwrap_or("for no known reason");
            let to = server
                .as_ref()
                .map(|server| format!(" on its way to {}", end(server)));
            writeln!(
                out,
                "new connection: is dropped{} ({reason})",
                to.unwrap_or_default()
            )
        }
        (outcome, _) => writeln!(out, "new connection: {}", outcome.text()),
    }
}

/// What a forwarding method is called in listings of servers.
pub(super) fn method(forward: Forward) -> &'static str {
    match forward {
        Forward::Masq => "masq",
        Forward::Local => "local",
        Forward::Tunnel => "tunnel",
        Forward::Route => "route",
        Forward::Other(_) => "bypass",
    }
}

fn text_of_way(told: &Told, way: &Way, name_of: &dyn Fn(u32) -> Option<String>) -> String {
    let mut text = format!("way: {}", method(way.forward));
    match (&way.reason, &way.hop) {
        (Some(reason), _) => text.push_str(&format!(", none ({reason})")),
        (None, None) => text.push_str(", to this host"),
        (None, Some(hop)) => {
            let device = name_of(hop.device).unwrap_or_else(|| hop.device.to_string());
            text.push_str(&format!(
                ", {device}, next hop {}, MTU {}",
                hop.addr, hop.mtu
            ));
            if let Some(source) = hop.source {
                text.push_str(&format!(", source {source}"));
            }
        }
    }
    let (early, xdp) = (way.early.text(), told.front.text(way));
    text.push_str(&format!("; early path: {early}; XDP: {xdp}"));
    text
}

fn text_of_server(judged: &Judged) -> String {
    let entry = &judged.entry;
    let dest = &entry.dest;
    let mut text = format!(
        "{} {}, weight {}, {} active, {} inactive",
        host_port(&Numeric, dest.addr, dest.port, None),
        method(dest.forward),
        dest.weight,
        entry.active,
        entry.inactive,
    );
    if dest.u_threshold != 0 {
        text.push_str(&format!(" of {}", dest.u_threshold));
    }
    format!("{text}: {}", judged.verdict.text())
}

fn limits(told: &Told, out: &mut String) -> std::fmt::Result {
    let answer = &told.answer;
    let (conns, most) = (answer.conns, answer.most_conns);
    write!(out, "limits: {conns} of {most} connections and templates")?;
    match answer.drop_rate {
        0 => writeln!(out),
        rate => writeln!(
            out,
            ", one of {rate} new connections is dropped (drop_packet)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn name_of(device: u32) -> Option<String> {
        (device == 4).then(|| "eth1".to_owned())
    }

    #[test]
    fn people_see_what_matters() {
        let expected = "\
TCP 10.0.1.7:4711 to 10.0.1.100:80
delivery: packets by eth0 are for this host
connection: to 10.0.2.11:8080, ESTABLISHED, 890 s left, 10 s old, 9 or more packets of the client
  way: masq, eth1, next hop 10.0.2.11, MTU 1500; early path: off; XDP: taken, from eth0
service: TCP 10.0.1.100:80 wlc persistent 300 tcp-timeout 900
  by firewall mark: doesn't apply
  by address and port: this one
  not UDP 10.0.1.100:80: it takes another protocol
  not FWM 7: it takes another mark
  nor 3 more, which are further from it
template: to 10.0.2.11:8080, 290 s left, used
new connection: goes to 10.0.2.11:8080, the client's template names it
  way: masq, eth1, next hop 10.0.2.11, MTU 1500; early path: off; XDP: taken, from eth0
  10.0.2.12:8080 masq, weight 0, 0 active, 0 inactive: has weight 0
  10.0.2.11:8080 masq, weight 1, 1 active, 0 inactive of 5: gets it
limits: 2 of 1000 connections and templates
";
        assert_eq!(page(&sample::told(), &name_of), expected);
    }

    #[test]
    fn what_drops_is_named() {
        let mut told = sample::told();
        told.answer.conn = None;
        told.question.client_port = None;
        told.device = None;
        told.delivery = Some(Delivery::Elsewhere);
        told.answer.outcome = Outcome::Dropped;
        told.answer.reason = Some("defence".to_owned());
        told.answer.drop_rate = 10;
        let page = page(&told, &name_of);
        for part in [
            "TCP 10.0.1.7, any port to 10.0.1.100:80\n",
            "delivery: packets aren't for this host, lvs doesn't see them\n",
            "connection: not looked for without the client's port\n",
            "new connection: is dropped on its way to 10.0.2.11:8080 (defence)\n",
            ", one of 10 new connections is dropped (drop_packet)\n",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!told.is_served());
    }
}
