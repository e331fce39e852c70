#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
#
# 11. Mistakes that the compiler finds.
#
# What. Programs that are wrong on purpose, and the compiler's error for each.
#
# Why. A wrong patch crashes later, on another machine. So the library reports every mistake that it can find while
# compiling, in words about your program and not about the library's templates.
#
# How it works underneath. Machine code is a value that the compiler computes with: the begin of each instruction, its
# pushes, its symbols. So static_assert can compare the forms of a site, byte by byte.
#
#   sh examples/tour/11_wrong_uses.sh [compiler]          (default: $CXX, else c++)
set -u
here=$(cd "$(dirname "$0")" && pwd)
compiler=${1:-${CXX:-c++}}
bold='' plain='' dim=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "${bold}11. Mistakes that the compiler finds"
echo "====================================$plain"
cat <<'END'
Each of these programs is wrong in the line shown, and each is compiled now. Below the line stands the
library's sentence, cut out of the compiler's longer message.

END

status=0
for source in "$here"/wrong/*.cpp; do
    name=examples/tour/wrong/$(basename "$source")
    sed -n "s|^\(.*[^ ]\) *// wrong\$|    \1|p" "$source"
    # $compiler unquoted: it may be "ccache g++"
    if $compiler -std=c++20 -O1 -I"$here/../../include" -c "$source" -o /dev/null >"$log" 2>&1; then
        echo "        $name compiled, but it is wrong"
        status=1
        continue
    fi
    # GCC: "error: static assertion failed: inlay: ..."; Clang 14 puts the sentence in quotes.
    said=$(sed -n 's/.*error:.*\(inlay: .*\)/\1/p' "$log" | sed 's/"$//' | head -n 1)
    if [ -z "$said" ]; then
        echo "        $name was refused, but not by inlay:"
        head -n 3 "$log"
        status=1
    fi
    echo "$said" | fold -s -w 96 | sed "s|^|        |; s| *\$||"
    echo "$dim        ($name)$plain"
    echo
done
echo "${dim}Next: a table of functions that a hypervisor may replace.$plain"
exit $status
