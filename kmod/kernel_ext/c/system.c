// SPDX-License-Identifier: GPL-2.0
/*
 * Locks, for task/lock.rs: what is more than an expression of C, and no function that Rust could
 * call.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "system.h"

spinlock_t *lvs_locks_alloc(unsigned int count)
{
	spinlock_t *locks = kvmalloc_array(count, sizeof(*locks), GFP_KERNEL);
	unsigned int i;

	for (i = 0; locks && i < count; i++)
		spin_lock_init(&locks[i]);
	return locks;
}

spinlock_t *lvs_lock_alloc_atomic(void)
{
	spinlock_t *lock = kmalloc(sizeof(*lock), GFP_ATOMIC | __GFP_NOWARN);

	if (lock)
		spin_lock_init(lock);
	return lock;
}
