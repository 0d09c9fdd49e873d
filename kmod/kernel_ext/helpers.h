/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C inline functions and macros as functions that Rust can call. One line each, without logic of their own.
 */
#ifndef LVS_HELPERS_H
#define LVS_HELPERS_H

#include <linux/types.h>

bool lvs_net_ratelimit(void);

#endif
