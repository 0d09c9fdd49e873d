#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build the user-mode kernel the tests run on, from the same source as the stock kernel.
#
# usage: uml-kernel.sh [plain|sanitized]
# Prints the object directory: `linux` in it is the kernel, modules/lib/modules its modules, and
# lvs.ko is built against it. `plain` (5 minutes) is optimised as distributions do; `sanitized` (10
# minutes, with clang because KASAN with Rust needs it) has the kernel's detectors of memory,
# locking and RCU errors.
. "$(dirname "$0")/../common.sh"

flavour=${1:-plain}
case $flavour in
plain)
	configs=(uml.config)
	make_args=(ARCH=um)
	;;
sanitized)
	configs=(uml.config uml-sanitized.config)
	make_args=(ARCH=um LLVM=1)
	;;
*) die "there is no flavour \"$flavour\"" ;;
esac

find_root
HASH=$(cd "$LVS_TOP/qemu/build" && cat "${configs[@]}" | grep -v SPDX | sha256sum | cut -c1-8)
OBJ=$LVS_CACHE/kernel-$KREL/uml-$flavour-$HASH

kmake() { in_root nice make -C "$SRC" "O=$OBJ" "${make_args[@]}" -j"$JOBS" "$@"; }

# Options of the lists that the finished configuration does not have as asked for; a later list
# overrules an earlier.
lost_options() {
	(cd "$LVS_TOP/qemu/build" && cat "${configs[@]}") | awk -v final="$OBJ/.config" '
		/^CONFIG_/ { split($0, part, "="); want[part[1]] = $0 }
		/^# CONFIG_.* is not set$/ { want[$2] = $0 }
		END {
			while ((getline line < final) > 0) got[line] = 1
			for (name in want)
				if (!(want[name] in got) && !(want[name] ~ /is not set$/ && !index_of(name)))
					print want[name]
		}
		# An option that is absent altogether is as good as one that is not set.
		function index_of(name,   line) {
			for (line in got)
				if (index(line, name "=") == 1) return 1
			return 0
		}'
}

# clang puts what UML's code model calls large (everything) into sections of their own, which the
# linker script does not know. They would land outside the bounds that lockdep and kmemleak go by:
# lockdep takes its own keys for invalid and switches itself off, kmemleak does not see the
# pointers there. Put them where gcc puts the same objects.
place_large_sections() {
	local script=$SRC/arch/um/kernel/dyn.lds.S
	grep -q lbss "$script" || $SUDO sed -i \
		-e 's/^\( *\)\*(\.data\.\* \.gnu.*/&\n\1*(.ldata .ldata.* .lrodata .lrodata.*)/' \
		-e 's/^\( *\)\*(\.bss \.bss.*/&\n\1*(.lbss .lbss.*)/' "$script"
	grep -q ldata "$script" && grep -q lbss "$script"
}

# Per-CPU memory comes from an allocator of its own, where no fault can be injected. Let it fail as
# pages do. Kernels without fault injection compile the line to nothing.
let_percpu_fail() {
	local file=$SRC/mm/percpu.c
	grep -q should_fail_alloc_page "$file" || $SUDO sed -i \
		-e 's/^#include <linux\/err.h>/&\n#include <linux\/fault-inject.h>/' \
		-e 's/^\tdo_warn = !(gfp & __GFP_NOWARN);/&\n\tif (should_fail_alloc_page(gfp, 0))\n\t\treturn NULL;/' "$file"
	grep -q fault-inject "$file" && grep -q should_fail_alloc_page "$file"
}

# With several processors compiled in, user-mode Linux asks the host to block and unblock a signal
# whenever interrupts are disabled and enabled: two system calls around each lock that is taken so,
# which would be most of what a packet costs. That signal comes from other processors, so one that
# is alone need not.
spare_one_processor() {
	local file=$SRC/arch/um/os-Linux/smp.c
	grep -q 'uml_ncpus > 1' "$file" || $SUDO sed -i 's/^\t__local_ipi_set([01]);/\tif (uml_ncpus > 1)\n\t&/' "$file"
	grep -q 'uml_ncpus > 1' "$file"
}

# A stack trace looks at every word of the stack and asks of each whether it is code. Of those that
# aren't, it asks lists of modules, under locks that lockdep follows: three quarters of the time of
# a kernel that notes a trace for each object. Only return addresses of frames are worth that
# question; no others are noted.
look_up_return_addresses_only() {
	local file=$SRC/arch/um/kernel/stacktrace.c
	grep -q core_kernel_text "$file" || $SUDO sed -i 's/if (__kernel_text_address(addr))/if (core_kernel_text(addr) ||\n\t\t    ((unsigned long) sp == bp + sizeof(long) \&\& __kernel_text_address(addr)))/' "$file"
	grep -q 'sizeof(long) && __kernel_text_address' "$file"
}

# What KASAN notes of memory by vmalloc() is undone twice on user-mode Linux, for each area that is
# freed and then for all that lies between the first and the last of them: when one is of a module,
# a gap of hundreds of gigabytes, for which the host has no memory. Once is enough.
release_vmalloc_once() {
	local file=$SRC/mm/kasan/shadow.c
	grep -q 'if (flags & KASAN_VMALLOC_PAGE_RANGE) __memset' "$file" || $SUDO sed -i \
		's/^\t\t\t\(__memset(shadow_start, KASAN_SHADOW_INIT, shadow_end - shadow_start);\)/\t\t\tif (flags \& KASAN_VMALLOC_PAGE_RANGE) \1/' "$file"
	grep -q 'if (flags & KASAN_VMALLOC_PAGE_RANGE) __memset' "$file"
}

# Time travel, with which idle time costs nothing, goes with one processor, and the kernel's
# configuration offers it only where more can't even be compiled in. A guest that is booted with one
# is as good.
let_one_processor_travel() {
	local file=$SRC/arch/um/Kconfig
	! grep -q 'depends on !SMP' "$file" || $SUDO sed -i \
		'/^config UML_TIME_TRAVEL_SUPPORT/,/^config /{/^\tdepends on !SMP$/d}' "$file"
	grep -q '^config UML_TIME_TRAVEL_SUPPORT' "$file"
}

configure() {
	local lost
	place_large_sections
	let_percpu_fail
	spare_one_processor
	look_up_return_addresses_only
	release_vmalloc_once
	let_one_processor_travel
	# An interrupted build goes on where it was.
	[ ! -e "$OBJ/.configured" ] || return 0
	$SUDO rm -rf "$OBJ"
	$SUDO mkdir -p "$OBJ"
	kmake x86_64_defconfig
	(cd "$LVS_TOP/qemu/build" && cat "${configs[@]}") | $SUDO tee -a "$OBJ/.config" >/dev/null
	kmake olddefconfig
	lost=$(lost_options)
	[ -z "$lost" ] || {
		printf 'the kernel configuration did not take these options:\n%s\n' "$lost"
		return 1
	}
	$SUDO touch "$OBJ/.configured"
}

install_modules() {
	kmake INSTALL_MOD_PATH="$OBJ/modules" modules_install
	$SUDO cp "$OBJ/include/config/kernel.release" "$OBJ/release"
	$SUDO touch "$OBJ/.complete"
}

make_kernel() {
	[ ! -e "$OBJ/.complete" ] || return 0
	step 1/3 "configuring the $flavour UML kernel (10 s)" configure
	step 2/3 "building it (5 minutes; sanitized 10)" kmake linux modules
	step 3/3 "installing its modules" install_modules
}

if [ ! -e "$OBJ/.complete" ]; then
	SRC=$("$LVS_TOP/qemu/build/kernel-tree.sh" source)
	LOG=$LVS_CACHE/log/uml-$flavour.log
	with_lock "uml-$flavour-$KREL" make_kernel
fi
echo "$OBJ"
