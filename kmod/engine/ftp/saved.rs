// SPDX-License-Identifier: GPL-2.0

//! The dialogue of a control connection as it is kept while the module isn't there.
//!
//! | bytes | what |
//! |--|--|
//! | 0 | the mode: 0 active, 1 passive, 2 extended passive |
//! | 1 | marks |
//! | 2 | bytes of the text |
//! | 3 | 0 |
//! | 4–7 | where the server's next line begins |
//! | 8–23 | the last replacement: start, end, what is added before and behind |
//! | 24–47 | its text |

use super::{
    ControlConnection,
    Mode, //
};
use crate::tcp_edit::{
    Edit,
    Text,
    MAX_TEXT, //
};

/// Bytes of a dialogue.
pub const DIALOGUE: usize = 24 + MAX_TEXT;

/// The client uses nothing but `EPSV`.
const ONLY_EXTENDED: u8 = 1;
/// It is known where the server's next line begins.
const LINE_START: u8 = 2;
/// Something was replaced.
const EDITED: u8 = 4;

impl ControlConnection {
    /// All that is known of it.
    pub fn saved(&self) -> [u8; DIALOGUE] {
        let mode = match self.mode {
            Mode::Active => 0,
            Mode::Passive => 1,
            Mode::ExtendedPassive => 2,
        };
        let mut marks = 0;
        if self.only_extended {
            marks |= ONLY_EXTENDED;
        }
        if self.line_start.is_some() {
            marks |= LINE_START;
        }
        if self.edit.is_some() {
            marks |= EDITED;
        }
        let mut bytes = [0; DIALOGUE];
        let (start, before, after) = self.edit.map_or((0, 0, 0), |edit| edit.shift());
        let end = self.edit.map_or(0, |edit| edit.end());
        let text = self
            .edit
            .as_ref()
            .map_or(&[][..], |edit| edit.text().as_bytes());
        let numbers = [self.line_start.unwrap_or(0), start, end, before, after];
        let head = [mode, marks, text.len() as u8, 0];
        let all = head
            .into_iter()
            .chain(numbers.into_iter().flat_map(u32::to_be_bytes))
            .chain(text.iter().copied());
        for (place, byte) in bytes.iter_mut().zip(all) {
            *place = byte;
        }
        bytes
    }

    /// One of which all this is known; `None` if that can't be.
    pub fn restored(saved: &[u8; DIALOGUE]) -> Option<Self> {
        let (head, text) = saved.split_first_chunk::<24>()?;
        let [mode, marks, len, zero, numbers @ ..] = *head;
        let mut numbers = numbers
            .chunks_exact(4)
            .filter_map(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
        let mut next = || numbers.next();
        let (line_start, start, end, before, after) = (next()?, next()?, next()?, next()?, next()?);
        if marks & !(ONLY_EXTENDED | LINE_START | EDITED) != 0 || zero != 0 {
            return None;
        }
        let mut kept = Text::new();
        text.get(..usize::from(len))?
            .iter()
            .for_each(|byte| kept.push(*byte));
        Some(Self {
            mode: match mode {
                0 => Mode::Active,
                1 => Mode::Passive,
                2 => Mode::ExtendedPassive,
                _ => return None,
            },
            only_extended: marks & ONLY_EXTENDED != 0,
            line_start: (marks & LINE_START != 0).then_some(line_start),
            edit: (marks & EDITED != 0).then(|| Edit::kept((start, end), (before, after), kept)),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_kept_is_known_again() {
        let mut control = ControlConnection::new();
        control.accepted(1000);
        control.commanded(b"EPSV ALL\r\nEPSV\r\n", crate::addr::Family::V4);
        let mut text = Text::new();
        b"|||1234|".iter().for_each(|byte| text.push(*byte));
        control.replace(1000, &(28..38), text);
        let restored = ControlConnection::restored(&control.saved()).unwrap();
        assert_eq!(restored.mode, Mode::ExtendedPassive);
        assert!(restored.only_extended);
        assert_eq!(restored.line_start, control.line_start);
        assert_eq!(restored.edit, control.edit);
        let fresh = ControlConnection::restored(&ControlConnection::new().saved()).unwrap();
        assert_eq!((fresh.line_start, fresh.edit), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_kept_again(
            bytes in any::<[u8; 32]>(),
            mode in 0_u8..4,
            len in 0_u8..30,
        ) {
            let mut saved = [0; DIALOGUE];
            saved[16..].copy_from_slice(&bytes);
            saved[0] = mode;
            saved[1] = LINE_START | EDITED;
            saved[2] = len;
            if let Some(control) = ControlConnection::restored(&saved) {
                let again = ControlConnection::restored(&control.saved()).unwrap();
                prop_assert_eq!(control.edit, again.edit);
            }
        }
    }
}
