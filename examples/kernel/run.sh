#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds the kernel and boots the same file twice: on bare (emulated) hardware, and as dom0 of the real Xen.
#   sh examples/kernel/run.sh                    both, one after the other
#   sh examples/kernel/run.sh native [WORDS]     only this; WORDS go to the kernel: crash, test=NAME, storm=N, hold, ...
#   sh examples/kernel/run.sh xen [WORDS]
# CXX chooses the compiler (default: g++), CPU the processor that QEMU emulates (default: max), SMP how many (default: 1),
# BUILD=DIR the folder to build in (default: build).
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh
choose_build_folder build
sh tools/install_packages.sh kernel-example
build=$BUILD/kernel/example
mkdir -p "$build"
cmake -S examples/kernel -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="${CXX:-g++}" >"$build.log" 2>&1 &&
    cmake --build "$build" >>"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
machine="timeout 60 qemu-system-x86_64 -accel tcg -M pc -cpu ${CPU:-max} -nodefaults -display none -no-reboot -serial stdio"

native() {
    # isa-debug-exit ends QEMU with 2 * status + 1.
    status=0
    $machine -m 64 -smp "${SMP:-1}" -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$build/kernel.elf" \
        -append "$*" </dev/null || status=$?
    return $((status / 2))
}
under_xen() {
    zcat "$(printf '%s\n' /boot/xen-4.*-amd64.gz | tail -n 1)" >"$build/xen"
    $machine -m 192 -kernel "$build/xen" -append "com1=115200,8n1 console=com1" -initrd "$build/kernel.elf $*" </dev/null |
        sed '/^(XEN)/d' | tee "$build/xen.out"
    return "$(sed -n 's/^EXIT: STATUS=\([0-9]*\).*/\1/p' "$build/xen.out")"
}
case ${1:-both} in
native) shift; native "$@" ;;
xen) shift; under_xen "$@" ;;
both) native && under_xen ;;
*) echo "usage: sh examples/kernel/run.sh [native|xen [WORDS]]" >&2; exit 2 ;;
esac
