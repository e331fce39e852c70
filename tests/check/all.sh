#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# `inlay check` of every program in folders, such as those of a build's tests.   sh tests/check/all.sh INLAY FOLDER...
# unit_types_test has names of two types, to test that error: the checker must report them.
set -u
inlay=$1
shift
proven=0
failed=0
for each in $(find "$@" -maxdepth 1 -type f -perm -u+x | sort); do
    [ "$(head -c 4 "$each" | tail -c 3)" = ELF ] || continue
    said=$("$inlay" check "$each" 2>&1)
    case $?,$said in
    1,*"one name stands for two types"*) case $each in */unit_types_test) ;; *) failed=$((failed + 1)) && echo "FAIL: $said" ;; esac ;;
    0,*) proven=$((proven + 1)) ;;
    2,*"has no tables of inlay"*) ;;
    *) failed=$((failed + 1)) && echo "FAIL: $said" ;;
    esac
done
echo "$proven programs proven, $failed not"
[ $failed = 0 ] && [ $proven -gt 0 ]
