#!/bin/sh
# SPDX-License-Identifier: MIT
true > empty
echo x > full
mkdir d
ln -s full link
ln -s nowhere dangling
mkfifo p
mknod c c 1 3
mknod b b 7 9
chmod u+s full; chmod 1777 d; chmod g+s empty
for f in empty full d link dangling p c b none /dev/null /dev/console /proc /proc/self/exe; do
    o=
for t in e f d L h p c b S s r w x u g k O G; do [ -$t $f ] && o=$o$t; done
echo "$f: $o"
done
touch -t 200001010000 old
touch -t 201001010000 new
[ new -nt old ]
echo $?
[ new -ot old ]
echo $?
ln full hard
[ full -ef hard ]
echo $?
[ full -ef link ]
echo $?
[ full -ef empty ]
echo $?
[ -t 0 ]
echo $?
[ a = a ]
echo $?
[ a != a ]
echo $?
[ -z '' ]
echo $?
[ -n '' ]
echo $?
[ 1 -lt 2 -a 3 -gt 2 ]
echo $?
[ ! -e none ]
echo $?
[ 1 -eq x ]
echo $?
[ ]
echo $?
[ x ]
echo $?
test
echo $?
[ '(' x ')' ]
echo $?
[ a \< b ]; echo $?; [ x; echo $?; [[ abc == a* ]]; echo $?
