#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# inlay as users' CMake projects get it: installed, moved, as a subdirectory, by FetchContent, for other architectures;
# and the examples by themselves.   sh tests/install/run.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. "$root/tests/checks.sh"
# says NAME SENTENCE COMMAND...: the command fails, and says that. CMake breaks lines at any place.
says() {
    name=$1
    sentence=$2
    shift 2
    ! "$@" >"$work/log" 2>&1 && tr -s ' \n' '  ' <"$work/log" | grep -qF -- "$sentence"
    result $? "$name: should fail and say '$sentence': $*"
}
# has NAME PATTERN and has_not NAME PATTERN: the output of the last command
has() {
    grep -qE -- "$2" "$work/log"
    result $? "$1: no '$2'"
}
has_not() {
    ! grep -qE -- "$2" "$work/log"
    result $? "$1: '$2'"
}
consumer() {
    folder=$1
    shift
    rm -rf "${work:?}/$folder"
    cmake -S "$here/consumer" -B "$work/$folder" -G Ninja "$@"
}
found() {
    folder=$1
    request=$2
    shift 2
    consumer "$folder" -DINLAY_BY=find_package "-DINLAY_REQUEST=$request" -DCMAKE_PREFIX_PATH="$prefix" "$@"
}

# ---- Installing takes a compiler: every package is hidden, and nothing is built.
hidden="-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON
    -DCMAKE_DISABLE_FIND_PACKAGE_Zydis=ON -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DINLAY_LIBDW_LIBRARY=
    -DINLAY_BOOST_INCLUDE_DIR= -DINLAY_CAPSTONE_LIBRARY="
prefix="$work/a moved prefix"
# shellcheck disable=SC2086
works "a compiler is enough" cmake -S "$root" -B "$work/build" -G Ninja $hidden
works "install" cmake --install "$work/build" --prefix "$work/prefix"
mv "$work/prefix" "$prefix" # now every absolute path in it leads nowhere
for file in include/inlay/inlay.hpp include/inlay/asm.h include/inlay/arch/x86/insn.hpp \
    share/cmake/inlay/inlay-config.cmake share/pkgconfig/inlay.pc share/inlay/single_header/inlay.hpp; do
    [ -f "$prefix/$file" ]
    result $? "install: no $file"
done
! grep -rlF "$work" "$prefix" >"$work/log"
result $? "install: names the folder that it was installed to or built in"
rm -rf "$work/build"

# ---- A missing package that is asked for is named, with Debian's name.
for each in "TESTS|GTest=libgtest-dev" "BENCH|benchmark=libbenchmark-dev" "BENCH|Zydis=libzydis-dev" \
    "TESTS|Zydis=libzydis-dev" "EXAMPLES|Zydis=libzydis-dev"; do
    option=${each%%|*}
    package=${each#*|}
    says "missing" "inlay: INLAY_$option=ON needs" cmake --fresh -S "$root" -B "$work/build" -G Ninja -DINLAY_"$option"=ON \
        "-DCMAKE_DISABLE_FIND_PACKAGE_${package%%=*}=ON"
    has "missing ${package%%=*}" "${package#*=}"
done
says "missing libdw" "libdw (Debian: libdw-dev)" cmake --fresh -S "$root" -B "$work/build" -G Ninja -DINLAY_EXAMPLES=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DINLAY_LIBDW_LIBRARY=
says "missing Boost" "libboost1.81-dev" cmake --fresh -S "$root" -B "$work/build" -G Ninja -DINLAY_EXAMPLES=ON \
    -DINLAY_BOOST_INCLUDE_DIR=
rm -rf "$work/build"

# ---- find_package: each way to ask.
works "found" found found "0.2;REQUIRED" "-DTARGETS=inlay::inlay;inlay::pv;inlay::report"
has "found: all components without being asked" "inlay_report_FOUND=TRUE"
has "found: all components without being asked" "inlay_check_FOUND=TRUE"
works "found, built" cmake --build "$work/found"
works "found, runs" "$work/found/consumer"
works "components" found components "REQUIRED;COMPONENTS;inlay;pv;report" "-DTARGETS=inlay::pv;inlay::report"
# shellcheck disable=SC2086
works "only what is asked for" found one "REQUIRED;COMPONENTS;pv" -DTARGETS=inlay::pv $hidden
has "only what is asked for" "inlay_report_FOUND=$"
has_not "only what is asked for" "libzydis-dev"
says "unknown component" "it has no component nonsense, but inlay, pv, report, check and module" \
    found no "REQUIRED;COMPONENTS;nonsense"
works "unknown component, optional" found no "REQUIRED;OPTIONAL_COMPONENTS;nonsense;pv" -DTARGETS=inlay::pv
has "unknown component, optional" "inlay_nonsense_FOUND=FALSE"
has "known component, optional" "inlay_pv_FOUND=TRUE"
# shellcheck disable=SC2086
{
    says "no packages" "its component report needs Zydis (Debian: libzydis-dev) and libdw (Debian: libdw-dev)" \
        found no "REQUIRED;COMPONENTS;report" $hidden
    works "no packages, optional" found no "REQUIRED;OPTIONAL_COMPONENTS;report" $hidden -DTARGETS=inlay::inlay
    has "no packages, optional" "no inlay::report: its component report needs Zydis"
    has "no packages, optional" "inlay_report_FOUND=FALSE"
    works "no packages, no components" found no "REQUIRED" $hidden "-DTARGETS=inlay::inlay;inlay::pv"
    works "no packages, quietly" found no "QUIET;COMPONENTS;report" $hidden
    has "no packages, quietly" "inlay_FOUND=0|inlay_FOUND=FALSE"
    has_not "no packages, quietly" "libzydis-dev"
    says "not found, target used" "inlay::report" found no "REQUIRED" $hidden -DTARGETS=inlay::report
}
works "libdw without pkg-config" found no "REQUIRED;COMPONENTS;report" -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON \
    -DTARGETS=inlay::report
works "libdw without pkg-config, built" cmake --build "$work/no"
for request in 0.2 0.2.0 0 "0.2.0;EXACT" "0.1...<0.3" "0.2...0.2.0" "0.2...<1"; do
    works "version $request" found version "$request;REQUIRED"
done
for request in 0.1 0.3 0.2.9 1 1.0 "0.3...<1" "0.1...<0.2" "0.1;EXACT"; do
    says "version $request" "/inlay-config.cmake, version: 0.2.0" found version "$request;REQUIRED"
done

# ---- The red zone: by the compiler's target.
red_zone() {
    name=$1
    expected=$2
    shift 2
    works "$name" found target "REQUIRED;COMPONENTS;pv" -DTARGETS=inlay::pv "$@"
    grep -q -- -mno-red-zone "$work/target/compile_commands.json"
    [ $? -eq "$expected" ]
    result $? "$name: -mno-red-zone"
}
red_zone x86-64 0
red_zone "x86-64 by another name" 0 -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64
red_zone "i686 by -m32" 1 -DCMAKE_CXX_FLAGS=-m32 -DCMAKE_CXX_COMPILER_WORKS=ON
if command -v aarch64-linux-gnu-g++ >/dev/null; then
    red_zone aarch64 1 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
    red_zone "aarch64, named x86_64" 1 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_SYSTEM_NAME=Linux \
        -DCMAKE_SYSTEM_PROCESSOR=x86_64
    works "aarch64" found cross "REQUIRED" -DTARGETS=inlay::inlay -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
    works "aarch64, built" cmake --build "$work/cross"
fi
if command -v i686-linux-gnu-g++ >/dev/null; then
    red_zone i686 1 -DCMAKE_CXX_COMPILER=i686-linux-gnu-g++
fi

# ---- In a parent's build.
for by in add_subdirectory FetchContent; do
    works "$by" consumer added -DINLAY_BY=$by -DINLAY_SOURCE="$root" "-DTARGETS=inlay::inlay;inlay::pv;inlay::report"
    works "$by, built" cmake --build "$work/added"
    works "$by, runs" "$work/added/consumer"
done
parent() {
    rm -rf "$work/parent"
    cmake -S "$here/parent" -B "$work/parent" -G Ninja -DINLAY_SOURCE="$root" "$@"
}
works "hostile parent" parent
works "hostile parent, built" cmake --build "$work/parent"
works "hostile parent, installed" cmake --install "$work/parent" --prefix "$work/parents"
[ "$(cd "$work/parents" && find . -type f)" = ./bin/main ]
result $? "hostile parent: installs $(find "$work/parents" -type f | wc -l) files for 1"
works "parent with all of it" parent -DINLAY_TESTS=ON -DINLAY_EXAMPLES=ON -DINLAY_BENCH=ON -DINLAY_FREESTANDING=ON
works "parent that installs inlay" parent -DINLAY_INSTALL=ON
# shellcheck disable=SC2086
{
    works "no packages, subdirectory" consumer none -DINLAY_SOURCE="$root" $hidden "-DTARGETS=inlay::inlay;inlay::pv"
    has "no packages, subdirectory" "no inlay::report, which needs Zydis"
}

# ---- Each example by itself.
alone() { # EXAMPLE NAME OPTIONS...
    example=$1
    name=$2
    shift 2
    cp -r "$root/examples/$example" "$work/alone" # no ../../include
    works "example $name" cmake -S "$work/alone" -B "$work/example" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" "$@"
    works "example $name, built" cmake --build "$work/example"
    rm -rf "$work/alone" "$work/example"
}
for example in "$root"/examples/*/CMakeLists.txt; do
    example=$(basename "$(dirname "$example")")
    alone "$example" "$example"
done
if command -v aarch64-linux-gnu-g++ >/dev/null; then
    alone kernel "kernel for AArch64" -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
