#!/bin/sh
# SPDX-License-Identifier: MIT
export TZ=UTC0
touch -t 200102030405.06 f
stat -c '%X %Y' f
touch -d '1999-12-31 23:59:59' f
stat -c %y f
touch -r f g
stat -c %Y g
touch -c none
ls
touch -t 203801190314.08 f
stat -c %Y f
touch -d @86400 f
stat -c '%y' f
ls -l --full-time f 2>/dev/null | cut -d ' ' -f 6-7
touch d/x
echo $?
mkdir d
touch -d @1000 d
true > d/new
[ $(stat -c %Y d) -gt 1000 ]
echo $?
touch -d @1000 f
echo x >> f
[ $(stat -c %Y f) -gt 1000 ]
echo $?
touch -d @1000 f
cat f > /dev/null
stat -c %Y f
chmod 600 f
stat -c %Y f
[ $(stat -c %Z f) -gt 1000 ]
echo $?
ln f h
stat -c %Y f
touch -d @1000 d
rm d/new
[ $(stat -c %Y d) -gt 1000 ]
echo $?
touch -d @2000 d
touch d/y
mv d/y d/z
[ $(stat -c %Y d) -gt 2000 ]
echo $?
touch -h -d @5 l 2>/dev/null
ln -s f l
touch -h -d @7000 l
stat -c %Y l f
date -d @0 '+%Y-%m-%d %H:%M:%S'
date -d '2020-02-29' +%s
date -r f +%s
cal 2 2020
touch -t 99 f
echo $?
find . -name f -mmin +100
touch -a -d @50 f
stat -c '%X %Y' f
touch -m -d @60 f
stat -c '%X %Y' f
cp -p f k
stat -c '%X %Y' k
