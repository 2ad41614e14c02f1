#!/bin/bash
# SPDX-License-Identifier: MIT
#
# bash with arrays of thousands, long strings, coprocesses, subshells and traps.
declare -A count
words=()
seed=1
for ((i = 0; i < 6000; i++)); do
    ((seed = (seed * 1103515245 + 12345) & 0x7fffffff))
    words[i]=word$((seed % 700))
    ((count[word$((seed % 700))]++))
done
echo ${#words[@]} ${#count[@]} ${words[5999]}
total=0
for n in "${count[@]}"; do ((total += n)); done
echo $total
text="${words[*]}"
echo ${#text} "$(md5sum <<<"$text")"
upper=${text^^}
echo ${upper:1000:40} ${#upper}
sorted=$(printf '%s\n' "${words[@]}" | sort | uniq -c | sort -k1,1nr -k2 | head -n 3)
echo "$sorted"
coproc tr a-z A-Z
exec 7<&"${COPROC[0]}" 8>&"${COPROC[1]}"
eval "exec ${COPROC[1]}>&-"
echo "${words[0]} through" >&8
exec 8>&-
read -r line <&7
echo $line
wait
taken=0
trap '((taken++))' USR1
jobs=()
for i in {1..20}; do
    (kill -USR1 $$; exit $i) &
    jobs+=($!)
done
sum=0
for job in "${jobs[@]}"; do
    until wait $job; s=$?; ((s <= 128)); do :; done
    ((sum += s))
done
echo $sum $((taken > 0))
diff <(printf '%s\n' "${words[@]:0:100}") <(printf '%s\n' "${words[@]:1:100}") | wc -l
