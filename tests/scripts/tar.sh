#!/bin/sh
# SPDX-License-Identifier: MIT
mkdir -p d/e
echo one > d/a
echo two > d/e/b
ln -s a d/l
ln d/a d/h
chmod 640 d/a
touch -t 200102030405 d/a d/e/b d/e
mkfifo d/p
mknod d/n c 1 3
tar cf t.tar d
tar tf t.tar | sort
mv d old
tar xf t.tar
find d -exec stat -c '%F %a %n' {} + | sort
stat -c %Y d/a d/e/b
stat -c %h d/a
cat d/e/b
readlink d/l
rm -r d
tar xf t.tar d/e
find d | sort
tar cf - old | tar xf - -C d
diff -r old/e d/old/e
echo $?
tar czf t.tgz old
tar tzf t.tgz | wc -l
tar xOf t.tar d/e/b
tar cf x.tar none
echo $?
tar xf none
echo $?
head -c 600 t.tar > cut.tar
tar xf cut.tar -C d
echo $?
tar cf - old --exclude old/e | tar tf - | sort
head -c 300000 /bin/busybox > old/big
tar cjf t.tbz old/big
tar xjOf t.tbz | cmp - old/big
echo $?
find old/a old/e | cpio -o -H newc 2>/dev/null > c
cpio -t < c 2>/dev/null
mkdir o
cd o
cpio -id < ../c 2>/dev/null
cat old/e/b
mkdir no
chmod 0 no
ls -ln old/a | cut -d ' ' -f 1
