// SPDX-License-Identifier: GPL-2.0

//! Trace events, which `perf`, `bpftrace` and `trace-cmd` show.
//!
//! One that nobody traces costs an instruction that does nothing, which the kernel replaces by a
//! jump while somebody does; `state`, on the way of established packets, costs nothing, since it
//! stands behind a question that packets which change something ask anyway: [`are_news_wanted`].
//! What an event tells is put together only while it is traced.
//!
//! Relies on: tracers may be called in any context in which packets are met, and copy what they
//! are given; the kernel takes its probes back before the module goes.
//!
//! A breach would be noticed by: `test-trace`.

use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{
    AtomicI32,
    Ordering, //
};

use lvs_engine::addr::{
    Addr,
    Family, //
};

use super::bindings;

/// One end of a flow.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// Its family.
    pub(crate) family: Family,
    /// Its address.
    pub(crate) addr: Addr,
    /// Its port, host order; 0 where there is none.
    pub(crate) port: u16,
}

impl End {
    fn for_c(&self) -> bindings::lvs_trace_end {
        bindings::lvs_trace_end {
            addr: self.addr.0,
            port: self.port,
            family: self.family.number(),
        }
    }
}

/// What an event is about.
pub(crate) struct Ends {
    /// The number of the network namespace.
    pub(crate) netns: u32,
    /// IP protocol.
    pub(crate) protocol: u8,
    /// The client; of a dropped packet its source.
    pub(crate) client: End,
    /// The virtual end; of a dropped packet its destination.
    pub(crate) service: End,
    /// The server; the unspecified address where there is none.
    pub(crate) server: End,
}

impl Ends {
    fn for_c(&self) -> bindings::lvs_trace_flow {
        bindings::lvs_trace_flow {
            netns: self.netns,
            protocol: self.protocol,
            client: self.client.for_c(),
            service: self.service.for_c(),
            server: self.server.for_c(),
        }
    }
}

/// A word for C, as long as the text is borrowed.
struct Word<'a>(bindings::lvs_trace_word, PhantomData<&'a str>);

impl<'a> Word<'a> {
    fn new(text: &'a str) -> Self {
        let word = bindings::lvs_trace_word {
            text: text.as_ptr().cast(),
            len: text.len(),
        };
        Self(word, PhantomData)
    }

    fn as_ptr(&self) -> *const bindings::lvs_trace_word {
        ptr::from_ref(&self.0)
    }
}

/// Whether somebody traces the event with this tracepoint, or by this function of C.
macro_rules! is_traced {
    ($tracepoint:ident, $ask:ident) => {{
        #[cfg(all(CONFIG_TRACEPOINTS, CONFIG_JUMP_LABEL))]
        {
            // SAFETY: The key of a tracepoint that C defines.
            unsafe {
                kernel::jump_label::arch_static_branch! {
                    bindings::$tracepoint, bindings::tracepoint, key, false
                }
            }
        }
        #[cfg(not(all(CONFIG_TRACEPOINTS, CONFIG_JUMP_LABEL)))]
        {
            // SAFETY: Reads a counter.
            unsafe { bindings::$ask() }
        }
    }};
}

/// What is rarely done, out of the way of what is done always.
#[cold]
#[inline(never)]
fn rarely(tell: impl FnOnce()) {
    tell();
}

/// A choice of a server.
pub(crate) struct Schedule {
    pub(crate) ends: Ends,
    /// What chose it.
    pub(crate) by: &'static str,
    /// The firewall mark of the service, or 0.
    pub(crate) fwmark: u32,
}

/// Tells of a choice. Any context; doesn't sleep. So do all that follow.
#[inline(always)]
pub(crate) fn schedule(describe: impl FnOnce() -> Schedule) {
    if is_traced!(__tracepoint_schedule, lvs_traces_schedule) {
        rarely(|| {
            let Schedule { ends, by, fwmark } = describe();
            let (flow, by) = (ends.for_c(), Word::new(by));
            // SAFETY: What is pointed to lives for the call, which copies it.
            unsafe { bindings::lvs_trace_schedule(&flow, by.as_ptr(), fwmark) };
        });
    }
}

/// A dropped packet.
pub(crate) struct Dropped {
    pub(crate) ends: Ends,
    pub(crate) reason: &'static str,
    /// Its bytes.
    pub(crate) len: u32,
}

/// Tells of a dropped packet.
#[inline(always)]
pub(crate) fn dropped(describe: impl FnOnce() -> Dropped) {
    if is_traced!(__tracepoint_drop, lvs_traces_drop) {
        rarely(|| {
            let Dropped { ends, reason, len } = describe();
            let (flow, reason) = (ends.for_c(), Word::new(reason));
            // SAFETY: As for `schedule`.
            unsafe { bindings::lvs_trace_drop(&flow, reason.as_ptr(), len) };
        });
    }
}

/// An entry that begins.
pub(crate) struct ConnNew {
    pub(crate) ends: Ends,
    /// What it is.
    pub(crate) kind: &'static str,
    /// How packets reach the server.
    pub(crate) method: &'static str,
}

/// Tells of an entry that begins.
#[inline(always)]
pub(crate) fn conn_new(describe: impl FnOnce() -> ConnNew) {
    if is_traced!(__tracepoint_conn_new, lvs_traces_conn_new) {
        rarely(|| {
            let ConnNew { ends, kind, method } = describe();
            let (flow, kind, method) = (ends.for_c(), Word::new(kind), Word::new(method));
            // SAFETY: As for `schedule`.
            unsafe { bindings::lvs_trace_conn_new(&flow, kind.as_ptr(), method.as_ptr()) };
        });
    }
}

/// An entry that ends.
pub(crate) struct ConnEnd {
    pub(crate) ends: Ends,
    /// Why it ends.
    pub(crate) cause: &'static str,
    /// Its last state.
    pub(crate) state: &'static str,
    /// How many seconds it lived.
    pub(crate) age: u32,
}

/// Tells of an entry that ends.
#[inline(always)]
pub(crate) fn conn_end(describe: impl FnOnce() -> ConnEnd) {
    if is_traced!(__tracepoint_conn_end, lvs_traces_conn_end) {
        rarely(|| {
            let ConnEnd {
                ends,
                cause,
                state,
                age,
            } = describe();
            let (flow, cause, state) = (ends.for_c(), Word::new(cause), Word::new(state));
            // SAFETY: As for `schedule`.
            unsafe { bindings::lvs_trace_conn_end(&flow, cause.as_ptr(), state.as_ptr(), age) };
        });
    }
}

/// A change of a connection's state.
pub(crate) struct StateChange {
    pub(crate) ends: Ends,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

/// Tells of a change of a state. Where packets pass it is asked first whether
/// [news are wanted](are_news_wanted).
pub(crate) fn state(describe: impl FnOnce() -> StateChange) {
    // SAFETY: Reads a counter.
    if unsafe { bindings::lvs_traces_state() } {
        let StateChange { ends, from, to } = describe();
        let (flow, from, to) = (ends.for_c(), Word::new(from), Word::new(to));
        // SAFETY: As for `schedule`.
        unsafe { bindings::lvs_trace_state(&flow, from.as_ptr(), to.as_ptr()) };
    }
}

/// How many read news.
#[inline(always)]
fn news_readers() -> &'static AtomicI32 {
    // SAFETY: It is there as long as the module, whose code this is, and is used atomically by C as
    // well.
    unsafe { AtomicI32::from_ptr((&raw mut bindings::lvs_news_readers.counter).cast()) }
}

/// Whether anybody wants to hear of what packets change about connections: a tracer of `state`, or
/// whoever has a [`NewsReader`], in whichever namespace. One word for all, since it is asked where
/// every instruction counts.
#[inline(always)]
pub(crate) fn are_news_wanted() -> bool {
    news_readers().load(Ordering::Relaxed) != 0
}

/// Somebody who reads news.
///
/// # Invariants
///
/// It is counted.
pub(crate) struct NewsReader(());

impl NewsReader {
    /// Counts one more.
    pub(crate) fn new() -> Self {
        news_readers().fetch_add(1, Ordering::Relaxed);
        // INVARIANT: Counted just now.
        Self(())
    }
}

impl Drop for NewsReader {
    fn drop(&mut self) {
        news_readers().fetch_sub(1, Ordering::Relaxed);
    }
}
