// SPDX-License-Identifier: GPL-2.0
#include <linux/net.h>

#include "helpers.h"

bool lvs_net_ratelimit(void)
{
	return net_ratelimit();
}
