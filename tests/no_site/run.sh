#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Links a program without a site with each linker.   sh tests/no_site/run.sh [COMPILER...]
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/no_site
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0
[ $# -gt 0 ] || set -- $gcc $clang
linkers=
for linker in bfd gold lld; do
    if command -v ld.$linker >/dev/null; then linkers="$linkers $linker"; else echo "no_site: no ld.$linker here, passed over"; fi
done
for compiler; do
    for flags in "" "-static" "-fuse-ld=gold" "-fuse-ld=lld" "-fuse-ld=bfd -Wl,--gc-sections" "-fuse-ld=lld -Wl,--gc-sections"; do
        case $flags in *-fuse-ld=*) linker=${flags#*-fuse-ld=} ;; *) linker=bfd ;; esac
        case " $linkers " in *" ${linker%% *} "*) ;; *) continue ;; esac
        # shellcheck disable=SC2086
        if "$compiler" -std=c++20 -O2 $flags -Iinclude "$here/no_site.cpp" -o "$work/no_site" >"$work/log" 2>&1 &&
            "$work/no_site"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL: no_site: $compiler $flags"
            head -n 5 "$work/log"
        fi
    done
done
echo "no_site: $passed passed, $failed failed: programs without a site by $*, with$linkers"
[ $failed = 0 ] && [ $passed -gt 0 ]
