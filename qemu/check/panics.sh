#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A panic in the kernel is a crash: nothing of the module may reach one. Prints the symbols by which
# the stock kernel's lvs.ko does.
. "$(dirname "$0")/../common.sh"

find_root
in_root nm -C "/build/$STOCK/lvs.ko" | grep -E ' U .*(core::panicking|unwrap_failed|expect_failed|core::slice.*_fail)' || true
