#!/bin/sh
# SPDX-License-Identifier: MIT
(exit 5) & wait $!; echo $?
sleep 0.1 & (exit 2) & wait; echo $?
wait 99999; echo $?; wait; echo $?
for i in 3 1 2; do (sleep 0.$i; echo $i; exit $i) & done; wait; echo all
p=
for i in 1 2 3 4 5; do (exit $i) & p="$p $!"; done
for q in $p; do wait $q; echo $?; done
(sh -c 'exit 6' & wait $!; echo $?)
sh -c 'sleep 0.1; echo child' & echo parent; wait
x=$(sleep 0.1 & echo now); echo $x
n=0; while [ $n -lt 60 ]; do : & n=$((n + 1)); done; wait; echo $n
n=0; while [ $n -lt 20 ]; do (read l; exit $l) <<E &
$n
E
n=$((n + 1)); done; wait; echo $n
(sleep 0.3; echo slow) & (sleep 0.1; echo fast) & wait -n; echo "first $?"; wait
sh -c '(sleep 0.1; echo orphan) & exit 0'; sleep 0.4; echo end
