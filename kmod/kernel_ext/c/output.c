// SPDX-License-Identifier: GPL-2.0
/*
 * Sending packets and ICMP errors, for net/output.rs. In C because it is the end of the kernel's
 * own output, with the calls inline that it makes, and fills in headers that the kernel has
 * structures for.
 */
#include <linux/icmpv6.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "output.h"

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
