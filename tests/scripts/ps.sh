#!/bin/sh
# SPDX-License-Identifier: MIT
sh -c 'sleep 5 & sleep 5 & sleep 1; ps -o pid,ppid,comm > t; awk -v p=$$ "\$2 == p {print \$3}" t | sort; kill $(jobs -p)' 2>/dev/null
sleep 3 & p=$!
sleep 1
ps -o pid,ppid,user,comm,stat | awk -v p=$p -v me=$$ '$1 == p {print ($2 == me), $3, $4, $5}'
wait
ps -o pid,args | grep -c '[p]s -o'
exec 3< /dev/null
sh -c 'exec -a x sleep 1' 2>/dev/null
sleep 3 & pidof sleep | wc -w
kill $!
wait
ps -o nosuch 2>/dev/null
echo $?
ps | head -n 1
(sleep 0.3 &)
sleep 0.1
ps -o ppid,comm | awk '$2 == "sleep" && $1 == 1 {print "init has it"}'
top -b -n 1 | awk 'NR == 4 {print $1, $2}'
renice -n 5 -p $$ > /dev/null 2>&1
echo $?
ps -o nice,pid | awk -v p=$$ '$2 == p {print $1}'
w 2>/dev/null | head -n 0
pwd > /dev/null
uptime | grep -c load
free | awk '{print $1}' | tr '\n' ' '
nproc | grep -c .
who
echo $?
