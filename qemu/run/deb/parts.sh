#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What `make test-deb` does in its guest, a part for each start of the machine.
set -euo pipefail
TESTS=/run/lvs-test/tests
# shellcheck source=/dev/null # packaging/debian/tests/lib
. $TESTS/lib
RELEASE=$(cat /run/lvs-test/release)
KEEP=/var/tmp/lvs-test

# Everything that packages may touch, but for caches, logs and what dpkg and systemd know: names,
# modes and sizes, and what configuration and lists of modules have in them.
files() {
	find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache \
		-o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd -o -path /root -o -type d -name lost+found \) -prune \
		-o -type d -printf '%p %m %u\n' -o -printf '%p %m %u %s %l\n' | sort
	find /etc /usr/lib/modules/*/modules.* -type f -print0 | sort -z | xargs -0 md5sum
}

# The part of a package's test at this mark; a restart that it asks for ends it.
director() {
	AUTOPKGTEST_REBOOT_MARK=$1 AUTOPKGTEST_PID=$$ bash $TESTS/director &
	trap 'kill $!; exit "$FAILED"' USR1
	wait $!
}

case $1 in
install)
	mkdir -p $KEEP
	heading "apt install"
	files >$KEEP/before
	modprobe ip_vs
	apt-get install -qqy -o Dpkg::Use-Pty=0 /run/lvs-test/one/*.deb 2>&1 | tee $KEEP/install.log | grep -vE '^(Get|Selecting|Preparing|Unpacking|\(Reading)'
	expect "what is said of the ip_vs that is loaded" 1 "$(grep -c 'ip_vs is loaded and serves on' $KEEP/install.log)"
	expect "loaded" ip_vs "$(balancer)"
	expect "lvs.service" enabled "$(systemctl is-enabled lvs.service)"
	expect "manual pages" 3 "$(find /usr/share/man -name 'ipvsadm-rs.8*' -o -name 'lvs.4*' -o -name 'lvs.rules.5*' | wc -l)"
	director first
	;;
rules) director rules ;;
last)
	if [ "$(uname -r)" = "$RELEASE" ]; then
		heading "upgrade under traffic"
		network
		hold 80
		echo "# the administrator's" >>/etc/modprobe.d/lvs.conf
		loaded=$(cat /sys/module/lvs/srcversion /sys/module/lvs/refcnt 2>/dev/null || true)
		apt-get install -qqy -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
			-o Dpkg::Options::=--force-confold /run/lvs-test/two/*.deb 2>&1 | tee $KEEP/upgrade.log | grep -vE '^(Get|Selecting|Preparing|Unpacking|\(Reading)'
		expect "version" 99 "$(dpkg-query -W -f '${Version}\n' lvs-common | sed 's/.*+//')"
		expect "the connection that was there" "$HELD" "$(held)"
		expect "a new connection" "s2" "$(answers 81 1)"
		expect "the module" "$loaded" "$(cat /sys/module/lvs/srcversion /sys/module/lvs/refcnt 2>/dev/null || true)"
		expect "what is said of the module that is loaded" 1 "$(grep -c 'lvs that is loaded serves on' $KEEP/upgrade.log)"
		expect "the administrator's line" 1 "$(grep -c "the administrator's" /etc/modprobe.d/lvs.conf)"

		heading "placeholders, beside what serves"
		apt-get install -qqy -o Dpkg::Use-Pty=0 /run/lvs-test/placeholders/*.deb >/dev/null 2>&1
		for name in ip_vs ip_vs_rr; do modprobe $name; done
		expect "a check as kubeadm's" "ip_vs ip_vs_rr" "$(cut -f1 -d' ' /proc/modules | grep -e ip_vs -e ip_vs_rr | sort | paste -sd' ')"
		expect "the connection that was there" "$HELD" "$(held)"
		modprobe -r ip_vs_rr
		apt-get purge -qqy -o Dpkg::Use-Pty=0 lvs-placeholders "lvs-placeholders-$RELEASE" >/dev/null 2>&1
		rmmod ip_vs
		expect "the connection that was there, without them" "$HELD" "$(held)"

		heading "removal while the module serves"
		apt-get remove -qqy -o Dpkg::Use-Pty=0 "lvs-modules-$RELEASE" >$KEEP/remove.log 2>&1
		expect "what is said of it" 1 "$(grep -c 'lvs is loaded and serves on' $KEEP/remove.log)"
		expect "the connection that was there" "$HELD" "$(held)"
		release
		# The next start is that of a kernel without lvs.ko.
		echo last >/var/tmp/lvs-next
		exit "$FAILED"
	fi
	director last || FAILED=1
	heading "apt purge"
	apt-get purge -qqy -o Dpkg::Use-Pty=0 ipvsadm-rs lvs-common "lvs-modules-$RELEASE" 2>&1 | tee $KEEP/purge.log | grep -E '^(Removing|Purging|dpkg|E:|W:)'
	files >$KEEP/after
	expect "files that are there, gone or changed" "" "$(diff $KEEP/before $KEEP/after | grep '^[<>]' | head -n 20 || true)"
	;;
esac
exit "$FAILED"
