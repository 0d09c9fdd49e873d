#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Make what the stock kernel boots from in QEMU: a disk with the run-time part of the build root,
# and the constant part of the initramfs for the kernel.
#
# usage: guest-image.sh
# Prints the directory that holds disk.squashfs and, for each kernel, initramfs-RELEASE.cpio.
. "$(dirname "$0")/../common.sh"

find_root
IMAGE=$LVS_CACHE/image-$(basename "$ROOT")
INITRAMFS=$IMAGE/initramfs-$KREL.cpio

# Compilers and sources are not needed at run time. Uncompressed, because an emulated processor
# unpacks slowly.
make_disk() {
	in_root mksquashfs / "$IMAGE/disk.squashfs" -one-file-system -no-progress -noI -noD -noF -noX -wildcards -e \
		'usr/src/*' 'usr/include/*' 'usr/libexec/gcc' 'usr/lib/gcc' 'usr/lib/llvm-*' 'usr/lib/rustlib' \
		'usr/lib/x86_64-linux-gnu/lib*.a' 'usr/lib/x86_64-linux-gnu/libLLVM*' \
		'usr/lib/x86_64-linux-gnu/libclang*' 'usr/lib/x86_64-linux-gnu/librustc*' 'usr/lib/x86_64-linux-gnu/gprofng' \
		'usr/bin/qemu-*' 'usr/share/qemu' 'usr/share/seabios' 'usr/lib/ipxe' 'usr/bin/cargo*' 'usr/bin/rust*' \
		'usr/bin/clippy-driver' 'usr/bin/bindgen' 'usr/bin/*-gnu-lto-dump*' 'var/cache/*' 'var/lib/apt/*' \
		'boot/*' 'src/*' 'build/*' "${LVS_CACHE#/}/*"
}

make_initramfs() {
	in_root bash -ec '
		rel=$1 out=$2
		dir=$(mktemp -d)
		cd "$dir"
		mkdir -p bin proc dev modules lvs
		cp /usr/bin/busybox bin/
		for module in virtio_blk squashfs overlay; do
			modprobe --set-version "$rel" --show-depends "$module"
		done | sed -n "s/^insmod \([^ ]*\).*/\1/p" | while read -r file; do
			name=$(basename "${file%.ko*}").ko
			[ ! -e "modules/$name" ] || continue
			case $file in
			*.xz) xz -dc "$file" ;;
			*.zst) zstd -dc "$file" ;;
			*) cat "$file" ;;
			esac >"modules/$name"
			echo "$name" >>modules/order
		done
		find . | cpio -o -H newc -R 0:0 >"$out.new"
		mv "$out.new" "$out"' bash "$KREL" "$INITRAMFS"
}

make_image() {
	LOG=$LVS_CACHE/log/guest-image.log
	if [ ! -e "$IMAGE/.complete" ]; then
		$SUDO rm -rf "$IMAGE"
		$SUDO mkdir -p "$IMAGE"
		step 1/2 "making the disk of QEMU guests (10 s)" make_disk
		$SUDO touch "$IMAGE/.complete"
	fi
	[ -e "$INITRAMFS" ] || step 2/2 "making the initramfs of $KREL" make_initramfs
}

[ -e "$INITRAMFS" ] || with_lock "$(basename "$IMAGE")" make_image
echo "$IMAGE"
