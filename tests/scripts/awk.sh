#!/bin/sh
# SPDX-License-Identifier: MIT
seq 1 1000 | awk '{s += $1; if ($1 % 2) o++} END {print s, o, NR}'
printf 'a:1\nb:2\n' | awk -F: '{print $2, $1}'
echo 'a b c' | awk '{$2 = "x"; print; print NF}'
awk 'BEGIN {for (i = 1; i <= 3; i++) printf "%d-", i; print ""}'
awk 'BEGIN {print substr("hello", 2, 3), length("abc"), index("abc", "c"), toupper("x")}'
printf 'x 1\ny 2\nx 3\n' | awk '{a[$1] += $2} END {for (k in a) print k, a[k]}' | sort
awk 'BEGIN {print 1/3, int(7/2), 2^10, 7%3, sqrt(2), exp(1), sin(1), atan2(1,1)*4}'
echo foo123 | awk '{gsub(/[0-9]/, "#"); print; print match($0, /o+/), RSTART, RLENGTH}'
awk 'BEGIN {n = split("a,b,c", p, ","); print n, p[3]}'
awk 'function f(n) {return n < 2 ? n : f(n-1) + f(n-2)} BEGIN {print f(15)}'
awk 'BEGIN {"echo cmd" | getline x; print x; print "to sort" | "sort"; close("sort"); system("exit 3"); print system("exit 3")}'
echo data > f
awk '{print FILENAME, FNR}' f f
awk 'BEGIN {while ((getline l < "f") > 0) print "read " l; print "out" > "g"; close("g"); getline l < "g"; print l}'
awk 'BEGIN {exit 4}'
echo $?
awk 'BEGIN {printf "%5.2f|%-5s|%05d|%c|%x\n", 3.14159, "ab", 42, 65, 255}'
awk -v x=5 'BEGIN {print x * 2, ENVIRON["HOME"]}'
awk 'BEGIN {' 2>/dev/null
echo $?
awk 1 none 2>&1 | sed 's/.*: //'
seq 1 5 | awk 'NR==2,NR==4'
seq 1 20000 | awk '{a[$1]=$1} END {for (k in a) s+=a[k]; print s}'
awk 'BEGIN {srand(1); print (rand() < 1), 1e300 * 1e300, -1 % 3, 100000 * 100000, 2**0.5}'
