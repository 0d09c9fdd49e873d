/* SPDX-License-Identifier: GPL-2.0 */
/* For xt_match.rs. */
#ifndef LVS_XT_MATCH_H
#define LVS_XT_MATCH_H

#include <linux/netfilter/x_tables.h>

int lvs_xt_register_match(struct xt_match *match);
void lvs_xt_unregister_match(struct xt_match *match);
bool lvs_skb_is_tracked(const struct sk_buff *skb);
bool lvs_skb_is_tracked_reply(const struct sk_buff *skb);
struct net *lvs_xt_net(const struct xt_action_param *param);
u8 lvs_xt_family(const struct xt_action_param *param);

#endif
