// SPDX-License-Identifier: GPL-2.0

//! Which service a new connection is for.

use core::sync::atomic::Ordering;

use lvs_engine::addr::{
    Addr,
    Family, //
};
use lvs_engine::config::{
    ServiceId,
    Target, //
};
use lvs_engine::ftp;
use lvs_engine::parse::protocol;

use crate::kernel_ext::mem::memory::Entry;
use crate::kernel_ext::mem::rcu::ReadSide;

use super::edition::Edition;
use super::netns_state::NetnsState;
use super::service::Service;
use super::service_view::ServiceView;
use super::tables::Tables;

/// What a client asked for.
pub(crate) struct Wanted {
    pub(crate) family: Family,
    pub(crate) protocol: u8,
    pub(crate) addr: Addr,
    pub(crate) port: u16,
    /// The firewall mark; 0 for none.
    pub(crate) mark: u32,
}

/// What a service takes a packet by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The packet's firewall mark.
    Mark,
    /// Protocol, address and port.
    Port,
    /// Protocol and address of FTP's service, and a port of its data connections.
    FtpData,
    /// Protocol and address of a service of any port.
    AnyPort,
}

impl Rule {
    /// All of them, in the order in which services are looked for.
    pub(crate) const ALL: [Self; 4] = [Self::Mark, Self::Port, Self::FtpData, Self::AnyPort];
}

impl NetnsState {
    /// The service of what is `wanted`, by this edition of the rules. In this order: the firewall
    /// mark; protocol, address and port; FTP's service for its clients' data connections; the
    /// service of any port.
    #[inline]
    pub(crate) fn find_service<'a>(
        &self,
        read: ReadSide<'a>,
        tables: &'a Tables,
        wanted: &Wanted,
        edition: Edition,
    ) -> Option<ServiceView<'a>> {
        let service = self.find_entry(read, tables, wanted, edition, |_| ())?;
        Some(ServiceView::new(read, service, edition))
    }

    /// The same in the rules in force, and calls `note` with each rule that was asked for a
    /// service: only the last one had one, if any did.
    #[cold]
    pub(crate) fn find_service_by_rule<'a>(
        &self,
        read: ReadSide<'a>,
        tables: &'a Tables,
        wanted: &Wanted,
        note: impl FnMut(Rule),
    ) -> Option<ServiceView<'a>> {
        let edition = Edition::Present;
        let service = self.find_entry(read, tables, wanted, edition, note)?;
        Some(ServiceView::new(read, service, edition))
    }

    #[inline(always)]
    fn find_entry<'a>(
        &self,
        read: ReadSide<'a>,
        tables: &'a Tables,
        wanted: &Wanted,
        edition: Edition,
        mut note: impl FnMut(Rule),
    ) -> Option<&'a Entry<Service>> {
        let counts = self.counts();
        let Wanted {
            family, port, mark, ..
        } = *wanted;
        let find = |target| tables.service_in(read, &ServiceId { family, target }, edition);
        if mark != 0 && counts.by_mark.load(Ordering::Relaxed) != 0 {
            note(Rule::Mark);
            if let Some(service) = find(Target::Mark(mark)) {
                return Some(service);
            }
        }
        if counts.by_address.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let at_port = |port| {
            find(Target::Address {
                protocol: u16::from(wanted.protocol),
                addr: wanted.addr,
                port,
            })
        };
        note(Rule::Port);
        if let Some(service) = at_port(port) {
            return Some(service);
        }
        let may_be_ftp_data = wanted.protocol == protocol::TCP
            && counts.ftp.load(Ordering::Relaxed) != 0
            && ftp::may_be_data_port(port);
        if may_be_ftp_data {
            note(Rule::FtpData);
            if let Some(service) = at_port(ftp::PORT) {
                return Some(service);
            }
        }
        if counts.any_port.load(Ordering::Relaxed) == 0 {
            return None;
        }
        note(Rule::AnyPort);
        at_port(0)
    }
}
