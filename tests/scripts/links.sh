#!/bin/sh
# SPDX-License-Identifier: MIT
echo x > a
ln a b
stat -c '%h' a b
ln -s a c
readlink c
stat -c '%F %s' c
stat -L -c '%F %s' c
ls -l c | sed 's/.* c/c/'
ln -s ../nowhere/far d
readlink d
cat d
readlink a
echo $?
readlink -f c | sed 's/.*\///'
readlink -f d >/dev/null
echo $?
ln a b
echo $?
ln -f a b
echo $?
ln -sf b c
readlink c
ln -s loop loop
cat loop
echo $?
ln -s l2 l1
ln -s l1 l2
ls l1/x
echo $?
mkdir dir
ln dir hard
echo $?
ln -s dir ldir
true > ldir/in
ls dir
ls -d ldir/
rm ldir/ 
echo $?
rm ldir
ls dir
ln -s a dir
ls -l dir | tail -n 1 | sed 's/.* a/a/'
rm a
stat -c %h b
ln b dir/b
stat -c %h b
mv b dir/b
echo $?
ls
ln none x
echo $?
ln -s $(printf '%0300d' 0) longlink
readlink longlink | wc -c
x=s
ln -s dir s0
i=1
while [ $i -lt 45 ]; do ln -s s$((i - 1)) s$i; i=$((i + 1)); done
ls s39 >/dev/null
echo $?
ls s40/ 
echo $?
ln '' y
echo $?
ln -s '' y
echo $?
realpath dir/../dir/./b | sed 's/.*dir/dir/'
realpath none/x
echo $?
ln -s "$PWD/dir" abs
ls abs/b
unlink s0
echo $?
unlink dir
echo $?
