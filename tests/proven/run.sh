#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Sealed images: a program of each kind patches itself by apply() and by apply_proven(); bytes, outcomes and later changes are
# equal. An image without a seal, or changed after it, is refused. (The kernels: tests/kernel.)
#   sh tests/proven/run.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/proven
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. tests/checks.sh
flags="-std=c++20 -O2 $warnings -Iinclude"

# shellcheck disable=SC2086 # a list
"$gcc" -std=c++20 -O1 $warnings -Iinclude $here/seal.cpp -lZydis -ldw -lelf -o "$work/seal" 2>"$work/log" || {
    cat "$work/log"
    exit 1
}

# program NAME COMPILER FLAG...: builds and seals it
program() {
    program=$1
    shift
    # shellcheck disable=SC2086 # a list
    works "$program: builds" "$@" $flags $here/program.cpp -o "$work/$program"
    cp "$work/$program" "$work/$program.plain"
    works "$program: is sealed" timeout 60 "$work/seal" "$work/$program"
}
same() { # NAME RUNNER...
    program=$1
    shift
    works "$program: apply_proven() does what apply() does" python3 $here/compare.py "$work/$program" "$@"
    tail -n 1 "$work/log"
}

program gcc "$gcc" -static -no-pie -fno-pie
program clang "$clang" -static -fno-pie
program pie "$gcc" -static-pie -fPIE -Os
program aarch64 aarch64-linux-gnu-g++ -static
program i686 i686-linux-gnu-g++ -static -no-pie -fno-pie
same gcc
same gcc qemu-x86_64 -cpu max
same clang
same pie
same aarch64 qemu-aarch64 -cpu max
same i686 qemu-i386 -cpu max

works "a damaged seal, table or site" /usr/bin/python3 $here/damage.py "$work/gcc"
tail -n 1 "$work/log"
program other "$gcc" -static -no-pie -fno-pie -Wl,-Ttext-segment=0x800000
works "a seal at another address" /usr/bin/python3 $here/damage.py --move "$work/gcc" "$work/other"
# shellcheck disable=SC2086 # a list
works "a program that changes keys, but never patches: builds" "$gcc" $flags -static -no-pie -fno-pie $here/unpatched.cpp -o "$work/unpatched"
works "no change of a damaged name" /usr/bin/python3 $here/damage.py --names "$work/unpatched"
tail -n 1 "$work/log"
"$work/gcc.plain" proven "" >"$work/log"
[ $? = 1 ] && grep -q "^patched: the image has no seal" "$work/log"
result $? "an image without a seal is refused"
"$work/seal" "$work/gcc.plain" >"$work/log" && cmp -s "$work/gcc" "$work/gcc.plain"
result $? "the seal of an image is always the same"
"$work/seal" "$work/gcc.plain" >"$work/log" && cmp -s "$work/gcc" "$work/gcc.plain"
result $? "a second seal changes nothing"

# Images that the tool does not seal, with its reason; the file stays as it is.
refused() { # REASON
    cp "$work/refused" "$work/before"
    "$work/seal" "$work/refused" >"$work/log"
    [ $? = 1 ] && grep -q "$1" "$work/log" && cmp -s "$work/refused" "$work/before"
    result $? "not sealed, because $1"
}
# shellcheck disable=SC2086 # a list
sed 's/apply_proven<32768>/apply_proven<4096>/' $here/program.cpp >"$work/small.cpp" &&
    "$gcc" $flags -static -no-pie -fno-pie "$work/small.cpp" -o "$work/refused"
refused "that takes [0-9]* bytes, and the image has room for 4096: write apply_proven<[0-9]*>"
sed 's/inlay::apply_proven<32768>(self)/inlay::apply(inlay::this_image(), self)/' $here/program.cpp >"$work/none.cpp" &&
    "$gcc" -std=c++20 -O2 -Iinclude -static -no-pie -fno-pie "$work/none.cpp" -o "$work/refused"
refused "it has no room for a seal"
# Text that begins with a site, or four or five bytes before it.
first_site() { # BEFORE
    # shellcheck disable=SC2086 # a list
    "$gcc" $flags -ffreestanding -fno-exceptions -fno-rtti -nostdlib -static -no-pie -fno-pie -Wl,-z,separate-code -DBEFORE="$1" \
        $here/first_site.S $here/first_site.cpp -o "$work/refused"
}
for each in 0 4; do
    first_site $each
    refused "the eight bytes before its end are not all text"
done
first_site 5
works "five bytes before a site of three are enough" "$work/seal" "$work/refused"
echo "proven: $passed passed, $failed failed"
[ $failed = 0 ]
