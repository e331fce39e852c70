# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh
# For test scripts whose checks are the lines that their list() prints (". tests/lines.sh"). Each line is a command, and
# runs as `SCRIPT --one LINE`, two at a time. A line "full LINE", a twin of another one, runs only with INLAY_MATRIX=full.

lines() { if [ "${INLAY_MATRIX:-}" = full ]; then list | sed 's/^full //'; else list | grep -v '^full '; fi; }

# run_lines NAME SCRIPT PATTERN: runs the lines that match (all without a pattern), and counts their results. False if one
# failed, or none passed.
run_lines() {
    results=$(mktemp)
    trap 'rm -f "$results"' EXIT
    # shellcheck disable=SC2016 # $1 is of the inner shell
    lines | grep -e "${3:-.}" | tr '\n' '\0' | xargs -0 -P 2 -I '{}' sh -c 'sh "$0" --one $1' "$2" '{}' | tee "$results"
    wanted=$(lines | grep -c -e "${3:-.}")
    passed=$(grep -c '^ok' "$results")
    skipped=$(grep -c '^skip' "$results")
    echo "$1: $passed passed, $((wanted - passed - skipped)) failed, $skipped skipped"
    [ "$((passed + skipped))" = "$wanted" ] && [ "$passed" -gt 0 ]
}

# has_tools LINE...: whether this machine has the compilers, linkers and other tools that the line names; else skips it.
has_tools() {
    for tool in "$@"; do
        case $tool in
        bfd | gold | lld | mold) tool=ld.$tool ;;
        *g++* | patchelf | valgrind | qemu-x86_64) ;; # clang++, too
        *) continue ;;
        esac
        command -v "$tool" >/dev/null || { echo "skip $*: no $tool here"; return 1; }
    done
}

# run_line LINE...: runs it, with its output in the file "log", and prints its result. Status 77 skips it.
run_line() {
    "$@" >log 2>&1
    status=$?
    case $status in
    0) echo "ok   $*" ;;
    77) echo "skip $*: $(tail -n 1 log)" ;;
    *) echo "FAIL $*: status $status: $(head -n 3 log | tr '\n' ';' | cut -c1-400)" ;;
    esac
}
