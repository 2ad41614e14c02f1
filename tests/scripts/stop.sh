#!/bin/sh
# SPDX-License-Identifier: MIT
s() { sed -n 's/^State:\t\(.\).*/\1/p' /proc/$1/status; }
sleep 10 & p=$!
sleep 0.2
s $p
kill -STOP $p
sleep 0.2
s $p
ps -o pid,stat | awk -v p=$p '$1 == p {print $2}'
kill -STOP $p
kill -CONT $p
sleep 0.2
s $p
kill -TSTP $p
sleep 0.2
s $p
kill -TERM $p
sleep 0.2
s $p
kill -CONT $p
wait $p
echo $?
sh -c 'while :; do :; done' & p=$!
sleep 0.1
s $p
kill -STOP $p
sleep 0.1
s $p
kill -9 $p
wait $p
echo $?
sh -c 'sleep 0.1; kill -STOP $$; echo resumed' & p=$!
sleep 0.4
s $p
kill -CONT $p
wait $p
echo $?
sh -c 'trap "echo cont" CONT; kill -STOP $$; echo after' & sleep 0.3
kill -CONT $!
wait
sh -c 'trap "" TSTP; kill -TSTP $$; echo not stopped'
(sleep 0.2; echo in time) & p=$!
kill -STOP $p
sleep 0.4
echo stopped
kill -CONT $p
wait
sh -c 'exit 3' & p=$!
sleep 0.2
kill -0 $p
echo $?
wait $p
echo $?
sh -c 'kill -TTIN $$' & p=$!
sleep 0.3
s $p
kill -9 $p
wait $p
echo $?
