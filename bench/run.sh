#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# All benchmarks: installs what is missing, builds, measures, checks the results, writes docs/figures/.
#   sh bench/run.sh                  about 20 minutes, most of it for `compile`; leave the machine alone meanwhile
#   sh bench/run.sh PART...          only these:
#     dispatch   calls, instructions and questions, in cycles
#     apply      the patcher, a record
#     updates    changes of running text
#     size       bytes
#     compile    the cost of inlay for a compiler
#   CXX="g++ clang++-19"             the compilers; else the GCC and the Clang of tools/compilers, if they are installed
#   BUILD=DIRECTORY                  where to build, instead of build
#   FIGURES=DIRECTORY                where to write, instead of docs/figures
# Each machine has a folder. Parts that are not measured stay as they are published. The script checks each result. It
# refuses a result that contradicts itself (emulated, too busy), gives the reason, and keeps the published one; then the
# exit status is 1. The last lines list the written, refused and failed results.
set -eu
all="dispatch apply updates size compile"
case " $* " in
*' --help '* | *' -h '*)
    sed -n 's/^# \{0,1\}//; /^SPDX/d; /^set -eu/q; 2,$p' "$0"
    exit 0
    ;;
esac
for part in "$@"; do
    case " $all " in
    *" $part "*) ;;
    *)
        echo "no such part: $part (the parts: $all)" >&2
        exit 2
        ;;
    esac
done
absolute() { # DIRECTORY: wherever this script goes
    case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac
}
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(absolute "${BUILD:-$here/build}")/bench
figures=$(absolute "${FIGURES:-$here/docs/figures}")
cd "$here"
writable() { # VARIABLE DIRECTORY: found before anything is measured
    if ! mkdir -p "$2" 2>/dev/null || [ ! -w "$2" ]; then
        echo "$2 cannot be written. Choose another place: $1=DIRECTORY sh bench/run.sh" >&2
        exit 2
    fi
}
measured=$build/measured
writable BUILD "$measured"
writable FIGURES "$figures"
[ $# -gt 0 ] || eval "set -- $all"

packages=
for part in "$@"; do
    case $part in
    dispatch | apply | updates) packages="$packages bench" ;;
    *) packages="$packages bench-$part" ;;
    esac
done
# shellcheck disable=SC2086
INLAY_COMPILERS=${CXX:-${INLAY_COMPILERS:-}} sh tools/install_packages.sh $packages
if [ -n "${CXX:-}" ]; then
    compilers=$CXX
else
    compilers=$(sh tools/compilers gcc)
    clang=$(sh tools/compilers clang)
    if command -v "$clang" >/dev/null; then compilers="$compilers $clang"; fi
fi
unset CXX # it would be CMake's, too
for compiler in $compilers; do
    command -v "$compiler" >/dev/null || {
        echo "there is no compiler $compiler" >&2
        exit 2
    }
done
rm -f "$measured"/*.json
log=$build/log
# shellcheck source=tools/progress.sh
. tools/progress.sh
failed=

# Google Benchmark's programs, by the name that size.py and compile.py give a compiler
measure() {
    for compiler in $compilers; do
        family=g++
        if "$compiler" --version | grep -q clang; then family="clang++"; fi
        name=$family-$("$compiler" -dumpversion | cut -d. -f1)
        echo "$1, $name: building ..."
        if ! watched building "$log" cmake --fresh -S . -B "$build/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_CXX_COMPILER="$compiler" -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=OFF -DINLAY_BENCH=ON ||
            ! watched building "$log" cmake --build "$build/$name" --target "$1"; then
            grep -v '^\[.*Building\|^\[.*Linking' "$log" | tail -n 80 >&2
            failed="$failed
FAILED: $1, $name does not build; what the tools said stands above"
            continue
        fi
        echo "$1, $name: measuring ..."
        program=$build/$name/bench/$1
        [ ! -d "$program" ] || program=$program/$1
        if ! "$program" --benchmark_out="$measured/$1-$name.json" --benchmark_out_format=json; then
            rm -f "$measured/$1-$name.json"
            failed="$failed
FAILED: $1, $name does not measure; its reason stands above"
        fi
    done
}

for part in "$@"; do
    case $part in
    dispatch | apply | updates) measure "$part" ;;
    size | compile)
        echo "$part: measuring ..."
        # shellcheck disable=SC2086 # a list
        bench/$part.py --out "$measured/$part.json" $compilers || failed="$failed
FAILED: $part; its reason stands above"
        ;;
    esac
done
echo
status=0
if [ -n "$(find "$measured" -name '*.json')" ]; then
    bench/figures.py "$measured" "$figures" || status=1
else
    echo "Nothing was measured, and nothing is written."
fi
[ -z "$failed" ] || echo "$failed"
[ -z "$failed" ] && [ $status = 0 ]
