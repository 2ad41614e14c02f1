#!/bin/sh
# SPDX-License-Identifier: MIT
jobs_of() { setsid cttyhack sh -c "exec >out 2>&1; set -m; $1"; echo "= $?"; cat out; }
jobs_of 'tty; sleep 10 & jobs; kill %1; wait %1; echo $?; jobs'
jobs_of 'sleep 10 & kill -STOP %1; sleep 0.3; jobs; bg %1; sleep 0.1; jobs; kill %1; wait %1; echo $?'
jobs_of '(sleep 0.2; echo done; exit 3) & fg %1; echo $?'
jobs_of 'sh -c "kill -STOP \$\$; echo continued; exit 4"; echo stopped $?; jobs; fg; echo $?; jobs'
jobs_of 'sh -c "kill -STOP \$\$; echo again" & sleep 0.3; jobs; bg; wait; echo $?'
jobs_of 'sh -c "kill -TSTP \$\$; echo again" & sleep 0.3; kill %1; fg >t; echo $?'
jobs_of 'sleep 5 | sleep 6 & jobs -p | wc -l; kill -9 %1; wait; jobs; fg; bg; echo $?'
jobs_of 'cat /dev/tty & sleep 0.3; jobs; kill %1; sleep 0.1; fg; echo $?'
jobs_of 'stty tostop </dev/tty; echo >/dev/tty & sleep 0.3; jobs; stty -tostop </dev/tty; fg; echo $?'
jobs_of 'stty -echo </dev/tty & sleep 0.3; jobs; kill -9 %1; wait; stty echo </dev/tty; echo $?'
jobs_of 'trap "" TTOU; stty sane </dev/tty & wait; echo $?'
jobs_of 'f() { set -- $(cut -d " " -f 5,6,7,8 /proc/self/stat); echo $(($1 == $2)) $(($1 == $4)) $3; }; f; f & wait'
jobs_of 'cut -d " " -f 5,8 /proc/self/stat >a & wait; read g t <a; echo $(($g == $t)); cut -d " " -f 5,8 /proc/self/stat >a; read g t <a; echo $(($g == $t))'
jobs_of 'sh -c "trap \"echo hangup >hup\" HUP; kill -STOP \$\$; sleep 9" & sleep 0.3; jobs'
sleep 0.3; cat hup
jobs_of 'sleep 3 & exit 7'
sh -c 'set -m; sleep 10 & kill %1; wait %1; echo $?' 2>&1
setsid sh -c 'set -m; sleep 0.1 & fg %1; echo $?' 2>&1
setsid sh -c 'tty </dev/console; cat /dev/tty' 2>&1
setsid sh -c 'true </dev/ttyAMA0; cut -d " " -f 7 /proc/self/stat; true 2>/dev/tty; echo $?'
setsid sh -c 'true >/dev/ttyAMA0; cut -d " " -f 7 /proc/self/stat'
cut -d ' ' -f 7 /proc/self/stat
cat /sys/class/tty/console/active /sys/class/tty/ttyAMA0/dev /sys/class/tty/console/dev
