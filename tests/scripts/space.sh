#!/bin/sh
# SPDX-License-Identifier: MIT
mkdir m
mount -t tmpfs -o size=1m t m
df -k m | tail -n 1 | sed 's/ \+/ /g'
dd if=/dev/zero of=m/f bs=1k count=100 2>/dev/null
df -k m | tail -n 1 | sed 's/ \+/ /g'
du -k m
du -k m/f
dd if=/dev/zero of=m/g bs=64k count=100 2>&1 | grep -v copied
stat -c '%s %b' m/g
df -k m | tail -n 1 | sed 's/ \+/ /g'
echo x > m/h
echo $?
rm m/g
echo x > m/h
cat m/h
mkdir m/d
du -ak m | sort
ln m/f m/d/l
du -sk m
stat -f -c '%T %s %b %l' m
df -a | grep -c '^proc'
umount m
mount -t tmpfs -o nr_inodes=5 t m
for i in 1 2 3 4 5 6; do true > m/$i; done
ls m
umount m
truncate -s 1G hole
du -k hole
echo x | dd of=hole bs=1 seek=500000000 conv=notrunc 2>/dev/null
du -k hole
ls -s hole | cut -d ' ' -f 1
