#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# First process of the guest of `make test-deb`: the disk is the root file system, and what tests do
# there is a unit below /run, which the system finds at its start.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
while read -r module; do
	insmod "/modules/$module"
done </modules/order
while ! [ -b /dev/vdb ]; do sleep 0.05; done
mkdir /disk
mount -t ext4 -o rw,noatime /dev/vda /disk
mount -t tmpfs -o mode=755 tmpfs /disk/run
# What the first start of a machine would decide.
[ -s /disk/etc/machine-id ] && ! grep -q uninit /disk/etc/machine-id || echo 0123456789abcdef0123456789abcdef >/disk/etc/machine-id
mkdir -p /disk/run/lvs-test /disk/run/systemd/system/multi-user.target.wants
mount -t ext4 -o ro /dev/vdb /disk/run/lvs-test
cat >/disk/run/systemd/system/lvs-test.service <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /run/lvs-test/job
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
TimeoutStartSec=infinity
UNIT
ln -s ../lvs-test.service /disk/run/systemd/system/multi-user.target.wants/
mount --move /dev /disk/dev
umount /proc
exec switch_root /disk /sbin/init
