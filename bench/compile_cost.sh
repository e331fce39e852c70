#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# What including a header costs over an empty unit: user seconds, median of 7 pairs in turn.
#   sh bench/compile_cost.sh [compiler...]        (default: g++)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seconds() { # COMPILER FILE: user seconds of one compilation
    python3 - "$1" "$root/include" "$2" <<'END'
import os, resource, subprocess, sys
subprocess.run([sys.argv[1], "-std=c++20", "-I" + sys.argv[2], "-c", sys.argv[3], "-o", os.devnull], check=True)
print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.4f}")
END
}
echo 'int main() {}' >"$work/empty.cpp"
for compiler in "${@:-g++}"; do
    for header in inlay code feature static_key static_switch static_call alternative dispatch pv pv_ops apply process report; do
        printf '#include "inlay/%s.hpp"\nint main() {}\n' $header >"$work/$header.cpp"
        for _ in 1 2 3 4 5 6 7; do
            echo "$(seconds "$compiler" "$work/empty.cpp") $(seconds "$compiler" "$work/$header.cpp")"
        done | awk '{ print $2 - $1 }' | sort -n | awk -v name="$compiler inlay/$header.hpp" '
            { all[NR] = $1 } END { printf "%-32s %.3f s over an empty unit\n", name, all[int((NR + 1) / 2)] }'
    done
done
