// SPDX-License-Identifier: GPL-2.0

//! What becomes of a client that no server of its service takes.

use crate::config::Target;
use crate::ftp;
use crate::header::protocol;

/// What becomes of the client's packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It goes on to the host it was sent to, past the service.
    Bypass,
    /// It isn't the service's to refuse.
    Pass,
    /// The client is told that there is no server.
    Report,
}

impl Refusal {
    /// Decides that for a packet to `port` that found the service of `target`. `cache_bypass` is
    /// the administrator's setting; `is_foreign` tells whether the packet was sent to a host that
    /// can be reached instead.
    ///
    /// Clients go on past a service only where caches stand in for others' addresses, which takes a
    /// mark.
    pub fn of(
        target: &Target,
        port: u16,
        cache_bypass: bool,
        is_foreign: impl FnOnce() -> bool,
    ) -> Self {
        if cache_bypass && matches!(target, Target::Mark(_)) && is_foreign() {
            Refusal::Bypass
        } else if is_beside_ftp(target, port) {
            Refusal::Pass
        } else {
            Refusal::Report
        }
    }
}

/// Whether a packet to `port` that found the service of `target` is for something else at the
/// address of an FTP service, which takes packets to other ports for the sake of its data
/// connections.
pub fn is_beside_ftp(target: &Target, port: u16) -> bool {
    const TCP: u16 = protocol::TCP as u16;
    let is_ftp = matches!(
        target,
        Target::Address {
            protocol: TCP,
            port: ftp::PORT,
            ..
        }
    );
    is_ftp && port != ftp::PORT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::Addr;

    const fn target(protocol: u8, port: u16) -> Target {
        Target::Address {
            protocol: protocol as u16,
            addr: Addr::ANY,
            port,
        }
    }

    fn refusal(target: Target, port: u16, cache_bypass: bool, is_foreign: bool) -> Refusal {
        Refusal::of(&target, port, cache_bypass, || is_foreign)
    }

    #[test]
    fn clients_of_caches_go_on_to_the_host_they_asked_for() {
        let mark = Target::Mark(7);
        assert_eq!(refusal(mark, 80, true, true), Refusal::Bypass);
        assert_eq!(refusal(mark, 80, true, false), Refusal::Report);
        assert_eq!(refusal(mark, 80, false, true), Refusal::Report);
        let address = target(protocol::TCP, 80);
        assert_eq!(refusal(address, 80, true, true), Refusal::Report);
    }

    #[test]
    fn only_ftp_itself_is_refused_at_its_address() {
        let ftp = target(protocol::TCP, 21);
        assert_eq!(refusal(ftp, 21, false, true), Refusal::Report);
        assert_eq!(refusal(ftp, 8080, false, true), Refusal::Pass);
        let other = target(protocol::UDP, 21);
        assert_eq!(refusal(other, 8080, false, true), Refusal::Report);
        let any_port = target(protocol::TCP, 0);
        assert_eq!(refusal(any_port, 8080, false, true), Refusal::Report);
    }
}
