#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds a user's project against an installed tree, and with inlay as a subdirectory; runs both.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
step() {
    if ! "$@" >"$work/log" 2>&1; then
        echo "FAIL: install: $*"
        tail -n 20 "$work/log"
        exit 1
    fi
}
step cmake -S "$root" -B "$work/build" -G Ninja -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=OFF -DINLAY_BENCH=OFF
step cmake --install "$work/build" --prefix "$work/prefix"
[ -f "$work/prefix/include/inlay/inlay.hpp" ] && [ -f "$work/prefix/include/inlay/asm.h" ] &&
    [ -f "$work/prefix/include/inlay/arch/x86/insn.hpp" ] || { echo "FAIL: install: headers are missing"; exit 1; }
step cmake -S "$here/consumer" -B "$work/found" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix"
step cmake --build "$work/found"
step "$work/found/consumer"
step cmake -S "$here/consumer" -B "$work/added" -G Ninja -DINLAY_SOURCE="$root"
step cmake --build "$work/added"
step "$work/added/consumer"
echo "install: 2 passed, 0 failed: find_package() and add_subdirectory()"
