#!/bin/sh
# SPDX-License-Identifier: MIT
for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done
for i in 1 2 3; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done
for i in 1 2; do for j in a b; do break 2; done; done; echo "$i $j"
n=0; until [ $n -ge 5 ]; do n=$((n + 1)); done; echo $n
n=0; while :; do n=$((n + 1)); [ $n = 1000 ] && break; done; echo $n
set -- p q 'r s'; for x; do echo "<$x>"; done
for x in "$*" $*; do echo "[$x]"; done
while read n; do echo $((n * n)); done <<E
3
4
E
seq 3 | while read n; do s=$((s + n)); echo $s; done; echo "s is [$s]"
for f in *; do echo "no files: $f"; done
if false; then echo a; elif true; then echo b; else echo c; fi
if false; then :; fi
echo $?
seq 10 -3 1 | tr '\n' ' '; seq -w 8 11 | tr '\n' ' '; seq -s , 1 4
