#!/bin/sh
# SPDX-License-Identifier: MIT
echo "$(echo a)$(echo b)"; echo `echo c \`echo d\``
x=$(printf 'a\n\n\n'); echo "[$x]"; x=$(printf '\na\n'); echo "[$x]"
echo $(echo '  many   spaces  '); echo "$(echo '  many   spaces  ')"
x=$(seq 1 5000); echo ${#x}; echo $(cat <<E
doc
E
)
echo $(< /dev/null)x; x=$(echo out; echo err >&2) 2>/dev/null; echo $x
v=abcdef.tar.gz; echo ${v%.*} ${v%%.*} ${v#*.} ${v##*.} ${#v}
echo ${v:2} ${v:2:3} ${v: -3} ${v/a/X} ${v//a/Y} ${u:-def} ${u:=set} $u ${u:+alt} ${w:+alt}
(: ${w:?message}) 2>&1 | sed 's/.*: //'; set -- a b c; echo ${*} ${@} ${#} ${2}
IFS=:
set -- a:b c
echo "$*"
x=1:2:3
set -- $x
echo $#
unset IFS
echo ~ | head -c 1
echo
eval 'y=1; echo $y'; z=y; eval echo \$$z; a='$(echo no)'; echo $a; echo "${v%"${v#?}"}"
