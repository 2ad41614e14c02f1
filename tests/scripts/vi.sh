#!/bin/sh
# SPDX-License-Identifier: MIT
printf 'one\ntwo\nthree\n' > f
vi -c 's/one/ONE/' -c wq f > /dev/null 2>&1 < /dev/null
cat f
printf ':2d\n:w\n:q\n' | TERM=vt100 vi f > /dev/null 2>&1
cat f
printf 'Gofour\033yyp:wq\n' | vi f > /dev/null 2>&1
cat f
printf 'ggdd:q!\n' | vi f > /dev/null 2>&1
cat f
printf 'ihello world\033bcwthere\0330iX\033:wq\n' | vi g > /dev/null 2>&1
cat g
printf ':%%s/e/E/g\n:x\n' | vi f > /dev/null 2>&1
cat f
printf '/th\nxu:r g\n:wq\n' | vi f > /dev/null 2>&1
cat f
seq 1 200 > n
printf '100GddGp:1,10d\n:wq\n' | vi n > /dev/null 2>&1
md5sum n
printf ':!echo shell > out\n:q\n' | vi n > /dev/null 2>&1
cat out 2>&1
vi -R -c 'q' f > /dev/null 2>&1 < /dev/null
echo $?
