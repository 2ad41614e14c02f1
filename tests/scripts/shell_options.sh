#!/bin/sh
# SPDX-License-Identifier: MIT
sh -ec 'false; echo no'
echo $?
sh -ec 'if false; then :; fi; false || true; echo yes'
sh -uc 'echo $nothing'
echo $?
sh -xc 'echo traced' 2>&1
sh -nc 'echo no'
echo $?
sh -c 'set -o' | head -n 3
set -e
(false; echo no) || echo caught
f() { false; echo reached; }
f || true
set +e
echo $- | tr -d 'is'
sh -c 'set -a; V=1; env | grep ^V'
sh -vc 'echo v' 2>&1
shift 5
echo $?
shift
echo $?
cd() { echo mine; }
cd x
command cd /
pwd
times | wc -l
hash -r
echo $?
sh -c 'echo $((1 +' 
echo $?
sh -c 'for'
echo $?
sh -c 'echo "unclosed'
echo $?
sh -c ')'
echo $?
printf 'echo a\r\n' | sh | od -c | head -n 1
sh -c 'exec 3>&1; echo x >&3'
sh -c 'echo $LINENO'
sh --nosuch
echo $?
yes echo y | head -n 300 | sh | uniq -c
