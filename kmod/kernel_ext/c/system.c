// SPDX-License-Identifier: GPL-2.0
/*
 * Locks and deferred frees, for task/lock.rs and mem/rcu.rs: what is more than an expression of C,
 * and no function that Rust could call.
 */
#include <linux/bottom_half.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

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

/*
 * What was retired and waits for readers. By call_rcu softirqs would free it, and as soon as there
 * are thousands they do nothing else for milliseconds, in which packets wait: what a change of all
 * rules leaves behind is that much. Here a thread frees one after the other.
 */
static LLIST_HEAD(retired);

static void free_retired(struct work_struct *work)
{
	struct llist_node *node = llist_del_all(&retired), *next;

	synchronize_rcu();
	llist_for_each_safe(node, next, node) {
		struct callback_head *head = (struct callback_head *)node;

		/* As by call_rcu: what is freed may take locks that packets take, too. */
		local_bh_disable();
		head->func(head);
		local_bh_enable();
		cond_resched();
	}
}

static DECLARE_WORK(freeing, free_retired);

/* Has `free` called with the head after a grace period. Any context. */
void lvs_retire(struct callback_head *head, void (*free)(struct callback_head *head))
{
	static_assert(offsetof(struct callback_head, next) == offsetof(struct llist_node, next));

	head->func = free;
	/* Who isn't the first is found by the thread that the first one woke. */
	if (llist_add((struct llist_node *)head, &retired))
		queue_work(system_dfl_wq, &freeing);
}

/* Waits until all that was retired so far has been freed. Sleeps. */
void lvs_wait_for_retired(void)
{
	flush_work(&freeing);
}
