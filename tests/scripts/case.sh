#!/bin/sh
# SPDX-License-Identifier: MIT
f() { case $1 in '') echo empty;; a|b) echo a or b;; [0-9]) echo digit;; [0-9]*) echo number;; *.c) echo source;; "*") echo star;; -*) echo option;; ?) echo one;; *) echo other;; esac
}
f ''; f a; f b; f 5; f 55; f x.c; f '*'; f -v; f z; f long; f ' '
case $((1 + 1)) in 1) echo 1;; 2) echo 2;; esac
case x in (x) echo paren;; esac
case x in y) ;; esac
echo $?
x='a*'; case 'a*' in "$x") echo literal;; esac; case abc in $x) echo pattern;; esac
case /a/b/c in */c) echo slash;; esac; case é in ?) echo single;; ??) echo bytes;; esac
