// SPDX-License-Identifier: MIT OR GPL-2.0

//! Any ICMP error about any packet, taken apart and rewritten as the balancer does it: inside the
//! bounds, and either whole or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lvs_engine::addr::Addr;
use lvs_engine::header::icmp;
use lvs_engine::nat::icmp::{
    rewrite_v4,
    rewrite_v6,
    Layout,
    Toward, //
};
use lvs_engine::parse::{
    self,
    protocol,
    IpHeader, //
};

fuzz_target!(|input: &[u8]| {
    let Some(([choice, p0, p1, addr @ ..], packet)) = input.split_first_chunk::<19>() else {
        return;
    };
    let toward = if choice & 1 == 0 {
        Toward::Client
    } else {
        Toward::Server
    };
    // Of a protocol without ports, whatever the packet says.
    let is_portless = choice & 2 != 0;
    let port = u16::from_be_bytes([*p0, *p1]);
    let addr = Addr::from_octets(*addr);
    let mut after = packet.to_vec();
    let done = if choice & 4 == 0 {
        v4(&mut after, is_portless, toward, &addr, port)
    } else {
        v6(&mut after, is_portless, toward, &addr, port)
    };
    if done.is_none() {
        assert_eq!(packet, after);
    }
});

/// Where the headers of the error lie, whose own header is `ip` and which quotes one like `inner`.
fn layout(ip: &IpHeader, inner: &IpHeader, is_portless: bool) -> Layout {
    Layout {
        icmp_at: ip.len,
        inner_at: ip.len + icmp::LEN,
        inner_len: inner.len,
        inner_protocol: if is_portless {
            protocol::ESP
        } else {
            inner.protocol
        },
    }
}

fn v4(packet: &mut [u8], is_portless: bool, toward: Toward, addr: &Addr, port: u16) -> Option<()> {
    let ip = parse::ipv4(packet).ok()?;
    parse::icmp_error(packet.get(ip.len..)?).ok()??;
    let inner_at = ip.len + icmp::LEN;
    let inner = parse::ipv4(packet.get(inner_at..)?).ok()?;
    let before = sum(&packet[inner_at..inner_at + 20]);
    let layout = layout(&ip, &inner, is_portless);
    rewrite_v4(packet, &layout, toward, addr, port)?;
    let outer = parse::ipv4(packet).expect("the outer header is one still");
    let inner = parse::ipv4(&packet[inner_at..]).expect("and the inner one");
    let (moved, quoted) = match toward {
        Toward::Client => (outer.source, inner.destination),
        Toward::Server => (outer.destination, inner.source),
    };
    assert_eq!(
        (moved.v4_word(), quoted.v4_word()),
        (addr.v4_word(), addr.v4_word())
    );
    assert_eq!(before, sum(&packet[inner_at..inner_at + 20]));
    Some(())
}

fn v6(packet: &mut [u8], is_portless: bool, toward: Toward, addr: &Addr, port: u16) -> Option<()> {
    let ip = parse::ipv6(packet).ok()?;
    parse::icmp_error_v6(packet.get(ip.len..)?).ok()??;
    let inner_at = ip.len + icmp::LEN;
    let inner = parse::ipv6(packet.get(inner_at..)?).ok()?;
    // Headers in front of the message may be as odd in number as the length that one of them
    // claims.
    let covered = |packet: &[u8]| (sum(&packet[8..40]) + sum(&packet[ip.len..])) % 65535;
    let before = covered(packet);
    let layout = layout(&ip, &inner, is_portless);
    rewrite_v6(packet, &layout, toward, addr, port)?;
    assert_eq!(before, covered(packet));
    Some(())
}

fn sum(bytes: &[u8]) -> u64 {
    let words = bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)));
    words.sum::<u64>() % 65535
}
