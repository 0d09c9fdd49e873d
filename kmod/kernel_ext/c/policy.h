/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A question about IPsec that several files ask; Rust has no use for it. In C because the fields
 * exist only where the kernel was configured with them.
 */
#ifndef LVS_POLICY_H
#define LVS_POLICY_H

#include <net/net_namespace.h>
#include <net/xfrm.h>

/*
 * Whether no IPsec policy has a say in what leaves: then nobody needs to look into the packet for
 * them.
 */
static inline bool lvs_no_output_policy(const struct net *net)
{
#ifdef CONFIG_XFRM
	return !net->xfrm.policy_count[XFRM_POLICY_OUT] &&
	       net->xfrm.policy_default[XFRM_POLICY_OUT] == XFRM_USERPOLICY_ACCEPT;
#else
	return true;
#endif
}

#endif
