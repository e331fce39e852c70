#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Compiles each wrong use in cases.cpp with each compiler given, and compares the message.
#   sh tests/negative/run.sh [COMPILER...]          (default: a GCC and a Clang; INLAY_MATRIX=full: the oldest Clang, too)
# A case is a block "// CASE name". The next lines are "// EXPECT text"; each text must appear in the compiler's output.
# A text is one line, of any length. The rest is C++, a case's own #include lines as well. A case named right_... has no
# EXPECT and must compile.
#   INLAY_NEGATIVE=FILE   the cases of this file instead
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/negative
eval "$(sh tools/compilers shell)"
include=include
cases=${INLAY_NEGATIVE:-$here/cases.cpp}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0

# Cuts the file, and names lines that are no case.
awk -v dir="$work" '
    function wrong(what) { printf "FAIL: cases, line %d: %s\n    %s\n", NR, what, $0; bad = 1 }
    function finish() {
        if (name == "") { return }
        if (name ~ /^right_/ && expected) { wrong("the right use " name " has an EXPECT") }
        if (name !~ /^right_/ && !expected) { wrong(name " (above) has no EXPECT") }
        if (!lines) { wrong(name " (above) has no code") }
    }
    /CASE/ && !/^\/\/ CASE [a-z0-9_]+$/ { wrong("CASE stands elsewhere than in \"// CASE name\"") }
    /EXPECT/ && !/^\/\/ EXPECT [^ ]/ { wrong("EXPECT stands elsewhere than in \"// EXPECT text\"") }
    /^\/\/ CASE / {
        finish()
        name = $3
        expected = lines = 0
        if (name in body) { wrong("a second case of this name") }
        body[name] = ""
        order[++n] = name
        beneath = 1 # CASE or EXPECT
        next
    }
    name == "" { prologue = prologue $0 "\n"; if (/^\/\/ EXPECT/) { wrong("an EXPECT of no case") } next }
    /^\/\/ EXPECT / {
        if (!beneath) { wrong("an EXPECT is not right beneath its CASE") }
        ++expected
        texts = gsub(/EXPECT/, "&")
        if (texts > 1) { wrong("two EXPECTs in one line") }
        sub(/^\/\/ EXPECT /, "")
        print > (dir "/" name ".expect")
        next
    }
    {
        if (beneath && /^[ \t]*\/\//) { wrong("a comment goes on where an EXPECT is one line") }
        beneath = 0
        if (/[^ \t]/ && !/^[ \t]*\/\//) { ++lines }
        body[name] = body[name] $0 "\n"
    }
    END {
        finish()
        for (i = 1; i <= n; ++i) { f = dir "/" order[i] ".cpp"; printf "%s%s", prologue, body[order[i]] > f; close(f) }
        exit bad
    }
' "$cases" || exit 1

there=$(grep -c 'CASE' "$cases")
texts=$(grep -o 'EXPECT' "$cases" | wc -l)
controls=$(grep -c '^// CASE right_' "$cases")
cut=$(find "$work" -name '*.cpp' | wc -l)
kept=$(cat "$work"/*.expect | wc -l)
if [ "$cut" != "$there" ] || [ "$kept" != "$texts" ] || [ "$controls" = 0 ] || [ "$there" -le "$controls" ]; then
    echo "FAIL: $there cases with $texts texts are written, $cut with $kept were cut out, $controls of them right uses"
    exit 1
fi
if [ $# = 0 ]; then
    oldest=
    [ "${INLAY_MATRIX:-}" != full ] || oldest=$clang_oldest
    # shellcheck disable=SC2046,SC2086 # a compiler each
    set -- $(printf '%s\n' "$gcc" $oldest "$clang" | awk '!seen[$0]++')
fi

for compiler in "$@"; do
    before=$((passed + failed))
    echo "negative: $compiler ..."
    # All are compiled first, two at a time; one that is refused leaves no object.
    rm -f "$work"/*.o
    # shellcheck disable=SC2016 # the inner shell's
    find "$work" -name '*.cpp' -print0 | xargs -0 -P 2 -I '{}' sh -c \
        'one=${3%.cpp}; "$1" -std=c++20 -O1 -I"$2" -c "$3" -o "$one.o" >"$one.log" 2>&1 || rm -f "$one.o"' negative "$compiler" "$include" '{}'
    for source in "$work"/*.cpp; do
        name=$(basename "$source" .cpp)
        expect=$work/$name.expect
        log=$work/$name.log
        if [ -f "$work/$name.o" ]; then compiled=yes; else compiled=no; fi
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
    ran=$((passed + failed - before))
    if [ $ran != "$there" ]; then
        failed=$((failed + 1))
        echo "FAIL: $compiler ran $ran cases of $there"
    fi
done
echo "negative: $there cases ($controls right), $texts texts, $# compilers: $passed passed, $failed failed"
[ $failed = 0 ] && [ $passed = $((there * $#)) ]
