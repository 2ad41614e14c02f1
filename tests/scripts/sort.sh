#!/bin/sh
# SPDX-License-Identifier: MIT
printf '10 b\n9 a\n2 c\n10 a\n' > f
sort f
sort -n f
sort -rn f
sort -k 2 f
sort -k 2,2 -k 1,1n f
sort -u -k 1,1 f
printf 'a:3\nb:1\nc:2\n' | sort -t : -k 2
sort -c f
echo $?
printf 'B\na\nC\n' | sort -f
printf '1K\n2\n3M\n' | sort -h
seq 1 20000 | sort -r | sort -n | md5sum
printf 'a\na\nb\na\n' > g
uniq g
uniq -c g
uniq -d g
uniq -u g
uniq -ci g
cut -c 1 f
cut -d ' ' -f 2 f
cut -b 2- f
cut -d : -f 1 f | head -n 1
seq 20000 -1 1 | sort -n | head -n 2
sort -o f f
head -n 1 f
sort none
echo $?
paste f g
paste -d , - - < f
head -n -1 g
tail -n +2 g
head -c 3 f
echo
tail -c 3 f
tac g
rev f
fold -w 2 f | head -n 3
nl g
wc f g
tr -d a < g | wc -c
tr -s ab < g
tr a-c A-C < g | sort -u
expand -t 4 /dev/null
shuf -i 1-9 | sort | tr -d '\n'
echo
