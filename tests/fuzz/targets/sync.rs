// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any bytes as a message of the synchronisation protocol: each entry that is taken is one that can
//! be told again, and the message ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::sync::{
    state,
    Entry,
    Message,
    Version,
    Writer, //
};
use lvs_uapi::flags::conn;

fuzz_target!(|bytes: &[u8]| {
    messages(bytes);
    // The same with a header that holds.
    let mut datagram = bytes.to_vec();
    if datagram.len() >= 8 {
        let size = (datagram.len() as u16).to_be_bytes();
        datagram[2..4].copy_from_slice(&size);
        messages(&datagram);
        datagram[0] = 0;
        datagram[5..8].copy_from_slice(&[1, 0, 0]);
        messages(&datagram);
    }
});

fn messages(datagram: &[u8]) {
    let Ok(message) = Message::read(datagram, 0) else {
        return;
    };
    let mut seen = 0;
    for entry in message.entries() {
        seen += 1;
        match entry {
            Ok(entry) => again(&entry, message.version()),
            Err(reason) if reason.ends_message() => break,
            Err(_) => {}
        }
    }
    assert!(seen <= message.count());
    assert!(message.count() <= 255 || message.count() * 24 <= datagram.len());
}

/// What was read is right, and can be written and read again.
fn again(entry: &Entry<'_>, version: Version) {
    assert_eq!(entry.flags & conn::ONE_PACKET, 0);
    if entry.is_template() {
        assert!(entry.state < 2 && !entry.lacks_client_port());
    } else {
        let states = state::states(entry.protocol).expect("a protocol that is balanced");
        assert!(u16::from(entry.state) < states);
    }
    // Told by flags or not at all.
    let mut entry = *entry;
    entry.flags &= !conn::HASHED;
    if entry.flags & conn::SEQ_MASK == 0 {
        entry.sequences = None;
    } else {
        entry.sequences = Some(entry.sequences.unwrap_or_default());
    }
    let mut buffer = [0; 400];
    let mut writer = Writer::new(&mut buffer, version, 7).expect("room");
    writer.push(&entry).expect("room for one entry");
    let datagram = writer.finish();
    let message = Message::read(datagram, 7).expect("a message");
    assert_eq!(message.version(), version);
    assert!(message.entries().eq([Ok(entry)]));
}
