#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Checks that every C file of the repository is as clang-format would have it (.clang-format);
# --fix rewrites those that are not. Looks at what git does not ignore, committed or not.

set -euo pipefail

mode=(--dry-run -Werror)
case "$#:${1-}" in
0:) ;;
1:--fix) mode=(-i) ;;
*)
    echo "usage: tools/check_format.sh [--fix]" >&2
    exit 2
    ;;
esac

cd -- "$(dirname -- "$(realpath -- "$0")")/.."
git ls-files -co --exclude-standard -z -- '*.c' '*.h' |
    xargs -0 -r clang-format "${mode[@]}" --style=file
