/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The headers bindgen reads. hrtimer_types.h comes first for the reason
 * rust/bindings/bindings_helper.h of the kernel gives: it makes bindgen choose the same signedness
 * for the enums both sets of bindings share.
 */
#include <linux/hrtimer_types.h>

/* What bindgen_parameters names of the kernel. */
#include <crypto/sha2.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/proc_fs.h>
#include <net/ipv6.h>
#include <net/route.h>

/* The module's own. */
#include "c/conntrack.h"
#include "c/module.h"
#include "c/early.h"
#include "c/inline.h"
#include "c/output.h"
#include "c/packet.h"
#include "c/reset.h"
#include "c/route.h"
#include "c/socket.h"
#include "c/system.h"
#include "c/trace.h"
#include "c/tunnel.h"
#include "c/xdp.h"
#include "c/xt_match.h"
