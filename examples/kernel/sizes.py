#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What inlay adds to a kernel, in bytes, by part. It needs pyelftools and the objects of the build.

    python3 examples/kernel/sizes.py BUILD      the folder that CMake built kernel.elf in
"""
import pathlib
import re
import sys

from elftools.elf.elffile import ELFFile

RECORDS = ("inlay_alternatives", "inlay_calls", "inlay_keys", "inlay_names")
# Functions by their mangled names; the first pattern that fits decides.
FUNCTIONS = (
    ("asking: each_site, inspect", r"each_site|each_record|look_at|7inspect|find_form|operation_at|call_at|may_jump_to"),
    ("changes", r"image_change|change_steps|one_name|change_name|change_list|listed_names|make_setting|take_choice_back|note_taken_back|choose_in|"
                r"to_(number|value|way|address|target)|for_each_namesake|register_name"),
    ("the patcher", r""),
)


def functions_and_objects(elf):
    """(part, bytes) of each symbol of inlay's own namespace, but for copies at one address."""
    names = [section.name for section in elf.iter_sections()]
    seen = set()
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        kind, size, at = symbol["st_info"]["type"], symbol["st_size"], symbol["st_value"]
        if size == 0 or at in seen or not re.match(r"_Z(N|NK|ZN|ZNK|TV)?5inlay", symbol.name):
            continue
        seen.add(at)
        section = names[symbol["st_shndx"]] if isinstance(symbol["st_shndx"], int) else ""
        if kind == "STT_FUNC":
            yield next(part for part, pattern in FUNCTIONS if re.search(pattern, symbol.name)), size
        elif "name_text" in symbol.name:
            yield "names", size
        elif section in (".data", ".bss"):
            yield "cells and tables of operations", size
        else:
            yield "constants and messages", size


def of_objects(build):
    """(part, bytes) of the sections without symbols. The linker keeps one of equal strings."""
    strings = set()
    for path in sorted(build.rglob("*.o")):
        with open(path, "rb") as file:
            for section in ELFFile(file).iter_sections():
                if section.name.startswith(".rodata.inlay_types"):
                    strings.update(section.data().split(b"\0"))
                elif re.match(r"\.text\.inlay", section.name):
                    yield "thunks and trampolines", section["sh_size"]
                elif re.match(r"\.(ro)?data\.inlay", section.name):
                    yield "descriptions", section["sh_size"]
    yield "names", sum(len(each) + 1 for each in strings if each)


def main(build):
    sums = {}
    with open(build / "kernel.elf", "rb") as file:
        elf = ELFFile(file)
        parts = [("records", section["sh_size"]) for section in elf.iter_sections() if section.name in RECORDS]
        parts += functions_and_objects(elf)
    for part, size in parts + list(of_objects(build)):
        sums[part] = sums.get(part, 0) + size
    for part, size in sorted(sums.items(), key=lambda each: -each[1]):
        print(f"{size:7} {part}")
    print(f"{sum(sums.values()):7} bytes in all")
    return min(sums.get(part, 0) for part in ("the patcher", "changes", "records", "descriptions", "names")) == 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
