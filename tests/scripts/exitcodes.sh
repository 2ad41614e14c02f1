#!/bin/sh
# SPDX-License-Identifier: MIT
true; echo $?; false; echo $?; nothing_such; echo $?
/nowhere/x; echo $?; echo text > f; ./f; echo $?; chmod +x f; ./f; echo $?
/; echo $?; echo 'exit 300' > g; sh g; echo $?; sh -c 'exit -1' 2>/dev/null; echo $?
sh -c 'kill -9 $$'; echo $?; sh nowhere; echo $?; sh -c 'if'; echo $?
printf '#!/bin/nothing\n' > h; chmod +x h; ./h; echo $?
printf '#!/bin/sh -e\nfalse\necho never\n' > i; chmod +x i; ./i; echo $?
printf '#! /bin/echo one two\n' > j; chmod +x j; ./j three four
printf '#!./j\n' > k; chmod +x k; ./k five
printf '\177ELF' > l; chmod +x l; ./l 2>/dev/null; echo $?
true > m; chmod +x m; ./m; echo $?
head -c 5000 /dev/zero > n; chmod +x n; ./n 2>/dev/null; echo $?
ln -s o o; ./o; echo $?; mkdir d; ./d; echo $?; exec ./nowhere
