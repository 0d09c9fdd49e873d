/* SPDX-License-Identifier: GPL-2.0 */
/* A packet's buffer, for net/packet.rs: see packet.c. */
#ifndef LVS_PACKET_H
#define LVS_PACKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

bool lvs_skb_prepare(struct sk_buff *skb, unsigned int len, unsigned int headroom);
void lvs_skb_orphan(struct sk_buff *skb);
void lvs_skb_pass_on(struct sk_buff *skb, bool tracked);
bool lvs_skb_nodefrag(const struct sk_buff *skb);
int lvs_ip_defrag(struct net *net, struct sk_buff *skb, unsigned int hook);
int lvs_skb_resize(struct sk_buff *skb, unsigned int len);
void lvs_skb_push_outer(struct sk_buff *skb, const void *header, unsigned int len);
bool lvs_skb_strip(struct sk_buff *skb, unsigned int len);
struct sk_buff *lvs_skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom);
bool lvs_skb_exceeds_mtu6(const struct sk_buff *skb, unsigned int mtu);

#endif
