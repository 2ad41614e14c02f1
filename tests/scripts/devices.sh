#!/bin/sh
# SPDX-License-Identifier: MIT
head -c 10 /dev/zero | od -An -c
echo x > /dev/full
echo $?
cat /dev/null
echo $?
head -c 100 /dev/urandom | wc -c
a=$(head -c 16 /dev/urandom | md5sum)
b=$(head -c 16 /dev/urandom | md5sum)
[ "$a" != "$b" ]
echo $?
head -c 5 /dev/random | wc -c
cat /dev/full | head -c 3 | od -An -tx1
dd if=/dev/zero of=/dev/null bs=1M count=5 2>&1 | head -n 2
echo hi > /dev/stdout
echo err > /dev/stderr
echo hi | cat /dev/stdin
echo hi | cat /dev/fd/0
ls -l /dev/null /dev/zero /dev/full /dev/tty /dev/urandom | sed 's/ \+/ /g' | cut -d ' ' -f 1-6
mknod n c 1 3
echo x > n
cat n
mknod q c 99 99
cat q
echo $?
mknod b b 99 0
cat b
echo $?
mknod z c 1 5
head -c 2 z | od -An -tx1
[ -c /dev/console ]
echo $?
stat -c '%t:%T' /dev/console /dev/tty
ls -d /dev/shm
mkdir /dev/x
true > /dev/x/f
ls /dev/x
rm -r /dev/x
truncate -s 5 /dev/null
echo $?
dd if=/dev/null bs=1 skip=5 2>&1 | head -n 1
exec 3<> /dev/null
echo a >&3
cat <&3
true > /dev/none/x
echo $?
cp /dev/null e
wc -c < e
yes | tr -d '\n' | head -c 70000 | wc -c
