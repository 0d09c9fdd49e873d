#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The first process of every guest, once its root file system is a writable overlay: mount what a
# system has, run the job, report, power off. $1 is the terminal of the job; kernel messages go
# elsewhere.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
terminal=$1

mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
[ -e /dev/stdin ] || ln -s /proc/self/fd/0 /dev/stdin
[ -e /dev/stdout ] || ln -s /proc/self/fd/1 /dev/stdout
[ -e /dev/stderr ] || ln -s /proc/self/fd/2 /dev/stderr
mkdir -p /run/lock /run/netns
hostname lvs
ip link set lo up

# The kernel's messages all reach the log, and ours are not rate-limited away.
echo on >/proc/sys/kernel/printk_devkmsg
dmesg -n 8
echo "lvs-guest: start" >/dev/kmsg

# shellcheck source=/dev/null # stage() of guest.sh writes it
. /lvs/guest/job
export TERM=$term
cd /lvs || exit
if [ -n "$interactive" ]; then
	if [ "${#command[@]}" -eq 0 ]; then
		command=(bash -il)
		printf 'This is %s; lvs.ko, ipvsadm-rs and scenarios/ are in /lvs. Leave with exit or ctrl-d.\n' \
			"$(uname -r)" >"$terminal"
	fi
	# A session of its own with the terminal as its controlling one: job control and ctrl-c
	# work.
	# shellcheck disable=SC2094 # a terminal is read and written
	setsid --ctty --wait bash -c 'stty sane $0; exec "$@"' "$size" "${command[@]}" <"$terminal" >"$terminal" 2>&1
	status=0
else
	stty -F "$terminal" raw -echo
	setsid --wait "${command[@]}" </dev/null >"$terminal" 2>&1
	status=$?
	if [ -e /sys/kernel/debug/kmemleak ] && [ -z "$provokes" ]; then
		/lvs/guest/detectors.sh >"$terminal" 2>&1 || status=$((status ? status : 1))
	fi
fi
# Let the terminal drain before the machine goes away.
sync
sleep 0.1
echo "<0>lvs-guest: exit status $status" >/dev/kmsg
busybox poweroff -f
