#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In a writable layer over the build root, which has the kernel, its headers and source: lvs-dkms is
# installed, and builds the module; where it can't, it says why and nothing fails.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
RELEASE=$1
FAILED=0
expect() {
	if [ "$2" = "$3" ]; then
		echo "ok: $1: $3"
	else
		echo "FAILED: $1: \"$3\", not \"$2\""
		FAILED=1
	fi
}
KO=/lib/modules/$RELEASE/updates/dkms/lvs.ko
quiet() { "$@" >>/tmp/log 2>&1 || { tail -n 40 /tmp/log; echo "FAILED: $*"; exit 1; }; }
# What dkms does when this kernel is installed, and with which status.
autoinstall() { /usr/lib/dkms/dkms_autoinstaller start "$1" >/tmp/said 2>&1 && echo good || echo "failed: $?"; }
# Who installs is told why.
reason() { grep '^lvs: ' /tmp/said || { cat /tmp/said; expect "a reason" there missing; }; }

# What the build root has there; as a package it is a file of configuration.
rm -f /etc/modprobe.d/lvs.conf
quiet apt-get update
quiet apt-get install -y --no-install-recommends dkms
# It would build for each kernel that has headers here: one will do.
for build in /lib/modules/*/build; do
	[ "$build" = "/lib/modules/$RELEASE/build" ] || rm "$build"
done
echo "-- apt install of lvs-dkms, without the kernel's source"
source=$(echo /usr/src/linux-source-*.tar.*)
mv "$source" /var/tmp/
apt-get install -qqy --no-install-recommends -o Dpkg::Use-Pty=0 /build/deb/lvs-dkms_*.deb /build/deb/lvs-common_*.deb \
	/build/deb/ipvsadm-rs_*.deb >/tmp/said 2>&1 && status=0 || status=$?
expect "status of apt" 0 "$status"
reason
expect "module" "" "$(ls "$KO"* 2>/dev/null || true)"

echo "-- the source arrives"
mv "/var/tmp/${source##*/}" /usr/src/
start=$SECONDS
dpkg-trigger --by-package="$(dpkg -S "$source" | cut -d: -f1)" /usr/src
dpkg --configure --pending >/tmp/said 2>&1 && status=0 || status=$?
expect "status of dpkg" 0 "$status"
expect "module" "$RELEASE" "$(modinfo -F vermagic "$(echo "$KO"*)" | cut -d' ' -f1)"
echo "it took $((SECONDS - start)) s"
expect "what dkms says" "installed" "$(dkms status -m lvs -k "$RELEASE" | sed 's/.*: //')"
xz -dcf "$(echo "$KO"*)" >/tmp/lvs.ko
expect "panics it refers to" "" "$(nm -C /tmp/lvs.ko | grep ' U .*panic' || true)"
expect "signed by the key that dkms made" "DKMS module signing key" "$(modinfo -F signer "$(echo "$KO"*)")"
expect "what is left below /var/tmp" "" "$(ls /var/tmp)"
[ "$FAILED" -eq 0 ] || tail -n 60 /tmp/said /var/lib/dkms/lvs/*/build/make.log

echo "-- a source that cannot be prepared"
dkms unbuild -m lvs -v "$(dkms status -m lvs | sed -n 's|lvs/\([^,]*\).*|\1|p' | head -n 1)" -k "$RELEASE" >/dev/null
sed -i 's/^prepare || skip/false || skip/' /usr/src/lvs-*/build-module
expect "status" good "$(autoinstall "$RELEASE")"
reason

echo "-- a kernel without Rust"
quiet apt-get install -y --allow-downgrades --no-install-recommends "$(apt-cache madison linux-headers-cloud-amd64 | sed -n 's/^[^|]*| *\([^ ]*\) *|.*/linux-headers-cloud-amd64=\1/p' |
	grep -v '~bpo' | head -n 1)"
other=$(basename "$(ls -d /usr/src/linux-headers-6.*-cloud-amd64)" | sed 's/linux-headers-//')
expect "status" good "$(autoinstall "$other")"
reason

echo "-- apt purge"
quiet apt-get purge -y lvs-dkms lvs-common
expect "what is left" "" "$(ls -d /usr/src/lvs-* /var/lib/dkms/lvs /lib/modules/*/updates/dkms/lvs* /etc/lvs 2>/dev/null || true)"
exit "$FAILED"
