/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tracers see. Names and fields are documented in docs/howto/trace.md, and stay.
 *
 * An end (of client, service and server, or source and destination) is four fields: a socket
 * address, by which it is printed; the address alone, an IPv4 one mapped, for bpftrace's ntop; and
 * two numbers that the kernel's filters compare: the address, of IPv6 its last 8 bytes, and the
 * port.
 *
 * Not called trace_events.h, which is a header of the kernel's that this one would be taken for.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lvs

#if !defined(LVS_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define LVS_EVENTS_H

#include <linux/in6.h>
#include <linux/tracepoint.h>

#include "trace.h"

#ifndef LVS_EVENTS_ONCE
#define LVS_EVENTS_ONCE

/* Bytes of words, with the end. */
#define LVS_WORD 20

#define LVS_END_FIELDS(name)						\
	__array(__u8, name, sizeof(struct sockaddr_in6))		\
	__array(__u8, name##_addr, sizeof(struct in6_addr))		\
	__field(__u64, name##_low)					\
	__field(__u16, name##_port)

#define LVS_END_ASSIGN(name, end)					\
	lvs_trace_end(__entry->name, __entry->name##_addr,		\
		      &__entry->name##_low, &__entry->name##_port, end)

#define LVS_PROTOCOL(number)						\
	__print_symbolic(number, { 0, "IP" }, { 6, "TCP" },		\
			 { 17, "UDP" }, { 50, "ESP" }, { 51, "AH" },	\
			 { 1, "ICMP" }, { 58, "ICMPv6" },		\
			 { 132, "SCTP" })

#define LVS_FLOW_FIELDS							\
	LVS_END_FIELDS(client)						\
	LVS_END_FIELDS(service)						\
	LVS_END_FIELDS(server)						\
	__field(__u32, netns)						\
	__field(__u16, family)						\
	__field(__u8, protocol)

#define LVS_FLOW_ASSIGN							\
	LVS_END_ASSIGN(client, &flow->client);				\
	LVS_END_ASSIGN(service, &flow->service);			\
	LVS_END_ASSIGN(server, &flow->server);				\
	__entry->netns = flow->netns;					\
	__entry->family = flow->client.family;				\
	__entry->protocol = flow->protocol

#define LVS_FLOW_FORMAT "%s client=%pISpc service=%pISpc server=%pISpc"
#define LVS_FLOW_VALUES							\
	LVS_PROTOCOL(__entry->protocol), __entry->client,		\
	__entry->service, __entry->server
#endif

/* A server was chosen for a connection to be, or none was found. */
TRACE_EVENT(schedule,
	TP_PROTO(const struct lvs_trace_flow *flow, const struct lvs_trace_word *by, u32 fwmark),
	TP_ARGS(flow, by, fwmark),
	TP_STRUCT__entry(
		LVS_FLOW_FIELDS
		__array(char, by, LVS_WORD)
		__field(__u32, fwmark)
	),
	TP_fast_assign(
		LVS_FLOW_ASSIGN;
		lvs_trace_word(__entry->by, by);
		__entry->fwmark = fwmark;
	),
	TP_printk(LVS_FLOW_FORMAT " by=%s fwmark=%u netns=%u", LVS_FLOW_VALUES,
		  __entry->by, __entry->fwmark, __entry->netns)
);

/* An entry came into the table, or a connection of one packet began. */
TRACE_EVENT(conn_new,
	TP_PROTO(const struct lvs_trace_flow *flow, const struct lvs_trace_word *kind,
		 const struct lvs_trace_word *method),
	TP_ARGS(flow, kind, method),
	TP_STRUCT__entry(
		LVS_FLOW_FIELDS
		__array(char, kind, LVS_WORD)
		__array(char, method, LVS_WORD)
	),
	TP_fast_assign(
		LVS_FLOW_ASSIGN;
		lvs_trace_word(__entry->kind, kind);
		lvs_trace_word(__entry->method, method);
	),
	TP_printk(LVS_FLOW_FORMAT " kind=%s method=%s netns=%u", LVS_FLOW_VALUES,
		  __entry->kind, __entry->method, __entry->netns)
);

/* An entry left the table, or a connection of one packet ended. */
TRACE_EVENT(conn_end,
	TP_PROTO(const struct lvs_trace_flow *flow, const struct lvs_trace_word *cause,
		 const struct lvs_trace_word *state, u32 age),
	TP_ARGS(flow, cause, state, age),
	TP_STRUCT__entry(
		LVS_FLOW_FIELDS
		__array(char, cause, LVS_WORD)
		__array(char, state, LVS_WORD)
		__field(__u32, age)
	),
	TP_fast_assign(
		LVS_FLOW_ASSIGN;
		lvs_trace_word(__entry->cause, cause);
		lvs_trace_word(__entry->state, state);
		__entry->age = age;
	),
	TP_printk(LVS_FLOW_FORMAT " cause=%s state=%s age=%u netns=%u", LVS_FLOW_VALUES,
		  __entry->cause, __entry->state, __entry->age, __entry->netns)
);

/* A packet brought a connection to another state. */
TRACE_EVENT_FN(state,
	TP_PROTO(const struct lvs_trace_flow *flow, const struct lvs_trace_word *from,
		 const struct lvs_trace_word *to),
	TP_ARGS(flow, from, to),
	TP_STRUCT__entry(
		LVS_FLOW_FIELDS
		__array(char, from, LVS_WORD)
		__array(char, to, LVS_WORD)
	),
	TP_fast_assign(
		LVS_FLOW_ASSIGN;
		lvs_trace_word(__entry->from, from);
		lvs_trace_word(__entry->to, to);
	),
	TP_printk(LVS_FLOW_FORMAT " from=%s to=%s netns=%u", LVS_FLOW_VALUES,
		  __entry->from, __entry->to, __entry->netns),
	lvs_state_begins,
	lvs_state_ends
);

/* A packet was dropped. It may be translated or wrapped already. */
TRACE_EVENT(drop,
	TP_PROTO(const struct lvs_trace_flow *flow, const struct lvs_trace_word *reason, u32 len),
	TP_ARGS(flow, reason, len),
	TP_STRUCT__entry(
		LVS_END_FIELDS(source)
		LVS_END_FIELDS(destination)
		__array(char, reason, LVS_WORD)
		__field(__u32, netns)
		__field(__u32, len)
		__field(__u16, family)
		__field(__u8, protocol)
	),
	TP_fast_assign(
		LVS_END_ASSIGN(source, &flow->client);
		LVS_END_ASSIGN(destination, &flow->service);
		lvs_trace_word(__entry->reason, reason);
		__entry->netns = flow->netns;
		__entry->len = len;
		__entry->family = flow->client.family;
		__entry->protocol = flow->protocol;
	),
	TP_printk("%s source=%pISpc destination=%pISpc reason=%s len=%u netns=%u",
		  LVS_PROTOCOL(__entry->protocol), __entry->source, __entry->destination,
		  __entry->reason, __entry->len, __entry->netns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE lvs_events
#include <trace/define_trace.h>
