/* SPDX-License-Identifier: GPL-2.0 */
/* Trace events, for Rust: see trace.c and, for what each event has, lvs_events.h. */
#ifndef LVS_TRACE_H
#define LVS_TRACE_H

#include <linux/atomic.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>

/* One end of a flow: an IPv4 address is the first word. */
struct lvs_trace_end {
	__be32 addr[4];
	/* Host order. */
	u16 port;
	/* AF_INET or AF_INET6. */
	u16 family;
};

/* What an event is about. */
struct lvs_trace_flow {
	/* The number of the network namespace, as /proc/PID/ns/net has it. */
	u32 netns;
	u8 protocol;
	struct lvs_trace_end client;
	struct lvs_trace_end service;
	struct lvs_trace_end server;
};

/* A word, not terminated. */
struct lvs_trace_word {
	const char *text;
	size_t len;
};

#ifdef CONFIG_TRACEPOINTS
extern struct tracepoint __tracepoint_schedule;
extern struct tracepoint __tracepoint_drop;
extern struct tracepoint __tracepoint_conn_new;
extern struct tracepoint __tracepoint_conn_end;
#endif

/* How many hear of connections that packets change: masters, and lvs:state if it is on. */
extern atomic_t lvs_news_readers;

/* Whether somebody traces these, where that isn't known by patched code. */
bool lvs_traces_schedule(void);
bool lvs_traces_drop(void);
bool lvs_traces_conn_new(void);
bool lvs_traces_conn_end(void);
bool lvs_traces_state(void);

/* Nothing of these sleeps, and no pointer is kept. */
void lvs_trace_schedule(const struct lvs_trace_flow *flow, const struct lvs_trace_word *by,
			u32 fwmark);
void lvs_trace_drop(const struct lvs_trace_flow *flow, const struct lvs_trace_word *reason,
		    u32 len);
void lvs_trace_conn_new(const struct lvs_trace_flow *flow, const struct lvs_trace_word *kind,
			const struct lvs_trace_word *method);
void lvs_trace_conn_end(const struct lvs_trace_flow *flow, const struct lvs_trace_word *cause,
			const struct lvs_trace_word *state, u32 age);
void lvs_trace_state(const struct lvs_trace_flow *flow, const struct lvs_trace_word *from,
		     const struct lvs_trace_word *to);

#endif
