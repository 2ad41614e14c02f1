#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Makes build/busybox.cpio, an initramfs of programs that Debian built: busybox as /init and for all
# its commands, bash, and dynamically linked lua and sqlite3 with their libraries, and musl's. It
# runs on Quire and, unchanged, on Linux. Debian's packages are fetched once. Does nothing where the
# archive is newer than what it is made of. Called by ./run busybox and by the build of the tests,
# from the repository's root.

set -euo pipefail

out=build/busybox.cpio
packages=(busybox-static bash-static lua5.4 sqlite3 libsqlite3-0 libreadline8 libtinfo6 zlib1g libc6
    musl ncurses-base)
tools/armhf.sh "${packages[@]}"
if [ -e $out ] && [ -z "$(find tools/busybox tools/busybox.sh tools/mkinitrd.py tools/applets.py -newer $out)" ] &&
    [ -z "$(find build/armhf -maxdepth 1 -newer $out)" ]; then
    exit 0
fi

from=build/armhf
libs=lib/arm-linux-gnueabihf
items=(tools/busybox bin/busybox=$from/busybox-static/bin/busybox bin/bash=$from/bash-static/bin/bash-static
    bin/lua=$from/lua5.4/usr/bin/lua5.4 bin/lua5.4@lua bin/sqlite3=$from/sqlite3/usr/bin/sqlite3
    dev/ proc/ sys/ tmp/ run/ root/ mnt/ init@bin/busybox)
for term in d/dumb l/linux v/vt100 v/vt102 x/xterm x/xterm-256color; do
    items+=("lib/terminfo/$term=$(realpath $from/ncurses-base/lib/terminfo/$term)")
done
# Libraries under the names by which programs ask for them.
for name in ld-linux-armhf.so.3 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0; do
    items+=("lib/$name=$(realpath $from/libc6/$libs/$name)")
done
for file in $from/{libreadline8,libtinfo6,zlib1g}/$libs/*.so.? $from/libsqlite3-0/usr/$libs/*.so.?; do
    items+=("lib/${file##*/}=$(realpath "$file")")
done
items+=("lib/ld-musl-armhf.so.1=$from/musl/lib/arm-linux-musleabihf/libc.so")
for applet in $(python3 -B tools/applets.py $from/busybox-static/bin/busybox); do
    items+=("bin/$applet@busybox")
done
python3 -B tools/mkinitrd.py -o $out.new "${items[@]}"
mv $out.new $out
