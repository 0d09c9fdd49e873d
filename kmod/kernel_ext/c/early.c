// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that leave from PRE_ROUTING, for net/early.rs. In C because it asks and does at once what
 * would be a dozen calls from Rust, on the shortest way a packet has: bit fields of the packet, the
 * route by its kind, the neighbour.
 */
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "early.h"
#include "packet.h"
#include "policy.h"

/*
 * Whether a packet at PRE_ROUTING is a plain one: for this host on the link, neither routed nor
 * claimed by a socket yet, through no virtual routing domain, not merged by the device beyond
 * repair, and no IPsec policy has a say.
 */
bool lvs_early_admits(const struct net *net, const struct sk_buff *skb)
{
#ifdef CONFIG_XFRM
	if (net->xfrm.policy_count[XFRM_POLICY_IN] || net->xfrm.policy_count[XFRM_POLICY_FWD] ||
	    net->xfrm.policy_default[XFRM_POLICY_FWD] != XFRM_USERPOLICY_ACCEPT)
		return false;
#endif
	if (!lvs_no_output_policy(net))
		return false;
	if (skb->data_len && skb_shinfo(skb)->gso_size && !skb_shinfo(skb)->gso_type)
		return false;
	/* What netfilter reassembled is to be cut again. */
	if (skb->protocol == htons(ETH_P_IPV6) && IP6CB(skb)->frag_max_size)
		return false;
	return skb->pkt_type == PACKET_HOST && !skb->_skb_refdst && !skb->sk &&
	       !netif_is_l3_slave(skb->dev);
}

/* Whether the packet, or each segment it will be cut into, may take the route as long as it is. */
static bool fits(const struct sk_buff *skb, const struct dst_entry *dst)
{
	unsigned int mtu = dst_mtu(dst);

	return skb->len <= mtu || (skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/*
 * The route of a packet with this header as if this host had sent it from `source`, with a
 * reference; NULL for any that isn't plain.
 */
static struct dst_entry *plain_route4(struct net *net, const struct iphdr *header, __be32 source,
				      u32 mark)
{
	struct flowi4 flow = {
		.daddr = header->daddr,
		.saddr = source,
		.flowi4_dscp = ip4h_dscp(header),
		.flowi4_mark = mark,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *route = __ip_route_output_key(net, &flow);

	if (IS_ERR(route))
		return NULL;
	if (route->dst.output == ip_output && route->rt_type == RTN_UNICAST)
		return &route->dst;
	ip_rt_put(route);
	return NULL;
}

static struct dst_entry *plain_route6(struct net *net, const struct ipv6hdr *header,
				      const struct in6_addr *source, u32 mark)
{
	struct flowi6 flow = {
		.daddr = header->daddr,
		.saddr = *source,
		.flowlabel = ip6_flowinfo(header),
		.flowi6_mark = mark,
	};
	struct dst_entry *dst;

	/* The interface matters then. */
	if (ipv6_addr_type(&header->daddr) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL))
		return NULL;
	dst = ip6_route_output(net, NULL, &flow);
	if (!dst->error && dst->output == ip6_output && !(dst->dev->flags & IFF_LOOPBACK))
		return dst;
	dst_release(dst);
	return NULL;
}

/* The route if the packet fits it; else gives it up. */
static struct dst_entry *if_fits(const struct sk_buff *skb, struct dst_entry *dst)
{
	if (!dst || fits(skb, dst))
		return dst;
	dst_release(dst);
	return NULL;
}

/*
 * The route of a translated reply, with a reference; NULL for any that isn't plain, or that the
 * packet doesn't fit.
 */
struct dst_entry *lvs_early_route4(struct net *net, const struct sk_buff *skb, __be32 source)
{
	return if_fits(skb, plain_route4(net, ip_hdr(skb), source, skb->mark));
}

/*
 * The route of a translated IPv6 reply, with a reference; NULL for any that isn't plain, or that
 * the packet doesn't fit.
 */
struct dst_entry *lvs_early_route6(struct net *net, const struct sk_buff *skb,
				   const struct in6_addr *source)
{
	if (IP6CB(skb)->frag_max_size)
		return NULL;
	return if_fits(skb, plain_route6(net, ipv6_hdr(skb), source, skb->mark));
}

/* The same for what nobody made a packet of: whether it fits is still to be asked. */
struct dst_entry *lvs_early_frame_route4(struct net *net, const void *header, __be32 source)
{
	return plain_route4(net, header, source, 0);
}

struct dst_entry *lvs_early_frame_route6(struct net *net, const void *header,
					 const struct in6_addr *source)
{
	return plain_route6(net, header, source, 0);
}

/* Makes `len` bytes linear and private, with room for the route's device in front. */
bool lvs_early_prepare(struct sk_buff *skb, unsigned int len, const struct dst_entry *dst)
{
	return pskb_may_pull(skb, len) && !skb_cow(skb, LL_RESERVED_SPACE(dst->dev));
}

static void leave(struct sk_buff *skb)
{
	skb->dev = skb_dst(skb)->dev;
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
}

/* To the neighbour that the packet's route names, as the end of output does. */
static void send4(struct net *net, struct sk_buff *skb)
{
	struct rtable *route = dst_rtable(skb_dst(skb));
	struct neighbour *neighbour;
	bool is_v6gw = false;

	leave(skb);
	IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, skb->len);
	neighbour = ip_neigh_for_gw(route, skb, &is_v6gw);
	if (IS_ERR(neighbour))
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
	else
		neigh_output(neighbour, skb, is_v6gw);
}

static void send6(struct net *net, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);
	struct neighbour *neighbour;

	leave(skb);
	IP6_UPD_PO_STATS(net, ip6_dst_idev(dst), IPSTATS_MIB_OUT, skb->len);
	neighbour = ip_neigh_gw6(dst->dev, rt6_nexthop(dst_rt6_info(dst), &ipv6_hdr(skb)->daddr));
	if (IS_ERR(neighbour))
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
	else
		neigh_output(neighbour, skb, false);
}

/* Sends a packet that was just put into another one, whose header lacks its length and checksum. */
void lvs_early_send_built4(struct net *net, struct sk_buff *skb)
{
	struct iphdr *header = ip_hdr(skb);

	skb->protocol = htons(ETH_P_IP);
	iph_set_totlen(header, skb->len);
	ip_send_check(header);
	send4(net, skb);
}

void lvs_early_send_built6(struct net *net, struct sk_buff *skb)
{
	skb->protocol = htons(ETH_P_IPV6);
	ipv6_set_payload_len(ipv6_hdr(skb), skb->len - sizeof(struct ipv6hdr));
	send6(net, skb);
}

/* Gives the packet the route: borrowed, or with the reference that the caller has to it. */
static void give(struct sk_buff *skb, struct dst_entry *dst, bool borrowed)
{
	skb_dst_drop(skb);
	if (borrowed)
		skb_dst_set_noref(skb, dst);
	else
		skb_dst_set(skb, dst);
}

void lvs_early_send4(struct net *net, struct sk_buff *skb, struct dst_entry *dst, bool borrowed)
{
	give(skb, dst, borrowed);
	send4(net, skb);
}

void lvs_early_send6(struct net *net, struct sk_buff *skb, struct dst_entry *dst, bool borrowed)
{
	give(skb, dst, borrowed);
	send6(net, skb);
}
