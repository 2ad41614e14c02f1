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
stat -f -c '%c %d' m
mount -o remount,nr_inodes=4 m
echo $?
mount -o remount,nr_inodes=7 m
true > m/5
ln m/5 m/6
echo $?
ln m/5 m/7
echo $?
grep /tmp/work/m /proc/mounts
umount m
for size in 64k 100 8191 2m 1G 5% -1 x 1x ''; do
    mount -t tmpfs -o size=$size t m
    echo "$size: $? $(grep /tmp/work/m /proc/mounts | grep -v '=[0-9]*[1-9][0-9][0-9][0-9]k' | cut -d ' ' -f 4)"
    umount m 2>/dev/null
done
mount -t tmpfs -o nr_blocks=16,nr_inodes=1k,mode=01000,gid=7 t m
grep /tmp/work/m /proc/mounts
head -c 40000 /dev/zero > m/f
mount -o remount,size=36k m
echo $?
mount -o remount,size=x m
echo $?
mount -o remount,noexec,size=40k,mode=700 m
grep /tmp/work/m /proc/mounts
echo x >> m/f
echo x > m/g
echo $?
rm m/f
echo x > m/g
cat m/g
df -k m | tail -n 1 | sed 's/ \+/ /g'
umount m
truncate -s 1G hole
du -k hole
echo x | dd of=hole bs=1 seek=500000000 conv=notrunc 2>/dev/null
du -k hole
ls -s hole | cut -d ' ' -f 1
