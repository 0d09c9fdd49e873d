// SPDX-License-Identifier: GPL-2.0
/*
 * Sending packets and ICMP errors, for net/output.rs. In C because it is the end of the kernel's
 * own output, with the calls inline that it makes, and fills in headers that the kernel has
 * structures for.
 */
#include <linux/icmpv6.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "leave.h"
#include "output.h"

/*
 * What makes a received packet one that this host sends: output doesn't answer for its sender when
 * it has to fragment, the balancer and connection tracking leave it alone (unless the latter knows
 * its connection), and the socket of its old destination is forgotten.
 */
static void leave(struct sk_buff *skb, bool tracked)
{
	if (!tracked)
		untrack(skb);
	skb->ignore_df = 1;
	skb->ipvs_property = 1;
	detach_socket(skb);
	forward(skb);
}

void lvs_send4(struct net *net, struct sk_buff *skb, bool tracked)
{
	leave(skb, tracked);
	NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, NULL, skb, NULL, skb_dst(skb)->dev,
		dst_output);
}

void lvs_send6(struct net *net, struct sk_buff *skb, bool tracked)
{
	leave(skb, tracked);
	NF_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, net, NULL, skb, NULL, skb_dst(skb)->dev,
		dst_output);
}

/*
 * As ip_local_out does with a header without options, but without three calls for what is inline
 * here.
 */
void lvs_ip_local_out(struct net *net, struct sk_buff *skb)
{
	struct iphdr *header = ip_hdr(skb);
	struct sock *sk = skb->sk;

	IP_INC_STATS(net, IPSTATS_MIB_OUTREQUESTS);
	iph_set_totlen(header, skb->len);
	header->check = 0;
	header->check = ip_fast_csum(header, sizeof(*header) / 4);
	skb = l3mdev_ip_out(sk, skb);
	if (unlikely(!skb))
		return;
	skb->protocol = htons(ETH_P_IP);
	NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst_output);
}

/* As ip6_local_out does. */
void lvs_ip6_local_out(struct net *net, struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	ipv6_set_payload_len(ipv6_hdr(skb), skb->len - sizeof(struct ipv6hdr));
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	skb = l3mdev_ip6_out(sk, skb);
	if (unlikely(!skb))
		return;
	skb->protocol = htons(ETH_P_IPV6);
	NF_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst_output);
}

/* ICMP takes the namespace from the route, which a tunnel's metadata in its place has none of. */
void lvs_icmp_send(struct sk_buff *skb, int type, int code, __be32 info)
{
	if (skb_valid_dst(skb))
		icmp_send(skb, type, code, info);
}

/* ICMPv6 takes the namespace from the device, which a locally made packet has none of. */
void lvs_icmp6_send(struct net *net, struct sk_buff *skb, u8 type, u8 code, u32 info)
{
	if (!skb->dev)
		skb->dev = net->loopback_dev;
	icmpv6_send(skb, type, code, info);
}

/*
 * The module that reassembles IPv6 fragments is used if there is one, but nothing here is linked to
 * it: insmod must work without it.
 */
int lvs_defrag6_enable(struct net *net)
{
	int (*enable)(struct net *net) = symbol_request(nf_defrag_ipv6_enable);
	int err = -ENOENT;

	if (enable) {
		err = enable(net);
		symbol_put(nf_defrag_ipv6_enable);
	}
	return err;
}
