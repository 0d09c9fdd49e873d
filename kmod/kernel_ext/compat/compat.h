/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that docs/kernels.md lists, for C; mod.rs is the same for Rust.
 *
 * All other files are written for the newest of these kernels. An entry here makes an older one
 * look like that: it has the newest one's name and says before which version it is needed. When the
 * oldest kernel of the list is no older than that, the entry goes, and nothing else changes.
 */
#ifndef LVS_COMPAT_H
#define LVS_COMPAT_H

#include <linux/udp.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
/* What kvfree_call_rcu takes. */
#define kvfree_rcu_head rcu_head

/* A length that is too long for the field is that of segments to be, which get their own. */
static inline void udp_set_len(struct udphdr *header, unsigned int len)
{
	header->len = htons(len);
}
#endif

#endif
