#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
#
# The cost of inlay for a compiler, at -O2. It is user seconds and peak memory for each header, and time for each
# declaration and site. Both are compared with ordinary forms.
#
#   bench/compile.py [--out FILE.json] [--repeat N] [compiler...]    (default: 3; the choice of tools/compilers)
#   bench/compile.py --quick [compiler...]                           one repetition of two headers
#
# How. A header and an empty unit are compiled in turn, and the median of the differences counts. So a machine that
# slows down slows both. One series of units has 0, 100 and 200 declarations, each with one site. Another has 100 and
# 1,000 sites of one declaration. The slope is the cost of one, without the header. Each site is in a separate function;
# the row "no site" gives the cost of the function, and is not subtracted from the others.

import argparse
import os
import pathlib
import statistics
import tempfile

import compilers
import units

QUICK_HEADERS = ["static_key", "inlay"]


class Costs:
    """Compiles with one compiler, and collects its results."""

    def __init__(self, compiler, work, repeat, results):
        self.compiler = compiler
        self.work = work
        self.repeat = repeat
        self.results = results

    def add(self, kind, form, what, unit, value):
        self.results.append({"compiler": self.compiler.name, "kind": kind, "form": form, "what": what, "unit": unit,
                             "value": value})

    def in_turn(self, texts, what):
        """Compiles all texts, in turn; a list of runs for each repetition."""
        sources = []
        for i, text in enumerate(texts):
            sources.append(self.work / f"unit_{i}.cpp")
            sources[-1].write_text(text)
        return [[self.compiler.run([*compilers.FLAGS, "-c", source, "-o", os.devnull], what) for source in sources]
                for _ in range(self.repeat)]

    def headers(self, names):
        rows = []
        for name in names:
            compilers.progress(f"{self.compiler.name}: inlay/{name}.hpp")
            runs = self.in_turn([units.EMPTY, units.header(name)], f"inlay/{name}.hpp")
            seconds = statistics.median(with_it.user_seconds - empty.user_seconds for empty, with_it in runs)
            peak = statistics.median(with_it.peak_kib for _, with_it in runs)
            more = statistics.median(with_it.peak_kib - empty.peak_kib for empty, with_it in runs)
            self.add(f"inlay/{name}.hpp", "include", "user time over an empty unit", "s", seconds)
            self.add(f"inlay/{name}.hpp", "include", "peak memory", "KiB", peak)
            self.add(f"inlay/{name}.hpp", "include", "peak memory over an empty unit", "KiB", more)
            rows.append((f"inlay/{name}.hpp", f"{seconds:.3f}", f"{peak:.0f}", f"{more:.0f}"))
        compilers.table(f"{self.compiler.name}: including a header, -O2", (
            "header", "user s over an empty unit", "peak KiB", "over an empty unit"), rows, left=1)

    def controls(self):
        """Ten knobs by name, against the same unit without Hana."""
        runs = self.in_turn([units.WITHOUT_CONTROLS, units.WITH_CONTROLS], "inlay/controls.hpp")
        without = statistics.median(plain.user_seconds for plain, _ in runs)
        more = statistics.median(with_it.user_seconds - plain.user_seconds for plain, with_it in runs)
        self.add("ten controls", "opt-in", "user time over the same unit without", "s", more)
        compilers.table(f"{self.compiler.name}: ten controls by name, -O2", (
            "unit", "user s without", "more with"), [("ten keys", f"{without:.3f}", f"{more:.3f}")], left=1)

    def declarations_and_sites(self):
        rows = []
        known = {}  # kinds share ordinary forms
        kinds = [("none", units.NOTHING), *((kind.name, form) for kind in units.KINDS for form in kind.forms)]
        for kind, form in kinds:
            if form not in known:
                compilers.progress(f"{self.compiler.name}: {kind}, {form.name}")
                known[form] = self.costs_of(kind, form)
            costs = known[form]
            for (what, unit), value in costs.items():
                self.add(kind, form.name, what, unit, value)
            is_first = form.name in ("inlay", units.NOTHING.name)
            rows.append((kind if is_first else "", form.name, *(round(value) for value in costs.values())))
        compilers.table(f"{self.compiler.name}: a declaration with a site, and a site, -O2", (
            "kind", "form", "declaration us", "of the 2nd hundred us", "declaration KiB", "site us"), rows, left=2)

    def costs_of(self, kind, form):
        """The costs of a declaration and a site of this form: values by (name, unit)."""
        def units_of(*counts):
            texts = [units.unit(form, declarations, sites) for declarations, sites in counts]
            return self.in_turn(texts, f"{kind}: {form.name}")

        def slope(runs, first, last, of, count):
            return statistics.median((getattr(run[last], of) - getattr(run[first], of)) / count for run in runs)

        declared = units_of((0, 0), (100, 100), (200, 200))
        sites = units_of((1, 100), (1, 1000))
        return {
            ("a declaration with a site", "us"): 1e6 * slope(declared, 0, 2, "user_seconds", 200),
            ("a declaration with a site, of the second hundred", "us"):
                1e6 * slope(declared, 1, 2, "user_seconds", 100),
            ("a declaration with a site", "KiB"): slope(declared, 0, 2, "peak_kib", 200),
            ("a site", "us"): 1e6 * slope(sites, 0, 1, "user_seconds", 900),
        }


def main():
    parser = argparse.ArgumentParser(description="The cost of inlay for a compiler.")
    parser.add_argument("--out", metavar="FILE.json", help="write the results there as well")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions; the median counts")
    parser.add_argument("--quick", action="store_true", help="one repetition of two headers")
    parser.add_argument("compiler", nargs="*", help="default: the choice of tools/compilers")
    arguments = parser.parse_args()
    if arguments.repeat < 1:
        parser.error("--repeat takes 1 or more")

    chosen = compilers.chosen(arguments.compiler)
    repeat = 1 if arguments.quick else arguments.repeat
    results = []
    with tempfile.TemporaryDirectory() as work:
        for compiler in chosen:
            costs = Costs(compiler, pathlib.Path(work), repeat, results)
            costs.headers(QUICK_HEADERS if arguments.quick else units.PUBLIC_HEADERS)
            costs.controls()
            if not arguments.quick:
                costs.declarations_and_sites()
    if arguments.out:
        compilers.write_json(arguments.out, chosen, {"flags": compilers.spelled(compilers.FLAGS), "repeat": repeat},
                             results)
    return 0


if __name__ == "__main__":
    compilers.finish(main)
