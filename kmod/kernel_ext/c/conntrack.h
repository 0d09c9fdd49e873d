/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connection tracking, for net/conntrack.rs: see conntrack.c. Nothing is linked to the module of
 * connection tracking, which need not be there: what is called of it is looked up when somebody
 * wants connections tracked.
 */
#ifndef LVS_CONNTRACK_H
#define LVS_CONNTRACK_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct lvs_conntrack;
struct nf_conn;

struct lvs_conntrack *lvs_conntrack_open(void);
void lvs_conntrack_close(struct lvs_conntrack *calls);

struct nf_conn *lvs_conntrack_first(const struct sk_buff *skb);
void lvs_conntrack_reply_from(struct nf_conn *ct, const struct in6_addr *address, __be16 port);
void lvs_conntrack_reply_to(struct nf_conn *ct, const struct in6_addr *address, __be16 port);
void lvs_conntrack_be_liberal(struct sk_buff *skb);
unsigned int lvs_conntrack_confirm(const struct lvs_conntrack *calls, struct sk_buff *skb);
void lvs_conntrack_expect(const struct lvs_conntrack *calls, struct sk_buff *skb, u8 family,
			  u8 protocol, const struct in6_addr *source,
			  const struct in6_addr *destination, __be16 port);
unsigned int lvs_conntrack_renew(const struct lvs_conntrack *calls, struct net *net, u8 family,
				 struct sk_buff *skb);
void lvs_conntrack_end(const struct lvs_conntrack *calls, struct net *net, u8 family, u8 protocol,
		       const struct in6_addr *source, __be16 source_port,
		       const struct in6_addr *destination, __be16 destination_port);

#endif
