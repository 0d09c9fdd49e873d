// SPDX-License-Identifier: GPL-2.0

//! What becomes of an entry that another director told, as ip_vs has it.

use lvs_uapi::flags::fwd;

use super::entry::Entry;
use super::state::TEMPLATE_TIMEOUT;

/// Most ticks that a connection lives: what the kernel's timers can do.
pub const MAX_TICKS: u32 = (1 << 30) - 1;

/// What an entry does to the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A connection is made of it.
    Make,
    /// The one that is there learns it.
    Update,
    /// The one that is there goes to another server: it ends, and a connection is made.
    Replace,
    /// It tells of the end of a connection that was replaced already.
    Ignore,
}

/// What `entry` does when the table has a connection for it or not: `goes_there` tells whether that
/// one's server has the entry's address and port. The same server is never asked of a template.
#[inline]
pub const fn action(entry: &Entry<'_>, goes_there: Option<bool>) -> Action {
    match goes_there {
        None => Action::Make,
        Some(true) => Action::Update,
        Some(false) if entry.is_template() => Action::Update,
        Some(false) if entry.is_inactive() => Action::Ignore,
        Some(false) => Action::Replace,
    }
}

/// The ports under which the entry's server is looked for among its service's, in this order. A
/// server behind a mark that keeps the client's port has port 0.
#[inline]
pub const fn dest_ports(entry: &Entry<'_>) -> [u16; 2] {
    let port = entry.dest.port;
    if entry.mark != 0 && entry.method() != fwd::MASQ {
        [0, port]
    } else {
        [port, 0]
    }
}

/// Ticks that a connection of `entry` lives: what it says, or else `own`, the timeout that the
/// receiver has for its state. `hz` are ticks a second.
#[inline]
pub const fn life(entry: &Entry<'_>, own: u32, hz: u32) -> u32 {
    let ticks = match (entry.timeout, entry.is_template()) {
        (0, false) => own,
        (0, true) => TEMPLATE_TIMEOUT.saturating_mul(hz),
        (seconds, _) => seconds.saturating_mul(hz),
    };
    if ticks < MAX_TICKS {
        ticks
    } else {
        MAX_TICKS
    }
}

#[cfg(test)]
mod tests {
    use lvs_uapi::flags::conn;

    use super::super::entry::tests::tcp;
    use super::*;

    fn with_flags(flags: u32) -> Entry<'static> {
        Entry { flags, ..tcp() }
    }

    #[test]
    fn the_last_word_on_a_server_holds_unless_it_is_about_the_end() {
        let active = with_flags(0);
        let inactive = with_flags(conn::INACTIVE);
        let template = with_flags(conn::TEMPLATE | conn::INACTIVE);
        assert_eq!(action(&active, None), Action::Make);
        assert_eq!(action(&inactive, None), Action::Make);
        assert_eq!(action(&active, Some(true)), Action::Update);
        assert_eq!(action(&active, Some(false)), Action::Replace);
        assert_eq!(action(&inactive, Some(false)), Action::Ignore);
        assert_eq!(action(&template, Some(false)), Action::Update);
    }

    #[test]
    fn a_server_behind_a_mark_is_looked_for_without_its_port_first() {
        let marked = |method| Entry {
            mark: 9,
            ..with_flags(method)
        };
        assert_eq!(dest_ports(&tcp()), [8080, 0]);
        assert_eq!(dest_ports(&marked(fwd::MASQ)), [8080, 0]);
        assert_eq!(dest_ports(&marked(fwd::DROUTE)), [0, 8080]);
        assert_eq!(dest_ports(&with_flags(fwd::DROUTE)), [8080, 0]);
    }

    #[test]
    fn a_life_is_the_message_s_or_the_receiver_s() {
        let lasting = |timeout, flags| Entry {
            timeout,
            ..with_flags(flags)
        };
        assert_eq!(life(&lasting(60, 0), 7, 250), 15_000);
        assert_eq!(life(&lasting(0, 0), 7, 250), 7);
        assert_eq!(life(&lasting(0, conn::TEMPLATE), 7, 250), 45_000);
        assert_eq!(life(&lasting(u32::MAX, 0), 7, 250) / 250, 4_294_967);
    }
}
