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
# The reader is built once for all who ask at the same time, and again when it is old.
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh
choose_build_folder build || exit 1
mkdir -p "$BUILD"
reader=$(absolute "$BUILD/report_reader")
exec 9>"$reader.lock"
flock 9
# shellcheck disable=SC2086 # a list
[ -x "$reader" ] && [ -z "$(find include tests/report_file -newer "$reader")" ] ||
    "$gcc" -std=c++20 -O1 $warnings -Iinclude tests/report_file/reader.cpp -lZydis -ldw -o "$reader" || exit 1
flock -u 9
$emulator "$program" "$@" >"$work/self" && "$reader" "$program" "$@" >"$work/file" &&
    diff "$work/self" "$work/file" >"$work/difference"
status=$?
head -n 20 "$work/difference"
[ $status = 0 ] && [ "$(grep -c '"kind": ' "$work/self")" -ge 45 ] || exit 1
# Lines of source. (The program has no libdw to know its own by.)
$emulator "$program" lines | sort >"$work/self" && "$reader" "$program" lines | sort >"$work/file" &&
    cmp "$work/self" "$work/file" && [ "$(wc -l <"$work/file")" = 3 ] || exit 1
# The comparison can fail: another CPU gets other bytes.
"$reader" "$program" none >"$work/none"
"$reader" "$program" "$3" >"$work/other"
if cmp -s "$work/none" "$work/other"; then exit 1; fi
echo "report_file: $# CPUs as the program says"
