/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C inline functions and macros as functions that Rust can call. One line each, without logic of their own.
 */
#ifndef LVS_HELPERS_H
#define LVS_HELPERS_H

#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/route.h>

#define LVS_HZ HZ
#define LVS_NOTIFY_OK 1

/* Packet counters of one CPU; the Rust side is kernel_ext::percpu::CounterCell. */
struct lvs_counters {
	u64 connections;
	u64 in_packets;
	u64 in_bytes;
	u64 out_packets;
	u64 out_bytes;
};

/* packet.rs */
bool lvs_skb_may_pull(struct sk_buff *skb, unsigned int len);
void lvs_skb_set_balanced(struct sk_buff *skb);
u32 lvs_skb_mark(const struct sk_buff *skb);
void lvs_skb_set_ip_summed(struct sk_buff *skb, u8 state);
bool lvs_skb_prepare(struct sk_buff *skb, unsigned int len, unsigned int headroom);
void lvs_skb_push_header(struct sk_buff *skb, const void *header, unsigned int len);
u16 lvs_skb_segments(const struct sk_buff *skb);
int lvs_skb_cloned(const struct sk_buff *skb);
void lvs_skb_orphan(struct sk_buff *skb);
void lvs_skb_forward(struct sk_buff *skb);
void lvs_skb_leave(struct sk_buff *skb);
void lvs_skb_leave_tracked(struct sk_buff *skb);
void lvs_skb_leave_inside(struct sk_buff *skb);
void lvs_skb_untrack(struct sk_buff *skb);
bool lvs_skb_gso_fits(const struct sk_buff *skb, unsigned int mtu);
bool lvs_skb_is_gso(const struct sk_buff *skb);
bool lvs_skb_from_loopback(const struct sk_buff *skb);
bool lvs_skb_nodefrag(const struct sk_buff *skb);
__sum16 lvs_skb_checksum_fold(const struct sk_buff *skb, int offset);
__sum16 lvs_skb_icmp_checksum(struct sk_buff *skb, unsigned int offset);
int lvs_ip_defrag(struct net *net, struct sk_buff *skb, unsigned int hook);
void lvs_skb_drop(struct sk_buff *skb);
void *lvs_skb_push(struct sk_buff *skb, unsigned int len);
void lvs_skb_reset_network_header(struct sk_buff *skb);
int lvs_skb_resize(struct sk_buff *skb, unsigned int len);
void lvs_skb_reset_ip_options(struct sk_buff *skb);
bool lvs_skb_pull(struct sk_buff *skb, unsigned int len);
void lvs_skb_set_transport_header(struct sk_buff *skb, int offset);
struct sk_buff *lvs_skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom);
bool lvs_skb_exceeds_mtu6(const struct sk_buff *skb, unsigned int mtu);
__sum16 lvs_skb_icmp6_checksum(struct sk_buff *skb, unsigned int offset);
void lvs_skb_select_ident(struct net *net, struct sk_buff *skb);

/* route.rs */
struct rtable *lvs_route_output4(struct net *net, __be32 daddr, __be32 saddr, bool known_nexthop, __be32 *used_saddr);
struct dst_entry *lvs_route_output6(struct net *net, const struct in6_addr *daddr, bool known_nexthop,
				    struct in6_addr *source, u32 *cookie);
bool lvs_dst_is_local6(const struct dst_entry *dst);
int lvs_route_me_harder6(struct net *net, struct sk_buff *skb);
void lvs_dst_release(struct dst_entry *dst);
bool lvs_dst_stale4(const struct net *net, const struct dst_entry *dst);
bool lvs_dst_stale6(struct dst_entry *dst, u32 cookie);
unsigned int lvs_dst_mtu(const struct dst_entry *dst);
bool lvs_dst_is_local4(const struct dst_entry *dst);
bool lvs_dst_device_down(const struct dst_entry *dst);
bool lvs_is_blackhole(const struct net_device *device);
const struct net_device *lvs_dst_device(const struct dst_entry *dst);
unsigned int lvs_dst_hard_header_len(const struct dst_entry *dst);
unsigned int lvs_dst_reserved_space(const struct dst_entry *dst);
bool lvs_dst_is_input4(const struct dst_entry *dst);
void lvs_skb_dst_set_noref(struct sk_buff *skb, struct dst_entry *dst);
void lvs_skb_dst_set_ref(struct sk_buff *skb, struct dst_entry *dst);
void lvs_skb_link_failure(struct sk_buff *skb);
void lvs_skb_update_pmtu_local(struct sk_buff *skb, u32 mtu);
int lvs_route_me_harder4(struct net *net, struct sk_buff *skb);
void lvs_update_pmtu4(struct sk_buff *skb, struct net *net, u32 mtu);

/* early.rs, in helpers_early.c */
bool lvs_no_output_policy(const struct net *net);
bool lvs_has_common_route4(const struct net *net, const struct sk_buff *skb);
bool lvs_has_common_route6(const struct net *net, const struct sk_buff *skb);
bool lvs_dst_share4(struct dst_entry *dst);
bool lvs_dst_share6(struct dst_entry *dst, u32 *cookie);
bool lvs_early_admits(const struct net *net, const struct sk_buff *skb);
bool lvs_dst_is_plain(const struct dst_entry *dst);
struct dst_entry *lvs_early_route4(struct net *net, const struct sk_buff *skb, __be32 source);
struct dst_entry *lvs_early_route6(struct net *net, const struct sk_buff *skb, const struct in6_addr *source);
bool lvs_early_prepare(struct sk_buff *skb, unsigned int len, const struct dst_entry *dst);
void lvs_early_send4(struct net *net, struct sk_buff *skb);
void lvs_early_send6(struct net *net, struct sk_buff *skb);
void lvs_early_send_built4(struct net *net, struct sk_buff *skb);
void lvs_early_send_built6(struct net *net, struct sk_buff *skb);
void lvs_skb_dst_give(struct sk_buff *skb, struct dst_entry *dst);

/* output.rs */
void lvs_local_out4(struct net *net, struct sk_buff *skb);
void lvs_ip_local_out(struct net *net, struct sk_buff *skb);
void lvs_local_out6(struct net *net, struct sk_buff *skb);
void lvs_ip6_local_out(struct net *net, struct sk_buff *skb);
void lvs_icmp6_send(struct net *net, struct sk_buff *skb, u8 type, u8 code, u32 info);
void lvs_count_hop_limit_error(struct net *net, struct sk_buff *skb);
int lvs_defrag6_enable(struct net *net);
void lvs_icmp_send(struct sk_buff *skb, int type, int code, __be32 info);
void lvs_count_ttl_error(struct net *net);

/* percpu.rs */
struct lvs_counters __percpu *lvs_counters_alloc(void);
void lvs_counters_free(struct lvs_counters __percpu *counters);
struct lvs_counters *lvs_counters_of_cpu(struct lvs_counters __percpu *counters, unsigned int cpu);
void lvs_count_connection(struct lvs_counters __percpu *counters);
void lvs_count_in(struct lvs_counters __percpu *counters, unsigned int bytes);
void lvs_count_out(struct lvs_counters __percpu *counters, unsigned int bytes);
unsigned int lvs_possible_cpus(void);
bool lvs_cpu_possible(unsigned int cpu);

/* lock.rs */
spinlock_t *lvs_locks_alloc(unsigned int count);
spinlock_t *lvs_lock_alloc_atomic(void);
void lvs_spin_lock_bh(spinlock_t *lock);
bool lvs_spin_trylock_bh(spinlock_t *lock);
void lvs_spin_unlock_bh(spinlock_t *lock);

/* memory.rs */
struct kmem_cache *lvs_cache_create(const char *name, unsigned int size);
void *lvs_cache_alloc(struct kmem_cache *cache);
void *lvs_cache_alloc_atomic(struct kmem_cache *cache);
void *lvs_kmalloc(size_t size);
void lvs_kfree(const void *object);
void *lvs_kvmalloc(size_t size);
void lvs_kvfree(void *memory);
void lvs_free_after_grace_period(struct rcu_head *head, void *object);

/* retired.rs */
unsigned long lvs_begin_grace_period(void);
void lvs_wait_for_grace_period(unsigned long begun);

/* netns.rs */
void *lvs_net_generic(const struct net *net, unsigned int id);
bool lvs_is_initial_net(const struct net *net);

/* work.rs */
void lvs_delayed_work_init(struct delayed_work *work, work_func_t function);
void lvs_delayed_work_queue(struct delayed_work *work, unsigned long delay);
void lvs_delayed_work_kick(struct delayed_work *work);

/* rival.rs */
int lvs_notifier_from_errno(int error);

/* time.rs */
bool lvs_net_ratelimit(void);
void lvs_cond_resched(void);
u64 lvs_random_u64(void);

#endif
