#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In the guest of `make test-deb`, once it is up: the part of the test whose turn it is, then off.
# The next part is in /var/tmp/lvs-next, as the part before left it.
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root
stty -F /dev/ttyS1 raw -echo 2>/dev/null
part=$(cat /var/tmp/lvs-next 2>/dev/null || echo install)
rm -f /var/tmp/lvs-next
# As autopkgtest has it.
cat >/tmp/autopkgtest-reboot <<'REBOOT'
#!/bin/sh
echo "$1" >/var/tmp/lvs-next
kill -USR1 "$AUTOPKGTEST_PID"
REBOOT
chmod +x /tmp/autopkgtest-reboot
echo "== part $part on $(uname -r), up for $(cut -d. -f1 /proc/uptime) s"
bash /run/lvs-test/parts "$part"
status=$?
[ ! -e /var/tmp/lvs-next ] || [ "$status" -ne 0 ] || status=next
sync
echo "<0>lvs-guest: exit status $status" >/dev/kmsg
systemctl poweroff --force
