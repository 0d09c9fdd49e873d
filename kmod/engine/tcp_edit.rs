// SPDX-License-Identifier: GPL-2.0

//! A text in a TCP stream that is replaced by one of another length: which byte of the one stream
//! is which of the other (RFC 9293's sequence numbers, RFC 2018's selective acknowledgements).
//!
//! Sequence numbers are compared modulo 2^32. Functions that change headers take the TCP header and
//! return `None`, with nothing changed, when it is too short or inconsistent.

use crate::addr::Family;
use crate::checksum::{
    self,
    Delta, //
};
use crate::header::{
    ipv4,
    ipv6,
    tcp, //
};
use crate::nat::TransportSum;
use crate::parse::{
    protocol,
    tcp_flag, //
};

/// Most bytes of a replacing text.
pub const MAX_TEXT: usize = 24;

/// A short text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl Text {
    /// An empty one.
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX_TEXT],
            len: 0,
        }
    }

    /// Adds a character; what doesn't fit is left out.
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Adds a decimal number.
    pub fn push_number(&mut self, number: u16) {
        let mut unit = 10_000;
        while unit > 1 && number < unit {
            unit /= 10;
        }
        while unit > 0 {
            self.push(b'0'.wrapping_add((number.checked_div(unit).unwrap_or(0) % 10) as u8));
            unit /= 10;
        }
    }

    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether `a` comes at or after `b`.
#[inline]
const fn is_at_or_after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) as i32 >= 0
}

/// The last replacement in a stream. What came before it is shifted by what earlier ones amounted
/// to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Sequence number of the replaced text's first byte, as it was sent.
    start: u32,
    /// Of the first byte behind it.
    end: u32,
    /// What is added to the numbers up to `start`.
    before: u32,
    /// What is added to the numbers from `end` on.
    after: u32,
    text: Text,
}

impl Edit {
    /// Replaces the `len` bytes at `start` by `text`, in a stream that `former` has shifted
    /// already.
    pub fn new(start: u32, len: u32, text: Text, former: Option<&Edit>) -> Self {
        let before = former.map_or(0, |former| former.after);
        Self {
            start,
            end: start.wrapping_add(len),
            before,
            after: before
                .wrapping_add(text.as_bytes().len() as u32)
                .wrapping_sub(len),
            text,
        }
    }

    /// A replacement that another director made at `start`, whose text isn't known: a segment with
    /// that text can't be made again, but the numbers before and behind it are right.
    pub fn told(start: u32, before: u32, after: u32) -> Self {
        Self {
            start,
            end: start.wrapping_add(1),
            before,
            after,
            text: Text::new(),
        }
    }

    /// One that was kept: of the bytes from `start` to before `end`, with what is added to the
    /// numbers before and behind them.
    pub(crate) fn kept((start, end): (u32, u32), (before, after): (u32, u32), text: Text) -> Self {
        Self {
            start,
            end,
            before,
            after,
            text,
        }
    }

    /// Where the replaced bytes end.
    pub(crate) fn end(&self) -> u32 {
        self.end
    }

    /// Where it begins, and what is added to the numbers up to there and to those behind it.
    pub fn shift(&self) -> (u32, u32, u32) {
        (self.start, self.before, self.after)
    }

    /// The text that is there now.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Where the replaced text lies in a segment with `len` bytes of data from `sequence` on: its
    /// offset and length, if it is there as a whole.
    pub fn place_in(&self, sequence: u32, len: usize) -> Option<(usize, usize)> {
        if self.text.as_bytes().is_empty() {
            return None;
        }
        let offset = self.start.wrapping_sub(sequence) as usize;
        let text_len = self.end.wrapping_sub(self.start) as usize;
        (offset.checked_add(text_len)? <= len).then_some((offset, text_len))
    }

    /// A number of the stream as it was sent, in the stream as it arrives.
    pub fn forward(&self, sequence: u32) -> u32 {
        if is_at_or_after(sequence, self.end) {
            sequence.wrapping_add(self.after)
        } else {
            sequence.wrapping_add(self.before)
        }
    }

    /// A number of the stream as it arrives, in the stream as it was sent. A receiver
    /// of a part of the new text has none of the old one.
    pub fn back(&self, number: u32) -> u32 {
        let before = number.wrapping_sub(self.before);
        let after = number.wrapping_sub(self.after);
        if is_at_or_after(self.start, before) {
            before
        } else if is_at_or_after(after, self.end) {
            after
        } else {
            self.start
        }
    }

    /// Moves the sequence number of a segment of the stream.
    pub fn adjust_sequence(&self, header: &mut [u8], sum: TransportSum) -> Option<()> {
        replace_word(header, tcp::at::SEQUENCE, sum, |sequence| {
            self.forward(sequence)
        })
    }

    /// Moves what a segment of the other direction acknowledges.
    pub fn adjust_acknowledgement(&self, header: &mut [u8], sum: TransportSum) -> Option<()> {
        let header_len = header_len(header)?;
        if header.get(tcp::at::FLAGS)? & tcp_flag::ACK == 0 {
            return Some(());
        }
        replace_word(header, tcp::at::ACKNOWLEDGEMENT, sum, |number| {
            self.back(number)
        })?;
        let mut at = tcp::LEN;
        while let Some((kind, len)) = option_at(header, at, header_len) {
            if kind == tcp::option::SACK {
                let mut edge = at.wrapping_add(tcp::option::HEADER_LEN);
                while edge.wrapping_add(4) <= at.wrapping_add(len) {
                    replace_word(header, edge, sum, |number| self.back(number))?;
                    edge = edge.wrapping_add(4);
                }
            }
            at = at.wrapping_add(len);
        }
        Some(())
    }
}

/// Length of the TCP header, which is there as a whole.
pub fn header_len(header: &[u8]) -> Option<usize> {
    let len = usize::from(header.get(tcp::at::DATA_OFFSET)? >> 4).wrapping_mul(4);
    (len >= tcp::LEN && len <= header.len()).then_some(len)
}

/// The sequence number of a segment.
pub fn sequence(header: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(
        *header.get(tcp::at::SEQUENCE..)?.first_chunk()?,
    ))
}

/// Kind and length of the option at `at`; `None` at the end of the options and when they make no
/// sense.
fn option_at(header: &[u8], at: usize, end: usize) -> Option<(u8, usize)> {
    let options = header.get(at..end)?;
    match *options {
        [tcp::option::END, ..] | [] => None,
        [tcp::option::NO_OPERATION, ..] => Some((tcp::option::NO_OPERATION, 1)),
        [kind, len, ..] => {
            let len = usize::from(len);
            (len >= tcp::option::HEADER_LEN && len <= options.len()).then_some((kind, len))
        }
        [_] => None,
    }
}

/// Replaces the number at `at` and corrects the checksum for that.
fn replace_word(
    header: &mut [u8],
    at: usize,
    sum: TransportSum,
    new: impl FnOnce(u32) -> u32,
) -> Option<()> {
    let place: &mut [u8; 4] = header.get_mut(at..)?.first_chunk_mut()?;
    let old = *place;
    let new = new(u32::from_be_bytes(old)).to_be_bytes();
    *place = new;
    // Of a partial checksum's sum the header is no part yet.
    if sum == TransportSum::Complete && old != new {
        let as_summed = |bytes: [u8; 4]| {
            let [a, b, c, d] = bytes;
            // At an odd place each byte counts as the other half.
            let bytes = if at % 2 == 0 {
                [a, b, c, d]
            } else {
                [b, a, d, c]
            };
            u32::from_ne_bytes(bytes)
        };
        let check: &mut [u8; 2] = header.get_mut(tcp::at::CHECK..)?.first_chunk_mut()?;
        *check = Delta::new()
            .word(as_summed(old), as_summed(new))
            .apply(u16::from_ne_bytes(*check))
            .to_ne_bytes();
    }
    Some(())
}

/// Whether the checksum of a whole packet's TCP segment is right. `packet` is the whole packet.
pub fn is_intact(packet: &[u8], ip_len: usize, family: Family) -> bool {
    let (Some(segment), Some(pseudo)) =
        (packet.get(ip_len..), pseudo_header(packet, ip_len, family))
    else {
        return false;
    };
    pseudo.apply(checksum::of(segment)) == 0
}

/// What the pseudo-header of a packet's TCP segment adds to a checksum.
fn pseudo_header(packet: &[u8], ip_len: usize, family: Family) -> Option<Delta> {
    let len = u16::try_from(packet.len().checked_sub(ip_len)?).ok()?;
    let mut pseudo = Delta::new()
        .half(0, u16::from(protocol::TCP).to_be())
        .half(0, len.to_be());
    let addresses = match family {
        Family::V4 => ipv4::at::ADDRESSES,
        Family::V6 => ipv6::at::ADDRESSES,
    };
    for word in packet.get(addresses)?.chunks_exact(4) {
        pseudo = pseudo.word(0, u32::from_ne_bytes(word.try_into().ok()?));
    }
    Some(pseudo)
}

/// Replaces the `len` bytes at `at` by `text`. What follows moves; behind the present `end` of the
/// data there is room for what the text is longer. Returns the new end; `None`, with nothing
/// changed, when there isn't.
pub fn replace(bytes: &mut [u8], end: usize, at: usize, len: usize, text: &[u8]) -> Option<usize> {
    let tail = at.checked_add(len)?;
    let moved = at.checked_add(text.len())?;
    let tail_len = end.checked_sub(tail)?;
    let new_end = moved.checked_add(tail_len)?;
    if end > bytes.len() || new_end > bytes.len() {
        return None;
    }
    let mut move_byte = |offset: usize| {
        let byte = bytes.get(tail.wrapping_add(offset)).copied();
        if let (Some(byte), Some(place)) = (byte, bytes.get_mut(moved.wrapping_add(offset))) {
            *place = byte;
        }
    };
    if moved <= tail {
        (0..tail_len).for_each(&mut move_byte);
    } else {
        (0..tail_len).rev().for_each(&mut move_byte);
    }
    for (place, byte) in bytes.get_mut(at..moved)?.iter_mut().zip(text) {
        *place = *byte;
    }
    Some(new_end)
}

/// Completes the headers of a packet whose length has changed: the IP header's length and checksum,
/// and TCP's checksum. `packet` is the whole packet.
pub fn complete(packet: &mut [u8], ip_len: usize, family: Family, sum: TransportSum) -> Option<()> {
    let len = packet.len();
    let pseudo = pseudo_header(packet, ip_len, family)?;
    // Everything is there before anything is changed.
    header_len(packet.get(ip_len..)?)?;
    match family {
        Family::V4 => {
            let total = u16::try_from(len).ok()?.to_be_bytes();
            *packet.get_mut(ipv4::at::TOTAL_LEN..)?.first_chunk_mut()? = total;
            *packet.get_mut(ipv4::at::CHECK..)?.first_chunk_mut()? = [0; 2];
            let check = checksum::of(packet.get(..ip_len)?).to_ne_bytes();
            *packet.get_mut(ipv4::at::CHECK..)?.first_chunk_mut()? = check;
        }
        Family::V6 => {
            let payload = u16::try_from(len.checked_sub(ipv6::LEN)?)
                .ok()?
                .to_be_bytes();
            *packet.get_mut(ipv6::at::PAYLOAD_LEN..)?.first_chunk_mut()? = payload;
        }
    }
    let segment = packet.get_mut(ip_len..)?;
    *segment.get_mut(tcp::at::CHECK..)?.first_chunk_mut()? = [0; 2];
    let check = match sum {
        TransportSum::Complete => pseudo.apply(checksum::of(segment)),
        TransportSum::Partial => pseudo.apply_to_sum(0),
    };
    *segment.get_mut(tcp::at::CHECK..)?.first_chunk_mut()? = check.to_ne_bytes();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &[u8]) -> Text {
        let mut text = Text::new();
        bytes.iter().for_each(|byte| text.push(*byte));
        text
    }

    /// A TCP header with these options, its checksum right without a pseudo-header.
    fn header(sequence: u32, acknowledged: u32, options: &[u8]) -> Vec<u8> {
        let mut tcp = vec![0, 21, 0x9c, 0x40];
        tcp.extend(sequence.to_be_bytes());
        tcp.extend(acknowledged.to_be_bytes());
        tcp.extend([(5 + options.len() as u8 / 4) << 4, 0x18, 1, 0, 0, 0, 0, 0]);
        tcp.extend(options);
        set_checksum(&mut tcp);
        tcp
    }

    fn set_checksum(tcp: &mut [u8]) {
        tcp[16..18].fill(0);
        let check = checksum::of(tcp).to_ne_bytes();
        tcp[16..18].copy_from_slice(&check);
    }

    #[test]
    fn numbers_are_written_without_leading_zeroes() {
        for number in [0, 7, 10, 99, 100, 65535] {
            let mut text = Text::new();
            text.push_number(number);
            assert_eq!(text.as_bytes(), number.to_string().as_bytes());
        }
    }

    #[test]
    fn a_retransmission_is_found_in_any_segment_that_holds_it() {
        let edit = Edit::new(1000, 10, text(b"abc"), None);
        assert_eq!(edit.place_in(1000, 10), Some((0, 10)));
        assert_eq!(edit.place_in(990, 30), Some((10, 10)));
        assert_eq!(edit.place_in(990, 19), None);
        assert_eq!(edit.place_in(1001, 100), None);
        assert_eq!(edit.place_in(2000, 100), None);
    }

    #[test]
    fn options_are_adjusted_and_those_that_lie_are_left() {
        let edit = Edit::new(1000, 4, text(b"1234567"), None);
        let mut blocks = vec![1, 1, 5, 10];
        blocks.extend(1007_u32.to_be_bytes());
        blocks.extend(1107_u32.to_be_bytes());
        let mut tcp = header(5, 1000, &blocks);
        edit.adjust_acknowledgement(&mut tcp, TransportSum::Complete)
            .unwrap();
        assert_eq!(tcp[8..12], 1000_u32.to_be_bytes());
        assert_eq!(tcp[24..28], 1004_u32.to_be_bytes());
        assert_eq!(tcp[28..32], 1104_u32.to_be_bytes());
        let mut checked = tcp.clone();
        set_checksum(&mut checked);
        assert_eq!(tcp, checked);

        let mut liar = header(5, 2003, &[5, 200, 0, 0]);
        edit.adjust_acknowledgement(&mut liar, TransportSum::Complete)
            .unwrap();
        assert_eq!(liar[8..12], 2000_u32.to_be_bytes());
        assert_eq!(liar[20..24], [5, 200, 0, 0]);
    }

    #[test]
    fn blocks_at_odd_places_keep_the_checksum_right() {
        let edit = Edit::new(1000, 4, text(b"1234567"), None);
        let mut blocks = vec![1, 5, 10];
        blocks.extend(0x0102_0304_u32.to_be_bytes());
        blocks.extend(0x0a0b_0c0d_u32.to_be_bytes());
        blocks.push(0);
        let mut tcp = header(5, 0x0102_0304, &blocks);
        edit.adjust_acknowledgement(&mut tcp, TransportSum::Complete)
            .unwrap();
        let mut checked = tcp.clone();
        set_checksum(&mut checked);
        assert_eq!(tcp, checked);
    }

    #[test]
    fn too_short_headers_are_left_alone() {
        let edit = Edit::new(0, 1, text(b"12"), None);
        for len in 0..20 {
            let mut tcp = header(5, 6, &[]);
            tcp.truncate(len);
            assert_eq!(
                edit.adjust_acknowledgement(&mut tcp, TransportSum::Complete),
                None
            );
            assert_eq!(
                complete(&mut tcp, 0, Family::V4, TransportSum::Complete),
                None
            );
        }
    }

    proptest! {
        #[test]
        fn both_streams_agree_about_every_byte_but_the_text(
            start: u32,
            len in 1_u32..60,
            new in proptest::collection::vec(any::<u8>(), 0..24),
            earlier in -1000_i32..1000,
            distance in 0_u32..1_000_000,
        ) {
            let mut former = Edit::new(start.wrapping_sub(5000), 5, text(b"12345"), None);
            former.after = earlier as u32;
            let edit = Edit::new(start, len, text(&new), Some(&former));
            let end = start.wrapping_add(len);
            for sequence in [start.wrapping_sub(distance), end.wrapping_add(distance)] {
                prop_assert_eq!(edit.back(edit.forward(sequence)), sequence);
            }
            // The text is as long as it is, in the one stream and in the other.
            prop_assert_eq!(
                edit.forward(end).wrapping_sub(edit.forward(start)),
                new.len() as u32
            );
            // No receiver acknowledges a part of the old text.
            for part in 0..new.len() as u32 {
                prop_assert_eq!(edit.back(edit.forward(start).wrapping_add(part)), start);
            }
        }

        #[test]
        fn a_replacement_moves_the_rest(
            front in proptest::collection::vec(any::<u8>(), 0..50),
            old in proptest::collection::vec(any::<u8>(), 0..50),
            tail in proptest::collection::vec(any::<u8>(), 0..50),
            new in proptest::collection::vec(any::<u8>(), 0..24),
        ) {
            let mut bytes = [&front[..], &old, &tail].concat();
            let end = bytes.len();
            bytes.resize(end + new.len(), 0);
            let new_end = replace(&mut bytes, end, front.len(), old.len(), &new).unwrap();
            prop_assert_eq!(&bytes[..new_end], [&front[..], &new, &tail].concat());
            prop_assert_eq!(replace(&mut bytes[..new_end], new_end + 1, 0, 0, b""), None);
        }

        #[test]
        fn completed_packets_have_right_checksums(
            v6: bool,
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let (family, ip_len) = if v6 { (Family::V6, 40) } else { (Family::V4, 20) };
            let mut packet: Vec<u8> = (0..ip_len as u8).map(|i| i.wrapping_mul(37)).collect();
            packet[0] = if v6 { 0x60 } else { 0x45 };
            let tcp = header(1, 2, &[]);
            packet.extend(&tcp);
            packet.extend(&payload);
            let len = packet.len();
            complete(&mut packet, ip_len, family, TransportSum::Complete).unwrap();
            let addresses = if v6 { 8..40 } else { 12..20 };
            let mut summed = packet[addresses].to_vec();
            summed.extend([0, 6]);
            summed.extend(((len - ip_len) as u16).to_be_bytes());
            summed.extend(&packet[ip_len..]);
            prop_assert_eq!(checksum::of(&summed), 0);
            if v6 {
                prop_assert_eq!(&packet[4..6], &((len - 40) as u16).to_be_bytes());
            } else {
                prop_assert_eq!(&packet[2..4], &(len as u16).to_be_bytes());
                prop_assert_eq!(checksum::of(&packet[..20]), 0);
            }
            prop_assert!(is_intact(&packet, ip_len, family));
            packet[ip_len + 5] ^= 1;
            prop_assert!(!is_intact(&packet, ip_len, family));
            packet[ip_len + 5] ^= 1;
            // With a partial checksum the field holds the pseudo-header's sum.
            let mut partial = packet.clone();
            complete(&mut partial, ip_len, family, TransportSum::Partial).unwrap();
            let sum = [partial[ip_len + 16], partial[ip_len + 17]];
            let mut segment = partial[ip_len..].to_vec();
            segment[16..18].copy_from_slice(&sum);
            let check = checksum::of(&segment).to_ne_bytes();
            prop_assert_eq!(&check[..], &packet[ip_len + 16..ip_len + 18]);
        }

        #[test]
        fn any_header_is_survived(
            mut tcp in proptest::collection::vec(any::<u8>(), 0..80),
            start: u32,
        ) {
            let edit = Edit::new(start, 9, text(b"123"), None);
            let _ = edit.adjust_sequence(&mut tcp, TransportSum::Complete);
            let _ = edit.adjust_acknowledgement(&mut tcp, TransportSum::Complete);
        }
    }
}
