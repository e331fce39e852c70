#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
#
# The cost of inlay in bytes: records, sites compared with their ordinary forms, and the run time.
#
#   bench/size.py [--out FILE.json] [compiler...]        (default: the choice of tools/compilers)
#   bench/size.py --check [compiler...]                  only what has a limit
#
# Both say at the end which limits are exceeded, and fail then.
#
# How. The script compiles units of 100 and 200 sites, and compares the sizes of their sections. The difference is the
# size of 100 sites, without the data that a unit has once. It does the same with declarations; their bytes also depend
# on the lengths of names. The text of a site is measured by the lengths of the functions, because the padding between
# them would hide it. "All" means all bytes in memory while a program runs: text, data, tables, and unwind information.

import argparse
import json
import pathlib
import tempfile

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

import compilers
import units
from compilers import ROOT

# Bytes of a record, by section: the project's targets.
RECORD_LIMITS = {"inlay_alternatives": 14, "inlay_keys": 12, "inlay_calls": 8}
LIMITS = ROOT / "bench/gate/limits.json"
PATCHER_AIM = 2048
SMALL_AIM = 1024 # of proven_alternatives_bytes

KERNEL_FLAGS = ["-std=c++20", "-Os", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-nostdlib", "-fno-pic",
                "-mno-red-zone", "-mgeneral-regs-only", "-fno-asynchronous-unwind-tables", f"-I{ROOT}/include"]

# By their name in limits.json: the source, and its description
PATCHERS = {
    "patcher_bytes": ("runtime.cpp", "freestanding, -Os"),
    "alternatives_patcher_bytes": ("alternatives_alone.cpp", "freestanding, -Os, alternatives alone"),
    "proven_bytes": ("proven.cpp", "freestanding, -Os, of a sealed image"),
    "proven_alternatives_bytes": ("proven_alternatives.cpp", "freestanding, -Os, of a sealed image, alternatives alone"),
}

HOSTED_WITHOUT = "int main() { return 0; }\n"
HOSTED_WITH = """#include <inlay/inlay.hpp>
using namespace inlay::x86::insn;
inline constexpr inlay::alternative<nop(3), inlay::when<inlay::cpu.sse2, lfence()>> site;
int main() {
    const auto done = inlay::apply();
    site();
    return done ? 0 : 1;
}
"""


class Sections:
    """The sections of an ELF file that are loaded."""

    def __init__(self, path):
        self.all = []  # (name, executable, size)
        self.functions = 0  # the bytes of all functions, without padding
        with open(path, "rb") as file:
            for section in ELFFile(file).iter_sections():
                if isinstance(section, SymbolTableSection) and section["sh_type"] == "SHT_SYMTAB":
                    self.functions = sum(symbol["st_size"] for symbol in section.iter_symbols()
                                         if symbol["st_info"]["type"] == "STT_FUNC")
                flags = section["sh_flags"]
                if flags & SH_FLAGS.SHF_ALLOC:
                    self.all.append((section.name, bool(flags & SH_FLAGS.SHF_EXECINSTR), section["sh_size"]))

    def named(self, *names):
        """The bytes of these sections, and of their parts: .text.hot is one of .text."""
        return sum(size for name, _, size in self.all if any(name == n or name.startswith(n + ".") for n in names))

    @property
    def text(self):
        return sum(size for _, executable, size in self.all if executable)

    @property
    def allocated(self):
        return sum(size for _, _, size in self.all)

    @property
    def allocated_without_padding(self):
        return self.allocated - self.text + self.functions


class Sizes:
    """Compiles for one compiler, and collects its results."""

    def __init__(self, compiler, work, results):
        self.compiler = compiler
        self.work = work
        self.results = results

    def add(self, kind, form, what, value):
        self.results.append({"compiler": self.compiler.name, "kind": kind, "form": form, "what": what,
                             "unit": "bytes", "value": value})

    def compiled(self, text, flags, what):
        source = self.work / "unit.cpp"
        source.write_text(text)
        self.compiler.run([*flags, source, "-o", self.work / "unit"], what)
        return Sections(self.work / "unit")

    def sites(self, kind, form, declarations, sites):
        return self.compiled(units.unit(form, declarations, sites), [*compilers.FLAGS, "-c"], f"{kind}: {form.name}")

    def growth(self, kind, form):
        """Bytes of (text, all) of one more site, and all of one more declaration for the same sites."""
        few, many = self.sites(kind, form, 1, 100), self.sites(kind, form, 1, 200)
        declared = self.sites(kind, form, 100, 100)
        return ((many.functions - few.functions) / 100,
                (many.allocated_without_padding - few.allocated_without_padding) / 100,
                (declared.allocated_without_padding - few.allocated_without_padding) / 99)

    def records(self):
        """Measures and prints the bytes of each kind's record; returns those over their limit."""
        rows, over = [], []
        for kind in units.KINDS:
            compilers.progress(f"{self.compiler.name}: the record of {kind.name}")
            bytes_each = self.sites(kind.name, kind.inlay, 1, 100).named(kind.records) / 100
            limit = RECORD_LIMITS[kind.records]
            self.add(kind.name, "inlay", "record of a site", bytes_each)
            rows.append((kind.name, kind.records, bytes_each, limit))
            if bytes_each > limit:
                over.append(f"a record of {kind.name} has {bytes_each:g} bytes with {self.compiler.name}; "
                            f"the limit is {limit}")
            if bytes_each == 0:
                over.append(f"{kind.name} leaves no record in {kind.records} with {self.compiler.name}")
        compilers.table(f"{self.compiler.name}: record of a site, bytes", (
            "kind", "section", "bytes", "limit"), rows, left=2)
        return over

    def growth_of_all(self):
        """Prints the sizes of a site and a declaration of each kind, and of their ordinary forms."""
        function = self.growth("none", units.NOTHING)
        known = {}  # kinds share ordinary forms
        rows = []
        for kind in units.KINDS:
            compilers.progress(f"{self.compiler.name}: a site of {kind.name} and its ordinary forms")
            inlay = None
            for form in kind.forms:
                if form not in known:
                    known[form] = self.growth(kind.name, form)
                text, allocated, declared = known[form]
                text, allocated = text - function[0], allocated - function[1]
                inlay = inlay or (text, allocated)
                more = (inlay[0] - text, inlay[1] - allocated)
                self.add(kind.name, form.name, "text of a site", text)
                self.add(kind.name, form.name, "all of a site", allocated)
                self.add(kind.name, form.name, "shared by the sites of a declaration", declared)
                if form is not kind.inlay:
                    self.add(kind.name, form.name, "text of a site, what inlay has more", more[0])
                    self.add(kind.name, form.name, "all of a site, what inlay has more", more[1])
                rows.append((kind.name if form is kind.inlay else "", form.name, text, allocated, declared,
                             *(("", "") if form is kind.inlay else more)))
        compilers.table(f"{self.compiler.name}: a site over a function without one, and what its declaration has once, "
                        "-O2, bytes", ("kind", "form", "text", "all", "once", "inlay more: text", "all"), rows, left=2)

    def patcher(self, which):
        """The patcher as a kernel has it: its bytes."""
        source, form = PATCHERS[which]
        unit = (ROOT / "tests/freestanding" / source).read_text()
        size = self.compiled(unit, [*KERNEL_FLAGS, "-c"], "the freestanding patcher").named(".text", ".rodata")
        self.add("run time", form, "text and constants of the patcher", size)
        aim = SMALL_AIM if which == "proven_alternatives_bytes" else PATCHER_AIM
        verdict = "met" if size <= aim else "missed"
        print(f"\n{self.compiler.name}: the patcher, {form}: {size:,} bytes (aim {aim:,}: {verdict})")
        return size

    def hosted(self):
        """The bytes that apply() and one site add to a program."""
        without = self.compiled(HOSTED_WITHOUT, compilers.FLAGS, "an empty program")
        having = self.compiled(HOSTED_WITH, compilers.FLAGS, "a program with one site")
        text, allocated = having.text - without.text, having.allocated - without.allocated
        self.add("run time", "hosted, -O2", "text that a program gains", text)
        self.add("run time", "hosted, -O2", "all that a program gains", allocated)
        print(f"{self.compiler.name}: a program with apply() and one site, -O2, gains {text:,} bytes of text, "
              f"{allocated:,} of all")


def judged_patcher(compiler, which, size):
    """The verdict on a patcher's size: (text, whether it is over its limit)."""
    limit = json.loads(LIMITS.read_text()).get(which, {}).get(compiler.name)
    if limit is None:
        return f"{compiler.name}: not judged, no limit for it in {LIMITS.relative_to(ROOT)}", False
    name = f"{compiler.name}: the patcher ({PATCHERS[which][1]})"
    if size > limit:
        return f"{name} has {size:,} bytes; the limit is {limit:,}", True
    return f"{name} {size:,} of {limit:,} bytes", False


def main():
    parser = argparse.ArgumentParser(description="The cost of inlay in bytes.")
    parser.add_argument("--out", metavar="FILE.json", help="write the results there as well")
    parser.add_argument("--check", action="store_true", help="only what has a limit; fails if one is exceeded")
    parser.add_argument("compiler", nargs="*", help="default: the choice of tools/compilers")
    arguments = parser.parse_args()

    chosen = compilers.chosen(arguments.compiler)
    results, over, fine = [], [], []
    with tempfile.TemporaryDirectory() as work:
        for compiler in chosen:
            sizes = Sizes(compiler, pathlib.Path(work), results)
            over += sizes.records()
            if not arguments.check:
                sizes.growth_of_all()
            for which in PATCHERS:
                text, is_over = judged_patcher(compiler, which, sizes.patcher(which))
                (over if is_over else fine).append(text)
            if not arguments.check:
                sizes.hosted()
    if arguments.out:
        flags = {"patcher": compilers.spelled(KERNEL_FLAGS), "all others": compilers.spelled(compilers.FLAGS)}
        compilers.write_json(arguments.out, chosen, {"flags": flags}, results)
    print()
    if over:
        print("\n".join(f"over: {each}" for each in over))
        return 1
    print("no record is over its limit; " + "; ".join(fine))
    return 0


if __name__ == "__main__":
    compilers.finish(main)
