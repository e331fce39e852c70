#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# AArch64, cross-built and run under QEMU: the tests at four settings, the encodings against GNU as, and the
# freestanding patcher.   sh tests/aarch64/run.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiler=aarch64-linux-gnu-g++
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

for options in "-O0" "-O2" "-O2 -fPIC" "-O2 -mbranch-protection=standard"; do
    # shellcheck disable=SC2086
    $compiler $flags $options "$here/alternative_test.cpp" -o "$work/test"
    result $? "alternative_test does not compile with $options"
    for ending in "" conditional; do
        # shellcheck disable=SC2086
        emulated "$work/test" $ending >"$work/out"
        result $? "alternative_test $ending with $options"
        passed=$((passed + $(grep -c '^PASS' "$work/out")))
        failed=$((failed + $(grep -c '^FAIL' "$work/out")))
        grep '^FAIL' "$work/out" | sed "s/\$/ ($options)/"
    done
done

# Lines "word text": the words must be what the assembler makes of the text.
# shellcheck disable=SC2086
if $compiler $flags "$here/encoding_test.cpp" -o "$work/encoding" && emulated "$work/encoding" >"$work/list"; then
    { echo ".arch armv8.5-a+crc+lse"; cut -d' ' -f2- "$work/list"; } >"$work/list.s"
    aarch64-linux-gnu-as "$work/list.s" -o "$work/list.o" && aarch64-linux-gnu-objcopy -O binary -j .text "$work/list.o" "$work/list.bin"
    result $? "the assembler refuses the text"
    od -An -v -tx4 -w4 "$work/list.bin" | tr -d ' ' >"$work/expected"
    cut -d' ' -f1 "$work/list" | paste -d' ' - "$work/expected" "$work/list" >"$work/both"
    good=$(awk '$1 == $2' "$work/both" | wc -l)
    passed=$((passed + good))
    failed=$((failed + $(wc -l <"$work/both") - good))
    awk '$1 != $2 { print "FAIL: aarch64: encoding, not " $2 ": " $0 }' "$work/both"
    [ "$good" -ge 200 ]
    result $? "fewer than 200 encodings: $good"
else
    result 1 "encoding_test does not run"
fi

# The names in cpu.hpp and those in cpu_names.hpp.
names=$(grep -o 'feature<"[a-z0-9_]*"' "$include/inlay/arch/aarch64/cpu.hpp" | cut -d'"' -f2)
listed=$(sed -n '/feature_names\[\]/,/;/p' "$include/inlay/arch/aarch64/cpu_names.hpp" | grep '^ *"' | tr -d '";' | xargs -n1)
[ "$names" = "$listed" ]
result $? "cpu_names.hpp does not list the features of cpu.hpp"

for options in -O0 -O2 -Os; do
    # shellcheck disable=SC2086
    $compiler $flags $options -ffreestanding -fno-exceptions -fno-rtti -nostdlib -c "$here/../freestanding/runtime.cpp" -o "$work/runtime.o"
    result $? "the freestanding patcher does not compile with $options"
done
echo "aarch64: $passed passed, $failed failed"
[ $failed = 0 ]
