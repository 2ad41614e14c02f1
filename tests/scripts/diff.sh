#!/bin/sh
# SPDX-License-Identifier: MIT
printf 'a\nb\nc\n' > x
printf 'a\nB\nc\nd\n' > y
diff x y | tail -n +3
echo $?
diff x x
echo $?
diff -q x y
cmp x y
echo $?
cmp -l x y
cmp -s x y
echo $?
cmp x none
echo $?
printf 'a\nb' > z
cmp x z
cmp -n 3 x y
diff x - < x
echo $?
mkdir p q
echo 1 > p/f
echo 2 > q/f
true > p/g
diff -rq p q
diff x none
echo $?
diff -U 0 x y | tail -n +3
diff -b x x
echo 'B' > b
printf 'w\n\n' > c
printf 'w\n' > d
diff -B c d
echo $?
diff x y > d.patch
sed -i 's/^\(---\|+++\) \([^\t]*\).*/\1 \2/' d.patch
cp x n
patch n < d.patch
cmp n y
echo $?
patch -R n < d.patch > /dev/null
cmp n x
echo $?
printf '1,2p\n2s/b/BEE/\nw out\nq\n' | ed x
cat out
