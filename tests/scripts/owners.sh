#!/bin/sh
# SPDX-License-Identifier: MIT
true > f
stat -c '%u:%g %U:%G' f
chown 1:2 f
stat -c '%u:%g' f
chown nobody f
stat -c '%u:%g %U' f
chgrp nogroup f
stat -c '%u:%g %G' f
chown :7 f
stat -c '%u:%g' f
chown 5: f
stat -c '%u:%g' f
chmod 6755 f
chown 3:3 f
stat -c '%a %u:%g' f
chmod 2644 f
chown 4 f
stat -c '%a %u' f
ln -s f l
chown -h 9:9 l
stat -c '%u:%g' l f
chown 8:8 l
stat -c '%u:%g' l f
mkdir -p d/e
true > d/e/g
chown -R 11:12 d
stat -c '%u:%g %n' d d/e d/e/g
mkdir s
chown 0:77 s
chmod 2775 s
true > s/x
mkdir s/y
stat -c '%u:%g %a' s/x s/y
chown 1 none
echo $?
chown nosuch f
echo $?
chown 4294967295 f
stat -c %u f
ls -ln f d s | sed -n 's/ \+/ /gp' | cut -d ' ' -f 1-4
cp f g
stat -c %u:%g g
cp -a f h
stat -c %u:%g h
id
id -u
whoami
groups
id nobody
