#!/bin/sh
# SPDX-License-Identifier: MIT
seq 1 20000 > f
cp f g
gzip g
ls
gunzip g.gz
cmp f g
echo $?
gzip -c f | gunzip | md5sum
gzip -9 < f | wc -c
gzip -1 < f | wc -c
gzip -k f
zcat f.gz | tail -n 1
gzip -t f.gz
echo $?
head -c 1000 f.gz > cut.gz
gunzip -c cut.gz > /dev/null
echo $?
gunzip f
echo $?
gzip none
echo $?
bzip2 -c f | bunzip2 | cmp - f
echo $?
bzip2 -k g
bzcat g.bz2 | head -n 1
echo text | gzip > s.gz
printf x >> s.gz
zcat s.gz
echo $?
base64 < s.gz | base64 -d | cmp - s.gz
echo $?
gzip -d < /dev/null
echo $?
cp /bin/busybox b
gzip -1 b
gunzip b.gz
cmp b /bin/busybox
echo $?
echo x | uuencode name
echo abc | xxd
echo abc | xxd -p | xxd -r -p
