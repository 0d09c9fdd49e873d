// SPDX-License-Identifier: GPL-2.0

//! What is told of an entry of the connection table.

use lvs_engine::config::Target;
use lvs_engine::sync::{
    Endpoint,
    Engine,
    Entry as Told,
    SequenceShift,
    Sequences, //
};
use lvs_uapi::flags::conn as wire_flag;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;
use crate::kernel_ext::task::time;
use crate::table::conn::{
    flag,
    Conn, //
};
use crate::table::timeouts::Timeouts;

/// The name of the one persistence engine.
const SIP: &[u8] = b"sip";

/// All there is to say of `conn`; none if client and server are of different families, which isn't
/// sayable.
pub(in crate::table) fn describe<'a>(
    read: ReadSide<'a>,
    conn: &Entry<Conn>,
    timeouts: &Timeouts,
) -> Option<Told<'a>> {
    // Connections past the balancer have no server's address.
    if conn.real_family() != conn.family() {
        return None;
    }
    Some(describe_but_server(read, conn, timeouts))
}

/// The same of any connection; the server's address means something only if it is of the client's
/// family.
pub(in crate::table) fn describe_but_server<'a>(
    read: ReadSide<'a>,
    conn: &Entry<Conn>,
    timeouts: &Timeouts,
) -> Told<'a> {
    let family = conn.family();
    let mut flags = conn.forwarding().number();
    let mut add = |own, wire| {
        if conn.has(own) {
            flags |= wire;
        }
    };
    add(flag::SYNCED, wire_flag::SYNC);
    add(flag::INACTIVE, wire_flag::INACTIVE);
    add(flag::NO_OUTPUT, wire_flag::NOOUTPUT);
    add(flag::EXPECTED, wire_flag::NO_CPORT);
    add(flag::TEMPLATE, wire_flag::TEMPLATE);
    add(flag::TRACKED, wire_flag::NFCT);
    let sequences = sequences(read, conn);
    if sequences.is_some() {
        flags |= wire_flag::OUT_SEQ;
    }
    let mark = match conn.dest(read).map(|dest| dest.service().target) {
        Some(Target::Mark(mark)) => mark,
        _ => 0,
    };
    Told {
        family,
        protocol: conn.protocol(),
        flags,
        state: conn.state_number(),
        client: Endpoint {
            addr: conn.client(),
            port: conn.client_port(),
        },
        service: Endpoint {
            addr: conn.virtual_addr(),
            port: conn.virtual_port(),
        },
        dest: Endpoint {
            addr: conn.real_addr(),
            port: conn.real_port(),
        },
        mark,
        timeout: conn.life(read, timeouts) / time::HZ,
        sequences,
        engine: conn.call_id(read).map(|data| Engine { name: SIP, data }),
    }
}

/// How a control connection's replies are shifted, if they are.
fn sequences(read: ReadSide<'_>, conn: &Conn) -> Option<Sequences> {
    if !conn.has(flag::FTP_CONTROL) {
        return None;
    }
    let (init, previous_delta, delta) = conn.ftp_control(read)?.dialogue.lock().edit()?.shift();
    Some(Sequences {
        incoming: SequenceShift::default(),
        outgoing: SequenceShift {
            init,
            delta,
            previous_delta,
        },
    })
}
