#!/bin/sh
# SPDX-License-Identifier: MIT
echo one > f; echo two >> f; cat < f
echo err >&2 2>/dev/null
ls nowhere > f 2>&1; echo "$?"; cat f
exec 3> g; echo three >&3; echo more >&3; exec 3>&-; cat g
echo bad >&3; echo "closed: $?"
exec 4<> g; read x <&4; echo "$x"; echo over >&4; exec 4>&-; cat g
set -C; echo no > f; echo "noclobber: $?"; echo yes >| f; cat f
echo new > fresh; cat fresh; echo x > /dev/null; echo "device: $?"; set +C
cat < nowhere; echo "$?"
echo x > d/e; echo "$?"
mkdir d; echo x > d; echo "$?"
cat < d; echo "$?"
true > f; wc -c < f
{ echo a; echo b; } > f; while read l; do echo "<$l>"; done < f
exec 5< f; read a <&5; read b <&5; read c <&5; echo "$a $b [$c] $?"; exec 5<&-
echo to 1>&2 2>/dev/null; (echo sub; echo sub2 >&2) > f 2>&1; cat f
2> f ls nowhere; cat f; > only; ls -1
ls -l /proc/self/fd/9 9< f | sed 's/.*-> //'
exec 6> app; echo 12345 >&6; exec 7>> app; echo 678 >&7; echo ab >&6; cat app
