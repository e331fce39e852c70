#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Bytes: of the patcher in freestanding code at -Os, and of a site and its tables in a program.
#   sh bench/size.sh [compiler...]        (default: g++ clang++-19 if there)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- g++ $(command -v clang++-19 || true)
kernel="-std=c++20 -Os -ffreestanding -fno-exceptions -fno-rtti -nostdlib -fno-pic -mno-red-zone -mgeneral-regs-only
        -fno-asynchronous-unwind-tables"
for compiler in "$@"; do
    for source in runtime alternatives_alone; do
        # shellcheck disable=SC2086
        "$compiler" $kernel -I"$root/include" -c "$root/tests/freestanding/$source.cpp" -o "$work/$source.o"
        size -A "$work/$source.o" | awk -v compiler="$(basename "$compiler")" -v source="$source" '
            /^\.text|^\.rodata/ { sum += $2 }
            END { printf "%-12s patcher (%s.cpp), freestanding, -Os: %d bytes\n", compiler, source, sum }'
    done
done
cat >"$work/sites.cpp" <<'END'
#include <inlay/inlay.hpp>
using namespace inlay::x86::insn;
inline constexpr inlay::alternative<nop(3), inlay::when<inlay::cpu.smap, stac()>> site;
#define TEN site(); site(); site(); site(); site(); site(); site(); site(); site(); site();
void sites() { TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN }
END
g++ -std=c++20 -O2 -I"$root/include" -c "$work/sites.cpp" -o "$work/sites.o"
size -A "$work/sites.o" | awk '
    /^inlay_alternatives/ { records += $2 } /^\.rodata|^\.data/ { shared += $2 }
    END { printf "an alternative: %.1f bytes of record a site (of 100), %d bytes shared by all\n", records / 100, shared }'
