#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The freestanding subset compiles without libc, exceptions and RTTI, links with no undefined symbol, and needs no
# static initialiser. The patcher is small. inlay/kernel.hpp beside a kernel's own macros: own_kernel.sh.
#   sh tests/freestanding/run.sh [COMPILER...]
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/freestanding
eval "$(sh tools/compilers shell)"
include=include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -ffreestanding -fno-exceptions -fno-rtti -nostdlib -fno-pic -mno-red-zone -mgeneral-regs-only
       $warnings"
failed=0
passed=0
fail() {
    failed=$((failed + 1))
    echo "FAIL: freestanding: $*"
}
# shellcheck disable=SC2154 # from tools/compilers
[ $# -gt 0 ] || set -- $some
for compiler; do
    for optimise in -O0 -O2 -Os; do
        # shellcheck disable=SC2086
        for source in kernel.cpp runtime.cpp alternatives_alone.cpp proven.cpp proven_alternatives.cpp each_site.cpp ../entry.S; do
            case $source in *.S) some="-I$include" ;; *) some="$flags $optimise -I$include" ;; esac
            "$compiler" $some -c "$here/$source" -o "$work/$(basename "$source").o" || fail "$compiler $optimise $source"
        done
        ld -T "$here/kernel.lds" -z noexecstack --no-warn-rwx-segments "$work"/*.o -o "$work/kernel" || fail "$compiler $optimise: does not link"
        [ -f "$work/kernel" ] || continue
        undefined=$(nm -u "$work/kernel")
        [ -z "$undefined" ] || fail "$compiler $optimise: undefined: $undefined"
        if readelf -SW "$work/kernel" | grep -q init_array; then fail "$compiler $optimise: a static initialiser"; fi
        size=$(readelf -SW "$work/kernel" | awk '{ sub(/^ *\[ *[0-9]+\] */, "") } $1 == "inlay_alternatives" { print $5 }')
        [ "$(printf '%d' "0x$size")" -ge 40 ] || fail "$compiler $optimise: alternatives missing from the image ($size)"
        for section in inlay_keys inlay_names inlay_calls; do
            readelf -SW "$work/kernel" | grep -q " $section " || fail "$compiler $optimise: no $section in the image"
        done
        rm -f "$work"/*
        passed=$((passed + 1))
    done
    for source in runtime alternatives_alone; do
        # shellcheck disable=SC2086
        "$compiler" $flags -Os -I"$include" -c "$here/$source.cpp" -o "$work/$source.o"
        size -A "$work/$source.o" | awk '/^\.text|^\.rodata/ { sum += $2 } END { print sum }' >"$work/$source.size"
    done
    echo "freestanding: $compiler links without libc; the patcher is $(cat "$work/runtime.size") bytes at -Os," \
        "$(cat "$work/alternatives_alone.size") of alternatives alone"
    rm -f "$work"/*
    if sh "$here/own_kernel.sh" "$compiler"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "freestanding: $passed passed, $failed failed: kernels without libc by $*"
[ $failed = 0 ] && [ $passed -gt 0 ]
