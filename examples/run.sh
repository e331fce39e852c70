#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The tour: installs what is missing, builds, and runs the programs of examples/tour in order.
#   sh examples/run.sh            all of it, about two minutes the first time
#   sh examples/run.sh --quick    without the benchmark at the end
# CXX chooses the compiler (default: g++).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
compiler=${CXX:-g++}
build=build/tour

sh tools/install_packages.sh g++ cmake ninja-build libboost1.81-dev libzydis-dev libdw-dev libbenchmark-dev

echo "building the tour in $build with $compiler"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" \
    -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=ON -DINLAY_BENCH=ON && cmake --build $build; } >"$log" 2>&1; then
    cat "$log"
    echo "the tour does not build" >&2
    exit 1
fi

failed=
stop() {
    failed="$failed $1"
}
for program in 01_nop 02_ternary 03_predicates 04_operands 05_dispatch 06_report 07_errors; do
    echo
    "$build/examples/tour/$program" || stop $program
done
echo
sh examples/tour/08_wrong_uses.sh "$compiler" || stop 08_wrong_uses
echo
if [ "${1:-}" = --quick ]; then
    echo "(the benchmark is left out: --quick)"
else
    "$build/bench/first_look" || stop 09_first_look
fi
if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
