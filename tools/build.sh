#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Configures and builds one preset, silent unless it fails: then everything the tools said is on
# stderr. A build directory that is configured is not configured again; ninja does that itself
# where a CMakeLists.txt changed. Called by ./run, ./test and ./bench, from the repository's root.

set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: tools/build.sh arm|debug|lint|host" >&2
    exit 2
fi
preset=$1
dir=build
[ "$preset" = arm ] || dir=build/$preset

log=$(mktemp)
trap 'rm -f -- "$log"' EXIT
quietly() {
    if ! "$@" >"$log" 2>&1; then
        cat -- "$log" >&2
        echo "build: failed: $*" >&2
        exit 1
    fi
}
if [ ! -f "$dir/build.ninja" ]; then
    echo "build: $preset" >&2
    quietly cmake --preset "$preset"
fi
quietly cmake --build "$dir"
