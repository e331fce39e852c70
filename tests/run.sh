#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# All tests: installs what is missing, builds, runs. One line a part; what fails is shown in full.
#   sh tests/run.sh              40 minutes at most on two cores
#   sh tests/run.sh PART...      only these: gcc clang sanitize matrix modes operands tools names images exports musl soak
#                                threads valgrind debugger negative freestanding no_site install aarch64 i686 kernel fuzz
#                                tidy format size gate tour
#     modes     compilers, assemblers and linkers in modes that change what inlay gets to see; unwinding; breakpoints
#     operands  programs made of random sites with operands, against plain calls
#     tools     programs that other tools have rewritten
#     images    libraries and plugins that come and go, notes, features by name, probes
#     exports   nothing of inlay is exported, and plugins are unloaded
#     musl      programs and plugins of another C library
#     tour      the tour of examples/, as a newcomer runs it
#     soak      changes under load: threads, plugins, fork(), signals, uprobes, small stacks, cancelled threads
#   INLAY_MATRIX=full            every compiler, optimisation, kind of link and mode (about 10 minutes more)
#   INLAY_SOAK=1                 fuzzes for ten minutes instead of half a one, boots the kernel 1,000 times instead of 20,
#                                makes more programs with operands, and changes for 10^9 executions and 10^6 changes
#                                (more than an hour)
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
parts=${*:-gcc clang sanitize matrix modes operands tools names images exports musl soak threads valgrind debugger negative freestanding no_site install aarch64 i686 kernel fuzz tidy format size gate tour}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=
passed=0

# shellcheck disable=SC2086
sh tools/install_packages.sh $parts || exit 1

# part NAME COMMAND...: runs it, shows its last line if it is fine and all of it if not
part() {
    name=$1
    shift
    started=$(date +%s)
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $name ($(($(date +%s) - started)) s)  $(tail -n 1 "$log" | cut -c1-110)"
    else
        failed="$failed $name"
        echo "FAIL  $name"
        grep -v '^\[.*Building\|^\[.*Linking' "$log" | tail -n 80
    fi
}

preset() {
    cmake --preset "$1" && cmake --build --preset "$1" && ctest --preset "$1" -j 2
}

fuzz() {
    seconds=30
    [ "${INLAY_SOAK:-}" = 1 ] && seconds=600
    cmake --preset fuzz && cmake --build --preset fuzz || return 1
    corpus=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$corpus' '$log'" EXIT
    build/fuzz/tests/fuzz/fuzz_apply -max_total_time=$seconds -max_len=3076 -print_final_stats=1 "$corpus" tests/fuzz/seeds
    status=$?
    rm -rf "$corpus"
    return $status
}

# ThreadSanitizer wants the address space that it knows.
under_threads() {
    work=$(mktemp -d)
    for compiler in g++ clang++-19; do
        $compiler -std=c++20 -O1 -g -fsanitize=thread -Iinclude tests/poke_test.cpp -pthread -lgtest -lgtest_main \
            -o "$work/poke_test" && setarch -R "$work/poke_test" --gtest_brief=1 --gtest_filter='Live.*' || return 1
    done
    rm -rf "$work"
    echo "ThreadSanitizer finds nothing"
}

under_valgrind() {
    cmake --preset gcc && cmake --build --preset gcc --target static_key_test static_call_test dispatch_test || return 1
    for program in static_key_test static_call_test dispatch_test; do
        valgrind -q --smc-check=all-non-file --error-exitcode=9 build/gcc/tests/$program --gtest_brief=1 || return 1
    done
    echo "Valgrind finds nothing"
}

# One compiler a core.
in_32_bits() {
    others=$(mktemp)
    sh tests/i686/run.sh clang++-19 >"$others" 2>&1 &
    clang=$!
    sh tests/i686/run.sh i686-linux-gnu-g++
    status=$?
    wait $clang || status=1
    cat "$others"
    rm -f "$others"
    return $status
}

tidy() {
    # Headers through the units that use them; the configuration says what is off and why. Two at a time.
    printf '%s\n' tests/predicate_test.cpp tests/process_test.cpp tests/freestanding/kernel.cpp tests/matrix/checks.cpp |
        xargs -P 2 -I '{}' clang-tidy-19 --quiet '{}' -- -std=c++20 -Iinclude || return 1
    clang-tidy-19 --quiet --header-filter='include/inlay/report' examples/tour/09_report.cpp -- -std=c++20 -Iinclude || return 1
    echo "clang-tidy finds nothing"
}

format() {
    git ls-files '*.hpp' '*.cpp' | xargs clang-format-19 --dry-run --Werror && echo "clang-format would change nothing"
}

# The instructions of the benchmarks' forms, and how many apply() executes; nothing is timed.
gate() {
    for preset in gcc clang; do
        cmake --preset $preset && cmake --build --preset $preset --target dispatch apply count_instructions || return 1
    done
    sh bench/gate/run.sh build/gcc build/clang
}

size() {
    bench/compile.py --quick && bench/size.py --check
}

echo "inlay: tests ($parts)"
for each in $parts; do
    case $each in
    gcc | clang | sanitize) part "$each" preset "$each" ;;
    matrix) part matrix sh tests/matrix/run.sh ;;
    threads | valgrind) part "$each" "under_$each" ;;
    debugger) part debugger sh tests/debugger/run.sh g++ clang++-19 ;;
    tour) part tour sh examples/run.sh ;;
    names) part names sh tests/names/run.sh ;;
    images) part images sh tests/images/run.sh ;;
    exports) part exports sh tests/exports/run.sh ;;
    musl) part musl sh tests/musl/run.sh ;;
    soak) part soak sh tests/soak/run.sh ;;
    negative) part negative sh tests/negative/run.sh g++ clang++-14 clang++-19 ;;
    modes) part modes sh tests/modes/run.sh ;;
    operands) if [ "${INLAY_SOAK:-}" = 1 ]; then part operands sh tests/operands/run.sh full; else part operands sh tests/operands/run.sh quick; fi ;;
    tools) part tools sh tests/tools/run.sh ;;
    freestanding)
        part freestanding_preset sh -c 'cmake --preset freestanding && cmake --build --preset freestanding'
        part freestanding sh tests/freestanding/run.sh g++ clang++-14 clang++-16 clang++-19 ;;
    no_site) part no_site sh tests/no_site/run.sh g++ clang++-19 ;;
    install) part install sh tests/install/run.sh ;;
    aarch64) part aarch64 sh tests/aarch64/run.sh ;;
    i686) part i686 in_32_bits ;;
    kernel) part kernel sh tests/kernel/run.sh ;;
    fuzz | tidy | format | size | gate) part "$each" "$each" ;;
    *) echo "no such part: $each"; exit 2 ;;
    esac
done
count=$(echo "$failed" | wc -w)
[ -z "$failed" ] || echo "failed:$failed"
echo "$passed passed, $count failed"
[ -z "$failed" ]
