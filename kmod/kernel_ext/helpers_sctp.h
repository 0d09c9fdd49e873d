/* SPDX-License-Identifier: GPL-2.0 */
/* SCTP's part of helpers.h, for sctp.rs. */
#ifndef LVS_HELPERS_SCTP_H
#define LVS_HELPERS_SCTP_H

#include <linux/skbuff.h>
#include <net/dst.h>

void lvs_skb_sum_sctp(struct sk_buff *skb, unsigned int offset);
bool lvs_dst_sums_sctp(const struct dst_entry *dst);
bool lvs_skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len);

#endif
