#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build lvs.ko for one of the kernels.
#
# usage: module.sh stock|running|uml|sanitized|clippy [MAKE-ARGS...]
# The result is build/<kernel>/lvs.ko; for the stock kernel of another suite or flavour, which
# LVS_SUITE and LVS_FLAVOUR name, build/stock[-SUITE][-FLAVOUR]/lvs.ko. Kbuild works on a copy below
# build/, so the checkout stays clean. `running` is the kernel this host runs, one of the suite's.
# `clippy` is the stock kernel's, built by clippy: only its warnings matter.
. "$(dirname "$0")/../common.sh"

kernel=${1:-stock}
shift || true
[ "$kernel" != running ] || export LVS_KERNEL=${LVS_KERNEL:-$(uname -r)}
find_root
out=$kernel
case $kernel in
stock | running)
	[ "$kernel" = running ] || out=$STOCK
	make_args=()
	OBJ=$("$LVS_TOP/qemu/build/kernel-tree.sh")
	;;
clippy)
	make_args=(CLIPPY=1)
	OBJ=$("$LVS_TOP/qemu/build/kernel-tree.sh")
	;;
uml)
	make_args=(ARCH=um)
	OBJ=$("$LVS_TOP/qemu/build/uml-kernel.sh" plain)
	;;
sanitized)
	make_args=(ARCH=um LLVM=1)
	OBJ=$("$LVS_TOP/qemu/build/uml-kernel.sh" sanitized)
	;;
*) die "there is no kernel \"$kernel\"" ;;
esac

# Not in place: a guest may be reading the old one.
publish() {
	local module=/build/$out/${1##*/}
	in_root sh -c "cp /build/$out/$1 $module.new && mv $module.new $module"
}

build() {
	mkdir -p "$LVS_BUILD/$out/kbuild"
	# What .gitignore lists is Kbuild's output: neither taken from the checkout nor deleted
	# from the copy.
	in_root rsync -a --delete --exclude-from=/src/.gitignore \
		/src/Kbuild /src/kmod /src/uapi "/build/$out/kbuild/"
	in_root make -s -C "$OBJ" M="/build/$out/kbuild" "${make_args[@]}" -j"$JOBS" "$@" modules
	publish kbuild/kmod/lvs.ko
	if [ "$kernel" = sanitized ]; then
		# The module that makes errors on purpose.
		in_root rsync -a --exclude-from=/src/.gitignore /src/qemu/scenarios/sanitized/trip "/build/$out/"
		in_root make -s -C "$OBJ" M="/build/$out/trip" "${make_args[@]}" modules
		publish trip/lvs_trip.ko
	fi
	[ "$kernel" != stock ] || build_sink
	[ "$kernel" = clippy ] || build_placeholders
	[ -z "$SUDO" ] || $SUDO chown -R "$(id -u)" "$LVS_BUILD/$out"
}

# Devices of the benchmark that drop what they send.
build_sink() {
	in_root rsync -a --exclude-from=/src/.gitignore /src/qemu/bench/sink "/build/$out/"
	in_root make -s -C "$OBJ" M="/build/$out/sink" "${make_args[@]}" modules
	publish sink/lvs_sink.ko
}

# Modules by the names of ip_vs's, which depend on lvs.ko.
build_placeholders() {
	in_root rsync -a --exclude-from=/src/.gitignore /src/packaging/placeholders "/build/$out/"
	in_root make -s -C "$OBJ" M="/build/$out/placeholders" KBUILD_EXTRA_SYMBOLS="/build/$out/kbuild/Module.symvers" \
		"${make_args[@]}" -j"$JOBS" modules
}

# One build of each kernel's copy at a time.
mkdir -p "$LVS_BUILD/$out"
exec 8>"$LVS_BUILD/$out/.lock"
flock 8
[ "$kernel" = clippy ] || say "building lvs.ko for the $kernel kernel, $KREL (at first 10 s)"
build "$@"
