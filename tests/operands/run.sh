#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Sites with operands, written by generate.py, against plain functions: compilers, levels of optimisation, modes.
#   sh tests/operands/run.sh quick                        a program a configuration; 80 s of processor time
#   sh tests/operands/run.sh full                         four larger programs a configuration, more of these: an hour
#   sh tests/operands/run.sh one SEED COMPILER FLAG...    one program; prints its path
#   INLAY_SEED=N         another first seed       INLAY_CASES=N     functions a program
#   INLAY_INCLUDE=DIR    the headers of another tree
#   INLAY_ONLY=K         one: this case alone     INLAY_WITHOUT_CLOBBERS=1   no .clobbers<...>()
# A flag "shared" makes the sites a library.
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/operands
eval "$(sh tools/compilers shell)"
include=${INLAY_INCLUDE:-include}
mode=${1:-quick}
[ $# = 0 ] || shift
seed=${INLAY_SEED:-1}

linker_for() { # the lld that understands the compiler's bitcode
    case $1 in
    clang++-*) echo "--ld-path=$(command -v "ld.lld-${1#clang++-}")" ;;
    esac
}

# one DIRECTORY SEED COMPILER FLAG...: prints the errors
one() {
    d=$1 s=$2 compiler=$3
    shift 3
    link=-pie pic=-fPIE
    flags=
    for flag in "$@"; do
        case $flag in
        shared) link=-shared pic=-fPIC ;;
        -static) link=-static pic=-fno-pic ;;
        -flto*) flags="$flags $flag $(linker_for "$compiler")" ;;
        *) flags="$flags $flag" ;;
        esac
    done
    case $compiler in clang*) flags="$flags -Wno-unused-command-line-argument" ;; esac
    # shellcheck disable=SC2086
    python3 "$here/generate.py" "$d" --seed "$s" --cases "${INLAY_CASES:-60}" ${INLAY_ONLY:+--only $INLAY_ONLY} \
        ${INLAY_WITHOUT_CLOBBERS:+--without-clobbers} &&
        $gcc -std=c++20 -O0 -w $pic -c "$d/wanted.cpp" -o "$d/wanted.o" &&
        $gcc -c "$d/functions.S" -o "$d/functions.o" &&
        $gcc -c "$here/hooks.S" -o "$d/hooks.o" &&
        $compiler -std=c++20 -w $pic $flags -I"$include" -c "$d/sites.cpp" -o "$d/sites.o" &&
        $compiler -std=c++20 -w $pic $flags -c "$d/callees.cpp" -o "$d/callees.o" || return 1
    if [ $link = -shared ]; then
        # shellcheck disable=SC2086
        $compiler $flags -shared -Wl,-z,text "$d/sites.o" "$d/callees.o" "$d/functions.o" -o "$d/libsites.so" &&
            $gcc -pie "$d/wanted.o" "$d/hooks.o" -L"$d" -lsites -rdynamic -Wl,-rpath,"$d" -o "$d/operands" || return 1
    else
        # shellcheck disable=SC2086
        $compiler $flags $link "$d/sites.o" "$d/callees.o" "$d/functions.o" "$d/wanted.o" "$d/hooks.o" -o "$d/operands" ||
            return 1
    fi
    timeout 60 "$d/operands"
}

# A configuration of the list, in a separate process. If it is wrong: a line, and the program's output.
if [ "$mode" = configuration ]; then
    work=$1 number=$2
    shift 2
    d=$work/$number
    mkdir "$d"
    if one "$d" "$number" "$@" >"$d/log" 2>&1 && tail -n 1 "$d/log" | grep -q ' checks, 0 failed$'; then
        tail -n 1 "$d/log" >"$work/passed.$number"
        echo "ok    $number $*"
    else
        {
            echo "FAIL: sh tests/operands/run.sh one $number $*"
            grep -E 'error|case |apply|signal|undefined' "$d/log" | head -n 4 | cut -c1-240 | sed 's/^/    /'
        } >"$work/failed.$number"
        cat "$work/failed.$number"
    fi
    rm -rf "$d"
    exit 0
fi

if [ "$mode" = one ]; then
    d=$(mktemp -d)
    one "$d" "$@"
    status=$?
    echo "operands: $d, status $status"
    exit $status
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { echo "$*" >>"$work/list"; }
trace=-fsanitize-coverage=trace-pc
if [ "$mode" = full ]; then
    INLAY_CASES=${INLAY_CASES:-120}
    for round in ${INLAY_ROUNDS:-1 2 3 4}; do
        for compiler in $compilers; do
            for level in -O0 -O1 -O2 -O3 -Os; do
                say $compiler $level
                say $compiler $level -finstrument-functions
                say $compiler $level $trace
                say $compiler $level shared
                say $compiler $level -fomit-frame-pointer $([ $((round % 2)) = 0 ] && echo -static)
                say $compiler $level -fno-omit-frame-pointer
                say $compiler $level -flto $([ $((round % 2)) = 0 ] && echo shared)
                say $compiler $level -fno-omit-frame-pointer -finstrument-functions $trace shared
                case $round in
                1) say $compiler $level -fcf-protection=full -fstack-protector-all ;;
                2) say $compiler $level -march=x86-64-v3 ;;
                3) say $compiler $level -fsanitize=undefined ;;
                4) say $compiler $level -mno-red-zone -fno-plt -fPIC ;;
                esac
            done
        done
        for level in -O1 -O2 -O3; do # each moves instructions in another way
            say $gcc $level -fschedule-insns -fsched-pressure
            say $gcc $level -frename-registers -fno-tree-ter
            say $gcc $level -fno-ipa-ra -fno-tree-coalesce-vars -fira-region=all
            say $clang $level -mllvm -enable-misched=false
        done
    done
else
    INLAY_CASES=${INLAY_CASES:-20}
    for compiler in $gcc $clang_oldest $clang; do
        for level in -O0 -O1 -O2 -O3 -Os; do
            say $compiler $level
        done
        say $compiler -O2 -finstrument-functions
        say $compiler -O0 $trace
        say $compiler -O2 $trace -fno-omit-frame-pointer
        say $compiler -O2 shared
        say $compiler -O1 -fomit-frame-pointer
        say $compiler -Os -fno-omit-frame-pointer -finstrument-functions shared
        say $compiler -O2 -flto
    done
fi
export INLAY_CASES
configurations=$(wc -l <"$work/list")
last=$((seed + configurations - 1))
echo "operands: seeds $seed to $last, $INLAY_CASES functions each"
awk -v seed="$seed" '{ print seed + NR - 1, $0 }' "$work/list" |
    xargs -P "$(nproc)" -I '{}' sh -c "sh '$here/run.sh' configuration '$work' {}"
passed=$(find "$work" -name 'passed.*' | wc -l)
failed=$((configurations - passed))
checks=$(cat "$work"/passed.* 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
echo "operands: seeds $seed to $last: $passed programs passed, $failed failed; $checks checks"
[ $failed = 0 ]
