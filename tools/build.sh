#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Configures and builds presets, several at the same time, silent unless one fails: then everything
# its tools said is on stderr. One alone shows on a terminal how far it is the first time, when it
# takes minutes. A build directory that is configured is not configured again; ninja does that itself
# where a CMakeLists.txt changed. Called by ./run, ./test and ./bench, from the repository's root.

set -euo pipefail

usage() {
    echo "usage: tools/build.sh arm|debug|lint|host..." >&2
    exit 2
}

[ $# -gt 0 ] || usage
for preset; do
    case $preset in
    arm | debug | lint | host) ;;
    *) usage ;;
    esac
done

terminal=0
if [ $# = 1 ] && [ -t 2 ]; then terminal=1; fi

logs=$(mktemp -d)
trap 'rm -rf -- "$logs"' EXIT

# quietly PRESET COMMAND...
quietly() {
    local log=$logs/$1
    shift
    if ! "$@" >"$log" 2>&1; then
        cat -- "$log" >&2
        echo "build: failed: $*" >&2
        return 1
    fi
}

build() {
    local dir=build
    [ "$1" = arm ] || dir=build/$1
    if [ ! -f "$dir/build.ninja" ]; then
        echo "build: $1" >&2
        quietly "$1" cmake --preset "$1" || return 1
    fi
    if [ $terminal = 1 ] && [ ! -e "$dir/quire.img" ]; then
        cmake --build "$dir" >&2
    else
        quietly "$1" cmake --build "$dir"
    fi
}

builds=()
for preset; do
    build "$preset" &
    builds+=($!)
done
status=0
for pid in "${builds[@]}"; do wait "$pid" || status=1; done
exit $status
