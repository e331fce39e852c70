#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Under gdb: breakpoints next to a site survive its change. A breakpoint on a site makes the change refuse. Backtraces
# through a patched call show the callers. sh tests/debugger/run.sh [compiler...] (default: a GCC and a Clang)
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/debugger
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -O2 -g $warnings -Iinclude"
passed=0
failed=0

# expect WHAT PATTERN: a line of the log (a basic regular expression)
expect() {
    if grep -q -- "$2" "$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: debugger: $compiler: $1: no line like: $2"
        shown=yes
    fi
}
debug() { # commands on standard input
    cat >"$work/commands"
    timeout 120 gdb -q -nx -batch -x "$work/commands" "$work/debugged" >"$work/log" 2>&1
    shown=
}
finish() { [ -z "$shown" ] || sed 's/^/    /' "$work/log" | tail -n 40; }

command -v gdb >/dev/null || {
    echo "debugger: gdb is not installed"
    exit 1
}
[ $# -gt 0 ] || set -- $gcc $clang
for compiler; do
    # shellcheck disable=SC2086
    "$compiler" $flags "$here/debugged.cpp" -o "$work/debugged" || {
        failed=$((failed + 1))
        continue
    }

    # Breakpoints on the instructions after the sites, and in the targets, set before the first change.
    debug <<'END'
set pagination off
set confirm off
break changed if step == 1
run
delete
python
def after(variable):
    at = int(gdb.parse_and_eval(variable))
    length = gdb.selected_frame().architecture().disassemble(at)[0]["length"]
    return "*%d" % (at + length)

class note(gdb.Breakpoint):
    def __init__(self, where, text):
        super().__init__(where)
        self.text = text
    def stop(self):
        names = []
        frame = gdb.newest_frame()
        while frame is not None:
            names.append(frame.name() or "?")
            frame = frame.older()
        print("HIT %s: %s" % (self.text, " < ".join(names)))
        return False

note(after("key_site"), "after the key")
note(after("call_site"), "after the call")
note("*&first_target", "first")
note("*&second_target", "second")
end
continue
END
    expect "apply()" "^applied: 0"
    expect "the first values" "^first: 20 1$"
    expect "changes beside breakpoints" "^changed: 0 0$"
    expect "the second values" "^second: 30 101$"
    expect "changes back" "^changed: no error / no error$"
    expect "the third values" "^third: 20 1$"
    expect "a backtrace through a patched call" "^HIT first: first_target < caller < main"
    expect "a backtrace through an updated call" "^HIT second: second_target < caller < main"
    expect "a breakpoint after the call" "^HIT after the call: caller < main"
    expect "a breakpoint after the key" "^HIT after the key: asker < main"
    [ "$(grep -c 'HIT after the call' "$work/log")" = 3 ] && [ "$(grep -c 'HIT first' "$work/log")" = 2 ] || {
        failed=$((failed + 1))
        echo "FAIL: debugger: $compiler: breakpoints were not hit as often as they were passed"
        shown=yes
    }
    expect "the end" "exited normally"
    finish

    # Breakpoints on the sites themselves: the change is refused, says so, and nothing is lost.
    debug <<'END'
set pagination off
set confirm off
break changed if step == 2
run
delete
eval "break *%lu", key_site
eval "break *%lu", call_site
python
for each in gdb.breakpoints():
    each.silent = True
    each.ignore_count = 100
end
continue
END
    expect "values with breakpoints on the sites" "^second: 30 101$"
    expect "both changes are refused" "^changed: the site holds bytes that inlay did not write.* / the site holds bytes"
    expect "and nothing changed" "^third: 30 101$"
    expect "the end" "exited normally"
    finish
done
echo "debugger: $passed passed, $failed failed"
[ $failed = 0 ]
