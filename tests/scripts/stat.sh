#!/bin/sh
# SPDX-License-Identifier: MIT
echo hello > f
chmod 4640 f
chown 5:6 f
touch -d '2001-02-03 04:05:06' f
stat -c '%n %s %b %B %f %F %a %A %h %u %g %X %Y' f
stat -c '%x|%y' f
mkdir d
stat -c '%F %a %h' d
ln -s f l
stat -c '%F %s %N' l
mkfifo p
stat -c '%F %f' p
stat -c '%F %t:%T' /dev/null /dev/zero /dev/full /dev/tty /dev/random
stat none
echo $?
stat -c %s /proc/version
stat -c '%F %a' /proc /proc/version /proc/self /proc/1/status /proc/mounts
stat -L -c '%F %a' /proc/self
stat -c '%F %s' ''
echo $?
stat -c %o f
stat -c '%F %a' / /tmp
ls -ln f | sed 's/ \+/ /g' | cut -d ' ' -f 1-5
ls -l /dev/null | cut -c 1-10
ls -F
ls -p
ls -1 -S f d | tail -n 1
ls none
echo $?
ls -d .
stat -c '%D' f > x
stat -c '%D' . > y
cmp x y
echo $?
