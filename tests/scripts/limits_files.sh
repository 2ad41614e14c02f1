#!/bin/sh
# SPDX-License-Identifier: MIT
ulimit -n 14
ulimit -n
exec 3< /dev/null
exec 9< /dev/null
sh -c 'cat 9<&9 14< /dev/null' 2>/dev/null
echo $?
(ulimit -n 4; cat < /dev/null; ls -d / | cat) 2>&1 | sed 's/.*: //'
ulimit -n 20
ulimit -n
(ulimit -Sn 5; ulimit -Sn; ulimit -Hn; ulimit -Sn 15; ulimit -Sn)
exec 3<&- 9<&-
(ulimit -f 2; ulimit -f; dd if=/dev/zero of=f bs=512 count=10; echo $?) 2>&1 | grep -v copied
stat -c %s f
(ulimit -f 2; trap '' XFSZ; dd if=/dev/zero of=g bs=512 count=10; echo $?) 2>&1 | grep -v copied
stat -c %s g
(ulimit -f 1; truncate -s 10000 h; echo $?)
(ulimit -f 0; echo x > k; echo $?; echo y | cat > /dev/null; echo $?)
ulimit -f
(ulimit -c 0; ulimit -c)
ulimit -a | sed 's/ \+/ /g' | cut -d ' ' -f 1-3 | head -n 3
sh -c 'ulimit -n 7; sh -c "ulimit -n"'
(ulimit -u 50; ulimit -u)
(ulimit -t 1; while :; do :; done) 2>/dev/null
echo $?
(ulimit -St 1; ulimit -Ht 3; ulimit -St; ulimit -Ht; trap 'echo xcpu; ulimit -St' XCPU; while :; do :; done) 2>/dev/null
echo $?
(ulimit -t 1; awk 'BEGIN {for (;;);}' & wait $!; echo $?) 2>/dev/null
ulimit -n 99999999 2>/dev/null
echo $?
ulimit -q
echo $?
