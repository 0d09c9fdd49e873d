// SPDX-License-Identifier: GPL-2.0
/*
 * A module that does nothing but have a name of ip_vs's, for programs that look for it in
 * /proc/modules or /sys/module. Like that one's modules they depend on ip_vs, and that depends on
 * lvs. lvs lets it load, unlike the ip_vs of the kernel, since it has no init function.
 */
#include <linux/module.h>

#include "placeholder.h"

#ifdef PLACEHOLDER_OF_ALL
/* What options of ip_vs are about; modprobe's configuration passes them to lvs, too. */
static int conn_tab_bits = 20;
module_param(conn_tab_bits, int, 0444);
MODULE_PARM_DESC(conn_tab_bits, "Has no effect here: it is a parameter of lvs");

const char ip_vs_placeholder;
EXPORT_SYMBOL_GPL(ip_vs_placeholder);
static const char *const depends_on __used = &lvs_in_place_of_ip_vs;
#else
static const char *const depends_on __used = &ip_vs_placeholder;
#endif

#ifdef PLACEHOLDER_OF_FTP
static unsigned short ports[8] = { 21 };
static unsigned int ports_count = 1;
module_param_array(ports, ushort, &ports_count, 0444);
MODULE_PARM_DESC(ports, "Has no effect here: it is a parameter of lvs");
#endif

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The lvs developers");
MODULE_DESCRIPTION("A name of ip_vs's, where lvs is in its place");
