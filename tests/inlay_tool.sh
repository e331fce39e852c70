# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh
# For scripts of tests (". tests/inlay_tool.sh", with $work): builds the program `inlay`; $inlay is its path. Scripts that run at
# the same time wait for each other. (-O1: GCC takes 33 s for check.cpp, and 57 s with -O3.)
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh
choose_build_folder build || exit 1
case $warnings in *-Werror*) werror=ON ;; *) werror=OFF ;; esac
mkdir -p "$BUILD"
exec 9>"$BUILD/inlay_tool.lock"
flock 9
# shellcheck disable=SC2015 # either one
configure "$BUILD/check" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DINLAY_TOOLS=ON -DINLAY_WERROR=$werror -DCMAKE_CXX_COMPILER="$gcc" \
    >"$work/log" 2>&1 && cmake --build "$BUILD/check" --target inlay_tool >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
flock -u 9
# shellcheck disable=SC2034 # for the script
inlay=$(absolute "$BUILD/check/tools/inlay/inlay")
