#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds a kernel and boots the same file twice. x86-64: on bare (emulated) hardware, and as dom0 of the real Xen. AArch64:
# with GICv2, and with GICv3.
#   sh examples/kernel/run.sh                    x86-64: both, one after the other
#   sh examples/kernel/run.sh native [WORDS]     only this; WORDS go to the kernel: crash, test=NAME, storm=N, hold, ...
#   sh examples/kernel/run.sh xen [WORDS]
#   sh examples/kernel/run.sh aarch64 [WORDS]    both at the same time
# CXX chooses the compiler (default: g++; for aarch64 aarch64-linux-gnu-g++). CPU is the processor that QEMU emulates
# (default: max), SMP the number of processors (default: 1; for aarch64 4), BUILD=DIR the build folder (default: build).
# For aarch64, MACHINE adds to the machine: MACHINE=virtualization=on,its=off
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh
choose_build_folder build

build_kernel() { # FOLDER OPTIONS...
    build=$1
    shift
    mkdir -p "$build"
    cmake -S examples/kernel -B "$build" -G Ninja "$@" >"$build.log" 2>&1 && cmake --build "$build" >>"$build.log" 2>&1 ||
        { cat "$build.log"; exit 1; }
}
x86() {
    sh tools/install_packages.sh kernel-example
    build_kernel "$BUILD/kernel/example" -DCMAKE_CXX_COMPILER="${CXX:-g++}"
    machine="timeout 60 qemu-system-x86_64 -accel tcg,thread=single -M pc -cpu ${CPU:-max} -nodefaults -display none -no-reboot -serial stdio"
}
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
aarch64() {
    sh tools/install_packages.sh kernel-example-aarch64
    compiler=${CXX:-aarch64-linux-gnu-g++}
    case $($compiler -dumpmachine) in
    aarch64*) build_kernel "$BUILD/kernel/aarch64" -DCMAKE_CXX_COMPILER="$compiler" ;;
    *) build_kernel "$BUILD/kernel/aarch64" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_COMPILER_TARGET=aarch64-linux-gnu ;;
    esac
    # One thread: otherwise QEMU before 8.1 may run the old instruction after a live change (test_live.cpp).
    for version in 2 3; do
        { timeout 120 qemu-system-aarch64 -accel tcg,thread=single -M "virt,gic-version=$version${MACHINE:+,$MACHINE}" \
            -cpu "${CPU:-max}" -smp "${SMP:-4}" -m 128 -nodefaults -display none -no-reboot -serial stdio \
            -semihosting-config enable=on,target=native -kernel "$build/kernel.img" -append "$*" \
            </dev/null >"$build/gicv$version.out" 2>&1 && echo 0 || echo $?; } >"$build/gicv$version.status" &
    done
    wait
    worst=0
    for version in 2 3; do
        status=$(cat "$build/gicv$version.status")
        [ "$status" -le "$worst" ] || worst=$status
        echo "---- GICv$version: status $status"
        cat "$build/gicv$version.out"
    done
    return "$worst"
}
case ${1:-both} in
native) shift; x86; native "$@" ;;
xen) shift; x86; under_xen "$@" ;;
aarch64) shift; aarch64 "$@" ;;
both) x86; native && under_xen ;;
*) echo "usage: sh examples/kernel/run.sh [native|xen|aarch64 [WORDS]]" >&2; exit 2 ;;
esac
