#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# One name is one thing in a process. The process has a program of two units, a library by GCC and one by Clang. It
# loads plugins with RTLD_LOCAL, and unloads them. sh tests/names/run.sh
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/names
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 $warnings -Iinclude"
passed=0
failed=0

# one PROGRAM_CXX CLANG PLUGIN_CXX FLAGS...
one() {
    program=$1 clang=$2 plugin=$3
    shift 3
    what="program by $program, libraries by $gcc and $clang, plugin by $plugin $*"
    echo "names: $what"
    rm -f "$work"/*
    # shellcheck disable=SC2086
    if (
        library="-fPIC -shared"
        $gcc $flags "$@" $library -DPART=part_gcc "$here/part.cpp" -o "$work/libgcc_part.so" &&
            $clang $flags "$@" $library -DPART=part_clang "$here/part.cpp" -o "$work/libclang_part.so" &&
            $plugin $flags "$@" $library -DPART=part_plugin "$here/part.cpp" -o "$work/plugin.so" &&
            $plugin $flags "$@" $library -DCLASH -DPART=part_clash "$here/part.cpp" -o "$work/clash.so" &&
            $program $flags "$@" -fPIE -DPART=part_a -c "$here/part.cpp" -o "$work/a.o" &&
            $clang $flags "$@" -fPIE -DPART=part_b -c "$here/part.cpp" -o "$work/b.o" &&
            $program $flags "$@" -fPIE -c "$here/main.cpp" -o "$work/main.o" &&
            $program -pie "$work/main.o" "$work/a.o" "$work/b.o" -L"$work" -lgcc_part -lclang_part \
                -Wl,-rpath,"$work" -ldl -o "$work/names" &&
            "$work/names" "$work/plugin.so" "$work/clash.so"
    ) >"$work/log" 2>&1; then
        passed=$((passed + 1))
        # Both types can be read.
        if ! grep '_ZN5inlay' "$work/log" | c++filt | grep -q 'signature<.*key<.*signature<.*key<\|signature<double (double)>.*signature<int (int)>'; then
            failed=$((failed + 1))
            echo "FAIL: $what: the clash does not name both types:"
            head -n 5 "$work/log"
        fi
    else
        failed=$((failed + 1))
        echo "FAIL: $what"
        sed 's/^/    /' "$work/log" | head -n 20
    fi
}

one $gcc $clang $clang_oldest -O2
one $clang $clang_oldest $gcc -O0 -fvisibility=default
one $gcc $clang_other $gcc -O2 -fno-plt -fcf-protection=full -fvisibility=hidden

# A damaged table.
# shellcheck disable=SC2086
if $gcc $flags -O2 "$here/damaged.cpp" -o "$work/damaged" && python3 "$here/damaged.py" "$work/damaged"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAIL: names: a damaged table"
fi
echo "names: $passed passed, $failed failed"
[ $failed = 0 ]
