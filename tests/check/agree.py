#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""readelf and objdump against the checker, on every site of a program: the same sites, each from one instruction of
objdump's to another. A call goes to its trampoline, a key's site is a jump.   agree.py INLAY PROGRAM [PREFIX-]

The tables are read anew here: addresses from readelf, bytes from objdump -s. The checker's own reader has no part in
it."""
import re
import struct
import subprocess
import sys

inlay, program = sys.argv[1:3]
prefix = sys.argv[3] if len(sys.argv) > 3 else ""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


symbols = {}
for line in run(prefix + "readelf", "-sW", program).splitlines():
    words = line.split()
    if len(words) == 8 and words[6] != "UND" and re.fullmatch("[0-9a-f]+", words[1]):
        symbols[words[7]] = int(words[1], 16)


def memory(begin, end):
    text = run(prefix + "objdump", "-s", "--start-address=%#x" % begin, "--stop-address=%#x" % end, program)
    found = b"" # of the first section: sections that are not loaded come later, and have addresses from 0 on
    for line in text.splitlines():
        if re.match(r" [0-9a-f]+ ", line) and len(found) < end - begin:
            found += bytes.fromhex("".join(line.split("  ")[0].split()[1:]))
    assert len(found) == end - begin, (hex(begin), hex(end), len(found))
    return found


def table(name, width):
    """(address of a record, its words)"""
    begin, end = symbols.get("__start_" + name, 0), symbols.get("__stop_" + name, 0)
    data = memory(begin, end) if begin != end else b""
    for at in range(0, len(data), width):
        yield begin + at, struct.unpack("<%di" % (width // 4), data[at:at + width])


instructions = {}  # address: (length, text)
for line in run(prefix + "objdump", "-dw", "--insn-width=16", program).splitlines():
    found = re.match(r"\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)", line)
    if found:
        code = found.group(2).replace(" ", "")
        instructions[int(found.group(1), 16)] = (len(code) // 2, found.group(3))

names = {record: words for record, words in table("inlay_names", 16)}
expected = []  # (address, length, the text that objdump must show there)
groups = {}
for record, words in table("inlay_alternatives", 8):
    choice = record + 4 + words[1]
    site = record + words[0]
    groups[site] = max(groups.get(site, 0), memory(choice, choice + 20)[16])
for site, length in groups.items():
    expected.append((site, length, None))
arm = prefix.startswith("aarch64")
for record, words in table("inlay_keys", 12):
    expected.append((record + words[0], 4 if arm else 5, "b" if arm else "jmp"))
for record, words in table("inlay_calls", 8):
    callee = record + 4 + words[1]
    trampoline = callee + 4 + struct.unpack("<i", memory(callee + 4, callee + 8))[0] if callee not in names else \
        callee + 12 + names[callee][3]
    at = record + words[0]
    while at in instructions and not re.search(r"\b(call|jmp|bl|b|j[a-z]+)\s+%x\b" % trampoline, instructions[at][1]):
        at += instructions[at][0]
    length = instructions[at][0] if at in instructions else 0
    expected.append((at, length, "%x" % trampoline) if length else (record + words[0], 0, None))

bad = []
said = []
for line in run(inlay, "check", "--list", program).splitlines()[:-1]:
    words = line.split()
    said.append((int(words[0], 16), int(words[1])))
# In f(f(x)) two markers share the first call in this simple search; the checker gives each its own. So calls are compared
# as a set of instructions.
if not set((at, length) for at, length, _ in expected) <= set(said) or len(said) != len(expected):
    bad.append("the sites differ: %s" % sorted(set((at, length) for at, length, _ in expected) ^ set(said))[:5])
for at, length, shown in expected:
    if at not in instructions:
        bad.append("objdump has no instruction at %#x" % at)
    elif length and at + length not in instructions and not any(a + n == at + length for a, (n, _) in instructions.items()):
        bad.append("objdump has no instruction that ends at %#x" % (at + length))
    elif shown and shown not in instructions[at][1]:
        bad.append("objdump shows '%s' at %#x, and no %s" % (instructions[at][1], at, shown))
if bad or len(expected) < 10:
    print("FAIL: %s: %s" % (program, "; ".join(bad) or "only %d sites" % len(expected)))
    sys.exit(1)
print("%d sites of %s as readelf and objdump have them" % (len(expected), program))
