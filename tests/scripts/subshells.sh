#!/bin/sh
# SPDX-License-Identifier: MIT
x=1; (x=2; echo $x); echo $x
(cd /; pwd); pwd | sed 's/.*\///'
{ x=3; }; echo $x
(exit 4); echo $?
( (echo nested; exit 2); echo $? )
umask 022; (umask 077; umask); umask
(exec 3> f; echo in >&3); cat f; (echo x >&3) 2>/dev/null; echo $?
(set -- a b; echo $#); echo $#
(trap 'echo t' EXIT); (exec echo replaced; echo never); echo "$(echo a; exit 5) $?"
y=$(exit 6); echo $?
exec 2>&1
(set -e; false; echo never)
echo $?
(set -u; echo $undefined; echo never)
echo $?
a=$$
(b=$$; [ $a = $b ] && echo same)
sh -c 'echo $PPID' | { read p; [ $p = $$ ] && echo parent; }
