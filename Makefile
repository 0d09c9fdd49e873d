# SPDX-License-Identifier: GPL-2.0
# Everything is built in a Debian 13 tree that the first command makes in a cache directory:
# $LVS_CACHE, or /var/cache/lvs for root and ~/.cache/lvs for others. What depends on this checkout
# goes to build/.

CACHE := $(or $(LVS_CACHE),$(if $(filter 0,$(shell id -u)),/var/cache/lvs,$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lvs))
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# The stock kernel that module and the like are for: trixie, forky or sid; cloud or generic.
SUITE ?= trixie
FLAVOUR ?= cloud
export LVS_SUITE := $(SUITE)
export LVS_FLAVOUR := $(FLAVOUR)

.PHONY: all help module cli install uninstall uml-module demo demo-cluster shell uml-shell test test-fast \
	test-stock test-kernels test-sanitized deb test-deb fuzz soak bench bench-stock check update clean distclean

all: module cli  ## the module and the command line tool (default)

help:            ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' Makefile | expand -t 20

module:          ## build/stock/lvs.ko, for the kernel of Debian 13 backports (SUITE=forky, FLAVOUR=generic: another)
	@qemu/build/module.sh stock

cli:             ## build/ipvsadm-rs
	@qemu/build/cli.sh

# On the machine that shall balance; DESTDIR and KERNEL are for packagers.
KERNEL ?= $(shell uname -r)
MAN := /usr/local/share/man
# A tree that is packed may be made where there is no depmod: then it is run where it is unpacked.
DEPMOD = PATH="$$PATH:/usr/sbin:/sbin"; \
	if command -v depmod >/dev/null; then $(SUDO) depmod $(if $(DESTDIR),-b "$(DESTDIR)") "$(KERNEL)"; \
	elif [ -n "$(DESTDIR)" ]; then echo "no depmod here: run \"depmod $(KERNEL)\" where this is unpacked"; \
	else echo "there is no depmod: install kmod and run \"depmod $(KERNEL)\"" >&2; exit 1; fi
install: cli     ## build for the kernel that runs here (Debian 13 backports) and install: module, modprobe.d, tool, manual
	@LVS_KERNEL="$(KERNEL)" qemu/build/module.sh running
	$(SUDO) install -D -m 644 build/running/lvs.ko "$(DESTDIR)/usr/lib/modules/$(KERNEL)/updates/lvs.ko"
	$(SUDO) install -D -m 644 packaging/lvs.conf "$(DESTDIR)/etc/modprobe.d/lvs.conf"
	$(SUDO) install -D -m 755 build/ipvsadm-rs "$(DESTDIR)/usr/local/sbin/ipvsadm-rs"
	$(SUDO) install -D -m 755 packaging/lvs-upgrade "$(DESTDIR)/usr/local/sbin/lvs-upgrade"
	$(SUDO) install -D -m 644 -t "$(DESTDIR)$(MAN)/man4" docs/man/lvs.4
	$(SUDO) install -D -m 644 -t "$(DESTDIR)$(MAN)/man5" docs/man/lvs.rules.5
	$(SUDO) install -D -m 644 -t "$(DESTDIR)$(MAN)/man8" docs/man/lvs-upgrade.8
	@$(DEPMOD)

uninstall:       ## remove what install put there
	@[ -n "$(DESTDIR)" ] || [ ! -x /usr/local/sbin/ipvsadm-rs ] || $(SUDO) /usr/local/sbin/ipvsadm-rs xdp detach --all || true
	$(SUDO) rm -f "$(DESTDIR)/usr/lib/modules/$(KERNEL)/updates/lvs.ko" "$(DESTDIR)/etc/modprobe.d/lvs.conf" \
		"$(DESTDIR)/usr/local/sbin/ipvsadm-rs" "$(DESTDIR)/usr/local/sbin/lvs-upgrade" \
		"$(DESTDIR)$(MAN)/man4/lvs.4" "$(DESTDIR)$(MAN)/man5/lvs.rules.5" "$(DESTDIR)$(MAN)/man8/lvs-upgrade.8"
	@$(DEPMOD)
	@[ -n "$(DESTDIR)" ] || [ ! -e /sys/module/lvs ] || \
		echo "lvs is loaded and serves on, until \"rmmod lvs\" or until this machine starts again; then ip_vs does"

deb:             ## Debian packages of all this: build/deb/*.deb
	@qemu/build/deb.sh

test-deb: deb    ## install, start again, upgrade and purge them on a fresh Debian 13 in QEMU (15 minutes)
	@qemu/run/test-deb.sh

uml-module:      ## build/uml/lvs.ko, for the user-mode kernel the tests run on
	@qemu/build/module.sh uml

demo: all        ## show a load balancer at work on the stock kernel in QEMU
	@qemu/run/stock.sh qemu/scenarios/demo/demo.sh

demo-cluster: all  ## two directors with keepalived there, of which one after the other dies (WITH=ip_vs: under ip_vs)
	@qemu/run/stock.sh --timeout 600 --mem 2048 --env LVS_MODULE=$(or $(WITH),lvs) qemu/scenarios/sync/test-cluster.sh

shell: all       ## a root shell in the guest of the demonstration: module loaded, client and servers up
	@qemu/run/stock.sh --interactive qemu/scenarios/demo/shell.sh

uml-shell: uml-module cli  ## the same on user-mode Linux
	@qemu/run/uml.sh --interactive qemu/scenarios/demo/shell.sh

test:            ## every test: cargo's, make check, the scenarios on user-mode Linux, the acceptance list on the stock kernel
	@qemu/run/run-tests.sh host check uml stock

test-fast:       ## cargo's tests, and the scenarios on user-mode Linux that don't take long
	@qemu/run/run-tests.sh host uml-fast

test-stock:      ## every scenario on the stock kernel (hours without KVM)
	@qemu/run/run-tests.sh stock-all

test-kernels:    ## the kernel's own test, the demonstration and some scenarios on every supported kernel (1 hour without KVM)
	@qemu/run/run-tests.sh kernels

test-sanitized:  ## every scenario on a kernel with KASAN, kmemleak, lockdep and others
	@qemu/run/run-tests.sh sanitized-all

# EACH: seconds of each target of libFuzzer. PACKETS in each of three ways, CALLS of each caller, DATAGRAMS of
# synchronisation; a run says its seed, and the
# same seed does the same again.
fuzz: uml-module cli  ## fuzz parsers and table, then a guest, for longer than the tests do (2 hours; EACH=, PACKETS=, CALLS=, DATAGRAMS=, SEED=)
	@qemu/check/fuzz.sh $(or $(EACH),600)
	@seed=$(or $(SEED),$$(date +%s)); echo "seed $$seed"; qemu/run/uml.sh --real-time --timeout 36000 \
		--env FUZZ_PACKETS=$(or $(PACKETS),4000000) --env FUZZ_SEED=$$seed qemu/scenarios/robustness/test-packet-fuzz.sh && \
	qemu/run/uml.sh --timeout 36000 --env FUZZ_CALLS=$(or $(CALLS),50000) --env FUZZ_SEED=$$seed \
		qemu/scenarios/robustness/test-control-fuzz.sh && \
	qemu/run/uml.sh --timeout 36000 --env FUZZ_DATAGRAMS=$(or $(DATAGRAMS),10000000) --env FUZZ_SEED=$$seed \
		qemu/scenarios/sync/test-sync-fuzz.sh

# A run says its seed; what happens at the same time differs all the same.
soak: uml-module cli  ## traffic of all kinds while everything about the balancer changes (MINUTES=10, SEED=)
	@seed=$(or $(SEED),$$(date +%s)); minutes=$(or $(MINUTES),10); echo "seed $$seed"; \
		qemu/run/uml.sh --timeout $$((minutes * 90 + 600)) --mem 2048 --env MINUTES=$$minutes --env SEED=$$seed \
		qemu/scenarios/robustness/soak.sh

bench:           ## measure lvs beside ip_vs: build/bench.json, build/bench.svg (20 minutes; QUICK=1: 3)
	@qemu/bench/run.sh uml

bench-stock:     ## some of it on the stock kernel in QEMU, counting instructions
	@qemu/bench/run.sh stock

check:           ## formatting, lints, no panics, no unsafe code outside kernel_ext
	@qemu/check/check.sh

update:          ## follow the backports suite to its newest kernel
	@qemu/build/buildroot.sh --update

clean:           ## remove build/
	@echo "removing $(CURDIR)/build"
	@$(SUDO) rm -rf --one-file-system build

distclean: clean ## remove the cache too: build root, kernels, images, cargo's downloads
	@echo "removing $(CACHE)"
	@$(SUDO) rm -rf --one-file-system "$(CACHE)"
