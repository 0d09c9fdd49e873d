// SPDX-License-Identifier: GPL-2.0

//! What becomes of an entry that another director told, as ip_vs has it.

use lvs_uapi::flags::{
    conn,
    fwd, //
};

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

/// What is added to the active connections of the server, and taken from the inactive ones, when a
/// connection with `present` flags that counts at a server learns `entry`.
#[inline]
pub const fn active_change(entry: &Entry<'_>, present: u32) -> i32 {
    let was_inactive = present & conn::INACTIVE != 0;
    match (entry.is_template(), was_inactive, entry.is_inactive()) {
        (false, true, false) => 1,
        (false, false, true) => -1,
        _ => 0,
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

/// The flags of a connection with `flags`, once a server with the connection flags `of_dest` was
/// found for it. How packets are forwarded is the server's to say, whatever was on the wire; that
/// it takes each datagram for itself isn't said of a connection that is there.
#[inline]
pub const fn flags_when_bound(flags: u32, of_dest: u32) -> u32 {
    let mut taken = of_dest & !conn::ONE_PACKET;
    if flags & conn::TEMPLATE == 0 {
        taken &= !conn::INACTIVE;
    }
    flags & !(fwd::MASK | conn::NOOUTPUT) | taken
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
    fn servers_count_a_change_of_activity_once() {
        assert_eq!(active_change(&with_flags(0), conn::INACTIVE), 1);
        assert_eq!(active_change(&with_flags(conn::INACTIVE), 0), -1);
        assert_eq!(active_change(&with_flags(0), 0), 0);
        let template = with_flags(conn::TEMPLATE);
        assert_eq!(active_change(&template, conn::INACTIVE), 0);
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
    fn the_server_says_how_packets_are_forwarded() {
        let of_dest = fwd::DROUTE | conn::NOOUTPUT | conn::INACTIVE | conn::ONE_PACKET;
        let of_masq = fwd::MASQ | conn::INACTIVE;
        let wire = fwd::TUNNEL | conn::NOOUTPUT | conn::SYNC;
        let droute = fwd::DROUTE | conn::NOOUTPUT | conn::SYNC;
        assert_eq!(flags_when_bound(wire, of_dest), droute);
        assert_eq!(flags_when_bound(wire, of_masq), conn::SYNC);
        let inactive = wire | conn::INACTIVE;
        assert_eq!(flags_when_bound(inactive, of_dest), droute | conn::INACTIVE);
        let template = conn::TEMPLATE | conn::SYNC;
        let bound = template | fwd::MASQ | conn::INACTIVE;
        assert_eq!(flags_when_bound(template, of_masq), bound);
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
