/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What packet.c and output.c do with a packet that leaves the balancer: inline, so that an end of a
 * packet's way is one call from Rust.
 */
#ifndef LVS_LEAVE_H
#define LVS_LEAVE_H

#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/sock.h>

/*
 * A packet that came from a device may carry the socket that early demultiplexing found for its old
 * destination.
 */
static inline void detach_socket(struct sk_buff *skb)
{
	if (skb->dev)
		skb_orphan(skb);
}

static inline void untrack(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	/* What belongs to no connection stays what it was called. */
	if (!skb_nfct(skb))
		return;
	nf_reset_ct(skb);
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
#endif
}

/* What the kernel does when it forwards: neither sum nor time of receipt hold for what is sent. */
static inline void forward(struct sk_buff *skb)
{
	skb_forward_csum(skb);
	if (skb->dev)
		skb_clear_tstamp(skb);
}

#endif
