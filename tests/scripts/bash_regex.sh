#!/bin/bash
# SPDX-License-Identifier: MIT
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[@]}"
[[ foo == f* && bar != b ]]
echo $?
[[ -n x || -f /none ]]
echo $?
[[ a < b ]]
echo $?
re='^[0-9]{3}-[0-9]{4}$'
[[ 555-1234 =~ $re ]]
echo $?
[[ x =~ '[' ]]
echo $?
[[ x =~ [ ]]
echo $?
shopt -s extglob
case foobar in +(foo|bar)) echo ext;; esac
shopt -s nullglob
echo none*
shopt -s globstar
mkdir -p a/b/c
touch a/b/c/f
echo **/f
v=Hello
echo ${v,,} ${v^^} ${v~} ${v/l/L} ${v//l} ${v/#H/J} ${v: -2}
[[ $v == [[:upper:]]* ]] && echo upper
shopt -s nocasematch
[[ HELLO == hello ]]
echo $?
trap 'echo err $?' ERR
false
trap - ERR
trap 'echo debug' DEBUG
:
trap - DEBUG
echo "$BASH_VERSINFO"
type -t echo
