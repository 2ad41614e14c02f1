#!/bin/sh
# SPDX-License-Identifier: MIT
t() { time "$@" 2>&1 | sed 's/[0-9.]\+/N/g'; }
{ time -p true; } 2>&1 | sed 's/[0-9.]\+/N/'
timeout 0.2 sleep 5
echo $?
timeout 5 true
echo $?
timeout 5 sh -c 'exit 7'
echo $?
timeout -s KILL 0.2 sleep 5
echo $?
timeout -k 0.2 0.2 sh -c 'trap "" TERM; sleep 1; sleep 1; sleep 1'
echo $?
timeout 1 nothing_such
echo $?
timeout -s INT 0.2 sh -c 'trap "echo int; exit 9" INT; while :; do sleep 0.05; done'
echo $?
sleep 0
echo $?
sleep x
echo $?
sleep
echo $?
a=$(cut -d . -f 1 /proc/uptime)
sleep 1.1
b=$(cut -d . -f 1 /proc/uptime)
[ $b -gt $a ] && echo passed
usleep 1000
echo $?
s=$(date +%s)
sleep 1
e=$(date +%s)
[ $((e - s)) -ge 1 ] && echo clock
time -f '%x' sh -c 'exit 3' 2>&1
echo $?
watch -t -n 1 true 2>&1 < /dev/null | head -c 0
/bin/time sh -c 'kill -9 $$' 2>&1 | sed 's/[0-9.]\+/N/g'
