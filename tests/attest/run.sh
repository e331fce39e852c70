#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# inlay attest: running programs of three architectures, debuggers, uprobes, core files, kernels under QEMU. sh tests/attest/run.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/inlay_tool.sh
. tests/inlay_tool.sh
built() { # NAME COMPILER OPTION...
    program=$1
    shift
    # shellcheck disable=SC2086
    "$@" -std=c++20 -O2 -g $warnings -Iinclude tests/attest/program.cpp -pthread -o "$work/$program" || exit 1
}
built program "$gcc"
built static "$gcc" -fno-pie -no-pie -static
built i386 i686-linux-gnu-g++ -fno-pie -no-pie -static
built aarch64 aarch64-linux-gnu-g++ -static
for each in x86:"$gcc" aarch64:aarch64-linux-gnu-g++; do
    folder=$BUILD/attest/${each%%:*}
    mkdir -p "$folder"
    { cmake -S examples/kernel -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="${each#*:}" && cmake --build "$folder"; } \
        >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
    cp "$folder/kernel.elf" "$work/kernel-${each%%:*}.elf"
done
python3 -B tests/attest/attest.py "$inlay" "$work"
