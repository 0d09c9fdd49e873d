// SPDX-License-Identifier: GPL-2.0
/*
 * Headers and offloads of tunnels, for net/tunnel.rs. Here and not in Rust is what chooses among a
 * packet's kinds of offload, which are bit fields and flags of the kernel's, and writes headers
 * that the kernel has structures and functions for.
 */
#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/gre.h>
#include <net/ip_tunnels.h>
#include <net/udp.h>

#include "leave.h"
#include "../compat/compat.h"
#include "tunnel.h"

static int inside_ip(bool outer_ipv6)
{
	return outer_ipv6 ? SKB_GSO_IPXIP6 : SKB_GSO_IPXIP4;
}

/* Makes the packet one of `protocol` inside another one, no local socket's any more. */
static int prepare_inner(struct sk_buff *skb, int type, u8 protocol)
{
	int err;

	detach_socket(skb);
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
	int type = inside_ip(outer_ipv6) | (checksum ? SKB_GSO_GRE_CSUM : SKB_GSO_GRE);

	return prepare_inner(skb, type, protocol);
}

int lvs_skb_prepare_inside_gue(struct sk_buff *skb, bool outer_ipv6, u8 protocol, bool checksum,
			       bool remote_checksum)
{
	int type = inside_ip(outer_ipv6) |
		   (checksum ? SKB_GSO_UDP_TUNNEL_CSUM : SKB_GSO_UDP_TUNNEL);

	if (remote_checksum)
		type |= SKB_GSO_TUNNEL_REMCSUM;
	return prepare_inner(skb, type, protocol);
}

void lvs_skb_push_gre(struct sk_buff *skb, bool inner_ipv6, bool checksum)
{
	IP_TUNNEL_DECLARE_FLAGS(flags) = { };

	if (checksum)
		__set_bit(IP_TUNNEL_CSUM_BIT, flags);
	gre_build_header(skb, gre_calc_hlen(flags), flags,
			 htons(inner_ipv6 ? ETH_P_IPV6 : ETH_P_IP), 0, 0);
}

/*
 * Segmentation still has to know the checksum's place; a packet that leaves as it is, is done with
 * it.
 */
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

/* Makes what was inside of another packet one that just came in. */
void lvs_skb_become(struct sk_buff *skb, bool ipv6, int transport)
{
	skb_set_transport_header(skb, transport);
	if (ipv6) {
		skb->protocol = htons(ETH_P_IPV6);
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		IP6CB(skb)->iif = skb->skb_iif;
	} else {
		skb->protocol = htons(ETH_P_IP);
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
		IPCB(skb)->iif = skb->skb_iif;
	}
}
