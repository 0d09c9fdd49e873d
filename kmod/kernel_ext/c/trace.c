// SPDX-License-Identifier: GPL-2.0
/* Trace events. In C because the kernel declares them by macros, and what those call is here. */
#include <linux/in.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <net/ipv6.h>

#include "trace.h"

atomic_t lvs_news_readers = ATOMIC_INIT(0);

#ifdef CONFIG_TRACEPOINTS
/* lvs:state is switched on and off; no two of these calls at a time. Process context. */
static int lvs_state_begins(void)
{
	atomic_inc(&lvs_news_readers);
	return 0;
}

static void lvs_state_ends(void)
{
	atomic_dec(&lvs_news_readers);
}

/* A word of the module's own as a string, cut short if it is too long for its field. */
#define lvs_trace_word(field, word)	lvs_copy_word(field, sizeof(field), word)

static void lvs_copy_word(char *to, size_t size, const struct lvs_trace_word *word)
{
	size_t len = min(word->len, size - 1);

	memcpy(to, word->text, len);
	memset(to + len, 0, size - len);
}

/* The fields of an end, all of their bytes: a tracer sees no memory that nobody wrote. */
static void lvs_trace_end(u8 *socket, u8 *addr, u64 *low, u16 *port,
			  const struct lvs_trace_end *end)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct in6_addr mapped;

	*port = end->port;
	if (end->family == AF_INET6) {
		in6.sin6_port = htons(end->port);
		memcpy(&mapped, end->addr, sizeof(mapped));
		in6.sin6_addr = mapped;
		memcpy(socket, &in6, sizeof(in6));
		*low = get_unaligned_be64(&end->addr[2]);
	} else {
		in.sin_port = htons(end->port);
		in.sin_addr.s_addr = end->addr[0];
		memcpy(socket, &in, sizeof(in));
		memset(socket + sizeof(in), 0, sizeof(in6) - sizeof(in));
		*low = be32_to_cpu(end->addr[0]);
		ipv6_addr_set_v4mapped(end->addr[0], &mapped);
	}
	memcpy(addr, &mapped, sizeof(mapped));
}
#endif

#define CREATE_TRACE_POINTS
#include "lvs_events.h"

bool lvs_traces_schedule(void)
{
	return trace_schedule_enabled();
}

bool lvs_traces_drop(void)
{
	return trace_drop_enabled();
}

bool lvs_traces_conn_new(void)
{
	return trace_conn_new_enabled();
}

bool lvs_traces_conn_end(void)
{
	return trace_conn_end_enabled();
}

bool lvs_traces_state(void)
{
	return trace_state_enabled();
}

void lvs_trace_schedule(const struct lvs_trace_flow *flow, const struct lvs_trace_word *by,
			u32 fwmark)
{
	trace_schedule(flow, by, fwmark);
}

void lvs_trace_drop(const struct lvs_trace_flow *flow, const struct lvs_trace_word *reason,
		    u32 len)
{
	trace_drop(flow, reason, len);
}

void lvs_trace_conn_new(const struct lvs_trace_flow *flow, const struct lvs_trace_word *kind,
			const struct lvs_trace_word *method)
{
	trace_conn_new(flow, kind, method);
}

void lvs_trace_conn_end(const struct lvs_trace_flow *flow, const struct lvs_trace_word *cause,
			const struct lvs_trace_word *state, u32 age)
{
	trace_conn_end(flow, cause, state, age);
}

void lvs_trace_state(const struct lvs_trace_flow *flow, const struct lvs_trace_word *from,
		     const struct lvs_trace_word *to)
{
	trace_state(flow, from, to);
}
