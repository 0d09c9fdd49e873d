#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run cargo in the build root: its compiler, the registry's downloads in the cache, output below
# build/cargo.
#
# usage: cargo.sh ARGS...
. "$(dirname "$0")/../common.sh"

# One compiler for all programs, whichever kernel they run on.
LVS_SUITE=trixie

find_root
mkdir -p "$LVS_BUILD/cargo"
$SUDO mkdir -p "$LVS_CACHE/cargo"
CHROOT_ENV="CARGO_HOME=$LVS_CACHE/cargo CARGO_TARGET_DIR=/build/cargo CARGO_TERM_COLOR=never CARGO_NET_RETRY=5" \
	in_root sh -c 'cd /src && exec cargo "$@"' sh "$@"
