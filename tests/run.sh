#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
usage() {
    cat <<'END'
All tests: installs what is missing, builds, runs. One line a part; of what fails, the log's end is shown.

  sh tests/run.sh              all parts; 30 to 45 minutes on two cores
  sh tests/run.sh PART...      only these parts (--list has them); only their packages are installed
  sh tests/run.sh quick        a few parts in a shorter form, under 4 minutes: before a commit
  sh tests/run.sh --failed     again the parts that failed when they ran last
  sh tests/run.sh --list       the parts, and what each is about
  sh tests/run.sh --help       this

  BUILD=DIR                    the folder for all that is built and kept, in place of build
  INLAY_COMPILERS="g++ clang++-19"   these compilers in place of all that tools/compilers finds
  INLAY_WERROR=1               warnings are errors, as where CI=true
  INLAY_PROGRESS=SECONDS       how often a long part says that it is alive: 10 unless said otherwise
  INLAY_MATRIX=full            every compiler, optimisation, kind of link and mode, where one run else stands for its
                               twins
  INLAY_FRESH=1                part fresh runs all tests in minimal systems of Debian 12 and 13 (hours)
  INLAY_SOAK=1                 fuzzes for ten minutes instead of half a one, boots the x86-64 kernel 1,000 times instead of
                               20, runs the GIC tests of the AArch64 kernel 10,000 times instead of 50 and makes 10^6
                               changes there, makes more programs with operands, and changes for 10^9 executions and
                               10^6 changes (more than an hour)

A JUnit file of the last run, and each part's log, are in DIR/tests.
END
}
set -u
case ${BUILD:-/} in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tools/progress.sh
. tools/progress.sh
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh

table() { awk -v kinds="$1" '$1 ~ "^(" kinds ")$" { print $2 }' tools/packages; }

# ---- The arguments ----------------------------------------------------------------------------------

only_failed=
parts=
known=" $(table 'quick|test' | tr '\n' ' ')"
for each in "$@"; do
    case $each in
    -h | --help) usage; exit 0 ;;
    --list)
        awk '$1 ~ /^(quick|test)$/ { text = $0; sub(/.*# /, "", text); printf "%-16s%s%s\n", $2, text, $1 == "quick" ? " (quick)" : "" }' \
            tools/packages
        exit 0
        ;;
    --failed) only_failed=yes ;;
    -*) echo "no such option: $each (sh tests/run.sh --help)" >&2; exit 2 ;;
    quick) [ $# = 1 ] || { echo "quick stands alone" >&2; exit 2; } ;;
    *)
        case $known in *" $each "*) ;; *) echo "no such part: $each (sh tests/run.sh --list)" >&2; exit 2 ;; esac
        case " $parts " in *" $each "*) ;; *) parts="$parts $each" ;; esac
        ;;
    esac
done
choose_build_folder build || exit 1
export BUILD
kept=$BUILD/tests
mkdir -p "$kept" || exit 1
if [ -n "$only_failed" ]; then
    [ -z "$parts" ] || { echo "--failed stands alone" >&2; exit 2; }
    # shellcheck disable=SC2013 # words
    for each in $(cat "$kept/failed" 2>/dev/null); do
        case $known in *" $each "*) parts="$parts $each" ;; esac
    done
    if [ -z "$parts" ]; then
        echo "no part failed when it ran last"
        echo "0 passed, 0 failed"
        exit 0
    fi
elif [ "${1:-}" = quick ]; then
    INLAY_QUICK=1
    export INLAY_QUICK
    parts=$(table quick | tr '\n' ' ')
fi
# shellcheck disable=SC2086,SC2116 # to single spaces
parts=$(echo ${parts:-$known})

echo "inlay: tests ($parts)"
# shellcheck disable=SC2086
sh tools/install_packages.sh $parts || exit 1
eval "$(sh tools/compilers shell)"
case $warnings in *-Werror*) werror=ON ;; *) werror=OFF ;; esac
echo "with $compilers"

# ---- The parts that are more than tests/NAME/run.sh --------------------------------------------------

# One at a time in a folder.
build_unit_tests() { # FOLDER COMPILER "TARGET..." ARGUMENTS...
    folder=$1 compiler=$2 targets=$3
    shift 3
    (
        flock 9
        # shellcheck disable=SC2086 # a list
        configure "$folder" -DINLAY_WERROR=$werror "$@" -DCMAKE_CXX_COMPILER="$compiler" && cmake --build "$folder" --target $targets
    ) 9>"$folder.lock"
}
unit_tests() { # FOLDER COMPILER ARGUMENTS...
    folder=$BUILD/$1 compiler=$2
    results=$kept/$1.cases.xml
    shift 2
    rm -f "$results"
    build_unit_tests "$folder" "$compiler" all "$@" || return 1
    ctest --test-dir "$folder" -j 2 --output-on-failure --output-junit "$(absolute "$results")"
    status=$?
    [ -f "$results" ] || { echo "ctest wrote no results"; return 1; }
    skipped=$(grep -c '<testcase .*status="notrun"' "$results")
    [ "$skipped" = 0 ] && skipped='' || skipped=", $skipped skipped"
    echo "$(grep -c '<testcase .*status="run"' "$results") passed, $(grep -c '<testcase .*status="fail"' "$results") failed$skipped: unit tests"
    return $status
}
# Without -g, which takes GCC a third of the time; the tests that need it have it. The tour and the benchmarks are built
# by their own parts.
gcc_settings="--preset gcc -DINLAY_EXAMPLES=OFF -DINLAY_BENCH=OFF"
# shellcheck disable=SC2086 # a list
part_gcc() { unit_tests gcc "$gcc" $gcc_settings "$no_g"; }
part_clang() {
    # shellcheck source=tests/inlay_tool.sh
    . tests/inlay_tool.sh
    unit_tests clang "$clang" --preset clang -DINLAY_BENCH=OFF -DINLAY_PROGRAM="$inlay" "$no_g"
}
# Clang compiles instrumented code in half of GCC's time.
part_sanitize() {
    unit_tests sanitize "$clang" --preset sanitize || return 1
    [ "${INLAY_MATRIX:-}" != full ] || unit_tests sanitize-gcc "$gcc" --preset sanitize
}
no_g="-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -DNDEBUG"

part_fuzz() {
    seconds=30
    [ "${INLAY_SOAK:-}" = 1 ] && seconds=600
    folder=$BUILD/fuzz
    configure "$folder" -DINLAY_WERROR=$werror --preset fuzz -DCMAKE_CXX_COMPILER="$clang" && cmake --build "$folder" || return 1
    corpus=$work/corpus
    mkdir "$corpus"
    "$folder/tests/fuzz/fuzz_apply" -max_total_time=$seconds -max_len=3076 -print_final_stats=1 "$corpus" tests/fuzz/seeds \
        2>&1 | tee "$work/fuzz"
    grep -q '^Done ' "$work/fuzz" || return 1
    echo "1 passed, 0 failed: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/fuzz") damaged images"
}

# ThreadSanitizer wants the address space that it knows.
part_threads() {
    for compiler in "$gcc" "$clang"; do
        # shellcheck disable=SC2086
        $compiler -std=c++20 -O1 -g -fsanitize=thread -Iinclude tests/poke_test.cpp -pthread -lgtest -lgtest_main \
            -o "$work/poke_test" && setarch -R "$work/poke_test" --gtest_brief=1 --gtest_filter='Live.*' || return 1
    done
    echo "2 passed, 0 failed: ThreadSanitizer finds nothing with $gcc and $clang"
}

part_valgrind() {
    programs="static_key_test static_call_test dispatch_test"
    # shellcheck disable=SC2086 # a list
    build_unit_tests "$BUILD/gcc" "$gcc" "$programs" $gcc_settings "$no_g" || return 1
    for program in $programs; do
        valgrind -q --smc-check=all-non-file --error-exitcode=9 "$BUILD/gcc/tests/$program" --gtest_brief=1 || return 1
    done
    echo "3 passed, 0 failed: Valgrind finds nothing in $programs"
}

part_freestanding() {
    folder=$BUILD/freestanding
    configure "$folder" -DINLAY_WERROR=$werror --preset freestanding -DCMAKE_CXX_COMPILER="$gcc" && cmake --build "$folder" || return 1
    if [ -n "${INLAY_QUICK:-}" ]; then sh tests/freestanding/run.sh "$gcc"; else sh tests/freestanding/run.sh; fi
}
part_negative() { if [ -n "${INLAY_QUICK:-}" ]; then sh tests/negative/run.sh "$gcc"; else sh tests/negative/run.sh; fi; }
part_no_site() { if [ -n "${INLAY_QUICK:-}" ]; then sh tests/no_site/run.sh "$gcc"; else sh tests/no_site/run.sh; fi; }
part_operands() { if [ "${INLAY_SOAK:-}" = 1 ]; then sh tests/operands/run.sh full; else sh tests/operands/run.sh quick; fi; }

# One compiler a core.
part_i686() {
    sh tests/i686/run.sh "$clang" >"$work/i686" 2>&1 &
    other=$!
    sh tests/i686/run.sh i686-linux-gnu-g++
    status=$?
    wait $other || status=1
    cat "$work/i686"
    return $status
}

part_tidy() {
    tidy=$(first_of clang-tidy-19 "clang-tidy-${clang#clang++-}" clang-tidy) || return 1
    # Headers through the units that use them; the configuration lists the checks that are off, with reasons. Two at a
    # time.
    units="tests/predicate_test.cpp tests/process_test.cpp tests/freestanding/kernel.cpp tests/matrix/checks.cpp"
    # shellcheck disable=SC2086
    printf '%s\n' $units | xargs -P 2 -I '{}' "$tidy" --quiet '{}' -- -std=c++20 -Iinclude || return 1
    "$tidy" --quiet --header-filter='include/inlay/report' examples/tour/09_report.cpp -- -std=c++20 -Iinclude || return 1
    "$tidy" --quiet --header-filter='include/inlay/check' tests/fuzz/fuzz_check.cpp -- -std=c++20 -Iinclude || return 1
    echo "6 passed, 0 failed: $tidy finds nothing"
}

part_format() {
    format=$(first_of clang-format-19 "clang-format-${clang#clang++-}" clang-format) || return 1
    # The files of git, or in an archive all files.
    if [ -e .git ] && command -v git >/dev/null && git -c safe.directory="$PWD" ls-files '*.hpp' '*.cpp' >"$work/sources"; then :; else
        find . '(' -path './build*' -o -path ./out -o -path "./$BUILD" -o -path "$BUILD" ')' -prune -o -type f '(' -name '*.hpp' -o -name '*.cpp' ')' -print >"$work/sources"
    fi
    number=$(wc -l <"$work/sources")
    [ "$number" -gt 50 ] || { echo "only $number sources were found"; return 1; }
    tr '\n' '\0' <"$work/sources" | xargs -0 -P 2 -n 40 "$format" --dry-run --Werror || return 1
    echo "$number passed, 0 failed: $format would change nothing"
}
first_of() { # COMMAND...: the first that is installed
    for each; do
        command -v "$each" >/dev/null && echo "$each" && return
    done
    echo "none of these is here: $*" >&2
    return 1
}

# The instructions of the benchmarks' forms, and how many apply() executes; nothing is timed.
part_gate() {
    for each in gcc clang; do
        [ $each = gcc ] && compiler=$gcc || compiler=$clang
        configure "$BUILD/gate-$each" -DINLAY_WERROR=$werror --preset $each -DCMAKE_CXX_COMPILER="$compiler" -DINLAY_TESTS=OFF -DINLAY_EXAMPLES=OFF "$no_g" &&
            cmake --build "$BUILD/gate-$each" --target dispatch apply count_instructions || return 1
    done
    sh bench/gate/run.sh "$BUILD/gate-gcc" "$BUILD/gate-clang" && bench/gate/sealed.py "$gcc" "$clang"
}
part_size() { bench/compile.py --quick "$gcc" "$clang" && bench/size.py --check "$gcc" "$clang"; }
part_tour() { BUILD=$BUILD/tour sh examples/run.sh; }

# ---- Running the parts, and their results ------------------------------------------------------------

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# (A part in the background ignores the signal of the keyboard.)
trap 'trap "" TERM; kill -TERM 0; exit 130' INT
trap 'exit 143' HUP TERM
cases=$work/cases.xml
: >"$cases"
failed=
passed=0
total=0

xml() { # text that XML may hold
    iconv -c -f UTF-8 -t UTF-8 | tr -d '\000-\010\013-\037' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'
}
write_junit() {
    {
        echo '<?xml version="1.0" encoding="UTF-8"?>'
        echo '<testsuites name="inlay">'
        echo "<testsuite name=\"parts\" tests=\"$((passed + $(echo "$failed" | wc -w)))\" failures=\"$(echo "$failed" | wc -w)\" time=\"$total\">"
        cat "$cases"
        echo '</testsuite>'
        for each in $parts; do
            # Of a part that CMake's tests make up, each of these.
            [ ! -f "$work/$each.cases.xml" ] || sed -e '/<?xml/d' -e "s/<testsuite name=\"[^\"]*\"/<testsuite name=\"$each\"/" "$work/$each.cases.xml"
        done
        echo '</testsuites>'
    } >"$kept/junit.xml"
}
remember() { # NAME ok|failed: for --failed
    { [ ! -f "$kept/failed" ] || grep -vxF "$1" "$kept/failed"; [ "$2" = ok ] || echo "$1"; } >"$work/failed"
    cp "$work/failed" "$kept/failed"
}
run_part() { # NAME: runs it, prints the result, and leaves "status seconds" and its part of the JUnit file
    name=$1 log=$kept/$1.log
    rm -f "$kept/$name.cases.xml"
    started=$(date +%s)
    status=0
    (
        if type "part_$name" >/dev/null 2>&1; then
            watched "$name" "$log" "part_$name"
        else
            watched "$name" "$log" sh "tests/$name/run.sh"
        fi
        status=$?
        times >"$work/$name.times" # of this subshell's commands alone
        exit $status
    ) || status=1
    seconds=$(($(date +%s) - started))
    used=$(awk 'NR == 2 { split($0, part, /[ms ]+/); printf "%d", part[1] * 60 + part[2] + part[3] * 60 + part[4] }' "$work/$name.times")
    [ ! -f "$kept/$name.cases.xml" ] || cp "$kept/$name.cases.xml" "$work/"
    {
        echo "<testcase classname=\"parts\" name=\"$name\" time=\"$seconds\">"
        if [ $status = 0 ]; then
            tail -n 1 "$log" | sed "s/^$name: //" | tr -d '\000-\037' | cut -c1-110 >"$work/$name.said"
            echo "<system-out>$(xml <"$work/$name.said")</system-out>"
        else
            echo "<failure message=\"$name failed\">$(tail -n 80 "$log" | xml)</failure>"
        fi
        echo "</testcase>"
    } >"$work/$name.case"
    if [ $status = 0 ]; then
        warned=$(grep -c ' warning: ' "$log")
        [ "$warned" = 0 ] && warned='' || warned="; $warned warnings, see $log"
        echo "ok    $name ($seconds s, $used s of processors)  $(cat "$work/$name.said")$warned"
    else
        # At once: another part may be speaking.
        {
            echo "FAIL  $name ($seconds s, $used s of processors)"
            grep -v '^\[.*Building\|^\[.*Linking' "$log" | tail -n 80
            echo "      all of it: $log"
        } >"$work/$name.said"
        cat "$work/$name.said"
    fi
    echo "$status $seconds" >"$work/$name.result"
}
count_part() { # NAME, which ran
    read -r status seconds <"$work/$1.result"
    cat "$work/$1.case" >>"$cases"
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
        remember "$1" ok
    else
        failed="$failed $1"
        remember "$1" failed
    fi
    rm "$work/$1.result"
    total=$(($(date +%s) - began))
    write_junit
}
# Two take parts at once, each part once. One begins with those that keep one core busy, one with the others, which wait
# now and then.
run_parts() { # MINE|THEIRS PART...
    whose=$1
    shift
    for each; do
        mkdir "$work/$each.taken" 2>/dev/null || continue
        run_part "$each"
        [ "$whose" = theirs ] || count_part "$each"
    done
}

began=$(date +%s)
singles=" $(sed -n 's/^singles //p' tools/packages | tr '\n' ' ') "
alone=
beside=
for each in $parts; do
    case $singles in
    *" $each "*) alone="$alone $each" ;;
    *) beside="$beside $each" ;;
    esac
done
# shellcheck disable=SC2086
if [ "$(nproc 2>/dev/null || echo 1)" -gt 1 ] && [ -n "$alone" ]; then
    run_parts theirs $alone $beside &
    other=$!
    run_parts mine $beside $alone
    wait $other
else
    run_parts mine $parts
fi
for each in $parts; do
    [ ! -f "$work/$each.result" ] || count_part "$each"
done
if [ -n "$failed" ]; then
    echo "failed:$failed (again: sh tests/run.sh --failed)"
    # Once more, since these stand far above.
    for each in $failed; do
        grep -E '^(FAIL|bad)|error:|\*\*\*Failed' "$kept/$each.log" | head -n 5 | cut -c1-200 | sed "s/^/  $each: /"
    done
fi
echo "JUnit: $kept/junit.xml; $((total / 60)) min $((total % 60)) s"
echo "$passed passed, $(echo "$failed" | wc -w) failed"
[ -z "$failed" ]
