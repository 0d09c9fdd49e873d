// SPDX-License-Identifier: GPL-2.0

//! What would become of a client's packet: the question and the answer of the family `LVS`.

use kernel::prelude::*;
use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::near::{
    Nearest,
    Why, //
};
use lvs_engine::parse::protocol;
use lvs_engine::sched::By;
use lvs_uapi::limits::ADDR_LEN;
use lvs_uapi::lvs::{
    attr,
    cmd,
    explain_answer,
    explain_by,
    explain_conn_attr as conn_attr,
    explain_early,
    explain_near,
    explain_near_attr as near_attr,
    explain_outcome,
    explain_rule,
    explain_rule_attr,
    explain_verdict,
    explain_way_attr as way_attr,
    explanation_attr,
    question_attr, //
};

use super::stats::Widths;
use super::{
    drain,
    extras, //
};
use crate::control::validate;
use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::genl::{
    Dump,
    List, //
};
use crate::kernel_ext::user::nla::{
    Attr,
    Policy,
    Writer, //
};
use crate::table::conn::{
    self,
    flag, //
};
use crate::table::explain::{
    Answer,
    ChosenBy,
    Early,
    Explain,
    Explanation,
    Hop,
    Outcome,
    Question,
    Verdict,
    Way, //
};
use crate::table::find_service::Rule;
use crate::table::{
    Conn,
    RulesGuard, //
};

static REQUEST: Policy<{ attr::MAX as usize + 1 }> = Policy::new().nested(attr::QUESTION);

static QUESTION: Policy<{ question_attr::MAX as usize + 1 }> = Policy::new()
    .u16(question_attr::AF)
    .u16(question_attr::PROTOCOL)
    .at_most(question_attr::CLIENT, ADDR_LEN)
    .u16(question_attr::CLIENT_PORT)
    .at_most(question_attr::ADDR, ADDR_LEN)
    .u16(question_attr::PORT)
    .u32(question_attr::MARK);

/// Protocols that a question may be about.
const PROTOCOLS: [u8; 3] = [protocol::TCP, protocol::UDP, protocol::SCTP];

/// What is asked.
fn parse(nest: Attr<'_>) -> Result<Question> {
    let attrs = nest.nested(&QUESTION).map_err(|_| EINVAL)?;
    let family = validate::family(attrs.need(question_attr::AF)?.u16()?)?;
    let addr = |number| {
        let octets = attrs.need(number)?.padded();
        Ok::<Addr, Error>(validate::addr(family, octets))
    };
    let protocol = u8::try_from(attrs.need(question_attr::PROTOCOL)?.u16()?)?;
    if !PROTOCOLS.contains(&protocol) {
        return Err(EINVAL);
    }
    let client_port = attrs.get(question_attr::CLIENT_PORT);
    let mark = attrs.get(question_attr::MARK);
    Ok(Question {
        family,
        protocol,
        client: addr(question_attr::CLIENT)?,
        client_port: client_port.map(Attr::be16).transpose()?,
        virtual_addr: addr(question_attr::ADDR)?,
        virtual_port: attrs.need(question_attr::PORT)?.be16()?,
        mark: mark.map_or(Ok(0), Attr::u32)?,
    })
}

/// Asks.
pub(super) struct Get;

impl List for Get {
    fn list(dump: &mut Dump<'_>) -> Result {
        let request = dump.attrs(&REQUEST)?;
        let question = parse(request.need(attr::QUESTION)?)?;
        let rules = RulesGuard::lock(dump.state()?);
        dump.note_generation(rules.generation());
        let [begun, ..] = dump.position();
        // All services are looked at, which may sleep: not while the explanation is looked at.
        let nearest = (begun == 0).then(|| {
            let found = rules.explain(&question, |_, told| told.service.map(|found| *found.id()));
            rules.nearest(&question, found.as_ref())
        });
        rules.explain(&question, |read, told| {
            list(dump, read, told, nearest.as_ref());
        });
        Ok(())
    }
}

/// Appends the explanation, and the servers from where the last call stopped. Loads may have
/// changed since: what was said of the server that is chosen goes for all servers.
fn list(
    dump: &mut Dump<'_>,
    read: ReadSide<'_>,
    told: &Explanation<'_>,
    nearest: Option<&Nearest>,
) {
    let [mut next, mut chosen, mut by] = dump.position();
    if next == 0 {
        if dump
            .entry(cmd::EXPLANATION, |message| {
                fill(message, read, told, nearest)
            })
            .is_err()
        {
            return;
        }
        next = 1;
        chosen = told
            .server
            .map_or(0, |server| server.dest.number().get() as usize);
        by = told.by.map_or(0, |by| usize::from(number_of(by)) + 1);
    }
    let decided = ALL_BY
        .into_iter()
        .find(|each| usize::from(number_of(*each)) + 1 == by);
    let number = (chosen != 0).then_some(chosen as u32);
    let dests = told.service.map_or(&[][..], |service| service.dests(read));
    for dest in dests.iter().skip(next.wrapping_sub(1)) {
        let verdict = Verdict::of(dest, number, decided);
        let appended = dump.entry(cmd::DEST, |message| {
            drain::fill(message, dest, Widths::Wide)?;
            message.u8(attr::VERDICT, number_of_verdict(verdict))
        });
        if appended.is_err() {
            break;
        }
        next = next.saturating_add(1);
    }
    dump.set_position([next, chosen, by]);
}

/// All that may decide.
const ALL_BY: [ChosenBy; 8] = [
    ChosenBy::Scheduler(By::Turn),
    ChosenBy::Scheduler(By::Load),
    ChosenBy::Scheduler(By::Hash),
    ChosenBy::Scheduler(By::Memory),
    ChosenBy::Chance,
    ChosenBy::Template,
    ChosenBy::Call,
    ChosenBy::Control,
];

fn fill(
    message: &mut Writer<'_>,
    read: ReadSide<'_>,
    told: &Explanation<'_>,
    nearest: Option<&Nearest>,
) -> Result {
    message.nest(attr::EXPLANATION, |nest| {
        let (outcome, reason) = number_of_outcome(told.outcome);
        nest.u8(explanation_attr::OUTCOME, outcome)?;
        if let Some(reason) = reason {
            nest.text(explanation_attr::REASON, reason)?;
        }
        if let Some(by) = told.by {
            nest.u8(explanation_attr::BY, number_of(by))?;
        }
        fill_rules(nest, told)?;
        if let Some(found) = &told.conn {
            nest.nest(explanation_attr::CONN, |nest| {
                fill_conn(nest, read, found.entry)?;
                nest.u8(conn_attr::ORPHANED, found.is_orphaned.into())?;
                nest.u8(conn_attr::REPLACED, found.is_replaced.into())?;
                nest.nest(conn_attr::WAY, |nest| fill_way(nest, &found.way))
            })?;
        }
        if let Some(found) = &told.template {
            nest.nest(explanation_attr::TEMPLATE, |nest| {
                fill_conn(nest, read, found.entry)?;
                let dest = found.entry.dest(read);
                let is_orphaned = dest.is_some_and(|dest| !dest.is_available());
                nest.u8(conn_attr::ORPHANED, is_orphaned.into())?;
                nest.u8(conn_attr::REPLACED, (!found.is_usable).into())
            })?;
        }
        if let Some(way) = &told.way {
            nest.nest(explanation_attr::WAY, |nest| fill_way(nest, way))?;
        }
        if let Some(server) = told.server {
            let id = server.dest.id();
            let numbers = (explanation_attr::SERVER_AF, explanation_attr::SERVER);
            fill_addr(nest, numbers, id.family, &id.addr)?;
            nest.be16(explanation_attr::SERVER_PORT, server.port)?;
        }
        nest.u32(explanation_attr::DROP_RATE, told.limits.drop_rate)?;
        nest.u32(explanation_attr::CONNS, told.limits.conns)?;
        nest.u32(explanation_attr::MOST_CONNS, told.limits.most_conns)?;
        nearest.map_or(Ok(()), |nearest| fill_near(nest, nearest))
    })?;
    match told.service {
        Some(service) => extras::fill(message, read, service, Widths::Wide),
        None => Ok(()),
    }
}

fn fill_rules(nest: &mut Writer<'_>, told: &Explanation<'_>) -> Result {
    for rule in Rule::ALL {
        let name = match rule {
            Rule::Mark => explain_rule::MARK,
            Rule::Port => explain_rule::PORT,
            Rule::FtpData => explain_rule::FTP_DATA,
            Rule::AnyPort => explain_rule::ANY_PORT,
        };
        let answer = match told.asked.answer(rule, told.service.is_some()) {
            Answer::Found => explain_answer::FOUND,
            Answer::None => explain_answer::NONE,
            Answer::Inapplicable => explain_answer::INAPPLICABLE,
            Answer::Unasked => explain_answer::UNASKED,
        };
        nest.nest(explanation_attr::RULE, |nest| {
            nest.u8(explain_rule_attr::NAME, name)?;
            nest.u8(explain_rule_attr::ANSWER, answer)
        })?;
    }
    Ok(())
}

/// Appends services that nearly take the packet.
fn fill_near(nest: &mut Writer<'_>, nearest: &Nearest) -> Result {
    nest.u32(explanation_attr::NEAR_COUNT, nearest.count())?;
    for (why, ServiceId { family, target }) in nearest.iter() {
        let why = match why {
            Why::Earlier => explain_near::EARLIER,
            Why::OtherFamily => explain_near::OTHER_FAMILY,
            Why::OtherProtocol => explain_near::OTHER_PROTOCOL,
            Why::OtherPort => explain_near::OTHER_PORT,
            Why::OtherMark => explain_near::OTHER_MARK,
        };
        nest.nest(explanation_attr::NEAR, |nest| {
            nest.u8(near_attr::WHY, why)?;
            match target {
                Target::Mark(mark) => {
                    nest.u16(near_attr::AF, family.number())?;
                    nest.u32(near_attr::MARK, *mark)
                }
                Target::Address {
                    protocol,
                    addr,
                    port,
                } => {
                    fill_addr(nest, (near_attr::AF, near_attr::ADDR), *family, addr)?;
                    nest.u16(near_attr::PROTOCOL, *protocol)?;
                    nest.be16(near_attr::PORT, *port)
                }
            }
        })?;
    }
    Ok(())
}

/// Appends what connections and templates have.
fn fill_conn(nest: &mut Writer<'_>, read: ReadSide<'_>, entry: &Entry<Conn>) -> Result {
    nest.text(conn_attr::STATE, entry.state_name())?;
    nest.u32(conn_attr::LEFT, conn::seconds_left(entry, time::now()))?;
    nest.u32(conn_attr::AGE, entry.age())?;
    nest.u32(conn_attr::PACKETS, entry.packets())?;
    let numbers = (conn_attr::SERVER_AF, conn_attr::SERVER);
    fill_addr(nest, numbers, entry.real_family(), &entry.real_addr())?;
    nest.be16(conn_attr::SERVER_PORT, entry.real_port())?;
    nest.u8(conn_attr::SYNCED, entry.has(flag::SYNCED).into())?;
    let is_controlled = entry.controller(read).is_some();
    nest.u8(conn_attr::CONTROLLED, is_controlled.into())
}

fn fill_way(nest: &mut Writer<'_>, way: &Way) -> Result {
    nest.u32(way_attr::METHOD, way.method.number())?;
    match way.hop {
        Err(reason) => nest.text(way_attr::REASON, reason.name())?,
        Ok(Hop::Here) => {}
        Ok(Hop::To {
            device,
            next: (family, addr),
            mtu,
            source,
        }) => {
            nest.u32(way_attr::DEVICE, device)?;
            let numbers = (way_attr::NEXT_HOP_AF, way_attr::NEXT_HOP);
            fill_addr(nest, numbers, family, &addr)?;
            nest.u32(way_attr::MTU, mtu)?;
            if let Some((family, addr)) = source {
                fill_addr(nest, (way_attr::SOURCE_AF, way_attr::SOURCE), family, &addr)?;
            }
        }
    }
    nest.u8(way_attr::EARLY, number_of_early(way.early))?;
    nest.u8(way_attr::XDP, number_of_early(way.xdp))
}

/// Appends a family and an address, by attributes of these numbers.
fn fill_addr(
    nest: &mut Writer<'_>,
    (af, addr): (u16, u16),
    family: Family,
    value: &Addr,
) -> Result {
    nest.u16(af, family.number())?;
    nest.bytes(addr, &value.octets())
}

fn number_of_outcome(outcome: Outcome) -> (u8, Option<&'static str>) {
    let number = match outcome {
        Outcome::Sent => explain_outcome::SENT,
        Outcome::Refused => explain_outcome::REFUSED,
        Outcome::Bypassed => explain_outcome::BYPASSED,
        Outcome::NoService => explain_outcome::NO_SERVICE,
        Outcome::Backup => explain_outcome::BACKUP,
        Outcome::FtpDataPort => explain_outcome::FTP_DATA_PORT,
        Outcome::BesideFtp => explain_outcome::BESIDE_FTP,
        Outcome::Dropped(reason) => return (explain_outcome::DROPPED, Some(reason.name())),
    };
    (number, None)
}

fn number_of(by: ChosenBy) -> u8 {
    match by {
        ChosenBy::Scheduler(By::Turn) => explain_by::TURN,
        ChosenBy::Scheduler(By::Load) => explain_by::LOAD,
        ChosenBy::Scheduler(By::Hash) => explain_by::HASH,
        ChosenBy::Scheduler(By::Memory) => explain_by::MEMORY,
        ChosenBy::Chance => explain_by::CHANCE,
        ChosenBy::Template => explain_by::TEMPLATE,
        ChosenBy::Call => explain_by::CALL,
        ChosenBy::Control => explain_by::CONTROL,
    }
}

fn number_of_early(early: Early) -> u8 {
    match early {
        Early::Taken => explain_early::TAKEN,
        Early::Off => explain_early::OFF,
        Early::Protocol => explain_early::PROTOCOL,
        Early::Tracked => explain_early::TRACKED,
        Early::FtpControl => explain_early::FTP_CONTROL,
        Early::Method => explain_early::METHOD,
        Early::Route => explain_early::ROUTE,
        Early::NoServer => explain_early::NO_SERVER,
    }
}

fn number_of_verdict(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Chosen => explain_verdict::CHOSEN,
        Verdict::Drained => explain_verdict::DRAINED,
        Verdict::Quiescent => explain_verdict::QUIESCENT,
        Verdict::Overloaded => explain_verdict::OVERLOADED,
        Verdict::Decided(ChosenBy::Scheduler(By::Turn)) => explain_verdict::TURN,
        Verdict::Decided(ChosenBy::Scheduler(By::Load)) => explain_verdict::LOAD,
        Verdict::Decided(ChosenBy::Scheduler(By::Hash)) => explain_verdict::HASH,
        Verdict::Decided(ChosenBy::Scheduler(By::Memory)) => explain_verdict::MEMORY,
        Verdict::Decided(ChosenBy::Chance) => explain_verdict::CHANCE,
        Verdict::Decided(ChosenBy::Template) => explain_verdict::TEMPLATE,
        Verdict::Decided(ChosenBy::Call) => explain_verdict::CALL,
        Verdict::Decided(ChosenBy::Control) => explain_verdict::CONTROL,
        Verdict::Unasked => explain_verdict::UNASKED,
    }
}
