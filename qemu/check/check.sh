#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Static checks, each a line of output: formatting, lints of the host crates and of the module, no
# panic in the module, no unsafe code outside kernel_ext, what it relies on, licences named, no
# endless files.
. "$(dirname "$0")/../common.sh"

find_root
RESULTS=$LVS_BUILD/check
mkdir -p "$RESULTS"
failed=0

# check NAME COMMAND...: anything the command prints is a finding.
check() {
	local name=$1 log=$RESULTS/$1.log
	shift
	if "$@" >"$log" 2>&1 </dev/null && [ ! -s "$log" ]; then
		echo "ok $name"
	else
		echo "FAILED $name"
		head -n 60 "$log" | sed 's/^/    /'
		failed=1
	fi
}

# The module's own files are no cargo package, and schedulers are declared by a macro.
format() {
	"$LVS_TOP/qemu/build/cargo.sh" fmt --all --check -- --color never
	in_root sh -c 'rustfmt --edition 2021 --color never --check /src/kmod/lvs_main.rs /src/kmod/engine/sched/*.rs'
}

clippy_host() { "$LVS_TOP/qemu/build/cargo.sh" clippy --quiet --locked --workspace --all-targets -- -D warnings; }

# Built apart from the real module, from scratch, so that every crate is looked at.
clippy_module() {
	rm -rf "$LVS_BUILD/clippy"
	"$LVS_TOP/qemu/build/module.sh" clippy
	grep -q 'clippy-driver .*-Wclippy::undocumented_unsafe_blocks' "$LVS_BUILD/clippy/kbuild/kmod/.lvs_main.o.cmd" ||
		echo "clippy was not asked for a proof of each unsafe block"
	grep -rn 'undocumented_unsafe_blocks' "$LVS_TOP/kmod" --include='*.rs' | grep -v '/bindings\.rs:' || true
}

panics() { "$LVS_TOP/qemu/check/panics.sh"; }

unsafe_outside() {
	cd "$LVS_TOP/kmod"
	grep -rnE --include='*.rs' '\bunsafe\b' . | grep -v '^\./kernel_ext/' | grep -vE 'forbid|deny|unsafe_code' |
		grep -vE '^[^:]*:[0-9]+:\s*//' || true
}

# Each file with unsafe code says in its documentation what of the kernel it relies on, and names
# the tests and regressions that would notice a breach, which exist.
unsafe_documented() {
	local file name notice='^//! A breach would be noticed by: '
	cd "$LVS_TOP"
	grep -rlE --include='*.rs' '\bunsafe\b' kmod/kernel_ext | grep -vE '/(mod|bindings)\.rs$' | while read -r file; do
		grep -q '^//! Relies on: ' "$file" || echo "$file does not say what it relies on"
		grep -q "$notice" "$file" || echo "$file does not say what would notice a breach"
		sed -n "\|$notice|,\|^//!\$|p" "$file" | grep '^//!' | grep -oE '`[^`]+`' | tr -d '`' | while read -r name; do
			case $name in
			tests/*.rs) [ -e "$name" ] ;;
			test-*) find qemu/scenarios -name "$name.sh" | grep -q . ;;
			*) grep -q "^def ${name//-/_}()" qemu/scenarios/robustness/regressions.py ;;
			esac || echo "$file names $name, which does not exist"
		done
	done
}

# What kernels have under several names or not at all is taken from where that is settled.
kernel_versions() {
	local errors
	cd "$LVS_TOP"
	grep -rnE --include='*.rs' 'kernel::(bindings|module)::|module_parameters::' kmod | sed 's/$/: not on every kernel/'
	errors=$(sed -n 's/^ *pub(crate) const \(E[A-Z]*\):.*/\1/p' kmod/kernel_ext/compat/errno.rs | paste -sd'|')
	grep -rE --include='*.rs' "^[^/]*\b($errors)\b" kmod | grep -v '/compat/' | cut -d: -f1 | sort -u |
		xargs grep -L 'compat::errno' | sed "s/\$/ does not import $errors from compat::errno/" || true
}

# Every source file names its licence; what others may build on is not bound to the kernel's.
licences() {
	local file wanted
	cd "$LVS_TOP"
	git ls-files '*.rs' '*.sh' '*.c' '*.h' '*.py' '*.toml' '*.yaml' '*.cases' '*.list' '*.packages' '*.config' '*Makefile' \
		'*Kbuild' .ci/run | while read -r file; do
		[ -e "$file" ] || continue
		wanted='GPL-2\.0'
		case $file in ipvsadm-rs/* | uapi/* | tests/* | Cargo.toml) wanted='MIT OR GPL-2\.0' ;; esac
		head -n 3 "$file" | grep -qE "SPDX-License-Identifier: $wanted( \*/)?\$" ||
			echo "$file does not say SPDX-License-Identifier: $wanted in its first lines"
	done
}

# Who may import whom, and that no files of the module import each other.
layers() { in_root python3 /src/qemu/check/layers.py --layers; }
circles() { in_root python3 /src/qemu/check/layers.py --circles; }

# Files of the tree that documents name, by a path or by a name alone, exist.
named_files() {
	cd "$LVS_TOP"
	git ls-files >"$RESULTS/files"
	git ls-files '*.md' | grep -v '^CHANGELOG' | while read -r file; do
		grep -oE '`[a-z0-9_][a-z0-9_./-]*\.(rs|sh|py|list|toml)`' "$file" | tr -d '`' | sort -u | while read -r name; do
			grep -qE "(^|/)${name//./\\.}\$" "$RESULTS/files" || echo "$file names $name, which does not exist"
		done
	done
}

long_files() {
	cd "$LVS_TOP"
	git ls-files '*.rs' '*.sh' '*.c' '*.h' '*.py' | while read -r file; do
		[ ! -e "$file" ] || [ "$(wc -l <"$file")" -le 600 ] || echo "$file has $(wc -l <"$file") lines, more than 600"
	done
}

# Every shell script, with what it sources.
shell_scripts() {
	local files
	mapfile -t files < <(cd "$LVS_TOP" && git ls-files '*.sh' .ci/run | sed 's|^|/src/|')
	printf '%s\n' "${files[@]}" | in_root xargs -P "$JOBS" -n 8 shellcheck --format gcc
}

# At most 100 columns, where a tab takes eight: in the module and in the C of qemu all lines, else
# comments.
line_width() {
	cd "$LVS_TOP"
	git ls-files kmod qemu tests uapi ipvsadm-rs | grep -E '\.(rs|c|h|sh|py)$' | in_root python3 -c '
import sys
for name in sys.stdin.read().split():
    all_lines = name.startswith("kmod/") or name.startswith("qemu/") and name.endswith((".c", ".h"))
    comment = ("//", "/*", "* ") if name.endswith((".rs", ".c", ".h")) else "#"
    with open(f"/src/{name}", encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            width = len(line.rstrip("\n").expandtabs(8))
            if width > 100 and (all_lines or line.lstrip().startswith(comment)):
                print(f"{name}:{number} has {width} columns, more than 100")'
}

"$LVS_TOP/qemu/build/module.sh" stock
check rustfmt format
check clippy-host clippy_host
check clippy-module clippy_module
check no-panics panics
check unsafe-only-in-kernel_ext unsafe_outside
check unsafe-documented unsafe_documented
check kernel-versions kernel_versions
check layers layers
check import-circles circles
check named-files named_files
check licences licences
check file-length long_files
check line-width line_width
check shellcheck shell_scripts
exit "$failed"
