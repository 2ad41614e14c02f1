#!/bin/sh
# SPDX-License-Identifier: MIT
printf 'abc\n\0\377\t' > f; od f; od -c f; od -An -tx1 f; od -An -tu2 f; od -x f; od -d f; od -j 2 -N 3 -c f; hexdump -C f; hexdump f; hexdump -e '1/1 "%02x "' f; echo; strings f; head -c 64 /dev/zero | od; head -c 4 /bin/busybox | od -c; od none; echo $?; od -An -tx4 -v f; xxd f; xxd -r <<E
0: 4142 43
E
echo
printf 'é' | od -An -tx1
cat -v f
cat -e f 2>/dev/null
cat -n f | head -n 1 | cat -v
cat -A f
ascii | head -n 3
