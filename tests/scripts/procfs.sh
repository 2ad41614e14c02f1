#!/bin/sh
# SPDX-License-Identifier: MIT
cd /proc/self
cat comm
tr '\0' ' ' < cmdline
echo
readlink exe
cat cmdline | tr '\0' '|'
echo
grep -E '^(Name|State|Threads|Uid|Gid|SigQ|SigIgn|SigCgt|SigBlk|ShdPnd):' status | grep -v SigQ
grep -c '' limits
head -n 5 limits
ls | grep -E '^(cmdline|comm|cwd|environ|exe|fd|maps|mem|root|smaps|stat|statm|status|task)$'
cd /tmp/work
readlink /proc/self/cwd
readlink /proc/self/root
env -i A=1 B=2 cat /proc/self/environ | tr '\0' '\n'
ls /proc/self/fd 3< /dev/null | tr '\n' ' '
echo
readlink /proc/self/fd/0
ls /proc/self/task | wc -l
grep -c '\[stack\]' /proc/self/maps
grep -c '\[heap\]' /proc/self/maps
awk '/busybox/ {print $2}' /proc/self/maps | sort -u
wc -w < /proc/self/statm
wc -w < /proc/self/stat
cat /proc/99999/status
echo $?
ls /proc/1/exe
cat /proc/1/comm
grep -E '^(processor|Hardware|CPU architecture)' /proc/cpuinfo | head -n 1
grep -oE '^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapCached|SwapTotal|SwapFree|Dirty|AnonPages|Mapped|Shmem|Slab|CommitLimit|Committed_AS):' /proc/meminfo
wc -w < /proc/uptime
wc -w < /proc/loadavg
grep -oE '^(cpu|intr|ctxt|btime|processes|procs_running|procs_blocked) ' /proc/stat
cat /proc/sys/kernel/ostype /proc/sys/kernel/pid_max /proc/sys/vm/overcommit_memory 2>&1
cut -d ' ' -f 1 /proc/version
echo x > /proc/version
echo $?
echo hi > /proc/self/comm
cat /proc/$$/comm
sh -c 'echo renamed > /proc/self/comm; cat /proc/$$/comm'
sleep 5 & p=$!
sleep 1
sed -n 's/^State:\t//p' /proc/$p/status
cut -d ' ' -f 2,3 /proc/$p/stat
readlink /proc/$p/exe
kill $p
wait $p
ls /proc/$p
sh -c 'sleep 0.1 & exec sleep 0.5' & sleep 0.3
grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l
wait
ls /proc/sys/kernel | grep -E '^(hostname|osrelease|ostype|version)$'
head -c 3 /proc/self/mem
echo $?
