// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/netdevice.h>
#include <net/gso.h>
#include <net/icmp.h>
#include <net/inet_sock.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/sock.h>

#include "helpers.h"

/* -- packet.rs ------------------------------------------------------------------------------------------------- */

bool lvs_skb_may_pull(struct sk_buff *skb, unsigned int len)
{
	return pskb_may_pull(skb, len);
}

void lvs_skb_set_balanced(struct sk_buff *skb)
{
	skb->ipvs_property = 1;
}

u32 lvs_skb_mark(const struct sk_buff *skb)
{
	return skb->mark;
}

void lvs_skb_set_ip_summed(struct sk_buff *skb, u8 state)
{
	skb->ip_summed = state;
}

/* Makes `len` bytes linear and private, with `headroom` in front of them. */
bool lvs_skb_prepare(struct sk_buff *skb, unsigned int len, unsigned int headroom)
{
	return pskb_may_pull(skb, len) && !skb_cow(skb, headroom);
}

int lvs_skb_cloned(const struct sk_buff *skb)
{
	return skb_cloned(skb);
}

/* A packet that came from a device may carry the socket that early demultiplexing found for its old destination. */
void lvs_skb_orphan(struct sk_buff *skb)
{
	if (skb->dev)
		skb_orphan(skb);
}

void lvs_skb_forward(struct sk_buff *skb)
{
	skb_forward_csum(skb);
	if (skb->dev)
		skb_clear_tstamp(skb);
}

/*
 * All that makes a received packet one that this host sends: output doesn't answer for its sender when it has to
 * fragment, the balancer and connection tracking leave it alone, and the socket of its old destination is forgotten.
 */
void lvs_skb_leave(struct sk_buff *skb)
{
	lvs_skb_untrack(skb);
	lvs_skb_leave_tracked(skb);
}

/* The same for a packet that connection tracking knows. */
void lvs_skb_leave_tracked(struct sk_buff *skb)
{
	skb->ignore_df = 1;
	skb->ipvs_property = 1;
	lvs_skb_orphan(skb);
	lvs_skb_forward(skb);
}

/* The same for a packet inside a tunnel's: that one is tracked as any other of this host. */
void lvs_skb_leave_inside(struct sk_buff *skb)
{
	skb->ignore_df = 1;
	skb->ipvs_property = 1;
	nf_reset_ct(skb);
	lvs_skb_forward(skb);
}

void lvs_skb_untrack(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	/* What belongs to no connection stays what it was called. */
	if (!skb_nfct(skb))
		return;
	nf_reset_ct(skb);
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
#endif
}

bool lvs_skb_gso_fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_gso_validate_network_len(skb, mtu);
}

bool lvs_skb_is_gso(const struct sk_buff *skb)
{
	return skb_is_gso(skb);
}

bool lvs_skb_from_loopback(const struct sk_buff *skb)
{
	return !skb->dev || skb->dev->flags & IFF_LOOPBACK;
}

/* Whether a raw socket that asked for its packets to be left alone sent this one. */
bool lvs_skb_nodefrag(const struct sk_buff *skb)
{
	struct sock *sk = skb_to_full_sk(skb);

	return sk && sk->sk_family == PF_INET && inet_test_bit(NODEFRAG, sk);
}

__sum16 lvs_skb_checksum_fold(const struct sk_buff *skb, int offset)
{
	return csum_fold(skb_checksum(skb, offset, skb->len - offset, 0));
}

__sum16 lvs_skb_icmp_checksum(struct sk_buff *skb, unsigned int offset)
{
	return nf_ip_checksum(skb, NF_INET_LOCAL_IN, offset, IPPROTO_ICMP);
}

int lvs_ip_defrag(struct net *net, struct sk_buff *skb, unsigned int hook)
{
	u32 user = hook == NF_INET_LOCAL_IN ? IP_DEFRAG_VS_IN :
		   hook == NF_INET_FORWARD ? IP_DEFRAG_VS_FWD : IP_DEFRAG_VS_OUT;
	int err;

	local_bh_disable();
	err = ip_defrag(net, skb, user);
	local_bh_enable();
	return err;
}

void lvs_skb_drop(struct sk_buff *skb)
{
	kfree_skb(skb);
}

void *lvs_skb_push(struct sk_buff *skb, unsigned int len)
{
	return skb_push(skb, len);
}

void lvs_skb_reset_network_header(struct sk_buff *skb)
{
	skb_reset_network_header(skb);
}

/* A linear packet that nobody shares gets another length. */
int lvs_skb_resize(struct sk_buff *skb, unsigned int len)
{
	unsigned int old = skb->len, room = skb_tailroom(skb);

	if (len <= old) {
		__skb_trim(skb, len);
		return 0;
	}
	if (len - old > room && pskb_expand_head(skb, 0, len - old - room, GFP_ATOMIC))
		return -ENOMEM;
	__skb_put(skb, len - old);
	return 0;
}

void lvs_skb_reset_ip_options(struct sk_buff *skb)
{
	memset(&IPCB(skb)->opt, 0, sizeof(IPCB(skb)->opt));
}

bool lvs_skb_pull(struct sk_buff *skb, unsigned int len)
{
	return pskb_pull(skb, len) != NULL;
}

void lvs_skb_push_header(struct sk_buff *skb, const void *header, unsigned int len)
{
	void *to = __skb_push(skb, len);

	if (len == sizeof(struct iphdr))
		memcpy(to, header, sizeof(struct iphdr));
	else
		memcpy(to, header, len);
	skb_reset_network_header(skb);
	lvs_skb_reset_ip_options(skb);
}

u16 lvs_skb_segments(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_segs ?: 1;
}

void lvs_skb_set_transport_header(struct sk_buff *skb, int offset)
{
	skb_set_transport_header(skb, offset);
}

struct sk_buff *lvs_skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom)
{
	struct sk_buff *wider = skb_realloc_headroom(skb, headroom);

	if (!wider)
		return NULL;
	if (skb->sk)
		skb_set_owner_w(wider, skb->sk);
	consume_skb(skb);
	return wider;
}

/* What netfilter reassembled must be cut again as small as it was. */
bool lvs_skb_exceeds_mtu6(const struct sk_buff *skb, unsigned int mtu)
{
	if (IP6CB(skb)->frag_max_size)
		return IP6CB(skb)->frag_max_size > mtu;
	return skb->len > mtu && !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

__sum16 lvs_skb_icmp6_checksum(struct sk_buff *skb, unsigned int offset)
{
	return nf_ip6_checksum(skb, NF_INET_LOCAL_IN, offset, IPPROTO_ICMPV6);
}

void lvs_skb_select_ident(struct net *net, struct sk_buff *skb)
{
	ip_select_ident(net, skb, NULL);
}

/* -- route.rs -------------------------------------------------------------------------------------------------- */

struct rtable *lvs_route_output4(struct net *net, __be32 daddr, __be32 saddr, bool known_nexthop, __be32 *used_saddr)
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

struct dst_entry *lvs_route_output6(struct net *net, const struct in6_addr *daddr, bool known_nexthop,
				    struct in6_addr *source, u32 *cookie)
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

bool lvs_dst_is_local6(const struct dst_entry *dst)
{
	return dst->dev && dst->dev->flags & IFF_LOOPBACK;
}

void lvs_dst_release(struct dst_entry *dst)
{
	dst_release(dst);
}

/* What the check of IPv4's routes does, without the indirect call. */
bool lvs_dst_stale4(const struct net *net, const struct dst_entry *dst)
{
	return READ_ONCE(dst->obsolete) != DST_OBSOLETE_FORCE_CHK || dst_rtable(dst)->rt_genid != rt_genid_ipv4(net);
}

bool lvs_dst_stale6(struct dst_entry *dst, u32 cookie)
{
	return READ_ONCE(dst->obsolete) && !dst->ops->check(dst, cookie);
}

unsigned int lvs_dst_mtu(const struct dst_entry *dst)
{
	return dst_mtu(dst);
}

bool lvs_dst_is_local4(const struct dst_entry *dst)
{
	return dst_rtable(dst)->rt_flags & RTCF_LOCAL;
}

bool lvs_dst_device_down(const struct dst_entry *dst)
{
	return dst->dev && !netif_running(dst->dev);
}

bool lvs_is_blackhole(const struct net_device *device)
{
	return device == blackhole_netdev;
}

const struct net_device *lvs_dst_device(const struct dst_entry *dst)
{
	return dst->dev;
}

unsigned int lvs_dst_hard_header_len(const struct dst_entry *dst)
{
	return dst->dev->hard_header_len;
}

unsigned int lvs_dst_reserved_space(const struct dst_entry *dst)
{
	return LL_RESERVED_SPACE(dst->dev);
}

bool lvs_dst_is_input4(const struct dst_entry *dst)
{
	return rt_is_input_route(dst_rtable(dst));
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

void lvs_update_pmtu4(struct sk_buff *skb, struct net *net, u32 mtu)
{
	ipv4_update_pmtu(skb, net, mtu, 0, 0);
}

/* -- output.rs ------------------------------------------------------------------------------------------------- */

void lvs_local_out4(struct net *net, struct sk_buff *skb)
{
	NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, NULL, skb, NULL, skb_dst(skb)->dev, dst_output);
}

/* As ip_local_out does with a header without options, but without three calls for what is inline here. */
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

void lvs_local_out6(struct net *net, struct sk_buff *skb)
{
	NF_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, net, NULL, skb, NULL, skb_dst(skb)->dev, dst_output);
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

void lvs_count_hop_limit_error(struct net *net, struct sk_buff *skb)
{
	IP6_INC_STATS(net, __in6_dev_get_safely(skb->dev), IPSTATS_MIB_INHDRERRORS);
}

/*
 * The module that reassembles IPv6 fragments is used if it is to be had, but nothing here is linked to it: insmod must
 * work without it.
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

void lvs_icmp_send(struct sk_buff *skb, int type, int code, __be32 info)
{
	icmp_send(skb, type, code, info);
}

void lvs_count_ttl_error(struct net *net)
{
	IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
}
