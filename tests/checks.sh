# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh
# For scripts of tests (". tests/checks.sh"): counts checks. The log of the last command is $work/log.

passed=0
failed=0
# result STATUS WHAT: names a failed check, and prints the end of the log
result() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $2"
        [ ! -f "$work/log" ] || tail -n 25 "$work/log"
    fi
}
# works NAME COMMAND...
works() {
    name=$1
    shift
    "$@" >"$work/log" 2>&1
    result $? "$name: $*"
}
