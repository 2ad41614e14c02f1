#!/bin/sh
# SPDX-License-Identifier: MIT
echo $((1 + 2 * 3)) $(((1 + 2) * 3)) $((7 / 2)) $((-7 / 2)) $((7 % 3)) $((-7 % 3))
echo $((1 << 10)) $((255 >> 4)) $((6 & 3)) $((6 | 3)) $((6 ^ 3)) $((~5)) $((!0)) $((!5))
echo $((0x1f)) $((017)) $((9223372036854775807)) $((9223372036854775807 + 1)) $((2147483648 * 2))
x=5; echo $((x++)) $x $((++x)) $((x += 10)) $((x > 3 ? 1 : 2)) $((x == 17 && 1)) $((0 || 0))
echo $((1, 2)) 2>&1 | tail -n 1; echo $((2 ** 10)) $((1 < 2)) $((1 >= 2)) $((y)) $((y = 3)) $y
(echo $((1 / 0))) 2>&1 | sed 's/.*: //'; (echo $((1 +))) 2>&1 | sed 's/.*: //' | head -n 1
expr 1 + 2; expr 10 / 3; expr abc : 'a\(.\)'; expr length hello; expr 1 = 2; echo $?; expr substr hello 2 3
i=0; s=0; while [ $i -lt 500 ]; do s=$((s + i * i % 7)); i=$((i + 1)); done; echo $s
echo '2^64; 10/3; 2 3 + p' | head -n 1; echo '10 3 / p 2 64 ^ p 5 k 1 3 / p' | dc; echo 'scale=10; 4*a(1); 2^100' | bc -l
factor 2>/dev/null 1 > /dev/null; let 'a=3*4' 'b=a+1'; echo $a $b; printf '%d %x %o\n' 0x10 255 8
