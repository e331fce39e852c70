#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The tour: installs what is missing, builds the programs of examples/tour and runs them in order.
#   sh examples/run.sh            all of it; building takes about a minute, the first time
#   sh examples/run.sh --quick    without the benchmark at the end
# CXX chooses the compiler (default: g++). INLAY_FEATURES=-avx2,... hides features from all programs.
set -eu
cd "$(dirname "$0")/.."
compiler=${CXX:-g++}
build=build/tour
bench=ON
packages="g++ cmake ninja-build libboost1.81-dev libzydis-dev libdw-dev"
case ${1:-} in
'') packages="$packages libbenchmark-dev" ;;
--quick) bench=OFF ;;
*)
    echo "usage: sh examples/run.sh [--quick]" >&2
    exit 2
    ;;
esac

# shellcheck disable=SC2086
sh tools/install_packages.sh $packages

log=$(mktemp)
trap 'rm -f "$log"' EXIT
does_not_build() {
    cat "$log"
    echo "the tour does not build with $compiler; what the tools said stands above" >&2
    exit 1
}
echo "Building the tour in $build with $compiler ..."
# --fresh: with another compiler in its cache, CMake would forget the build type.
cmake --fresh -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" \
    -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=ON -DINLAY_BENCH=$bench >"$log" 2>&1 || does_not_build
if [ -t 1 ]; then # Ninja counts in one line
    : >"$log"
    cmake --build $build || does_not_build
else
    cmake --build $build >"$log" 2>&1 || does_not_build
fi

failed=
run() {
    echo
    "$@" || failed="$failed $(basename "$2")"
}
for program in 01_nop 02_ternary 03_predicates 04_operands 05_dispatch 06_static_key 07_static_call 08_static_switch \
    09_report 10_errors; do
    run env "$build/examples/tour/$program"
done
run sh examples/tour/11_wrong_uses.sh "$compiler"
run env "$build/examples/tour/12_pv"
run env "$build/examples/tour/13_controls"
if [ $bench = ON ]; then
    run env "$build/bench/first_look"
else
    printf '\n%s\n' "(Left out by --quick: the benchmark.)"
fi
if [ -n "$failed" ]; then
    printf '\nfailed:%s\n' "$failed" >&2
    exit 1
fi
