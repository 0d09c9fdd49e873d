#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prepare the source tree of the stock kernel for building modules with Rust in them: Debian's
# headers package has no Rust metadata, so the kernel's Rust crates are built once from the
# packaged source and the packaged configuration.
#
# usage: kernel-tree.sh [source]
# Prints the object directory to build the module against, or the source directory alone when asked
# for `source`.
. "$(dirname "$0")/../common.sh"

find_root
TREE=$LVS_CACHE/kernel-$KREL
OBJ=$TREE/stock
# What packages say about the kernel: those of the build root, or of this host when it is this
# host's kernel.
HEADERS=$ROOT/usr/src/linux-headers-$KREL
CONFIG=$ROOT/boot/config-$KREL
if [ ! -e "$CONFIG" ]; then
	HEADERS=/usr/src/linux-headers-$KREL
	CONFIG=$HEADERS/.config
	[ -e "$CONFIG" ] || die "there are no headers of $KREL here; install linux-headers-$KREL"
fi

unpack() {
	local tarball
	tarball=$(basename "$(ls "$ROOT"/usr/src/linux-source-*.tar.*)")
	$SUDO rm -rf "$SRC" "$SRC.partial"
	$SUDO mkdir -p "$SRC.partial"
	in_root tar -C "$SRC.partial" --strip-components=1 -xf "/usr/src/$tarball"
	$SUDO mv "$SRC.partial" "$SRC"
}

# What follows the version number in the release, e.g. "+deb13-cloud-amd64".
localversion() {
	local version
	version=$(in_root make -s -C "$SRC" kernelversion)
	[ "$KREL" != "${KREL#"$version"}" ] ||
		die "$KREL is not built from the source that Debian $LVS_SUITE has today, which is $version"
	echo "${KREL#"$version"}"
}

configure() {
	local local_part
	local_part=$(localversion)
	$SUDO rm -rf "$OBJ"
	$SUDO mkdir -p "$OBJ"
	$SUDO cp "$CONFIG" "$OBJ/.config"
	in_root make -C "$SRC" "O=$OBJ" "LOCALVERSION=$local_part" olddefconfig
	grep -q '^CONFIG_RUST=y' "$OBJ/.config" || {
		echo "CONFIG_RUST was lost from the configuration; the tools the kernel wants:"
		in_root make -C "$SRC" "O=$OBJ" "LOCALVERSION=$local_part" rustavailable
		return 1
	}
}

prepare() {
	local release
	in_root make -C "$SRC" "O=$OBJ" "LOCALVERSION=$(localversion)" -j"$JOBS" prepare modules_prepare
	$SUDO cp "$HEADERS/Module.symvers" "$OBJ/"
	# The kernel image with BTF, against which the module's own BTF is made.
	[ ! -e "$HEADERS/vmlinux" ] || $SUDO cp "$HEADERS/vmlinux" "$OBJ/"
	release=$(cat "$OBJ/include/config/kernel.release")
	[ "$release" = "$KREL" ] || {
		echo "the tree calls itself $release, the stock kernel is $KREL: its modules would not load"
		return 1
	}
	$SUDO touch "$OBJ/.complete"
}

# A module's Rust must come from the very compiler that built the kernel: symbol hashes and layouts
# depend on it.
check_rustc() {
	local built ours
	built=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\(.*\)"/\1/p' "$CONFIG")
	ours=$(in_root rustc --version)
	[ "$built" = "$ours" ] ||
		die "the stock kernel $KREL was built with \"$built\" but the build root has \"$ours\"; a module built here" \
			"would not load. Wait for Debian $LVS_SUITE to catch up, or pin an older kernel in buildroot.packages."
}

make_source() {
	[ ! -e "$SRC" ] || return 0
	step 1/1 "unpacking the kernel source (25 s)" unpack
}

make_stock() {
	[ ! -e "$OBJ/.complete" ] || return 0
	check_rustc
	step 1/2 "configuring the stock kernel's tree (10 s)" configure
	step 2/2 "preparing it and building its Rust crates (1 minute)" prepare
}

LOG=$LVS_CACHE/log/kernel-tree.log
[ -e "$SRC" ] || with_lock "source-$(basename "$(dirname "$SRC")")" make_source
if [ "${1:-}" = source ]; then
	echo "$SRC"
	exit
fi
[ -e "$OBJ/.complete" ] || with_lock "stock-$KREL" make_stock
echo "$OBJ"
