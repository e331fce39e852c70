#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds the matrix program in many modes and runs each; prints one line a failure and one at the end.
#   INLAY_MATRIX=full   every compiler x -O0 -O2 -Os -O3 x PIE, shared, static x cf-protection, no-plt, lto
#   (otherwise)         a selection that meets each of these at least once
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
passed=0
failed=0

linker_for() { # the lld that understands the compiler's bitcode
    case $1 in
    clang++-*) command -v "ld.lld-${1#clang++-}" ;;
    *) command -v ld.lld ;;
    esac
}

# one COMPILER KIND DEAD FLAGS...: DEAD is the number of records that dead functions may leave (-1 any)
one() {
    compiler=$1 kind=$2 dead=$3
    shift 3
    name="$compiler $kind $*"
    rm -f "$work"/*
    case $compiler in clang*) quiet=-Wno-unused-command-line-argument ;; *) quiet= ;; esac
    case $kind in
    pie) compile="-fPIE" link="-pie" ;;
    static) compile="-fno-pic" link="-static" ;;
    shared) compile="-fPIC" link="" ;;
    esac
    if (
        for unit in checks unit_b unit_c main; do
            # shellcheck disable=SC2086
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
    for compiler in g++ clang++-14 clang++-16 clang++-19; do
        for optimise in -O0 -O2 -Os -O3; do
            for kind in pie shared static; do
                one $compiler $kind -1 $optimise
                one $compiler $kind -1 $optimise -fcf-protection=full
                one $compiler $kind -1 $optimise -fno-plt
                if [ $compiler = g++ ]; then
                    one $compiler $kind -1 $optimise -flto=auto
                else
                    one $compiler $kind -1 $optimise -flto "--ld-path=$(linker_for $compiler)"
                fi
            done
            echo "matrix: $compiler $optimise done, $passed passed, $failed failed so far"
        done
    done
else
    one g++ pie -1 -O0
    one g++ shared -1 -O2 -fcf-protection=full
    one g++ static -1 -Os -fno-plt
    one g++ pie -1 -O3
    one clang++-14 pie -1 -O2
    one clang++-14 shared -1 -Os
    one clang++-16 static -1 -O3 -fcf-protection=full
    one clang++-16 pie -1 -O0 -fno-plt
    one clang++-19 shared -1 -O0
    one clang++-19 pie -1 -O2 -flto "--ld-path=$(linker_for clang++-19)"
fi

# Records die with their code: dead functions are collected with lld; bfd and gold keep both.
gc="-O2 -ffunction-sections -Wl,--gc-sections"
for linker in bfd gold; do
    one g++ pie -1 $gc -fuse-ld=$linker
    one g++ pie -1 $gc -fuse-ld=$linker -flto=auto
done
one g++ pie 0 $gc -fuse-ld=lld
one clang++-14 pie 0 $gc -fuse-ld=lld
one clang++-19 pie 0 $gc "--ld-path=$(linker_for clang++-19)"
one clang++-19 pie 0 $gc -flto "--ld-path=$(linker_for clang++-19)"

echo "matrix: $passed passed, $failed failed"
[ $failed = 0 ]
