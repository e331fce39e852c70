#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
# inlay runs some code before it has asked the processor: the functions of inlay::detail::baseline and their callees,
# when an image comes, forks or goes. This script checks that each instruction of this code exists on every x86-64.
#    baseline.py PROGRAM
import re
import subprocess
import sys

# VEX and EVEX; BMI, LZCNT, POPCNT, MOVBE, ADX; SSE3 to SSE4.2; APX, which an older objdump does not know.
FOREIGN = re.compile(
    r"^(?!ver[rw]$)v[a-z0-9]+$|^(andn|bextr|bls(i|msk|r)|bzhi|mulx|pdep|pext|rorx|s[ahr]lx|sarx|shrx|[tl]zcnt|popcnt"
    r"|movbe|ad[co]x|k(mov|or|and|xor)[a-z]*|crc32[a-z]?|ptest|p(ins|ext)r[bdq]|pshufb|palignr|pblend[a-z]*|pabs[bwd]"
    r"|pm(ax|in)(s[bd]|u[wd])|pm(ov[sz]x[a-z]*|ulld|uldq)|pcmp(eqq|gtq|[ei]str[im])|(haddp|hsubp|addsubp|roundp?s?)[sd]"
    r"|lddqu|movddup|movs[hl]dup|blendv?p[sd]|phadd[a-z]*|movdir[a-z0-9]*|pushp|popp|push2p?|pop2p?|c(cmp|test)[a-z]+|cfcmov[a-z]+|\(bad\)|\{(evex|rex2|nf)\})$")
APX_REGISTER = re.compile(r"%r(1[6-9]|2[0-9]|3[01])[bwd]?\b")
BASELINE = re.compile(r"_ZZ*N5inlay6detail8baseline")
ENTRIES = ("join_at_load", "leave", "before_fork", "after_fork_in_parent", "after_fork_in_child")

program = sys.argv[1]
text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True, capture_output=True, text=True).stdout
starts, bodies = {}, {}
for line in text.splitlines():
    if head := re.match(r"([0-9a-f]+) <(.*)>:$", line):
        name = f"{head[2]} at {head[1]}"
        starts[int(head[1], 16)] = name
        bodies[name] = []
    elif found := re.match(r" *[0-9a-f]+:\t(.*)", line):
        bodies[name].append(found[1])

todo = [name for name in bodies if re.match(rf"{BASELINE.pattern}[0-9]+({'|'.join(ENTRIES)})Ev", name)]
if len(todo) < len(ENTRIES):
    sys.exit(f"some of {ENTRIES} are missing: {todo}")
others = [name for name in bodies if BASELINE.match(name)]
seen, wrong = set(), []


def look_at(name):
    """Notes foreign instructions; the functions of inlay that this one calls, jumps to, or has the address of."""
    seen.add(name)
    for instruction in bodies[name]:
        words = [word for word in instruction.split() if word not in ("rep", "repz", "lock", "notrack", "bnd", "data16")]
        if words and (FOREIGN.match(words[0]) or APX_REGISTER.search(instruction)):
            wrong.append(f"{name}: {instruction}")
        for number in re.findall(r"(?:0x|\b)([0-9a-f]{6,})\b", instruction):
            target = starts.get(int(number, 16))
            if target is not None and "5inlay" in target:
                yield target


while todo:
    if (name := todo.pop()) not in seen:
        todo.extend(look_at(name))
for name in others:
    if name not in seen:
        list(look_at(name)) # a template may call its user's functions
for each in wrong[:3]:
    print(each)
sys.exit(1 if wrong else 0)
