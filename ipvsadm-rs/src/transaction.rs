// SPDX-License-Identifier: MIT OR GPL-2.0

//! Many changes as one: what lvs puts in force in a single step, or not at all.

use crate::change::Change;
use crate::error::Error;
use crate::model::Dest;
use crate::model::Service;
use crate::model::ServiceId;

/// What is to become of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is to be so, with these servers and no others, the first one added first.
    Put(Service, Vec<Dest>),
    /// It is to go.
    Remove(ServiceId),
}

/// What is to become of services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The state of the rules that it is for; `None`: any.
    pub generation: Option<u32>,
    /// Whether services that aren't spoken of are to go.
    pub whole: bool,
    /// Whether it isn't put in force, but only found out whether the kernel would.
    pub check: bool,
    /// What is to become of each.
    pub wishes: Vec<Wish>,
}

/// Why a transaction wasn't put in force.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Refusal {
    /// What the kernel refused of it; `None` if that was the whole.
    pub change: Option<Box<Change>>,
    /// Why.
    pub error: Error,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal {
            change: None,
            error,
        }
    }
}

/// A transaction of changes that add services and their servers, all of which are new; `None` if
/// others are among them, or if something is there twice: then the kernel is to say what is wrong.
/// A first flush makes it the whole table.
pub fn of_changes(changes: &[Change]) -> Option<Transaction> {
    let mut transaction = Transaction::default();
    let mut places = std::collections::HashMap::new();
    let mut servers = std::collections::HashSet::new();
    for change in changes {
        match change {
            Change::Flush if transaction.wishes.is_empty() => transaction.whole = true,
            Change::AddService(service) => {
                let place = transaction.wishes.len();
                if places.insert(service.id, place).is_some() {
                    return None;
                }
                let wish = Wish::Put(service.clone(), Vec::new());
                transaction.wishes.push(wish);
            }
            Change::AddDest(id, dest) => {
                if !servers.insert((*id, dest.addr, dest.port)) {
                    return None;
                }
                match transaction.wishes.get_mut(*places.get(id)?) {
                    Some(Wish::Put(_, dests)) => dests.push(*dest),
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
    Some(transaction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::parse;
    use crate::cli::Command;
    use crate::sys::names::System;

    fn of(lines: &str) -> Option<Transaction> {
        let changes: Vec<Change> = lines
            .lines()
            .map(|line| {
                let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                match parse(&words, &System) {
                    Ok(Command::Change(change)) => change,
                    other => panic!("{line}: {other:?}"),
                }
            })
            .collect();
        of_changes(&changes)
    }

    #[test]
    fn additions_are_a_transaction() {
        let transaction = of("-A -f 1\n-A -f 2\n-a -f 1 -r 10.0.0.1\n-a -f 1 -r 10.0.0.2\n")
            .expect("a transaction");
        assert!(!transaction.whole);
        let servers: Vec<usize> = transaction
            .wishes
            .iter()
            .map(|wish| match wish {
                Wish::Put(_, dests) => dests.len(),
                Wish::Remove(_) => 99,
            })
            .collect();
        assert_eq!(servers, [2, 0]);
    }

    #[test]
    fn a_first_flush_makes_it_the_whole_table() {
        assert!(of("-C\n-A -f 1\n").is_some_and(|transaction| transaction.whole));
        assert!(of("-C\n-C\n").is_some_and(|transaction| transaction.whole));
        assert_eq!(of("-A -f 1\n-C\n"), None);
    }

    #[test]
    fn what_the_kernel_would_refuse_a_line_of_is_none() {
        assert_eq!(of("-A -f 1\n-A -f 1\n"), None);
        assert_eq!(of("-a -f 1 -r 10.0.0.1\n"), None);
        assert_eq!(
            of("-A -f 1\n-a -f 1 -r 10.0.0.1\n-a -f 1 -r 10.0.0.1\n"),
            None
        );
        assert_eq!(of("-A -f 1\n-e -f 1 -r 10.0.0.1\n"), None);
        assert_eq!(of("-A -f 1\n--set 1 1 1\n"), None);
    }
}
