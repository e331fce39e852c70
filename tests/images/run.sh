#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The images of a process: libraries and plugins that come, go, are rewritten by tools, have lost their note, or never
# call apply(). Each line of the list below is one check; two run at a time; what fails is said in one line.
#   sh tests/images/run.sh              all; 90 seconds at most
#   sh tests/images/run.sh PATTERN      those whose line matches
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
flags="-std=c++20 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I$include"

list() {
    cat <<'LIST'
values 1 g++ clang++-19
values 2 clang++-19 g++
values 3 g++ clang++-19
LIST
}

library() { # COMPILER FILE SOURCE OPTIONS...
    compiler=$1 file=$2 source=$3
    shift 3
    # shellcheck disable=SC2086
    $compiler $flags -fPIC -shared "$here/$source" "$@" -o "$file"
}

# Whoever never calls apply() reads what was set all the same, from the first constructor on.
values() { # KIND COMPILER OTHER_COMPILER
    kind=-DKIND=$1
    library "$2" libsetter.so silent.cpp "$kind" -DSETS_AT_LOAD -DEXPORT=images_setter &&
        library "$3" libreader.so silent.cpp "$kind" -DEXPORT=images_reader -L. -Wl,-rpath,"$PWD" -Wl,--no-as-needed -lsetter &&
        library "$2" one.so silent.cpp "$kind" -DEXPORT=images_plugin &&
        library "$3" other.so silent.cpp "$kind" -DEXPORT=images_plugin &&
        library "$3" applying.so silent.cpp "$kind" -DEXPORT=images_plugin -DAPPLIES &&
        library "$3" reads.so silent.cpp "$kind" -DEXPORT=images_plugin '-DNAME="images.private"' &&
        library "$2" sets.so silent.cpp "$kind" -DEXPORT=images_plugin '-DNAME="images.private"' -DSETS || return 1
    # shellcheck disable=SC2086
    "$2" $flags "$kind" "$here/values.cpp" -L. -lreader -Wl,-rpath,"$PWD" -Wl,-rpath-link,. -ldl -o program &&
        ./program ./one.so ./other.so ./applying.so ./reads.so ./sets.so
}

if [ "${1:-}" = --one ]; then
    shift
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cd "$work" || exit 1
    for tool in "$@"; do
        case $tool in
        g++ | clang++* | patchelf | valgrind | qemu-x86_64)
            command -v "$tool" >/dev/null || { echo "skip $*: no $tool here"; exit 0; }
            ;;
        esac
    done
    "$@" >log 2>&1
    status=$?
    case $status in
    0) echo "ok   $*" ;;
    77) echo "skip $*: $(tail -n 1 log)" ;;
    *) echo "FAIL $*: status $status: $(head -n 3 log | tr '\n' ';' | cut -c1-400)" ;;
    esac
    exit 0
fi

results=$(mktemp)
trap 'rm -f "$results"' EXIT
list | grep -e "${1:-.}" | tr '\n' '\0' | xargs -0 -P 2 -I '{}' sh -c 'sh "$0" --one $1' "$here/run.sh" '{}' | tee "$results" |
    grep -v '^ok' || true
wanted=$(list | grep -c -e "${1:-.}")
passed=$(grep -c '^ok' "$results")
skipped=$(grep -c '^skip' "$results")
echo "images: $passed passed, $((wanted - passed - skipped)) failed, $skipped skipped"
[ "$((passed + skipped))" = "$wanted" ] && [ "$passed" -gt 0 ]
