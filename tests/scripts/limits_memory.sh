#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs that are refused memory say so and end; nothing else does.
ulimit -Sv
(ulimit -Sv 4000; lua -e 'print(1)' >/dev/null 2>&1; [ $? != 0 ] && echo refused)
(ulimit -Sv 60000; lua -e 'local ok = pcall(string.rep, "x", 100000000) print(ok)'; lua -e 'print(#string.rep("x", 1000000))')
(ulimit -Ss 100; awk 'function f(n) {return n == 0 ? 0 : f(n - 1)} BEGIN {print f(100)}')
(ulimit -Ss 200; ulimit -s; bash -c 'f() { f; }; f' 2>/dev/null; echo $?)
(ulimit -s 64; x=$(printf '%0100000d' 0); /bin/echo $x | wc -c) 2>&1 | sed 's/.*: //' 
(ulimit -d 1000; ulimit -d; lua -e 'local ok = pcall(string.rep, "x", 10000000) print(ok)' 2>&1 | tail -n 1 | cut -c 1-3)
(ulimit -l 0; ulimit -l)
(ulimit -Hv 100000; ulimit -v; ulimit -v 50000; ulimit -v; ulimit -v 80000; ulimit -v unlimited; echo $?)
lua -e 'local t = {} for i = 1, 200000 do t[i] = {} end print(#t)'
x=$(printf '%0131072d' 0)
/bin/true $x
echo $?
/bin/true ${x:1}
echo $?
i=0
a=()
while ((i < 40)); do a[i]=$x; i=$((i + 1)); done
(unset x; /bin/true "${a[@]:0:3}" 2>/dev/null; echo $?)
y=${x:1}
i=0
while ((i < 16)); do a[i]=$y; i=$((i + 1)); done
unset x y
try() { (ulimit -s $1; shift; /bin/true "$@" 2>/dev/null; echo $# $?); }
try 100 "${a[0]}"
try 128 "${a[0]}"
try 512 "${a[0]}"
try 1024 "${a[@]:0:1}"
try 1024 "${a[@]:0:2}"
try 8192 "${a[@]:0:15}"
try 8192 "${a[@]:0:16}"
try 16384 "${a[@]:0:16}"
seq 1 100000 > n
/bin/echo $(< n) | wc -w
