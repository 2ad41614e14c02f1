#!/bin/sh
# SPDX-License-Identifier: MIT
echo a b c | xargs
echo a b c | xargs -n 1 echo x
seq 1 10 | xargs -n 3
printf 'a b\nc\n' | xargs -I{} echo '<{}>'
printf 'x y\0z\0' | xargs -0 -n 1 echo
seq 1 3 | xargs -t echo 2>&1
echo | xargs echo none
echo | xargs -r echo none
seq 1 8 | xargs -P 4 -n 1 sh -c 'sleep 0.0$0; echo $0' | sort | tr '\n' ' '
echo
echo 1 | xargs sh -c 'exit 3'
echo $?
echo 1 | xargs sh -c 'exit 255'
echo $?
echo 1 | xargs sh -c 'kill -9 $$'
echo $?
echo 1 | xargs nothing_such
echo $?
seq 1 5000 | xargs echo | wc -w
seq 1 30000 | xargs -s 4096 echo | wc -w
echo "'a b' \"c d\" e\\ f" | xargs -n 1 echo
seq 1 40 | xargs -P 8 -n 5 sh -c 'echo $# $0' | sort -n -k 2
