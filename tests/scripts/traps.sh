#!/bin/sh
# SPDX-License-Identifier: MIT
trap 'echo exit $?' EXIT
trap 'echo int' INT; kill -INT $$; echo after
trap 'echo term; x=1' TERM; kill $$; echo "x=$x"
trap '' HUP; kill -HUP $$; echo ignored
sh -c 'kill -HUP $$; echo still ignored'
trap - HUP; sh -c 'kill -HUP $$; echo still'
trap 'echo usr1' USR1; (kill -USR1 $$; sleep 0.1); echo parent
trap | sort
(trap 'echo sub exit' EXIT; exit 4); echo $?
(trap | wc -l)
trap 'echo chld' CHLD; /bin/true; /bin/true; trap - CHLD
sh -c 'trap "echo bye" EXIT; exit 9'; echo $?
sh -c 'trap "exit 5" TERM; kill $$; sleep 1; echo not here'; echo $?
sh -c 'trap "echo got" USR1; sleep 0.2 & p=$!; kill -USR1 $$; wait $p; echo "wait $?"'
sh -c 'trap "echo in trap" USR2; (sleep 0.2; kill -USR2 $$) & wait; echo "wait $?"; wait; echo "wait $?"'
sh -c 'trap "echo zero" 0; kill -9 $$'; echo $?
trap 'trap - TERM; echo once' TERM; kill $$; sh -c 'kill $$'; echo $?
exit 3
