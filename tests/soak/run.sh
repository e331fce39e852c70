#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Changes under load: threads, signals, plugins that come and go, fork(), uprobes, small stacks, cancelled threads. Each
# program counts its work and its errors; the errors must be 0. The script names checks that cannot run here, and skips
# them.
#   sh tests/soak/run.sh [CHECK...]      threads signals plugins forks uprobe stacks cancel transactions storm debugger
#   INLAY_SOAK=1                         10^9 executions and 10^6 changes, and each of the others for minutes
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/soak
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
tracefs=
group=inlay_soak_$$ # the uprobes of this run
leave() {
    [ -z "$tracefs" ] || umount "$tracefs"
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 1' HUP INT PIPE TERM # or nothing is unmounted
flags="-std=c++20 $warnings -Iinclude"
failed=
passed=0
skipped=
seconds=2 much='' limit=120
if [ "${INLAY_SOAK:-}" = 1 ]; then
    seconds=120 much="1000000000 1000000" limit=7200
fi

fail() { # WHAT WHY
    failed="$failed $1"
    echo "FAIL  $1: $2"
    tail -n 5 "$work/log" | sed 's/^/    /'
}

# check WHAT COMMAND...: one line, the program's own; it is kept for the sum
check() {
    what=$1
    shift
    timeout $limit "$@" >"$work/log" 2>&1
    status=$?
    said=$(tail -n 1 "$work/log" | sed 's/^[a-z]*: //')
    echo "$said" | grep ' executions, ' >>"$work/all"
    case $status in
    0)
        passed=$((passed + 1))
        echo "ok    $what: $said"
        ;;
    77)
        skipped="$skipped $what"
        echo "-     $what: $said"
        ;;
    124) fail "$what" "it does not end" ;;
    *) fail "$what" "status $status" ;;
    esac
}

# built COMPILER LEVEL PROGRAM: builds it, unless an earlier check has; `file` is its path
built() {
    file=$work/$3.$1$2
    # shellcheck disable=SC2086
    [ -f "$file" ] || $1 $flags $2 "$here/$3.cpp" -pthread -ldl -o "$file" >"$work/log" 2>&1
}
# by COMPILER LEVEL WHAT PROGRAM ARGUMENTS...: builds and checks
by() {
    compiler=$1 level=$2 called=$3/$1 program=$4
    shift 4
    if built "$compiler" "$level" "$program"; then
        check "$called" "$file" "$@"
    else
        fail "$called" "it does not compile"
    fi
}
# By GCC or Clang, in turns; by both in the long form.
turn=0
in_turn() {
    turn=$((1 - turn))
    if [ "${INLAY_SOAK:-}" = 1 ] || [ "${INLAY_MATRIX:-}" = full ]; then
        by $gcc -O2 "$@"
        by $clang -O2 "$@"
    elif [ $turn = 1 ]; then
        by $gcc -O2 "$@"
    else
        by $clang -O2 "$@"
    fi
}

build_plugins() {
    [ ! -f "$work/other.$clang.so" ] || return 0
    for compiler in $gcc $clang; do
        # shellcheck disable=SC2086
        $compiler $flags -O2 -fPIC -shared -DAPPLIES "$here/plugin.cpp" -o "$work/applying.$compiler.so" &&
            $compiler $flags -O2 -fPIC -shared "$here/plugin.cpp" -o "$work/other.$compiler.so" || return 1
    done >"$work/log" 2>&1
}
plugins() {
    build_plugins || return 1
    in_turn plugins plugins $seconds "$work/applying.$gcc.so" "$work/other.$clang.so" "$work/applying.$clang.so" \
        "$work/other.$gcc.so"
}

storm() {
    build_plugins || return 1
    in_turn storm transactions storm $seconds "$work/applying.$gcc.so" "$work/other.$clang.so"
}

# gdb counts how often the breakpoint beside the sites was hit; the program counts, too. (Displaced stepping writes
# instructions into text while other threads change it: docs/limits.md.)
debugger() {
    if ! command -v gdb >/dev/null; then
        check debugger sh -c 'echo there is no gdb; exit 77'
        return
    fi
    cat >"$work/commands" <<'END'
set pagination off
set confirm off
set displaced-stepping off
break beside_sites
ignore 1 1000000000
run
info breakpoints
END
    cat >"$work/debugged" <<'END'
gdb -q -nx -batch -x "$1" --args "$2" debugged "$3" >"$1.log" 2>&1
if grep -q 'ptrace.*not permitted\|Could not trace' "$1.log"; then echo gdb may not trace here; exit 77; fi
hits=$(sed -n 's/.*breakpoint already hit \([0-9]*\) time.*/\1/p' "$1.log")
passed=$(sed -n 's/.* \([0-9]*\) times over a breakpoint$/\1/p' "$1.log")
tail -n 20 "$1.log" | grep -v '^transactions: '
grep '^transactions: ' "$1.log"
[ -n "$hits" ] && [ "$hits" = "$passed" ] && grep -q 'exited normally' "$1.log"
END
    if built "$gcc" -O2 transactions; then
        check debugger sh "$work/debugged" "$work/commands" "$file" $seconds
    else
        fail debugger "it does not compile"
    fi
}

# A program that was killed leaves its uprobes.
no_uprobes() {
    for each in "$tracefs/instances/$group"*; do
        [ ! -d "$each" ] || { echo 0 >"$each/events/$group/enable" && rmdir "$each"; }
    done
    for each in $(grep -o "$group/[a-z]*" "$tracefs/uprobe_events"); do
        echo "-:$each" >>"$tracefs/uprobe_events"
    done
}
uprobe() {
    if [ "$(id -u)" != 0 ]; then
        check uprobe sh -c 'echo not root; exit 77'
    elif mkdir "$work/tracefs" && mount -t tracefs none "$work/tracefs" >"$work/log" 2>&1; then
        tracefs=$work/tracefs
        for compiler in $gcc $clang; do
            by $compiler -O2 uprobe probed "$tracefs" $group $seconds
            no_uprobes
        done
    else
        check uprobe sh -c 'echo no tracefs can be mounted; exit 77'
    fi
}

: >"$work/all"
for each in ${*:-threads signals plugins forks uprobe stacks cancel transactions storm debugger}; do
    # shellcheck disable=SC2086
    case $each in
    threads) in_turn threads threads threads $seconds $much ;;
    signals) in_turn signals threads signals $seconds ;;
    plugins) plugins || fail plugins "a plugin does not compile" ;;
    forks) in_turn forks forks $seconds ;;
    uprobe) uprobe ;;
    stacks) # for any stack use of the compiler
        for compiler in $gcc $clang; do
            by $compiler -O0 stacks/-O0 stacks $((seconds / 2))
            by $compiler -O2 stacks/-O2 stacks $((seconds / 2))
        done
        ;;
    cancel) in_turn cancel cancel $seconds ;;
    transactions) in_turn transactions transactions plain $seconds $much ;;
    storm) storm || fail storm "a plugin does not compile" ;;
    debugger) debugger ;;
    *) echo "no such check: $each"; exit 2 ;;
    esac
done
printf 'soak: %s passed, %s failed: ' "$passed" "$(echo "$failed" | wc -w)"
awk '{ executions += $1; changes += $3; wrong += $5 }
    END { printf "%.1e executions, %d changes, %d wrong", executions, changes, wrong }' "$work/all"
echo "${skipped:+; not tried:$skipped}${failed:+; failed:$failed}"
[ -z "$failed" ]
