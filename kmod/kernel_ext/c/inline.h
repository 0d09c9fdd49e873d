/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inline functions, macros and bit fields of the kernel as functions that Rust can call. Each is
 * one expression, without logic of its own, and one entry below: LVS_GET has a result, LVS_DO none.
 *
 * An entry declares its function; where inline.c includes this file it defines it, too. What needs
 * more than an expression is in the file of its subject beside this one.
 */
#ifndef LVS_INLINE_H
#define LVS_INLINE_H

#include <linux/cpumask.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/sockptr.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/route.h>

#include "../compat/compat.h"
#include "system.h"

#ifdef LVS_DEFINE_INLINE
#define LVS_GET(type, name, parameters, expression)	\
	type name parameters;				\
	type name parameters				\
	{						\
		return expression;			\
	}
#define LVS_DO(name, parameters, expression)		\
	void name parameters;				\
	void name parameters				\
	{						\
		expression;				\
	}
#else
#define LVS_GET(type, name, parameters, expression) type name parameters;
#define LVS_DO(name, parameters, expression) void name parameters;
#endif

#define LVS_HZ HZ
enum { LVS_GROUP_NEEDS_ADMIN = GENL_MCAST_CAP_NET_ADMIN };

/* -- mem/percpu.rs ---------------------------------------------------------------------------- */

LVS_GET(struct lvs_counters __percpu *, lvs_counters_alloc, (void),
	alloc_percpu(struct lvs_counters))
LVS_DO(lvs_counters_free, (struct lvs_counters __percpu *counters), free_percpu(counters))
LVS_GET(struct lvs_counters *, lvs_counters_of_cpu,
	(struct lvs_counters __percpu *counters, unsigned int cpu), per_cpu_ptr(counters, cpu))
LVS_GET(u64 __percpu *, lvs_counts_alloc, (size_t count),
	__alloc_percpu(count * sizeof(u64), sizeof(u64)))
LVS_DO(lvs_counts_free, (u64 __percpu *counts), free_percpu(counts))
LVS_DO(lvs_count, (u64 __percpu *count, u64 more), this_cpu_add(*count, more))
LVS_GET(u64, lvs_count_of_cpu, (u64 __percpu *count, unsigned int cpu),
	READ_ONCE(*per_cpu_ptr(count, cpu)))
LVS_GET(unsigned int, lvs_possible_cpus, (void), nr_cpu_ids)
LVS_GET(bool, lvs_cpu_possible, (unsigned int cpu), cpu_possible(cpu))

/* -- mem/memory.rs, mem/slab.rs --------------------------------------------------------------- */

/* Not merged with other caches, so that slabinfo shows what it holds. */
LVS_GET(struct kmem_cache *, lvs_cache_create, (const char *name, unsigned int size),
	kmem_cache_create(name, size, 0, SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL))
LVS_GET(void *, lvs_cache_alloc, (struct kmem_cache *cache), kmem_cache_alloc(cache, GFP_KERNEL))
LVS_GET(void *, lvs_cache_alloc_atomic, (struct kmem_cache *cache),
	kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN))
LVS_GET(void *, lvs_kmalloc, (size_t size), kmalloc(size, GFP_KERNEL))
LVS_DO(lvs_kfree, (const void *object), kfree(object))
LVS_GET(void *, lvs_kvmalloc, (size_t size), kvmalloc(size, GFP_KERNEL))
LVS_DO(lvs_kvfree, (void *memory), kvfree(memory))
LVS_DO(lvs_free_after_grace_period, (struct rcu_head *head, void *object),
       kvfree_call_rcu((struct kvfree_rcu_head *)head, object))
LVS_GET(unsigned long, lvs_total_pages, (void), totalram_pages())

/* -- mem/retired.rs --------------------------------------------------------------------------- */

LVS_GET(unsigned long, lvs_begin_grace_period, (void), start_poll_synchronize_rcu())
LVS_DO(lvs_wait_for_grace_period, (unsigned long begun), cond_synchronize_rcu(begun))

/* -- task/lock.rs ----------------------------------------------------------------------------- */

LVS_DO(lvs_spin_lock_bh, (spinlock_t *lock), spin_lock_bh(lock))
LVS_GET(bool, lvs_spin_trylock_bh, (spinlock_t *lock), spin_trylock_bh(lock))
LVS_DO(lvs_spin_unlock_bh, (spinlock_t *lock), spin_unlock_bh(lock))

/* -- task/thread.rs, task/work.rs, task/time.rs ----------------------------------------------- */

/* The thread, which hasn't run yet, or an error. */
LVS_GET(struct task_struct *, lvs_thread_create,
	(int (*run)(void *owner), void *owner, const char *name),
	kthread_create(run, owner, "%s", name))
LVS_GET(int, lvs_thread_pid, (struct task_struct *thread), task_pid_nr(thread))
LVS_DO(lvs_delayed_work_init, (struct delayed_work *work, work_func_t function),
       INIT_DELAYED_WORK(work, function))
LVS_DO(lvs_delayed_work_queue, (struct delayed_work *work, unsigned long delay),
       queue_delayed_work(system_dfl_wq, work, delay))
LVS_DO(lvs_delayed_work_kick, (struct delayed_work *work),
       mod_delayed_work(system_dfl_wq, work, 0))
LVS_GET(bool, lvs_net_ratelimit, (void), net_ratelimit())
LVS_DO(lvs_sleep, (long ticks), schedule_timeout_uninterruptible(ticks))
LVS_DO(lvs_cond_resched, (void), cond_resched())
LVS_GET(u64, lvs_random_u64, (void), get_random_u64())
LVS_GET(u64, lvs_milliseconds, (void), ktime_to_ms(ktime_get()))
LVS_GET(u64, lvs_clock_milliseconds, (void), ktime_to_ms(ktime_get_real()))

/* -- hmac.rs ---------------------------------------------------------------------------------- */

LVS_DO(lvs_wipe, (void *memory, size_t size), memzero_explicit(memory, size))

/* -- ip_vs_guard.rs --------------------------------------------------------------------------- */

LVS_GET(int, lvs_notifier_from_errno, (int error), notifier_from_errno(error))
LVS_GET(bool, lvs_module_is, (const struct module *module, const char *name),
	!strcmp(module->name, name))
LVS_GET(bool, lvs_module_begins, (const struct module *module), module->init)

/* -- net/netns.rs, net/device.rs, net/address.rs, user/capability.rs -------------------------- */

LVS_GET(void *, lvs_net_generic, (const struct net *net, unsigned int id), net_generic(net, id))
LVS_GET(bool, lvs_is_initial_net, (const struct net *net), net_eq(net, &init_net))
/* As /proc/PID/ns/net has it. */
LVS_GET(u32, lvs_net_number, (const struct net *net), net->ns.inum)
LVS_GET(bool, lvs_net_is_privileged, (const struct net *net), net->user_ns == &init_user_ns)
LVS_GET(struct net_device *, lvs_device_of, (void *info), netdev_notifier_info_to_dev(info))
LVS_GET(struct net *, lvs_device_net, (const struct net_device *device), dev_net(device))
LVS_GET(bool, lvs_is_blackhole, (const struct net_device *device), device == blackhole_netdev)
LVS_GET(bool, lvs_ipv6_enabled, (void), ipv6_mod_enabled())

/* -- net/packet.rs ---------------------------------------------------------------------------- */

LVS_GET(bool, lvs_skb_may_pull, (struct sk_buff *skb, unsigned int len), pskb_may_pull(skb, len))
LVS_DO(lvs_skb_set_balanced, (struct sk_buff *skb), skb->ipvs_property = 1)
LVS_GET(u32, lvs_skb_mark, (const struct sk_buff *skb), skb->mark)
LVS_DO(lvs_skb_set_ip_summed, (struct sk_buff *skb, u8 state), skb->ip_summed = state)
LVS_GET(u16, lvs_skb_segments, (const struct sk_buff *skb), skb_shinfo(skb)->gso_segs ?: 1)
LVS_GET(int, lvs_skb_cloned, (const struct sk_buff *skb), skb_cloned(skb))
LVS_GET(bool, lvs_skb_gso_fits, (const struct sk_buff *skb, unsigned int mtu),
	skb_gso_validate_network_len(skb, mtu))
LVS_GET(bool, lvs_skb_is_gso, (const struct sk_buff *skb), skb_is_gso(skb))
LVS_GET(bool, lvs_skb_from_loopback, (const struct sk_buff *skb),
	!skb->dev || skb->dev->flags & IFF_LOOPBACK)
LVS_GET(__sum16, lvs_skb_checksum_fold, (const struct sk_buff *skb, int offset),
	csum_fold(skb_checksum(skb, offset, skb->len - offset, 0)))
LVS_GET(__sum16, lvs_skb_icmp_checksum, (struct sk_buff *skb, unsigned int offset),
	nf_ip_checksum(skb, NF_INET_LOCAL_IN, offset, IPPROTO_ICMP))
LVS_GET(__sum16, lvs_skb_icmp6_checksum, (struct sk_buff *skb, unsigned int offset),
	nf_ip6_checksum(skb, NF_INET_LOCAL_IN, offset, IPPROTO_ICMPV6))
LVS_DO(lvs_skb_free, (struct sk_buff *skb), kfree_skb(skb))
LVS_DO(lvs_skb_consume, (struct sk_buff *skb), consume_skb(skb))
LVS_GET(void *, lvs_skb_push, (struct sk_buff *skb, unsigned int len), skb_push(skb, len))
LVS_DO(lvs_skb_select_ident, (struct net *net, struct sk_buff *skb),
       ip_select_ident(net, skb, NULL))

/* -- net/drops.rs ----------------------------------------------------------------------------- */

/* The verdict for a packet that is freed already, as dropped. */
#define LVS_REFUSED (NF_STOLEN | EPERM << 16)

LVS_DO(lvs_skb_drop, (struct sk_buff *skb, enum skb_drop_reason reason),
       kfree_skb_reason(skb, reason))

/* -- net/sctp.rs ------------------------------------------------------------------------------ */

LVS_DO(lvs_skb_sum_sctp, (struct sk_buff *skb, unsigned int offset),
       ((struct sctphdr *)(skb->data + offset))->checksum = sctp_compute_cksum(skb, offset))
/* Whether the device completes the CRC32c of packets that lack it. */
LVS_GET(bool, lvs_dst_sums_sctp, (const struct dst_entry *dst),
	dst->dev->features & NETIF_F_SCTP_CRC)
LVS_GET(bool, lvs_skb_copy_bits, (const struct sk_buff *skb, int offset, void *to, int len),
	!skb_copy_bits(skb, offset, to, len))

/* -- net/route.rs, net/early.rs --------------------------------------------------------------- */

LVS_DO(lvs_dst_release, (struct dst_entry *dst), dst_release(dst))
LVS_GET(bool, lvs_dst_stale6, (struct dst_entry *dst, u32 cookie),
	READ_ONCE(dst->obsolete) && !dst->ops->check(dst, cookie))
LVS_GET(unsigned int, lvs_dst_mtu, (const struct dst_entry *dst), dst_mtu(dst))
LVS_GET(bool, lvs_dst_is_local4, (const struct dst_entry *dst),
	dst_rtable(dst)->rt_flags & RTCF_LOCAL)
LVS_GET(bool, lvs_dst_is_local6, (const struct dst_entry *dst),
	dst->dev && dst->dev->flags & IFF_LOOPBACK)
LVS_GET(bool, lvs_dst_is_input4, (const struct dst_entry *dst),
	rt_is_input_route(dst_rtable(dst)))
/* Whether the route's packets need nothing but a neighbour. */
LVS_GET(bool, lvs_dst_is_plain, (const struct dst_entry *dst),
	dst->output == ip_output || dst->output == ip6_output)
LVS_GET(bool, lvs_dst_device_down, (const struct dst_entry *dst),
	dst->dev && !netif_running(dst->dev))
LVS_GET(const struct net_device *, lvs_dst_device, (const struct dst_entry *dst), dst->dev)
LVS_GET(int, lvs_dst_device_index, (const struct dst_entry *dst), dst->dev->ifindex)
LVS_GET(const struct net_device *, lvs_dst_address_device6, (const struct dst_entry *dst),
	ip6_dst_idev(dst) ? ip6_dst_idev(dst)->dev : NULL)
LVS_GET(unsigned int, lvs_dst_hard_header_len, (const struct dst_entry *dst),
	dst->dev->hard_header_len)
LVS_GET(unsigned int, lvs_dst_reserved_space, (const struct dst_entry *dst),
	LL_RESERVED_SPACE(dst->dev))
LVS_DO(lvs_update_pmtu4, (struct sk_buff *skb, struct net *net, u32 mtu),
       ipv4_update_pmtu(skb, net, mtu, 0, 0))
LVS_DO(lvs_update_pmtu6, (struct sk_buff *skb, struct net *net, u32 mtu),
       ip6_update_pmtu(skb, net, htonl(mtu), 0, 0, sock_net_uid(net, NULL)))

/* -- net/output.rs ---------------------------------------------------------------------------- */

LVS_DO(lvs_count_ttl_error, (struct net *net), IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS))
LVS_DO(lvs_count_hop_limit_error, (struct net *net, struct sk_buff *skb),
       IP6_INC_STATS(net, __in6_dev_get_safely(skb->dev), IPSTATS_MIB_INHDRERRORS))

/* -- net/socket.rs ---------------------------------------------------------------------------- */

LVS_GET(int, lvs_socket_open, (struct net *net, int family, struct socket **socket),
	sock_create_kern(net, family, SOCK_DGRAM, IPPROTO_UDP, socket))
LVS_GET(int, lvs_socket_bind_device, (struct socket *socket, int index),
	sock_bindtoindex(socket->sk, index, true))
LVS_DO(lvs_socket_reuse, (struct socket *socket), sock_set_reuseaddr(socket->sk))
/* Without the limit that applies to users. */
LVS_DO(lvs_socket_set_buffer, (struct socket *socket, int bytes),
       sock_set_rcvbuf(socket->sk, bytes))

/* -- net/xt_match.rs -------------------------------------------------------------------------- */

LVS_GET(struct net *, lvs_xt_net, (const struct xt_action_param *param), xt_net(param))
LVS_GET(u8, lvs_xt_family, (const struct xt_action_param *param), xt_family(param))

/* -- net/tunnel.rs ---------------------------------------------------------------------------- */

/* A source port that all packets of a flow share, so that routers and queues keep them together. */
LVS_GET(__be16, lvs_skb_flow_port, (struct net *net, struct sk_buff *skb),
	udp_flow_src_port(net, skb, 0, 0, false))
LVS_DO(lvs_skb_udp_checksum4, (struct sk_buff *skb, bool none, __be32 source, __be32 dest),
       udp_set_csum(none, skb, source, dest, skb->len))
LVS_DO(lvs_skb_udp_checksum6,
       (struct sk_buff *skb, bool none, const struct in6_addr *source,
	const struct in6_addr *dest),
       udp6_set_csum(none, skb, source, dest, skb->len))

/* -- user/genl.rs, user/multicast.rs, user/nla.rs --------------------------------------------- */

LVS_GET(struct sk_buff *, lvs_genlmsg_new, (void), genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL))
LVS_GET(int, lvs_skb_tailroom, (const struct sk_buff *skb), skb_tailroom(skb))
LVS_DO(lvs_nlmsg_free, (struct sk_buff *skb), nlmsg_free(skb))
LVS_DO(lvs_genlmsg_end, (struct sk_buff *skb, void *header), genlmsg_end(skb, header))
LVS_DO(lvs_genlmsg_cancel, (struct sk_buff *skb, void *header), genlmsg_cancel(skb, header))
LVS_GET(void *, lvs_genlmsg_put,
	(struct sk_buff *skb, const struct genl_info *info, int flags, u8 cmd),
	genlmsg_put(skb, info->snd_portid, info->snd_seq, info->family, flags, cmd))
/* The attributes of a request, which nobody reads any more. */
LVS_DO(lvs_genl_wipe, (struct genl_info *info),
       memzero_explicit(info->genlhdr + 1,
			nlmsg_len(info->nlhdr) - GENL_HDRLEN))
LVS_GET(struct net *, lvs_genl_info_net, (const struct genl_info *info), genl_info_net(info))
LVS_GET(const struct genl_info *, lvs_genl_info_dump, (struct netlink_callback *cb),
	genl_info_dump(cb))
LVS_GET(int, lvs_genlmsg_reply, (struct sk_buff *skb, struct genl_info *info),
	genlmsg_reply(skb, info))
LVS_GET(bool, lvs_genl_has_listeners, (const struct genl_family *family, struct net *net),
	genl_has_listeners(family, net, 0) > 0)
LVS_GET(struct sk_buff *, lvs_genlmsg_new_event, (size_t size), genlmsg_new(size, GFP_KERNEL))
LVS_GET(void *, lvs_genlmsg_put_event,
	(struct sk_buff *skb, const struct genl_family *family, u8 cmd),
	genlmsg_put(skb, 0, 0, family, 0, cmd))
LVS_GET(int, lvs_genlmsg_multicast,
	(const struct genl_family *family, struct net *net, struct sk_buff *skb),
	genlmsg_multicast_netns(family, net, skb, 0, 0, GFP_KERNEL))
/* Listeners learn that something is lost. */
LVS_GET(int, lvs_genl_lose_event, (const struct genl_family *family, struct net *net),
	genl_set_err(family, net, 0, 0, -ENOBUFS))
LVS_GET(struct nlattr *, lvs_nla_nest_start, (struct sk_buff *skb, int attrtype),
	nla_nest_start_noflag(skb, attrtype))
LVS_DO(lvs_nla_nest_end, (struct sk_buff *skb, struct nlattr *start), nla_nest_end(skb, start))
LVS_DO(lvs_nla_nest_cancel, (struct sk_buff *skb, struct nlattr *start),
       nla_nest_cancel(skb, start))

/* -- user/sockopt.rs, user/procfs.rs ---------------------------------------------------------- */

LVS_GET(struct net *, lvs_sock_net, (const struct sock *sk), sock_net(sk))
/* Whether the process is an administrator of the socket's namespace. */
LVS_GET(bool, lvs_sock_may_administer, (const struct sock *sk),
	ns_capable(sock_net(sk)->user_ns, CAP_NET_ADMIN))
LVS_GET(unsigned long, lvs_copy_from_user, (void *to, const void __user *from, size_t size),
	copy_from_user(to, from, size))
LVS_GET(unsigned long, lvs_copy_to_user, (void __user *to, const void *from, size_t size),
	copy_to_user(to, from, size))
LVS_GET(int, lvs_copy_from_sockptr, (void *to, sockptr_t from, size_t size),
	copy_from_sockptr(to, from, size))
LVS_GET(struct net *, lvs_seq_file_net, (struct seq_file *seq), seq_file_net(seq))
LVS_GET(struct proc_dir_entry *, lvs_net_proc, (const struct net *net), net->proc_net)

/* -- user/sysctl.rs --------------------------------------------------------------------------- */

LVS_GET(int, lvs_cpulist_parse, (const char *text, struct cpumask *mask),
	cpulist_parse(text, mask))
LVS_GET(int, lvs_cpulist_print, (char *buffer, size_t size, const struct cpumask *mask),
	scnprintf(buffer, size, "%*pbl\n", cpumask_pr_args(mask)))
LVS_DO(lvs_cpumask_only_current, (struct cpumask *mask),
       cpumask_and(mask, mask, &current->cpus_mask))
LVS_GET(unsigned long, lvs_free_buffer_pages, (void), nr_free_buffer_pages())

#endif
