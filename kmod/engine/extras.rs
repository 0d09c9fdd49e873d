// SPDX-License-Identifier: GPL-2.0

//! What an administrator may say of a virtual service beyond what ip_vs's services have.

/// How long a service's connections live without packets, in seconds; 0: as its namespace says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OwnTimeouts {
    /// Established TCP connections.
    pub tcp: u32,
    /// TCP connections in FIN_WAIT.
    pub tcp_fin: u32,
    /// UDP.
    pub udp: u32,
    /// Established SCTP associations.
    pub sctp: u32,
}

impl OwnTimeouts {
    /// All of them.
    pub const fn all(&self) -> [u32; 4] {
        [self.tcp, self.tcp_fin, self.udp, self.sctp]
    }

    /// Whether any isn't the namespace's.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

/// What becomes of a client's TCP segment that belongs to no connection and opens none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnExpiry {
    /// What the namespace says, and of a namespace: it goes on to the host, as by ip_vs.
    #[default]
    Inherit,
    /// It is dropped.
    Silent,
    /// It is answered with a reset.
    Reset,
}

impl OnExpiry {
    /// What holds for a service that says this, where its namespace says `by_default`.
    #[inline]
    pub const fn or(self, by_default: Self) -> Self {
        match self {
            OnExpiry::Inherit => by_default,
            own => own,
        }
    }

    /// Its number, for atomics.
    pub const fn number(self) -> u8 {
        match self {
            OnExpiry::Inherit => 0,
            OnExpiry::Silent => 1,
            OnExpiry::Reset => 2,
        }
    }

    /// That of a number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(OnExpiry::Inherit),
            1 => Some(OnExpiry::Silent),
            2 => Some(OnExpiry::Reset),
            _ => None,
        }
    }
}

/// What a service has beyond ip_vs's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Extras {
    /// Lives of its idle connections.
    pub timeouts: OwnTimeouts,
    /// What becomes of a segment of a connection that was forgotten.
    pub on_expiry: OnExpiry,
    /// How long a server that comes to others climbs to its weight, in seconds; 0: it has that at
    /// once.
    pub slow_start: u32,
}

/// What a request says of them; what it doesn't say stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// Of established TCP connections; this and the others as in [`OwnTimeouts`].
    pub tcp: Option<u32>,
    /// Of TCP connections in FIN_WAIT.
    pub tcp_fin: Option<u32>,
    /// Of UDP.
    pub udp: Option<u32>,
    /// Of established SCTP associations.
    pub sctp: Option<u32>,
    /// What becomes of a segment of a connection that was forgotten.
    pub on_expiry: Option<OnExpiry>,
    /// How long servers climb to their weight.
    pub slow_start: Option<u32>,
}

impl Extras {
    /// What they are once a request is met.
    pub fn with(&self, wanted: &Wanted) -> Self {
        let own = &self.timeouts;
        Self {
            timeouts: OwnTimeouts {
                tcp: wanted.tcp.unwrap_or(own.tcp),
                tcp_fin: wanted.tcp_fin.unwrap_or(own.tcp_fin),
                udp: wanted.udp.unwrap_or(own.udp),
                sctp: wanted.sctp.unwrap_or(own.sctp),
            },
            on_expiry: wanted.on_expiry.unwrap_or(self.on_expiry),
            slow_start: wanted.slow_start.unwrap_or(self.slow_start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_stays() {
        let some = Wanted {
            tcp: Some(5),
            on_expiry: Some(OnExpiry::Reset),
            ..Wanted::default()
        };
        let first = Extras::default().with(&some);
        assert_eq!(first.timeouts.all(), [5, 0, 0, 0]);
        assert_eq!(first.on_expiry, OnExpiry::Reset);
        assert_eq!(first.with(&Wanted::default()), first);
        let other = Wanted {
            tcp: Some(0),
            tcp_fin: Some(1),
            udp: Some(2),
            sctp: Some(3),
            slow_start: Some(4),
            ..Wanted::default()
        };
        let second = first.with(&other);
        assert_eq!(second.timeouts.all(), [0, 1, 2, 3]);
        assert_eq!(second.on_expiry, OnExpiry::Reset);
        assert_eq!(second.with(&some).slow_start, 4);
        assert!(second.timeouts.is_any());
        assert!(!Extras::default().timeouts.is_any());
    }

    #[test]
    fn a_service_has_the_last_word() {
        for by_default in [OnExpiry::Inherit, OnExpiry::Silent, OnExpiry::Reset] {
            assert_eq!(OnExpiry::Inherit.or(by_default), by_default);
            for own in [OnExpiry::Silent, OnExpiry::Reset] {
                assert_eq!(own.or(by_default), own);
            }
        }
    }

    #[test]
    fn numbers_are_read_back() {
        for number in 0..=u8::MAX {
            match OnExpiry::from_number(number) {
                Some(known) => assert_eq!(known.number(), number),
                None => assert!(number > 2),
            }
        }
    }
}
