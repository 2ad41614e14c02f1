#!/bin/sh
# SPDX-License-Identifier: MIT
printf 'one\ntwo\nthree\n' > f
sed s/o/0/g f
sed -n 2p f
sed -n '$p' f
sed 2d f
sed '/t/!d' f
sed 's/\(.\)\(.\)/\2\1/' f
sed -e 1i\\ -e before f | head -n 2
sed 'a after' f
sed 'y/abc/xyz/' f
sed -n '/one/,/two/p' f
sed = f
sed -n 'N;P;D' f
sed '$!N;s/\n/ /' f
sed 's/e/E/2' f
sed -E 's/(t|o)+/<&>/' f
sed 1q f
sed '2q5' f
echo $?
sed -n l f | head -n 1
sed 'G;h' f | wc -l
sed -i s/two/TWO/ f
cat f
sed -i.bak 1d f
ls
cat f.bak
sed -n 's/T/&/w out' f
cat out
sed 's/x' f
echo $?
sed p none
echo $?
printf 'a b\n' | sed 's/ /\n/'
seq 1 9 | sed -n '2~3p'
seq 1 9 | sed '3,5c changed' | head -n 4
echo aXb | sed 's/x/-/I'
sed ':a;s/^\(x*\)o/\1x/;ta' f.bak
seq 1 20000 | sed -n 's/99/<&>/gp' | md5sum
echo abc | sed 's/b/[&]/;s|a|/|'
