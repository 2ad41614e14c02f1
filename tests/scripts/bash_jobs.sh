#!/bin/bash
# SPDX-License-Identifier: MIT
set -m
sleep 10 & sleep 11 & jobs | cut -c 1-40
kill %1; wait %1; echo $?
jobs | cut -c 1-40
kill -STOP %2; sleep 0.3; jobs | cut -c 1-40
jobs -s | wc -l; jobs -r | wc -l
kill -CONT %2; sleep 0.1; jobs -r | wc -l
kill %sleep; wait %2; echo $?
jobs
sh -c 'kill -STOP $$; echo continued' & sleep 0.3; jobs | cut -c 1-14
fg %1 > /dev/null; echo $?
(sleep 0.1; exit 3) & wait -n; echo $?
sleep 5 | sleep 6 & p=$(jobs -p); [ $p != $! ] && echo "group leader is the first"
ps -o pid,pgid,comm | awk -v p=$p '$2 == p && $3 == "sleep" {n++} END {print n}'
kill -9 %1 2> /dev/null; wait 2> /dev/null; jobs > /dev/null 2>&1
fg; echo $?; bg; echo $?
sleep 9 & disown; jobs | wc -l; kill $!
