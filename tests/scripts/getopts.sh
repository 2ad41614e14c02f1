#!/bin/sh
# SPDX-License-Identifier: MIT
f() { OPTIND=1; while getopts ab:c o; do echo "$o ${OPTARG-} $OPTIND"; done; shift $((OPTIND - 1)); echo "rest $*"; }
f -a -b val -c x y; f -abval; f -ac -- -b; f -x 2>&1; f -b 2>&1; f; f x -a
g() { OPTIND=1; while getopts :ab: o; do echo "$o ${OPTARG-}"; done; }; g -x -b; g -b
getopt -o ab: -l long,arg: -- -a --long -b x y --arg=z; getopt -o a -- -q; echo $?
