/* SPDX-License-Identifier: GPL-2.0 */
/* Frames that a device received, for net/xdp.rs: see xdp.c. */
#ifndef LVS_XDP_H
#define LVS_XDP_H

#include <linux/if_vlan.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <net/dst.h>

struct xdp_buff;

/* An IP packet in a frame: `len` bytes, of which the first `linear` lie at `ip`. */
struct lvs_frame {
	struct xdp_buff *xdp;
	u8 *ip;
	u32 linear;
	u32 len;
};

/* How a frame leaves: with which header of the link layer, by which device. */
struct lvs_xdp_way {
	struct vlan_ethhdr header;
	/* Bytes of it; without a tag the protocol lies where the tag's would. */
	u16 header_len;
	/* 0: the device that the frame came in by. */
	int device;
};

/* Gets a frame of its family that isn't changed yet; answers what the program returns. */
typedef int (*lvs_frame_receiver)(struct net *net, struct lvs_frame *frame);

int lvs_xdp_register(lvs_frame_receiver receive4, lvs_frame_receiver receive6);
void *lvs_net_generic_in_softirq(const struct net *net, unsigned int id);
bool lvs_xdp_common_route4(const struct net *net);
bool lvs_xdp_common_route6(const struct net *net, const struct in6_addr *client);
bool lvs_xdp_find_way4(const struct lvs_frame *frame, const struct net *net,
		       const struct dst_entry *dst, __be32 to, struct lvs_xdp_way *way);
bool lvs_xdp_find_way6(const struct lvs_frame *frame, const struct net *net,
		       const struct dst_entry *dst, const struct in6_addr *to,
		       struct lvs_xdp_way *way);
int lvs_xdp_send(const struct lvs_frame *frame, const struct lvs_xdp_way *way);

#endif
