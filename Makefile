# SPDX-License-Identifier: GPL-2.0
# Everything is built in a Debian 13 tree that the first command makes in a cache directory: $LVS_CACHE, or
# /var/cache/lvs for root and ~/.cache/lvs for others.

.PHONY: all module uml-module

all: module

module:      ## build/stock/lvs.ko, for the kernel of Debian 13 backports
	@qemu/module.sh stock

uml-module:  ## build/uml/lvs.ko, for the user-mode kernel the tests run on
	@qemu/module.sh uml
