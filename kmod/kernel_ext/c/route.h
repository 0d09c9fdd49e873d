/* SPDX-License-Identifier: GPL-2.0 */
/* Routes to servers and of replies, for net/route.rs and net/address.rs: see route.c, reroute.c. */
#ifndef LVS_ROUTE_H
#define LVS_ROUTE_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/route.h>

/* route.c */
struct rtable *lvs_route_output4(struct net *net, __be32 daddr, __be32 saddr, bool known_nexthop,
				 __be32 *used_saddr);
struct dst_entry *lvs_route_output6(struct net *net, const struct in6_addr *daddr,
				    bool known_nexthop, struct in6_addr *source, u32 *cookie);
bool lvs_addr_is_local6(struct net *net, const struct in6_addr *addr);
bool lvs_dst_stale4(const struct net *net, const struct dst_entry *dst);
bool lvs_dst_next_hop4(const struct dst_entry *dst, __be32 daddr, struct in6_addr *hop);
void lvs_dst_next_hop6(const struct dst_entry *dst, const struct in6_addr *daddr,
		       struct in6_addr *hop);
void lvs_skb_dst_set_noref(struct sk_buff *skb, struct dst_entry *dst);
void lvs_skb_dst_set_ref(struct sk_buff *skb, struct dst_entry *dst);
void lvs_skb_link_failure(struct sk_buff *skb);
void lvs_skb_update_pmtu_local(struct sk_buff *skb, u32 mtu);

/* reroute.c */
int lvs_route_me_harder4(struct net *net, struct sk_buff *skb);
int lvs_route_me_harder6(struct net *net, struct sk_buff *skb);
bool lvs_has_common_route4(const struct net *net, const struct sk_buff *skb);
bool lvs_has_common_route6(const struct net *net, const struct sk_buff *skb);
bool lvs_dst_share(struct dst_entry *dst, u8 family, u32 *cookie);

#endif
