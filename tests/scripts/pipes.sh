#!/bin/sh
# SPDX-License-Identifier: MIT
seq 1 100000 | tail -n 1
seq 1 20000 | cat | cat | cat | wc -lc
yes | head -n 3
(sleep 0.1; echo late) | { read x; echo "got $x"; }
false | true; echo "last: $?"
true | false; echo "last: $?"
set -o pipefail
false | true; echo "pipefail: $?"
(exit 3) | (exit 4) | true; echo "pipefail: $?"
set +o pipefail
{ echo out; echo err >&2; } 2>&1 >/dev/null | sed 's/^/piped: /'
{ yes; echo "yes: $?" >&2; } | head -n 1
(trap '' PIPE; yes; echo "ignored: $?" >&2) 2>&1 | head -n 1
dd if=/dev/zero bs=65536 count=3 2>/dev/null | (sleep 0.1; wc -c)
i=0; while [ $i -lt 30 ]; do echo $i | cat; i=$((i + 1)); done | tr '\n' ' '; echo
echo abc | tee a b | cat - a b
! true; echo $?; ! false; echo $?
