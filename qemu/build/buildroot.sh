#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Make the Debian tree in which everything is built and which guests see as their file system: of
# Debian 13 with the kernel of its backports, or of the suite that LVS_SUITE names.
#
# usage: buildroot.sh [--update]
# Prints the directory. Makes it when there is none for the suite and the list of
# buildroot.packages; with --update also when the suite has a newer kernel than the newest tree in
# the cache. Takes about 2 minutes and 3 GB.
. "$(dirname "$0")/../common.sh"

SUITE=$LVS_SUITE
BACKPORTS=
OPTIONS=()
case $SUITE in
trixie) BACKPORTS=$SUITE-backports ;;
# Renewed within days, or, at a mirror that stands still, over long ago.
forky | sid) OPTIONS=(--aptopt='Acquire::Check-Valid-Until "false"') ;;
*) die "there is no suite \"$SUITE\": trixie, forky and sid are known" ;;
esac
KERNEL=linux-image-cloud-amd64
LIST=$LVS_TOP/qemu/build/buildroot.packages
# Named in the sources, because a derivative of Debian does not trust it by itself.
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
RECIPE=3 # Raise it when the steps below change what a finished tree contains.
HASH=$({
	echo "$RECIPE $SUITE"
	grep -v '^#' "$LIST"
} | sha256sum | cut -c1-8)

newest() { (ls -d "$LVS_CACHE"/root-*-"$HASH" 2>/dev/null || true) | sort -V | tail -n 1; }

# The mirror this host's apt uses for Debian proper: by its lists, or if it has none yet, by its
# sources.
host_mirror() {
	local mirror=${LVS_MIRROR:-}
	[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
		'Label: Debian' 2>/dev/null | sed -n 1p)
	[ -n "$mirror" ] || mirror=$(sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' \
		-e 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list \
		2>/dev/null | sed -n 1p)
	[ -n "$mirror" ] || die "apt here knows no Debian mirror: set LVS_MIRROR to the URL of one"
	echo "$mirror"
}

packages() {
	sed -n -e '/^#/d' -e '/^$/d' -e "s|^backports:\(.*\)|\1${BACKPORTS:+/$BACKPORTS}|" -e p "$LIST" | paste -sd,
}

bootstrap() {
	local dir=$1 mirror proxy opts=("${OPTIONS[@]}")
	mirror=$(host_mirror)
	proxy=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null || true)
	[ -z "$proxy" ] || opts+=("--aptopt=Acquire::http::Proxy \"$proxy\"")
	$SUDO env INITRD=No mmdebstrap --mode=root --variant=minbase --components=main --architectures=amd64 \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		"${opts[@]}" --include="$(packages)" "$SUITE" "$dir" - <<SOURCES
deb [signed-by=$KEYRING] $mirror $SUITE main
${BACKPORTS:+deb [signed-by=$KEYRING] $mirror $BACKPORTS main}
SOURCES
}

# What a tree needs beyond packages.
finish() {
	local dir=$1 image rel
	# Behind an intercepting proxy cargo works only with the authorities this host trusts.
	[ ! -e /etc/ssl/certs/ca-certificates.crt ] ||
		$SUDO cp -L /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/ca-certificates.crt"
	# Autoloading ip_vs by its netlink name would race the module under test; loading it by
	# name still works.
	printf 'blacklist ip_vs\n' | $SUDO tee "$dir/etc/modprobe.d/lvs.conf" >/dev/null
	# Mount points, so that the tree can be used read-only.
	$SUDO mkdir -p "$dir/lvs" "$dir/src" "$dir/build" "$dir$LVS_CACHE" "$dir/.lvs"
	for image in "$dir"/boot/vmlinuz-*; do
		rel=${image##*/vmlinuz-}
		case $rel in
		*-cloud-amd64) echo "$rel" | $SUDO tee "$dir/.lvs/release" "$dir/.lvs/release-cloud" >/dev/null ;;
		*-amd64) echo "$rel" | $SUDO tee "$dir/.lvs/release-generic" >/dev/null ;;
		esac
	done
}

make_root() {
	local found tmp rel dir
	LOG=$LVS_CACHE/log/buildroot.log
	: >"$LOG"
	found=$(newest)
	[ -z "$found" ] || [ "$want" = update ] || return 0
	need_tool mmdebstrap
	[ -e "$KEYRING" ] || host_install debian-archive-keyring
	# Trees that an interrupted run left. The lock is ours, so nobody is working on them.
	$SUDO rm -rf --one-file-system "$LVS_CACHE"/partial-root.*
	tmp=$(mktemp -d "$LVS_CACHE/partial-root.XXXXXX")
	step 1/2 "installing Debian $SUITE with its ${BACKPORTS:+backports }kernel into the cache (2 minutes, 3 GB)" bootstrap "$tmp"
	step 2/2 "finishing the build root" finish "$tmp"
	$SUDO chmod 755 "$tmp"
	rel=$(cat "$tmp/.lvs/release")
	dir=$LVS_CACHE/root-$rel-$HASH
	if [ -e "$dir" ]; then
		$SUDO rm -rf --one-file-system "$tmp"
	else
		$SUDO mv "$tmp" "$dir"
	fi
}

# True when the suite's kernel is not the one of the newest tree.
outdated() {
	local have candidate
	have=$(newest)
	[ -n "$have" ] || return 0
	LOG=$LVS_CACHE/log/buildroot-update.log
	: >"$LOG"
	ROOT=$have
	step 1/1 "asking the mirror for its kernel version" in_root apt-get update
	candidate=$(in_root apt-cache policy "$KERNEL" | sed -n 's/^  Candidate: //p')
	[ "$(in_root dpkg-query -W -f '${Version}' "$KERNEL")" != "$candidate" ]
}

want=${1:-}
want=${want#--}
mkdir -p "$LVS_BUILD"
if [ "$want" = update ]; then
	outdated && with_lock buildroot make_root
elif [ -z "$(newest)" ]; then
	with_lock buildroot make_root
fi
newest
