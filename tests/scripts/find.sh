#!/bin/sh
# SPDX-License-Identifier: MIT
mkdir -p a/b/c a/d
true > a/f.c
echo data > a/b/g.c
true > a/b/c/h.h
ln -s f.c a/l
mkfifo a/p
chmod 700 a/d
touch -t 200001010000 a/b/c/h.h
s() { sort; }
find a | s
find a -name '*.c' | s
find a -type d | s
find a -type l
find a -type p
find a -maxdepth 1 | s
find a -mindepth 2 | s
find a -size +0 -type f
find a -empty | s
find a -newer a/b/c/h.h -type f | s
find a -perm 700
find a -links +2 -type d | s
find a -name '*.c' -exec echo found {} \; | s
find a -name '*.c' -exec echo {} + | wc -w
find a ! -name '*.c' -type f
find a \( -name '*.h' -o -type p \) | s
find a -path '*/c/*'
find a -name d -prune -o -type f -print | s
find a -depth -name '[bc]'
find none
echo $?
find a -user root | wc -l
find a -mtime +1000
find a -type f -print0 | tr '\0' '\n' | s
find a -name '*.h' -delete
find a -name '*.h'
find a -exec false \; 
echo $?
find a -type f -exec sh -c 'echo $# files' x {} +
find /proc/self/fd/ -maxdepth 1 -name 0
find a -inum 1
find a -quit
find /dev -name null
find /proc -maxdepth 1 -name '[m-v]*info' | s
