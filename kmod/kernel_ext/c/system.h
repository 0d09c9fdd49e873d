/* SPDX-License-Identifier: GPL-2.0 */
/* Counters, for mem/percpu.rs, and locks, for task/lock.rs: see system.c. */
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

#endif
