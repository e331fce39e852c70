# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh
# For other scripts (". tools/progress.sh"): a long command says each 10 seconds that it is alive.

# watched WHAT LOG COMMAND...: the command's output goes to LOG; its status is the result
watched() {
    watched_what=$1 watched_log=$2
    shift 2
    : >"$watched_log"
    (
        # Short sleeps, since the last one outlives this loop; no sleep holds the output of the whole script.
        seconds=0
        while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
            seconds=$((seconds + 1))
            [ $((seconds % ${INLAY_PROGRESS:-10})) != 0 ] ||
                echo "      $watched_what: $seconds s  $(tail -n 1 "$watched_log" 2>/dev/null | tr -d '\000-\010\013-\037' | cut -c1-96)"
        done
    ) &
    watched_by=$!
    ("$@") >"$watched_log" 2>&1 </dev/null # a function's variables are its own
    watched_status=$?
    kill $watched_by 2>/dev/null
    wait $watched_by 2>/dev/null
    return $watched_status
}
