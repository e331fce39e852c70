#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The AArch64 kernel (examples/kernel): builds it with GCC and Clang, and once for each thing broken on purpose. Then the
# memory model, the order of its instructions, and boots in QEMU without hardware virtualization.
#   sh tests/kernel_aarch64/run.sh
#   INLAY_SOAK=1                 runs the GIC tests 10,000 times in the end instead of 50 (half an hour), and makes
#                                1,000,000 changes beside running processors instead of 10,000
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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/inlay_tool.sh
. tests/inlay_tool.sh
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
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 $warnings -Iinclude tests/kernel/memory_test.cpp -lZydis -ldw -o "$build/memory_test"
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 $warnings -Iinclude tests/proven/seal.cpp -lZydis -ldw -lelf -o "$build/seal"
for each in gcc clang; do
    cp "$build/$each.elf" "$build/sealed-$each.elf"
    "$build/seal" "$build/sealed-$each.elf" || { echo "FAIL: kernel_aarch64: $each.elf is not sealed"; exit 1; }
    aarch64-linux-gnu-objcopy -O binary "$build/sealed-$each.elf" "$build/sealed-$each.img"
done
/usr/bin/python3 tests/proven/damage.py --one "$build/sealed-gcc.elf" "$build/broken-gcc.elf"
# The reader of device trees, on this machine. The names of the trees tell their contents.
# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover $warnings -Iexamples/kernel/common \
    -Iexamples/kernel/aarch64 "$here/device_tree_test.cpp" examples/kernel/aarch64/device_tree.cpp -o "$build/device_tree_test"
for each in gicv2:gic-version=2 gicv2-el2:gic-version=2,virtualization=on gicv3:gic-version=3 \
    gicv3-el2:gic-version=3,virtualization=on gicv3-secure:gic-version=3,secure=on; do
    qemu-system-aarch64 -M "virt,${each#*:},dumpdtb=$build/${each%%:*}.dtb" -smp 4 -m 256 -nodefaults -display none \
        -kernel "$build/gcc.img" -append "a word" >"$build/dumpdtb.log" 2>&1 || { cat "$build/dumpdtb.log"; exit 1; }
done

status=0
"$build/device_tree_test" "$build"/gicv*.dtb || status=1
python3 tests/check/agree.py "$inlay" "$build/gcc.elf" aarch64-linux-gnu- || { echo "FAIL: kernel_aarch64: objdump and the checker see other sites"; status=1; }
"$python" -u "$here/memory_model.py" || status=1
"$python" -u "$here/instructions.py" "$build" "$build/memory_test" "$inlay" || status=1
"$python" -u "$here/boots.py" "$build" "$build/memory_test" || status=1
exit $status
