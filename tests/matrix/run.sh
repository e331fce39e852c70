#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds the matrix program in many modes and runs each. It prints a line for each mode, and the failures.
#   INLAY_MATRIX=full   every compiler x -O0 -O2 -Os -O3 x PIE, shared, static x cf-protection, no-plt, lto
#   (otherwise)         a selection that meets each of these at least once
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/matrix
eval "$(sh tools/compilers shell)"
include=include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-std=c++20 $warnings"
passed=0
failed=0

linker_for() { # the lld that understands the compiler's bitcode
    case $1 in
    clang++-*) command -v "ld.lld-${1#clang++-}" ;;
    *) command -v ld.lld ;;
    esac
}

# one COMPILER KIND DEAD FLAGS...: DEAD is the number of records that dead functions may leave (-1 any). If only the linker
# differs from the one before, the objects are the same.
made=
one() {
    compiler=$1 kind=$2 dead=$3
    shift 3
    name="$compiler $kind $*"
    echo "matrix: $name"
    case $compiler in clang*) quiet=-Wno-unused-command-line-argument ;; *) quiet= ;; esac
    case $kind in
    pie) compile="-fPIE" link="-pie" ;;
    static) compile="-fno-pic" link="-static" ;;
    shared) compile="-fPIC" link="" ;;
    esac
    before=$made
    made="$compiler $kind"
    for flag; do
        case $flag in -fuse-ld=* | --ld-path=* | -Wl,*) ;; *) made="$made $flag" ;; esac
    done
    [ "$made" = "$before" ] || rm -f "$work"/*
    if (
        for unit in checks unit_b unit_c main; do
            # shellcheck disable=SC2086
            [ -f "$work/$unit.o" ] ||
                "$compiler" $warnings $quiet $compile "$@" -I"$include" -c "$here/$unit.cpp" -o "$work/$unit.o" || exit 1
        done
        if [ $kind = shared ]; then
            "$compiler" "$@" -shared -Wl,-z,text "$work/checks.o" "$work/unit_b.o" "$work/unit_c.o" -o "$work/libmatrix.so" &&
                "$compiler" "$@" -fPIE -pie "$work/main.o" -L"$work" -lmatrix -Wl,-rpath,"$work" -o "$work/matrix"
        else
            # -z text: a relocation in text is an error
            "$compiler" "$@" $link -Wl,-z,text "$work/main.o" "$work/checks.o" "$work/unit_b.o" "$work/unit_c.o" -o "$work/matrix"
        fi && "$work/matrix" "$dead"
    ) >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name"
        sed 's/^/    /' "$work/log" | head -n 20
    fi
}

if [ "${INLAY_MATRIX:-}" = full ]; then
    for compiler in $compilers; do
        for optimise in -O0 -O2 -Os -O3; do
            for kind in pie shared static; do
                one $compiler $kind -1 $optimise
                one $compiler $kind -1 $optimise -fcf-protection=full
                one $compiler $kind -1 $optimise -fno-plt
                case $compiler in
                *clang*) one $compiler $kind -1 $optimise -flto "--ld-path=$(linker_for $compiler)" ;;
                *) one $compiler $kind -1 $optimise -flto=auto ;;
                esac
            done
            echo "matrix: $compiler $optimise done, $passed passed, $failed failed so far"
        done
    done
else
    one $gcc pie -1 -O0
    one $gcc shared -1 -O2 -fcf-protection=full
    one $gcc static -1 -Os -fno-plt
    one $gcc pie -1 -O3
    one $clang_oldest pie -1 -O2
    one $clang_oldest shared -1 -Os
    one $clang_other static -1 -O3 -fcf-protection=full
    one $clang_other pie -1 -O0 -fno-plt
    one $clang shared -1 -O0
    one $clang pie -1 -O2 -flto "--ld-path=$(linker_for $clang)"
fi

# Records die with their code: dead functions are collected with lld; bfd and gold keep both.
gc="-O2 -ffunction-sections -Wl,--gc-sections"
for linker in bfd gold; do
    command -v ld.$linker >/dev/null || { echo "matrix: no ld.$linker here, passed over"; continue; }
    one $gcc pie -1 $gc -fuse-ld=$linker
done
one $gcc pie 0 $gc -fuse-ld=lld
for linker in bfd gold; do
    command -v ld.$linker >/dev/null || continue
    one $gcc pie -1 $gc -fuse-ld=$linker -flto=auto
done
one $clang_oldest pie 0 $gc -fuse-ld=lld
one $clang pie 0 $gc "--ld-path=$(linker_for $clang)"
one $clang pie 0 $gc -flto "--ld-path=$(linker_for $clang)"

echo "matrix: $passed passed, $failed failed"
[ $failed = 0 ]
