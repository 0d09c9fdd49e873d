// SPDX-License-Identifier: GPL-2.0

//! The threads of a namespace's daemons.

use core::sync::atomic::{
    AtomicBool,
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;
use kernel::sync::{
    new_mutex,
    Mutex,
    MutexGuard, //
};

use crate::kernel_ext::mem::once::OnceBox;
use crate::kernel_ext::task::crew::{
    Crew,
    Employer, //
};

use super::counts::SyncCounts;
use super::daemon::Role;
use super::dirty_places::DirtyPlaces;
use super::peer_knowledge::PeerKnowledge;

/// The threads of both daemons, and whether they run.
#[pin_data]
pub(crate) struct Crews<T: Employer> {
    #[pin]
    masters: Crew<T>,
    #[pin]
    backups: Crew<T>,
    /// Bits of [`Role::number`].
    running: AtomicU32,
    counts: SyncCounts,
    /// What this director and others know of each other.
    #[pin]
    director: Mutex<PeerKnowledge>,
    /// The rules changed since others were told of them.
    has_new_rules: AtomicBool,
    /// What is to be told; there since the first daemon ran.
    dirty: OnceBox<DirtyPlaces>,
    /// Tells the namespace from others in the names of its threads.
    pub(super) number: u32,
}

/// Namespaces made so far.
static NAMESPACES: AtomicU32 = AtomicU32::new(0);

impl<T: Employer> Crews<T> {
    pub(in crate::table) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            masters <- Crew::new(),
            backups <- Crew::new(),
            running: AtomicU32::new(0),
            counts: SyncCounts::default(),
            director <- new_mutex!(PeerKnowledge::default(), "lvs director"),
            has_new_rules: AtomicBool::new(true),
            dirty: OnceBox::new(),
            number: NAMESPACES.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The threads of one daemon.
    pub(super) fn of(&self, role: Role) -> &Crew<T> {
        match role {
            Role::Master => &self.masters,
            Role::Backup => &self.backups,
        }
    }

    /// What the daemons did.
    pub(crate) fn counts(&self) -> &SyncCounts {
        &self.counts
    }

    /// What this director and others know of each other. Process context; nobody who has it takes
    /// another lock.
    pub(crate) fn knowledge(&self) -> MutexGuard<'_, PeerKnowledge> {
        self.director.lock()
    }

    /// The rules are different from now on.
    pub(in crate::table) fn note_rules(&self) {
        self.has_new_rules.store(true, Ordering::Release);
    }

    /// Whether the rules are different since this was asked last.
    pub(super) fn take_new_rules(&self) -> bool {
        self.has_new_rules.swap(false, Ordering::Acquire)
    }

    /// Wakes this thread of the master.
    pub(super) fn wake(&self, thread: usize) {
        if let Some(bell) = self.dirty.get().and_then(|dirty| dirty.bell(thread)) {
            bell.ring();
        }
    }

    /// What is to be told, if a daemon ran.
    pub(crate) fn dirty_places(&self) -> Option<&DirtyPlaces> {
        self.dirty.get()
    }

    /// That, made when missing: for a table with up to `2^bits` buckets. Sleeps. Fails with
    /// `ENOMEM`.
    pub(super) fn make_dirty_places(&self, bits: u32) -> Result<&DirtyPlaces> {
        if self.dirty.get().is_none() {
            self.dirty
                .set(KBox::new(DirtyPlaces::new(bits)?, GFP_KERNEL)?);
        }
        self.dirty.get().ok_or(ENOMEM)
    }

    /// Whether the daemon runs. Any context.
    #[inline]
    pub(crate) fn runs(&self, role: Role) -> bool {
        self.running.load(Ordering::Relaxed) & role.number() != 0
    }

    /// Notes whether it does.
    pub(super) fn set_running(&self, role: Role, runs: bool) {
        if runs {
            self.running.fetch_or(role.number(), Ordering::Relaxed);
        } else {
            self.running.fetch_and(!role.number(), Ordering::Relaxed);
        }
    }
}
