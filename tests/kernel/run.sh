#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The example kernel for x86-64 (examples/kernel/x86). Builds it with GCC and Clang, and once for each thing broken on
# purpose. Then boots it natively and under the real Xen, in QEMU without hardware virtualization. About two minutes on
# two cores.
#   sh tests/kernel/run.sh
#   INLAY_SOAK=1                 boots 1,000 times in the end instead of 20 (about half an hour)
set -eu
cd "$(dirname "$0")/../.."
eval "$(sh tools/compilers shell)"
build=${BUILD:-build}/kernel
source=examples/kernel
xen=$(printf '%s\n' /boot/xen-4.*-amd64.gz | tail -n 1)
[ -f "$xen" ] || { echo "kernel: no $xen (package xen-hypervisor-4.*-amd64)"; exit 1; }
mkdir -p "$build"

case $warnings in *-Werror*) werror=ON ;; *) werror=OFF ;; esac
kernel() { # kernel DIRECTORY COMPILER MUTATION NAME
    cmake -S "$source" -B "$1" -G Ninja -DCMAKE_CXX_COMPILER="$2" -DKERNEL_MUTATION="$3" \
        -DCMAKE_EXE_LINKER_FLAGS=-Wl,-Map=kernel.map -DINLAY_WERROR="$werror" >"$1.log" 2>&1 &&
        cmake --build "$1" >>"$1.log" 2>&1 || { cat "$1.log"; echo "FAIL: kernel: $4 does not build"; exit 1; }
    cp "$1/kernel.elf" "$build/$4.elf"
}
kernel "$build/gcc" "$gcc" "" kernel
kernel "$build/clang" "$clang" "" clang
for each in ORDER POPF SWAPGS IST PARITY UNGUARDED NO_TABLES FIRST_BYTE NO_BREAKPOINT FOREIGN JOIN_EARLY; do
    kernel "$build/mutation" "$gcc" $each "mutation-$each" # one directory: only the changed objects are compiled anew
done
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 $warnings -Iinclude tests/kernel/memory_test.cpp \
    -lZydis -ldw -lelf -o "$build/memory_test"
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 $warnings -Iinclude tests/proven/seal.cpp -lZydis -ldw -lelf -o "$build/seal"
for each in kernel clang; do
    cp "$build/$each.elf" "$build/sealed-$each.elf"
    "$build/seal" "$build/sealed-$each.elf" || { echo "FAIL: kernel: $each.elf is not sealed"; exit 1; }
done
/usr/bin/python3 tests/proven/damage.py --one "$build/sealed-kernel.elf" "$build/broken-kernel.elf"
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 $warnings -Iinclude -Iexamples/kernel/common tests/kernel/xen_abi_test.cpp -o "$build/xen_abi_test"
"$build/xen_abi_test" || { echo "FAIL: kernel: xen.hpp is not what Xen's headers say"; exit 1; }
zcat "$xen" >"$build/xen"
/usr/bin/python3 -B tests/kernel/sizes_test.py "$build/gcc"
undefined=$(nm -u "$build/kernel.elf")
[ -z "$undefined" ] || { echo "FAIL: kernel: undefined: $undefined"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/inlay_tool.sh
. tests/inlay_tool.sh
python3 tests/check/agree.py "$inlay" "$build/kernel.elf" || { echo "FAIL: kernel: objdump and the checker see other sites"; exit 1; }
python3 -u tests/kernel/boots.py "$build" "$build/xen" "$inlay"
