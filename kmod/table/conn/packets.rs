// SPDX-License-Identifier: GPL-2.0

//! How many packets a client sent: only the first few are counted, in the state word, so that a
//! packet of a busy connection finds nothing to store.

use core::sync::atomic::Ordering;

use super::layout::Conn;

/// Shift of the number in the state word.
const SHIFT: u32 = 28;

/// The number that stands for any larger one, too.
const COUNTED: u32 = lvs_engine::sync::due::COUNTED;

/// The packet count of a state word.
#[inline]
pub(super) const fn counted(word: u32) -> u32 {
    word >> SHIFT
}

/// A state word's bits for so many packets.
pub(super) const fn of_packets(packets: u32) -> u32 {
    (if packets < COUNTED { packets } else { COUNTED }) << SHIFT
}

/// The bits of the packet count.
pub(super) const MASK: u32 = 0xf << SHIFT;

/// The state word with its packet count one higher, unless so many were counted already.
#[inline]
pub(super) const fn with_packet_counted(word: u32) -> u32 {
    if word >> SHIFT < COUNTED {
        word.wrapping_add(1 << SHIFT)
    } else {
        word
    }
}

impl Conn {
    /// Counts a packet that changes nothing else.
    #[cold]
    pub(crate) fn count_packet(&self) {
        let mut word = self.state.load(Ordering::Relaxed);
        while with_packet_counted(word) != word {
            match self.state.compare_exchange_weak(
                word,
                with_packet_counted(word),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(present) => word = present,
            }
        }
    }

    /// Packets from the client so far, as far as they are counted.
    pub(crate) fn packets(&self) -> u32 {
        counted(self.state.load(Ordering::Relaxed))
    }
}
