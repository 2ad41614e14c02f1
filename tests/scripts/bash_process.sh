#!/bin/bash
# SPDX-License-Identifier: MIT
cat <(echo one) <(echo two)
echo x | tee >(cat > copy) > /dev/null
sleep 0.2
cat copy
diff <(seq 3) <(seq 3)
echo $?
exec {fd}> out
echo "to fd" >&$fd
exec {fd}>&-
cat out
echo a &> both
cat both
ls none |& wc -l
cat <<< "here $((1 + 1))"
echo ${PIPESTATUS[@]}
false | true | (exit 3)
echo ${PIPESTATUS[@]}
shopt -s lastpipe
echo v | read z
echo $z
(sleep 0.3; exit 3) & wait -n
echo $?
sleep 0.1 & wait -f $!
echo $?
read -t 0.1 x < <(sleep 1)
[ $? -gt 128 ] && echo timeout
f() { echo ${FUNCNAME[0]}; }
f
bash -c 'kill -SEGV $$'
echo $?
bash -c 'exit 256'
echo $?
bash -c 'echo $BASHPID $$' | awk '{print $1 == $2}'
(echo $BASHPID $$) | awk '{print $1 == $2}'
trap 'echo bye' EXIT
ulimit -c 0
kill -l 15
kill -l | head -n 13 | md5sum
time -p true 2>/dev/null
echo $SHLVL | grep -c .
umask -S
set -o noclobber
echo 1 > new
echo 2 > new
echo $?
set +o noclobber
printf '%(%Y-%m-%d)T\n' 0
bash --posix -c 'echo posix'
echo 'echo $0' > s
bash s
bash -c 'compgen -b' | wc -l
mkfifo p
{ echo rw; } > p & read -r t < p
echo $t
exec 9<> /dev/null
echo >&9
hash ls
hash -t ls
getconf 2>/dev/null
suspend 2>/dev/null
echo $?
exit 6
