#!/bin/sh
# SPDX-License-Identifier: MIT
echo text > a
chmod 640 a
touch -t 200102030405 a
chown 3:4 a
cp a b
cp -p a c
stat -c '%a %u:%g %n' a b c
[ b -nt a ]
echo $?
[ c -nt a ]
echo $?
cp a
echo $?
cp a a
echo $?
cp none x
echo $?
mkdir -p d/e
ln -s a d/l
mkfifo d/p
mknod d/n c 1 3
echo in > d/e/f
ln d/e/f d/e/g
chmod 700 d/e
cp d x
echo $?
cp -a d x
find x -exec stat -c '%F %a %n' {} + | sort
stat -c '%t %T' x/n
cp -r d/e y
ls y
stat -c %h x/e/f
cp -R d/l z
readlink z
cp -L d/e/f w
cp d/l w
echo $?
cp b c d
ls d
cp b c none
echo $?
cp -r d d/e/sub
echo $?
cp /bin/busybox big
cmp big /bin/busybox
echo $?
./big echo runs
echo new > big
cat big
cp -s a sym
readlink sym
cp -l a hard
stat -c %h a
cp -f b c
cp a/ q
echo $?
true > r
chmod 0 r
cp b r
cat r
cp -u b c
echo $?
cp /dev/null a
wc -c < a
