#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# AArch64, cross-built and run under QEMU: the tests at four settings with each compiler, the encodings against
# GNU as, and the freestanding patcher. One line a variant.
#   sh tests/aarch64/run.sh [CXX...]      default: aarch64-linux-gnu-g++; clang++ of any version cross-compiles
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compilers=${*:-aarch64-linux-gnu-g++}
flags="-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I$include"
passed=0
failed=0
result() { # result STATUS WHAT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: aarch64: $2"
    fi
}
emulated() { timeout 60 qemu-aarch64 -L /usr/aarch64-linux-gnu "$@"; }

# run_test WHAT PROGRAM [ARGUMENT]: each line PASS or FAIL counts, and so does the exit status
run_test() {
    what=$1
    shift
    emulated "$@" >"$work/out"
    result $? "$what ends with an error"
    good=$(grep -c '^PASS' "$work/out")
    bad=$(grep -c '^FAIL' "$work/out")
    passed=$((passed + good))
    failed=$((failed + bad))
    grep '^FAIL' "$work/out"
    echo "$what: $good passed, $bad failed"
}

for compiler in $compilers; do
    case $compiler in
    *clang*) compiler="$compiler --target=aarch64-linux-gnu" ;;
    esac
    for options in "-O0" "-O2" "-O2 -fPIC" "-O2 -mbranch-protection=standard"; do
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/alternative_test.cpp" -o "$work/test"; then
            run_test "$compiler $options" "$work/test"
            run_test "$compiler $options, b.cond" "$work/test" conditional
        else
            result 1 "alternative_test does not compile with $compiler $options"
        fi
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/keys_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, keys" "$work/test"
        else
            result 1 "keys_test does not compile with $compiler $options"
        fi
    done

    for options in -O0 -O2 -Os; do
        # shellcheck disable=SC2086
        $compiler $flags $options -ffreestanding -fno-exceptions -fno-rtti -nostdlib \
            -c "$here/../freestanding/runtime.cpp" -o "$work/runtime.o"
        result $? "the freestanding patcher does not compile with $compiler $options"
        [ -z "$(nm -u "$work/runtime.o" | grep mem)" ]
        result $? "the freestanding patcher calls a function of libc with $compiler $options"
    done
done

# Lines "word text": the words must be what the assembler makes of the text. (No matter which compiler: it is done
# at compile time.)
# shellcheck disable=SC2086
if aarch64-linux-gnu-g++ $flags "$here/encoding_test.cpp" -o "$work/encoding" && emulated "$work/encoding" >"$work/list"; then
    { echo ".arch armv8.5-a+crc+lse"; cut -d' ' -f2- "$work/list"; } >"$work/list.s"
    aarch64-linux-gnu-as "$work/list.s" -o "$work/list.o" &&
        aarch64-linux-gnu-objcopy -O binary -j .text "$work/list.o" "$work/list.bin"
    result $? "the assembler refuses the text"
    od -An -v -tx4 -w4 "$work/list.bin" | tr -d ' ' >"$work/expected"
    cut -d' ' -f1 "$work/list" | paste -d' ' - "$work/expected" "$work/list" >"$work/both"
    good=$(awk '$1 == $2' "$work/both" | wc -l)
    bad=$(($(wc -l <"$work/both") - good))
    passed=$((passed + good))
    failed=$((failed + bad))
    awk '$1 != $2 { print "FAIL: aarch64: encoding, not " $2 ": " $0 }' "$work/both"
    [ "$good" -ge 2000 ]
    result $? "fewer than 2000 encodings: $good"
    echo "encodings: $good passed, $bad failed"
else
    result 1 "encoding_test does not run"
fi

# The names in cpu.hpp and those in cpu_names.hpp.
names=$(grep -o 'feature<"[a-z0-9_]*"' "$include/inlay/arch/aarch64/cpu.hpp" | cut -d'"' -f2)
listed=$(sed -n '/feature_names\[\]/,/;/p' "$include/inlay/arch/aarch64/cpu_names.hpp" | grep '^ *"' | tr -d '";' | xargs -n1)
[ "$names" = "$listed" ]
result $? "cpu_names.hpp does not list the features of cpu.hpp"

echo "aarch64: $passed passed, $failed failed"
[ $failed = 0 ]
