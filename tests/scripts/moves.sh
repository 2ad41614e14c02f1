#!/bin/sh
# SPDX-License-Identifier: MIT
echo a > a
echo b > b
mv a b
cat b
ls
mkdir d
mv b d
ls d
mv none x
echo $?
mv d e
ls e
mkdir f
mv e f
ls f/e
mv f f/e
echo $?
mkdir g
mv g f/e/b
echo $?
echo x > x
mv x f/e
ls f/e
mv f/e/x f/e/b .
ls
mv -n x b
cat b
mv -f x b
cat b
mkdir h i
true > i/full
mv -T h i
echo $?
rm i/full
mv -T h i
echo $?
ls -d h i
mv b i/
mv i/b ./c
ls -R
mv c c
echo $?
ln c l
mv c l
echo $?
ls
mv i/. j
echo $?
mount -t tmpfs t i
echo cross > y
chmod 640 y
mv y i/
cat i/y
stat -c %a i/y
mkdir k
true > k/z
mv k i
find i | sort
ln -s target s
mv s i
readlink i/s
umount i
ls i
