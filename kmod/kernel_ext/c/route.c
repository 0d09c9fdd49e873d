// SPDX-License-Identifier: GPL-2.0
/*
 * Routes to servers, for net/route.rs and net/address.rs. Here and not in Rust is what fills in a
 * flow's key, which is a union of bit fields, and what looks through a route by its kind.
 */
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/sock.h>

#include "route.h"

struct rtable *lvs_route_output4(struct net *net, __be32 daddr, __be32 saddr, bool known_nexthop,
				 __be32 *used_saddr)
{
	struct flowi4 flow = {
		.daddr = daddr,
		.saddr = saddr,
		.flowi4_flags = known_nexthop ? FLOWI_FLAG_KNOWN_NH : 0,
	};
	struct rtable *route = ip_route_output_key(net, &flow);

	*used_saddr = flow.saddr;
	return route;
}

struct dst_entry *lvs_route_output6(struct net *net, const struct in6_addr *daddr,
				    bool known_nexthop, struct in6_addr *source, u32 *cookie)
{
	struct flowi6 flow = {
		.daddr = *daddr,
		.flowi6_flags = known_nexthop ? FLOWI_FLAG_KNOWN_NH : 0,
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &flow);
	int err = dst->error;

	if (!err && source && ipv6_addr_any(&flow.saddr))
		err = ipv6_dev_get_saddr(net, ip6_dst_idev(dst)->dev, &flow.daddr, 0, &flow.saddr);
	if (err) {
		dst_release(dst);
		return ERR_PTR(err);
	}
	if (source)
		*source = flow.saddr;
	*cookie = rt6_get_cookie(dst_rt6_info(dst));
	return dst;
}

bool lvs_addr_is_local6(struct net *net, const struct in6_addr *addr)
{
	struct flowi6 flow = { .daddr = *addr };
	struct dst_entry *dst = ip6_route_output(net, NULL, &flow);
	bool local = !dst->error && dst->dev && (dst->dev->flags & IFF_LOOPBACK);

	dst_release(dst);
	return local;
}

/* What the check of IPv4's routes does, without the indirect call. */
bool lvs_dst_stale4(const struct net *net, const struct dst_entry *dst)
{
	return READ_ONCE(dst->obsolete) != DST_OBSOLETE_FORCE_CHK ||
	       dst_rtable(dst)->rt_genid != rt_genid_ipv4(net);
}

/*
 * The neighbour to whom packets to daddr go: into the first word of hop if it has an IPv4 address,
 * else false, and into all of hop.
 */
bool lvs_dst_next_hop4(const struct dst_entry *dst, __be32 daddr, struct in6_addr *hop)
{
	const struct rtable *route = dst_rtable(dst);

	if (route->rt_gw_family == AF_INET6) {
		*hop = route->rt_gw6;
		return false;
	}
	hop->s6_addr32[0] = route->rt_gw_family == AF_INET ? route->rt_gw4 : daddr;
	return true;
}

void lvs_dst_next_hop6(const struct dst_entry *dst, const struct in6_addr *daddr,
		       struct in6_addr *hop)
{
	*hop = *rt6_nexthop(dst_rt6_info(dst), daddr);
}

void lvs_skb_dst_set_noref(struct sk_buff *skb, struct dst_entry *dst)
{
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
}

void lvs_skb_dst_set_ref(struct sk_buff *skb, struct dst_entry *dst)
{
	dst_hold(dst);
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
}

void lvs_skb_link_failure(struct sk_buff *skb)
{
	if (!skb->dev)
		skb->dev = skb_dst(skb)->dev;
	dst_link_failure(skb);
}

/* A local sender whose packet is to be tunnelled learns the smaller MTU through its route. */
void lvs_skb_update_pmtu_local(struct sk_buff *skb, u32 mtu)
{
	struct sock *sk = skb->sk;

	if (!skb->dev && sk && sk_fullsock(sk))
		skb_dst(skb)->ops->update_pmtu(skb_dst(skb), sk, NULL, mtu, true);
}
