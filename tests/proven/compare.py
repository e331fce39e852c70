#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""compare: a sealed program, patched by apply() and by apply_proven(): the bytes, the outcome and all later changes are equal.

    compare.py PROGRAM [RUNNER...]        PROGRAM is sealed; RUNNER: an emulator, with its options
"""
import itertools
import re
import subprocess
import sys

program, runner = sys.argv[1], sys.argv[2:]
failed = runs = 0
texts = set()

HAND = ["", "+app.a", "+app.b", "+app.a,+app.b", "-app.probed,+app.b"]
FORCED = ["", "+avx2,+avx512f", "-sse2", "+xsaveopt", "-smap,-rdpid,-xsaveopt", "+avx_vnni", "+la57,+amx_tile"]
STATES = ["", "key", "way=0", "way=3", "way=39", "way=17 key", "clock", "clock=none", "clock=zero", "op=other", "op=none",
          "fixed", "fixed key clock op=other", "refuse=0", "refuse=5", "refuse=17 key", "refuse=29", "refuse=33 op=none"]
BROKEN = ["breakpoint=calls", "breakpoint=keys", "breakpoint=alternatives"]


def run(how, features, words):
    done = subprocess.run([*runner, program, how, features, *words.split()], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def compare(features, words):
    global failed, runs
    runs += 1
    expected, found = run("apply", features, words), run("proven", features, words)
    texts.add(expected[1])
    if "refuse" in words and expected[0] == found[0] == 1:
        # apply() leaves keys in a form that is right while the value stays; apply_proven() puts all of the text back.
        said = [re.sub(r" found \d+", "", each[1].split("\n")[0]) for each in (expected, found)]
        equal = said[0] == said[1] and "\ntext\nvalues" in found[1]
    else:
        equal = expected == found
    if not equal:
        failed += 1
        print(f"FAIL: proven: {program} {features!r} {words}: apply() says\n    " + expected[1].split("\n")[0] + expected[2])
        print("and apply_proven()\n    " + found[1].split("\n")[0] + found[2])
        different = [(a, b) for a, b in zip(expected[1].split("\n"), found[1].split("\n")) if a != b]
        print("\n".join(f"    {a} | {b}" for a, b in different[:12]))
    

def joined(*parts):
    return ",".join(each for each in parts if each)


for hand, words in itertools.product(HAND, STATES):
    compare(hand, words)
for hand, forced in itertools.product(HAND, FORCED):
    if runner == [] or "x86_64" in runner[0] or "i386" in runner[0]:
        compare(joined(hand, forced), "")
for words in BROKEN: # nothing changes
    for how in "apply", "proven":
        status, said, _ = run(how, "", words)
        runs += 1
        if status != 1 or not said.endswith("\ntext\n") or "site holds bytes that inlay did not write; record" not in said.replace(": a debugger's breakpoint, or another patcher's", ""):
            failed += 1
            print(f"FAIL: proven: {program} {words}, {how}: {said[:300]}")
if len(texts) < 20:
    failed += 1
    print(f"FAIL: proven: {program}: only {len(texts)} different results")
print(f"proven: {program}: {runs} runs, {len(texts)} different results, {failed} failed")
sys.exit(failed != 0)
