// SPDX-License-Identifier: GPL-2.0

//! What a connection refers to: its server, what controls it, and its rarely needed data.

use core::sync::atomic::{
    fence,
    Ordering, //
};

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    ReadSide, //
};
use crate::table::dest::Dest;

use super::flag;
use super::layout::{
    Conn,
    Extension, //
    FtpControl,
};

impl Conn {
    /// The Call-ID of a template that has one.
    pub(crate) fn call_id<'a>(&self, read: ReadSide<'a>) -> Option<&'a [u8]> {
        match self.extension.load(read)? {
            Extension::Call(id) => Some(id),
            Extension::FtpControl(_) => None,
        }
    }

    /// What was said on a control connection of FTP.
    pub(crate) fn ftp_control<'a>(&self, read: ReadSide<'a>) -> Option<&'a FtpControl> {
        match self.extension.load(read)? {
            Extension::FtpControl(control) => Some(control),
            Extension::Call(_) => None,
        }
    }

    /// Drops the rarely needed data. Called once the entry is out of the table.
    pub(in crate::table) fn release_extension(&self) {
        drop(self.extension.take());
    }

    /// The real server, unless the connection goes past the balancer or is being taken down.
    #[inline]
    pub(crate) fn dest<'a>(&self, read: ReadSide<'a>) -> Option<&'a Dest> {
        self.dest.load(read)
    }

    /// The real server, if it counts the connection while that has this state `word`: one that is
    /// just found for it does only once the word says so.
    #[inline]
    pub(super) fn counting_dest<'a>(&self, read: ReadSide<'a>, word: u32) -> Option<&'a Dest> {
        if word & flag::UNBOUND != 0 {
            return None;
        }
        // Pairs with the release of `bind_dest`, which fills the place first.
        fence(Ordering::Acquire);
        self.dest(read)
    }

    /// The real server, with a share of its own.
    pub(crate) fn share_dest(&self, read: ReadSide<'_>) -> Option<RcuArc<Dest>> {
        self.dest.share(read)
    }

    /// Gives up the share of the server. Called once, when the entry is out of the table.
    pub(in crate::table) fn release_dest(&self) -> Option<RcuArc<Dest>> {
        self.dest.take()
    }

    /// What controls the connection: the persistence template it was made from, or the control
    /// connection that it carries data for.
    #[inline]
    pub(crate) fn controller<'a>(&self, read: ReadSide<'a>) -> Option<&'a Entry<Conn>> {
        match self.ftp_control(read) {
            // Its own link counts those it controls.
            Some(control) => control.template.target(read),
            None => self.controller_link.target(read),
        }
    }

    /// Has `controller` control the new connection. False when that is gone.
    pub(in crate::table) fn bind(&self, read: ReadSide<'_>, controller: &Entry<Conn>) -> bool {
        match self.ftp_control(read) {
            Some(control) => control.template.bind(controller),
            None => self.controller_link.bind(controller),
        }
    }

    /// Frees the connection of what controls it. Called once it is in no table.
    pub(in crate::table) fn unbind(&self, read: ReadSide<'_>) {
        match self.ftp_control(read) {
            Some(control) => control.template.unbind(read),
            None => self.controller_link.unbind(read),
        }
    }

    /// Whether this entry controls others, and stays in its table for them.
    pub(crate) fn is_held(&self) -> bool {
        self.controller_link.is_held()
    }
}
