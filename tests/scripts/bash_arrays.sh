#!/bin/bash
# SPDX-License-Identifier: MIT
a=(1 2 3); echo ${#a[@]} ${a[1]} ${a[-1]} "${a[*]}"
a+=(4); a[10]=x; echo ${!a[@]}
unset 'a[1]'; echo "${a[@]}"
declare -A m; m[k]=v; m[x y]=z
for k in "${!m[@]}"; do echo "$k=${m[$k]}"; done | sort
echo "${a[@]:1:2}"
b=("${a[@]/#/p}"); echo "${b[@]}"
mapfile -t l < <(seq 3); echo ${#l[@]} ${l[2]}
IFS=, read -ra f <<< 'a,b,c'; echo ${f[1]}
declare -p a
declare -i n=3+4; echo $n
declare -r c=1; (c=2); echo $?
printf '%s\n' "${a[@]@Q}"
echo {1..5} {a..c}{1,2} {01..03}
s=(x{1..3}); echo ${s[@]^^}
local_f() { local -n r=$1; r+=(new); }; local_f a; echo ${a[-1]}
for ((i = 0; i < 3; i++)); do echo -n $i; done; echo
big=(); for ((i = 0; i < 5000; i++)); do big[i]=$((i * i)); done; echo ${#big[@]} ${big[4999]}
select x in a b; do echo $x; break; done <<< 2 2>/dev/null
printf -v v '%03d' 7; echo $v
echo $((16#ff)) $((2#101))
((5 > 3)) && echo yes
echo ${v:+set} ${#big[10]}
