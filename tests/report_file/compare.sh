#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The report on the file PROGRAM (sites.cpp, of another architecture), made on this machine, against the program's own
# report, for each CPU.   sh tests/report_file/compare.sh PROGRAM EMULATOR CPU...
set -u
cd "$(dirname "$0")/../.." || exit 1
eval "$(sh tools/compilers shell)"
program=$1
emulator=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 $warnings -Iinclude tests/report_file/reader.cpp -lZydis -ldw -o "$work/reader" || exit 1
$emulator "$program" "$@" >"$work/self" && "$work/reader" "$program" "$@" >"$work/file" &&
    diff "$work/self" "$work/file" >"$work/difference"
status=$?
head -n 20 "$work/difference"
[ $status = 0 ] && [ "$(grep -c '"kind": ' "$work/self")" -ge 45 ] || exit 1
# Lines of source. (The program has no libdw to know its own by.)
$emulator "$program" lines | sort >"$work/self" && "$work/reader" "$program" lines | sort >"$work/file" &&
    cmp "$work/self" "$work/file" && [ "$(wc -l <"$work/file")" = 3 ] || exit 1
# The comparison can fail: another CPU gets other bytes.
"$work/reader" "$program" none >"$work/none"
"$work/reader" "$program" "$3" >"$work/other"
if cmp -s "$work/none" "$work/other"; then exit 1; fi
echo "report_file: $# CPUs as the program says"
