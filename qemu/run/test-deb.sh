#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Install the packages of build/deb on a fresh Debian 13 in QEMU, start it again and again, on its
# kernels with and without lvs.ko, upgrade, purge. Without KVM it takes some fifteen minutes.
#
# usage: test-deb.sh
# build/logs/deb-PART.log has what the kernel and the system said.
. "$(dirname "$0")/../common.sh"

find_root
TREE=$("$LVS_TOP/qemu/build/tree.sh" deb-guest)
DEB=$LVS_BUILD/deb
LIMIT=${LVS_DEB_LIMIT:-900}
OTHER=$(cd "$TREE/usr/lib/modules" && for release in *; do [ "$release" = "$KREL" ] || echo "$release"; done)
RUN=$LVS_BUILD/deb/run
rm -rf "$RUN"
mkdir -p "$RUN" "$LVS_BUILD/logs"

# Those of the kernel that is started; once more with a higher version, for the upgrade.
choose_packages() {
	mkdir -p "$RUN/files/one" "$RUN/files/two"
	cp "$DEB"/lvs-common_*.deb "$DEB"/ipvsadm-rs_*.deb "$DEB/lvs-modules-$KREL"_*.deb "$RUN/files/one/"
	mkdir "$RUN/files/placeholders"
	cp "$DEB"/lvs-placeholders_*.deb "$DEB/lvs-placeholders-$KREL"_*.deb "$RUN/files/placeholders/"
	in_root sh -ec 'cd /build/deb/run/files
		for one in one/*.deb placeholders/*.deb; do
			rm -rf /tmp/package
			dpkg-deb -R "$one" /tmp/package
			# In their dependencies on each other, too.
			sed -i "s/^Version: .*/&+99/; s/(= [^)]*/&+99/" /tmp/package/DEBIAN/control
			[ ! -e /tmp/package/etc/modprobe.d/lvs.conf ] || echo "# changed" >>/tmp/package/etc/modprobe.d/lvs.conf
			dpkg-deb --root-owner-group -Zgzip -b /tmp/package "two/$(basename "$one")"
		done
		mv two/lvs-placeholders* placeholders/'
}

make_disks() {
	cp -r "$LVS_TOP/packaging/debian/tests" "$RUN/files/tests"
	cp "$LVS_TOP/qemu/run/deb/job.sh" "$RUN/files/job"
	cp "$LVS_TOP/qemu/run/deb/parts.sh" "$RUN/files/parts"
	echo "$KREL" >"$RUN/files/release"
	in_root mke2fs -q -t ext4 -O ^has_journal -d "$TREE" /build/deb/run/disk 1500M
	in_root mke2fs -q -t ext4 -O ^has_journal -d /build/deb/run/files /build/deb/run/files.img 128M
}

# make_initramfs RELEASE: busybox, and the modules that the disk needs.
make_initramfs() {
	in_root bash -ec '
		rel=$1 tree=$2 out=$3
		dir=$(mktemp -d)
		cd "$dir"
		mkdir -p bin proc dev modules
		cp /usr/bin/busybox bin/
		cp /src/qemu/run/deb/init.sh init
		chmod +x init
		for module in virtio_pci virtio_blk ext4; do
			modprobe -d "$tree" --set-version "$rel" --show-depends "$module"
		done | sed -n "s/^insmod \([^ ]*\).*/\1/p" | while read -r file; do
			name=$(basename "$file" .xz)
			[ ! -e "modules/$name" ] || continue
			case $file in *.xz) xz -dc "$file" >"modules/$name" ;; *) cp "$file" "modules/$name" ;; esac
			echo "$name" >>modules/order
		done
		find . | cpio -o -H newc -R 0:0 >"$out"' bash "$1" "$TREE" "/build/deb/run/initramfs-$1"
}

# start RELEASE: the machine once, to its power-off; prints what the part printed, and returns
# whether it was good.
start() {
	local release=$1 log status accel=tcg,thread=multi
	part=$((part + 1))
	log=$LVS_BUILD/logs/deb-$part.log
	[ "${LVS_ACCEL:-}" != kvm ] || accel=kvm
	LOG=$log
	: >"$log"
	cp "$TREE/boot/vmlinuz-$release" "$RUN/kernel"
	in_root timeout --signal=KILL "$LIMIT" qemu-system-x86_64 -machine q35 -accel "$accel" -cpu max -smp 2 -m 1024 \
		-nodefaults -no-user-config -display none -net none -no-reboot \
		-kernel /build/deb/run/kernel -initrd "/build/deb/run/initramfs-$release" \
		-drive file=/build/deb/run/disk,format=raw,if=virtio,cache=unsafe \
		-drive file=/build/deb/run/files.img,format=raw,if=virtio,readonly=on \
		-serial "file:/build/logs/deb-$part.log" -chardev stdio,id=job,signal=off -serial chardev:job \
		-append "console=ttyS0 rdinit=/init panic=-1 loglevel=6 mitigations=off tsc=reliable no_timer_check \
random.trust_cpu=on cryptomgr.notests printk.devkmsg=on systemd.show_status=0 $APPEND" </dev/null | cat || true
	status=$(tr -d '\r' <"$log" | sed -n 's/.*lvs-guest: exit status \(.*\)$/\1/p' | tail -n 1)
	case $status in
	0 | next) ;;
	*)
		FAILED=1
		say "part $part of the test failed; the machine's log is $log"
		;;
	esac
	[ "$status" = next ]
}

# The module built by lvs-dkms, in a writable layer over the build root, which is removed after it.
dkms() {
	local layer=$LVS_CACHE/dkms-layer.$$ status=0 proxies
	mapfile -t proxies < <(proxy_settings)
	$SUDO mkdir -p "$layer/upper" "$layer/work" "$layer/root"
	$SUDO unshare --mount --propagation private bash -c '
		set -e
		layer=$1 lower=$2 build=$3 top=$4
		shift 4
		mount -t overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" overlay "$layer/root"
		mount --bind "$build" "$layer/root/build"
		mount --bind "$top" "$layer/root/src"
		mount --bind /dev "$layer/root/dev"
		mount -t proc proc "$layer/root/proc"
		cat /etc/resolv.conf >"$layer/root/etc/resolv.conf"
		exec chroot "$layer/root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		bash "$layer" "$ROOT" "$LVS_BUILD" "$LVS_TOP" "${proxies[@]}" /src/qemu/run/deb/dkms.sh "$KREL" || status=$?
	$SUDO rm -rf --one-file-system "$layer"
	return "$status"
}

# What Debian's policy says about the packages: nothing, but for what overrides explain.
lintian() {
	local builder said
	builder=$("$LVS_TOP/qemu/build/tree.sh" deb-builder)
	said=$($SUDO unshare --mount --propagation private bash -c '
		mount --bind "$2" "$1/build"
		mount -t proc proc "$1/proc"
		mount -t tmpfs tmpfs "$1/tmp"
		exec chroot "$1" su nobody -s /bin/sh -c "cd /build/deb && exec lintian --no-cfg --tag-display-limit 0 -L \">=pedantic\" *.deb"' \
		bash "$builder" "$LVS_BUILD" 2>&1)
	echo "${said:-ok: lintian has nothing to say}"
	[ -z "$said" ]
}

LOG=$DEB/test.log
: >"$LOG"
APPEND=''
part=0 FAILED=0
step 1/2 "choosing packages" choose_packages
step 2/2 "making the disk of a fresh director" make_disks
make_initramfs "$KREL" 2>>"$LOG"
make_initramfs "$OTHER" 2>>"$LOG"
# As installed; rules come back; the upgrade; then the kernel without lvs.ko.
start "$KREL" && start "$KREL" && start "$KREL" && ! start "$OTHER" || FAILED=1
echo "== lintian"
lintian || FAILED=1
echo "== lvs-dkms for $KREL"
dkms || FAILED=1
[ "$FAILED" -eq 0 ] || die "packages don't do what they should"
say "packages install, serve, upgrade and purge as they should"
