#!/bin/sh
# SPDX-License-Identifier: MIT
env -i sh -c 'echo ${HOME-none} $PWD' | sed 's/\/tmp.*/dir/'; A=1 env | grep ^A=; A=1; sh -c 'echo ${A-unset}'; export A; sh -c 'echo ${A-unset}'; unset A; sh -c 'echo ${A-unset}'; env B=2 sh -c 'echo $B'; env -u HOME sh -c 'echo ${HOME-none}'; readonly R=1; (R=2) 2>&1 | sed 's/.*: //'; export X='a b'; env | grep ^X; printenv X 2>/dev/null; echo $?; PATH=/nowhere; ls; echo $?; /bin/ls -d /; PATH=/bin; set -- a; sh -c 'echo $0 $1 $#' zero one two; sh -s x y <<'E'
echo "stdin: $0 $*"
E
echo 'echo sourced $1 $x; x=2' > lib
x=1
. ./lib arg
echo $x
echo 'return 5; echo no' > ret
. ./ret
echo $?
. ./none
echo $?
