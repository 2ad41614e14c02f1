#!/bin/sh
# SPDX-License-Identifier: MIT
mkfifo p
echo through > p & cat p
wait
(cat p; echo done) & exec 3> p
echo one >&3
echo two >&3
exec 3>&-
wait
mkfifo p
echo $?
[ -p p ]
echo $?
exec 4<> p
echo kept >&4
read x <&4
echo $x
exec 4>&-
(sleep 0.2; echo late > p) & cat p
wait
timeout 0.2 cat p
echo $?
timeout 0.2 sh -c 'echo x > p'
echo $?
timeout 0.3 sh -c 'exec 5<> p; cat <&5'
echo $?
cat p | md5sum & (exec 5> p; seq 1 30000 >&5) 
wait
echo end
chmod 0 p
ls -ln p | cut -c 1-10
mv p q
rm q
ls
