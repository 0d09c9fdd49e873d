// SPDX-License-Identifier: GPL-2.0
/*
 * The module's aliases and parameters, and what settings and threads need besides. In C because
 * parameters, wait queues and such are declared by macros; what is here as a function uses those
 * declarations, or a structure of the kernel's on the stack.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/isolation.h>
#include <linux/wait.h>
#include <net/genetlink.h>

#include "module.h"

/* What loads ip_vs on demand finds lvs: netlink's request for the family, and modprobe. */
MODULE_ALIAS_GENL_FAMILY("IPVS");
MODULE_ALIAS("ip_vs");

/* What placeholders by the names of ip_vs's modules refer to, so that they depend on this one. */
const char lvs_in_place_of_ip_vs;
EXPORT_SYMBOL_GPL(lvs_in_place_of_ip_vs);

static int conn_tab_bits = 20;
module_param(conn_tab_bits, int, 0444);
MODULE_PARM_DESC(conn_tab_bits,
		 "Most buckets of a connection table, as the power of two (default: 20)");

int lvs_conn_tab_bits(void)
{
	return READ_ONCE(conn_tab_bits);
}

void lvs_set_conn_tab_bits(int bits)
{
	WRITE_ONCE(conn_tab_bits, bits);
}

static bool early_path;
module_param(early_path, bool, 0);
MODULE_PARM_DESC(early_path,
		 "What net.lvs.early_path is in a new network namespace (default: N)");

bool lvs_early_path(void)
{
	return early_path;
}

/* As ip_vs_ftp has it, so that its options for modprobe go on working. */
static unsigned short ports[LVS_MAX_FTP_PORTS] = { 21 };
static unsigned int ports_count = 1;
module_param_array(ports, ushort, &ports_count, 0444);
MODULE_PARM_DESC(ports, "Ports of FTP's control connections, up to 8 (default: 21)");

u16 lvs_ftp_port(unsigned int index)
{
	return index < ports_count ? ports[index] : 0;
}

/* Nobody wakes the queue: stopping a thread wakes the thread. */
static DECLARE_WAIT_QUEUE_HEAD(sleepers);

void lvs_thread_sleep(unsigned long ticks)
{
	wait_event_idle_timeout(sleepers, kthread_should_stop(), ticks);
}

void lvs_cpumask_housekeeping(struct cpumask *mask)
{
	scoped_guard(rcu)
		cpumask_copy(mask, housekeeping_cpumask(HK_TYPE_KTHREAD));
}

/* Pages that are free or hold buffers. */
long lvs_available_pages(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram + info.bufferram;
}
