// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any text as a SIP message: a Call-ID lies in it, in one line, and isn't too long.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::sip::{
    self,
    MAX_CALL_ID, //
};

fuzz_target!(|message: &[u8]| {
    if let Some(range) = sip::call_id(message) {
        let call = &message[range.clone()];
        assert!((1..=MAX_CALL_ID).contains(&call.len()));
        assert!(!call.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
        assert!(matches!(message[range.end], b'\r' | b'\n'));
        // What follows the line decides nothing.
        assert_eq!(sip::call_id(&message[..=range.end]), Some(range));
    }
});
