#!/bin/sh
# SPDX-License-Identifier: MIT
for m in 000 022 077 027 0777; do umask $m; true > f$m; mkdir d$m; done
umask 022
umask -S
umask u=rwx,g=,o=
umask
umask 022
stat -c '%a %A %n' f* d*
true > f
for m in 644 4755 2711 1777 u+x g-w,o= a=r u=rwx,go=rx +t g+s o+w u-s,g-s 0; do chmod $m f; stat -c "$m %a %A" f; done
mkdir -p t/u
true > t/u/v
chmod -R go-rwx t
stat -c '%a %n' t t/u t/u/v
chmod 644 none
echo $?
chmod 99 f
echo $?
chmod z f
echo $?
ln -s f l
chmod 600 l
stat -c '%a' f
stat -c %a l
mkdir g
chmod 2775 g
mkdir g/sub
true > g/file
stat -c '%a %n' g/sub g/file
mkdir -m 1711 m
stat -c %a m
chmod 4755 f
echo x >> f
stat -c %a f
chmod -v 4755 f
cp f copy
stat -c %a copy
cp -p f copy2
stat -c %a copy2
ls -ln f | cut -d ' ' -f 1; mkfifo -m 640 p; stat -c '%a %F' p
