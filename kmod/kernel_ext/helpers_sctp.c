// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <linux/sctp.h>
#include <net/sctp/checksum.h>

#include "helpers_sctp.h"

void lvs_skb_sum_sctp(struct sk_buff *skb, unsigned int offset)
{
	struct sctphdr *header = (struct sctphdr *)(skb->data + offset);

	header->checksum = sctp_compute_cksum(skb, offset);
}

/* Whether the device completes the CRC32c of packets that lack it. */
bool lvs_dst_sums_sctp(const struct dst_entry *dst)
{
	return dst->dev->features & NETIF_F_SCTP_CRC;
}

bool lvs_skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len)
{
	return !skb_copy_bits(skb, offset, to, len);
}
