#!/bin/sh
# SPDX-License-Identifier: MIT
setsid sh -c 'ps -o pid,pgid,sid > t; awk -v p=$$ "\$1 == p {print (\$2 == p), (\$3 == p)}" t' 2>/dev/null
sed 's/.* \(tty\|pgrp\).*//' /dev/null
f() { cut -d ' ' -f $1 /proc/self/stat; }
[ $(f 5) = $(sh -c 'cut -d " " -f 5 /proc/self/stat') ] && echo same group
setsid sh -c 'read p c s pp g sid r < /proc/self/stat; [ $g = $p ] && [ $sid = $p ] && echo leader'
setsid true
echo $?
setsid sh -c 'exit 4'
echo $?
setsid nothing_such
echo $?
cat /dev/tty > /dev/null
echo $?
true > /dev/tty
echo $?
(trap '' HUP; sh -c 'kill -HUP $$; echo alive')
setsid sleep 10 & p=$!
sleep 0.2
kill $p
wait $p
echo $?
setsid setsid echo twice
sleep 0.5
sh -c 'setsid sh -c "kill -TERM 0; echo never"; echo outer'
cut -d ' ' -f 7 /proc/self/stat
setsid cut -d ' ' -f 7,8 /proc/self/stat
start-stop-daemon -S -b -x /bin/sh -- -c 'echo daemon > out'
sleep 0.5
cat out
start-stop-daemon -S -x /bin/echo -- started
start-stop-daemon -K -x /bin/nothing
echo $?
