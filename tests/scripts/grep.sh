#!/bin/sh
# SPDX-License-Identifier: MIT
mkdir d
printf 'hello\nworld\nHello again\n' > d/a
printf 'nothing\n' > d/b
cp /bin/busybox bin
cd d
grep hello a
grep -i hello a
grep -c l a
grep -n wor a
grep -v o a
echo $?
grep -l hello a b
grep -L hello a b
grep -o 'l*o' a
grep -w hello a
grep -x world a
grep -q world a
echo $?
grep zzz a
echo $?
grep x none
echo $?
grep -s x none
echo $?
grep -E 'h|w' a
grep -F 'l.' a
echo $?
cd ..
grep -r hello d
grep -rl ello d | sort
grep -rc o d/a d/b
grep -A 1 hello d/a
grep -B 1 again d/a
grep -e hello -e world d/a
printf 'hello\nagain\n' > p
grep -f p d/a
grep -m 1 o d/a
grep '^$' d/a
echo $?
grep -h o d/a d/b
grep '[' d/a
echo $?
grep -E '^.{5}$' d/a
grep '\(l\)\1' d/a
seq 1 50000 | grep -c 7
seq 1 50000 | grep -E '^(1|2)+$' | wc -l
strings -n 8 bin | grep -c 'BusyBox v'
egrep -c . d/a
fgrep -c o d/a
grep -r nothing /proc/self/cmdline
echo $?
