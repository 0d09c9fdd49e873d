// SPDX-License-Identifier: MIT OR GPL-2.0

//! The steps from one state to another.
//!
//! Their order: what is new comes first, then what changes, then what goes: a service has its new
//! servers before it loses the old ones, and those that stay are there throughout, with their
//! connections. What can't be taken back without loss comes last.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::change::Change;
use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Timeouts;

use super::state::Entry;
use super::State;

/// A step, with what takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub change: Change,
    /// What takes it back, in order.
    pub undo: Vec<Change>,
}

/// The steps of a plan, in the order of their phases.
#[derive(Default)]
struct Phases {
    additions: Vec<Step>,
    edits: Vec<Step>,
    deletions: Vec<Step>,
    last: Vec<Step>,
}

/// The steps that lead from what there is to what is wanted.
pub fn plan(there: &State, wanted: &State) -> Vec<Step> {
    let mut phases = Phases::default();
    if let Some(wanted) = &wanted.services {
        let there = there.services.as_deref().unwrap_or_default();
        phases.services(there, wanted);
    }
    if let (Some(there), Some(wanted)) = (there.timeouts, wanted.timeouts) {
        phases.timeouts(there, wanted);
    }
    if let Some(wanted) = &wanted.daemons {
        let there = there.daemons.as_deref().unwrap_or_default();
        phases.daemons(there, wanted);
    }
    let Phases {
        mut additions,
        mut edits,
        mut deletions,
        mut last,
    } = phases;
    additions.append(&mut edits);
    additions.append(&mut deletions);
    additions.append(&mut last);
    additions
}

/// What names a server within its service.
fn name(dest: &Dest) -> (IpAddr, u16) {
    (dest.addr, dest.port)
}

impl Phases {
    fn services(&mut self, there: &[Entry], wanted: &[Entry]) {
        let by_id = |entries: &[Entry]| -> HashMap<ServiceId, usize> {
            let ids = entries.iter().enumerate();
            ids.map(|(i, entry)| (entry.service.id, i)).collect()
        };
        let present = by_id(there);
        for entry in wanted {
            match present.get(&entry.service.id).map(|&i| &there[i]) {
                Some(old) => {
                    self.edit_service(&old.service, &entry.service);
                    self.dests(&entry.service.id, &old.dests, &entry.dests);
                }
                None => self.add(entry),
            }
        }
        let kept = by_id(wanted);
        for entry in there {
            if !kept.contains_key(&entry.service.id) {
                self.delete(entry);
            }
        }
    }

    fn add(&mut self, entry: &Entry) {
        let id = entry.service.id;
        self.additions.push(Step {
            change: Change::AddService(entry.service.clone()),
            undo: vec![Change::DeleteService(id)],
        });
        self.dests(&id, &[], &entry.dests);
    }

    fn delete(&mut self, entry: &Entry) {
        let id = entry.service.id;
        let mut undo = vec![Change::AddService(entry.service.clone())];
        undo.extend(entry.dests.iter().map(|dest| Change::AddDest(id, *dest)));
        self.last.push(Step {
            change: Change::DeleteService(id),
            undo,
        });
    }

    fn edit_service(&mut self, old: &Service, new: &Service) {
        if old != new {
            self.edits.push(Step {
                change: Change::EditService(new.clone()),
                undo: vec![Change::EditService(old.clone())],
            });
        }
    }

    fn dests(&mut self, id: &ServiceId, there: &[Dest], wanted: &[Dest]) {
        let present: HashMap<_, _> = there.iter().map(|dest| (name(dest), dest)).collect();
        for dest in wanted {
            match present.get(&name(dest)) {
                None => self.additions.push(Step {
                    change: Change::AddDest(*id, *dest),
                    undo: vec![Change::DeleteDest(*id, *dest)],
                }),
                Some(old) if *old != dest => self.edits.push(Step {
                    change: Change::EditDest(*id, *dest),
                    undo: vec![Change::EditDest(*id, **old)],
                }),
                Some(_) => {}
            }
        }
        let kept: HashMap<_, _> = wanted.iter().map(|dest| (name(dest), ())).collect();
        for dest in there {
            if !kept.contains_key(&name(dest)) {
                self.deletions.push(Step {
                    change: Change::DeleteDest(*id, *dest),
                    undo: vec![Change::AddDest(*id, *dest)],
                });
            }
        }
    }

    fn timeouts(&mut self, there: Timeouts, wanted: Timeouts) {
        let differs = |there, wanted| wanted != 0 && wanted != there;
        if differs(there.tcp, wanted.tcp)
            || differs(there.tcp_fin, wanted.tcp_fin)
            || differs(there.udp, wanted.udp)
        {
            self.edits.push(Step {
                change: Change::SetTimeouts(wanted),
                undo: vec![Change::SetTimeouts(there)],
            });
        }
    }

    fn daemons(&mut self, there: &[Daemon], wanted: &[Daemon]) {
        for old in there {
            if !wanted.iter().any(|new| satisfies(old, new)) {
                self.edits.push(Step {
                    change: Change::StopDaemon(old.role),
                    undo: vec![Change::StartDaemon(old.clone())],
                });
            }
        }
        for new in wanted {
            if !there.iter().any(|old| satisfies(old, new)) {
                self.edits.push(Step {
                    change: Change::StartDaemon(new.clone()),
                    undo: vec![Change::StopDaemon(new.role)],
                });
            }
        }
    }
}

/// Whether a running daemon is as wanted. What isn't said doesn't matter.
fn satisfies(there: &Daemon, wanted: &Daemon) -> bool {
    fn agrees<T: PartialEq>(there: &Option<T>, wanted: &Option<T>) -> bool {
        wanted.is_none() || wanted == there
    }

    there.role == wanted.role
        && there.interface == wanted.interface
        && there.sync_id == wanted.sync_id
        && agrees(&there.max_len, &wanted.max_len)
        && agrees(&there.group, &wanted.group)
        && agrees(&there.port, &wanted.port)
        && agrees(&there.ttl, &wanted.ttl)
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn state(rules: &str) -> State {
        file::rules(rules).expect("rules").normal()
    }

    fn steps(there: &str, wanted: &str) -> Vec<String> {
        plan(&state(there), &state(wanted))
            .iter()
            .map(|step| crate::render::change::line(&step.change))
            .collect()
    }

    const WEB: &str = "-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2 -m\n";

    #[test]
    fn nothing_differs_from_itself() {
        assert_eq!(steps(WEB, WEB), [""; 0]);
    }

    #[test]
    fn servers_come_before_others_go() {
        let other = "-A -t 10.0.0.1:80 -s wlc\n-a -t 10.0.0.1:80 -r 10.0.0.3 -m\n";
        assert_eq!(
            steps(WEB, other),
            [
                "-a -t 10.0.0.1:80 -r 10.0.0.3:80 -m -w 1",
                "-E -t 10.0.0.1:80 -s wlc",
                "-d -t 10.0.0.1:80 -r 10.0.0.2:80",
            ]
        );
    }

    #[test]
    fn services_that_go_go_last_and_come_back_whole() {
        let wanted = state("-A -f 1\n");
        let steps = plan(&state(WEB), &wanted);
        assert_eq!(steps.len(), 2);
        assert!(matches!(steps[0].change, Change::AddService(_)));
        assert!(matches!(steps[1].change, Change::DeleteService(_)));
        assert_eq!(steps[1].undo.len(), 2);
    }

    #[test]
    fn timeouts_of_zero_stay() {
        let timeouts = |tcp, tcp_fin, udp| State {
            timeouts: Some(Timeouts { tcp, tcp_fin, udp }),
            ..State::default()
        };
        let there = timeouts(900, 120, 300);
        assert_eq!(plan(&there, &timeouts(900, 0, 0)), []);
        assert_eq!(plan(&there, &timeouts(0, 100, 0)).len(), 1);
    }
}
