// SPDX-License-Identifier: GPL-2.0

//! Counters and scheduler positions that were kept while the module wasn't there.

use kernel::prelude::*;
use lvs_uapi::genl::stats_attr;
use lvs_uapi::lvs::attr;

use super::{
    dest,
    service, //
};
use crate::kernel_ext::user::genl::{
    Answer,
    Request, //
};
use crate::kernel_ext::user::nla::{
    Attr,
    Policy, //
};
use crate::table::{
    Counters,
    RulesGuard, //
};

static POLICY: Policy<{ stats_attr::OUTBYTES as usize + 1 }> = Policy::new()
    .u64(stats_attr::CONNS)
    .u64(stats_attr::INPKTS)
    .u64(stats_attr::OUTPKTS)
    .u64(stats_attr::INBYTES)
    .u64(stats_attr::OUTBYTES);

fn parse(nest: Attr<'_>) -> Result<Counters> {
    let attrs = nest.nested(&POLICY).map_err(|_| EINVAL)?;
    let number = |attr| attrs.get(attr).map_or(Ok(0), Attr::u64);
    Ok(Counters {
        connections: number(stats_attr::CONNS)?,
        in_packets: number(stats_attr::INPKTS)?,
        in_bytes: number(stats_attr::INBYTES)?,
        out_packets: number(stats_attr::OUTPKTS)?,
        out_bytes: number(stats_attr::OUTBYTES)?,
    })
}

/// Has listings show more than was counted, or a scheduler go on where another one stood.
pub(super) struct Set;

impl Answer for Set {
    fn answer(request: &Request<'_>) -> Result {
        let mut rules = RulesGuard::lock(request.state()?);
        let counted = request.attr(attr::COUNTERS).map(parse).transpose()?;
        let counted = counted.unwrap_or_default();
        let position = request.attr(attr::POSITION).map(Attr::u64).transpose()?;
        let names_dest = request.attr(attr::DEST).is_some();
        let names_service = request.attr(attr::SERVICE).is_some();
        if position.is_some() && (names_dest || !names_service) {
            return Err(EINVAL);
        }
        if !names_service && !names_dest {
            rules.show_more(counted);
            return Ok(());
        }
        let id = service::existing(&rules, request)?;
        if !names_dest {
            return rules.with_service(&id, |_, service| {
                service.show_more(counted);
                if let Some(position) = position {
                    service.set_position(position);
                }
            });
        }
        let wanted = dest::identify(request.attr(attr::DEST), &id)?;
        rules.with_service(&id, |read, service| {
            let dests = service.dests(read);
            let dest = dests
                .iter()
                .find(|dest| dest.id() == &wanted)
                .ok_or(ENOENT)?;
            dest.show_more(counted);
            Ok(())
        })?
    }
}
