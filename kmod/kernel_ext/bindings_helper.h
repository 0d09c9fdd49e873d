/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The headers bindgen reads. hrtimer_types.h comes first for the reason rust/bindings/bindings_helper.h of the kernel
 * gives: it makes bindgen choose the same signedness for the enums both sets of bindings share.
 */
#include <linux/hrtimer_types.h>

#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

#include "helpers.h"
#include "helpers_conntrack.h"
#include "helpers_sctp.h"
#include "helpers_tunnel.h"

/* control plane */
#include <linux/kthread.h>
#include <linux/proc_fs.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "helpers_control.h"
