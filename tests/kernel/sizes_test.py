#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""sizes_test: compares the output of examples/kernel/sizes.py with nm, with readelf, and with the linker's map.

    sizes_test.py BUILD         the kernel's build folder, with kernel.elf, its objects, and kernel.map of GNU ld
"""
import pathlib
import re
import subprocess
import sys

build = pathlib.Path(sys.argv[1])
kernel = build / "kernel.elf"
bad = 0


def output(*command):
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, check=True).stdout


def check(part, printed, found):
    global bad
    if printed != found or found == 0:
        bad += 1
        print(f"FAIL: kernel: sizes.py prints {printed} bytes of {part}, not {found}")


def plain(name):
    """A demangled name without return type, parameters and template arguments. nm leaves some long names mangled."""
    if name.startswith("_ZN5inlay"):
        return "inlay::" + name
    kept, depth = "", 0
    name = re.sub(r"( \[clone [^]]*\])+$", "", name)
    for each in re.sub(r"operator(\(\)|[<>=-]+)", "operator", name).removesuffix(" const"):
        depth += (each in "(<[{") - (each in ")>]}")
        kept += each if depth == 0 and each not in ")>]}" else ""
    return (kept.split() or [""])[-1]


def symbols():
    """(bytes, nm's letter, name) of the symbols in inlay's namespace, one at each address."""
    found = {}
    for line in output("nm", "--defined-only", "-S", "-C", kernel).splitlines():
        fields = line.split(None, 3)
        if len(fields) == 4 and plain(fields[3]).startswith("inlay::"):
            found[fields[0]] = (int(fields[1], 16), fields[2].lower(), fields[3])
    return found.values()


def input_sections():
    """(name, bytes) of the input sections that the linker kept."""
    kept = (build / "kernel.map").read_text().split("Linker script and memory map")[1]
    return [(name, int(size, 16)) for name, size in re.findall(r"^ (\.\S+)\s+0x\w+\s+0x(\w+) \S", kept, re.MULTILINE)]


printed = {}
lines = output("/usr/bin/python3", "examples/kernel/sizes.py", build).splitlines()
for size, part in (line.split(None, 1) for line in lines):
    printed[part] = int(size)
check("all", printed.pop("bytes in all"), sum(printed.values()))

sections = dict(re.findall(r"\] (inlay_\w+) +\S+ +\w+ +\w+ +(\w+) +\w+ +\w*A", output("readelf", "-SW", kernel)))
unwind = int(sections.pop("inlay_unwind", "0"), 16)
if unwind:
    check("the unwind table", printed["the unwind table"], unwind)
check("records", printed["records"], sum(int(size, 16) for size in sections.values()))

inputs = input_sections()
seal = sum(size for name, size in inputs if name == ".data.inlay_seal")
if seal:
    check("the seal", printed["the seal of apply_proven(), with its room"], seal)
descriptions = sum(size for name, size in inputs
                   if re.match(r"\.(ro)?data\.inlay(?!_seal)", name) and not name.startswith(".rodata.inlay_types"))
check("descriptions", printed["descriptions"], descriptions)

# Functions: each part's own, and all of them. Thunks have symbols, or sections of their own.
text = sum(size for name, size in inputs if name.startswith(".text.inlay"))
functions = [(size, name) for size, letter, name in symbols() if letter in "tw"]
parts = [part for part in printed if part in ("the patcher", "changes") or re.match("asking|thunks", part)]
check("functions", sum(printed[part] for part in parts), text + sum(size for size, name in functions))
for part, known in ("changes", r"::image_change::|::change_name$"), ("asking: inspect, features in use", r"::inspect$|::walk_choices$"), \
        ("the patcher", r"::patch_alternatives$|::make_pass$|::place$|::sort$"):
    least = sum(size for size, name in functions if re.search(known, plain(name)))
    if not 0 < least < printed[part]:
        bad += 1
        print(f"FAIL: kernel: sizes.py prints {printed[part]} bytes of {part}, and {known} alone are {least}")

objects = [(size, letter, name) for size, letter, name in symbols() if letter not in "tw"]
names = sum(size for size, letter, name in objects if "name_text" in name)
strings = {line.split("]  ", 1)[1] for path in build.rglob("*.o")
           for line in output("readelf", "-p", ".rodata.inlay_types", path).splitlines() if "]  " in line}
check("names", printed["names"], names + sum(len(each) + 1 for each in strings))
data = printed["cells and tables of operations"] + printed["constants and messages"]
check("data", data, sum(size for size, letter, name in objects) - names - seal)

print(f"{'bad' if bad else 'ok'}: sizes: {len(lines) - 1} parts as nm, readelf and the linker's map have them")
sys.exit(bad != 0)
