#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run a script on the stock Debian kernel in QEMU. See --help.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/guest.sh"

VEHICLE=stock
parse_options "$@"
find_root
IMAGE=$("$LVS_TOP/qemu/build/guest-image.sh")

# Appended to the constant initramfs; the kernel unpacks one after the other.
make_initrd() {
	cp -p "$LVS_TOP/qemu/run/guest/init-stock.sh" "$RUN/init"
	(
		cat "$IMAGE/initramfs-$KREL.cpio"
		cd "$RUN"
		find init lvs | "$ROOT/usr/bin/busybox" cpio -o -H newc -R 0:0
	) >"$RUN/initrd" 2>/dev/null
}

# qemu ACCELERATOR [QEMU-ARGS...]: boot; the job's terminal is QEMU's standard input and output.
qemu() {
	local accelerator=$1
	shift
	in_sealed_root '' qemu-system-x86_64 -machine q35 -accel "$accelerator" -cpu max -smp "$NCPUS" -m "$MEM" \
		-nodefaults -no-user-config -display none -net none -no-reboot \
		-kernel "/boot/vmlinuz-$KREL" -initrd /mnt/initrd \
		-drive "file=$IMAGE/disk.squashfs,format=raw,if=virtio,readonly=on,cache=unsafe" \
		-serial file:/mnt/console.log -chardev stdio,id=job,signal=off -serial chardev:job \
		-append "console=ttyS0 rdinit=/init panic=-1 loglevel=8 mitigations=off nokaslr tsc=reliable no_timer_check \
random.trust_cpu=on cryptomgr.notests printk.devkmsg=on $APPEND" "$@"
}

# Does KVM really run this kernel? /dev/kvm may open and every instruction fail. Probed once after
# each boot of this host, unless LVS_ACCEL says what to use, as the benchmark does.
accelerator() {
	local mark answer
	[ -z "${LVS_ACCEL:-}" ] || { echo "$LVS_ACCEL" && return; }
	if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
		echo tcg,thread=multi
		return
	fi
	mark=$LVS_CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)-$KREL
	if [ ! -e "$mark" ]; then
		answer=tcg,thread=multi
		say "trying whether KVM works here"
		LIMIT=20 APPEND=lvs.probe qemu kvm </dev/null >/dev/null || true
		! grep -q 'lvs-guest: probe' "$RUN/console.log" || answer=kvm
		: >"$RUN/console.log"
		echo "$answer" | $SUDO tee "$mark" >/dev/null
	fi
	cat "$mark"
}

stage "$LVS_BUILD/$STOCK/lvs.ko"
make_initrd
accel=$(accelerator)
# So many instructions are a second of the guest's clock, however slow or busy this host is.
clock=()
if [ -n "$TRAVEL" ] && [ "$accel" != kvm ]; then
	NCPUS=1 accel=tcg,thread=single clock=(-icount "shift=1,sleep=off")
fi
status=0
if [ -n "$INTERACTIVE" ]; then
	saved=$(stty -g 2>/dev/null || true)
	stty raw -echo 2>/dev/null || true
	LIMIT=0 qemu "$accel" "${clock[@]}" || status=$?
	[ -z "$saved" ] || stty "$saved"
else
	# QEMU makes its standard output non-blocking, which is for a pipe of our own only.
	# shellcheck disable=SC2086 # word splitting is wanted
	LIMIT=$TIMEOUT qemu "$accel" "${clock[@]}" ${LVS_QEMU_ARGS:-} </dev/null | cat || status=$?
fi
conclude "$status"
