#!/bin/sh
# SPDX-License-Identifier: MIT
mkdir m n
mount -t tmpfs -o mode=750,uid=3,gid=4 t m
stat -c '%a %u:%g' m
echo x > m/f
grep /tmp/work/m /proc/mounts
umount m
ls m
mount -t tmpfs t m
mount -t tmpfs u m/none
echo $?
mkdir m/in
mount -t tmpfs u m/in
umount m
echo $?
umount m/in
umount m
umount m
echo $?
mount -t nosuchfs t m
echo $?
mount -t tmpfs t none
echo $?
true > file
mount -t tmpfs t file
echo $?
mount -t tmpfs -o ro t m
true > m/x
echo $?
mount -o remount,rw m
true > m/x
ls m
mount -o remount,ro m
rm m/x
echo $?
umount m
mount -t tmpfs -o noexec t m
cp /bin/busybox m/echo
m/echo hi
echo $?
umount m
mount -t proc p m
cat m/self/comm
umount m
mount -t tmpfs t m
cd m
umount ../m
echo $?
cd ..
exec 3> m/f
umount m
echo $?
exec 3>&-
mv n m
umount m
ls
mount -t tmpfs a m
echo 1 > m/f
mount -t tmpfs b m
ls m
umount m
cat m/f
umount m
mount -t tmpfs t m
mount -t tmpfs -o nosuid,nodev,noatime,size=64k z m
grep z.*work /proc/mounts
umount m
umount m
ln m/../file m/l
mount -t tmpfs t m
ln file m/l
echo $?
mv m x
echo $?
rmdir m
echo $?
umount m
setpriv 2>/dev/null
cat /proc/self/mountinfo | wc -w | grep -c .
cat /proc/filesystems | grep -w 'tmpfs\|proc'
mount | grep -c ' on / '
exec 3< /proc/version
umount /proc
echo $?
exec 3>&-
umount /proc
echo $?
mount -t proc proc /proc
mount -t tmpfs outer m
mkdir m/in
mount -t tmpfs inner m/in
mkdir m/in/most
mount -t tmpfs innermost m/in/most
umount -l m
grep -c work/m /proc/mounts
ls m
mount -t tmpfs t m
exec 3> m/f
rm m/f
mount -o remount,ro m
echo $?
exec 3>&-
mount -o remount,ro m
echo $?
umount m
