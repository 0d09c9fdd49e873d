/* SPDX-License-Identifier: GPL-2.0 */
/* Resets of TCP, for net/output.rs: see reset.c. */
#ifndef LVS_RESET_H
#define LVS_RESET_H

#include <linux/skbuff.h>
#include <linux/types.h>

void lvs_send_reset4(struct net *net, struct sk_buff *skb, unsigned int hook);
void lvs_send_reset6(struct net *net, struct sk_buff *skb, unsigned int hook, unsigned int offset);

#endif
