#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs the Debian packages that are missing: for `run` what builds and boots the kernel, for
# `gdb` also the debugger, for `debug` also OpenOCD, for `test` all that the tests need; `linux`
# fetches Debian's kernel for armhf alone. Does nothing, and quickly, where all are there. Says what
# it is about to install; uses sudo where the user is not root. Called by ./run, ./debug, ./test,
# ./bench and tests/qemu/linux_compare.py, from the repository's root.

set -euo pipefail

usage() {
    echo "usage: tools/setup.sh run|gdb|debug|test|linux" >&2
    exit 2
}

packages=(gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm
    device-tree-compiler cmake ninja-build python3)
case "${1-}" in
run) ;;
linux) packages=(qemu-system-arm) ;;
gdb) packages+=(gdb-multiarch) ;;
debug) packages+=(gdb-multiarch openocd) ;;
test)
    # The cross compiler for Linux builds the test programs that must run unmodified.
    packages+=(gcc libc6-dev libcmocka-dev clang clang-format libclang-rt-14-dev cpio gzip
        gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gdb-multiarch openocd
        babeltrace2 gnuplot-nox)
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
install_missing() {
    local as_root=()
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
}

# fetch_armhf PACKAGE FROM TO: the package's folder FROM becomes TO.
fetch_armhf() {
    tools/armhf.sh "$1"
    mv "build/armhf/$1/$2" "$3"
    rm -rf -- "build/armhf/$1"
}

if [ ${#missing[@]} -gt 0 ]; then
    install_missing
fi
if [ "$1" = test ] && [ ! -d build/musl ]; then
    fetch_armhf musl-dev "" build/musl
fi
if [ "$1" = test ]; then
    tools/busybox.sh
fi
case $1 in
test | linux)
    if [ ! -e build/linux/vmlinuz ]; then
        rm -rf build/linux
        fetch_armhf linux-image-armmp boot build/linux
        mv build/linux/vmlinuz-* build/linux/vmlinuz
    fi
    ;;
esac
