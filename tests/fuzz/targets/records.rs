// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any bytes as records of connections: each that is taken can be kept again, and says the same
//! then.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::sync::{
    Record,
    Records, //
};

fuzz_target!(|bytes: &[u8]| {
    for record in Records::new(bytes).flatten() {
        again(&record);
    }
    // One whose size holds.
    let mut one = bytes.to_vec();
    one.truncate(bytes.len() & !3);
    if let (Ok(size), [high, low, format, ..]) = (u16::try_from(one.len()), &mut one[..]) {
        [*high, *low] = size.to_be_bytes();
        *format = 1;
        for record in Records::new(&one).flatten() {
            again(&record);
        }
    }
});

fn again(record: &Record<'_>) {
    let mut buffer = vec![0; 70_000];
    let size = record.write(&mut buffer).expect("room");
    let mut records = Records::new(&buffer[..size]);
    let second = records.next().expect("a record").expect("one that can be read");
    assert!(records.next().is_none());
    assert_eq!(second.rank(), record.rank());
    assert_eq!((second.left, second.age), (record.left, record.age));
    let mut other = vec![0; 70_000];
    let length = second.write(&mut other).expect("room");
    assert_eq!(buffer[..size], other[..length]);
}
