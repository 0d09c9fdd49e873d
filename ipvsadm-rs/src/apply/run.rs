// SPDX-License-Identifier: MIT OR GPL-2.0

//! Takes the steps of a plan, all or none.

use std::collections::HashMap;
use std::collections::HashSet;

use nix::errno::Errno;

use crate::change::Change;
use crate::client::Client;
use crate::control::Control;
use crate::error::Error;
use crate::model::ServiceId;
use crate::render::change::line;
use crate::transaction::Transaction;
use crate::transaction::Wish;

use super::plan::plan;
use super::plan::Step;
use super::state::Entry;
use super::State;

/// Steps on their way at a time. What follows a step that fails has to be taken back too.
const STRIDE: usize = 64;

/// How often a file is applied anew when others change the rules meanwhile.
const ATTEMPTS: usize = 10;

/// What the kernel refused.
#[derive(Debug)]
pub struct Failure {
    /// Its command line; `None` if that was all of them together.
    pub line: Option<String>,
    /// Why.
    pub error: Error,
    /// What couldn't be taken back, with the reason: command lines.
    pub left: Vec<(String, Error)>,
}

/// What was done, or would be.
pub struct Applied {
    /// The difference.
    pub steps: Vec<Step>,
    /// Whether it was made, or could be.
    pub result: Result<(), Failure>,
}

/// Makes the kernel's state as wanted, or finds out whether it could be. Fails if that can't be
/// read.
///
/// Where the kernel has transactions services change in one, so that no packet sees a part of the
/// change. If others changed the rules since they were read it is done again, a few times.
pub fn apply(client: &mut Client, wanted: &State, dry_run: bool) -> Result<Applied, Error> {
    let mut attempt = 1;
    loop {
        let generation = match wanted.services {
            Some(_) => client.control().generation(),
            None => None,
        };
        let there = State::of_kernel(client, wanted)?;
        let steps = plan(&there, wanted);
        let control = client.control();
        let result = match generation {
            Some(_) => at_once(control, generation, wanted, &steps, dry_run),
            None if dry_run => Ok(()),
            None => take(control, &steps),
        };
        let is_stale =
            matches!(&result, Err(failure) if failure.error.errno() == Some(Errno::ESTALE));
        if !is_stale || attempt >= ATTEMPTS {
            return Ok(Applied { steps, result });
        }
        attempt += 1;
    }
}

/// Takes the steps, those of services in one transaction.
fn at_once(
    control: &mut dyn Control,
    generation: Option<u32>,
    wanted: &State,
    steps: &[Step],
    dry_run: bool,
) -> Result<(), Failure> {
    let transaction = Transaction {
        generation,
        check: dry_run,
        wishes: wishes(wanted, steps),
        ..Transaction::default()
    };
    let others: Vec<Step> = steps
        .iter()
        .filter(|step| service_of(&step.change).is_none())
        .cloned()
        .collect();
    if !dry_run {
        take(control, &others)?;
    }
    if transaction.wishes.is_empty() {
        return Ok(());
    }
    control.transact(&transaction).map_err(|refusal| {
        let taken: Vec<&Step> = others.iter().filter(|_| !dry_run).collect();
        Failure {
            line: refusal.change.map(|change| line_of(&change, steps)),
            error: refusal.error,
            left: take_back(control, &taken),
        }
    })
}

/// The service that a change is about.
fn service_of(change: &Change) -> Option<ServiceId> {
    match change {
        Change::AddService(service) | Change::EditService(service) => Some(service.id),
        Change::DeleteService(id)
        | Change::AddDest(id, _)
        | Change::EditDest(id, _)
        | Change::DeleteDest(id, _) => Some(*id),
        _ => None,
    }
}

/// What is to become of the services that the steps change.
fn wishes(wanted: &State, steps: &[Step]) -> Vec<Wish> {
    let entries = wanted.services.iter().flatten();
    let entries: HashMap<ServiceId, &Entry> =
        entries.map(|entry| (entry.service.id, entry)).collect();
    let mut spoken = HashSet::new();
    let changed = steps.iter().filter_map(|step| service_of(&step.change));
    changed
        .filter(|id| spoken.insert(*id))
        .map(|id| match entries.get(&id) {
            Some(entry) => Wish::Put(entry.service.clone(), entry.dests.clone()),
            None => Wish::Remove(id),
        })
        .collect()
}

/// The command line of what was refused: that of the step that is the same.
fn line_of(refused: &Change, steps: &[Step]) -> String {
    let same = |step: &&Step| match (&step.change, refused) {
        (Change::EditService(one), Change::AddService(other)) => one == other,
        (Change::EditDest(id, one), Change::AddDest(other_id, other)) => {
            id == other_id && one == other
        }
        _ => false,
    };
    line(steps.iter().find(same).map_or(refused, |step| &step.change))
}

/// Takes the steps in order. If one fails, takes back those that were taken, the last one first.
pub fn take(control: &mut dyn Control, steps: &[Step]) -> Result<(), Failure> {
    for (i, stride) in steps.chunks(STRIDE).enumerate() {
        let changes: Vec<Change> = stride.iter().map(|step| step.change.clone()).collect();
        let results = control.submit(&changes);
        let taken: Vec<bool> = results.iter().map(Result::is_ok).collect();
        let failed = stride
            .iter()
            .zip(results)
            .find_map(|(step, result)| Some((step, result.err()?)));
        if let Some((step, error)) = failed {
            let before = &steps[..i * STRIDE];
            let taken = stride.iter().zip(taken).filter(|(_, taken)| *taken);
            let all: Vec<&Step> = before.iter().chain(taken.map(|(step, _)| step)).collect();
            return Err(Failure {
                line: Some(line(&step.change)),
                error,
                left: take_back(control, &all),
            });
        }
    }
    Ok(())
}

fn take_back(control: &mut dyn Control, steps: &[&Step]) -> Vec<(String, Error)> {
    let mut left = Vec::new();
    for change in steps.iter().rev().flat_map(|step| &step.undo) {
        if let Err(error) = control.make(change) {
            left.push((line(change), error));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::sync::MutexGuard;

    use super::super::file;
    use super::*;
    use crate::model::Daemon;
    use crate::model::DestEntry;
    use crate::model::Info;
    use crate::model::ServiceEntry;
    use crate::model::TableEntry;
    use crate::model::Timeouts;
    use crate::transaction::Refusal;

    /// A kernel without services, whose rules change before so many commits. It notes what it is
    /// asked to put in force.
    struct Kernel {
        changes: usize,
        refuses: Option<Change>,
        seen: Arc<Mutex<Vec<Transaction>>>,
    }

    impl Kernel {
        fn seen(&self) -> MutexGuard<'_, Vec<Transaction>> {
            self.seen.lock().expect("no panic")
        }
    }

    impl Control for Kernel {
        fn info(&mut self) -> Result<Info, Error> {
            Ok(Info::default())
        }
        fn services(&mut self) -> Result<Vec<ServiceEntry>, Error> {
            Ok(Vec::new())
        }
        fn table(&mut self) -> Result<Vec<TableEntry>, Error> {
            Ok(Vec::new())
        }
        fn service(&mut self, _: &ServiceId) -> Result<ServiceEntry, Error> {
            unreachable!("nobody asks for one")
        }
        fn dests(&mut self, _: &ServiceId) -> Result<Vec<DestEntry>, Error> {
            Ok(Vec::new())
        }
        fn timeouts(&mut self) -> Result<Timeouts, Error> {
            Ok(Timeouts::default())
        }
        fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
            Ok(Vec::new())
        }
        fn make(&mut self, _: &Change) -> Result<(), Error> {
            Ok(())
        }
        fn generation(&mut self) -> Option<u32> {
            Some(self.seen().len() as u32)
        }
        fn transact(&mut self, transaction: &Transaction) -> Result<(), Refusal> {
            self.seen().push(transaction.clone());
            let refused = |change: Option<Change>, errno| Refusal {
                change: change.map(Box::new),
                error: Error::Refused {
                    operation: crate::error::Operation::Transaction,
                    errno,
                },
            };
            if self.seen().len() <= self.changes {
                return Err(refused(None, Errno::ESTALE));
            }
            match self.refuses.clone() {
                Some(change) => Err(refused(Some(change), Errno::EINVAL)),
                None => Ok(()),
            }
        }
    }

    const RULES: &str = "-A -f 1\n-a -f 1 -r 10.0.0.1\n";

    fn applied(changes: usize, refuses: Option<Change>) -> (Applied, Vec<Transaction>) {
        let seen = Arc::default();
        let mut client = Client::of(Kernel {
            changes,
            refuses,
            seen: Arc::clone(&seen),
        });
        let wanted = file::read(RULES).expect("rules");
        let applied = apply(&mut client, &wanted, false).expect("a kernel that answers");
        let seen = seen.lock().expect("no panic").clone();
        (applied, seen)
    }

    #[test]
    fn what_others_changed_is_read_again() {
        let (applied, seen) = applied(3, None);
        assert!(applied.result.is_ok());
        let generations: Vec<_> = seen.iter().map(|seen| seen.generation).collect();
        assert_eq!(generations, [Some(0), Some(1), Some(2), Some(3)]);
        assert!(seen.iter().all(|transaction| transaction.wishes.len() == 1));
    }

    #[test]
    fn it_gives_up_when_the_rules_never_rest() {
        let (applied, seen) = applied(usize::MAX, None);
        let failure = applied.result.expect_err("a failure");
        assert_eq!(seen.len(), ATTEMPTS);
        assert_eq!(failure.line, None);
        assert_eq!(
            failure.error.to_string(),
            "The rules have changed meanwhile"
        );
    }

    #[test]
    fn the_line_that_was_refused_is_named() {
        let wanted = file::read(RULES).expect("rules");
        let entry = &wanted.services.expect("services")[0];
        let change = Change::AddDest(entry.service.id, entry.dests[0]);
        let (applied, _) = applied(0, Some(change));
        let failure = applied.result.expect_err("a failure");
        let line = failure.line.expect("a line");
        assert_eq!(line, "-a -f 1 -r 10.0.0.1:0 -g -w 1");
    }
}
