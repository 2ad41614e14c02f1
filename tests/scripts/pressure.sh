#!/bin/sh
# SPDX-License-Identifier: MIT
i=0
while [ $i -lt 100 ]; do (exit 0); i=$((i + 1)); done
echo $i
i=0
while [ $i -lt 40 ]; do sleep 0.3 & i=$((i + 1)); done
jobs | wc -l
wait
s=$(seq 1 30000)
echo ${#s}
x=abcdefgh
i=0
while [ $i -lt 14 ]; do x=$x$x; i=$((i + 1)); done
echo ${#x}
echo "$x" | md5sum
seq 1 200 | while read n; do echo $n > f$n; done
cat f* | wc -l
ls | wc -l
rm f*
mkfifo a b
(cat a > b) & (tr a-z A-Z < b | uniq -c) & yes text | head -n 3000 > a
wait
