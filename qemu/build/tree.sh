#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Make a Debian tree beside the build root, of the same suites and mirror.
#
# usage: tree.sh NAME
# Prints the directory of the tree with the packages of NAME.packages, and makes it when there is
# none for that list and the build root's kernel. NAME.sh, if there is one, is run at its end with
# the tree as its argument.
. "$(dirname "$0")/../common.sh"

NAME=${1:?usage: tree.sh NAME}
LIST=$LVS_TOP/qemu/build/$NAME.packages
HOOK=$LVS_TOP/qemu/build/$NAME.sh
find_root
SUITE=$(sed -n 's/.* \([a-z]*\) main$/\1/p' "$ROOT/etc/apt/sources.list" | sed -n 1p)
HASH=$({
	echo "1 $SUITE"
	cat "$LIST"
	[ ! -e "$HOOK" ] || cat "$HOOK"
} | sha256sum | cut -c1-8)
DIR=$LVS_CACHE/$NAME-$(cat "$ROOT/.lvs/release")-$HASH

packages() {
	sed -n -e '/^#/d' -e '/^$/d' -e "s|^backports:\(.*\)|\1/$SUITE-backports|" -e p "$LIST" | paste -sd,
}

bootstrap() {
	local tmp=$1 proxy opts=()
	proxy=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null || true)
	[ -z "$proxy" ] || opts+=("--aptopt=Acquire::http::Proxy \"$proxy\"")
	[ ! -e "$HOOK" ] || opts+=("--customize-hook=$HOOK")
	$SUDO env INITRD=No mmdebstrap --mode=root --variant=minbase --components=main --architectures=amd64 \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
		--aptopt='Acquire::Languages "none"' "${opts[@]}" --include="$(packages)" \
		"$SUITE" "$tmp" "$ROOT/etc/apt/sources.list"
}

make_tree() {
	local tmp
	[ ! -e "$DIR" ] || return 0
	LOG=$LVS_CACHE/log/$NAME.log
	: >"$LOG"
	need_tool mmdebstrap
	$SUDO rm -rf --one-file-system "$LVS_CACHE/partial-$NAME".*
	tmp=$(mktemp -d "$LVS_CACHE/partial-$NAME.XXXXXX")
	step 1/1 "installing the tree $NAME into the cache (1 minute)" bootstrap "$tmp"
	$SUDO mkdir -p "$tmp/src" "$tmp/build" "$tmp$LVS_CACHE"
	$SUDO chmod 755 "$tmp"
	$SUDO mv "$tmp" "$DIR"
}

[ -e "$DIR" ] || with_lock "$NAME" make_tree
echo "$DIR"
