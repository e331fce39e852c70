#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""Prints the bytes that inlay adds to a kernel, by part. Needs pyelftools, addr2line, and the objects of the build.

    python3 examples/kernel/sizes.py BUILD      the folder that CMake built kernel.elf in, with -g
"""
import pathlib
import re
import subprocess
import sys

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

RECORDS = ("inlay_alternatives", "inlay_calls", "inlay_keys", "inlay_names")
UNWIND = "inlay_unwind"  # the table of `inlay orc`, with its room
SEAL = "the seal of apply_proven(), with its room"
# Functions by the header of their first line; the first pattern that fits decides. Functions of the kernel's own files are
# trampolines and wrappers that its compiler made there.
FUNCTIONS = (
    ("asking: inspect, features in use", r"(inspect|each_site|self_test|override)\.hpp"),
    ("changes", r"change/|(poke|text_poke|this_kernel|transaction|choose)\.hpp|arch/\w+/emulate\.hpp"),
    ("thunks and trampolines", r"$|pv/|(anchor|trampoline|hook)\.hpp|arch/(\w+/thunk|compiler)\.hpp"),
    ("the patcher", r""),
)


def headers_of(kernel, addresses):
    """For each address, the file below include/inlay/ that its line is in; "" for files elsewhere."""
    lines = subprocess.run(["addr2line", "-e", kernel, *map(hex, addresses)], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [(re.search(r"/include/inlay/(.*?):", line) or [line, ""])[1] for line in lines]


def functions_and_objects(kernel, elf):
    """(part, bytes) of each symbol of inlay's own namespace, but for copies at one address."""
    names = [section.name for section in elf.iter_sections()]
    functions = {}
    seen = set()
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        kind, size, at = symbol["st_info"]["type"], symbol["st_size"], symbol["st_value"]
        if size == 0 or at in seen or not re.match(r"_Z(N|NK|ZN|ZNK|TV)?5inlay", symbol.name):
            continue
        seen.add(at)
        section = names[symbol["st_shndx"]] if isinstance(symbol["st_shndx"], int) else ""
        if kind == "STT_FUNC":
            functions[at] = size
        elif symbol.name.endswith("own_roomE"):
            yield SEAL, size
        elif "name_text" in symbol.name:
            yield "names", size
        elif section in (".data", ".bss"):
            yield "cells and tables of operations", size
        else:
            yield "constants and messages", size
    for header, size in zip(headers_of(kernel, functions), functions.values()):
        yield next(part for part, pattern in FUNCTIONS if re.match(pattern, header)), size


def of_objects(build):
    """(part, bytes) of the sections without symbols. The linker keeps one of equal strings, and one of each group."""
    strings = set()
    groups = set()
    for path in sorted(build.rglob("*.o")):
        with open(path, "rb") as file:
            for section in ELFFile(file).iter_sections():
                in_group = section["sh_flags"] & SH_FLAGS.SHF_GROUP
                if in_group and section.name in groups:
                    continue
                if section.name.startswith(".rodata.inlay_types"):
                    strings.update(section.data().split(b"\0"))
                elif re.match(r"\.text\.inlay", section.name):
                    yield "thunks and trampolines", section["sh_size"]
                elif re.match(r"\.(ro)?data\.inlay(?!_seal)", section.name):  # the seal's room is a symbol
                    yield "descriptions", section["sh_size"]
                if in_group:
                    groups.add(section.name)
    yield "names", sum(len(each) + 1 for each in strings if each)


def main(build):
    sums = {}
    kernel = build / "kernel.elf"
    with open(kernel, "rb") as file:
        elf = ELFFile(file)
        sections = {section.name: section["sh_size"] for section in elf.iter_sections()}
        parts = [("records", sections.get(name, 0)) for name in RECORDS]
        parts += [("the unwind table", sections[UNWIND])] if UNWIND in sections else []
        parts += functions_and_objects(kernel, elf)
    for part, size in parts + list(of_objects(build)):
        sums[part] = sums.get(part, 0) + size
    for part, size in sorted(sums.items(), key=lambda each: -each[1]):
        print(f"{size:7} {part}")
    print(f"{sum(sums.values()):7} bytes in all")
    return min(sums.get(part, 0) for part in ("the patcher", "changes", "records", "descriptions", "names")) == 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
