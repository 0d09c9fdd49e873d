// SPDX-License-Identifier: GPL-2.0

//! FTP's control connections through NAT: data connections go to their server.
//!
//! - After `PASV` or `EPSV` the server's reply names the port it listens on: a connection from any
//!   port of the client to that port of the virtual address is expected, and the reply announces
//!   that.
//! - After `PORT` or `EPRT` a connection from the server's data port to what the client named is
//!   expected, which gets the virtual address as its source.
//!
//! A reply of another length shifts what the server sends later and what the client acknowledges.

use lvs_engine::addr::Addr;
use lvs_engine::ftp;
use lvs_engine::nat::TransportSum;
use lvs_engine::tcp_edit::{
    self,
    Edit, //
};

use crate::kernel_ext::net::conntrack::Endpoint;
use crate::kernel_ext::net::packet::Packet;
use crate::kernel_ext::task::lock::LockBh;
use crate::table::conn::{
    self,
    flag,
    Tuple, //
};
use crate::table::conn_table::{
    NewConn,
    Purpose, //
};
use crate::table::sync::Role;
use crate::table::trace::EndCause;

use super::context::{
    ConnEntry,
    Context,
    Flow, //
};
use super::forward::headers::transport_sum;

/// Virtual ports that are tried for a data connection when others of the client have taken them.
const PORTS_TO_TRY: usize = 16;

/// A packet of a control connection that can be read and edited.
struct Segment<'a> {
    /// What was said on the connection.
    dialogue: &'a LockBh<ftp::ControlConnection>,
    /// TCP's header and what follows it.
    bytes: &'a mut [u8],
    /// Bytes of TCP's header.
    header_len: usize,
    /// How TCP's checksum is kept.
    sum: TransportSum,
}

impl Segment<'_> {
    fn data(&self) -> &[u8] {
        self.bytes.get(self.header_len..).unwrap_or_default()
    }
}

/// The segment in a `packet` of `conn`. `None` when it has to be dropped, `Some(None)` when it
/// passes as it is.
#[inline]
fn segment<'a>(
    context: &Context<'a>,
    packet: &'a mut Packet,
    flow: &Flow,
    conn: &'a ConnEntry,
) -> Option<Option<Segment<'a>>> {
    let Some(control) = conn.ftp_control(context.read) else {
        return Some(None);
    };
    let sum = transport_sum(packet);
    let len = packet.len() as usize;
    let bytes = packet.writable(len).ok()?.get_mut(flow.ip.len..)?;
    Some(tcp_edit::header_len(bytes).map(|header_len| Segment {
        dialogue: &control.dialogue,
        bytes,
        header_len,
        sum,
    }))
}

/// A client's packet of a control connection, translated already. `None` when it has to be dropped.
#[cold]
pub(super) fn from_client(
    context: &Context<'_>,
    packet: &mut Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Option<()> {
    let Some(segment) = segment(context, packet, flow, conn)? else {
        return Some(());
    };
    let mut dialogue = segment.dialogue.lock();
    let target = dialogue.commanded(segment.data(), flow.ip.family);
    let edit = dialogue.edit().copied();
    drop(dialogue);
    if let Some(edit) = edit {
        edit.adjust_acknowledgement(segment.bytes, segment.sum)?;
    }
    match target {
        Some((addr, port)) => expect_server(context, conn, addr, port),
        None => Some(()),
    }
}

/// A server's packet of a control connection, translated already. `None` when it has to be dropped.
#[cold]
pub(super) fn from_server(
    context: &Context<'_>,
    packet: &mut Packet,
    flow: &Flow,
    conn: &ConnEntry,
) -> Option<()> {
    let Some(segment) = segment(context, packet, flow, conn)? else {
        return Some(());
    };
    let sequence = tcp_edit::sequence(segment.bytes)?;
    let mut dialogue = segment.dialogue.lock();
    if flow.input.opens() {
        dialogue.accepted(sequence.wrapping_add(1));
        return Some(());
    }
    let data = segment.data();
    // Sent again, the old text becomes the same new one.
    let repeated = dialogue
        .edit()
        .is_some_and(|edit| edit.place_in(sequence, data.len()).is_some());
    let mut new_port = None;
    if !repeated {
        let former = *dialogue;
        if let Some((mode, found)) = dialogue.replied(data, sequence) {
            let Some(port) = expect_client(context, conn, found.port) else {
                // The server sends it again.
                *dialogue = former;
                return None;
            };
            let text = ftp::announce(mode, &conn.virtual_addr(), port);
            dialogue.replace(sequence, &found.range, text);
            new_port = Some(port);
        }
    }
    let edit = dialogue.edit().copied();
    drop(dialogue);
    let Some(edit) = edit else {
        return Some(());
    };
    if new_port.is_some() && context.state.sync().runs(Role::Master) {
        context.state.note_other_news(conn);
    }
    let place = edit.place_in(sequence, data.len());
    let (sum, header_len) = (segment.sum, segment.header_len);
    edit.adjust_sequence(segment.bytes, sum)?;
    if let (Some(port), true) = (new_port, conn.has(flag::TRACKED)) {
        track_data(context, packet, conn, port);
    }
    match place {
        Some((offset, old_len)) => {
            let at = flow.ip.len.checked_add(header_len)?.checked_add(offset)?;
            replace(packet, flow, sum, at, old_len, &edit)
        }
        None => Some(()),
    }
}

/// Has netfilter relate the data connection, from the client to `port` of the virtual address, to
/// the control connection of the packet.
fn track_data(context: &Context<'_>, packet: &mut Packet, conn: &ConnEntry, port: u16) {
    let end = Endpoint {
        addr: conn.virtual_addr(),
        port,
    };
    packet.tolerate_sequences();
    packet.expect_related(
        context.state.tracking(),
        conn.protocol(),
        &conn.client(),
        end,
    );
}

/// Replaces `old_len` bytes at `at` by the new text of `edit`.
fn replace(
    packet: &mut Packet,
    flow: &Flow,
    sum: TransportSum,
    at: usize,
    old_len: usize,
    edit: &Edit,
) -> Option<()> {
    let (ip_len, family) = (flow.ip.len, flow.ip.family);
    let len = packet.len() as usize;
    let bytes = packet.writable(len).ok()?;
    // A new checksum would hide that the packet was damaged on its way here.
    if sum == TransportSum::Complete && !tcp_edit::is_intact(bytes, ip_len, family) {
        return None;
    }
    let text = edit.text().as_bytes();
    let longest = len.checked_add(text.len())?;
    let bytes = packet.resized(longest).ok()?;
    let new_len = tcp_edit::replace(bytes, len, at, old_len, text)?;
    let bytes = packet.resized(new_len).ok()?;
    tcp_edit::complete(bytes, ip_len, family, sum)
}

/// The client will connect to the server's `port`. Returns the virtual port it has to use for that;
/// `None` when there is no memory, or none is free.
fn expect_client(context: &Context<'_>, control: &ConnEntry, port: u16) -> Option<u16> {
    let mut virtual_port = port;
    for _ in 0..PORTS_TO_TRY {
        let tuple = Tuple {
            family: control.family(),
            protocol: control.protocol(),
            client: control.client(),
            client_port: 0,
            virtual_addr: control.virtual_addr(),
            virtual_port,
        };
        let data = expect(context, control, tuple, port)?;
        if data.real_addr() == control.real_addr() && data.real_port() == port {
            return Some(virtual_port);
        }
        // Another server of this client listens on the same port.
        virtual_port = virtual_port
            .wrapping_add(1)
            .max(ftp::FIRST_UNPRIVILEGED_PORT);
    }
    None
}

/// The server will connect from its data port to `port` of `addr`. `None` when there is no memory.
fn expect_server(context: &Context<'_>, control: &ConnEntry, addr: Addr, port: u16) -> Option<()> {
    let tuple = Tuple {
        family: control.family(),
        protocol: control.protocol(),
        client: addr,
        client_port: port,
        virtual_addr: control.virtual_addr(),
        virtual_port: control.virtual_port().wrapping_sub(1),
    };
    expect(context, control, tuple, control.real_port().wrapping_sub(1)).map(drop)
}

/// The data connection with this `tuple`, and this port of the control connection's server; or the
/// one that is already there.
fn expect<'a>(
    context: &Context<'a>,
    control: &ConnEntry,
    tuple: Tuple,
    real_port: u16,
) -> Option<&'a ConnEntry> {
    let dest = control.share_dest(context.read)?;
    let new = NewConn {
        tuple,
        client_hash: None,
        dest: Some(&dest),
        settings: None,
        real_port,
        purpose: Purpose::Data(control),
    };
    let conns = &context.tables.conns;
    let (data, is_new) = conns
        .create(context.read, &new, context.state.conn_settings())
        .ok()?;
    if !is_new {
        data.listen(context.read);
    }
    conn::refresh(data, context.now, context.state.timeouts().tcp_listen());
    Some(data)
}

/// What stands for the data connection that a client's SYN opens, if that is waited for.
pub(super) fn expected<'a>(context: &Context<'a>, flow: &Flow) -> Option<&'a ConnEntry> {
    let conns = &context.tables.conns;
    if !conns.expects_clients() {
        return None;
    }
    let tuple = Tuple {
        client_port: 0,
        ..flow.as_request()
    };
    conns
        .find_request(context.read, &tuple, conns.hash_of(&tuple), context.now)
        .filter(|conn| conn.has(flag::EXPECTED))
}

/// The data connection that a client's SYN opens, if its control connection's server waits for it.
pub(super) fn open<'a>(context: &Context<'a>, flow: &Flow) -> Option<&'a ConnEntry> {
    let conns = &context.tables.conns;
    let expected = expected(context, flow)?;
    let dest = expected.share_dest(context.read)?;
    let new = NewConn {
        tuple: flow.as_request(),
        client_hash: flow.client_hash,
        dest: Some(&dest),
        settings: None,
        real_port: expected.real_port(),
        purpose: Purpose::Connection(expected.controller(context.read)),
    };
    let (conn, _) = conns
        .create(context.read, &new, context.state.conn_settings())
        .ok()?;
    conns.remove(context.read, expected, EndCause::Replaced);
    Some(conn)
}
