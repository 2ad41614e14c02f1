#!/bin/sh
# SPDX-License-Identifier: MIT
printf '%s-%s\n' a b c
printf '%5d|%-5d|%05d|%+d\n' 42 42 42 42
printf '%x %X %#x %o %#o %c\n' 255 255 255 8 8 word
printf '%.3f %e %g %8.2f|\n' 3.14159 12345.678 0.0001 2.5
printf '%s\n' 'a\tb'
printf '%b\n' 'a\tb\0101\x41'
printf '\101\x42\t|\n'
printf '%%|%5s|%-5s|%.2s\n' ab ab abcdef
printf '%d\n' "'A" 010 0x1f
printf '%*d\n' 6 42
printf '%d\n' abc
echo $?
printf '%q\n' x 2>&1 | tail -n 1
printf 'no newline'
echo
printf '%u\n' 4294967295
printf '%d %i\n' -5 -6 7
printf '%s'
printf 'only\n' extra args
echo -e 'a\nb\c'
echo -n x
echo
echo -E 'a\n'
printf -- '-x\n'
