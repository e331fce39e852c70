#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Compiles everything.cpp, which uses each header and concept, under the warnings of ten C++ projects (projects.txt) as
# errors, the headers being a user's own (-I), and by_name.cpp under all warnings there are. Then a dropped outcome: each
# compiler must warn of it. And units with AMX.
#   sh tests/warnings/run.sh [COMPILER...]   default: all of those below that are installed
# The first GCC and the last Clang compile for all projects; the others for "everything" alone.
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
: >"$work/empty.cpp"

# `@all` means each C++ warning of GCC that takes no value. Those of -fanalyzer do nothing without it.
all_of() {
    { "$1" -Q --help=warnings,c++; "$1" -Q --help=common,warnings; } 2>/dev/null | awk '/^  -W/ { print $1 }' |
        grep -vE '[=<]|-$|^-Wno-|analyzer|^-W(system-headers|error|fatal-errors|chkp|hsa)$' | sort -u
}

# Whether a compiler has the flag. (GCC is silent about a -Wno- that it does not know.)
knows() {
    "$@" -Werror -std=c++20 -fsyntax-only "$work/empty.cpp" >"$work/said" 2>&1 && ! [ -s "$work/said" ]
}

# flags_of COMPILER FLAG...: those that it has
flags_of() {
    compiler=$1
    shift
    if knows "$compiler" "$@"; then
        echo "$@"
        return
    fi
    for flag in "$@"; do
        knows "$compiler" "$flag" && echo "$flag"
    done
}

# check NAME COMPILER FLAG...
check() {
    name=$1 compiler=$2
    shift 2
    report='-DINLAY_REPORT -mno-red-zone'
    case $("$compiler" "$@" -dumpmachine) in
    x86_64*) [ -n "$have_report" ] || report= ;;
    *) report= ;;
    esac
    # "everything" also finds the warnings that need the optimiser.
    sources=everything.cpp
    until=-fsyntax-only
    if [ "$name" = everything ]; then
        sources="everything.cpp by_name.cpp"
        until="-c -o $work/everything.o"
    fi
    for source in $sources; do
        # shellcheck disable=SC2046,SC2086
        if "$compiler" -std=c++20 -O2 $(flags_of "$compiler" "$@") -Werror $report -I"$include" $until \
            "$here/$source" >"$work/log" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL: $source under the warnings of $name, by $compiler"
            grep -E 'error:|warning:' "$work/log" | sort -u | head -n 20
        fi
    done
}

# projects COMPILER NAME|all: the lines for it
projects() {
    compiler=$1 wanted=$2
    case $compiler in
    *clang*) kind=clang ;;
    *) kind=gcc ;;
    esac
    names=$(awk '!/^#/ && NF { print $1 }' "$here/projects.txt" | uniq)
    for name in $names; do
        [ "$wanted" = all ] || [ "$wanted" = "$name" ] || continue
        flags=$(awk -v name="$name" -v kind="$kind" '$1 == name && ($2 == kind || $2 == "both") {
            $1 = $2 = ""; print }' "$here/projects.txt")
        [ -n "$flags" ] || continue
        case $flags in
        *@all*) flags=$(echo "$flags" | sed "s/@all/$(all_of "$compiler" | tr '\n' ' ')/") ;;
        esac
        # shellcheck disable=SC2086
        check "$name" "$compiler" $flags $extra
    done
}

# A statement of each function that gives an outcome, which drops it.
dropped() {
    for call in 'inlay::apply()' 'inlay::set(key, true)' 'inlay::enable(key)' 'inlay::disable(key)' \
        'inlay::set(way, 1)' 'inlay::update(call, &two)'; do
        cat >"$work/dropped.cpp" <<END
#include <inlay/inlay.hpp>
int one() { return 1; }
int two() { return 2; }
inline constexpr inlay::static_key<"dropped.key", false> key;
inline constexpr inlay::static_switch<"dropped.switch", 2> way;
inline constexpr inlay::static_call<"dropped.call", &one> call;
int main() { $call; }
END
        # shellcheck disable=SC2086
        if "$1" $extra -std=c++20 -fsyntax-only -I"$include" "$work/dropped.cpp" 2>&1 |
            grep -q 'nodiscard.*inlay: it says whether anything went wrong'; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL: $1 says nothing of a dropped $call"
        fi
    done
}

# A unit with AMX has registers that a hook cannot keep. It may have everything else, and the message says what to do.
with_amx() {
    knows "$1" -mamx-tile || return 0
    echo '#include <inlay/inlay.hpp>' >"$work/amx.cpp"
    # shellcheck disable=SC2086
    if "$1" $extra -std=c++20 -O2 -mamx-tile -fsyntax-only -I"$include" "$work/amx.cpp" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: inlay.hpp with -mamx-tile, by $1"
        grep -m 3 'error:' "$work/log"
    fi
    echo 'inline constexpr inlay::hook<"seen", void(int)> seen; void see() { seen(1); }' >>"$work/amx.cpp"
    # shellcheck disable=SC2086
    if ! "$1" $extra -std=c++20 -O2 -mamx-tile -fsyntax-only -I"$include" "$work/amx.cpp" >"$work/log" 2>&1 &&
        grep -q 'compile this unit without -mamx-tile' "$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: a hook with -mamx-tile, by $1: wanted an error that says what to do"
        grep -m 3 'error:' "$work/log"
    fi
}

have_report=
if echo '#include <Zydis/Zydis.h>
#include <elfutils/libdwfl.h>
#include <boost/pfr.hpp>' | g++ -x c++ -fsyntax-only - 2>/dev/null; then
    have_report=1
else
    echo "without the headers that need Zydis, libdw and Boost.PFR"
fi
candidates=${*:-g++ g++-12 g++-13 g++-14 g++-15 g++-16 clang++-14 clang++-15 clang++-16 clang++-17 clang++-18 clang++-19 clang++-20 clang++-21 clang++-22 aarch64-linux-gnu-g++ i686-linux-gnu-g++}
first_gcc=
last_clang=
known=
for each in $candidates; do
    path=$(command -v "$each") || continue
    case " $known " in *" $(readlink -f "$path") "*) continue ;; esac # g++ is one of the others
    known="$known $(readlink -f "$path")"
    found="${found:-} $each"
    case $each in
    clang*) last_clang=$each ;;
    g++*) first_gcc=${first_gcc:-$each} ;;
    esac
done
for each in ${found:-}; do
    extra=
    case $each in i686*) extra='-fno-pic -fno-pie' ;; esac
    dropped "$each"
    with_amx "$each"
    case $each in
    "$first_gcc" | "$last_clang") projects "$each" all ;;
    i686*) # where a word has 32 bits, a cast to one is useless, which it is not in 64
        extra="$extra -Wno-useless-cast"
        projects "$each" everything
        ;;
    *) projects "$each" everything ;;
    esac
    echo "warnings: $each done, $passed passed, $failed failed so far"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
