#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Links a program without a site with each linker.   sh tests/no_site/run.sh g++ clang++-19
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for compiler in "$@"; do
    for flags in "" "-static" "-fuse-ld=gold" "-fuse-ld=lld" "-fuse-ld=bfd -Wl,--gc-sections" "-fuse-ld=lld -Wl,--gc-sections"; do
        # shellcheck disable=SC2086
        "$compiler" -std=c++20 -O2 $flags -I"$here/../../include" "$here/no_site.cpp" -o "$work/no_site" >"$work/log" 2>&1 &&
            "$work/no_site" || {
            failed=1
            echo "FAIL: no_site: $compiler $flags"
            head -n 5 "$work/log"
        }
    done
done
[ $failed = 0 ] && echo "no_site: links and applies with bfd, gold and lld"
