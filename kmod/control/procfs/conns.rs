// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/ip_vs_conn` and `ip_vs_conn_sync`: every connection, one bucket of the table in a
//! record.

use core::fmt;

use lvs_engine::addr::{
    Addr,
    Family, //
};

use crate::control::format::Hex;
use crate::control::names::{
    self,
    Protocol, //
};
use crate::kernel_ext::mem::rcu::{
    self,
    ReadSide, //
};
use crate::kernel_ext::task::time;
use crate::kernel_ext::user::procfs::{
    Contents,
    Output, //
};
use crate::table::conn::flag;
use crate::table::{
    conn,
    Conn,
    NetnsState, //
};

/// Calls `show` with every connection and the seconds it has left, of record `index`, which isn't
/// the header.
pub(super) fn for_each(
    state: &NetnsState,
    index: usize,
    show: &mut dyn for<'r> FnMut(ReadSide<'r>, &'r Conn, u32),
) {
    let (Some(tables), Some(bucket)) = (state.tables(), index.checked_sub(1)) else {
        return;
    };
    let now = time::now();
    rcu::read(|read| {
        tables.conns.for_each_in_bucket(read, bucket, |entry| {
            show(read, entry, conn::seconds_left(entry, now));
        });
    });
}

/// What the rows of both files begin with.
struct Row<'a>(&'a Conn);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conn = self.0;
        let protocol = Protocol(u16::from(conn.protocol()));
        write!(f, "{protocol:<3}")?;
        let mut end =
            |family: Family, addr: Addr, port: u16| write!(f, " {} {port:04X}", Hex(family, addr));
        end(conn.family(), conn.client(), conn.client_port())?;
        end(conn.family(), conn.virtual_addr(), conn.virtual_port())?;
        end(conn.real_family(), conn.real_addr(), conn.real_port())?;
        write!(f, " {:<11}", conn.state_name())
    }
}

/// The connections.
pub(super) struct Conns;

impl Contents for Conns {
    type State = NetnsState;

    fn has(state: &NetnsState, index: usize) -> bool {
        index <= state.conn_buckets()
    }

    fn show(state: &NetnsState, index: usize, out: &mut Output<'_>) {
        if index == 0 {
            writeln!(
                out,
                "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData"
            );
        }
        for_each(state, index, &mut |read, conn, seconds| {
            write!(out, "{} {:7}", Row(conn), seconds);
            if let Some(call) = conn.call_id(read) {
                write!(out, " {} ", names::SIP);
                out.write_bytes(call);
            }
            writeln!(out);
        });
    }
}

/// The connections, and where each of them comes from.
pub(super) struct Synchronised;

impl Contents for Synchronised {
    type State = NetnsState;

    fn has(state: &NetnsState, index: usize) -> bool {
        Conns::has(state, index)
    }

    fn show(state: &NetnsState, index: usize, out: &mut Output<'_>) {
        if index == 0 {
            writeln!(
                out,
                "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires"
            );
        }
        for_each(state, index, &mut |_, conn, seconds| {
            let origin = if conn.has(flag::SYNCED) {
                "SYNC"
            } else {
                "LOCAL"
            };
            writeln!(out, "{} {origin:<6} {seconds:7}", Row(conn));
        });
    }
}
