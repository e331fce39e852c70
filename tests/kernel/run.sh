#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The example kernel (examples/kernel): builds it with GCC and Clang, and once for each thing broken on purpose, then
# boots it natively and under the real Xen, in QEMU without hardware virtualization. About two minutes on two cores.
#   sh tests/kernel/run.sh
#   INLAY_SOAK=1                 boots 1,000 times in the end instead of 20 (about half an hour)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
build=build/kernel
source=examples/kernel
xen=/boot/xen-4.17-amd64.gz
[ -f "$xen" ] || { echo "kernel: no $xen (package xen-hypervisor-4.17-amd64)"; exit 1; }
mkdir -p "$build"

kernel() { # kernel DIRECTORY COMPILER MUTATION NAME
    cmake -S "$source" -B "$1" -G Ninja -DCMAKE_CXX_COMPILER="$2" -DKERNEL_MUTATION="$3" >"$1.log" 2>&1 &&
        cmake --build "$1" >>"$1.log" 2>&1 || { cat "$1.log"; echo "FAIL: kernel: $4 does not build"; exit 1; }
    cp "$1/kernel.elf" "$build/$4.elf"
}
kernel "$build/gcc" g++ "" kernel
kernel "$build/clang" clang++-19 "" clang
for each in ORDER POPF SWAPGS IST PARITY UNGUARDED; do
    kernel "$build/mutation" g++ $each "mutation-$each" # one directory: only what is broken is compiled anew
done
g++ -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude tests/kernel/memory_test.cpp \
    -lZydis -ldw -o "$build/memory_test"
zcat "$xen" >"$build/xen"
undefined=$(nm -u "$build/kernel.elf")
[ -z "$undefined" ] || { echo "FAIL: kernel: undefined: $undefined"; exit 1; }
exec python3 tests/kernel/boots.py "$build" "$build/xen"
