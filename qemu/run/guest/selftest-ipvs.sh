#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own end-to-end test of IPVS, unmodified and with the distribution's ipvsadm, against
# lvs.ko.
set -euo pipefail
insmod /lvs/lvs.ko
cd /lvs/selftest/netfilter
./ipvs.sh | tee /tmp/selftest.out
# The test counts what it skipped as success, and loads ip_vs when it finds no balancer.
grep -q PASS /tmp/selftest.out
if grep '^ip_vs ' /proc/modules; then
	echo "the test ran against ip_vs"
	exit 1
fi
rmmod lvs
