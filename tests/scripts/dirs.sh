#!/bin/sh
# SPDX-License-Identifier: MIT
mkdir a
mkdir a
echo $?
mkdir -p a/b/c/d a/e
find a | sort
rmdir a
echo $?
rmdir -p a/b/c/d
echo $?
ls a
mkdir x/y
echo $?
true > f
mkdir f/x
echo $?
rmdir f
echo $?
rmdir none
echo $?
cd none
echo $?
cd f
echo $?
cd a/e
pwd | sed 's/.*\/a/a/'
cd ../..
cd -  | sed 's/.*\/a/a/'
mkdir gone
cd gone
rmdir ../gone
pwd | sed 's/.*\///'
ls
true > x
echo $?
mkdir y
echo $?
/bin/pwd
echo $?
cd ..
cd /
pwd
cd ///
pwd
cd /tmp/../tmp
pwd
cd "$OLDPWD"
cd /tmp/work
mkdir $(printf '%0255d' 0) && rmdir 0*
mkdir $(printf '%0256d' 0) 2>/dev/null
echo $?
stat -c '%h' a
mkdir a/1 a/2
stat -c '%h' a
rmdir .
echo $?
rmdir a/..
echo $?
rmdir a/1/.
echo $?
i=0
while [ $i -lt 40 ]; do mkdir n; cd n || break; i=$((i + 1)); done
echo $i
cd /tmp/work
find n | wc -l
rm -r n
ls -a
mkdir -p ./p//q/../r/
find p | sort
basename /a/b.c .c
dirname /a/b.c
i=0
p=.
while [ $i -lt 30 ]; do p=$p/$(printf '%0200d' $i); i=$((i + 1)); done
ls $p 2>&1 | sed 's/.*: //'
