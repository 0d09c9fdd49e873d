#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the tree deb-guest has besides its list: the kernel of the suite itself, which has no Rust.
# $1 is the tree.
set -eu
meta=linux-image-cloud-amd64
version=$(chroot "$1" apt-cache madison $meta | sed -n 's/^[^|]*| *\([^ ]*\) *|.*/\1/p' | grep -v '~bpo' | head -n 1)
image=$(chroot "$1" apt-cache show "$meta=$version" | sed -n 's/^Depends: .*\(linux-image-[^ ]*\).*/\1/p')
chroot "$1" env INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$image"
