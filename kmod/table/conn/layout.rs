// SPDX-License-Identifier: GPL-2.0

//! What a connection consists of, and where each field lies: see the table in [`super`].

use core::mem;
use core::sync::atomic::{
    AtomicU32,
    AtomicU8, //
};

use kernel::prelude::*;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::Forwarding;
use lvs_engine::ftp;

use crate::kernel_ext::mem::memory::{
    member,
    ControllerLink, //
    Entry,
    Member,
};
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    RcuSlot, //
};
use crate::kernel_ext::task::lock::LockBh;
use crate::kernel_ext::task::time;
use crate::table::dest::Dest;

use super::client_side::{
    client_side,
    NarrowSide,
    Times,
    WideSide, //
};
use super::flag;
use super::real_side::{
    real_side,
    NarrowReal,
    WideReal, //
};
use super::tuple::Tuple;

/// Bits of [`Conn::families`].
pub(super) const REAL_IS_V6: u8 = 1;
pub(super) const CLIENT_IS_V6: u8 = 2;
/// Where whose the last word was begins.
pub(super) const ORIGIN_SHIFT: u32 = 2;

/// A connection between a client and a real server.
#[repr(C)]
pub(crate) struct Conn {
    /// The real server.
    pub(super) dest: RcuSlot<Dest>,
    /// What controls the connection, or how many this entry controls: a connection's persistence
    /// template or FTP's control connection does.
    pub(super) controller_link: ControllerLink<Conn>,
    /// Rarely needed data.
    pub(super) extension: RcuSlot<Extension>,
    /// The protocol's state, bits of [`flag`], and how many packets came.
    pub(super) state: AtomicU32,
    /// Client and virtual address of IPv4, or the times.
    pub(super) narrow: NarrowSide,
    /// The real server's address of IPv4, or the told end.
    pub(super) narrow_real: NarrowReal,
    /// Ports, host order.
    pub(super) client_port: u16,
    pub(super) virtual_port: u16,
    pub(super) real_port: u16,
    /// IP protocol.
    pub(super) protocol: u8,
    /// Which addresses are IPv6; from [`ORIGIN_SHIFT`] on whose the last word on it was.
    pub(super) families: AtomicU8,
    /// Client and virtual address of IPv6, or the times.
    pub(super) wide: WideSide,
    /// The real server's address of IPv6, or the told end.
    pub(super) wide_real: WideReal,
}

/// Bytes of an entry in memory.
pub(crate) const CONN_BYTES: usize = 128;

const _: () = {
    assert!(mem::size_of::<Entry<Conn>>() == CONN_BYTES);
    assert!(mem::align_of::<Entry<Conn>>() == 64);
    // The first line ends with the families.
    assert!(mem::offset_of!(Conn, families) == 63 - 16);
    assert!(!mem::needs_drop::<Conn>());
};

member!(Conn, link: controller_link);

/// What belongs to one entry beyond its own 128 bytes.
pub(crate) enum Extension {
    /// The Call-ID of a call's template.
    Call(KVec<u8>),
    /// A control connection of FTP.
    FtpControl(FtpControl),
}

/// A control connection of FTP.
pub(crate) struct FtpControl {
    /// The persistence template that controls it: its own link counts its data connections.
    pub(super) template: ControllerLink<Conn>,
    /// What was said on it. The lock guards that alone; packets of the control connection take it,
    /// in softirq.
    pub(crate) dialogue: LockBh<ftp::ControlConnection>,
}

impl Extension {
    /// That of a call's template, made without sleeping. Fails with `ENOMEM`.
    pub(in crate::table) fn call(id: &[u8]) -> Result<RcuArc<Self>> {
        let mut copy = KVec::with_capacity(id.len(), GFP_ATOMIC | __GFP_NOWARN)?;
        copy.extend_from_slice(id, GFP_ATOMIC | __GFP_NOWARN)?;
        RcuArc::new_atomic(Self::Call(copy))
    }

    /// That of a control connection, made without sleeping. Fails with `ENOMEM`.
    pub(in crate::table) fn ftp_control() -> Result<RcuArc<Self>> {
        RcuArc::new_atomic(Self::FtpControl(FtpControl {
            template: ControllerLink::free(),
            dialogue: LockBh::new_atomic(ftp::ControlConnection::new())?,
        }))
    }
}

impl Conn {
    /// A new connection, in its protocol's first state: to `dest` by a method, or past the
    /// balancer. A template lives for `template_ticks` after each use, whatever becomes of its
    /// service's settings.
    #[inline]
    pub(crate) fn new(
        tuple: &Tuple,
        dest: Option<(&RcuArc<Dest>, Forwarding)>,
        real_port: u16,
        flags: u32,
        template_ticks: u32,
    ) -> Self {
        let (method, real_family, real) = match dest {
            Some((dest, method)) => (method, dest.id().family, dest.id().addr),
            // Listings show no address.
            None => (Forwarding::Bypass, tuple.family, Addr::ANY),
        };
        let way = match dest {
            Some(_) => flag::of_server(method),
            None => flag::of_method(method),
        };
        let state = flags | flag::INACTIVE | way;
        let real = (real_family, real);
        let dest = dest.map(|(dest, _)| dest);
        Self::to(tuple, dest, real, real_port, state, template_ticks)
    }

    /// A connection with this state word to the server at `real`, which is `dest` if that is there.
    #[inline(always)]
    pub(super) fn to(
        tuple: &Tuple,
        dest: Option<&RcuArc<Dest>>,
        (real_family, real): (Family, Addr),
        real_port: u16,
        state: u32,
        template_ticks: u32,
    ) -> Self {
        let times = Times {
            born: time::seconds(),
            template_ticks,
        };
        let (narrow, wide) = client_side(tuple, times);
        let (narrow_real, wide_real) = real_side(real_family, &real);
        let mut conn = Self {
            dest: RcuSlot::new(dest.cloned()),
            controller_link: if state & (flag::TEMPLATE | flag::FTP_CONTROL) == 0 {
                ControllerLink::free()
            } else {
                ControllerLink::of_controller()
            },
            extension: RcuSlot::new(None),
            state: AtomicU32::new(state),
            narrow,
            narrow_real,
            client_port: tuple.client_port,
            virtual_port: tuple.virtual_port,
            real_port,
            protocol: tuple.protocol,
            families: AtomicU8::new(0),
            wide,
            wide_real,
        };
        if let Family::V6 = tuple.family {
            *conn.families.get_mut() |= CLIENT_IS_V6;
        }
        if let Family::V6 = real_family {
            *conn.families.get_mut() |= REAL_IS_V6;
        }
        conn
    }

    /// Sets the rarely needed data.
    pub(in crate::table) fn extended(self, extension: Option<RcuArc<Extension>>) -> Self {
        Self {
            extension: RcuSlot::new(extension),
            ..self
        }
    }
}
