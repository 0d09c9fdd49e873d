// SPDX-License-Identifier: MIT OR GPL-2.0

//! Asks lvs what would become of a packet: messages of the family `LVS`.

use std::net::IpAddr;

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::explain_conn_attr;
use lvs_uapi::lvs::explain_rule_attr;
use lvs_uapi::lvs::explain_way_attr;
use lvs_uapi::lvs::explanation_attr;
use lvs_uapi::lvs::question_attr;
use lvs_uapi::lvs::FAMILY_NAME;

use crate::error::Error;
use crate::error::Operation;
use crate::model::explain::Answer;
use crate::model::explain::By;
use crate::model::explain::Early;
use crate::model::explain::End;
use crate::model::explain::Explanation;
use crate::model::explain::Found;
use crate::model::explain::Hop;
use crate::model::explain::Judged;
use crate::model::explain::Outcome;
use crate::model::explain::Question;
use crate::model::explain::Rule;
use crate::model::explain::Verdict;
use crate::model::explain::Way;
use crate::model::Family;
use crate::model::Forward;

use super::attr::attributes;
use super::attr::RawAddr;
use super::dest;
use super::dest::DestAttr;
use super::drain;
use super::drain::DrainAttr;
use super::extras;
use super::extras::ExtrasAttr;
use super::extras::RampAttr;
use super::lvs_message::LvsMessage;
use super::near;
use super::near::NearAttr;
use super::service;
use super::service::ServiceAttr;
use super::socket::Socket;

attributes! {
    /// An attribute of the outermost level.
    pub enum ExplainAttr {
        /// The service.
        Service(Vec<ServiceAttr>) = attr::SERVICE, nest;
        /// A server of it.
        Dest(Vec<DestAttr>) = attr::DEST, nest;
        /// How that is drained.
        Drain(Vec<DrainAttr>) = attr::DRAIN, nest;
        /// How it climbs to its weight.
        Ramp(Vec<RampAttr>) = attr::RAMP, nest;
        /// What the service has beyond ip_vs's.
        Extras(Vec<ExtrasAttr>) = attr::EXTRAS, nest;
        /// What is asked.
        Question(Vec<QuestionAttr>) = attr::QUESTION, nest;
        /// The answer.
        Explanation(Vec<ExplanationAttr>) = attr::EXPLANATION, nest;
        /// What is said of the server.
        Verdict(u8) = attr::VERDICT, u8;
    }
}

attributes! {
    /// An attribute of a question.
    pub enum QuestionAttr {
        /// Address family.
        Af(u16) = question_attr::AF, u16;
        /// Protocol.
        Protocol(u16) = question_attr::PROTOCOL, u16;
        /// The client.
        Client(RawAddr) = question_attr::CLIENT, addr;
        /// Its port.
        ClientPort(u16) = question_attr::CLIENT_PORT, be16;
        /// The address it asks for.
        Addr(RawAddr) = question_attr::ADDR, addr;
        /// The port it asks for.
        Port(u16) = question_attr::PORT, be16;
        /// The firewall mark.
        Mark(u32) = question_attr::MARK, u32;
    }
}

attributes! {
    /// An attribute of an answer.
    pub enum ExplanationAttr {
        /// What becomes of the packet.
        Outcome(u8) = explanation_attr::OUTCOME, u8;
        /// Why it is dropped.
        Reason(String) = explanation_attr::REASON, string;
        /// What decides.
        By(u8) = explanation_attr::BY, u8;
        /// A rule.
        Rule(Vec<RuleAttr>) = explanation_attr::RULE, nest;
        /// The connection.
        Conn(Vec<ConnAttr>) = explanation_attr::CONN, nest;
        /// The template.
        Template(Vec<ConnAttr>) = explanation_attr::TEMPLATE, nest;
        /// The way.
        Way(Vec<WayAttr>) = explanation_attr::WAY, nest;
        /// The server's family.
        ServerAf(u16) = explanation_attr::SERVER_AF, u16;
        /// The server.
        Server(RawAddr) = explanation_attr::SERVER, addr;
        /// Its port.
        ServerPort(u16) = explanation_attr::SERVER_PORT, be16;
        /// How many are dropped.
        DropRate(u32) = explanation_attr::DROP_RATE, u32;
        /// Connections.
        Conns(u32) = explanation_attr::CONNS, u32;
        /// Most of them.
        MostConns(u32) = explanation_attr::MOST_CONNS, u32;
        /// A service that is near.
        Near(Vec<NearAttr>) = explanation_attr::NEAR, nest;
        /// How many are.
        NearCount(u32) = explanation_attr::NEAR_COUNT, u32;
    }
}

attributes! {
    /// An attribute of a rule.
    pub enum RuleAttr {
        /// Which.
        Name(u8) = explain_rule_attr::NAME, u8;
        /// What it says.
        Answer(u8) = explain_rule_attr::ANSWER, u8;
    }
}

attributes! {
    /// An attribute of a connection or template.
    pub enum ConnAttr {
        /// State.
        State(String) = explain_conn_attr::STATE, string;
        /// Seconds left.
        Left(u32) = explain_conn_attr::LEFT, u32;
        /// Seconds since it began.
        Age(u32) = explain_conn_attr::AGE, u32;
        /// Packets.
        Packets(u32) = explain_conn_attr::PACKETS, u32;
        /// The server's family.
        ServerAf(u16) = explain_conn_attr::SERVER_AF, u16;
        /// The server.
        Server(RawAddr) = explain_conn_attr::SERVER, addr;
        /// Its port.
        ServerPort(u16) = explain_conn_attr::SERVER_PORT, be16;
        /// Whether that was removed.
        Orphaned(u8) = explain_conn_attr::ORPHANED, u8;
        /// Whether the next one replaces it.
        Replaced(u8) = explain_conn_attr::REPLACED, u8;
        /// Whether another director told of it.
        Synced(u8) = explain_conn_attr::SYNCED, u8;
        /// Whether something else has it.
        Controlled(u8) = explain_conn_attr::CONTROLLED, u8;
        /// The way.
        Way(Vec<WayAttr>) = explain_conn_attr::WAY, nest;
    }
}

attributes! {
    /// An attribute of a way.
    pub enum WayAttr {
        /// Forwarding method.
        Method(u32) = explain_way_attr::METHOD, u32;
        /// Why there is none.
        Reason(String) = explain_way_attr::REASON, string;
        /// The device.
        Device(u32) = explain_way_attr::DEVICE, u32;
        /// Family of the next hop.
        NextHopAf(u16) = explain_way_attr::NEXT_HOP_AF, u16;
        /// The next hop.
        NextHop(RawAddr) = explain_way_attr::NEXT_HOP, addr;
        /// What fits.
        Mtu(u32) = explain_way_attr::MTU, u32;
        /// Family of the source.
        SourceAf(u16) = explain_way_attr::SOURCE_AF, u16;
        /// A tunnel's source.
        Source(RawAddr) = explain_way_attr::SOURCE, addr;
        /// The early path.
        Early(u8) = explain_way_attr::EARLY, u8;
        /// XDP.
        Xdp(u8) = explain_way_attr::XDP, u8;
    }
}

/// A message of questions and answers.
pub type ExplainMessage = LvsMessage<ExplainAttr>;

/// How often it is asked before an answer counts during which the rules were changed.
const ATTEMPTS: usize = 3;

/// Asks what would become of a packet; only lvs can tell.
pub fn explain(socket: &mut Socket, question: &Question) -> Result<Explanation, Error> {
    let family = socket.resolve(FAMILY_NAME)?;
    let mut attempt = 1;
    loop {
        let mut answer = None;
        let message = request(question);
        let is_consistent = socket.dump_of(family, Operation::Explain, message, |reply| {
            append(&mut answer, reply, Family::of(question.addr)).map_err(Error::from)
        })?;
        if is_consistent || attempt >= ATTEMPTS {
            return answer.ok_or_else(|| DecodeError::from("reply without an answer").into());
        }
        attempt += 1;
    }
}

/// The question.
pub fn request(question: &Question) -> ExplainMessage {
    let mut nest = vec![
        QuestionAttr::Af(Family::of(question.addr).number()),
        QuestionAttr::Protocol(question.protocol.0),
        QuestionAttr::Client(question.client.into()),
        QuestionAttr::Addr(question.addr.into()),
        QuestionAttr::Port(question.port),
        QuestionAttr::Mark(question.mark),
    ];
    nest.extend(question.client_port.map(QuestionAttr::ClientPort));
    ExplainMessage {
        cmd: cmd::GET_EXPLANATION,
        attrs: vec![ExplainAttr::Question(nest)],
    }
}

/// Takes a reply into the answer: servers come after the rest.
pub fn append(
    answer: &mut Option<Explanation>,
    reply: &ExplainMessage,
    family: Family,
) -> Result<(), DecodeError> {
    let (mut service, mut entry, mut drain, mut verdict) = (None, None, None, None);
    let (mut ramp, mut own) = (None, None);
    for attr in &reply.attrs {
        match attr {
            ExplainAttr::Service(nest) => service = Some(service::from_attrs(nest)?),
            ExplainAttr::Dest(nest) => entry = Some(dest::from_attrs(nest, family)?),
            ExplainAttr::Drain(nest) => drain = Some(drain::from_attrs(nest)?),
            ExplainAttr::Ramp(nest) => ramp = Some(extras::ramp(nest)),
            ExplainAttr::Extras(nest) => own = Some(extras::from_attrs(nest)?),
            ExplainAttr::Verdict(number) => verdict = Some(known(Verdict::from_number(*number))?),
            ExplainAttr::Explanation(nest) => *answer = Some(from_attrs(nest)?),
            ExplainAttr::Question(_) | ExplainAttr::Other(_) => {}
        }
    }
    let answer = answer
        .as_mut()
        .ok_or_else(|| DecodeError::from("server before the answer"))?;
    if let Some(mut entry) = service {
        entry.service.extras = own.unwrap_or_default();
        answer.service = Some(entry);
    }
    if let (Some(mut entry), Some(verdict)) = (entry, verdict) {
        entry.drain = drain;
        entry.ramp = ramp;
        answer.servers.push(Judged { entry, verdict });
    }
    Ok(())
}

/// What a newer module says beyond this is an error.
fn known<T>(found: Option<T>) -> Result<T, DecodeError> {
    found.ok_or_else(|| DecodeError::from("answer of an unknown kind"))
}

fn addr(raw: Option<RawAddr>, af: Option<u16>) -> Option<IpAddr> {
    Some(raw?.in_family(Family::from_number(af?)?))
}

fn from_attrs(attrs: &[ExplanationAttr]) -> Result<Explanation, DecodeError> {
    let mut answer = Explanation {
        conn: None,
        rules: Vec::new(),
        service: None,
        near: Vec::new(),
        near_count: 0,
        template: None,
        outcome: Outcome::NoService,
        reason: None,
        by: None,
        server: None,
        way: None,
        servers: Vec::new(),
        drop_rate: 0,
        conns: 0,
        most_conns: 0,
    };
    let (mut server, mut af, mut port) = (None, None, 0);
    for attr in attrs {
        match attr {
            ExplanationAttr::Outcome(number) => {
                answer.outcome = known(Outcome::from_number(*number))?;
            }
            ExplanationAttr::Reason(reason) => answer.reason = Some(reason.clone()),
            ExplanationAttr::By(number) => answer.by = Some(known(By::from_number(*number))?),
            ExplanationAttr::Rule(nest) => answer.rules.push(rule(nest)?),
            ExplanationAttr::Conn(nest) => answer.conn = Some(found(nest)?),
            ExplanationAttr::Template(nest) => answer.template = Some(found(nest)?),
            ExplanationAttr::Way(nest) => answer.way = Some(way(nest)?),
            ExplanationAttr::ServerAf(number) => af = Some(*number),
            ExplanationAttr::Server(raw) => server = Some(*raw),
            ExplanationAttr::ServerPort(number) => port = *number,
            ExplanationAttr::DropRate(rate) => answer.drop_rate = *rate,
            ExplanationAttr::Conns(count) => answer.conns = *count,
            ExplanationAttr::MostConns(count) => answer.most_conns = *count,
            ExplanationAttr::Near(nest) => answer.near.push(near::near(nest)?),
            ExplanationAttr::NearCount(count) => answer.near_count = *count,
            ExplanationAttr::Other(_) => {}
        }
    }
    answer.server = addr(server, af).map(|addr| End { addr, port });
    Ok(answer)
}

fn rule(attrs: &[RuleAttr]) -> Result<(Rule, Answer), DecodeError> {
    let (mut name, mut answer) = (None, None);
    for attr in attrs {
        match attr {
            RuleAttr::Name(number) => name = Rule::from_number(*number),
            RuleAttr::Answer(number) => answer = Answer::from_number(*number),
            RuleAttr::Other(_) => {}
        }
    }
    Ok((known(name)?, known(answer)?))
}

fn found(attrs: &[ConnAttr]) -> Result<Found, DecodeError> {
    let mut found = Found {
        state: String::new(),
        left: 0,
        age: 0,
        packets: 0,
        server: End {
            addr: IpAddr::from([0; 4]),
            port: 0,
        },
        is_orphaned: false,
        is_replaced: false,
        is_synced: false,
        is_controlled: false,
        way: None,
    };
    let (mut server, mut af) = (None, None);
    for attr in attrs {
        match attr {
            ConnAttr::State(state) => found.state.clone_from(state),
            ConnAttr::Left(seconds) => found.left = *seconds,
            ConnAttr::Age(seconds) => found.age = *seconds,
            ConnAttr::Packets(count) => found.packets = *count,
            ConnAttr::ServerAf(number) => af = Some(*number),
            ConnAttr::Server(raw) => server = Some(*raw),
            ConnAttr::ServerPort(port) => found.server.port = *port,
            ConnAttr::Orphaned(is_so) => found.is_orphaned = *is_so != 0,
            ConnAttr::Replaced(is_so) => found.is_replaced = *is_so != 0,
            ConnAttr::Synced(is_so) => found.is_synced = *is_so != 0,
            ConnAttr::Controlled(is_so) => found.is_controlled = *is_so != 0,
            ConnAttr::Way(nest) => found.way = Some(way(nest)?),
            ConnAttr::Other(_) => {}
        }
    }
    found.server.addr = known(addr(server, af))?;
    Ok(found)
}

fn way(attrs: &[WayAttr]) -> Result<Way, DecodeError> {
    let (mut forward, mut reason, mut early, mut xdp) = (None, None, None, None);
    let (mut device, mut mtu) = (None, 0);
    let (mut next, mut next_af) = (None, None);
    let (mut source, mut source_af) = (None, None);
    for attr in attrs {
        match attr {
            WayAttr::Method(bits) => forward = Some(Forward::from_bits(*bits)),
            WayAttr::Reason(text) => reason = Some(text.clone()),
            WayAttr::Device(number) => device = Some(*number),
            WayAttr::NextHopAf(number) => next_af = Some(*number),
            WayAttr::NextHop(raw) => next = Some(*raw),
            WayAttr::Mtu(bytes) => mtu = *bytes,
            WayAttr::SourceAf(number) => source_af = Some(*number),
            WayAttr::Source(raw) => source = Some(*raw),
            WayAttr::Early(number) => early = Early::from_number(*number),
            WayAttr::Xdp(number) => xdp = Some(known(Early::from_number(*number))?),
            WayAttr::Other(_) => {}
        }
    }
    let hop = match (device, addr(next, next_af)) {
        (Some(device), Some(next)) => Some(Hop {
            device,
            addr: next,
            mtu,
            source: addr(source, source_af),
        }),
        _ => None,
    };
    Ok(Way {
        forward: known(forward)?,
        reason,
        hop,
        early: known(early)?,
        xdp,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    fn raw(host: u8) -> RawAddr {
        IpAddr::from([10, 0, 2, host]).into()
    }

    #[test]
    fn a_question_says_only_what_is_known() {
        let mut question = Question {
            protocol: Protocol::UDP,
            client: [10, 0, 1, 7].into(),
            client_port: None,
            addr: [10, 0, 1, 100].into(),
            port: 53,
            mark: 0,
        };
        let has_port = |question: &Question| {
            let message = request(question).received();
            let [ExplainAttr::Question(nest)] = &message.attrs[..] else {
                panic!("{message:?}");
            };
            nest.contains(&QuestionAttr::ClientPort(0))
        };
        assert!(!has_port(&question));
        question.client_port = Some(0);
        assert!(has_port(&question));
    }

    #[test]
    fn an_answer_is_read_as_it_was_sent() {
        let way_attrs = vec![
            WayAttr::Method(Forward::Tunnel.bits()),
            WayAttr::Device(4),
            WayAttr::NextHopAf(2),
            WayAttr::NextHop(raw(1)),
            WayAttr::Mtu(1480),
            WayAttr::SourceAf(2),
            WayAttr::Source(raw(2)),
            WayAttr::Early(Early::Off.number()),
            WayAttr::Xdp(Early::Method.number()),
        ];
        let first = ExplainMessage {
            cmd: cmd::EXPLANATION,
            attrs: vec![ExplainAttr::Explanation(vec![
                ExplanationAttr::Outcome(Outcome::Dropped.number()),
                ExplanationAttr::Reason("defence".to_owned()),
                ExplanationAttr::By(By::Hash.number()),
                ExplanationAttr::Rule(vec![
                    RuleAttr::Name(Rule::Port.number()),
                    RuleAttr::Answer(Answer::Found.number()),
                ]),
                ExplanationAttr::Conn(vec![
                    ConnAttr::State("UDP".to_owned()),
                    ConnAttr::Packets(3),
                    ConnAttr::ServerAf(2),
                    ConnAttr::Server(raw(11)),
                    ConnAttr::ServerPort(53),
                    ConnAttr::Way(way_attrs.clone()),
                ]),
                ExplanationAttr::Way(way_attrs),
                ExplanationAttr::ServerAf(2),
                ExplanationAttr::Server(raw(12)),
                ExplanationAttr::ServerPort(5353),
            ])],
        };
        let server = ExplainMessage {
            cmd: cmd::DEST,
            attrs: vec![
                ExplainAttr::Dest(vec![DestAttr::Addr(raw(12))]),
                ExplainAttr::Verdict(Verdict::Chosen.number()),
            ],
        };
        let mut answer = None;
        assert!(append(&mut answer, &server.received(), Family::V4).is_err());
        for message in [&first, &server] {
            append(&mut answer, &message.received(), Family::V4).expect("an answer");
        }
        let answer = answer.expect("an answer");
        assert_eq!(answer.outcome, Outcome::Dropped);
        assert_eq!(answer.reason.as_deref(), Some("defence"));
        assert_eq!(answer.rules, [(Rule::Port, Answer::Found)]);
        let addr = IpAddr::from([10, 0, 2, 12]);
        assert_eq!(answer.server, Some(End { addr, port: 5353 }));
        let hop = answer.way.as_ref().and_then(|way| way.hop.clone());
        assert_eq!(hop.and_then(|hop| hop.source), Some([10, 0, 2, 2].into()));
        assert_eq!(answer.conn.map(|conn| conn.way), Some(answer.way));
        assert_eq!(answer.servers[0].verdict, Verdict::Chosen);
    }

    #[test]
    fn what_a_new_module_says_beyond_is_an_error() {
        assert!(from_attrs(&[ExplanationAttr::Outcome(77)]).is_err());
        assert!(from_attrs(&[ExplanationAttr::By(77)]).is_err());
        assert!(way(&[WayAttr::Early(77)]).is_err());
        assert!(way(&[WayAttr::Xdp(77)]).is_err());
        assert!(found(&[ConnAttr::Left(1)]).is_err());
    }
}
