// SPDX-License-Identifier: GPL-2.0

//! Services that nearly take what a client asks for, and why they don't: for an administrator who
//! wonders.

use crate::addr::{
    Addr,
    Family, //
};
use crate::config::{
    ServiceId,
    Target, //
};
use crate::ftp;
use crate::parse::protocol;

/// What a client asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Family of its address.
    pub family: Family,
    /// IP protocol.
    pub protocol: u8,
    /// The address.
    pub addr: Addr,
    /// The port.
    pub port: u16,
    /// The packet's firewall mark; 0 for none.
    pub mark: u32,
}

/// Why a service doesn't take it, nearest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// It would, but another service is asked before it.
    Earlier,
    /// It takes this mark of the other family's packets.
    OtherFamily,
    /// It takes this address and port, by another protocol.
    OtherProtocol,
    /// It takes this address by this protocol, at another port.
    OtherPort,
    /// It takes another mark.
    OtherMark,
}

impl Why {
    /// Why the service doesn't take it, if that is near; the service that does take it is said to
    /// be asked later. Also how far from it: of several the nearer one tells more.
    fn of(asked: &Asked, id: &ServiceId) -> Option<(Self, u32)> {
        match id.target {
            Target::Mark(mark) if mark == asked.mark && id.family == asked.family => {
                Some((Self::Earlier, 0))
            }
            Target::Mark(mark) if mark == asked.mark => Some((Self::OtherFamily, 0)),
            Target::Mark(mark) => {
                (id.family == asked.family).then(|| (Self::OtherMark, mark.abs_diff(asked.mark)))
            }
            Target::Address {
                protocol: of_service,
                addr,
                port,
            } => {
                if id.family != asked.family || addr != asked.addr {
                    return None;
                }
                let is_same = of_service == u16::from(asked.protocol);
                let takes_port = port == asked.port || port == 0;
                let is_data = port == ftp::PORT
                    && is_same
                    && asked.protocol == protocol::TCP
                    && ftp::may_be_data_port(asked.port);
                match (is_same, takes_port || is_data) {
                    (true, true) => Some((Self::Earlier, 0)),
                    (false, true) => Some((Self::OtherProtocol, of_service.into())),
                    (true, false) => Some((Self::OtherPort, port.abs_diff(asked.port).into())),
                    (false, false) => None,
                }
            }
        }
    }
}

/// Most that are kept.
pub const MOST: usize = 8;

/// The nearest of the services that were looked at.
pub struct Nearest {
    asked: Asked,
    kept: [Option<(Why, u32, ServiceId)>; MOST],
    count: u32,
}

impl Nearest {
    /// None was looked at yet.
    pub fn new(asked: Asked) -> Self {
        Self {
            asked,
            kept: [None; MOST],
            count: 0,
        }
    }

    /// Looks at a service; `found` is the one that takes it, if any does.
    pub fn look(&mut self, id: &ServiceId, found: Option<&ServiceId>) {
        if found == Some(id) {
            return;
        }
        let Some((why, distance)) = Why::of(&self.asked, id) else {
            return;
        };
        self.count = self.count.saturating_add(1);
        // Each one that is further away makes room for the one before it.
        let mut moving = Some((why, distance, *id));
        let mut has_place = false;
        for place in &mut self.kept {
            has_place |= place.is_none_or(|(other, far, _)| (why, distance) < (other, far));
            if has_place {
                core::mem::swap(place, &mut moving);
            }
            if moving.is_none() {
                return;
            }
        }
    }

    /// How many are near.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The nearest ones.
    pub fn iter(&self) -> impl Iterator<Item = (Why, &ServiceId)> {
        let kept = self.kept.iter().flatten();
        kept.map(|(why, _, id)| (*why, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIP: Addr = Addr::from_v4([10, 0, 1, 100]);

    fn at(protocol: u16, port: u16) -> ServiceId {
        ServiceId {
            family: Family::V4,
            target: Target::Address {
                protocol,
                addr: VIP,
                port,
            },
        }
    }

    fn by_mark(family: Family, mark: u32) -> ServiceId {
        let target = Target::Mark(mark);
        ServiceId { family, target }
    }

    fn asked(protocol: u8, port: u16, mark: u32) -> Asked {
        Asked {
            family: Family::V4,
            protocol,
            addr: VIP,
            port,
            mark,
        }
    }

    #[test]
    fn each_kind_is_told_from_the_others() {
        const TCP: u16 = 6;
        const UDP: u16 = 17;
        let web = asked(6, 80, 5);
        for (id, expected) in [
            (at(TCP, 443), Some(Why::OtherPort)),
            (at(UDP, 80), Some(Why::OtherProtocol)),
            (at(UDP, 0), Some(Why::OtherProtocol)),
            (at(UDP, 443), None),
            (at(TCP, 80), Some(Why::Earlier)),
            (at(TCP, 0), Some(Why::Earlier)),
            (at(TCP, 21), Some(Why::OtherPort)),
            (by_mark(Family::V4, 5), Some(Why::Earlier)),
            (by_mark(Family::V6, 5), Some(Why::OtherFamily)),
            (by_mark(Family::V4, 6), Some(Why::OtherMark)),
            (by_mark(Family::V6, 6), None),
        ] {
            let why = Why::of(&web, &id).map(|(why, _)| why);
            assert_eq!(why, expected, "{id:?}");
        }
        let data = asked(6, 2121, 0);
        assert_eq!(Why::of(&data, &at(TCP, 21)), Some((Why::Earlier, 0)));
        let elsewhere = Asked {
            addr: Addr::from_v4([10, 0, 1, 101]),
            ..web
        };
        assert_eq!(Why::of(&elsewhere, &at(TCP, 80)), None);
    }

    #[test]
    fn the_nearest_are_kept_and_all_are_counted() {
        let found = at(6, 80);
        let mut nearest = Nearest::new(asked(6, 80, 0));
        for port in (60..100).rev() {
            nearest.look(&at(6, port), Some(&found));
        }
        nearest.look(&at(17, 80), Some(&found));
        let kept: Vec<_> = nearest.iter().collect();
        assert_eq!(kept[0], (Why::OtherProtocol, &at(17, 80)));
        let ports = [81, 79, 82, 78, 83, 77, 84];
        for ((why, id), port) in kept[1..].iter().zip(ports) {
            assert_eq!((*why, *id), (Why::OtherPort, &at(6, port)));
        }
        assert_eq!((kept.len(), nearest.count()), (MOST, 40));
    }
}
