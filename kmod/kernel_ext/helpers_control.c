// SPDX-License-Identifier: GPL-2.0
#include <linux/ipv6.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/seq_file_net.h>
#include <linux/swap.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "helpers_control.h"

/* What loads ip_vs by itself shall find us: netlink's request for the family, and modprobe. */
MODULE_ALIAS_GENL_FAMILY("IPVS");
MODULE_ALIAS("ip_vs");

static int conn_tab_bits = 20;
module_param(conn_tab_bits, int, 0444);
MODULE_PARM_DESC(conn_tab_bits, "Most buckets of a connection table, as the power of two (default: 20)");

int lvs_conn_tab_bits(void)
{
	return conn_tab_bits;
}

void lvs_set_conn_tab_bits(int bits)
{
	conn_tab_bits = bits;
}

/* As ip_vs_ftp has it, so that its options for modprobe go on working. */
static unsigned short ports[LVS_MAX_CONTROL_PORTS] = { 21 };
static unsigned int ports_count = 1;
module_param_array(ports, ushort, &ports_count, 0444);
MODULE_PARM_DESC(ports, "Ports of FTP's control connections, up to 8 (default: 21)");

u16 lvs_control_port(unsigned int index)
{
	return index < ports_count ? ports[index] : 0;
}

struct net *lvs_genl_info_net(const struct genl_info *info)
{
	return genl_info_net(info);
}

const struct genl_info *lvs_genl_info_dump(struct netlink_callback *cb)
{
	return genl_info_dump(cb);
}

int lvs_genlmsg_reply(struct sk_buff *skb, struct genl_info *info)
{
	return genlmsg_reply(skb, info);
}

struct nlattr *lvs_nla_nest_start(struct sk_buff *skb, int attrtype)
{
	return nla_nest_start_noflag(skb, attrtype);
}

void lvs_nla_nest_end(struct sk_buff *skb, struct nlattr *start)
{
	nla_nest_end(skb, start);
}

void lvs_nla_nest_cancel(struct sk_buff *skb, struct nlattr *start)
{
	nla_nest_cancel(skb, start);
}

struct net *lvs_sock_net(const struct sock *sk)
{
	return sock_net(sk);
}

int lvs_copy_from_sockptr(void *to, sockptr_t from, size_t size)
{
	return copy_from_sockptr(to, from, size);
}

struct net *lvs_seq_file_net(struct seq_file *seq)
{
	return seq_file_net(seq);
}

int lvs_cpulist_parse(const char *text, struct cpumask *mask)
{
	return cpulist_parse(text, mask);
}

int lvs_cpulist_print(char *buffer, size_t size, const struct cpumask *mask)
{
	return scnprintf(buffer, size, "%*pbl\n", cpumask_pr_args(mask));
}

void lvs_cpumask_only_current(struct cpumask *mask)
{
	cpumask_and(mask, mask, &current->cpus_mask);
}

void lvs_cpumask_housekeeping(struct cpumask *mask)
{
	scoped_guard(rcu)
		cpumask_copy(mask, housekeeping_cpumask(HK_TYPE_KTHREAD));
}

unsigned long lvs_free_buffer_pages(void)
{
	return nr_free_buffer_pages();
}

unsigned long lvs_total_pages(void)
{
	return totalram_pages();
}

/* Pages that are free or hold buffers. */
long lvs_available_pages(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram + info.bufferram;
}

/* The thread, which hasn't run yet, or an error. */
struct task_struct *lvs_thread_create(int (*run)(void *owner), void *owner, const char *name)
{
	return kthread_create(run, owner, "%s", name);
}

/* Nobody wakes the queue: who stops a thread wakes the thread. */
static DECLARE_WAIT_QUEUE_HEAD(sleepers);

void lvs_thread_sleep(unsigned long ticks)
{
	wait_event_idle_timeout(sleepers, kthread_should_stop(), ticks);
}

/* The device, if that is what the event tells. */
struct net_device *lvs_device_going_down(unsigned long event, void *info)
{
	return event == NETDEV_DOWN ? netdev_notifier_info_to_dev(info) : NULL;
}

struct net *lvs_device_net(const struct net_device *device)
{
	return dev_net(device);
}

bool lvs_net_is_privileged(const struct net *net)
{
	return net->user_ns == &init_user_ns;
}

bool lvs_ipv6_enabled(void)
{
	return ipv6_mod_enabled();
}

bool lvs_addr_is_local6(struct net *net, const struct in6_addr *addr)
{
	struct flowi6 flow = { .daddr = *addr };
	struct dst_entry *dst = ip6_route_output(net, NULL, &flow);
	bool local = !dst->error && dst->dev && (dst->dev->flags & IFF_LOOPBACK);

	dst_release(dst);
	return local;
}
