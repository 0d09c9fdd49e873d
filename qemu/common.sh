# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the scripts of this directory; source it, do not run it.
#
# Everything expensive (the build root, kernel trees, kernels, guest images, cargo's registry)
# lives in one cache directory and is built once. Everything cheap and tied to this checkout lives
# in build/.

set -euo pipefail

LVS_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LVS_BUILD=$LVS_TOP/build
if [ "$(id -u)" -eq 0 ]; then
	LVS_CACHE=${LVS_CACHE:-/var/cache/lvs}
	SUDO=
else
	LVS_CACHE=${LVS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lvs}
	SUDO=sudo
fi
export LVS_CACHE
JOBS=$(nproc)

# Whose stock kernel: a suite of Debian that buildroot.sh knows, and cloud or generic of it.
export LVS_SUITE=${LVS_SUITE:-trixie} LVS_FLAVOUR=${LVS_FLAVOUR:-cloud}

say() { printf '%s\n' "$*" >&2; }
die() {
	say "${0##*/}: $*"
	exit 1
}

# options_of FILE: sets OWN_OPTIONS to those that a scenario's line "# Guest: " has.
options_of() { read -ra OWN_OPTIONS < <(sed -n 's/^# Guest: //p' "$1") || true; }

# step N/M TEXT COMMAND...: one line of progress; the command's output goes to $LOG and is shown
# when it fails.
step() {
	local at=$1 text=$2 start=$SECONDS
	shift 2
	printf '[%s] %s ... ' "$at" "$text" >&2
	if "$@" >>"$LOG" 2>&1 </dev/null; then
		printf '%d s\n' $((SECONDS - start)) >&2
	else
		printf 'FAILED after %d s\n' $((SECONDS - start)) >&2
		tail -n 40 "$LOG" >&2
		die "\"$text\" failed; the whole log is $LOG"
	fi
}

# Serialise the makers of one cache entry: with_lock NAME COMMAND...
with_lock() {
	local name=$1
	shift
	$SUDO mkdir -p "$LVS_CACHE/lock" "$LVS_CACHE/log"
	[ -z "$SUDO" ] || $SUDO chown "$(id -u)" "$LVS_CACHE" "$LVS_CACHE/lock" "$LVS_CACHE/log"
	(
		flock -n 9 || {
			say "waiting for another run that makes $name"
			flock 9
		}
		"$@"
	) 9>"$LVS_CACHE/lock/$name"
}

# apt-get for the host, quiet and without questions; only called when a tool is missing.
host_install() {
	say "installing on this host: $*"
	$SUDO env DEBIAN_FRONTEND=noninteractive sh -c '
		apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "$@" >/dev/null' sh "$@" ||
		die "cannot install $* with apt; install it by hand"
}

need_tool() {
	local tool=$1 package=${2:-$1}
	command -v "$tool" >/dev/null || host_install "$package"
}

# The build root that fits this checkout, made when missing. Sets ROOT, SRC, where the source of its
# kernels is unpacked, KREL: the release of its stock kernel of the wanted flavour, or of
# $LVS_KERNEL, another build of the same source that this host has the headers of, and STOCK: where
# below build/ the module for that kernel is.
find_root() {
	ROOT=$("$LVS_TOP/qemu/build/buildroot.sh")
	SRC=$LVS_CACHE/kernel-$(cat "$ROOT/.lvs/release")/source
	KREL=${LVS_KERNEL:-$(cat "$ROOT/.lvs/release-$LVS_FLAVOUR")}
	STOCK=stock
	[ "$LVS_SUITE" = trixie ] || STOCK+=-$LVS_SUITE
	[ "$LVS_FLAVOUR" = cloud ] || STOCK+=-$LVS_FLAVOUR
}

# What this host's environment says about proxies, for programs that start with an empty one.
proxy_settings() { env | grep -iE '^(http|https|no)_proxy=' || true; }

# Run a command in the build root; CHROOT_ENV is its additional environment. Bind mounts live in a
# private mount namespace, so nothing is left behind however this ends. Mounted: this checkout
# (read-only) at /src, build/ at /build, the cache at the path it has outside.
in_root() {
	local environment proxies
	mapfile -t proxies < <(proxy_settings)
	read -ra environment <<<"${CHROOT_ENV:-}"
	$SUDO unshare --mount --propagation private bash -c '
		set -e
		root=$1 top=$2 build=$3 cache=$4
		shift 4
		mkdir -p "$root/src" "$root/build"
		mount --bind "$top" "$root/src"
		mount -o remount,bind,ro "$root/src"
		mount --bind "$build" "$root/build"
		mount --bind /dev "$root/dev"
		mount --bind /dev/pts "$root/dev/pts" || true
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		# After /tmp, below which it may be.
		mkdir -p "$root$cache"
		mount --bind "$cache" "$root$cache"
		mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
		exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin LVS_CACHE="$cache" "$@"' \
		bash "$ROOT" "$LVS_TOP" "$LVS_BUILD" "$LVS_CACHE" \
		"${proxies[@]}" "${environment[@]}" "$@"
}
