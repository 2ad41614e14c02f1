#!/bin/sh
# SPDX-License-Identifier: MIT
seq 1 1000 > f
e() { grep records; }
dd if=f of=g bs=100 2>&1 | e
cmp f g
dd if=f bs=10 skip=3 count=2 2>/dev/null
echo
dd if=f of=h bs=10 seek=5 count=1 2>&1 | e
od -c h | head -n 5
dd if=f of=g bs=1 count=3 conv=notrunc 2>/dev/null
wc -c < g
dd if=f of=g bs=1 count=3 2>/dev/null
wc -c < g
echo abc | dd conv=swab 2>/dev/null
echo abc | dd bs=8 conv=sync 2>/dev/null | od -c
dd if=none
echo $?
dd of=d/x < f
echo $?
dd if=/dev/zero of=z bs=4k count=100 2>&1 | e
stat -c '%s %b' z
dd if=/dev/null of=z seek=1 bs=10k 2>&1 | e
stat -c %s z
dd if=f ibs=7 obs=100 2>&1 > /dev/null | e
dd if=/dev/zero of=/dev/full bs=1k count=1 2>&1 | head -n 1
dd of=s bs=1 seek=1000000 count=0 2>/dev/null
stat -c '%s %b' s
dd bs=1M seek=5000 count=0 of=huge 2>&1 | e
stat -c '%s %b' huge
dd if=huge bs=1M skip=4999 2>&1 | wc -c
(sleep 0.1; echo a; sleep 0.1; echo b) | dd bs=100 count=1 2>&1 | e
(echo a; sleep 0.2; echo b) | dd bs=4 count=1 iflag=fullblock 2>&1 | e
printf 'x' | dd of=g conv=notrunc,fsync bs=1 seek=2 2>/dev/null
cat g
echo
truncate -s 100 g
wc -c < g
truncate -s -10 g
truncate -s +3 g
wc -c < g
truncate -s 2 none
wc -c < none
fallocate -l 5000 fa
stat -c '%s %b' fa
