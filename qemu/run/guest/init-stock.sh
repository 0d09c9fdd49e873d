#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# First process of a QEMU guest, in an initramfs of busybox, a few modules and /lvs. The run-time
# part of the build root comes as a read-only disk; put a writable overlay over it and go there.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
if grep -q lvs.probe /proc/cmdline; then
	echo "lvs-guest: probe" >/dev/kmsg
	poweroff -f
fi
while read -r module; do
	insmod "/modules/$module"
done </modules/order
# The disk appears when the driver has probed it.
while ! [ -b /dev/vda ]; do sleep 0.05; done
mkdir /image /upper /root-fs
mount -t squashfs -o ro /dev/vda /image
mount -t tmpfs tmpfs /upper
mkdir /upper/upper /upper/work
mount -t overlay -o lowerdir=/image,upperdir=/upper/upper,workdir=/upper/work overlay /root-fs
mount -t tmpfs tmpfs /root-fs/lvs
cp -a /lvs/. /root-fs/lvs/
mount --move /dev /root-fs/dev
umount /proc
exec switch_root /root-fs /bin/bash /lvs/guest/main.sh /dev/ttyS1
