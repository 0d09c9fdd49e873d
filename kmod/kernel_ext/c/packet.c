// SPDX-License-Identifier: GPL-2.0
/*
 * A packet's buffer, for net/packet.rs. Here and not in Rust is what touches several fields of a
 * packet, or asks them before it calls: they are bit fields, unions and pointers into its memory.
 * Inline functions of the kernel read and write them, each of which would be a call of its own.
 */
#include <linux/netdevice.h>
#include <net/gso.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "leave.h"
#include "packet.h"

/* Makes `len` bytes linear and private, with `headroom` in front of them. */
bool lvs_skb_prepare(struct sk_buff *skb, unsigned int len, unsigned int headroom)
{
	return pskb_may_pull(skb, len) && !skb_cow(skb, headroom);
}

void lvs_skb_orphan(struct sk_buff *skb)
{
	detach_socket(skb);
}

/* Notes on a packet that goes on through the hooks that the balancer has seen it. */
void lvs_skb_pass_on(struct sk_buff *skb, bool tracked)
{
	skb->ipvs_property = 1;
	if (!tracked)
		untrack(skb);
}

/* Whether a raw socket that asked for its packets to be left alone sent this one. */
bool lvs_skb_nodefrag(const struct sk_buff *skb)
{
	struct sock *sk = skb_to_full_sk(skb);

	return sk && sk->sk_family == PF_INET && inet_test_bit(NODEFRAG, sk);
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

/*
 * Puts an outer IP header in front, and makes the packet one that this host sends: what lies inside
 * is tracked no more, and the outer one is tracked as any other of this host.
 */
void lvs_skb_push_outer(struct sk_buff *skb, const void *header, unsigned int len)
{
	void *to = __skb_push(skb, len);

	if (len == sizeof(struct iphdr))
		memcpy(to, header, sizeof(struct iphdr));
	else
		memcpy(to, header, len);
	skb_reset_network_header(skb);
	memset(&IPCB(skb)->opt, 0, sizeof(IPCB(skb)->opt));
	skb->ignore_df = 1;
	skb->ipvs_property = 1;
	nf_reset_ct(skb);
	forward(skb);
}

/* Strips what is in front; what is behind begins with an IP header without options to act on. */
bool lvs_skb_strip(struct sk_buff *skb, unsigned int len)
{
	if (!pskb_pull(skb, len))
		return false;
	skb_reset_network_header(skb);
	memset(&IPCB(skb)->opt, 0, sizeof(IPCB(skb)->opt));
	return true;
}

struct sk_buff *lvs_skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom)
{
	struct sk_buff *wider;

	/* The new buffer would get a socket that may not own what is sent. */
	detach_socket(skb);
	wider = skb_realloc_headroom(skb, headroom);
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
