// SPDX-License-Identifier: GPL-2.0
/*
 * A match of iptables, for net/xt_match.rs. In C because Rust can't declare weak symbols, which the
 * functions of x_tables are here, and conntrack tells two things of a packet at once.
 */
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_conntrack.h>

#include "xt_match.h"

/*
 * Weak, so that this module loads without x_tables.ko too. depmod sees the symbols all the same:
 * modprobe loads x_tables first. symbol_get() isn't for them, since they aren't exported to GPL
 * modules only.
 */
extern int xt_register_match(struct xt_match *match) __weak;
extern void xt_unregister_match(struct xt_match *match) __weak;

int lvs_xt_register_match(struct xt_match *match)
{
	return xt_register_match && xt_unregister_match ? xt_register_match(match) : -ENOENT;
}

void lvs_xt_unregister_match(struct xt_match *match)
{
	xt_unregister_match(match);
}

/* Whether connection tracking knows the packet's connection. */
bool lvs_skb_is_tracked(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;

	return nf_ct_get(skb, &info);
}

/* Whether the packet goes against the first one of its connection. */
bool lvs_skb_is_tracked_reply(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;

	return nf_ct_get(skb, &info) && info >= IP_CT_IS_REPLY;
}
