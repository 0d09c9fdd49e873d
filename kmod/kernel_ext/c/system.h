/* SPDX-License-Identifier: GPL-2.0 */
/* Counters, for mem/percpu.rs, locks, for task/lock.rs, and deferred frees: see system.c. */
#ifndef LVS_SYSTEM_H
#define LVS_SYSTEM_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

/* Packet counters of one CPU. */
struct lvs_counters {
	u64 connections;
	u64 in_packets;
	u64 in_bytes;
	u64 out_packets;
	u64 out_bytes;
};

spinlock_t *lvs_locks_alloc(unsigned int count);
spinlock_t *lvs_lock_alloc_atomic(void);
void lvs_retire(struct callback_head *head, void (*free)(struct callback_head *head));
void lvs_wait_for_retired(void);

#endif
