#!/bin/sh
# SPDX-License-Identifier: MIT
f() { echo "f: $# $1"; return 7; }
f a b; echo $?
g() { local x=inner; x=$x-more; echo $x; }
x=outer; g; echo $x
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 10
h() { x=changed; }; h; echo $x
x=before; (h; echo $x); echo $x
deep() { [ $1 = 0 ] && return 3; deep $(($1 - 1)); }
deep 100; echo $?
echo() { printf 'mine: %s\n' "$*"; }; echo hi; unset -f echo; echo hi
k() { set -- x y z; echo $#; }; set -- 1; k; echo $#
m() { return; }; false; m; echo $?
unset x; n() { x=1; x=2 env | grep -c ^x=; }; n
type f | head -n 1; type cd; command -v ls; type nothing; echo $?
alias ll='echo alias'; eval ll one; unalias ll; eval ll; echo $?
