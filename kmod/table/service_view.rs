// SPDX-License-Identifier: GPL-2.0

//! A service as one packet sees it.

use lvs_engine::config::{
    DestConfig,
    ServiceId, //
};
use lvs_engine::extras::OnExpiry;
use lvs_engine::sched::{
    Algorithm,
    Key, //
};

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::{
    RcuArc,
    ReadSide, //
};

use super::dest::Dest;
use super::edition::Edition;
use super::service::Service;
use super::staged::Staged;

/// A server for a new connection.
#[derive(Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) dest: &'a RcuArc<Dest>,
    /// Its settings, where they aren't in force yet.
    pub(crate) settings: Option<&'a DestConfig>,
}

/// A service as a packet sees it, which goes by one edition of the rules.
#[derive(Clone, Copy)]
pub(crate) struct ServiceView<'a> {
    service: &'a Entry<Service>,
    staged: Option<&'a Staged>,
}

impl<'a> ServiceView<'a> {
    /// The service in this edition, of which it is a part.
    #[inline]
    pub(crate) fn new(read: ReadSide<'a>, service: &'a Entry<Service>, edition: Edition) -> Self {
        let staged = match edition {
            Edition::Present => None,
            Edition::Next => service.staged(read),
        };
        Self { service, staged }
    }

    /// The service as the present edition has it.
    pub(crate) fn in_force(&self) -> &'a Service {
        self.service
    }

    /// What names the service.
    #[inline]
    pub(crate) fn id(&self) -> &'a ServiceId {
        self.service.id()
    }

    /// `lvs_uapi::flags::service` bits.
    #[inline]
    pub(crate) fn flags(&self) -> u32 {
        self.staged
            .map_or_else(|| self.service.flags(), |staged| staged.config.flags)
    }

    /// Life of a persistence template after its last use, in seconds.
    pub(crate) fn timeout(&self) -> u32 {
        self.staged
            .map_or_else(|| self.service.timeout(), |staged| staged.config.timeout)
    }

    /// Granularity of persistence, as in [`ServiceConfig`].
    pub(crate) fn netmask(&self) -> u32 {
        self.staged
            .map_or_else(|| self.service.netmask(), |staged| staged.config.netmask)
    }

    /// Whether clients are told that a connection they go on with has ended.
    pub(crate) fn tells_of_ends(&self) -> bool {
        self.service.tells_of_ends()
    }

    /// What becomes of a segment of a connection that was forgotten.
    pub(crate) fn on_expiry(&self) -> OnExpiry {
        self.staged.map_or_else(
            || self.service.on_expiry(),
            |staged| staged.config.extras.on_expiry,
        )
    }

    /// Whether templates hold Call-IDs.
    pub(crate) fn is_sip(&self) -> bool {
        self.staged
            .map_or_else(|| self.service.is_sip(), |staged| staged.config.sip)
    }

    /// The scheduler.
    #[inline]
    pub(crate) fn scheduler(&self, read: ReadSide<'_>) -> Option<Algorithm> {
        match self.staged {
            None => self.service.scheduler(read),
            Some(staged) => staged.config.scheduler,
        }
    }

    /// The servers, newest first.
    pub(crate) fn dests(&self, read: ReadSide<'a>) -> &'a [RcuArc<Dest>] {
        match self.staged {
            None => self.service.dests(read),
            Some(staged) => staged.pool.dests(),
        }
    }

    /// The server for a new connection; `None` when no server takes one. `expiration` is how long
    /// the locality-based algorithms remember, in ticks.
    #[inline]
    pub(crate) fn schedule(
        &self,
        read: ReadSide<'a>,
        key: &Key,
        expiration: u32,
    ) -> Option<Choice<'a>> {
        match self.staged {
            None => Some(Choice {
                dest: self.service.schedule(read, key, expiration)?,
                settings: None,
            }),
            Some(staged) => self.schedule_staged(read, staged, key, expiration),
        }
    }

    #[cold]
    #[inline(never)]
    fn schedule_staged(
        &self,
        read: ReadSide<'a>,
        staged: &'a Staged,
        key: &Key,
        expiration: u32,
    ) -> Option<Choice<'a>> {
        let index = self.service.pick_staged(read, staged, key, expiration)?;
        let settings = staged.settings.get(index)?;
        let dest = staged.pool.dests().get(index)?;
        dest.wrap_as(settings.tunnel);
        Some(Choice {
            dest,
            settings: Some(settings),
        })
    }

    /// The settings of `dest`, which a client of the service was sent to before, where they aren't
    /// in force yet; or nothing at all if the service doesn't list it.
    #[inline]
    pub(crate) fn known(&self, dest: &RcuArc<Dest>) -> Option<Option<&'a DestConfig>> {
        match self.staged {
            None => dest.is_available().then_some(None),
            Some(staged) => staged.known(dest).map(Some),
        }
    }
}
