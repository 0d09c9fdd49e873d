#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Make Debian packages of everything: build/deb/*.deb, for the kernels of the suite, cloud and
# generic flavour.
#
# usage: deb.sh
# LVS_DEB_VERSION is the packages' version, else that of the crates and the commit. The modules are
# signed by LVS_SIGN_KEY and LVS_SIGN_CERT, if they are set. The packages are made by Debian's tools
# in a tree of its own; what is in them is built as ever, with the compiler of the kernels.
. "$(dirname "$0")/../common.sh"

[ "$LVS_SUITE" = trixie ] || die "packages are for Debian 13 (trixie)"
find_root
TREE=$("$LVS_TOP/qemu/build/tree.sh" deb-builder)
FLAVOURS=(cloud generic)
DEB=$LVS_BUILD/deb
WORK=$DEB/source
STAGE=$WORK/stage

# A version that grows with each commit.
version() {
	local crate commit
	crate=$(sed -n 's/^version = "\(.*\)"/\1/p' "$LVS_TOP/Cargo.toml" | sed -n 1p)
	commit=$(git -C "$LVS_TOP" log -1 --format=%cd --date=format:%Y%m%d%H%M 2>/dev/null || true)
	echo "$crate~${commit:-0}"
}

# What `make module` builds, for both flavours: by release, where each one's is.
declare -A MODULES
build_modules() {
	local flavour
	for flavour in "${FLAVOURS[@]}"; do
		export LVS_FLAVOUR=$flavour
		find_root
		"$LVS_TOP/qemu/build/module.sh" stock
		MODULES[$KREL]=$LVS_BUILD/$STOCK
	done
}

# in_tree COMMAND...: in the tree, with build/ at /build.
in_tree() {
	$SUDO unshare --mount --propagation private bash -c '
		set -e
		mount --bind "$2" "$1/build"
		mount -t proc proc "$1/proc"
		mount -t tmpfs tmpfs "$1/tmp"
		tree=$1
		shift 2
		exec chroot "$tree" /usr/bin/env -i HOME=/tmp LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		bash "$TREE" "$LVS_BUILD" "$@"
}

# pack_module FROM TO: without debugging symbols, which are most of a module; its BTF stays. The
# key comes by a file descriptor, so that no copy of it is on a disk.
pack_module() {
	local from=${1#"$LVS_BUILD"/} to=${2#"$LVS_BUILD"/}
	mkdir -p "$(dirname "$2")"
	in_root objcopy --strip-debug "/build/$from" "/build/$to"
	[ -n "${LVS_SIGN_KEY:-}" ] || return 0
	in_root sh -ec 'cat <&6 >/tmp/key
		cat <&7 >/tmp/certificate
		sign=$(ls /usr/lib/linux-kbuild-*/scripts/sign-file | tail -n 1)
		"$sign" sha256 /tmp/key /tmp/certificate "$1"' sh "/build/$to" 6<"$LVS_SIGN_KEY" 7<"$LVS_SIGN_CERT"
}

stage() {
	local release name shell file
	mkdir -p "$STAGE"
	# The module of each kernel, and the scripts of its packages.
	cp -r "$LVS_TOP/packaging/debian" "$WORK/debian"
	for release in "${!MODULES[@]}"; do
		pack_module "${MODULES[$release]}/lvs.ko" "$STAGE/modules-$release/usr/lib/modules/$release/updates/lvs.ko"
		for file in "${MODULES[$release]}"/placeholders/*.ko; do
			pack_module "$file" "$STAGE/placeholders-$release/usr/lib/lvs/placeholders/$release/${file##*/}"
		done
		echo "stage/placeholders-$release/* /" >"$WORK/debian/lvs-placeholders-$release.install"
		sed "s/@RELEASE@/$release/g" "$WORK/debian/control.modules" >>"$WORK/debian/control"
		echo "stage/modules-$release/* /" >"$WORK/debian/lvs-modules-$release.install"
		for name in postinst prerm postrm; do
			sed "s/@RELEASE@/$release/g" "$WORK/debian/modules.$name" >"$WORK/debian/lvs-modules-$release.$name"
		done
	done
	rm "$WORK"/debian/modules.* "$WORK/debian/control.modules"

	install -D -m 755 "$LVS_BUILD/ipvsadm-rs" "$STAGE/tool/usr/sbin/ipvsadm-rs"
	install -D -m 755 "$LVS_TOP/packaging/lvs-upgrade" "$STAGE/tool/usr/sbin/lvs-upgrade"
	mkdir -p "$STAGE/man" "$STAGE/tool/usr/share/bash-completion/completions" \
		"$STAGE/tool/usr/share/zsh/vendor-completions" "$STAGE/tool/usr/share/fish/vendor_completions.d"
	cp "$LVS_TOP/docs/man/lvs.4" "$LVS_TOP/docs/man/lvs.rules.5" "$LVS_TOP/docs/man/lvs-upgrade.8" "$STAGE/man/"
	in_root /build/ipvsadm-rs man >"$STAGE/man/ipvsadm-rs.8"
	shell=$STAGE/tool/usr/share
	in_root /build/ipvsadm-rs completions bash >"$shell/bash-completion/completions/ipvsadm-rs"
	in_root /build/ipvsadm-rs completions zsh >"$shell/zsh/vendor-completions/_ipvsadm-rs"
	in_root /build/ipvsadm-rs completions fish >"$shell/fish/vendor_completions.d/ipvsadm-rs.fish"

	install -D -m 644 "$LVS_TOP/packaging/lvs.conf" "$STAGE/common/etc/modprobe.d/lvs.conf"
	install -D -m 755 "$LVS_TOP/packaging/load-rules" "$STAGE/common/usr/libexec/lvs/load-rules"
	install -D -m 644 -t "$STAGE/placeholders/etc/modprobe.d" "$LVS_TOP/packaging/lvs-placeholders.conf"
	cp "$LVS_TOP/packaging/lvs.service" "$WORK/debian/lvs-common.lvs.service"
	for name in docs/coming-from-ip_vs docs/differences docs/install docs/kernels; do
		install -D -m 644 -t "$STAGE/common/usr/share/doc/lvs-common" "$LVS_TOP/$name.md"
	done

	mkdir -p "$STAGE/dkms/usr/src/lvs-$VERSION"
	# As module.sh copies it.
	in_root rsync -a --exclude-from=/src/.gitignore /src/Kbuild /src/kmod /src/uapi "/build/deb/source/stage/dkms/usr/src/lvs-$VERSION/"
	install -m 755 "$LVS_TOP/packaging/dkms/build-module" "$STAGE/dkms/usr/src/lvs-$VERSION/"

	sed -i -e '/@MIT@/{r '"$DEB/mit"'
d}' "$WORK/debian/copyright"
	cat >"$WORK/debian/changelog" <<CHANGELOG
lvs-rs ($VERSION) trixie; urgency=medium

  * Commit $(git -C "$LVS_TOP" log -1 --format=%h 2>/dev/null || echo unknown).

 -- The lvs developers <maintainers@lvs.invalid>  $DATE
CHANGELOG
}

pack() {
	in_tree sh -ec 'cd /build/deb/source && DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage --build=binary --no-sign --no-check-builddeps'
}

[ -z "${LVS_SIGN_KEY:-}" ] || [ -r "${LVS_SIGN_CERT:-}" ] || die "LVS_SIGN_CERT has to be the certificate of LVS_SIGN_KEY"
VERSION=${LVS_DEB_VERSION:-$(version)}
EPOCH=$(git -C "$LVS_TOP" log -1 --format=%ct 2>/dev/null || date +%s)
DATE=$(LC_ALL=C date -R -u -d "@$EPOCH")
mkdir -p "$LVS_BUILD" "$DEB"
exec 8>"$DEB/.lock"
flock 8
LOG=$DEB/log
: >"$LOG"
build_modules
"$LVS_TOP/qemu/build/cli.sh"
$SUDO rm -rf --one-file-system "$WORK"
rm -f "$DEB"/*.deb "$DEB"/*.changes "$DEB"/*.buildinfo
# As Debian's copyright files have texts: indented, and a dot for an empty line.
sed -e '1,4d' -e 's/^$/./' -e 's/^/ /' "$LVS_TOP/LICENSES/MIT.txt" >"$DEB/mit"
step 1/2 "gathering what is packaged" stage
step 2/2 "making packages of version $VERSION (15 s)" pack
rm -f "$DEB"/*.changes "$DEB"/*.buildinfo
[ -z "$SUDO" ] || $SUDO chown -R "$(id -u)" "$DEB"
say "packages: $(cd "$DEB" && echo *.deb)"
