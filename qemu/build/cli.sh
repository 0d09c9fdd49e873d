#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build the command line tool: build/ipvsadm-rs.
. "$(dirname "$0")/../common.sh"

LVS_SUITE=trixie

say "building ipvsadm-rs (at first 1 minute)"
"$LVS_TOP/qemu/build/cargo.sh" build --locked --release -p ipvsadm-rs
find_root
# Not in place: a guest may be reading the old one.
new=ipvsadm-rs.$$
in_root sh -c "cp /build/cargo/release/ipvsadm-rs /build/$new && mv /build/$new /build/ipvsadm-rs"
