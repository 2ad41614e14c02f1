#!/bin/sh
# SPDX-License-Identifier: MIT
touch a.c b.c ab.h .hidden 'sp ace' x1 x2 x10; mkdir d; touch d/q.c d/.h
echo *
echo *.c
echo ?.c
echo [ab].c
echo [!a].c
echo x[0-9]
echo x[0-9]*
echo .h*
echo */*.c
echo nothing*
echo "*"
echo \*
for f in sp*; do echo "<$f>"; done
echo d/*
echo d/.*h
set -f; echo *.c; set +f; p='*.c'; echo $p; echo "$p"; echo [[:digit:]]* x[[:digit:]]
case abc in a*) echo star;; esac
case x1 in [a-w]*) echo no;; x?) echo yes;; esac
echo /b[i]n/l[s]
echo */ ; echo d/../*.h; ls -d .*; ls -1 *.c | wc -l; rm -f x*; echo x*
i=0
while [ $i -lt 300 ]; do true > d/n$i; i=$((i + 1)); done
echo d/n* | wc -w
echo d/n?9
rm d/n*
ls d
