// SPDX-License-Identifier: GPL-2.0

//! A connection's state: what packets do to it, and what its server counts.

use core::num::NonZeroU32;
use core::sync::atomic::Ordering;

use lvs_engine::parse::protocol;
use lvs_engine::sctp_state::{
    self,
    SctpState, //
};
use lvs_engine::state_input::StateInput;
use lvs_engine::tcp_state::{
    self,
    Direction,
    TcpState, //
};

use crate::kernel_ext::mem::rcu::ReadSide;
use crate::table::dest::Dest;
use crate::table::timeouts::{
    Timeouts,
    OTHERWISE, //
};

use super::layout::Conn;
use super::{
    flag,
    packets, //
};

impl Conn {
    /// The TCP state; `None` for what isn't TCP.
    #[inline]
    pub(crate) fn tcp_state(&self) -> Option<TcpState> {
        if self.protocol != protocol::TCP {
            return None;
        }
        TcpState::from_number(self.state.load(Ordering::Relaxed) as u8)
    }

    /// The SCTP state; `None` for what isn't SCTP.
    pub(crate) fn sctp_state(&self) -> Option<SctpState> {
        if self.protocol != protocol::SCTP {
            return None;
        }
        SctpState::from_number(self.state.load(Ordering::Relaxed) as u8)
    }

    /// Whether this is a connection whose handshake isn't over.
    pub(crate) fn is_half_open(&self) -> bool {
        matches!(self.tcp_state(), Some(TcpState::SynRecv | TcpState::SynAck))
            || self.sctp_state().is_some_and(SctpState::is_half_open)
    }

    /// Whether both sides have closed the connection, of which only the entry is left.
    pub(in crate::table) fn is_over(&self) -> bool {
        matches!(self.tcp_state(), Some(TcpState::TimeWait | TcpState::Close))
            || self.sctp_state() == Some(SctpState::Closed)
    }

    /// The state's name as listings show it.
    pub(crate) fn state_name(&self) -> &'static str {
        if self.is_template() {
            return if self.has(flag::ASSURED) {
                "ASSURED"
            } else {
                "NONE"
            };
        }
        self.name_of_state(self.state_number())
    }

    /// The name of the state with this number, of a connection that isn't a template.
    pub(in crate::table) fn name_of_state(&self, number: u8) -> &'static str {
        match self.protocol {
            protocol::TCP => TcpState::from_number(number).map_or("ERR!", TcpState::name),
            protocol::UDP => "UDP",
            protocol::SCTP => SctpState::from_number(number).map_or("ERR!", SctpState::name),
            // Told by another director; ip_vs has no name for the state of AH and ESP.
            _ => "ERR!",
        }
    }

    /// Takes note of a packet: the state changes, and with it what the server counts. Returns the
    /// ticks the connection lives from now on without another packet.
    ///
    /// `from_client` tells the direction; `tell` hears what is new, of the few packets that are.
    #[inline(always)]
    pub(crate) fn advance(
        &self,
        read: ReadSide<'_>,
        timeouts: &Timeouts,
        from_client: bool,
        input: StateInput,
        tell: impl Fn(News),
    ) -> u32 {
        match input {
            StateInput::Segment(flags) => {
                let secure = timeouts.secure_tcp();
                let next = |number, direction| {
                    let before = TcpState::from_number(number)?;
                    let after = tcp_state::next(before, direction, flags, secure);
                    Some(Step {
                        number: after.number(),
                        is_active: after.is_active(),
                        is_established: after == TcpState::Established,
                    })
                };
                let state = self.pass(read, from_client, next, tell);
                timeouts.tcp(state)
            }
            StateInput::Datagram => {
                self.pass(read, from_client, |_, _| None, &tell);
                if !from_client && self.assure_template(read) {
                    tell(News::TEMPLATE);
                }
                timeouts.udp()
            }
            StateInput::Chunks(chunks) => {
                self.advance_sctp(read, timeouts, from_client, chunks.event(), tell)
            }
            StateInput::Nothing => self.present_ticks(timeouts),
        }
    }

    #[cold]
    fn advance_sctp(
        &self,
        read: ReadSide<'_>,
        timeouts: &Timeouts,
        from_client: bool,
        event: sctp_state::Event,
        tell: impl Fn(News),
    ) -> u32 {
        let next = |number, direction| {
            let after = sctp_state::next(SctpState::from_number(number)?, direction, event);
            Some(Step {
                number: after.number(),
                is_active: after.is_active(),
                is_established: after == SctpState::Established,
            })
        };
        let state = self.pass(read, from_client, next, tell);
        SctpState::from_number(state).map_or(OTHERWISE, |state| timeouts.sctp(state))
    }

    /// The ticks the connection lives in its present state.
    #[cold]
    fn present_ticks(&self, timeouts: &Timeouts) -> u32 {
        match self.sctp_state() {
            Some(state) => timeouts.sctp(state),
            None => timeouts.udp(),
        }
    }

    /// Ticks that the connection or template lives after its last use.
    pub(in crate::table) fn life(&self, read: ReadSide<'_>, timeouts: &Timeouts) -> u32 {
        if self.is_template() {
            return self.template_ticks();
        }
        let ticks = match self.tcp_state() {
            Some(state) => timeouts.tcp(state.number()),
            None => self.present_ticks(timeouts),
        };
        if self.has(flag::OWN_TIMEOUTS) {
            self.own_ticks(read, ticks)
        } else {
            ticks
        }
    }

    /// Ticks that the connection lives in its present state by its service's own timeouts, or
    /// `otherwise` if they don't say.
    #[cold]
    fn own_ticks(&self, read: ReadSide<'_>, otherwise: u32) -> u32 {
        let Some(dest) = self.dest(read) else {
            return otherwise;
        };
        let own = match (self.tcp_state(), self.sctp_state()) {
            (Some(state), _) => dest.timeouts.tcp(state),
            (_, Some(state)) => dest.timeouts.sctp(state),
            _ if self.protocol == protocol::UDP => dest.timeouts.udp(),
            _ => None,
        };
        own.map_or(otherwise, NonZeroU32::get)
    }

    /// Notes that the connection's service has timeouts of its own, if it does.
    pub(in crate::table) fn note_own_timeouts(&self, read: ReadSide<'_>) {
        let has_own = || self.dest(read).is_some_and(Dest::has_own_timeouts);
        if !self.has(flag::OWN_TIMEOUTS | flag::TEMPLATE) && has_own() {
            self.state.fetch_or(flag::OWN_TIMEOUTS, Ordering::Relaxed);
        }
    }

    /// Lets a packet pass: `next` says what becomes of the protocol's state, if it has several.
    /// Returns the number of the state, with [`OWN_STATE`] if it is a new one for which the service
    /// may have a timeout of its own: with these a connection becomes active or inactive.
    #[inline(always)]
    fn pass(
        &self,
        read: ReadSide<'_>,
        from_client: bool,
        next: impl Fn(u8, Direction) -> Option<Step>,
        tell: impl Fn(News),
    ) -> u8 {
        let mut word = self.state.load(Ordering::Relaxed);
        loop {
            let mut direction = Direction::Output;
            let mut new = word;
            if from_client {
                direction = if word & flag::NO_OUTPUT == 0 {
                    Direction::Input
                } else {
                    Direction::InputOnly
                };
                new = packets::with_packet_counted(new);
            } else {
                new &= !flag::NO_OUTPUT;
            }
            let step = next(word as u8, direction).filter(|step| step.number != word as u8);
            if let Some(step) = &step {
                new = new & !0xff | u32::from(step.number);
                if step.is_active {
                    new &= !flag::INACTIVE;
                } else {
                    new |= flag::INACTIVE;
                }
            }
            if new == word || word & flag::DEAD != 0 {
                return word as u8;
            }
            let moves = (word ^ new) & flag::INACTIVE != 0;
            // Looked up before the state changes: after that the connection may be taken down,
            // which relies on the server being told, and may be faster. Release pairs with `kill`.
            let dest = if moves {
                self.counting_dest(read, word)
            } else {
                None
            };
            match self
                .state
                .compare_exchange_weak(word, new, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => {
                    let mut own = 0;
                    if let Some(dest) = dest {
                        dest.move_connection(read, new & flag::INACTIVE == 0);
                        if new & flag::OWN_TIMEOUTS != 0 {
                            own = OWN_STATE;
                        }
                    }
                    if step.as_ref().is_some_and(|step| step.is_established) {
                        self.assure_template(read);
                    }
                    tell(News::between(word, new));
                    return new as u8 | own;
                }
                Err(present) => word = present,
            }
        }
    }

    /// The connection's template, if any, is worth keeping: the server answered. Returns whether
    /// that is new.
    fn assure_template(&self, read: ReadSide<'_>) -> bool {
        let template = self.controller(read);
        let Some(template) = template.filter(|entry| entry.is_template()) else {
            return false;
        };
        let is_new = !template.has(flag::ASSURED);
        if is_new {
            template.state.fetch_or(flag::ASSURED, Ordering::Relaxed);
        }
        is_new
    }

    /// A data connection of FTP that was there before is waited for once more.
    pub(crate) fn listen(&self, read: ReadSide<'_>) {
        self.change(read, |word| {
            word & !0xff | flag::INACTIVE | u32::from(TcpState::Listen.number())
        });
    }

    /// Makes `next` of the state word, and has the server count the connection as that says.
    /// Nothing happens to one that was taken down.
    pub(super) fn change(&self, read: ReadSide<'_>, next: impl Fn(u32) -> u32) {
        let mut word = self.state.load(Ordering::Relaxed);
        while word & flag::DEAD == 0 {
            let new = next(word);
            // Looked up before the state changes, for the reason that `pass` has.
            let moves = (word ^ new) & flag::INACTIVE != 0;
            let dest = if moves {
                self.counting_dest(read, word)
            } else {
                None
            };
            match self
                .state
                .compare_exchange_weak(word, new, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => {
                    if let Some(dest) = dest {
                        dest.move_connection(read, new & flag::INACTIVE == 0);
                    }
                    return;
                }
                Err(present) => word = present,
            }
        }
    }

    /// Notes that the connection ends: what is counted from now on isn't. Returns its flags,
    /// which tell whether and how its server counted it. Called once.
    pub(in crate::table) fn kill(&self) -> u32 {
        // Acquire pairs with the release of `pass`.
        self.state.fetch_or(flag::DEAD, Ordering::AcqRel)
    }

    /// Notes that there is something to tell. Returns whether that is new.
    pub(in crate::table) fn set_dirty(&self) -> bool {
        let former = self.state.fetch_or(flag::DIRTY, Ordering::AcqRel);
        former & flag::DIRTY == 0
    }

    /// Takes that back; false if there was nothing. What is read of the entry from now on was there
    /// before it became dirty again.
    pub(in crate::table) fn take_dirty(&self) -> bool {
        self.has(flag::DIRTY)
            && self.state.fetch_and(!flag::DIRTY, Ordering::AcqRel) & flag::DIRTY != 0
    }
}

/// What a packet changed that other directors, or tracers, may want to know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct News(u32);

impl News {
    /// The template was confirmed by a server's answer.
    const TEMPLATE: Self = Self(1 << 8);
    /// There is another state.
    const STATE: u32 = 1 << 9;
    /// Where the numbers of the former and the new one are, in that case.
    const FORMER_SHIFT: u32 = 16;
    const NEW_SHIFT: u32 = 24;

    /// What changed from a state word to another one.
    #[inline]
    fn between(former: u32, new: u32) -> Self {
        let mut news = 0;
        if former as u8 != new as u8 {
            news |= Self::STATE
                | (former & 0xff) << Self::FORMER_SHIFT
                | (new & 0xff) << Self::NEW_SHIFT;
        }
        if packets::counted(former) != packets::counted(new) {
            news |= packets::counted(new);
        }
        Self(news)
    }

    /// Whether the connection has another state.
    pub(in crate::table) fn is_state(self) -> bool {
        self.0 & Self::STATE != 0
    }

    /// The numbers of the former and the new state, if the connection has another one.
    pub(in crate::table) fn states(self) -> Option<(u8, u8)> {
        let numbers = (
            (self.0 >> Self::FORMER_SHIFT) as u8,
            (self.0 >> Self::NEW_SHIFT) as u8,
        );
        self.is_state().then_some(numbers)
    }

    /// Whether the template has.
    pub(in crate::table) fn is_template(self) -> bool {
        self == Self::TEMPLATE
    }

    /// The packet's number, if it was counted.
    pub(in crate::table) fn packet(self) -> Option<u32> {
        let number = self.0 & 0xff;
        (number != 0).then_some(number)
    }
}

/// What makes the number of a state one that [`Timeouts`] don't know.
const OWN_STATE: u8 = 0x80;

/// The state a packet leads to.
struct Step {
    number: u8,
    is_active: bool,
    is_established: bool,
}
