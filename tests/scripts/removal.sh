#!/bin/sh
# SPDX-License-Identifier: MIT
true > a
rm a
rm a
echo $?
rm -f a
echo $?
mkdir d
rm d
echo $?
true > d/f
rm -r d
echo $?
mkdir -p x/y/z
true > x/y/z/f
chmod 0 x/y
rm -rf x
echo $?
ls
rm
echo $?
rm -f
echo $?
rm -r .
echo $?
true > -x
rm -- -x
ls
echo data > f
exec 3< f
rm f
cat <&3
stat -L -c '%h %s' /proc/self/fd/3
ls -l /proc/self/fd/3 | grep -c deleted
exec 3<&-
exec 4> g
rm g
echo more >&4
wc -c < /proc/self/fd/4
exec 4>&-
ln -s none l
rm l
echo $?
mkdir m
ln -s m ml
rm -r ml
ls
true > w
chmod 0 w
rm -f w
echo $?
i=0
while [ $i -lt 200 ]; do true > m/$i; i=$((i + 1)); done
rm m/1*
ls m | wc -l
rm -r m
ls
rmdir /proc
echo $?
rm /proc/self/status
echo $?
rm /proc/version
echo $?
mkdir /proc/x
echo $?
