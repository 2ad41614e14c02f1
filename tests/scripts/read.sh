#!/bin/sh
# SPDX-License-Identifier: MIT
printf 'a b c\nd\n' > f; { read x y; read z; echo "$x|$y|$z"; } < f
printf 'no newline' | { read x; echo "$? $x"; }; printf '' | { read x; echo "$? [$x]"; }
printf 'a\\b \\\nc\n' | { read x; echo "$x"; }
printf 'a\\b\n' | { read -r x; echo "$x"; }
printf ' lead trail \n' | { read x; echo "[$x]"; }
printf ' lead \n' | { IFS= read x; echo "[$x]"; }
printf 'a:b:c\n' | { IFS=: read x y; echo "$x $y"; }
printf 'abcdef' | { read -n 3 x; echo $x; read -n 2 y; echo $y; }
sleep 1 | { read -t 0.2 x; echo "timeout $?"; }
printf 'x;y;' | { read -d ';' a; echo $a; }
read x < /dev/null
echo $?
read x < nowhere
echo $?
seq 1 5 | { read a; read b; cat; echo "$a $b"; }
printf '1 2 3\n' | while read a b; do echo "$a-$b"; done; (exec < f; read l; cat)
