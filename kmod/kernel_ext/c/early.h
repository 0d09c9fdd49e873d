/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that leave from PRE_ROUTING, for net/early.rs: see early.c. */
#ifndef LVS_EARLY_H
#define LVS_EARLY_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/dst.h>

bool lvs_early_admits(const struct net *net, const struct sk_buff *skb);
struct dst_entry *lvs_early_route4(struct net *net, const struct sk_buff *skb, __be32 source);
struct dst_entry *lvs_early_route6(struct net *net, const struct sk_buff *skb,
				   const struct in6_addr *source);
struct dst_entry *lvs_early_frame_route4(struct net *net, const void *header, __be32 source);
struct dst_entry *lvs_early_frame_route6(struct net *net, const void *header,
					 const struct in6_addr *source);
bool lvs_early_prepare(struct sk_buff *skb, unsigned int len, const struct dst_entry *dst);
void lvs_early_send4(struct net *net, struct sk_buff *skb, struct dst_entry *dst, bool borrowed);
void lvs_early_send6(struct net *net, struct sk_buff *skb, struct dst_entry *dst, bool borrowed);
void lvs_early_send_built4(struct net *net, struct sk_buff *skb);
void lvs_early_send_built6(struct net *net, struct sk_buff *skb);

#endif
