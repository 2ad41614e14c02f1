#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs the Debian packages that are missing: for `run` what builds and boots the kernel, for
# `test` also what the tests need. Does nothing, and quickly, where all are there. Says what it is
# about to install; uses sudo where the user is not root. Called by ./run, ./test and ./bench.

set -euo pipefail

usage() {
    echo "usage: tools/setup.sh run|test" >&2
    exit 2
}

packages=(gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm
    device-tree-compiler cmake ninja-build python3)
case "${1-}" in
run) ;;
test)
    # The cross compiler for Linux builds the test programs that must run unmodified.
    packages+=(gcc libc6-dev libcmocka-dev clang clang-format libclang-rt-14-dev cpio gzip
        gcc-arm-linux-gnueabihf libc6-dev-armhf-cross)
    ;;
*) usage ;;
esac

# dpkg-query fails where a package is unknown to it, but prints the others.
if ! installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null)
then
    echo "setup: some packages are missing" >&2
fi
missing=()
for package in "${packages[@]}"; do
    case $'\n'"$installed"$'\n' in
    *$'\n'"$package installed"$'\n'*) ;;
    *) missing+=("$package") ;;
    esac
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup: please install as root: ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}" >&2
if ! "${as_root[@]}" apt-get update -q >&2; then
    echo "setup: apt-get update failed; trying with the package lists at hand" >&2
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
