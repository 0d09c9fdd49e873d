/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers and offloads of tunnels, for tunnel.rs.
 */
#ifndef LVS_HELPERS_TUNNEL_H
#define LVS_HELPERS_TUNNEL_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>

int lvs_skb_prepare_inside_ip(struct sk_buff *skb, bool outer_ipv6, u8 protocol);
int lvs_skb_prepare_inside_gre(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum);
int lvs_skb_prepare_inside_gue(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum, bool remote_checksum);
void lvs_skb_push_gre(struct sk_buff *skb, bool inner_ipv6, bool checksum);
__be16 lvs_skb_flow_port(struct net *net, struct sk_buff *skb);
bool lvs_skb_leave_checksum(struct sk_buff *skb, u16 *start, u16 *at);
void lvs_skb_push_udp(struct sk_buff *skb, __be16 source, __be16 dest);
void lvs_skb_udp_checksum4(struct sk_buff *skb, bool none, __be32 source, __be32 dest);
void lvs_skb_udp_checksum6(struct sk_buff *skb, bool none, const struct in6_addr *source, const struct in6_addr *dest);
bool lvs_skb_is_ipv6(const struct sk_buff *skb);
void lvs_skb_set_ipv4(struct sk_buff *skb);
void lvs_skb_set_ipv6(struct sk_buff *skb);
const struct net_device *lvs_dst_address_device6(const struct dst_entry *dst);
void lvs_update_pmtu6(struct sk_buff *skb, struct net *net, u32 mtu);

#endif
