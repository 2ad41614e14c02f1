#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Fetches Debian packages for armhf from the sources that this machine's apt knows, and unpacks each
# into build/armhf/PACKAGE; what is there stays. apt checks signatures and hashes as ever, but works
# in a folder of its own: the machine's architectures, package lists and packages stay as they are,
# and it needs no root. Called by tools/setup.sh and tools/busybox.sh, from the repository's root.

set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: tools/armhf.sh PACKAGE..." >&2
    exit 2
fi
missing=()
for package in "$@"; do
    [ -d "build/armhf/$package" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

dir=$(mktemp -d)
trap 'rm -rf -- "$dir"' EXIT
mkdir -p "$dir/lists/partial" "$dir/cache" "$dir/archives" build/armhf
cat >"$dir/apt.conf" <<END
APT::Architecture "armhf";
APT::Architectures { "armhf"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::State::Lists "$dir/lists";
Dir::Cache "$dir/cache";
END
export APT_CONFIG=$dir/apt.conf

fail() {
    cat -- "$dir/log" >&2
    echo "armhf: $1: can't be fetched. This needs apt with sources for armhf, and the network, once;" \
        "what was fetched stays in build/armhf" >&2
    exit 1
}

# Some packages are empty and name the one of today.
real_name() {
    case $1 in
    linux-image-armmp)
        apt-cache show "$1" | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | sed -n 1p
        ;;
    *) echo "$1" ;;
    esac
}

echo "armhf: fetching ${missing[*]}" >&2
apt-get update -q >"$dir/log" 2>&1 || echo "armhf: some package lists could not be fetched" >&2
for package in "${missing[@]}"; do
    name=$(real_name "$package")
    (cd "$dir/archives" && apt-get download -q "${name:-$package}") >>"$dir/log" 2>&1 || fail "$package"
    dpkg-deb -x "$dir/archives/${name:-$package}"_*.deb "$dir/out" >>"$dir/log" 2>&1 || fail "$package"
    mv "$dir/out" "build/armhf/$package" # whole or not at all
done
