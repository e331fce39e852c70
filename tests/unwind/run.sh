#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The checker's rules of unwinding: wrong sources with the messages that they get, their corrected twins, and the sites that
# compilers make. sh tests/unwind/run.sh
#
# A case is one .S file. It is either "good", or "expect:" lines have the sentences, and the lines below them.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/unwind
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. tests/checks.sh
flags="-std=c++20 -O2 -g -Iinclude"
check=$work/check

# shellcheck disable=SC2086
$gcc $flags $warnings "$here/check.cpp" -o "$check" -ldw -lelf -lZydis -lcapstone || exit 1

# refused FILE SOURCE: compares the checker's output with the source's comments
refused() {
    "$check" "$1" >"$work/log" 2>&1
    status=$?
    wanted=$(grep -c 'expect: .*\[[a-z]*-[a-z]*\]' "$2")
    [ "$(grep -c '\[[a-z]*-[a-z]*\]$' "$work/log")" = "$wanted" ] || return 1
    if grep -q '/\* good' "$2"; then [ $status = 0 ] || return 1; else [ $status = 1 ] && [ "$wanted" != 0 ] || return 1; fi
    sed -n 's|^/\* expect: \(.*\) \*/$|\1|p' "$2" >"$work/expected"
    while IFS= read -r line; do
        grep -qF -- "$line" "$work/log" || { echo "no line: $line" >>"$work/log"; return 1; }
    done <"$work/expected"
}
# cases ARCHITECTURE COMPILER...: all sources of one architecture
cases() {
    architecture=$1
    mkdir "$work/$architecture"
    shift
    # shellcheck disable=SC2086
    "$@" $flags -c "$here/program.cpp" -o "$work/$architecture.o" || { result 1 "program.cpp, $architecture"; return; }
    for source in "$here/$architecture"/*.S; do
        name=$architecture/$(basename "$source" .S)
        if "$@" -Iinclude -no-pie "$source" "$work/$architecture.o" -o "$work/$name" 2>"$work/log"; then
            refused "$work/$name" "$source"
            result $? "$name"
        else
            result 1 "$name does not link"
        fi
    done
}

cases x86_64 "$gcc"
if command -v i686-linux-gnu-g++ >/dev/null; then cases i386 i686-linux-gnu-g++ -fno-pic -fno-pie; else result 1 "no i686-linux-gnu-g++"; fi
if command -v aarch64-linux-gnu-g++ >/dev/null; then cases aarch64 aarch64-linux-gnu-g++; else result 1 "no aarch64-linux-gnu-g++"; fi

# Sites of compilers: forms that push, calls, dispatches, keys.
for compiler in "$gcc" "$clang"; do
    for options in -O2 "-O2 -fomit-frame-pointer -fno-pie -no-pie" -O0; do
        # shellcheck disable=SC2086
        $compiler -std=c++20 $options -Iinclude tests/modes/unwinding.cpp -o "$work/program" &&
            "$check" "$work/program" >"$work/log" 2>&1
        result $? "tests/modes/unwinding.cpp, $compiler $options"
    done
done
# AArch64 by Clang: its rows go over to the stack pointer before an epilogue.
for options in -O2 "-O2 -fno-omit-frame-pointer" -O0; do
    # shellcheck disable=SC2086
    $clang --target=aarch64-linux-gnu -std=c++20 $options -Iinclude -c tests/check/sites.cpp -o "$work/program.o" &&
        "$check" "$work/program.o" >"$work/log" 2>&1
    result $? "tests/check/sites.cpp, $clang for AArch64 $options"
done
# An object, whose unwind information the checker relocates.
for options in -O2 -O0; do
    works "an object" $gcc -std=c++20 $options -Iinclude -c tests/modes/unwinding.cpp -o "$work/program.o"
    works "an object's sites" "$check" "$work/program.o"
done
echo "unwind: $passed passed, $failed failed"
[ "$failed" = 0 ]
