#!/bin/sh
# SPDX-License-Identifier: MIT
kill -l 9; kill -l 15; kill -l TERM; kill -l 137; kill -l HUP
/bin/kill -l | tr '\n' ' '; echo
for s in HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT XCPU XFSZ VTALRM PROF IO PWR SYS; do
    sh -c "kill -$s \$\$; echo survived" > out 2>&1; echo "$s $? $(cat out)"
done
for s in CHLD CONT URG WINCH; do sh -c "kill -$s \$\$; echo survived $s"; done
for s in 34 35 63 64; do sh -c "kill -$s \$\$" 2>/dev/null; echo "$s $?"; done
kill -0 $$; echo $?; kill -0 99999; echo $?
kill -77 $$; echo $?; kill -NONE $$; echo $?; kill abc; echo $?
sleep 10 & kill $!; wait $!; echo $?
sleep 10 & kill -9 $!; wait $!; echo $?
sleep 10 & kill -STOP $!; kill -TERM $!; kill -CONT $!; wait $!; echo $?
sleep 10 & p=$!; kill $p; wait $p; kill $p 2>/dev/null; echo $?
sleep 10 & a=$!; sleep 10 & b=$!; kill $a $b; wait $a; echo $?; wait $b; echo $?
setsid sh -c 'trap "" TERM; sleep 10 & sleep 10 & kill -TERM 0; kill -KILL -$$'; echo $?
killall nothing; echo $?; pidof nothing; echo $?
