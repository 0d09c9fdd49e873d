#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# First process of a UML guest, whose root is the build root, read-only through hostfs. Put a
# writable overlay over it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t tmpfs tmpfs /media
mkdir /media/upper /media/work /media/root
mount -t overlay -o lowerdir=/,upperdir=/media/upper,workdir=/media/work overlay /media/root
cd /media/root || exit
umount /proc
mount -t devtmpfs devtmpfs dev
pivot_root . srv
exec chroot . bash /lvs/guest/main.sh /dev/tty0
