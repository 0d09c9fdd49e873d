// SPDX-License-Identifier: GPL-2.0

//! The Call-ID of a SIP message (RFC 3261, 20.8), as far as balancing calls needs it.
//!
//! Which messages have one is decided byte for byte as ip_vs and the kernel's connection tracking
//! decide it, also where that is odd, so that both send a call to the same server: the first line
//! is never looked at, the body is, a line whose name only begins with `Call-ID` ends the search,
//! and so does one whose name has no colon.

use core::ops::Range;

/// Longest Call-ID that calls are told apart by.
pub const MAX_CALL_ID: usize = 255;

/// Where the Call-ID lies in `message`; `None` when it is missing, too long or malformed.
pub fn call_id(message: &[u8]) -> Option<Range<usize>> {
    let mut from = 0_usize;
    loop {
        let start = value(message, from)?;
        let Some(len) = call_id_len(message.get(start..)?) else {
            // An empty value: the search goes on that much further behind where it began.
            from = from.checked_add(start)?;
            continue;
        };
        let end = start.checked_add(len)?;
        let ends_with_line = message.get(end).is_some_and(|byte| is_newline(*byte));
        return (len <= MAX_CALL_ID && ends_with_line).then_some(start..end);
    }
}

/// Where the value of the first Call-ID field behind `from` begins.
fn value(message: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let byte = *message.get(at)?;
        at = at.checked_add(1)?;
        if !is_newline(byte) {
            continue;
        }
        if byte == b'\r' && *message.get(at)? == b'\n' {
            at = at.checked_add(1)?;
        }
        let line = message.get(at..)?;
        match name_len(line) {
            Some(len) => {
                let colon = skip_blanks(message, at.checked_add(len)?)?;
                if *message.get(colon)? != b':' {
                    return None;
                }
                return skip_blanks(message, colon.checked_add(1)?);
            }
            // The line's first byte is looked at here only: an empty line hides the next one unless
            // it ends in two characters.
            None => at = at.checked_add(1)?,
        }
    }
}

/// Length of the field's name, long or compact, if the line begins with it.
fn name_len(line: &[u8]) -> Option<usize> {
    const LONG: &[u8] = b"Call-ID";
    let long = line.get(..LONG.len());
    if long.is_some_and(|name| name.eq_ignore_ascii_case(LONG)) {
        return Some(LONG.len());
    }
    match line {
        [b'i' | b'I', next, ..] if !is_letter(*next) => Some(1),
        _ => None,
    }
}

/// Skips blanks, and a line break if the next line continues this one. `None` at the end of the
/// message or the field.
fn skip_blanks(message: &[u8], from: usize) -> Option<usize> {
    let at = skip_spaces(message, from)?;
    let byte = *message.get(at)?;
    if !is_newline(byte) {
        return Some(at);
    }
    let mut next = at.checked_add(1)?;
    if byte == b'\r' && *message.get(next)? == b'\n' {
        next = next.checked_add(1)?;
    }
    if !is_space(*message.get(next)?) {
        return None;
    }
    let at = skip_spaces(message, next)?;
    message.get(at).map(|_| at)
}

fn skip_spaces(message: &[u8], from: usize) -> Option<usize> {
    let rest = message.get(from..)?;
    from.checked_add(rest.iter().take_while(|byte| is_space(**byte)).count())
}

/// Length of `word ["@" word]` at the start of `text`.
fn call_id_len(text: &[u8]) -> Option<usize> {
    let first = word_len(text);
    if first == 0 {
        return None;
    }
    match text.get(first..)? {
        [b'@', rest @ ..] => match word_len(rest) {
            0 => None,
            second => first.checked_add(1)?.checked_add(second),
        },
        _ => Some(first),
    }
}

fn word_len(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_word(**byte)).count()
}

const fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Letters of Latin-1.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || (byte >= 0xc0 && !matches!(byte, 0xd7 | 0xf7))
}

/// What RFC 3261 calls a word is made of, and letters of Latin-1.
const fn is_word(byte: u8) -> bool {
    is_letter(byte)
        || matches!(
            byte,
            b'0'..=b'9'
                | b'-'
                | b'.'
                | b'!'
                | b'%'
                | b'*'
                | b'_'
                | b'+'
                | b'`'
                | b'\''
                | b'~'
                | b'('
                | b')'
                | b'<'
                | b'>'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'{'
                | b'}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(message: &[u8]) -> Option<&[u8]> {
        call_id(message).and_then(|range| message.get(range))
    }

    fn text(message: &str) -> Option<&str> {
        found(message.as_bytes()).map(|id| core::str::from_utf8(id).unwrap())
    }

    const REQUEST: &str = "INVITE sip:bob@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP pc33.example.com;branch=z9hG4bK776\r\n\
        From: Alice <sip:alice@example.com>;tag=1928301774\r\n\
        Call-ID: a84b4c76e66710@pc33.example.com\r\n\
        CSeq: 314159 INVITE\r\n\
        Content-Length: 0\r\n\r\n";

    #[test]
    fn requests_and_answers_have_one() {
        assert_eq!(text(REQUEST), Some("a84b4c76e66710@pc33.example.com"));
        assert_eq!(text("SIP/2.0 200 OK\r\ni: x\r\n\r\n"), Some("x"));
        assert_eq!(text("A\nCALL-id:\t y@z \n"), None);
        assert_eq!(text("A\nCALL-id:\t y@z\n"), Some("y@z"));
        assert_eq!(text("A\rI : y\r"), Some("y"));
    }

    #[test]
    fn lines_may_be_folded() {
        assert_eq!(text("A\r\nCall-ID\r\n :\r\n\t x\r\n"), Some("x"));
        assert_eq!(text("A\r\nX: y\r\n i: z\r\n"), None);
        assert_eq!(text("A\r\ni:\r\nx\r\n"), None);
    }

    #[test]
    fn the_first_line_is_no_field_but_the_body_may_have_some() {
        assert_eq!(text("Call-ID: x\r\n"), None);
        assert_eq!(text("A\r\n\r\ni: x\r\n"), Some("x"));
        assert_eq!(text("A\n\ni: x\n"), None);
        assert_eq!(text("A\n\nB\ni: x\n"), Some("x"));
    }

    #[test]
    fn names_are_compared_as_the_kernel_does() {
        assert_eq!(text("A\r\nCall-IDs: x\r\ni: y\r\n"), None);
        assert_eq!(text("A\r\nix: x\r\ni: y\r\n"), Some("y"));
        assert_eq!(text("A\r\ni2: x\r\ni: y\r\n"), None);
        assert_eq!(text("A\r\ni\r\ni: y\r\n"), None);
        assert_eq!(found(b"A\r\ni\xe4: x\r\ni: y\r\n"), Some(&b"y"[..]));
        assert_eq!(found(b"A\r\ni\xd7: x\r\ni: y\r\n"), None);
    }

    #[test]
    fn values_are_whole_words_that_end_a_line() {
        assert_eq!(text("A\r\ni: x"), None);
        assert_eq!(text("A\r\ni: x y\r\n"), None);
        assert_eq!(text("A\r\ni: x@y@z\r\n"), None);
        assert_eq!(text("A\r\ni: x;y\r\n"), None);
        assert_eq!(found(b"A\r\ni: \xe4@\xff\r\n"), Some(&b"\xe4@\xff"[..]));
        assert_eq!(found(b"A\r\ni: x\0\r\n"), None);
        let words = "-.!%*_+`'~()<>:\\\"/[]?{}aZ09";
        assert_eq!(
            text(&format!("A\r\ni: {words}@{words}\r\n")).unwrap().len(),
            55
        );
    }

    #[test]
    fn an_empty_value_lets_the_search_go_on() {
        assert_eq!(text("A\r\ni: @\r\ni: y\r\n"), Some("y"));
        assert_eq!(text("A\r\ni: x@\r\ni: y\r\n"), Some("y"));
        // Further on: as far from where it went on as the value was from the start.
        assert_eq!(text("A\r\ni: @\r\ni: @\r\ni: y\r\n"), None);
        assert_eq!(
            text("A\r\ni: @\r\ni: @\r\nB: long enough\r\ni: y\r\n"),
            Some("y")
        );
    }

    #[test]
    fn longer_ones_than_255_bytes_are_none() {
        for (len, valid) in [(255, true), (256, false)] {
            let message = format!("A\r\ni: {}\r\n", "x".repeat(len));
            assert_eq!(text(&message).map(str::len), valid.then_some(len));
        }
    }

    /// Messages made of what the search looks at.
    fn message() -> impl Strategy<Value = Vec<u8>> {
        let token = prop::sample::select(vec![
            "\r\n",
            "\r",
            "\n",
            " ",
            "\t",
            ":",
            "@",
            "i",
            "I",
            "Call-ID",
            "call-id: ",
            "i: ",
            "x",
            "word",
            "To: ",
            ";",
            "\u{e4}",
        ]);
        prop::collection::vec(token, 0..40)
            .prop_map(|tokens| tokens.concat().chars().map(|c| c as u8).collect())
    }

    proptest! {
        #[test]
        fn whatever_is_found_is_an_id_on_a_line_of_its_own(
            message in prop_oneof![message(), any::<Vec<u8>>()],
        ) {
            let Some(range) = call_id(&message) else { return Ok(()) };
            prop_assert!((1..=MAX_CALL_ID).contains(&range.len()));
            prop_assert!(is_newline(message[range.end]));
            prop_assert!(message[range.clone()].iter().all(|b| is_word(*b) || *b == b'@'));
            prop_assert!(is_space(message[range.start - 1]) || message[range.start - 1] == b':');
        }

        #[test]
        fn what_a_prefix_shows_the_whole_message_shows(message in message(), cut: usize) {
            let prefix = &message[..cut % (message.len() + 1)];
            if let Some(range) = call_id(prefix) {
                prop_assert_eq!(call_id(&message), Some(range));
            }
        }

        #[test]
        fn a_regular_field_is_found_behind_any_others(
            fields in prop::collection::vec("[A-HJ-Zj-z][a-z]{1,9}: [ -~]{0,40}\r\n", 0..9),
            name in prop::sample::select(vec!["Call-ID", "call-id", "i", "I"]),
            id in "[a-zA-Z0-9.-]{1,100}(@[a-z0-9.]{1,100})?",
        ) {
            let fields: String = fields
                .into_iter()
                .filter(|field| !field.to_ascii_lowercase().starts_with("call-id"))
                .collect();
            let message = format!("BYE sip:a SIP/2.0\r\n{fields}{name}: {id}\r\nTo: b\r\n\r\n");
            prop_assert_eq!(text(&message), Some(&*id));
        }
    }
}
