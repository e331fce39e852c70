#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Who may know whom among the headers (rooms.txt), and that a header which breaks a rule is found.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. tests/checks.sh
python3 tests/architecture/rooms.py >"$work/said"
result $? "$(cat "$work/said")"

# found WHAT FILE LINE SENTENCE: with the line in that header, the check says the sentence
found() {
    rm -rf "$work/include"
    cp -r include/inlay "$work/include"
    printf '%s\n' "$3" >>"$work/include/$2"
    ! python3 tests/architecture/rooms.py "$work/include" >"$work/said" && grep -qxF "FAIL: $4" "$work/said"
    result $? "$1 is not found: $(cat "$work/said")"
}
found "an include that goes up" table.hpp '#include "inlay/apply.hpp"' \
    "table.hpp includes apply.hpp: table may not know apply"
found "a cycle in a room" sort.hpp '#include "inlay/sort.hpp"' "a cycle: sort.hpp > sort.hpp"
found "one architecture in the other" arch/x86/insn.hpp '#include "inlay/arch/aarch64/insn.hpp"' \
    "arch/x86/insn.hpp includes arch/aarch64/insn.hpp: x86 may not know aarch64"
found "a header without a room" nowhere.hpp '#pragma once' "nowhere.hpp: it is in no room of rooms.txt"
found "more than an include at an old path" arch/x86/pv.hpp '#include "inlay/apply.hpp"' \
    "arch/x86/pv.hpp includes apply.hpp: x86 may not know apply"
found "assembly" poke.hpp 'inline void f() { asm volatile("nop"); }' "poke.hpp: inline assembly belongs below arch/ or emit/"
found "an inline statement" poke.hpp 'inline void f() { asm inline volatile("nop"); }' "poke.hpp: inline assembly belongs below arch/ or emit/"
found "a macro" poke.hpp '#define POKE 1' "poke.hpp: macros belong below arch/ or emit/"
echo "architecture: $passed passed, $failed failed: $(tail -n 1 "$work/said" | sed 's/.*: //')"
[ $failed = 0 ]
