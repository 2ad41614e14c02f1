#!/bin/sh
# SPDX-License-Identifier: MIT
seq 1 50000 > f
md5sum f
sha1sum f
sha256sum f
sha512sum < f
crc32 f 2>&1 | tail -n 1
sha3sum f
md5sum f > m
md5sum -c m
echo $?
echo x >> f
md5sum -c m
echo $?
md5sum none
echo $?
printf '' | md5sum
dd if=/dev/zero bs=64k count=40 2>/dev/null | sha256sum
head -c 1000000 /bin/busybox | md5sum
md5sum < /dev/null
cat /bin/busybox /bin/bash | sha1sum | wc -c
