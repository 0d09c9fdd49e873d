/* SPDX-License-Identifier: GPL-2.0 */
/* Sending packets and ICMP errors, for net/output.rs: see output.c. */
#ifndef LVS_OUTPUT_H
#define LVS_OUTPUT_H

#include <linux/skbuff.h>
#include <linux/types.h>

void lvs_send4(struct net *net, struct sk_buff *skb, bool tracked);
void lvs_send6(struct net *net, struct sk_buff *skb, bool tracked);
void lvs_icmp_send(struct sk_buff *skb, int type, int code, __be32 info);
void lvs_ip_local_out(struct net *net, struct sk_buff *skb);
void lvs_ip6_local_out(struct net *net, struct sk_buff *skb);
void lvs_icmp6_send(struct net *net, struct sk_buff *skb, u8 type, u8 code, u32 info);
int lvs_defrag6_enable(struct net *net);

#endif
