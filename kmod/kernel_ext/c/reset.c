// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of TCP, for net/output.rs. In C because a buffer is filled with headers that the kernel
 * has structures for. Netfilter has this in modules of its own, but nothing here is linked to them:
 * insmod must work without.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/tcp.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "reset.h"

/*
 * The segment that is answered, which lies at `offset`; NULL if it is none that is answered: cut
 * short, a reset, or damaged.
 */
static const struct tcphdr *answerable(struct sk_buff *skb, unsigned int hook, unsigned int offset,
				       u8 family, struct tcphdr *room)
{
	const struct tcphdr *segment;

	segment = skb_header_pointer(skb, offset, sizeof(*room), room);
	if (!segment || segment->rst || segment->doff < sizeof(*room) / 4 ||
	    skb->len < offset + segment->doff * 4)
		return NULL;
	if (nf_checksum(skb, hook, offset, IPPROTO_TCP, family))
		return NULL;
	return segment;
}

/* The reset of RFC 9293, 3.10.7.1: it has the number that the sender awaits. */
static struct tcphdr *put_reset(struct sk_buff *answer, const struct tcphdr *segment,
				unsigned int payload)
{
	struct tcphdr *reset;

	skb_reset_transport_header(answer);
	reset = skb_put_zero(answer, sizeof(*reset));
	reset->source = segment->dest;
	reset->dest = segment->source;
	reset->doff = sizeof(*reset) / 4;
	reset->rst = 1;
	if (segment->ack) {
		reset->seq = segment->ack_seq;
	} else {
		reset->ack = 1;
		reset->ack_seq = htonl(ntohl(segment->seq) + segment->syn + segment->fin + payload);
	}
	answer->ip_summed = CHECKSUM_PARTIAL;
	answer->csum_start = (unsigned char *)reset - answer->head;
	answer->csum_offset = offsetof(struct tcphdr, check);
	return reset;
}

static struct sk_buff *new_answer(const struct sk_buff *skb, unsigned int header)
{
	struct sk_buff *answer = alloc_skb(MAX_TCP_HEADER + header, GFP_ATOMIC);

	if (answer) {
		skb_reserve(answer, MAX_TCP_HEADER - sizeof(struct tcphdr));
		answer->protocol = skb->protocol;
		skb_reset_network_header(answer);
	}
	return answer;
}

void lvs_send_reset4(struct net *net, struct sk_buff *skb, unsigned int hook)
{
	const struct iphdr *asked = ip_hdr(skb);
	const unsigned int offset = ip_hdrlen(skb);
	const struct tcphdr *segment;
	struct sk_buff *answer;
	struct tcphdr room;
	struct iphdr *header;
	struct tcphdr *reset;

	/* Routing takes the device's domain from the route, which a tunnel's metadata isn't. */
	if (!skb_valid_dst(skb) || ntohs(asked->tot_len) < offset + sizeof(room))
		return;
	segment = answerable(skb, hook, offset, AF_INET, &room);
	if (!segment || skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST))
		return;
	answer = new_answer(skb, sizeof(*header));
	if (!answer)
		return;
	header = skb_put_zero(answer, sizeof(*header));
	header->version = 4;
	header->ihl = sizeof(*header) / 4;
	header->frag_off = htons(IP_DF);
	header->protocol = IPPROTO_TCP;
	header->saddr = asked->daddr;
	header->daddr = asked->saddr;
	reset = put_reset(answer, segment,
			  ntohs(asked->tot_len) - offset - segment->doff * 4);
	reset->check = ~tcp_v4_check(sizeof(*reset), header->saddr, header->daddr, 0);
	answer->mark = IP4_REPLY_MARK(net, skb->mark);
	skb_dst_set_noref(answer, skb_dst(skb));
	if (ip_route_me_harder(net, NULL, answer, RTN_UNSPEC)) {
		kfree_skb(answer);
		return;
	}
	header = ip_hdr(answer);
	header->ttl = ip4_dst_hoplimit(skb_dst(answer));
	ip_local_out(net, NULL, answer);
}

#if IS_ENABLED(CONFIG_IPV6)
void lvs_send_reset6(struct net *net, struct sk_buff *skb, unsigned int hook, unsigned int offset)
{
	const struct ipv6hdr *asked = ipv6_hdr(skb);
	const struct tcphdr *segment;
	struct sk_buff *answer;
	struct ipv6hdr *header;
	struct tcphdr room;
	struct tcphdr *reset;

	if (!skb_valid_dst(skb) || !(ipv6_addr_type(&asked->daddr) & IPV6_ADDR_UNICAST))
		return;
	segment = answerable(skb, hook, offset, AF_INET6, &room);
	if (!segment)
		return;
	answer = new_answer(skb, sizeof(*header));
	if (!answer)
		return;
	header = skb_put_zero(answer, sizeof(*header));
	header->version = 6;
	header->nexthdr = IPPROTO_TCP;
	header->saddr = asked->daddr;
	header->daddr = asked->saddr;
	reset = put_reset(answer, segment, skb->len - offset - segment->doff * 4);
	reset->check = ~tcp_v6_check(sizeof(*reset), &header->saddr, &header->daddr, 0);
	answer->mark = IP6_REPLY_MARK(net, skb->mark);
	skb_dst_set_noref(answer, skb_dst(skb));
	if (ip6_route_me_harder(net, NULL, answer)) {
		kfree_skb(answer);
		return;
	}
	header = ipv6_hdr(answer);
	header->hop_limit = ip6_dst_hoplimit(skb_dst(answer));
	ip6_local_out(net, NULL, answer);
}
#else
void lvs_send_reset6(struct net *net, struct sk_buff *skb, unsigned int hook, unsigned int offset)
{
}
#endif
