// SPDX-License-Identifier: GPL-2.0

//! A backup's thread: receives messages, and applies what they tell.

use lvs_engine::sync::{
    Ignored,
    Message, //
};

use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::mem::rcu;
use crate::kernel_ext::task::thread::Present;
use crate::kernel_ext::task::time;
use crate::table::netns_state::NetnsState;

use super::apply::Backup;
use super::daemon::Role;
use super::link::Link;
use super::peer_knowledge::Heard;
use super::thread_setup::{
    Share,
    ThreadSetup, //
};

/// Messages that are received before others run.
const AT_ONCE: u32 = 16;

/// The thread's life.
pub(super) fn live(state: &NetnsState, setup: ThreadSetup, present: &Present<'_>) {
    let ThreadSetup {
        daemon,
        buffer: mut memory,
        share,
        id,
        ..
    } = setup;
    let mut link = Link::new(setup.link, Role::Backup, id, &daemon);
    loop {
        link.wait(present);
        // What came before the end counts: another master sent it before it stopped.
        let ends = present.is_stopping();
        receive_all(state, &link, daemon.sync_id, share, &mut memory);
        if ends {
            return;
        }
        link.check(state);
    }
}

/// Takes what the socket has, for as long as nobody has to wait for it too long.
fn receive_all(
    state: &NetnsState,
    link: &Link<'_>,
    sync_id: u32,
    share: Share,
    memory: &mut GrowVec<u8>,
) {
    let counts = state.sync().counts();
    let began_at = time::now();
    let mut received = 0_u32;
    while time::now().wrapping_sub(began_at) < time::HZ {
        let Some(len) = link.receive(memory, counts) else {
            return;
        };
        counts.received.add(1);
        match memory.get(..len) {
            Some([]) => counts.ignore(Ignored::Short),
            Some(message) => apply(state, message, sync_id, share),
            None => counts.too_long.add(1),
        }
        received = received.wrapping_add(1);
        if received % AT_ONCE == 0 {
            time::yield_now();
        }
    }
}

/// Applies a message.
fn apply(state: &NetnsState, datagram: &[u8], sync_id: u32, share: Share) {
    let counts = state.sync().counts();
    let message = match Message::read(datagram, sync_id) {
        Ok(message) => message,
        Err(ignored) => return counts.ignore(ignored),
    };
    let sync = state.sync();
    let keeps = share == Share::All;
    let heard = sync.knowledge().hear(datagram, keeps, counts);
    let word = match heard {
        Heard::Entries(word) => word,
        Heard::Wake(thread) => return sync.wake(thread),
        Heard::Nothing => return,
    };
    let Some(tables) = state.tables() else {
        return;
    };
    let [threshold, _] = state.settings().sync_threshold();
    let backup = Backup {
        state,
        tables,
        packets: threshold.max(0).unsigned_abs(),
        word,
    };
    for entry in message.entries() {
        match entry {
            Ok(entry) => rcu::read(|read| backup.apply(read, &entry)),
            Err(refused) => counts.refuse(refused),
        }
    }
}
