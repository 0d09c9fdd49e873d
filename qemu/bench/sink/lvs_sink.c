// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that drop what they send, packets and frames alike, and count it. For the benchmark: no
 * device of the kernel does that, so the cost of one would be measured with what is compared.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/rtnetlink.h>
#include <net/xdp.h>

static netdev_tx_t sink_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_lstats_add(dev, skb->len);
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

/* Frees frames as drivers do once they are sent. */
static int sink_xdp_xmit(struct net_device *dev, int count, struct xdp_frame **frames, u32 flags)
{
	struct xdp_frame_bulk bulk;
	int i;

	xdp_frame_bulk_init(&bulk);
	rcu_read_lock();
	for (i = 0; i < count; i++) {
		dev_lstats_add(dev, frames[i]->len);
		xdp_return_frame_bulk(frames[i], &bulk);
	}
	xdp_flush_frame_bulk(&bulk);
	rcu_read_unlock();
	return count;
}

static void sink_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	dev_lstats_read(dev, &stats->tx_packets, &stats->tx_bytes);
}

static const struct net_device_ops sink_ops = {
	.ndo_start_xmit = sink_xmit,
	.ndo_xdp_xmit = sink_xdp_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_get_stats64 = sink_stats,
};

static void sink_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &sink_ops;
	dev->needs_free_netdev = true;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_LSTATS;
	dev->flags |= IFF_NOARP;
	dev->flags &= ~IFF_MULTICAST;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE;
	dev->lltx = true;
	dev->features |= NETIF_F_SG | NETIF_F_HIGHDMA;
	eth_hw_addr_random(dev);
	xdp_set_features_flag(dev, NETDEV_XDP_ACT_NDO_XMIT);
}

static struct rtnl_link_ops sink_link_ops = {
	.kind = "lvs_sink",
	.setup = sink_setup,
};

static int __init sink_init(void)
{
	return rtnl_link_register(&sink_link_ops);
}

static void __exit sink_exit(void)
{
	rtnl_link_unregister(&sink_link_ops);
}

module_init(sink_init);
module_exit(sink_exit);
MODULE_DESCRIPTION("devices that drop what they send");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("lvs_sink");
