/* SPDX-License-Identifier: GPL-2.0 */
/* Parameters, and what settings and threads need besides inline.h: see module.c. */
#ifndef LVS_MODULE_H
#define LVS_MODULE_H

#include <linux/cpumask.h>
#include <linux/types.h>

#define LVS_MAX_FTP_PORTS 8

/* user/parameter.rs */
int lvs_conn_tab_bits(void);
void lvs_set_conn_tab_bits(int bits);
bool lvs_early_path(void);
u16 lvs_ftp_port(unsigned int index);

/* task/thread.rs */
void lvs_thread_sleep(unsigned long ticks);

/* user/sysctl.rs */
void lvs_cpumask_housekeeping(struct cpumask *mask);

/* packaging/placeholders */
extern const char lvs_in_place_of_ip_vs;

/* mem/slab.rs */
long lvs_available_pages(void);

#endif
