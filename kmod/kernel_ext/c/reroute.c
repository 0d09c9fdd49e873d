// SPDX-License-Identifier: GPL-2.0
/*
 * Routing a packet anew as one that this host made, for net/route.rs. In C for the reason route.c
 * gives, and because whether that can be had cheaper depends on how the kernel was configured.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/nexthop.h>
#include <net/route.h>

#include "policy.h"
#include "route.h"

/*
 * Gives the packet the route, and the caller's reference to it; makes room for its device's header.
 */
static int take_route(struct sk_buff *skb, struct dst_entry *dst)
{
	unsigned int header_len = dst->dev->hard_header_len;

	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	if (skb_headroom(skb) >= header_len)
		return 0;
	return pskb_expand_head(skb, HH_DATA_ALIGN(header_len - skb_headroom(skb)), 0, GFP_ATOMIC);
}

int lvs_route_me_harder4(struct net *net, struct sk_buff *skb)
{
	const struct iphdr *header = ip_hdr(skb);
	struct flow_keys keys;
	struct rtable *route;
	struct flowi4 flow;

	if (skb->sk || !lvs_no_output_policy(net))
		return ip_route_me_harder(net, skb->sk, skb, RTN_LOCAL);
	flow = (struct flowi4) {
		.daddr = header->daddr,
		.saddr = header->saddr,
		.flowi4_dscp = ip4h_dscp(header),
		.flowi4_l3mdev = l3mdev_master_ifindex(skb_dst(skb)->dev),
		.flowi4_mark = skb->mark,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	fib4_rules_early_flow_dissect(net, skb, &flow, &keys);
	route = __ip_route_output_key(net, &flow);
	return IS_ERR(route) ? PTR_ERR(route) : take_route(skb, &route->dst);
}

int lvs_route_me_harder6(struct net *net, struct sk_buff *skb)
{
	const struct ipv6hdr *header = ipv6_hdr(skb);
	struct dst_entry *dst;
	struct flow_keys keys;
	struct flowi6 flow;
	int err;

	/* The interface matters for addresses of one link. */
	if (skb->sk || !lvs_no_output_policy(net) ||
	    ipv6_addr_type(&header->daddr) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL))
		return ip6_route_me_harder(net, skb->sk, skb);
	flow = (struct flowi6) {
		.daddr = header->daddr,
		.saddr = header->saddr,
		.flowlabel = ip6_flowinfo(header),
		.flowi6_l3mdev = l3mdev_master_ifindex(skb_dst(skb)->dev),
		.flowi6_mark = skb->mark,
		.flowi6_uid = sock_net_uid(net, NULL),
	};
	fib6_rules_early_flow_dissect(net, skb, &flow, &keys);
	dst = ip6_route_output(net, NULL, &flow);
	err = dst->error;
	if (!err)
		return take_route(skb, dst);
	dst_release(dst);
	return err;
}

/*
 * Whether a packet's route depends on its addresses and class of traffic alone. Virtual routing
 * domains are rules, too; several next hops of a destination are chosen among by more, if the
 * administrator wants that.
 */
bool lvs_has_common_route4(const struct net *net, const struct sk_buff *skb)
{
#ifdef CONFIG_IP_ROUTE_MULTIPATH
	if (READ_ONCE(net->ipv4.sysctl_fib_multipath_hash_policy))
		return false;
#endif
	return !skb->sk && !fib4_has_custom_rules(net) && lvs_no_output_policy(net);
}

/* The interface matters for addresses of one link. */
bool lvs_has_common_route6(const struct net *net, const struct sk_buff *skb)
{
	return !skb->sk && !fib6_has_custom_rules(net) && lvs_no_output_policy(net) &&
	       !(ipv6_addr_type(&ipv6_hdr(skb)->daddr) &
		 (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL));
}

/*
 * Takes another reference to a route of `family` that only addresses and class of traffic decided
 * about. A bridge's own and a tunnel's metadata are no routes. One of several ways to an IPv6
 * destination was chosen by the flow label, too.
 */
bool lvs_dst_share(struct dst_entry *dst, u8 family, u32 *cookie)
{
	struct fib6_info *from;

	if (dst->flags & (DST_METADATA | DST_FAKE_RTABLE) || dst->ops->family != family)
		return false;
	if (family == AF_INET6) {
		from = rcu_dereference(dst_rt6_info(dst)->from);
		if (!from || from->fib6_nsiblings || (from->nh && nexthop_is_multipath(from->nh)))
			return false;
		*cookie = rt6_get_cookie(dst_rt6_info(dst));
	}
	return dst_hold_safe(dst);
}
