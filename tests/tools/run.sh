#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Programs made or changed by other tools: linkers, and tools that rewrite linked files. Each check is a function, and
# prints a line.
#   sh tests/tools/run.sh [CHECK...]         needs llvm-bolt; names missing tools and skips their checks
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/tools
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0
bolt=llvm-bolt-${clang#clang++-}
flags="-std=c++20 -O2 -Iinclude"

check() { # NAME COMMAND...: one line
    name=$1
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "FAIL  $name: $(echo "$said" | head -n 5)"
    fi
}
has() {
    command -v "$1" >/dev/null && return 0
    echo "-     no $1 here"
    return 1
}
says() { # WHAT PROGRAM: it prints that, and all its values are right
    said=$("$2") || { echo "status $?: $said"; return 1; }
    case $said in *"$1"*) ;; *) echo "it says: $said"; return 1 ;; esac
}

# llvm-bolt moves code and knows nothing of the tables: apply() must say so, and patch nothing.
bolted() { # COMPILER OPTIONS BOLT-OPTIONS
    # shellcheck disable=SC2086
    $1 $flags $2 "$here/everything.cpp" -o "$work/program" || return 1
    says "no error" "$work/program" || return 1
    # shellcheck disable=SC2086
    $bolt $3 "$work/program" -o "$work/bolted" >"$work/log" 2>&1 || { tail -n 3 "$work/log"; return 1; }
    says "rewritten after linking" "$work/bolted"
}
bolted_library() {
    # shellcheck disable=SC2086
    $gcc $flags -fPIC -shared -DAS_LIBRARY -Wl,--emit-relocs "$here/everything.cpp" -o "$work/libplain.so" || return 1
    $bolt "$work/libplain.so" -o "$work/libbolted.so" >"$work/log" 2>&1 || { tail -n 3 "$work/log"; return 1; }
    echo 'extern "C" int run(); int main() { return run(); }' >"$work/main.cpp"
    $gcc "$work/main.cpp" -L"$work" -lbolted -Wl,-rpath,"$work" -o "$work/with_bolted" || return 1
    $gcc "$work/main.cpp" -L"$work" -lplain -Wl,-rpath,"$work" -o "$work/with_plain" || return 1
    says "rewritten after linking" "$work/with_bolted" && says "no error" "$work/with_plain"
}
# A second executable segment alone is nothing wrong.
two_texts() {
    # shellcheck disable=SC2086
    $gcc $flags -no-pie -fno-pie "$here/everything.cpp" -c -o "$work/two.o" || return 1
    printf '%s\n' '.section far_text,"ax"' ret >"$work/far.s"
    # shellcheck disable=SC2086
    $gcc $flags -no-pie "$work/two.o" "$work/far.s" -Wl,--section-start=far_text=0x10000000 -o "$work/two" || return 1
    [ "$(readelf -lW "$work/two" | grep -c 'LOAD.*R E')" -ge 2 ] || { echo "it has one text"; return 1; }
    says "no error" "$work/two"
}
# Linkers and assemblers that move or pad jumps.
padded_jumps() {
    for each in "$gcc -Wa,-mbranches-within-32B-boundaries" "$clang -mbranches-within-32B-boundaries"; do
        # shellcheck disable=SC2086
        $each $flags "$here/everything.cpp" -o "$work/padded" && says "no error" "$work/padded" || return 1
    done
}

for each in ${*:-bolt two_texts padded_jumps}; do
    case $each in
    bolt)
        has "$bolt" || continue
        check "llvm-bolt, position-dependent" bolted $gcc "-no-pie -fno-pie -Wl,--emit-relocs" ""
        check "llvm-bolt, PIE" bolted $clang "-fPIE -pie -Wl,--emit-relocs" ""
        check "llvm-bolt, --lite" bolted $gcc "-Wl,--emit-relocs" "--lite=1"
        check "llvm-bolt, --use-gnu-stack" bolted $gcc "-Wl,--emit-relocs" "--use-gnu-stack"
        check "llvm-bolt without relocations" bolted $gcc "" ""
        check "llvm-bolt, a shared library" bolted_library
        ;;
    two_texts) check "two executable segments" two_texts ;;
    padded_jumps) check "padded jumps" padded_jumps ;;
    *) echo "no such check: $each"; exit 2 ;;
    esac
done
echo "tools: $passed passed, $failed failed: programs that other tools have rewritten"
[ $failed = 0 ] && [ $passed -gt 0 ]
