// SPDX-License-Identifier: GPL-2.0

//! Removed servers that connections still go to, or did a short time ago: one that is added again
//! goes on with its connections and counters.
//!
//! A reload of the rules removes and adds thousands of servers at once, so they are found by a
//! hash of their name. They are chained by links of their own, so that a removal needs no memory
//! and can't fail. Rules lock held throughout.

use core::sync::atomic::Ordering;

use kernel::prelude::*;

use lvs_engine::config::{
    DestId,
    ServiceId,
    Target, //
};
use lvs_engine::hash::fibonacci;

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu::{
    self,
    RcuArc,
    RcuSlot,
    ReadSide, //
};
use crate::kernel_ext::task::time;

use super::super::dest::{
    Dest,
    TrashLink, //
};
use super::super::stats::Counters;

/// Seconds a removed server is kept after its last connection, so that it finds its counters when
/// it is added again.
const SECONDS: u32 = 120;

/// What becomes of a removed server, and the tick since when.
#[derive(Clone, Copy)]
enum State {
    /// Packets that had found it before its removal may still be counting.
    Leaves(u32),
    /// Connections go to it.
    Used,
    /// None does.
    Idle(u32),
}

impl TrashLink {
    fn state(&self) -> State {
        let packed = self.state.load(Ordering::Relaxed);
        match packed >> 32 {
            0 => State::Used,
            1 => State::Leaves(packed as u32),
            _ => State::Idle(packed as u32),
        }
    }

    fn set_state(&self, state: State) {
        let (kind, since) = match state {
            State::Used => (0, 0),
            State::Leaves(since) => (1, since),
            State::Idle(since) => (2, since),
        };
        let packed = (kind << 32) | u64::from(since);
        self.state.store(packed, Ordering::Relaxed);
    }
}

/// Removed servers, by name.
#[derive(Default)]
pub(super) struct Trash {
    /// [`Trash::CHAINS`] of them as soon as there are servers.
    chains: GrowVec<RcuSlot<Dest>>,
    /// Servers in all of them.
    count: usize,
}

impl Trash {
    /// Number of chains, a power of two.
    const CHAINS: usize = 512;

    /// The chain of a server's name. Names come from administrators, so the hash needs no secret.
    fn place(service: &ServiceId, id: &DestId) -> usize {
        let service = match &service.target {
            Target::Mark(mark) => *mark,
            Target::Address { addr, port, .. } => addr.folded() ^ (u32::from(*port) << 16),
        };
        let dest = id.addr.folded() ^ (u32::from(id.port) << 16);
        let hash = fibonacci(service)
            .wrapping_add(dest)
            .wrapping_mul(0x85eb_ca6b);
        (hash >> 23) as usize & (Self::CHAINS - 1)
    }

    /// Makes the chains, which servers need that are put here. Sleeps. Fails with `ENOMEM`.
    pub(super) fn prepare(&mut self) -> Result {
        self.chains.reserve(Self::CHAINS)?;
        while self.chains.len() < Self::CHAINS {
            self.chains.push(RcuSlot::new(None))?;
        }
        Ok(())
    }

    /// Keeps `dest`, whose service took over what it had counted.
    pub(super) fn put(&mut self, dest: RcuArc<Dest>) {
        if let Some(chain) = self.chains.get(Self::place(dest.service(), dest.id())) {
            let link = dest.trash_link();
            link.set_state(State::Leaves(time::now()));
            link.next.replace(chain.take());
            chain.replace(Some(dest));
            self.count = self.count.wrapping_add(1);
        }
    }

    /// What the removed server of this name hangs on.
    fn find_link<'a>(
        &'a self,
        read: ReadSide<'a>,
        service: &ServiceId,
        id: &DestId,
    ) -> Option<&'a RcuSlot<Dest>> {
        let mut link = self.chains.get(Self::place(service, id))?;
        loop {
            let dest = link.load(read)?;
            if dest.id() == id && dest.service() == service {
                return Some(link);
            }
            link = &dest.trash_link().next;
        }
    }

    /// Takes the server at `link` out of its chain.
    fn unlink(link: &RcuSlot<Dest>, dest: &Dest) {
        link.replace(dest.trash_link().next.take());
    }

    /// The removed server of this name, which stays.
    pub(super) fn find(&self, service: &ServiceId, id: &DestId) -> Option<RcuArc<Dest>> {
        rcu::read(|read| self.find_link(read, service, id)?.share(read))
    }

    /// Forgets the removed server of this name.
    pub(super) fn remove(&mut self, service: &ServiceId, id: &DestId) {
        let found = rcu::read(|read| {
            let link = self.find_link(read, service, id)?;
            link.load(read).map(|dest| Self::unlink(link, dest))
        });
        if found.is_some() {
            self.count = self.count.wrapping_sub(1);
        }
    }

    /// Forgets servers that nothing has gone to for a while. Has `take` take over what others
    /// counted beyond what was taken before, once nobody counts any more.
    pub(super) fn tend(&mut self, mut take: impl FnMut(&Dest, Counters)) {
        if self.count == 0 {
            return;
        }
        let now = time::now();
        let mut forgotten = 0_usize;
        for chain in self.chains.iter() {
            rcu::read(|read| {
                let mut link = chain;
                while let Some(dest) = link.load(read) {
                    let own = dest.trash_link();
                    let state = Self::next_state(
                        own.state(),
                        dest,
                        link.is_only_share(read),
                        now,
                        &mut take,
                    );
                    match state {
                        Some(state) => {
                            own.set_state(state);
                            link = &own.next;
                        }
                        None => {
                            Self::unlink(link, dest);
                            forgotten = forgotten.wrapping_add(1);
                        }
                    }
                }
            });
            time::yield_now();
        }
        self.count = self.count.wrapping_sub(forgotten);
    }

    /// What becomes of `dest` by `now`; nothing when it is forgotten.
    fn next_state(
        state: State,
        dest: &Dest,
        is_unused: bool,
        now: u32,
        take: &mut impl FnMut(&Dest, Counters),
    ) -> Option<State> {
        match state {
            State::Leaves(at) if now.wrapping_sub(at) < time::HZ => return Some(state),
            State::Leaves(_) => {
                let counted = dest.raw_counters();
                take(dest, counted.minus(dest.handed_over()));
                dest.hand_over(counted);
            }
            _ => {}
        }
        match state {
            _ if !is_unused => Some(State::Used),
            State::Idle(since) if now.wrapping_sub(since) >= SECONDS.wrapping_mul(time::HZ) => None,
            State::Idle(since) => Some(State::Idle(since)),
            _ => Some(State::Idle(now)),
        }
    }
}

impl Drop for Trash {
    /// Drops the servers one after the other: a chain that is dropped as a whole takes a grace
    /// period for each.
    fn drop(&mut self) {
        for chain in self.chains.iter() {
            let mut next = chain.take();
            while let Some(dest) = next {
                next = dest.trash_link().next.take();
            }
        }
    }
}
