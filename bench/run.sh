#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# All benchmarks: installs what is missing, builds, measures, checks the results, writes docs/figures/.
#   sh bench/run.sh                  about 20 minutes, most of it for `compile`; leave the machine alone meanwhile
#   sh bench/run.sh PART...          only these of: dispatch apply updates size compile
#   CXX="g++ clang++-19"             the compilers; unless said otherwise those that tools/compilers chooses
#   FIGURES=DIRECTORY                where to write instead of docs/figures
# A run that contradicts itself (emulated, too busy) is refused, and docs/figures/ stays as it was. Parts that are not
# measured keep the results of the last time, in build/bench/.
set -eu
cd "$(dirname "$0")/.."
parts=${*:-dispatch apply updates size compile}
sh tools/install_packages.sh bench
if [ -z "${CXX:-}" ]; then
    clang=$(sh tools/compilers clang)
    CXX="$(sh tools/compilers gcc) $(command -v "$clang" >/dev/null && echo "$clang" || true)"
fi
compilers=$CXX
unset CXX # it would be CMake's, too
measured=build/bench
mkdir -p $measured
log=$(mktemp)
trap 'rm -f "$log"' EXIT

quietly() {
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        echo "failed: $*" >&2
        exit 1
    fi
}

# Google Benchmark's programs, by the name that size.py and compile.py give a compiler
measure() {
    for compiler in $compilers; do
        family=g++
        "$compiler" --version | grep -q clang && family=clang++
        name=$family-$("$compiler" -dumpversion | cut -d. -f1)
        echo "$1, $name: building ..."
        quietly cmake --fresh -S . -B "$measured/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
            -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=OFF -DINLAY_BENCH=ON
        quietly cmake --build "$measured/$name" --target "$1"
        echo "$1, $name: measuring ..."
        program=$(find "$measured/$name/bench" -type f -name "$1" -perm -u+x)
        rm -f "$measured/$1-$name.json"
        "$program" --benchmark_out="$measured/$1-$name.json" --benchmark_out_format=json
    done
}

for part in $parts; do
    case $part in
    dispatch | apply | updates) measure "$part" ;;
    size | compile)
        echo "$part: measuring ..."
        # shellcheck disable=SC2086 # a list
        bench/$part.py --out "$measured/$part.json" $compilers
        ;;
    *)
        echo "no such part: $part (dispatch, apply, updates, size, compile)" >&2
        exit 2
        ;;
    esac
done
bench/figures.py $measured "${FIGURES:-docs/figures}"
