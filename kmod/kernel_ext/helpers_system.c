// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has besides packets: memory, locks, counters, work, time.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "helpers.h"

/* -- percpu.rs ------------------------------------------------------------------------------------------------- */

struct lvs_counters __percpu *lvs_counters_alloc(void)
{
	return alloc_percpu(struct lvs_counters);
}

void lvs_counters_free(struct lvs_counters __percpu *counters)
{
	free_percpu(counters);
}

struct lvs_counters *lvs_counters_of_cpu(struct lvs_counters __percpu *counters, unsigned int cpu)
{
	return per_cpu_ptr(counters, cpu);
}

void lvs_count_connection(struct lvs_counters __percpu *counters)
{
	this_cpu_inc(counters->connections);
}

void lvs_count_in(struct lvs_counters __percpu *counters, unsigned int bytes)
{
	this_cpu_inc(counters->in_packets);
	this_cpu_add(counters->in_bytes, bytes);
}

void lvs_count_out(struct lvs_counters __percpu *counters, unsigned int bytes)
{
	this_cpu_inc(counters->out_packets);
	this_cpu_add(counters->out_bytes, bytes);
}

unsigned int lvs_possible_cpus(void)
{
	return nr_cpu_ids;
}

bool lvs_cpu_possible(unsigned int cpu)
{
	return cpu_possible(cpu);
}

/* -- lock.rs --------------------------------------------------------------------------------------------------- */

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

void lvs_spin_lock_bh(spinlock_t *lock)
{
	spin_lock_bh(lock);
}

bool lvs_spin_trylock_bh(spinlock_t *lock)
{
	return spin_trylock_bh(lock);
}

void lvs_spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock_bh(lock);
}

/* -- memory.rs ------------------------------------------------------------------------------------------------- */

/* Not merged with other caches, so that slabinfo shows what it holds. */
struct kmem_cache *lvs_cache_create(const char *name, unsigned int size)
{
	return kmem_cache_create(name, size, 0, SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL);
}

void *lvs_cache_alloc(struct kmem_cache *cache)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

void *lvs_cache_alloc_atomic(struct kmem_cache *cache)
{
	return kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
}

void *lvs_kmalloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

void lvs_kfree(const void *object)
{
	kfree(object);
}

void *lvs_kvmalloc(size_t size)
{
	return kvmalloc(size, GFP_KERNEL);
}

void lvs_kvfree(void *memory)
{
	kvfree(memory);
}

void lvs_free_after_grace_period(struct rcu_head *head, void *object)
{
	kvfree_call_rcu((struct kvfree_rcu_head *)head, object);
}

/* -- retired.rs ------------------------------------------------------------------------------------------------ */

unsigned long lvs_begin_grace_period(void)
{
	return start_poll_synchronize_rcu();
}

void lvs_wait_for_grace_period(unsigned long begun)
{
	cond_synchronize_rcu(begun);
}

/* -- netns.rs -------------------------------------------------------------------------------------------------- */

void *lvs_net_generic(const struct net *net, unsigned int id)
{
	return net_generic(net, id);
}

bool lvs_is_initial_net(const struct net *net)
{
	return net_eq(net, &init_net);
}

/* -- work.rs --------------------------------------------------------------------------------------------------- */

void lvs_delayed_work_init(struct delayed_work *work, work_func_t function)
{
	INIT_DELAYED_WORK(work, function);
}

void lvs_delayed_work_queue(struct delayed_work *work, unsigned long delay)
{
	queue_delayed_work(system_dfl_wq, work, delay);
}

void lvs_delayed_work_kick(struct delayed_work *work)
{
	mod_delayed_work(system_dfl_wq, work, 0);
}

/* -- rival.rs ------------------------------------------------------------------------------------------------- */

static_assert(LVS_NOTIFY_OK == NOTIFY_OK);

int lvs_notifier_from_errno(int error)
{
	return notifier_from_errno(error);
}

/* -- time.rs --------------------------------------------------------------------------------------------------- */

bool lvs_net_ratelimit(void)
{
	return net_ratelimit();
}

void lvs_cond_resched(void)
{
	cond_resched();
}

u64 lvs_random_u64(void)
{
	return get_random_u64();
}
