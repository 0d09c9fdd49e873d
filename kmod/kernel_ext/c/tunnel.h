/* SPDX-License-Identifier: GPL-2.0 */
/* Headers and offloads of tunnels, for net/tunnel.rs: see tunnel.c. */
#ifndef LVS_TUNNEL_H
#define LVS_TUNNEL_H

#include <linux/skbuff.h>
#include <linux/types.h>

int lvs_skb_prepare_inside_ip(struct sk_buff *skb, bool outer_ipv6, u8 protocol);
int lvs_skb_prepare_inside_gre(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum);
int lvs_skb_prepare_inside_gue(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum,
			       bool remote_checksum);
void lvs_skb_push_gre(struct sk_buff *skb, bool inner_ipv6, bool checksum);
bool lvs_skb_leave_checksum(struct sk_buff *skb, u16 *start, u16 *at);
void lvs_skb_push_udp(struct sk_buff *skb, __be16 source, __be16 dest);

void lvs_skb_become(struct sk_buff *skb, bool ipv6, int transport);

#endif
