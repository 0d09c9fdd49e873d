// SPDX-License-Identifier: MIT OR GPL-2.0

//! Transactions: messages of the family `LVS`.

use netlink_packet_core::DecodeError;

use lvs_uapi::lvs::attr;
use lvs_uapi::lvs::cmd;
use lvs_uapi::lvs::transaction_attr;

use crate::change::Change;
use crate::error::Error;
use crate::error::Operation;
use crate::transaction::Refusal;
use crate::transaction::Transaction;
use crate::transaction::Wish;

use super::attr::attributes;
use super::dest;
use super::dest::DestAttr;
use super::event::EventAttr;
use super::extras;
use super::extras::ExtrasAttr;
use super::lvs_message::LvsMessage;
use super::service;
use super::service::ServiceAttr;
use super::socket::Socket;

attributes! {
    /// An attribute of the outermost level.
    pub enum TransactionPart {
        /// A service.
        Service(Vec<ServiceAttr>) = attr::SERVICE, nest;
        /// A server of the service before.
        Dest(Vec<DestAttr>) = attr::DEST, nest;
        /// What the service has beyond ip_vs's.
        Extras(Vec<ExtrasAttr>) = attr::EXTRAS, nest;
        /// What the transaction is.
        Transaction(Vec<TransactionAttr>) = attr::TRANSACTION, nest;
        /// The last event.
        Event(Vec<EventAttr>) = attr::EVENT, nest;
    }
}

attributes! {
    /// An attribute of what a transaction is.
    pub enum TransactionAttr {
        /// The generation of the rules.
        Generation(u32) = transaction_attr::GENERATION, u32;
        /// Whether other services are to go.
        Whole(u8) = transaction_attr::WHOLE, u8;
        /// Whether it is only checked.
        Check(u8) = transaction_attr::CHECK, u8;
    }
}

/// A message of a transaction.
pub type TransactionMessage = LvsMessage<TransactionPart>;

fn message(cmd: u8, attrs: Vec<TransactionPart>) -> TransactionMessage {
    TransactionMessage { cmd, attrs }
}

/// The message that opens it.
pub fn begin(transaction: &Transaction) -> TransactionMessage {
    let mut attrs = Vec::new();
    attrs.extend(transaction.generation.map(TransactionAttr::Generation));
    if transaction.whole {
        attrs.push(TransactionAttr::Whole(1));
    }
    message(cmd::BEGIN, vec![TransactionPart::Transaction(attrs)])
}

/// The message that puts it in force, or asks whether that would do.
pub fn commit(transaction: &Transaction) -> TransactionMessage {
    let check = TransactionAttr::Check(u8::from(transaction.check));
    let attrs = vec![TransactionPart::Transaction(vec![check])];
    message(cmd::COMMIT, attrs)
}

/// The messages of a wish, each with the change that it amounts to.
pub fn of_wish(wish: &Wish) -> Vec<(TransactionMessage, Change)> {
    match wish {
        Wish::Remove(id) => {
            let attrs = vec![TransactionPart::Service(service::id_attrs(id))];
            vec![(
                message(cmd::REMOVE_SERVICE, attrs),
                Change::DeleteService(*id),
            )]
        }
        Wish::Put(service, dests) => {
            let mut attrs = vec![TransactionPart::Service(service::full_attrs(service))];
            if service.extras.is_any() {
                attrs.push(TransactionPart::Extras(extras::attrs(&service.extras)));
            }
            let mut messages = vec![(
                message(cmd::PUT_SERVICE, attrs),
                Change::AddService(service.clone()),
            )];
            // The newest one comes first.
            messages.extend(dests.iter().rev().map(|dest| {
                let attrs = vec![TransactionPart::Dest(dest::full_attrs(dest))];
                let change = Change::AddDest(service.id, *dest);
                (message(cmd::PUT_DEST, attrs), change)
            }));
            messages
        }
    }
}

/// Asks for the generation of the rules.
pub fn generation(socket: &mut Socket, family: u16) -> Result<Option<u32>, Error> {
    ask_state(socket, family).map(|(generation, _)| generation)
}

/// Asks for the generation of the rules and the number of the last event.
pub fn state(socket: &mut Socket, family: u16) -> Result<(u32, u64), Error> {
    match ask_state(socket, family)? {
        (Some(generation), Some(event)) => Ok((generation, event)),
        _ => Err(DecodeError::from("generation without a number").into()),
    }
}

fn ask_state(socket: &mut Socket, family: u16) -> Result<(Option<u32>, Option<u64>), Error> {
    let request = message(cmd::GET_GENERATION, Vec::new());
    let mut replies = Vec::new();
    socket.request_of(
        family,
        Operation::GetGeneration,
        request,
        |reply: TransactionMessage| replies.push(reply),
    )?;
    let (mut generation, mut event) = (None, None);
    for part in replies.iter().flat_map(|reply| &reply.attrs) {
        match part {
            TransactionPart::Transaction(attrs) => {
                generation = attrs.iter().find_map(|attr| match attr {
                    TransactionAttr::Generation(generation) => Some(*generation),
                    _ => None,
                });
            }
            TransactionPart::Event(attrs) => {
                event = attrs.iter().find_map(|attr| match attr {
                    EventAttr::Sequence(number) => Some(*number),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    Ok((generation, event))
}

/// Wishes whose messages are made at a time.
const STRIDE: usize = 64;

/// Has the kernel put a transaction in force.
pub fn transact(
    socket: &mut Socket,
    family: u16,
    transaction: &Transaction,
) -> Result<(), Refusal> {
    socket.request_of(family, Operation::Transaction, begin(transaction), |_| {})?;
    for wishes in transaction.wishes.chunks(STRIDE) {
        let (messages, changes): (Vec<_>, Vec<_>) = wishes.iter().flat_map(of_wish).unzip();
        let requests = messages.into_iter().zip(&changes).map(
            |(message, change): (TransactionMessage, &Change)| (change.kind().into(), message),
        );
        let results = socket.pipeline_of(family, requests.collect());
        let refused = changes
            .into_iter()
            .zip(results)
            .find_map(|(change, result)| {
                let error = result.err()?;
                Some(Refusal {
                    change: Some(Box::new(change)),
                    error,
                })
            });
        if let Some(refusal) = refused {
            // Nothing can be done if that fails: the kernel aborts it when the socket goes.
            let abort = message(cmd::ABORT, Vec::new());
            let _ = socket.request_of(family, Operation::Transaction, abort, |_| {});
            return Err(refusal);
        }
    }
    socket.request_of(family, Operation::Transaction, commit(transaction), |_| {})?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::file;

    #[test]
    fn messages_survive_a_round_trip() {
        let transaction = Transaction {
            generation: Some(7),
            whole: true,
            check: true,
            wishes: Vec::new(),
        };
        for sent in [begin(&transaction), commit(&transaction)] {
            assert_eq!(sent.received(), sent);
        }
    }

    #[test]
    fn servers_come_newest_first() {
        let rules = "-A -f 1\n-a -f 1 -r 10.0.0.1\n-a -f 1 -r 10.0.0.2\n";
        let state = file::rules(rules).expect("rules");
        let entry = &state.services.expect("services")[0];
        let wish = Wish::Put(entry.service.clone(), entry.dests.clone());
        let lines: Vec<String> = of_wish(&wish)
            .iter()
            .map(|(message, change)| {
                assert_eq!(&message.received(), message);
                let line = crate::render::change::line(change);
                format!("{} {line}", message.cmd)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "12 -A -f 1 -s wlc",
                "13 -a -f 1 -r 10.0.0.2:0 -g -w 1",
                "13 -a -f 1 -r 10.0.0.1:0 -g -w 1",
            ]
        );
    }
}
