#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Sources that break a code rule, and their corrected twins (-DFIXED), for each machine by GCC or Clang, in turns; with
INLAY_MATRIX=full by both. `inlay check` prints exactly the expected finding for the first, and proves the second. Each as
a program, and as an object.

    tests/check/code_rules.py INLAY GCC CLANG [SOURCE...]

In a source: `machines: x86_64 i386 aarch64`; `expect: TEXT` is the finding's first line after the place. In it, REACHED
stands for any instruction, ORDER for the machine's barrier of stores, 0xAT for an offset. `// here` marks the line that
must be named; `object: no`: the twin's rule holds in an object, too, since the rest may be elsewhere."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
ORDER = {"x86_64": "sfence", "i386": "sfence", "aarch64": "dmb ishst"}


def notes(text, word):
    return re.findall(r"^// %s: (.*)$" % word, text, re.M)


def compilers(gcc, clang, machine):
    triple = {"x86_64": "", "i386": "i686-linux-gnu", "aarch64": "aarch64-linux-gnu"}[machine]
    yield "GCC", [triple + "-g++"] if triple else [gcc]
    yield "Clang", [clang] + (["--target=" + triple] if triple else [])


def flags_for(compiler, machine):
    flags = ["-std=c++20", "-O2", "-g", "-Wall", "-Wextra", "-ffreestanding", "-fno-pic", "-nostdlib", "-static", "-no-pie",
             "-fno-asynchronous-unwind-tables", "-fno-exceptions", "-fno-stack-protector", "-fcf-protection=none",
             "-Wl,--build-id=none", "-I", os.path.join(root, "include")]
    flags += ["-mgeneral-regs-only"] if machine != "i386" else []
    flags = [each for each in flags if machine != "aarch64" or "cf-protection" not in each]
    return flags + (["-Wno-unused-command-line-argument"] if "clang" in compiler[0] else [])


def faults(inlay, compiler, source, machine, folder):
    text = open(source).read()
    flags = flags_for(compiler, machine)
    compiled, program = (os.path.join(folder, name) for name in ("object.o", "program"))
    for fixed, linked in ((False, False), (False, True), (True, False), (True, True)):
        command = [*compiler, *flags]
        command += [compiled, "-o", program] if linked else ["-c", source, "-o", compiled] + (["-DFIXED"] if fixed else [])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0 or done.stderr:
            return "it cannot be built: " + done.stderr
        if not linked and not fixed and notes(text, "object"):
            continue
        done = subprocess.run([inlay, "check", program if linked else compiled], capture_output=True, text=True,
                              timeout=60)
        said = [line for line in done.stderr.splitlines() if not line.startswith("    ")]
        as_what = "" if linked else " as an object"
        if fixed:
            if done.returncode != 0 or said:
                return "the twin is refused%s:\n%s" % (as_what, done.stdout + done.stderr)
            if "1 code rule proven" not in done.stdout:
                return "the twin%s: %s" % (as_what, done.stdout)
            continue
        expected = [re.escape(each).replace("REACHED", ".+").replace("ORDER", ORDER[machine]).replace("0xAT", "0x[0-9a-f]+")
                    for each in notes(text, "expect")]
        if done.returncode != 1 or len(said) != len(expected) or not all(
                re.search(": " + want + "$", line) for want, line in zip(expected, said)):
            return "it says%s, with status %d:\n%s" % (as_what, done.returncode, done.stdout + done.stderr)
        if "the rule is declared at " not in done.stderr and "code-format" not in done.stderr:
            return "no line says where the rule is declared:\n" + done.stderr
        lines = [number for number, line in enumerate(text.splitlines(), 1) if "// here" in line]
        if lines and not said[0].startswith("%s:%d: " % (os.path.relpath(source), lines[0])):
            return "the line is not %d:\n%s" % (lines[0], said[0])
    return ""


def ways_to_link(compiler):
    """(name, options): linkers that drop dead sections, and optimisation at link time."""
    dead = ["-ffunction-sections", "-Wl,--gc-sections"]
    clang = "clang" in compiler
    lld = shutil.which("ld.lld" + compiler[compiler.rindex("-"):] if clang and "-" in compiler else "ld.lld")
    yield "bfd", ["-fuse-ld=bfd", *dead]
    if shutil.which("ld.gold"):
        yield "gold", ["-fuse-ld=gold", *dead]
    if lld:
        yield "lld", ["--ld-path=" + lld if clang else "-fuse-ld=lld", *dead]
    if not clang:
        yield "bfd, LTO", ["-fuse-ld=bfd", "-flto", *dead]
    elif lld:
        yield "lld, LTO", ["--ld-path=" + lld, "-flto", *dead]
        yield "lld, ThinLTO", ["--ld-path=" + lld, "-flto=thin", *dead]


def lost(inlay, compiler, folder):
    """Rules and points stay in the program, or their loss is an error: [(what, fault)]"""
    source, with_site = (os.path.join(here, "code_rules", name) for name in ("since.cpp", "only_when.cpp"))
    program, script = (os.path.join(folder, name) for name in ("program", "discarding.ld"))
    command = [compiler, *flags_for([compiler], "x86_64"), "-o", program]

    def said(options, status, words, source=source):
        done = subprocess.run([*command, source, *options], capture_output=True, text=True)
        if done.returncode != 0:
            return "it cannot be built: " + done.stderr
        done = subprocess.run([inlay, "check", program], capture_output=True, text=True, timeout=60)
        good = done.returncode == status and words in done.stdout + done.stderr
        return "" if good else "status %d:\n%s%s" % (done.returncode, done.stdout, done.stderr)

    for name, options in ways_to_link(compiler):
        yield name, said(options, 1, "[code-rule]") or said([*options, "-DFIXED"], 0, "1 code rule proven")
    with open(script, "w") as file:
        file.write("SECTIONS { .text : { *(.text*) } .data : { *(.data* .bss*) } /DISCARD/ : { *(inlay_code_rules) } }\n")
    yield "discarded", said(["-fuse-ld=bfd", "-DFIXED", "-Wl,-T," + script], 1,
                             "its section inlay_code_rules is gone", with_site)


def main():
    inlay, gcc, clang = sys.argv[1:4]
    sources = sys.argv[4:] or sorted(os.path.join(here, "code_rules", name)
                                     for name in os.listdir(os.path.join(here, "code_rules")) if name.endswith(".cpp"))
    full = os.environ.get("INLAY_MATRIX") == "full"
    good, bad, turn, rules = 0, 0, 0, set()
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            text = open(source).read()
            rules.update(re.findall(r"\[([a-z-]+)\]", " ".join(notes(text, "expect"))))
            for machine in notes(text, "machines")[0].split():
                both = list(compilers(gcc, clang, machine))
                turn += 1
                for name, compiler in both if full else [both[turn % 2]]:
                    trouble = faults(inlay, compiler, source, machine, folder)
                    good += not trouble
                    if trouble:
                        bad += 1
                        print("FAIL: %s, %s, %s: %s" % (os.path.basename(source), machine, name, trouble))
        ways = []
        for name, compiler in (("GCC", gcc), ("Clang", clang)):
            for way, trouble in lost(inlay, compiler, folder):
                ways.append(way)
                good += not trouble
                if trouble:
                    bad += 1
                    print("FAIL: %s, %s: %s" % (name, way, trouble))
        print("rules and points are kept by %s" % "; ".join(ways))
    print("%d passed, %d failed: wrong code and its twins, of %d sources, with findings %s" % (
        good, bad, len(sources), ", ".join(sorted(rules))))
    return 1 if bad or good == 0 else 0


sys.exit(main())
