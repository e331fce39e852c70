#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The AArch64 kernel (examples/kernel): builds it with GCC and Clang, and once for each thing broken on purpose. Then the
# memory model, the order of its instructions, and boots in QEMU without hardware virtualization.
#   sh tests/kernel_aarch64/run.sh
#   INLAY_SOAK=1                 runs the GIC tests 10,000 times in the end instead of 50 (an hour or two)
set -eu
cd "$(dirname "$0")/../.."
eval "$(sh tools/compilers shell)"
build=${BUILD:-build}/kernel_aarch64
here=tests/kernel_aarch64
mkdir -p "$build"

# Capstone is a package of the system's own Python.
python=
for each in python3 /usr/bin/python3; do
    [ -n "$python" ] || ! "$each" -c 'import capstone' 2>/dev/null || python=$each
done
[ -n "$python" ] || { echo "kernel_aarch64: no Python here has Capstone (package python3-capstone)"; exit 1; }

case $warnings in *-Werror*) werror=ON ;; *) werror=OFF ;; esac
kernel() { # NAME OPTIONS...: a whole build
    name=$1
    shift
    if ! { cmake -S examples/kernel -B "$build/$name" -G Ninja -DINLAY_WERROR="$werror" \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" && cmake --build "$build/$name"; } >"$build/$name.log" 2>&1; then
        cat "$build/$name.log"
        echo "FAIL: kernel_aarch64: $name does not build"
        exit 1
    fi
    cp "$build/$name/kernel.elf" "$build/$name.elf"
    aarch64-linux-gnu-objcopy -O binary "$build/$name.elf" "$build/$name.img"
    undefined=$(nm -u "$build/$name.elf")
    [ -z "$undefined" ] || { echo "FAIL: kernel_aarch64: $name: undefined: $undefined"; exit 1; }
}
kernel gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_ASM_COMPILER=aarch64-linux-gnu-gcc
kernel clang -DCMAKE_CXX_COMPILER="$clang" -DCMAKE_ASM_COMPILER="$clang" -DCMAKE_CXX_COMPILER_TARGET=aarch64-linux-gnu
# It takes the tables apart, so it is a program for AArch64.
# shellcheck disable=SC2086 # a list
aarch64-linux-gnu-g++ -std=c++20 -O1 $warnings -static -Iinclude tests/kernel/memory_test.cpp "$here/no_libdw.cpp" \
    -o "$build/memory_test"

status=0
"$python" -u "$here/memory_model.py" || status=1
"$python" -u "$here/instructions.py" "$build" "qemu-aarch64 $build/memory_test" || status=1
"$python" -u "$here/boots.py" "$build" "qemu-aarch64 $build/memory_test" || status=1
exit $status
