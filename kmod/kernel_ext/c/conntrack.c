// SPDX-License-Identifier: GPL-2.0
/*
 * Connection tracking, for net/conntrack.rs. In C because its functions are looked up by their
 * types, and the layout of its structures depends on how the kernel was configured.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "conntrack.h"

/* Functions of nf_conntrack. Each one holds a reference to the module. */
struct lvs_conntrack {
	typeof(&nf_conntrack_find_get) find_get;
	typeof(&nf_ct_delete) delete;
	typeof(&nf_conntrack_in) in;
	typeof(&nf_ct_tmpl_alloc) alloc_template;
	typeof(&__nf_conntrack_confirm) confirm;
	typeof(&nf_ct_expect_alloc) alloc_expectation;
	typeof(&nf_ct_expect_init) init_expectation;
	typeof(&nf_ct_expect_related_report) expect;
	typeof(&nf_ct_expect_put) put_expectation;
#ifdef CONFIG_NF_CONNTRACK_EVENTS
	typeof(&nf_ct_deliver_cached_events) deliver_events;
#endif
};

/* Looks the functions up, and loads the module for that. Sleeps; NULL when they can't be had. */
struct lvs_conntrack *lvs_conntrack_open(void)
{
	struct lvs_conntrack *calls = kzalloc(sizeof(*calls), GFP_KERNEL);
	bool complete;

	if (!calls)
		return NULL;
	calls->find_get = symbol_request(nf_conntrack_find_get);
	calls->delete = symbol_request(nf_ct_delete);
	calls->in = symbol_request(nf_conntrack_in);
	calls->alloc_template = symbol_request(nf_ct_tmpl_alloc);
	calls->confirm = symbol_request(__nf_conntrack_confirm);
	calls->alloc_expectation = symbol_request(nf_ct_expect_alloc);
	calls->init_expectation = symbol_request(nf_ct_expect_init);
	calls->expect = symbol_request(nf_ct_expect_related_report);
	calls->put_expectation = symbol_request(nf_ct_expect_put);
	complete = calls->find_get && calls->delete && calls->in && calls->alloc_template &&
		   calls->confirm && calls->alloc_expectation && calls->init_expectation &&
		   calls->expect && calls->put_expectation;
#ifdef CONFIG_NF_CONNTRACK_EVENTS
	calls->deliver_events = symbol_request(nf_ct_deliver_cached_events);
	complete = complete && calls->deliver_events;
#endif
	if (complete)
		return calls;
	lvs_conntrack_close(calls);
	return NULL;
}

#define LVS_PUT(calls, member, function)	\
	do {					\
		if ((calls)->member)		\
			symbol_put(function);	\
	} while (0)

void lvs_conntrack_close(struct lvs_conntrack *calls)
{
	LVS_PUT(calls, find_get, nf_conntrack_find_get);
	LVS_PUT(calls, delete, nf_ct_delete);
	LVS_PUT(calls, in, nf_conntrack_in);
	LVS_PUT(calls, alloc_template, nf_ct_tmpl_alloc);
	LVS_PUT(calls, confirm, __nf_conntrack_confirm);
	LVS_PUT(calls, alloc_expectation, nf_ct_expect_alloc);
	LVS_PUT(calls, init_expectation, nf_ct_expect_init);
	LVS_PUT(calls, expect, nf_ct_expect_related_report);
	LVS_PUT(calls, put_expectation, nf_ct_expect_put);
#ifdef CONFIG_NF_CONNTRACK_EVENTS
	LVS_PUT(calls, deliver_events, nf_ct_deliver_cached_events);
#endif
	kfree(calls);
}

/* The tracked connection that this packet begins, while nobody else knows it; else NULL. */
struct nf_conn *lvs_conntrack_first(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	if (!ct || nf_ct_is_template(ct) || nf_ct_is_confirmed(ct) || nf_ct_is_dying(ct) ||
	    CTINFO2DIR(info) != IP_CT_DIR_ORIGINAL)
		return NULL;
	return ct;
}

/* Replies to the connection will come from there. */
void lvs_conntrack_reply_from(struct nf_conn *ct, const struct in6_addr *address, __be16 port)
{
	struct nf_conntrack_tuple tuple = ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	tuple.src.u3.in6 = *address;
	tuple.src.u.all = port;
	nf_conntrack_alter_reply(ct, &tuple);
}

/* Replies to the connection will be sent there. */
void lvs_conntrack_reply_to(struct nf_conn *ct, const struct in6_addr *address, __be16 port)
{
	struct nf_conntrack_tuple tuple = ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	tuple.dst.u3.in6 = *address;
	tuple.dst.u.all = port;
	nf_conntrack_alter_reply(ct, &tuple);
}

/* Numbers that don't fit aren't held against the packets of this TCP connection. */
void lvs_conntrack_be_liberal(struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	if (!ct || nf_ct_protonum(ct) != IPPROTO_TCP)
		return;
	spin_lock_bh(&ct->lock);
	ct->proto.tcp.seen[IP_CT_DIR_ORIGINAL].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	ct->proto.tcp.seen[IP_CT_DIR_REPLY].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	spin_unlock_bh(&ct->lock);
}

/* Enters the packet's connection into the table, as at the end of output. */
unsigned int lvs_conntrack_confirm(const struct lvs_conntrack *calls, struct sk_buff *skb)
{
	struct nf_conn *ct = (struct nf_conn *)skb_nfct(skb);
	unsigned int verdict = NF_ACCEPT;

	if (ct && !nf_ct_is_confirmed(ct) && !nf_ct_is_template(ct))
		verdict = calls->confirm(skb);
#ifdef CONFIG_NF_CONNTRACK_EVENTS
	/* Confirming may have found another one. */
	ct = (struct nf_conn *)skb_nfct(skb);
	if (ct && verdict == NF_ACCEPT && nf_ct_ecache_exist(ct))
		calls->deliver_events(ct);
#endif
	return verdict;
}

/*
 * A connection from any port will belong to the packet's. Only one to which a helper was assigned
 * may have such.
 */
void lvs_conntrack_expect(const struct lvs_conntrack *calls, struct sk_buff *skb, u8 family,
			  u8 protocol, const struct in6_addr *source,
			  const struct in6_addr *destination, __be16 port)
{
	const union nf_inet_addr from = { .in6 = *source }, to = { .in6 = *destination };
	struct nf_conntrack_expect *expectation;
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	if (!ct || !nfct_help(ct))
		return;
	expectation = calls->alloc_expectation(ct);
	if (!expectation)
		return;
	calls->init_expectation(expectation, NF_CT_EXPECT_CLASS_DEFAULT, family, &from, &to,
				protocol, NULL, &port);
	calls->expect(expectation, 0, 0, 0);
	calls->put_expectation(expectation);
}

/*
 * The packet begins a connection: if it was taken for one of the table, that one is over. Tracks
 * the packet anew, in the same zone.
 */
unsigned int lvs_conntrack_renew(const struct lvs_conntrack *calls, struct net *net, u8 family,
				 struct sk_buff *skb)
{
	/* Not PRE_ROUTING's, where the checksum would be looked at once more. */
	const struct nf_hook_state state = { .hook = NF_INET_LOCAL_IN, .pf = family, .net = net };
	enum ip_conntrack_info info;
	struct nf_conn *former = nf_ct_get(skb, &info), *template = NULL;

	if (!former || !nf_ct_is_confirmed(former))
		return NF_ACCEPT;
	if (!nf_ct_zone_equal_any(former, &nf_ct_zone_dflt)) {
		template = calls->alloc_template(net, nf_ct_zone(former), GFP_ATOMIC);
		if (!template)
			return NF_DROP;
	}
	calls->delete(former, 0, 0);
	nf_reset_ct(skb);
	if (template)
		nf_ct_set(skb, template, IP_CT_NEW);
	return calls->in(skb, &state);
}

/* Takes the connection that began so out of the table, if it is there. */
void lvs_conntrack_end(const struct lvs_conntrack *calls, struct net *net, u8 family, u8 protocol,
		       const struct in6_addr *source, __be16 source_port,
		       const struct in6_addr *destination, __be16 destination_port)
{
	struct nf_conntrack_tuple tuple = {
		.src = { .u3.in6 = *source, .u.all = source_port, .l3num = family },
		.dst = { .u3.in6 = *destination, .u.all = destination_port, .protonum = protocol,
			 .dir = IP_CT_DIR_ORIGINAL },
	};
	struct nf_conntrack_tuple_hash *found = calls->find_get(net, &nf_ct_zone_dflt, &tuple);
	struct nf_conn *ct;

	if (!found)
		return;
	ct = nf_ct_tuplehash_to_ctrack(found);
	calls->delete(ct, 0, 0);
	nf_conntrack_put(&ct->ct_general);
}
