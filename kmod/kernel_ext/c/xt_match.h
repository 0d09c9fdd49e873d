/* SPDX-License-Identifier: GPL-2.0 */
/* A match of iptables, for net/xt_match.rs: see xt_match.c. */
#ifndef LVS_XT_MATCH_H
#define LVS_XT_MATCH_H

#include <linux/netfilter/x_tables.h>

int lvs_xt_register_match(struct xt_match *match);
void lvs_xt_unregister_match(struct xt_match *match);
bool lvs_skb_is_tracked(const struct sk_buff *skb);
bool lvs_skb_is_tracked_reply(const struct sk_buff *skb);

#endif
