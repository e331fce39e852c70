#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
usage() {
    cat <<'END'
The tour: installs what is missing, builds the programs of examples/tour and runs them in order.

  sh examples/run.sh            all of it; under a minute, the first time
  sh examples/run.sh --quick    without the benchmark at the end
  CXX=clang++-19                the compiler (default: g++)
  BUILD=DIR                     the folder to build in (default: build/tour)
  INLAY_FEATURES=-avx2,...      hides features from all programs
END
}
set -eu
case ${BUILD:-/} in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
cd "$(dirname "$0")/.."
# shellcheck source=tools/progress.sh
. tools/progress.sh
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh
compiler=${CXX:-g++}
bench=ON packages=tour
case ${1:-} in
'') ;;
--quick) bench=OFF packages=tour-quick ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

choose_build_folder build/tour || exit 1
sh tools/install_packages.sh $packages
# $compiler unquoted: it may be "ccache g++"
# shellcheck disable=SC2086
command -v $compiler >/dev/null || { echo "CXX=$compiler: this compiler is not installed" >&2; exit 1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
does_not_build() {
    cat "$log"
    echo "the tour does not build with $compiler; the tools' messages are above" >&2
    exit 1
}
echo "Building the tour in $BUILD with $compiler ..."
targets=tour
[ $bench = OFF ] || targets="tour first_look"
watched "CMake" "$log" configure "$BUILD" -S . -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" \
    -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=ON -DINLAY_BENCH=$bench || does_not_build
# shellcheck disable=SC2086 # a list
if [ -t 1 ]; then # Ninja counts in one line
    : >"$log"
    cmake --build "$BUILD" --target $targets || does_not_build
else
    watched "building" "$log" cmake --build "$BUILD" --target $targets || does_not_build
fi

failed=
passed=0
run() { # PROGRAM COMMAND...
    name=$1
    shift
    echo
    if "$@"; then passed=$((passed + 1)); else failed="$failed $name"; fi
}
for program in 01_nop 02_ternary 03_predicates 04_operands 05_dispatch 06_static_key 07_static_call 08_static_switch \
    09_report 10_errors; do
    run $program "$BUILD/examples/tour/$program"
done
run 11_wrong_uses sh examples/tour/11_wrong_uses.sh "$compiler"
run 12_pv "$BUILD/examples/tour/12_pv"
run 13_controls "$BUILD/examples/tour/13_controls"
if [ $bench = ON ]; then
    run first_look "$BUILD/bench/first_look"
else
    printf '\n%s\n' "(Left out by --quick: the benchmark.)"
fi
printf '\n'
if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
echo "The tour: $passed passed, 0 failed."
