#!/bin/sh
# SPDX-License-Identifier: MIT
x=value
cat <<E
plain $x $(echo sub) $((1 + 2)) \$x
E
cat <<'E'
quoted $x $(echo sub)
E
cat <<-E
	tab gone
		two gone $x
	E
cat <<A; cat <<B
first
A
second
B
tr a-z A-Z <<E | sed 's/V/-/'
$x ${x%e} ${none:-default}
E
f() { cat <<E
in a function: $1
E
}
f arg; f 'two words'
while read a b; do echo "$b-$a"; done <<E
1 2
3 4 5
E
i=0
while [ $i -lt 3000 ]; do echo "line $i of a long document"; i=$((i + 1)); done > long
{ echo 'wc <<E'; cat long; echo E; } > s; sh s
