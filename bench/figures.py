#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
#
# Makes docs/figures/ of what the benchmarks measured:
#
#     bench/figures.py MEASURED OUT      # run.sh does it
#
# MEASURED holds dispatch-COMPILER.json, apply-COMPILER.json and updates-COMPILER.json (from Google Benchmark), size.json
# and compile.json; what is not there is left as it is in OUT. Results are first checked for sanity: a run that contradicts itself is refused,
# and OUT stays as it was. Each raw file in OUT has the machine, compiler, flags, mitigations and date in it.

import json
import math
import pathlib
import re
import statistics
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "inlay"  # the same figures give the same file
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib import pyplot  # noqa: E402

CHAINS = ["dependent", "independent"]
SITES = [1, 64, 1024, 4096]
STATES = ["warm", "branch-cold", "cache-cold"]
COLOURS = ["#20639b", "#3caea3", "#f6a531", "#c44536"]


ALONE = 0.9  # of the units of a core: with less, somebody else was at work on it (see clock.hpp)


def percentile(values, which):
    return sorted(values)[(len(values) - 1) * which // 100]


def alone(measured):
    """The repetitions in which the core was free, and which part of all they are."""
    rows = [row for row in measured["benchmarks"] if row["run_type"] == "iteration"]
    for row in rows:
        if row.get("error_occurred"):
            sys.exit(f"{row['name']}: {row['error_message']}")
    widest = percentile([row["width"] for row in rows], 95)
    chosen = [row for row in rows if row["width"] >= ALONE * widest]
    return len(chosen) / len(rows), chosen


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3


class Dispatch:
    """One run of `dispatch`: repetitions by form, chain, number of sites and state."""

    def __init__(self, measured):
        self.context = measured["context"]
        self.forms = {}  # name: (group, against), in the order of the benchmark
        for key, value in sorted(measured["context"].items()):
            if key.startswith("form "):
                _, _, form = key.split(" ", 2)
                self.forms[form] = tuple(value.split(", against ", 1))
        self.cycles = {}
        self.free, rows = alone(measured)
        for row in rows:
            form, chain, sites, state = row["name"].split("/")[:4]
            self.cycles.setdefault((form, chain, int(sites), state), []).append(row["cycles"])

    def median(self, form, chain="dependent", sites=64, state="warm"):
        return statistics.median(self.cycles[form, chain, sites, state])

    def ratio(self, form, against=None, chain="dependent", sites=64, state="warm"):
        against = against or self.forms[form][1]
        return self.median(form, chain, sites, state) / self.median(against, chain, sites, state)

    def spread(self, form, chain, sites, state):
        """Half the distance of the quartiles, relative to the median."""
        low, middle, high = quartiles(self.cycles[form, chain, sites, state])
        return (high - low) / 2 / middle

    def troubles(self):
        if self.context.get("emulator"):
            yield f"the processor was emulated by {self.context['emulator']}"
            return
        for key, values in self.cycles.items():
            if len(values) < 30:
                yield f"{'/'.join(map(str, key))} has {len(values)} repetitions; 30 are needed"
                return
        for sites in (1, 64):
            same = self.ratio("direct, again", sites=sites)
            if not 0.98 <= same <= 1.02:
                yield f"two forms of the same instructions have a ratio of {same:.2f} at {counted(sites)}: the machine is too busy"
            if self.spread("direct", "dependent", sites, "warm") > 0.1:
                yield f"the quartiles of a direct call are {200 * self.spread('direct', 'dependent', sites, 'warm'):.0f} % apart at {counted(sites)}: the machine is too busy"
        step = self.median("no question")
        if not 0.95 <= step <= 1.3:
            yield f"an addition takes {step:.2f} cycles: the clock is not calibrated, or the machine is too busy"
        for form in self.forms:
            if self.median(form) < 0.95:
                yield f"{form} takes {self.median(form):.2f} cycles, which no step can"


class Apply:
    """One run of `apply`: ns a record by variant and number of records."""

    def __init__(self, measured):
        self.context = measured["context"]
        self.ns = {}
        self.writes_a_page = 0.0
        self.free, rows = alone(measured)
        for row in rows:
            variant, records = row["name"].split("/")[:2]
            self.ns.setdefault((variant, int(records)), []).append(row["ns_per_record"])
            self.writes_a_page = max(self.writes_a_page, row.get("writes_per_page", 0.0))

    def sizes(self, variant):
        return sorted(records for name, records in self.ns if name == variant)

    def median(self, variant, records):
        return statistics.median(self.ns[variant, records])

    def ratio(self, records, variant="apply"):
        return self.median(variant, records) / self.median("copy", records)

    def exponent(self, variant, least=1000):
        """Of records, in the time of all: 1 is linear. Least squares of the logarithms."""
        points = [(math.log(n), math.log(n * self.median(variant, n))) for n in self.sizes(variant) if n >= least]
        return statistics.linear_regression(*zip(*points)).slope

    def troubles(self):
        if self.context.get("emulator"):
            yield f"the processor was emulated by {self.context['emulator']}"
        for (variant, records), values in self.ns.items():
            if len(values) < 15:
                yield f"{variant}/{records} has {len(values)} repetitions; 15 are needed"
                return
            if min(values) <= 0:
                yield f"{variant}/{records} takes no time"
                return


class Updates:
    """One run of `updates`: a change's time, and what a thread notices that reads meanwhile, by row."""

    READ = ("read_median", "read_p99", "read_p99.9", "slowest_median", "slowest_p99")
    MAPPINGS = ("mappings_before", "mappings_after")

    def __init__(self, measured):
        self.context = measured["context"]
        self.texts = {}  # row: what it is, in the order of the benchmark
        for key, value in sorted(measured["context"].items()):
            if key.startswith("row "):
                _, _, row = key.split(" ", 2)
                self.texts[row] = value
        self.values = {}
        for row in measured["benchmarks"]:
            if row["run_type"] == "iteration":
                if row.get("error_occurred"):
                    sys.exit(f"{row['name']}: {row['error_message']}")
                name = row["name"].split("/repeats:")[0].removesuffix("/real_time")
                name = re.sub(r"/min_time:[0-9.]+", "", name)
                self.values.setdefault((name, "ns"), []).append(row["real_time"])
                for counter in self.READ + self.MAPPINGS:
                    if counter in row:
                        self.values.setdefault((name, counter), []).append(row[counter])

    def median(self, row, what="ns"):
        values = self.values.get((row, what))
        return statistics.median(values) if values else None

    def troubles(self):
        if self.context.get("emulator"):
            yield f"the processor was emulated by {self.context['emulator']}"
        for row in self.texts:
            found = len(self.values.get((row, "ns"), []))
            if found < 15:
                yield f"{row} has {found} repetitions; 15 are needed"
                return


def counted(sites):
    return f"{sites:,} site" + ("s" if sites > 1 else "")


def compilers_of(runs):
    return sorted(runs, reverse=True)  # g++ before clang++


# ---- Pictures ------------------------------------------------------------------------------------------------


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)


def bars(path, run, group, title):
    """A bar a form and number of sites, as ratio to the form that it is compared with, with its quartiles."""
    forms = [form for form in run.forms if run.forms[form][0] == group]
    figure, axes = pyplot.subplots(figsize=(8, 0.52 * len(forms) + 1))
    height = 0.8 / len(SITES)
    for i, sites in enumerate(SITES):
        for j, form in enumerate(forms):
            key = (form, "dependent", sites, "warm")
            base = run.median(run.forms[form][1], sites=sites)
            low, middle, high = (value / base for value in quartiles(run.cycles[key]))
            at = j + (i - (len(SITES) - 1) / 2) * height
            axes.barh(at, middle, height, color=COLOURS[i], label=counted(sites) if j == 0 else None)
            axes.plot([low, high], [at, at], color="black", linewidth=0.8)
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(forms)), forms)
    axes.invert_yaxis()
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("ratio of medians to the form compared with, warm, each step waiting for the one before")
    axes.set_title(title)
    axes.legend(fontsize="small")
    save(figure, path)


def cold(path, run):
    """Cycles a site by state, at 64 sites."""
    forms = list(run.forms)
    figure, axes = pyplot.subplots(figsize=(8, 0.36 * len(forms) + 1))
    height = 0.8 / len(STATES)
    for i, state in enumerate(STATES):
        at = [j + (i - 1) * height for j in range(len(forms))]
        axes.barh(at, [run.median(form, state=state) for form in forms], height, color=COLOURS[i], label=state)
    axes.set_yticks(range(len(forms)), forms)
    axes.invert_yaxis()
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("cycles a site, 64 sites, each step waiting for the one before")
    axes.set_title("Warm, branch targets cold, caches cold")
    axes.legend(fontsize="small")
    save(figure, path)


def lines(path, runs):
    """ns a record by the number of records."""
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for style, compiler in zip(["-", "--"], compilers_of(runs)):
        run = runs[compiler]
        for colour, variant in zip(COLOURS, ["copy", "decide", "apply", "process"]):
            sizes = run.sizes(variant)
            if sizes:
                axes.plot(sizes, [run.median(variant, n) for n in sizes], style, marker="o", markersize=3, color=colour,
                          label=f"{variant}, {compiler}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("records")
    axes.set_ylabel("ns a record")
    axes.set_title("apply(), beside a plain copy of the same bytes to the same places")
    axes.legend(fontsize="small")
    save(figure, path)


def size_bars(path, results, compilers):
    """Bytes of a site: inlay's and the ordinary forms'."""
    rows = [row for row in results if row["what"] in ("text of a site", "all of a site")]
    pairs = list(dict.fromkeys((row["kind"], row["form"]) for row in rows))
    value = {(row["compiler"], row["kind"], row["form"], row["what"]): row["value"] for row in rows}
    figure, all_axes = pyplot.subplots(1, len(compilers), sharey=True, sharex=True, figsize=(9, 0.3 * len(pairs) + 1), squeeze=False)
    for axes, compiler in zip(all_axes[0], compilers):
        axes.barh(range(len(pairs)), [value[compiler, *pair, "all of a site"] for pair in pairs], color=COLOURS[1],
                  label="all")
        axes.barh(range(len(pairs)), [value[compiler, *pair, "text of a site"] for pair in pairs], color=COLOURS[0],
                  label="text")
        axes.set_yticks(range(len(pairs)), [kind if form == "inlay" else f"({form})" for kind, form in pairs])
        axes.set_xlabel(f"bytes a site, {compiler}")
        axes.legend(fontsize="small")
    all_axes[0][0].invert_yaxis()
    save(figure, path)


def compile_bars(path, results, compilers):
    """Seconds to include each header."""
    rows = [row for row in results if row["what"] == "user time over an empty unit"]
    headers = list(dict.fromkeys(row["kind"] for row in rows))
    figure, axes = pyplot.subplots(figsize=(8, 0.34 * len(headers) + 1))
    height = 0.8 / len(compilers)
    for i, compiler in enumerate(compilers):
        value = {row["kind"]: row["value"] for row in rows if row["compiler"] == compiler}
        axes.barh([j + (i - 0.5) * height for j in range(len(headers))], [max(value[each], 0) for each in headers], height,
                  color=COLOURS[i], label=compiler)
    axes.set_yticks(range(len(headers)), headers)
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=0.1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("user seconds to include it, over an empty unit")
    axes.legend(fontsize="small")
    save(figure, path)


# ---- Tables --------------------------------------------------------------------------------------------------


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def verdict(value, low, high, form="{:.3f}"):
    return f"{form.format(value)} {'met' if low <= value <= high else '**missed**'}"


def targets(dispatches, applies, sizes):
    """The aims, and what was measured of each, compiler by compiler."""
    infinite = float("inf")
    rows = []

    def add(text, runs, value, low, high, form="{:.3f}"):
        if runs:
            rows.append((text, {each: verdict(value(runs[each]), low, high, form) for each in runs}))

    for form in ("static_call", "dispatch"):
        for sites in (1, 64, 1024):
            add(f"{form} / direct, {counted(sites)}: 0.99 to 1.01", dispatches,
                lambda run, form=form, sites=sites: run.ratio(form, sites=sites), 0.99, 1.01)
    for form in ("alternative", "pv_alt_call", "pv_alt_call, save_fl"):
        for sites in (1, 64, 1024):
            add(f"{form} / by hand, {counted(sites)}: 0.99 to 1.01", dispatches,
                lambda run, form=form, sites=sites: run.ratio(form, sites=sites), 0.99, 1.01)
    for sites in (1, 64, 1024):
        add(f"static_key, off / no question, {counted(sites)}: 0.99 to 1.01", dispatches,
            lambda run, sites=sites: run.ratio("static_key, off", sites=sites), 0.99, 1.01)
    add("bool at random / static_key, 64 sites: at least 8", dispatches,
        lambda run: run.ratio("bool, at random", "static_key, off"), 8, infinite, "{:.1f}")
    add("retpoline / static_call, 64 sites: at least 4", dispatches, lambda run: run.ratio("retpoline", "static_call"), 4,
        infinite, "{:.1f}")
    for records in (1_000, 10_000, 100_000, 1_000_000):
        add(f"apply / copy, {records:,} records: at most 2.0", applies,
            lambda run, records=records: run.ratio(records), 0, 2.0)
    add("apply, exponent of records from 1,000 up: at most 1.05", applies, lambda run: run.exponent("apply"), 0, 1.05, "{:.3f}")
    add("system calls that write, a touched page: at most 1", applies, lambda run: run.writes_a_page, 0, 1)
    if sizes:
        value = {}
        for row in sizes["results"]:
            value.setdefault((row["kind"], row["form"], row["what"]), {})[row["compiler"]] = row["value"]
        for text, kind, most in (("an alternative", "alternative", 14), ("a key", "static_key", 12), ("a call", "static_call", 8)):
            found = value[kind, "inlay", "record of a site"]
            rows.append((f"record of {text}: at most {most} bytes",
                         {each: verdict(found[each], 0, most, "{:.0f}") for each in found}))
        for (kind, form, what), found in value.items():
            if what.startswith("text and constants of the patcher"):
                rows.append((f"text of the patcher ({form}): at most 2,048 bytes",
                             {each: verdict(found[each], 0, 2048, "{:,.0f}") for each in found}))
    compilers = compilers_of({each for _, found in rows for each in found})
    return table(["aim", *compilers], [[text, *(found.get(each, "") for each in compilers)] for text, found in rows])


def dispatch_tables(compiler, run):
    for chain in CHAINS:
        for state in STATES:
            yield f"### {compiler}, {chain}, {state}"
            yield ""
            rows = []
            for form, (_, against) in run.forms.items():
                row = [form, against if form != against else ""]
                for sites in SITES:
                    spread = run.spread(form, chain, sites, state)
                    row.append(f"{run.median(form, chain, sites, state):.2f} ± {100 * spread:.0f} %: "
                               f"{run.ratio(form, None, chain, sites, state):.2f}")
                rows.append(row)
            yield from table(["form", "against", *map(counted, SITES)], rows)


def apply_table(compiler, run):
    yield f"### {compiler}"
    yield ""
    variants = list(dict.fromkeys(variant for variant, _ in run.ns))
    sizes = sorted({records for _, records in run.ns})
    yield from table(["records", *variants, "apply / copy"],
                     [[f"{n:,}", *(f"{run.median(v, n):.2f}" if (v, n) in run.ns else "" for v in variants),
                       f"{run.ratio(n):.2f}" if ("apply", n) in run.ns else ""] for n in sizes])
    exponents = [f"{v} {run.exponent(v):.3f}" for v in variants if len([n for n in run.sizes(v) if n >= 1000]) > 2]
    yield "ns a record, medians. Exponents from 1,000 records up: " + ", ".join(exponents) + "."
    yield ""


def three_digits(value):
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def updates_table(compiler, run):
    yield f"### {compiler}"
    yield ""
    rows = []
    for row, text in run.texts.items():
        cells = [text]
        for each in (row, row + "/read"):
            time, barrier = run.median(each), run.median("barrier/0" + each[len(row):])
            cells.append(f"{three_digits(time / 1000)}: {three_digits(time / barrier)}" if time and barrier else "")
        cells += ["" if run.median(row + "/read", what) is None else f"{run.median(row + '/read', what):,.0f}" for what in run.READ]
        mappings = [run.median(row, what) for what in run.MAPPINGS]
        cells.append(f"{mappings[0]:.0f}, {mappings[1]:.0f}" if mappings[1] else "")
        rows.append(cells)
    yield from table(["change", "alone, us: ratio", "beside a reader", "read, ns", "p99", "p99.9", "slowest in a change", "its p99",
                      "mappings"], rows)


def results_tables(measured):
    """size.json and compile.json: a row a kind and form, a column what was measured."""
    compilers = list(measured["context"]["compilers"])
    for compiler in compilers:
        rows = [row for row in measured["results"] if row["compiler"] == compiler]
        by_columns = {}
        for row in rows:
            by_columns.setdefault((row["kind"], row["form"]), {})[row["what"], row["unit"]] = row["value"]
        shapes = {}
        for key, values in by_columns.items():
            shapes.setdefault(tuple(values), []).append(key)
        yield f"### {compiler}"
        yield ""
        for columns, keys in shapes.items():
            yield from table(["kind", "form", *(f"{what}, {unit}" for what, unit in columns)],
                             [[*key, *(f"{by_columns[key][column]:,.3g}" if column[1] == "s" else
                                       f"{by_columns[key][column]:,.0f}" for column in columns)] for key in keys])


def describe(context, free=None):
    shown = ("date", "processor", "kernel", "compiler", "compilers", "flags", "cycles", "mitigations")
    for key in shown:
        if context.get(key):
            value = context[key]
            yield f"* {key}: " + ("; ".join(f"{a}: {b}" for a, b in value.items()) if isinstance(value, dict) else str(value))
    if free is not None:
        yield f"* the core was free in {100 * free:.0f} % of the repetitions; the others are left out"
    yield ""


def raw(run):
    """What Google Benchmark wrote, without what says nothing: a line a benchmark, all its repetitions."""
    context = {key: value for key, value in run.context.items() if key not in ("host_name", "executable", "library_build_type") and not key.startswith(("form ", "row "))}
    values, unit = ((run.cycles, "cycles a site") if isinstance(run, Dispatch) else
                    (run.ns, "ns a record") if isinstance(run, Apply) else (run.values, "ns; mappings"))
    lines = [f"  {json.dumps('/'.join(map(str, key)))}: {json.dumps([round(value, 3) for value in all])}"
             for key, all in values.items()]
    return (f'{{"context": {json.dumps(context, indent=1)},\n"unit": "{unit}",\n"repetitions": {{\n' + ",\n".join(lines) + "\n}}\n")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: figures.py MEASURED OUT")
    measured, out = map(pathlib.Path, sys.argv[1:])

    def load(pattern, kind):
        return {re.sub(r"^[a-z]+-", "", path.stem): kind(json.loads(path.read_text())) for path in sorted(measured.glob(pattern))}

    dispatches, applies = load("dispatch-*.json", Dispatch), load("apply-*.json", Apply)
    updates = load("updates-*.json", Updates)
    sizes, compiles = (json.loads(path.read_text()) if path.exists() else None
                       for path in (measured / "size.json", measured / "compile.json"))
    measurements = (("dispatch", dispatches), ("apply", applies), ("updates", updates))
    if not (any(runs for _, runs in measurements) or sizes or compiles):
        sys.exit(f"{measured} holds no results")
    troubles = [f"{name}, {compiler}: {trouble}" for name, runs in measurements
                for compiler, run in runs.items() for trouble in run.troubles()]
    if troubles:
        sys.exit("\n".join(troubles) + "\nSo nothing is written. Repeat it when the machine has nothing else to do.")

    out.mkdir(parents=True, exist_ok=True)
    page = ["# Figures", "", "Made by `sh bench/run.sh`; [performance.md](../performance.md) says what they mean.", ""]
    if dispatches or applies or sizes:
        page += ["## Aims", "", *targets(dispatches, applies, sizes)]
    for name, runs in measurements:
        for compiler in compilers_of(runs):
            (out / f"{name}-{compiler}.json").write_text(raw(runs[compiler]))
    if dispatches:
        page += ["## Calls, instructions, questions", "",
                 "Cycles a site, median ± half the distance of the quartiles: ratio of medians to the form compared with.", ""]
        for compiler in compilers_of(dispatches):
            run = dispatches[compiler]
            for group in dict.fromkeys(group for group, _ in run.forms.values()):
                name = f"{group}-{compiler}.svg"
                bars(out / name, run, group, f"{group.capitalize()}, {compiler}")
                page += [f"![{group}, {compiler}]({name})", ""]
            cold(out / f"cold-{compiler}.svg", run)
            page += [f"![cold, {compiler}](cold-{compiler}.svg)", "", *describe(run.context, run.free), *dispatch_tables(compiler, run)]
    if applies:
        lines(out / "apply.svg", applies)
        page += ["## apply()", "", "![apply](apply.svg)", ""]
        for compiler in compilers_of(applies):
            page += [*describe(applies[compiler].context, applies[compiler].free), *apply_table(compiler, applies[compiler])]
    if updates:
        page += ["## Changes", "",
                 "Medians: us a change and its ratio to one membarrier, alone and beside a thread that calls what changes. Of that "
                 "thread's calls, in ns: median, p99 and p99.9 of all, median and p99 of the slowest during each change. Mappings "
                 "of the process, before and after the first change.", ""]
        for compiler in compilers_of(updates):
            page += [*describe(updates[compiler].context), *updates_table(compiler, updates[compiler])]
    if sizes:
        size_bars(out / "size.svg", sizes["results"], list(sizes["context"]["compilers"]))
        (out / "size.json").write_text(json.dumps(sizes, indent=1) + "\n")
        page += ["## Size", "", "![size](size.svg)", "", *describe(sizes["context"]), *results_tables(sizes)]
    if compiles:
        compile_bars(out / "compile.svg", compiles["results"], list(compiles["context"]["compilers"]))
        (out / "compile.json").write_text(json.dumps(compiles, indent=1) + "\n")
        page += ["## Compiling", "", "![compiling](compile.svg)", "", *describe(compiles["context"]), *results_tables(compiles)]
    (out / "README.md").write_text("\n".join(page).rstrip() + "\n")
    print(f"{out}: {len(list(out.iterdir()))} files")


main()
