/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C inline functions and macros that the control plane needs. One line each, without logic of their own.
 */
#ifndef LVS_HELPERS_CONTROL_H
#define LVS_HELPERS_CONTROL_H

#include <linux/cpumask.h>
#include <linux/in6.h>
#include <linux/sched.h>
#include <linux/sockptr.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#define LVS_MAX_CONTROL_PORTS 8

/* parameters.rs */
u16 lvs_control_port(unsigned int index);

/* genl.rs, nla.rs */
struct net *lvs_genl_info_net(const struct genl_info *info);
const struct genl_info *lvs_genl_info_dump(struct netlink_callback *cb);
int lvs_genlmsg_reply(struct sk_buff *skb, struct genl_info *info);
struct nlattr *lvs_nla_nest_start(struct sk_buff *skb, int attrtype);
void lvs_nla_nest_end(struct sk_buff *skb, struct nlattr *start);
void lvs_nla_nest_cancel(struct sk_buff *skb, struct nlattr *start);

/* sockopt.rs */
struct net *lvs_sock_net(const struct sock *sk);
int lvs_copy_from_sockptr(void *to, sockptr_t from, size_t size);

/* procfs.rs */
struct net *lvs_seq_file_net(struct seq_file *seq);

/* sysctl.rs */
int lvs_cpulist_parse(const char *text, struct cpumask *mask);
int lvs_cpulist_print(char *buffer, size_t size, const struct cpumask *mask);
void lvs_cpumask_only_current(struct cpumask *mask);
void lvs_cpumask_housekeeping(struct cpumask *mask);
unsigned long lvs_free_buffer_pages(void);
long lvs_available_pages(void);
unsigned long lvs_total_pages(void);

/* thread.rs */
struct task_struct *lvs_thread_create(int (*run)(void *owner), void *owner, const char *name);
void lvs_thread_sleep(unsigned long ticks);

/* parameter.rs */
int lvs_conn_tab_bits(void);
void lvs_set_conn_tab_bits(int bits);

/* device.rs */
struct net_device *lvs_device_going_down(unsigned long event, void *info);
struct net *lvs_device_net(const struct net_device *device);

/* user.rs */
bool lvs_net_is_privileged(const struct net *net);

/* address.rs */
bool lvs_ipv6_enabled(void);
bool lvs_addr_is_local6(struct net *net, const struct in6_addr *addr);

#endif
