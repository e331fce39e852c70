#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Compiles each wrong use in cases.cpp with each compiler given, and compares the message.
# A case is a block "// CASE name" ... ; its first "// EXPECT text" lines must all appear in the compiler's output.
#   sh tests/negative/run.sh g++ clang++-19
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0

awk -v dir="$work" '
    /^\/\/ CASE / { name = $3; file = dir "/" name ".cpp"; printf "" > file; order[++n] = name; next }
    name == ""    { prologue = prologue $0 "\n"; next }
    /^\/\/ EXPECT / { sub(/^\/\/ EXPECT /, ""); print > (dir "/" name ".expect"); next }
    { body[name] = body[name] $0 "\n" }
    END { for (i = 1; i <= n; ++i) { f = dir "/" order[i] ".cpp"; printf "%s%s", prologue, body[order[i]] > f } }
' "$here/cases.cpp"

for compiler in "$@"; do
    for source in "$work"/*.cpp; do
        name=$(basename "$source" .cpp)
        expect=$work/$name.expect
        log=$work/$name.log
        if "$compiler" -std=c++20 -O1 -I"$include" -c "$source" -o "$work/out.o" >"$log" 2>&1; then
            compiled=yes
        else
            compiled=no
        fi
        if [ ! -f "$expect" ]; then # the control: the right use must compile
            if [ $compiled = yes ]; then passed=$((passed + 1)); else
                failed=$((failed + 1))
                echo "FAIL: $compiler $name: the right use does not compile"
                head -n 10 "$log"
            fi
            continue
        fi
        if [ $compiled = yes ]; then
            failed=$((failed + 1))
            echo "FAIL: $compiler $name: compiled, but is wrong"
            continue
        fi
        missing=$(while IFS= read -r line; do grep -qF -- "$line" "$log" || echo "$line"; done <"$expect")
        if [ -z "$missing" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL: $compiler $name: the message lacks: $missing"
            grep -E "error|inlay:" "$log" | head -n 5 | cut -c1-300
        fi
    done
done
echo "negative: $passed passed, $failed failed"
[ $failed = 0 ]
