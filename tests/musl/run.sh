#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Programs with musl in place of glibc: dynamic with a plugin, position-dependent, static.   sh tests/musl/run.sh
#
# Debian has musl and no C++ library for it. inlay needs only headers of libstdc++. So the script searches libstdc++'s
# folders before musl's, and links only libgcc. Exceptions are off: a noexcept function would need __gxx_personality_v0.
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/musl
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

command -v musl-gcc >/dev/null || {
    echo "musl: musl-gcc is not installed (Debian: musl-tools)"
    exit 1
}
# The kernel's headers, without glibc's beside them.
mkdir "$work/kernel"
ln -s /usr/include/linux /usr/include/asm-generic "/usr/include/$($gcc -print-multiarch)/asm" "$work/kernel"
version=$($gcc -dumpversion | cut -d. -f1)
flags="-std=c++20 $warnings -fno-exceptions -fno-rtti -nostdinc -nostdinc++"
for each in "/usr/include/c++/$version" "/usr/include/$($gcc -print-multiarch)/c++/$version" \
    "/usr/include/$($gcc -print-multiarch | sed 's/gnu/musl/')" "$($gcc -print-file-name=include)" "$work/kernel"; do
    flags="$flags -isystem $each"
done
# libstdc++ asks it of glibc without looking whether it is glibc.
flags="$flags -D__GLIBC_PREREQ(major,minor)=0 -Iinclude"

# one COMPILER COMPILE-OPTIONS LINK-OPTIONS [plugin]
one() {
    what="$1 $2 $3"
    if (
        # shellcheck disable=SC2086
        $1 $flags $2 -c "$here/main.cpp" -o "$work/main.o" && musl-gcc "$work/main.o" $3 -o "$work/program" || exit 1
        [ -n "${4:-}" ] || exec timeout 120 "$work/program"
        # shellcheck disable=SC2086
        $1 $flags $2 -fPIC -c "$here/plugin.cpp" -o "$work/plugin.o" &&
            musl-gcc -shared "$work/plugin.o" -o "$work/plugin.so" && timeout 120 "$work/program" "$work/plugin.so"
    ) >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: musl: $what"
        sed 's/^/    /' "$work/log" | head -n 20
    fi
}

for compiler in $gcc $clang; do
    one $compiler "-O2 -fPIE" -pie plugin
    one $compiler "-O2 -fno-pie" -no-pie
    one $compiler "-O2 -fno-pie" -static
done
echo "musl: $passed passed, $failed failed"
[ $failed = 0 ]
