// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that a device received and nobody made a packet of yet, for net/xdp.rs. In C because only
 * C functions have the type information by which a BPF program calls them, and because a frame, its
 * devices and its neighbour are known to the kernel's inline functions alone.
 *
 * All of it runs in softirq, or with softirqs off, which is an RCU read side.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/static_call.h>
#include <net/arp.h>
#include <net/bonding.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/netns/generic.h>
#include <net/route.h>
#include <net/xdp.h>

#include "policy.h"
#include "xdp.h"

/* Until somebody receives. */
static int pass(struct net *net, struct lvs_frame *frame)
{
	return XDP_PASS;
}

DEFINE_STATIC_CALL(lvs_receive4, pass);
DEFINE_STATIC_CALL(lvs_receive6, pass);

/*
 * The device by which IP gets the frames that `dev` received with this tag, or without one; NULL if
 * it doesn't, or if somebody else takes them first (a bridge, a macvlan, a virtual routing domain).
 */
static const struct net_device *ip_device(struct net_device *dev, const struct vlan_ethhdr *eth,
					  bool is_tagged)
{
	struct net_device *real = dev;

	if (netif_is_bond_slave(dev)) {
		const struct slave *slave = bond_slave_get_rcu(dev);

		/* An idle one gets copies of what another gets. */
		if (!slave || slave->inactive)
			return NULL;
		dev = slave->bond->dev;
	} else if (rcu_access_pointer(dev->rx_handler)) {
		return NULL;
	}
	if (is_tagged) {
		dev = __vlan_find_dev_deep_rcu(dev, eth->h_vlan_proto,
					       ntohs(eth->h_vlan_TCI) & VLAN_VID_MASK);
		if (!dev)
			return NULL;
	}
	if (netif_is_l3_slave(dev))
		return NULL;
	/* What is sent is sent by a device of the namespace that the frame came in to. */
	if (dev != real && (!net_eq(dev_net(dev), dev_net(real)) || !(dev->flags & IFF_UP) ||
			    rcu_access_pointer(dev->rx_handler)))
		return NULL;
	return dev;
}

__bpf_kfunc_start_defs();

/*
 * What becomes of the frame: XDP_TX or XDP_REDIRECT, and it is on its way, if it is a plain packet
 * of an established connection; XDP_PASS, and nothing of it changed, for any other. For a program
 * that returns this.
 */
__bpf_kfunc int lvs_xdp_balance(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	const struct vlan_ethhdr *eth = xdp->data;
	const struct net_device *dev = xdp->rxq->dev;
	u32 room = xdp->data_end - xdp->data, offset = ETH_HLEN, whole;
	struct lvs_frame frame = { .xdp = xdp };
	__be16 proto;

	if (unlikely(room < VLAN_ETH_HLEN + sizeof(struct iphdr)))
		return XDP_PASS;
	/* A tag that the device took off can't be seen. */
	if (dev->features & (NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX))
		return XDP_PASS;
	proto = eth->h_vlan_proto;
	if (unlikely(eth_type_vlan(proto))) {
		dev = ip_device(xdp->rxq->dev, eth, true);
		proto = eth->h_vlan_encapsulated_proto;
		offset = VLAN_ETH_HLEN;
	} else if (unlikely(rcu_access_pointer(dev->rx_handler) || netif_is_l3_slave(dev))) {
		dev = ip_device(xdp->rxq->dev, eth, false);
	}
	if (unlikely(!dev) || !ether_addr_equal_64bits(eth->h_dest, dev->dev_addr))
		return XDP_PASS;
	frame.ip = xdp->data + offset;
	room -= offset;
	whole = unlikely(xdp_buff_has_frags(xdp)) ? xdp_get_buff_len(xdp) - offset : room;
	if (proto == htons(ETH_P_IP)) {
		const struct iphdr *ip = (const void *)frame.ip;

		frame.len = ntohs(ip->tot_len);
		frame.linear = min(frame.len, room);
		if (*(const u8 *)ip != 0x45 || frame.len > whole || frame.len < sizeof(*ip))
			return XDP_PASS;
		return static_call(lvs_receive4)(dev_net(dev), &frame);
	}
	if (proto == htons(ETH_P_IPV6) && room >= sizeof(struct ipv6hdr)) {
		const struct ipv6hdr *ip = (const void *)frame.ip;

		frame.len = ntohs(ip->payload_len) + sizeof(*ip);
		frame.linear = min(frame.len, room);
		if (frame.len > whole)
			return XDP_PASS;
		return static_call(lvs_receive6)(dev_net(dev), &frame);
	}
	return XDP_PASS;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(lvs_xdp_kfuncs)
BTF_ID_FLAGS(func, lvs_xdp_balance)
BTF_KFUNCS_END(lvs_xdp_kfuncs)

static const struct btf_kfunc_id_set lvs_xdp_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &lvs_xdp_kfuncs,
};

/*
 * Has programs find the function, which hands frames to these. It goes with the module, which
 * programs hold. A kernel or a module without type information isn't a failure.
 */
int lvs_xdp_register(lvs_frame_receiver receive4, lvs_frame_receiver receive6)
{
	static_call_update(lvs_receive4, receive4);
	static_call_update(lvs_receive6, receive6);
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &lvs_xdp_kfunc_set);
}

/* net_generic() for who is on the read side anyway. */
void *lvs_net_generic_in_softirq(const struct net *net, unsigned int id)
{
	return rcu_dereference_check(net->gen, rcu_read_lock_bh_held())->ptr[id];
}

/* As lvs_has_common_route4() for what nobody made a packet of. */
bool lvs_xdp_common_route4(const struct net *net)
{
#ifdef CONFIG_IP_ROUTE_MULTIPATH
	if (READ_ONCE(net->ipv4.sysctl_fib_multipath_hash_policy))
		return false;
#endif
	return !fib4_has_custom_rules(net);
}

/* As lvs_has_common_route6() for what nobody made a packet of. */
bool lvs_xdp_common_route6(const struct net *net, const struct in6_addr *client)
{
	return !fib6_has_custom_rules(net) &&
	       !(ipv6_addr_type(client) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL));
}

/* Whether no IPsec policy has a say in what comes in, goes through and leaves. */
static bool no_policy(const struct net *net)
{
#ifdef CONFIG_XFRM
	if (net->xfrm.policy_count[XFRM_POLICY_IN] || net->xfrm.policy_count[XFRM_POLICY_FWD] ||
	    net->xfrm.policy_default[XFRM_POLICY_FWD] != XFRM_USERPOLICY_ACCEPT)
		return false;
#endif
	return lvs_no_output_policy(net);
}

/*
 * The way to a neighbour behind `dev`, of a packet of protocol `proto`. False if the kernel has
 * something to do first: ask for the neighbour, or whether it is still there, which takes a packet;
 * if the device takes no frames; or if the packet has a header that is wrong.
 */
static __always_inline bool find_way(const struct lvs_frame *frame, const struct net *net,
				     struct net_device *dev, struct neighbour *neighbour,
				     __be16 proto, struct lvs_xdp_way *way)
{
	const struct xdp_buff *xdp = frame->xdp;
	const struct net_device *lower = dev;
	unsigned int seq;

	if (!neighbour || !(READ_ONCE(neighbour->nud_state) & (NUD_VALID & ~NUD_STALE)) ||
	    dev->type != ARPHRD_ETHER || !(dev->flags & IFF_UP) || !no_policy(net))
		return false;
	/* Late, for what isn't sent needn't be right. */
	if (proto == htons(ETH_P_IP) && ip_fast_csum(frame->ip, 5))
		return false;
	if (likely(!is_vlan_dev(dev))) {
		way->header.h_vlan_proto = proto;
		way->header_len = ETH_HLEN;
	} else {
		const struct vlan_dev_priv *vlan = vlan_dev_priv(dev);

		lower = vlan->real_dev;
		/* A packet has a priority, which a frame hasn't. */
		if (vlan->nr_egress_mappings || is_vlan_dev(lower) || !(lower->flags & IFF_UP))
			return false;
		way->header.h_vlan_proto = vlan->vlan_proto;
		way->header.h_vlan_TCI = htons(vlan->vlan_id);
		way->header.h_vlan_encapsulated_proto = proto;
		way->header_len = VLAN_ETH_HLEN;
	}
	way->device = 0;
	if (lower != xdp->rxq->dev) {
		u32 wanted = NETDEV_XDP_ACT_NDO_XMIT;

		if (unlikely(xdp_buff_has_frags(xdp)))
			wanted |= NETDEV_XDP_ACT_NDO_XMIT_SG;
		if ((READ_ONCE(lower->xdp_features) & wanted) != wanted ||
		    !net_eq(dev_net(lower), dev_net(xdp->rxq->dev)))
			return false;
		way->device = lower->ifindex;
	}
	if (unlikely(frame->ip - way->header_len <
		     (u8 *)xdp->data_hard_start + sizeof(struct xdp_frame)))
		return false;
	do {
		seq = read_seqbegin(&neighbour->ha_lock);
		ether_addr_copy(way->header.h_dest, neighbour->ha);
	} while (read_seqretry(&neighbour->ha_lock, seq));
	ether_addr_copy(way->header.h_source, dev->dev_addr);
	return true;
}

/* The way by an IPv4 route to `to`. */
bool lvs_xdp_find_way4(const struct lvs_frame *frame, const struct net *net,
		       const struct dst_entry *dst, __be32 to, struct lvs_xdp_way *way)
{
	const struct rtable *route = dst_rtable(dst);
	struct net_device *dev = dst_dev_rcu(dst);
	struct neighbour *neighbour;

	if (likely(route->rt_gw_family != AF_INET6)) {
		if (route->rt_gw_family == AF_INET)
			to = route->rt_gw4;
		neighbour = __ipv4_neigh_lookup_noref(dev, (__force u32)to);
	} else {
		neighbour = __ipv6_neigh_lookup_noref(dev, &route->rt_gw6);
	}
	return find_way(frame, net, dev, neighbour, htons(ETH_P_IP), way);
}

/* The way by an IPv6 route to `to`. */
bool lvs_xdp_find_way6(const struct lvs_frame *frame, const struct net *net,
		       const struct dst_entry *dst, const struct in6_addr *to,
		       struct lvs_xdp_way *way)
{
	struct net_device *dev = dst_dev_rcu(dst);
	const struct in6_addr *next = rt6_nexthop(dst_rt6_info(dst), to);

	return find_way(frame, net, dev, __ipv6_neigh_lookup_noref(dev, next), htons(ETH_P_IPV6),
			way);
}

/* Sends the frame on its way: what the program returns. */
int lvs_xdp_send(const struct lvs_frame *frame, const struct lvs_xdp_way *way)
{
	struct xdp_buff *xdp = frame->xdp;
	void *data = frame->ip - way->header_len;
	struct bpf_redirect_info *redirect;

	if (unlikely(data != xdp->data)) {
		bool has_meta = !xdp_data_meta_unsupported(xdp);

		xdp->data = data;
		if (has_meta)
			xdp->data_meta = data;
		else
			xdp_set_data_meta_invalid(xdp);
	}
	if (likely(way->header_len == ETH_HLEN))
		memcpy(data, &way->header, ETH_HLEN);
	else
		memcpy(data, &way->header, VLAN_ETH_HLEN);
	if (!way->device)
		return XDP_TX;
	/* As bpf_redirect() does. */
	redirect = bpf_net_ctx_get_ri();
	redirect->tgt_index = way->device;
	redirect->map_id = INT_MAX;
	redirect->map_type = BPF_MAP_TYPE_UNSPEC;
	return XDP_REDIRECT;
}
