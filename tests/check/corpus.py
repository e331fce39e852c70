#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Objects that are wrong in one point each, and their corrected twins (-DFIXED). The checker prints exactly the
expected findings for the first, and proves the second.   tests/check/corpus.py INLAY [SOURCE...]

Each is checked as a program and as an object (`-c`), unless the source says `object: no`.

In a source: `expect: TEXT` is a finding's first line after the place; `flags:`, `check:` are more arguments; `machine:`
is aarch64 or i386; `status: 0` is of notes and warnings. `// here` marks the line that must be named."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
compilers = {
    "x86_64": ["gcc"],
    "i386": ["i686-linux-gnu-gcc"],
    "aarch64": ["aarch64-linux-gnu-gcc"],
}


def notes(text, word):
    return re.findall(r"/\* %s: (.*?) \*/" % word, text)


def build(source, text, output, fixed, linked):
    machine = (notes(text, "machine") or ["x86_64"])[0]
    command = compilers[machine] + ([] if linked else ["-c"]) + ["-nostdlib", "-static", "-no-pie", "-g", "-Wl,--build-id=none,-z,noexecstack",
                                    "-Wl,--no-warn-rwx-segments", "-I", here, source, "-o", output]
    command += " ".join(notes(text, "flags")).split() + (["-DFIXED"] if fixed else [])
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""


def check(inlay, text, program):
    options = " ".join(notes(text, "check")).split()
    return subprocess.run([inlay, "check", *options, program], capture_output=True, text=True, timeout=60)


def faults(inlay, source, folder):
    """The faults of the checker's answers about one source."""
    text = open(source).read()
    expected = notes(text, "expect")
    program = os.path.join(folder, "program")
    kinds = [(True, False), (True, True)] + ([] if notes(text, "object") else [(False, False), (False, True)])
    for linked, fixed in kinds:
        trouble = build(source, text, program, fixed, linked)
        if trouble:
            return "it cannot be built%s: %s" % (" with -DFIXED" if fixed else "", trouble)
        if linked and not fixed and "INLAY_KEEP" in os.environ:
            shutil.copy(program, os.path.join(os.environ["INLAY_KEEP"], os.path.basename(source)))
        done = check(inlay, text, program)
        said = [line for line in done.stderr.splitlines() if not line.startswith("    ")]
        if fixed and (done.returncode != 0 or said):
            return "the twin is refused%s: %s" % ("" if linked else " as an object", done.stdout + done.stderr)
        if fixed:
            continue
        if done.returncode != int((notes(text, "status") or ["1"])[0]):
            return "status %d: %s" % (done.returncode, done.stdout + done.stderr)
        lines = [number for number, line in enumerate(text.splitlines(), 1) if "// here" in line]
        place = "%s:%d: " % (os.path.relpath(source), lines[0]) if lines else ""
        if [line[-len(want):] for line, want in zip(said, expected)] != expected or len(said) != len(expected):
            return "it says:\n  %s\nin place of:\n  %s" % ("\n  ".join(said), "\n  ".join(expected))
        if place and not any(line.startswith(place) for line in said):
            return "no line begins with %s:\n  %s" % (place, "\n  ".join(said))
    return ""


def main():
    inlay = sys.argv[1]
    sources = sys.argv[2:] or sorted(os.path.join(here, "corpus", name) for name in os.listdir(os.path.join(here, "corpus")))
    bad = 0
    rules = set()
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            rules.update(re.findall(r"\[([a-z]+)\]", " ".join(notes(open(source).read(), "expect"))))
            trouble = faults(inlay, source, folder)
            if trouble:
                bad += 1
                print("FAIL: %s: %s" % (os.path.basename(source), trouble))
    print("%d passed, %d failed: wrong objects and their twins, of %d rules" % (len(sources) - bad, bad, len(rules)))
    return 1 if bad else 0


sys.exit(main())
