// SPDX-License-Identifier: GPL-2.0
#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/gre.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/udp.h>

#include "helpers_tunnel.h"

static int inside_ip(bool outer_ipv6)
{
	return outer_ipv6 ? SKB_GSO_IPXIP6 : SKB_GSO_IPXIP4;
}

/* Makes the packet one of `protocol` inside another one. */
static int prepare_inner(struct sk_buff *skb, int type, u8 protocol)
{
	int err;

	if (skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL || skb->encapsulation) {
		err = iptunnel_handle_offloads(skb, type);
		if (err)
			return err;
	} else {
		/* What that comes to for a packet that nobody segments or sums up later. */
		skb_reset_inner_headers(skb);
		skb->ip_summed = CHECKSUM_NONE;
	}
	skb->transport_header = skb->network_header;
	skb_set_inner_ipproto(skb, protocol);
	skb_set_inner_mac_header(skb, skb_inner_network_offset(skb));
	return 0;
}

int lvs_skb_prepare_inside_ip(struct sk_buff *skb, bool outer_ipv6, u8 protocol)
{
	return prepare_inner(skb, inside_ip(outer_ipv6), protocol);
}

int lvs_skb_prepare_inside_gre(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum)
{
	return prepare_inner(skb, inside_ip(outer_ipv6) | (checksum ? SKB_GSO_GRE_CSUM : SKB_GSO_GRE), protocol);
}

int lvs_skb_prepare_inside_gue(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum, bool remote_checksum)
{
	int type = inside_ip(outer_ipv6) | (checksum ? SKB_GSO_UDP_TUNNEL_CSUM : SKB_GSO_UDP_TUNNEL);

	if (remote_checksum)
		type |= SKB_GSO_TUNNEL_REMCSUM;
	return prepare_inner(skb, type, protocol);
}

void lvs_skb_push_gre(struct sk_buff *skb, bool inner_ipv6, bool checksum)
{
	IP_TUNNEL_DECLARE_FLAGS(flags) = { };

	if (checksum)
		__set_bit(IP_TUNNEL_CSUM_BIT, flags);
	gre_build_header(skb, gre_calc_hlen(flags), flags, htons(inner_ipv6 ? ETH_P_IPV6 : ETH_P_IP), 0, 0);
}

/* A source port that is the same for all packets of a flow, so that routers and queues keep them together. */
__be16 lvs_skb_flow_port(struct net *net, struct sk_buff *skb)
{
	return udp_flow_src_port(net, skb, 0, 0, false);
}

/* Segmentation still has to know the checksum's place; a packet that leaves as it is, is done with it. */
bool lvs_skb_leave_checksum(struct sk_buff *skb, u16 *start, u16 *at)
{
	int offset = skb_checksum_start_offset(skb);

	if (offset < 0 || offset + skb->csum_offset > U16_MAX)
		return false;
	*start = offset;
	*at = offset + skb->csum_offset;
	if (!skb_is_gso(skb)) {
		skb->ip_summed = CHECKSUM_NONE;
		skb->encapsulation = 0;
	}
	return true;
}

void lvs_skb_push_udp(struct sk_buff *skb, __be16 source, __be16 dest)
{
	struct udphdr *udp = skb_push(skb, sizeof(*udp));

	skb_reset_transport_header(skb);
	udp->source = source;
	udp->dest = dest;
	udp_set_len(udp, skb->len);
	udp->check = 0;
}

void lvs_skb_udp_checksum4(struct sk_buff *skb, bool none, __be32 source, __be32 dest)
{
	udp_set_csum(none, skb, source, dest, skb->len);
}

void lvs_skb_udp_checksum6(struct sk_buff *skb, bool none, const struct in6_addr *source, const struct in6_addr *dest)
{
	udp6_set_csum(none, skb, source, dest, skb->len);
}

bool lvs_skb_is_ipv6(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6);
}

void lvs_skb_set_ipv4(struct sk_buff *skb)
{
	skb->protocol = htons(ETH_P_IP);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->iif = skb->skb_iif;
}

void lvs_skb_set_ipv6(struct sk_buff *skb)
{
	skb->protocol = htons(ETH_P_IPV6);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	IP6CB(skb)->iif = skb->skb_iif;
}

const struct net_device *lvs_dst_address_device6(const struct dst_entry *dst)
{
	return ip6_dst_idev(dst) ? ip6_dst_idev(dst)->dev : NULL;
}

void lvs_update_pmtu6(struct sk_buff *skb, struct net *net, u32 mtu)
{
	ip6_update_pmtu(skb, net, htonl(mtu), 0, 0, sock_net_uid(net, NULL));
}
