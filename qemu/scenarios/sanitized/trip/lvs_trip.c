// SPDX-License-Identifier: GPL-2.0
/*
 * For tests alone: makes, on purpose, the errors that the detectors of the sanitized kernel are
 * there for, one a load: insmod lvs_trip.ko error=NAME. With occupy=NAME instead it takes a name
 * that lvs needs, until it is unloaded.
 */
#include <linux/delay.h>
#include <linux/kasan.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

static char *error;
module_param(error, charp, 0);
static char *occupy;
module_param(occupy, charp, 0);

static char value = 1;

static void use_after_free(void)
{
	char *object = kmalloc(64, GFP_KERNEL);

	if (!object)
		return;
	kfree(object);
	OPTIMIZER_HIDE_VAR(object);
	value = READ_ONCE(*object);
}

static void out_of_bounds(void)
{
	char *object = kmalloc(60, GFP_KERNEL);

	if (!object)
		return;
	OPTIMIZER_HIDE_VAR(object);
	value = READ_ONCE(object[60]);
	kfree(object);
}

/* Several, since an old value of the pointer may lie around on some stack. */
static void leak(void)
{
	int i;

	for (i = 0; i < 16; i++) {
		void *object = kmalloc(4000, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(object);
	}
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static DEFINE_SPINLOCK(spinlock);

static void sleep_in_atomic(void)
{
	spin_lock(&spinlock);
	msleep(1);
	spin_unlock(&spinlock);
}

static char __rcu *published = &value;

static void unprotected_reader(void)
{
	value = *rcu_dereference(published);
}

static void late(struct timer_list *timer)
{
}

static void active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, late, 0);
	mod_timer(timer, jiffies + HZ * 3600);
	/* The detector stops the timer before the memory goes. */
	kfree(timer);
}

static void work(struct work_struct *item)
{
}

static void active_work(void)
{
	struct delayed_work *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return;
	INIT_DELAYED_WORK(item, work);
	schedule_delayed_work(item, HZ * 3600);
	kfree(item);
}

static struct rcu_head head;

static void nothing(struct rcu_head *head)
{
}

static void double_call_rcu(void)
{
	call_rcu(&head, nothing);
	call_rcu(&head, nothing);
	rcu_barrier();
}

static void broken_list(void)
{
	LIST_HEAD(list);
	LIST_HEAD(entry);

	list.next = &entry;
	entry.prev = &entry;
	list_add(&entry, &list);
}

/* A write that KASAN is made to overlook: only the pattern around the object tells. */
static void overwritten_padding(void)
{
	struct kmem_cache *cache = kmem_cache_create("lvs_trip", 60, 0, SLAB_NO_MERGE, NULL);
	char *object;

	if (!cache)
		return;
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	if (object) {
		OPTIMIZER_HIDE_VAR(object);
		kasan_disable_current();
		WRITE_ONCE(object[60], 'x');
		kasan_enable_current();
		kmem_cache_free(cache, object);
	}
	kmem_cache_destroy(cache);
}

static const struct {
	const char *name;
	void (*make)(void);
} errors[] = {
	{ "use-after-free", use_after_free },
	{ "out-of-bounds", out_of_bounds },
	{ "leak", leak },
	{ "lock-inversion", lock_inversion },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "unprotected-reader", unprotected_reader },
	{ "active-timer", active_timer },
	{ "active-work", active_work },
	{ "double-call-rcu", double_call_rcu },
	{ "broken-list", broken_list },
	{ "overwritten-padding", overwritten_padding },
};

static struct genl_family family = {
	.name = "IPVS",
	.version = 1,
	.module = THIS_MODULE,
};

static int refuse(struct sock *sk, int option, sockptr_t from, unsigned int len)
{
	return -EOPNOTSUPP;
}

static struct nf_sockopt_ops options = {
	.pf = PF_INET,
	/* The range of IPVS, IP_VS_BASE_CTL in linux/ip_vs.h. */
	.set_optmin = 1024 + 64 + 64,
	.set_optmax = 1024 + 64 + 64 + 64,
	.set = refuse,
	.owner = THIS_MODULE,
};

static int __init trip_init(void)
{
	size_t i;

	for (i = 0; error && i < ARRAY_SIZE(errors); i++) {
		if (!strcmp(error, errors[i].name)) {
			errors[i].make();
			return 0;
		}
	}
	if (occupy && !strcmp(occupy, "netlink-family"))
		return genl_register_family(&family);
	if (occupy && !strcmp(occupy, "socket-options"))
		return nf_register_sockopt(&options);
	return -EINVAL;
}

static void __exit trip_exit(void)
{
	if (!occupy)
		return;
	if (!strcmp(occupy, "netlink-family"))
		genl_unregister_family(&family);
	else
		nf_unregister_sockopt(&options);
}

module_init(trip_init);
module_exit(trip_exit);
MODULE_DESCRIPTION("Errors on purpose, for tests of detectors");
MODULE_LICENSE("GPL");
