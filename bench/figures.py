#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
#
# Makes docs/figures/ from the results of the benchmarks:
#
#     bench/figures.py MEASURED OUT      # run.sh does it
#     bench/figures.py OUT               # makes tables and pictures anew, from the files in OUT
#
# MEASURED holds dispatch-COMPILER.json, apply-COMPILER.json and updates-COMPILER.json (from Google Benchmark),
# size.json and compile.json, all of one machine. OUT has a folder for each machine, named after its processor: raw
# files, pictures and a README.md. OUT/README.md shows all machines side by side. Parts that were not measured stay as
# they are: figures.py also reads the raw files in OUT, or else those in docs/figures. Each raw file contains the
# machine, compiler, flags, mitigations and date.
#
# figures.py first checks each result. It refuses a result that contradicts itself, and gives the reason. Then the
# result in OUT stays, the others are written, and the exit status is 1.

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
APPLIED = [10**n for n in range(7)]
STATES = ["warm", "branch-cold", "cache-cold"]
PUBLISHED = pathlib.Path(__file__).resolve().parent.parent / "docs/figures"
COLOURS = ["#20639b", "#3caea3", "#f6a531", "#c44536"]


ALONE = 0.9  # of the units of a core: with less, another thread used the core (see clock.hpp)


def percentile(values, which):
    return sorted(values)[(len(values) - 1) * which // 100]


BUSY = ("Something else runs on this machine, or on the other thread of its core: leave it alone meanwhile; if it is rented, "
        "try at another time")
REAL = "Measure on a real processor"
REPORT = "Please report it, with what lscpu says"


def iterations(measured):
    rows = [row for row in measured["benchmarks"] if row["run_type"] == "iteration"]
    for row in rows:
        if row.get("error_occurred") or row.get("skipped"):  # until Google Benchmark 1.8, and since
            raise Refused(f"{row['name']}: {row.get('error_message') or row.get('skip_message')}", REPORT)
    if not rows:
        raise Refused("it has no results", "Look at what was printed above")
    return rows


class Refused(Exception):
    """The reason why a result is refused, and advice."""

    def __init__(self, reason, advice):
        super().__init__(f"{reason}. {advice}.")


def alone(measured):
    """The repetitions with a free core, and their part of all repetitions."""
    rows = iterations(measured)
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
        if "repetitions" in measured:  # published
            self.free = measured["free"]
            for name, values in measured["repetitions"].items():
                form, chain, sites, state = name.split("/")
                self.cycles[form, chain, int(sites), state] = values
            return
        self.free, rows = alone(measured)
        for row in rows:
            form, chain, sites, state = row["name"].split("/")[:4]
            self.cycles.setdefault((form, chain, int(sites), state), []).append(row["cycles"])

    def raw(self):
        return {"unit": "cycles a site", "free": round(self.free, 4)}, self.cycles

    def median(self, form, chain="dependent", sites=64, state="warm"):
        return statistics.median(self.cycles[form, chain, sites, state])

    def ratio(self, form, against=None, chain="dependent", sites=64, state="warm"):
        against = against or self.forms[form][1]
        return self.median(form, chain, sites, state) / self.median(against, chain, sites, state)

    def spread(self, form, chain, sites, state):
        """Half the distance of the quartiles, relative to the median."""
        low, middle, high = quartiles(self.cycles[form, chain, sites, state])
        return (high - low) / 2 / middle

    def check(self):
        refuse_emulated(self.context)
        for form in self.forms:
            for key in ((form, chain, sites, state) for chain in CHAINS for sites in SITES for state in STATES):
                refuse_few(key, self.cycles.get(key, []), 30)
        # At one site some cores have two states, a run this one, a run that one: only steady figures can contradict.
        for sites in (1, 64):
            same = self.ratio("direct, again", sites=sites)
            steady = not any(self.unsteady(form, sites) for form in ("direct", "direct, again"))
            if not 0.98 <= same <= 1.02 and (steady or sites > 1):
                raise Refused(f"two forms of the same instructions have a ratio of {same:.2f} at {counted(sites)}", BUSY)
        for form in ("no question", "direct"):
            if self.unsteady(form, 64):
                apart = 200 * self.spread(form, "dependent", 64, "warm")
                raise Refused(f"the quartiles of \"{form}\" are {apart:.0f} % apart at 64 sites", BUSY)
        step = self.median("no question")
        if step < 0.95:
            raise Refused(f"a rotation takes {step:.2f} cycles: the clock's calibration does not fit this processor", REPORT)
        if step > 1.3:
            raise Refused(f"a rotation takes {step:.2f} cycles", BUSY)
        for form in self.forms:
            if self.median(form) < 0.95:
                raise Refused(f"{form} takes {self.median(form):.2f} cycles, which no step can", REPORT)

    def unsteady(self, form, sites):
        """Whether the quartiles are too far apart to say anything of the median."""
        return self.spread(form, "dependent", sites, "warm") > 0.1


class Apply:
    """One run of `apply`: ns a record by variant and number of records."""

    def __init__(self, measured):
        self.context = measured["context"]
        self.ns = {}
        self.writes_a_page = 0.0
        if "repetitions" in measured:
            self.free, self.writes_a_page = measured["free"], measured["writes_a_page"]
            for name, values in measured["repetitions"].items():
                variant, records = name.split("/")
                self.ns[variant, int(records)] = values
            return
        self.free, rows = alone(measured)
        for row in rows:
            variant, records = row["name"].split("/")[:2]
            self.ns.setdefault((variant, int(records)), []).append(row["ns_per_record"])
            self.writes_a_page = max(self.writes_a_page, row.get("writes_per_page", 0.0))

    def raw(self):
        return {"unit": "ns a record", "free": round(self.free, 4), "writes_a_page": self.writes_a_page}, self.ns

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

    def check(self):
        refuse_emulated(self.context)
        for key in ((variant, records) for variant in ("copy", "decide", "apply") for records in APPLIED):
            refuse_few(key, self.ns.get(key, []), 15)
        for (variant, records), values in self.ns.items():
            refuse_few((variant, records), values, 15)
            if min(values) <= 0:
                raise Refused(f"{variant}/{records} takes no time", REPORT)


class Updates:
    """One run of `updates`: the time of a change, and its effect on a thread that reads meanwhile, by row."""

    READ = ("read_median", "read_p99", "read_p99.9", "slowest_median", "slowest_p99")
    MAPPINGS = ("mappings_before", "mappings_after")

    def __init__(self, measured):
        self.context = measured["context"]
        self.texts = {}  # row: its description, in the order of the benchmark
        for key, value in sorted(measured["context"].items()):
            if key.startswith("row "):
                _, _, row = key.split(" ", 2)
                self.texts[row] = value
        self.values = {}
        if "repetitions" in measured:
            self.values = {tuple(name.rsplit("/", 1)): values for name, values in measured["repetitions"].items()}
            return
        for row in iterations(measured):
            name = row["name"].split("/repeats:")[0].removesuffix("/real_time")
            name = re.sub(r"/min_time:[0-9.]+", "", name)
            self.values.setdefault((name, "ns"), []).append(row["real_time"])
            for counter in self.READ + self.MAPPINGS:
                if counter in row:
                    self.values.setdefault((name, counter), []).append(row[counter])

    def raw(self):
        return {"unit": "ns; mappings"}, self.values

    def median(self, row, what="ns"):
        values = self.values.get((row, what))
        return statistics.median(values) if values else None

    def check(self):
        refuse_emulated(self.context)
        for row in self.texts:
            refuse_few((row,), self.values.get((row, "ns"), []), 15)
        if not self.texts:
            raise Refused("it has no rows", REPORT)


class Listed:
    """size.json or compile.json, the results of size.py and compile.py."""

    def __init__(self, measured):
        self.context = measured["context"]
        self.results = measured["results"]
        self.all = measured

    def check(self):
        if not self.results:
            raise Refused("it has no results", REPORT)


def refuse_emulated(context):
    if context.get("emulator"):
        raise Refused(f"the processor was emulated by {context['emulator']}", REAL)


def refuse_few(key, values, needed):
    if len(values) < needed:
        raise Refused(f"the core was free in {len(values)} repetitions of {'/'.join(map(str, key))}; {needed} are needed", BUSY)


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
    axes.set_xlabel("ratio of medians to the reference form, warm, each step waiting for the previous one")
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
    axes.set_xlabel("cycles for each site, 64 sites, each step waiting for the previous one")
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


def targets(machine):
    """The aims, and the results for each: pairs of its text and a verdict by compiler."""
    dispatches, applies, sizes = machine.runs["dispatch"], machine.runs["apply"], machine.size
    infinite = float("inf")
    rows = []

    def add(text, runs, value, low, high, form="{:.3f}"):
        if runs:
            rows.append((text, {each: verdict(value(runs[each]), low, high, form) for each in runs}))

    def add_ratio(text, form, sites):
        def judged(run):
            if run.unsteady(form, sites) or run.unsteady(run.forms[form][1], sites):
                return f"{run.ratio(form, sites=sites):.3f} not judged: unsteady"
            return verdict(run.ratio(form, sites=sites), 0.99, 1.01)
        if dispatches:
            rows.append((f"{text}, {counted(sites)}: 0.99 to 1.01", {each: judged(dispatches[each]) for each in dispatches}))

    for form in ("static_call", "dispatch"):
        for sites in (1, 64, 1024):
            add_ratio(f"{form} / direct", form, sites)
    for form in ("alternative", "pv_alt_call", "pv_alt_call, save_fl"):
        for sites in (1, 64, 1024):
            add_ratio(f"{form} / by hand", form, sites)
    for sites in (1, 64, 1024):
        add_ratio("static_key, off / no question", "static_key, off", sites)
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
        for row in sizes.results:
            value.setdefault((row["kind"], row["form"], row["what"]), {})[row["compiler"]] = row["value"]
        for text, kind, most in (("an alternative", "alternative", 14), ("a key", "static_key", 12), ("a call", "static_call", 8)):
            found = value[kind, "inlay", "record of a site"]
            rows.append((f"record of {text}: at most {most} bytes",
                         {each: verdict(found[each], 0, most, "{:.0f}") for each in found}))
        for (kind, form, what), found in value.items():
            if what.startswith("text and constants of the patcher"):
                most = 1024 if form.endswith("of a sealed image, alternatives alone") else 2048
                rows.append((f"text of the patcher ({form}): at most {most:,} bytes",
                             {each: verdict(found[each], 0, most, "{:,.0f}") for each in found}))
    return rows


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
    yield "ns for each record, medians. Exponents from 1,000 records up: " + ", ".join(exponents) + "."
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


def results_tables(listed):
    """size.json and compile.json: a row for each kind and form, a column for each measurement."""
    for compiler in listed.context["compilers"]:
        rows = [row for row in listed.results if row["compiler"] == compiler]
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
    shown = ("date", "processor", "kernel", "compiler", "compilers", "flags", "cycles", "steps", "mitigations")
    for key in shown:
        if context.get(key):
            value = context[key]
            yield f"* {key}: " + ("; ".join(f"{a}: {b}" for a, b in value.items()) if isinstance(value, dict) else str(value))
    if free is not None:
        yield f"* the core was free in {100 * free:.0f} % of the repetitions; the others are left out"
    yield ""


# ---- Machines ------------------------------------------------------------------------------------------------

PARTS = {"dispatch": Dispatch, "apply": Apply, "updates": Updates}  # a file a compiler
LISTED = ["size", "compile"]  # a file for all compilers


def slug(processor):
    """A folder's name: "Intel(R) Xeon(R) Processor, family 6, model 207" is intel-xeon-6-207."""
    words = re.sub(r"\((R|TM)\)|\b(Processor|CPU|family|model)\b|@.*?(?=,|$)", " ", processor)
    return "-".join(re.findall(r"[a-z0-9]+", words.lower()))


class Machine:
    """All results of a machine, by part and compiler."""

    def __init__(self, name):
        self.name = name
        self.runs = {part: {} for part in PARTS}
        self.size = self.compile = None

    def load(self, folder):
        """Reads the results in a folder, which replace known ones."""
        for path in sorted(folder.glob("*.json")):
            part, _, compiler = path.stem.partition("-")
            try:
                if part in PARTS and compiler:
                    self.runs[part][compiler] = PARTS[part](json.loads(path.read_text()))
                elif path.stem in LISTED:
                    setattr(self, path.stem, Listed(json.loads(path.read_text())))
            except (KeyError, ValueError, TypeError) as trouble:
                sys.exit(f"{path}: this is no published result ({trouble!r})")
        return self

    def every(self):
        yield from (run for runs in self.runs.values() for run in runs.values())
        yield from (each for each in (self.size, self.compile) if each)

    @property
    def title(self):
        """The processor, in the longest form that a result has."""
        return max((each.context["processor"] for each in self.every()), key=len)

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        page = [f"# {self.title}", "",
                "Made by `sh bench/run.sh`; [performance.md](../../performance.md) explains the figures, "
                "[the figures](../README.md) has the other machines.", ""]
        aims = targets(self)
        if aims:
            compilers = compilers_of({each for _, found in aims for each in found})
            page += ["## Aims", "", *table(["aim", *compilers], [[text, *(found.get(each, "") for each in compilers)]
                                                                for text, found in aims])]
        for part, runs in self.runs.items():
            for compiler, run in runs.items():
                (folder / f"{part}-{compiler}.json").write_text(raw(run))
        page += [*self.dispatch_page(folder), *self.apply_page(folder), *self.updates_page(), *self.listed_pages(folder)]
        (folder / "README.md").write_text("\n".join(page).rstrip() + "\n")

    def dispatch_page(self, folder):
        dispatches = self.runs["dispatch"]
        if not dispatches:
            return
        yield from ("## Calls, instructions, questions", "",
                    "Cycles for each site, median ± half the distance of the quartiles: ratio of medians to the reference form.", "")
        for compiler in compilers_of(dispatches):
            run = dispatches[compiler]
            for group in dict.fromkeys(group for group, _ in run.forms.values()):
                name = f"{group}-{compiler}.svg"
                bars(folder / name, run, group, f"{group.capitalize()}, {compiler}")
                yield from (f"![{group}, {compiler}]({name})", "")
            cold(folder / f"cold-{compiler}.svg", run)
            yield from (f"![cold, {compiler}](cold-{compiler}.svg)", "", *describe(run.context, run.free),
                        *dispatch_tables(compiler, run))

    def apply_page(self, folder):
        applies = self.runs["apply"]
        if not applies:
            return
        lines(folder / "apply.svg", applies)
        yield from ("## apply()", "", "![apply](apply.svg)", "")
        for compiler in compilers_of(applies):
            yield from (*describe(applies[compiler].context, applies[compiler].free), *apply_table(compiler, applies[compiler]))

    def updates_page(self):
        updates = self.runs["updates"]
        if not updates:
            return
        yield from ("## Changes", "",
                    "Medians: us for each change and the ratio to one membarrier, alone and beside a thread that calls the changing "
                    "function. For this thread's calls, in ns: median, p99 and p99.9 of all, median and p99 of the slowest during each change. Mappings "
                    "of the process, before and after the first change.", "")
        for compiler in compilers_of(updates):
            yield from (*describe(updates[compiler].context), *updates_table(compiler, updates[compiler]))

    def listed_pages(self, folder):
        for part, title, picture, draw in (("size", "Size", "size", size_bars), ("compile", "Compiling", "compiling", compile_bars)):
            listed = getattr(self, part)
            if listed:
                draw(folder / f"{part}.svg", listed.results, list(listed.context["compilers"]))
                (folder / f"{part}.json").write_text(json.dumps(listed.all, indent=1) + "\n")
                yield from (f"## {title}", "", f"![{picture}]({part}.svg)", "", *describe(listed.context), *results_tables(listed))


def raw(run):
    """A published result: a line a benchmark, all its repetitions."""
    context = {key: value for key, value in run.context.items() if key not in ("host_name", "executable", "library_build_type")}
    more, values = run.raw()
    lines = [f"  {json.dumps('/'.join(map(str, key)))}: {json.dumps([round(value, 3) for value in all])}"
             for key, all in values.items()]
    more = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in more.items())
    return f'{{"context": {json.dumps(context, indent=1)},\n{more}"repetitions": {{\n' + ",\n".join(lines) + "\n}}\n"


# ---- All machines side by side -------------------------------------------------------------------------------


def columns(machines, part):
    """All results of this part: (machine, compiler, run)."""
    return [(machine, compiler, machine.runs[part][compiler]) for machine in machines for compiler in compilers_of(machine.runs[part])]


def side_by_side(machines, part, first, row_names, cell):
    """A table: a row a name, a column a machine and compiler. Without columns, no table."""
    shown = columns(machines, part)
    if shown:
        names = list(dict.fromkeys(name for _, _, run in shown for name in row_names(run)))
        yield from table([first, *(f"{machine.name}, {compiler}" for machine, compiler, _ in shown)],
                         [[name, *(cell(run, name) if name in row_names(run) else "" for _, _, run in shown)] for name in names])


def machines_bars(path, machines):
    """A bar a form and machine, with the first compiler of each: the ratio at 64 sites, warm."""
    shown = list({machine.name: (machine, compiler, run) for machine, compiler, run in reversed(columns(machines, "dispatch"))}.values())
    shown.reverse()
    forms = list(dict.fromkeys(form for _, _, run in shown for form in run.forms))
    figure, axes = pyplot.subplots(figsize=(8, 0.34 * len(forms) + 1))
    height = 0.8 / len(shown)
    for i, (machine, compiler, run) in enumerate(shown):
        present = [form for form in forms if form in run.forms]
        axes.barh([forms.index(form) + (i - (len(shown) - 1) / 2) * height for form in present],
                  [run.ratio(form) for form in present], height, color=COLOURS[i % len(COLOURS)], label=f"{machine.name}, {compiler}")
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(forms)), forms)
    axes.invert_yaxis()
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("ratio of medians to the reference form, 64 sites, warm, each step waiting for the previous one")
    axes.legend(fontsize="small")
    save(figure, path)


def overview(machines, out):
    page = ["# Figures", "", "Made by `sh bench/run.sh`; [performance.md](../performance.md) explains them. Each machine has a page "
            "with all of its figures; here they are side by side. Quote ratios: cycles and times are a machine's own.", ""]
    page += table(["machine", "processor", "measured on", "compilers", "kernel"],
                  [[f"[{machine.name}]({machine.name}/README.md)", machine.title,
                    ", ".join(sorted({each.context["date"][:10] for each in machine.every()})),
                    ", ".join(compilers_of({compiler for runs in machine.runs.values() for compiler in runs} or
                                           {compiler for each in machine.every() for compiler in each.context["compilers"]})),
                    ", ".join(sorted({each.context["kernel"] for each in machine.every() if each.context.get("kernel")}))]
                   for machine in machines])
    if columns(machines, "dispatch"):
        machines_bars(out / "machines.svg", machines)
        page += ["![machines](machines.svg)", ""]
    aims = {machine.name: targets(machine) for machine in machines}
    shown = [(name, compiler) for name, rows in aims.items() for compiler in compilers_of({each for _, found in rows for each in found})]
    verdicts = {(text, name, compiler): said for name, rows in aims.items() for text, found in rows for compiler, said in found.items()}
    texts = list(dict.fromkeys(text for rows in aims.values() for text, _ in rows))
    if texts:
        page += ["## Aims", "", *table(["aim", *(f"{name}, {compiler}" for name, compiler in shown)],
                                       [[text, *(verdicts.get((text, *each), "") for each in shown)] for text in texts])]
    for sites, state in ((64, "warm"), (4096, "warm"), (64, "cache-cold")):
        rows = list(side_by_side(machines, "dispatch", "form", lambda run: run.forms,
                                 lambda run, form, sites=sites, state=state:
                                 f"{run.median(form, sites=sites, state=state):.2f}: {run.ratio(form, sites=sites, state=state):.2f}"))
        if rows:
            page += [f"## {counted(sites).capitalize()}, {state}", "",
                     "Cycles for each site, each step waiting for the previous one, and the ratio of medians to the reference form.", "", *rows]
    rows = list(side_by_side(machines, "apply", "records", lambda run: [f"{n:,}" for n in run.sizes("apply")],
                             lambda run, n: f"{run.median('apply', int(n.replace(',', ''))):.2f}: {run.ratio(int(n.replace(',', ''))):.2f}"))
    if rows:
        page += ["## apply()", "", "ns for each record, and the ratio to a plain copy of the same bytes to the same places.", "", *rows]
    rows = list(side_by_side(machines, "updates", "change", lambda run: list(run.texts.values()),
                             lambda run, text: updates_cell(run, next(row for row, each in run.texts.items() if each == text))))
    if rows:
        page += ["## Changes", "", "us for each change alone, and the ratio to one membarrier.", "", *rows]
    (out / "README.md").write_text("\n".join(page).rstrip() + "\n")


def updates_cell(run, row):
    time, barrier = run.median(row), run.median("barrier/0")
    return f"{three_digits(time / 1000)}: {three_digits(time / barrier)}" if time and barrier else ""


# ---- From the measurements -----------------------------------------------------------------------------------


def take(measured):
    """Reads and checks the measured files: results by (part, compiler), and refused results: (text, reason)."""
    results, refused = {}, []
    for path in sorted(measured.glob("*.json")):
        part, _, compiler = path.stem.partition("-")
        if part not in PARTS and part not in LISTED:
            continue
        try:
            try:
                result = PARTS.get(part, Listed)(json.loads(path.read_text()))
            except (KeyError, ValueError) as trouble:  # the program ended before it was done
                raise Refused(f"{path.name} is not whole ({trouble!r})", "Look at what was printed above") from trouble
            result.check()
            # In the published form, so that tables made anew have the same last digit.
            results[part, compiler] = PARTS[part](json.loads(raw(result))) if part in PARTS else result
        except Refused as why:
            refused.append((f"{part}, {compiler}" if compiler else part, str(why)))
    return results, refused


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: figures.py [MEASURED] OUT")
    out = pathlib.Path(sys.argv[-1])
    results, refused = take(pathlib.Path(sys.argv[1])) if len(sys.argv) == 3 else ({}, [])
    if len(sys.argv) == 3 and not results and not refused:
        sys.exit(f"{sys.argv[1]} holds no results")
    names = {slug(each.context["processor"]) for each in results.values()}
    if len(names) > 1:
        sys.exit(f"{sys.argv[1]} holds results of several machines: {', '.join(sorted(names))}")

    machines = {}
    for place in (PUBLISHED, out):
        for folder in sorted(place.iterdir()) if place.is_dir() else []:
            if folder.is_dir() and any(folder.glob("*.json")):
                machines.setdefault(folder.name, Machine(folder.name)).load(folder)
    for (part, compiler), result in results.items():
        (name,) = names
        machine = machines.setdefault(name, Machine(name))
        if compiler:
            machine.runs[part][compiler] = result
        else:
            setattr(machine, part, result)
    if results or len(sys.argv) == 2:
        out.mkdir(parents=True, exist_ok=True)
        for machine in machines.values():
            if len(sys.argv) == 2 or machine.name in names or not (out / machine.name / "README.md").exists():
                machine.write(out / machine.name)
        overview(list(machines.values()), out)
        written = ", ".join(f"{part} {compiler}".strip() for part, compiler in results)
        where = f"{out}/{next(iter(names))}" if names else str(out)
        print(f"{where}: " + (f"{written}; the rest is as published" if written else "made anew"))
    if refused:
        print("\n" + "\n".join(f"REFUSED: {text}: {reason}" for text, reason in refused))
        print("What is refused is not written: what was published of it stays.")
        sys.exit(1)


main()
