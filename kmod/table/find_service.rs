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
        let service = self.find_entry(read, tables, wanted, edition)?;
        Some(ServiceView::new(read, service, edition))
    }

    #[inline(always)]
    fn find_entry<'a>(
        &self,
        read: ReadSide<'a>,
        tables: &'a Tables,
        wanted: &Wanted,
        edition: Edition,
    ) -> Option<&'a Entry<Service>> {
        let counts = self.counts();
        let Wanted {
            family, port, mark, ..
        } = *wanted;
        let find = |target| tables.service_in(read, &ServiceId { family, target }, edition);
        if mark != 0 && counts.by_mark.load(Ordering::Relaxed) != 0 {
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
        if let Some(service) = at_port(port) {
            return Some(service);
        }
        let may_be_ftp_data = wanted.protocol == protocol::TCP
            && counts.ftp.load(Ordering::Relaxed) != 0
            && (port == ftp::DATA_PORT || port >= ftp::FIRST_UNPRIVILEGED_PORT);
        if may_be_ftp_data {
            if let Some(service) = at_port(ftp::PORT) {
                return Some(service);
            }
        }
        if counts.any_port.load(Ordering::Relaxed) == 0 {
            return None;
        }
        at_port(0)
    }
}
