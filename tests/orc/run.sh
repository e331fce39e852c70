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
. tests/checks.sh
quiet="-std=c++20 $warnings -Iinclude"
. tests/inlay_tool.sh
# shellcheck disable=SC2086
$gcc $quiet -O1 "$here/oracle.cpp" -o "$work/oracle" -ldw -lelf -lZydis || exit 1
for compiler in "$gcc" "$clang"; do
    for options in "-O2 -fomit-frame-pointer" "-O2 -fno-omit-frame-pointer" "-O0" "-Os -fcf-protection=full" "-O2 -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions -g"; do
        # shellcheck disable=SC2086
        $compiler -std=c++20 -g -fno-pie -no-pie $options -Iinclude "$here/subject.cpp" "$here/sites.S" -o "$work/subject" &&
            "$inlay" orc "$work/subject" >"$work/log" 2>&1 && timeout 100 "$work/oracle" "$work/subject" >>"$work/log" 2>&1
        result $? "$compiler $options"
    done
done
grep '^orc:' "$work/log"

# Forms that no table can describe are refused, and the file stays as it is.
# shellcheck disable=SC2086
$gcc $quiet -O1 -fno-pie -c tests/unwind/program.cpp -o "$work/program.o" || exit 1
for source in "$here/call_conflict.S" "$here/hidden_frame_pointer.S"; do
    $gcc -Iinclude -no-pie "$source" "$work/program.o" -o "$work/refused" && cp "$work/refused" "$work/before"
    "$inlay" orc "$work/refused" >"$work/log" 2>&1
    [ $? = 1 ] && grep -qF -- "$(sed -n 's|^/\* expect: \(.*\) \*/$|\1|p' "$source")" "$work/log" && cmp "$work/refused" "$work/before"
    result $? "$source"
done
$gcc -Iinclude -no-pie tests/unwind/x86_64/first_series.S "$work/program.o" -o "$work/refused"
"$inlay" orc "$work/refused" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'it has no section inlay_unwind with room for the table: see inlay/unwind.hpp$' "$work/log"
result $? "a file without room"
$gcc -std=c++20 -fno-pie -no-pie -O2 -Iinclude "$here/subject.cpp" "$here/sites.S" -o "$work/subject"
objcopy -R .eh_frame -R .eh_frame_hdr "$work/subject" "$work/refused"
"$inlay" orc "$work/refused" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'it has no unwind information, neither .eh_frame nor .debug_frame: compile it with -g$' "$work/log"
result $? "a file without unwind information"
sed 's/space<4000>/space<40>/' "$here/subject.cpp" >"$work/small.cpp"
$gcc -std=c++20 -fno-pie -no-pie -Iinclude "$work/small.cpp" "$here/sites.S" -o "$work/refused"
"$inlay" orc "$work/refused" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'its section inlay_unwind has room for 40 entries, and the table has [0-9]*$' "$work/log"
result $? "a file with too little room"
echo "orc: $passed passed, $failed failed"
[ "$failed" = 0 ]
