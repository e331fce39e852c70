#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# inlay orc and inlay/unwind.hpp: every instruction of every form is stepped, and the callers that the table finds are compared
# with the truth. sh tests/orc/run.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/orc
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. tests/checks.sh
quiet="-std=c++20 $warnings -Iinclude"
# shellcheck source=tests/inlay_tool.sh
. tests/inlay_tool.sh
# shellcheck disable=SC2086
$gcc $quiet -O1 "$here/oracle.cpp" -o "$work/oracle" -ldw -lelf -lZydis || exit 1
# stepped ARCHITECTURE COMPILER OPTION...: every caller is the truth; and with a wrong table, the oracle says so
stepped() {
    architecture=$1
    shift
    "$@" -std=c++20 -g -Iinclude "$here/subject.cpp" "$here/sites/$architecture.S" -o "$work/subject" >"$work/log" 2>&1 &&
        "$inlay" orc "$work/subject" >>"$work/log" 2>&1 && timeout 200 "$work/oracle" "$work/subject" >>"$work/log" 2>&1
    result $? "$architecture: $*"
    said=$(grep '^orc:' "$work/log")
}
notices() {
    python3 "$here/damage.py" "$work/subject"
    timeout 200 "$work/oracle" "$work/subject" >"$work/log" 2>&1
    [ $? = 1 ] && grep -q '^orc: .* callers compared, [1-9][0-9]* wrong' "$work/log"
    result $? "$architecture: a wrong table passes"
}
for compiler in "$gcc" "$clang"; do
    for options in "-O2 -fomit-frame-pointer" "-O2 -fno-omit-frame-pointer" "-O0" "-Os -fcf-protection=full" "-O2 -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions"; do
        # shellcheck disable=SC2086
        stepped x86_64 $compiler -fno-pie -no-pie $options
    done
done
echo "$said (x86-64)"
notices
for options in "-O2 -fomit-frame-pointer" "-O2 -fno-omit-frame-pointer" "-O0"; do
    # shellcheck disable=SC2086
    stepped i386 i686-linux-gnu-g++ -static -fno-pie -no-pie -DENTRIES=40000 $options
done
echo "$said (i386)"
notices
for options in "-O2 -fomit-frame-pointer" "-O0"; do
    # shellcheck disable=SC2086
    stepped aarch64 aarch64-linux-gnu-g++ -fno-pie -no-pie $options
done
echo "$said (AArch64)"
stepped aarch64 aarch64-linux-gnu-g++ -fno-pie -no-pie -O2 -mbranch-protection=standard
timeout 200 "$work/oracle" "$work/subject" signed >"$work/log" 2>&1 # without strip(), the walk ends, and no address is wrong
[ $? = 1 ] && grep -q 'found: nothing; ' "$work/log" && ! grep -q 'found:  ' "$work/log"
result $? "signed return addresses that cannot be read"
notices

# Forms that no table can describe are refused, and the file stays as it is.
# shellcheck disable=SC2086
$gcc $quiet -O1 -fno-pie -c tests/unwind/program.cpp -o "$work/program.o" || exit 1
aarch64-linux-gnu-g++ $quiet -O1 -c tests/unwind/program.cpp -o "$work/program_aarch64.o" || exit 1
for source in "$here/call_conflict.S" "$here/hidden_frame_pointer.S" "$here/lost_link_aarch64.S"; do
    case $source in
    *aarch64*) aarch64-linux-gnu-g++ -Iinclude -no-pie "$source" "$work/program_aarch64.o" -o "$work/refused" ;;
    *) $gcc -Iinclude -no-pie "$source" "$work/program.o" -o "$work/refused" ;;
    esac && cp "$work/refused" "$work/before"
    "$inlay" orc "$work/refused" >"$work/log" 2>&1
    [ $? = 1 ] && grep -qF -- "$(sed -n 's|^/\* expect: \(.*\) \*/$|\1|p' "$source")" "$work/log" && cmp "$work/refused" "$work/before"
    result $? "$source"
done
$gcc -Iinclude -no-pie tests/unwind/x86_64/first_series.S "$work/program.o" -o "$work/refused"
"$inlay" orc "$work/refused" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'it has no section inlay_unwind with room for the table: see inlay/unwind.hpp$' "$work/log"
result $? "a file without room"
$gcc -std=c++20 -fno-pie -no-pie -O2 -Iinclude "$here/subject.cpp" "$here/sites/x86_64.S" -o "$work/subject"
objcopy -R .eh_frame -R .eh_frame_hdr "$work/subject" "$work/refused"
"$inlay" orc "$work/refused" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'it has no unwind information, neither .eh_frame nor .debug_frame: compile it with -g$' "$work/log"
result $? "a file without unwind information"
$gcc -std=c++20 -fno-pie -no-pie -DENTRIES=40 -Iinclude "$here/subject.cpp" "$here/sites/x86_64.S" -o "$work/refused"
"$inlay" orc "$work/refused" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'its section inlay_unwind has room for 40 entries, and the table has [0-9]*$' "$work/log"
result $? "a file with too little room"
# Kernels without frame pointers: the dump's callers, through a patched call. AArch64 with INLAY_SOAK=1.
callers() { # COMPILER EXPECTED QEMU...: names of functions, one after another
    compiler=$1
    expected=$2
    shift 2
    works "configure a kernel by $compiler" cmake --fresh -S examples/kernel -B "$work/kernel" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DKERNEL_INLAY="$inlay"
    works "build a kernel by $compiler" cmake --build "$work/kernel"
    timeout 100 "$@" -kernel "$work/kernel/kernel.elf" -append crash -nodefaults -display none -no-reboot -serial stdio >"$work/log" 2>&1 </dev/null &
    machine=$!
    for _ in $(seq 90); do
        if grep -q '^EXIT' "$work/log"; then break; fi
        sleep 1
    done
    kill $machine 2>/dev/null
    # The first address is the trapped instruction; the others lie after calls.
    addresses=$(tr -d '\r' <"$work/log" | sed -n 's/^  \([0-9a-f]\{16\}\)$/\1/p')
    # shellcheck disable=SC2086 # words
    names=$(python3 -c 'import sys; print(" ".join("%x" % (int(each, 16) - (i > 0)) for i, each in enumerate(sys.argv[1:])))' $addresses |
        xargs addr2line -ife "$work/kernel/kernel.elf" | sed -n 'p;n' | tr '\n' ' ')
    echo "callers: $names" >>"$work/log"
    # shellcheck disable=SC2254 # a pattern
    case $names in $expected) result 0 ;; *) result 1 "the dump of a kernel by $compiler shows its callers" ;; esac
}
callers "$gcc" "*crash_inside* crash *kernel_main* native_main *" qemu-system-x86_64 -M pc -cpu max -m 256
if [ "${INLAY_SOAK:-}" = 1 ]; then
    callers aarch64-linux-gnu-g++ "*crash_inside* *5crash* *boot_main* start *" qemu-system-aarch64 -M virt,gic-version=3 -cpu max -m 256
fi
echo "orc: $passed passed, $failed failed"
[ "$failed" = 0 ]
