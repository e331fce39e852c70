#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""boots: the AArch64 kernel on QEMU's machine virt, in all the ways that it is made for, checked from the outside.

    boots.py BUILD MEMORY_TEST [GROUP...]       BUILD is made by run.sh; GROUP: lines, machines, pmu_accesses, ...

One line a check that fails, one for each group. INLAY_SOAK=1 runs the GIC tests 10,000 times instead of 50 in the end, and
makes 1,000,000 changes beside running processors instead of 10,000.
"""
import concurrent.futures
import itertools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "kernel"))
from machine import Arm, Result, check_figures, figures_of  # noqa: E402 (the path comes first)

from image import Image  # noqa: E402
from mutants import Build  # noqa: E402

build, memory_test = sys.argv[1], sys.argv[2].split()
soak = os.environ.get("INLAY_SOAK") == "1"
gcc, clang, whole = f"{build}/gcc.elf", f"{build}/clang.elf", Build(f"{build}/gcc")
passed = failed = 0
slowest = 0.0
KINDS = ("PASS", "FAIL", "SKIP", "WARN", "ABORT", "SUMMARY", "INFO: PMU", "INFO: Implements", "No PMU", "PMU accesses")


def check(right, what, result=None):
    global passed, failed
    if right:
        passed += 1
    else:
        failed += 1
        print(f"FAIL: kernel_aarch64: {what}")
        if result is not None and not getattr(result, "shown", False):
            result.shown = True
            print("\n".join("    " + line for line in result.lines[-12:]))
    return right


def boot(kernel=gcc, **how):
    with Arm(kernel, **how) as machine:
        return machine.finish()


def mutant(name):
    """The path of a kernel that is broken on purpose."""
    path = f"{build}/mutation-{name}.elf"
    whole.mutant(name, path)
    return path


def at_once(jobs):
    """[(name, how, ...)] -> the same with results, two machines at a time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(zip(jobs, pool.map(lambda each: boot(**each[1]), jobs)))


def said(result):
    return [line for line in result.lines if line.startswith(KINDS)]


def sound(name, result, status, limit=10):
    """The status by each of its ways, in time."""
    global slowest
    slowest = max(slowest, result.seconds)
    good = check(result.status == status and result.qemu_status == status,
                 f"{name}: status {result.status}, QEMU's {result.qemu_status}, not {status}", result)
    good &= check(result.count("FAIL") == 0, f"{name}: fails", result)
    return good & check(result.seconds < limit, f"{name}: takes {result.seconds:.1f} s, not {limit}")


# ---- Each test: its lines, byte for byte ----------------------------------------------------------------------------

def ipi(version):
    return [f"PASS: gicv{version}: ipi: {each}: Interrupts received" for each in ("self", "target-list", "broadcast")]


def active(version):
    return [f"PASS: gicv{version}: active: self: Interrupts received"]


INTROSPECTION = ["PASS: gicv3: its-introspection: " + each for each in
                 ("GITS_IIDR is read-only", "GITS_TYPER is read-only", "ITS supports physical LPIs", "ID spaces",
                  "detect device and collection BASER")]
TRIGGER = ["PASS: gicv3: its-trigger: " + each for each in
           ("int: dev=2, eventid=20  -> lpi= 8195, col=3", "int: dev=7, eventid=255 -> lpi= 8196, col=2",
            "inv/invall: dev2/eventid=20 does not trigger any LPI",
            "inv/invall: dev2/eventid=20 pending LPI is received",
            "inv/invall: dev2/eventid=20 now triggers an LPI", "mapd valid=false: no LPI after device unmap")]
CYCLES = ["PASS: pmu: cycle-counter: Monotonically increasing cycle count",
          "PASS: pmu: cycle-counter: Cycle/instruction ratio"]
COUNTERS = ["PASS: pmu: counters: " + each for each in
            ("A reset leaves nothing of an earlier user", "The cycle counter stands still while it is off",
             "The cycle counter overflows at 2^64, and not at 2^32", "Event counter 0 overflows at 2^32")]


def pmu(version, code="0x1"):
    return [f"INFO: PMU version: {version}", f'INFO: PMU implementer/ID code: 0x41("A")/{code}',
            "INFO: Implements 6 event counters"]


def summary(lines, skipped=0):
    return lines + [f"SUMMARY: {sum(each[:4] in ('PASS', 'SKIP') for each in lines)} tests" +
                    (f", {skipped} skipped" if skipped else "")]


# name, how to boot, the lines, the status
LINES = []
for kernel, smp in ((gcc, 2), (gcc, 4), (gcc, 8), (clang, 4)):
    for version in (2, 3):
        kind = {"kernel": kernel, "kind": f"gic-version={version}", "smp": smp}
        LINES.append(("ipi", {**kind, "append": "test=ipi"}, summary(ipi(version)), 0))
        LINES.append(("active", {**kind, "append": "test=active"}, summary(active(version)), 0))
for version in (2, 3):
    kind = {"kind": f"gic-version={version}"}
    LINES.append(("ipi on one processor", {**kind, "append": "test=ipi"},
                  [f"ABORT: gicv{version}: ipi: At least 2 cpus required"], 127))
    LINES.append(("active on one processor", {**kind, "append": "test=active"}, summary(active(version)), 0))
for kernel in (gcc, clang):
    three = {"kernel": kernel, "kind": "gic-version=3", "smp": 4}
    LINES.append(("its-introspection", {**three, "append": "test=its-introspection"}, summary(INTROSPECTION), 0))
    LINES.append(("its-trigger", {**three, "append": "test=its-trigger"}, summary(TRIGGER), 0))
    for cpu, version, code in (("cortex-a57", "0x1", "0x1"), ("cortex-a72", "0x1", "0x2"), ("max", "0x6", "0x1")):
        machine = {"kernel": kernel, "cpu": cpu, "append": "test=pmu-cycle-counter"}
        LINES.append((f"pmu-cycle-counter on {cpu}", machine, summary(pmu(version, code) + CYCLES), 0))
        LINES.append((f"pmu-cycle-counter on {cpu} without a PMU", {**machine, "cpu": f"{cpu},pmu=off"},
                      ["No PMU found, test skipped...", "SUMMARY: 0 tests"], 77))
    machine = {"kernel": kernel, "append": "test=pmu-counters"}
    LINES.append(("pmu-counters on max", machine, summary(
        COUNTERS + ["PASS: pmu: counters: Event counter 0 of 64 bits overflows at 2^64"]), 0))
    LINES.append(("pmu-counters on cortex-a57", {**machine, "cpu": "cortex-a57"}, summary(
        COUNTERS + ["SKIP: pmu: counters: Event counters have 32 bits"], 1), 0))
LINES.append(("its-trigger on 8 processors", {"kind": "gic-version=3", "smp": 8, "append": "test=its-trigger"},
              summary(TRIGGER), 0))
LINES.append(("its-trigger on 2 processors", {"kind": "gic-version=3", "smp": 2, "append": "test=its-trigger"},
              summary(["SKIP: gicv3: its-trigger: Test requires at least 4 vcpus"], 1), 77))
for each in ("its-trigger", "its-introspection"):
    LINES.append((f"{each} without an ITS", {"kind": "gic-version=3,its=off", "smp": 4, "append": f"test={each}"},
                  summary([f"SKIP: gicv3: {each}: No ITS, skip ..."], 1), 77))
# With -icount one instruction takes 2^N ns, and QEMU's cycle counter counts at 1 GHz: the ratio is exact.
for shift, cpi in ((0, 1), (8, 256)):
    LINES.append((f"pmu-cycle-counter, {cpi} cycles an instruction",
                  {"options": ("-icount", f"shift={shift}"), "append": f"test=pmu-cycle-counter cpi={cpi}"},
                  summary(pmu("0x6") + CYCLES), 0))


def lines():
    before = failed
    for (name, how, expected, status), result in at_once(LINES):
        where = f"{name} ({how})"
        sound(where, result, status)
        found = said(result)
        check(found == expected, f"{where}: says\n" + "\n".join(f"      {each}" for each in found) + "\n    and not\n" +
              "\n".join(f"      {each}" for each in expected))
    result = boot(options=("-icount", "shift=1"), append="test=pmu-cycle-counter cpi=1")
    check(result.status == 1 and "FAIL: pmu: cycle-counter: Cycle/instruction ratio" in result.lines,
          "a wrong ratio is not found", result)
    if failed == before:
        print(f"ok: {len(LINES) + 1} boots of one test: the lines, byte for byte")


# ---- Each machine: all tests ----------------------------------------------------------------------------------------

MACHINES = [(f"GICv{version}, {smp} processors", {"kind": f"gic-version={version}", "smp": smp})
            for version in (2, 3) for smp in (1, 2, 4, 8)]
MACHINES += [(f"GICv3 without ITS, {smp} processors", {"kind": "gic-version=3,its=off", "smp": smp}) for smp in (1, 4)]
MACHINES += [(f"{cpu}, GICv{version}", {"kind": f"gic-version={version}", "cpu": cpu, "smp": 2})
             for cpu in ("cortex-a57", "cortex-a72", "max,pmu=off", "cortex-a57,pmu=off") for version in (2, 3)]
MACHINES += [(f"from EL2, GICv{version}, {smp} processors",
              {"kind": f"gic-version={version},virtualization=on", "smp": smp}) for version in (2, 3) for smp in (1, 4)]
MACHINES += [(f"secure=on, GICv{version}",
              {"kernel": f"{build}/gcc.img", "kind": f"gic-version={version},secure=on", "smp": 2})
             for version in (2, 3)]
MACHINES += [(f"secure=on and from EL2, GICv3", {"kernel": f"{build}/gcc.img", "smp": 2,
                                                 "kind": "gic-version=3,secure=on,virtualization=on"})]
MACHINES += [(f"Clang, GICv{version}, {smp} processors",
              {"kernel": clang, "kind": f"gic-version={version}", "smp": smp})
             for version in (2, 3) for smp in (1, 4)]


def expected_of(name, how):
    """The lines of the tests that must be among those of a whole run."""
    smp, version = how["smp"], 3 if "gic-version=3" in how["kind"] else 2
    expected = active(version) + (ipi(version) if smp > 1 else [])
    if version == 3:
        its = "its=off" not in how["kind"]
        expected += INTROSPECTION if its else ["SKIP: gicv3: its-introspection: No ITS, skip ..."]
        expected += ["SKIP: gicv3: its-trigger: No ITS, skip ..."] if not its else TRIGGER if smp >= 4 else \
            ["SKIP: gicv3: its-trigger: Test requires at least 4 vcpus"]
    return expected + (["No PMU found, test skipped..."] if "pmu=off" in name else CYCLES + COUNTERS)


# QEMU before 8.1 can keep an instruction that another processor has changed if each has a thread (test_live.cpp).
WHOLE = {"accel": "tcg,thread=single", "append": "live=1000"}


def machines():
    for (name, how), result in at_once([(name, {**WHOLE, **how}) for name, how in MACHINES]):
        good = sound(name, result, 0)
        missing = [each for each in expected_of(name, how) if each not in result.lines]
        good &= check(not missing, f"{name}: does not say {missing}", result)
        tests = result.count("PASS") + result.count("SKIP")
        skips = result.count("SKIP")
        wanted = f"SUMMARY: {tests} tests" + (f", {skips} skipped" if skips else "")
        good &= check(result.line("SUMMARY") == wanted, f"{name}: does not say {wanted!r}", result)
        good &= check(f"processors: {how['smp']}" in result.text, f"{name}: counts its processors", result)
        print(f"{'ok' if good else 'bad'}: {name}: {result.seconds:.2f} s, {result.line('SUMMARY')}")
    result = boot(kind="secure=on", smp=2)
    check(result.status == 127 and "ABORT: entered at EL3" in result.text, "EL3 without firmware: says so", result)


# ---- Accesses to the PMU --------------------------------------------------------------------------------------------

def pmu_accesses():
    before = failed
    for cpu, version in itertools.product(("max", "cortex-a57"), (2, 3)):
        how = {"kind": f"gic-version={version},virtualization=on", "append": "count-pmu live=1000",
               "accel": "tcg,thread=single"}
        result = boot(cpu=f"{cpu},pmu=off", **how)
        check(result.status == 0 and "PMU accesses: 0" in result.lines, f"{cpu},pmu=off, GICv{version}: no access",
              result)
    how["append"] = "count-pmu test=pmu-cycle-counter"
    result = boot(mutant("PMU_UNGUARDED"), cpu="max,pmu=off", **how)
    check(result.status == 77 and "PMU accesses: 1" in result.lines, "the access of the mutation is not counted",
          result)
    result = boot(cpu="max", **how)  # and with a PMU: the stub skips each access, so the counter stands still
    count = re.search(r"^PMU accesses: (\d+)", result.text, re.M)
    check(count is not None and int(count.group(1)) > 100, "with a PMU: accesses are counted", result)
    result = boot(cpu="max,pmu=off", append="count-pmu test=patching")
    check("PMU accesses: not counted" in result.text, "from EL1: says that nothing is counted", result)
    if failed == before:
        print("ok: no access to a PMU register without a PMU, counted by traps to EL2; the mutation has one")


# ---- Memory, over the gdb stub, against the decisions on the file ---------------------------------------------------

def memory_of(kernel, **how):
    image = Image(kernel)
    with Arm(kernel, append="test=patching hold", gdb=True, **how) as machine:
        machine.wait_for("HOLD")
        data = machine.memory(image.symbols["image_begin"], image.symbols["text_window_begin"])
        found = Result(machine.text, 0, 0).line("features:").split()[1:]
    return data, [each for each in found if each[0] == "+"]


def memory():
    texts = {}
    for name, kernel, how in (("gcc", gcc, {"kind": "gic-version=2"}), ("gcc", gcc, {"kind": "gic-version=3"}),
                              ("clang", clang, {"kind": "gic-version=2"}), ("clang", clang, {"kind": "gic-version=3"}),
                              ("gcc", gcc, {"kind": "gic-version=3,its=off", "cpu": "cortex-a57,pmu=off"})):
        where = f"memory of {name}, {how}"
        data, features = memory_of(kernel, **how)
        path = f"{build}/memory.bin"
        with open(path, "wb") as file:
            file.write(data)

        def compare(chosen):
            return subprocess.run([*memory_test, kernel, path, ",".join(["none"] + chosen), "sites=40"],
                                  capture_output=True, text=True)

        run = compare(features)
        good = check(run.returncode == 0, f"{where}: {run.stdout}{run.stderr}")
        print(f"{'ok' if good else 'bad'}: {where}: {run.stdout.splitlines()[-1] if run.stdout else 'nothing'}")
        gic = "+kernel.gicv3" if "gic-version=3" in how["kind"] else "+kernel.gicv2"
        check(gic in features, f"{where}: found {features}")
        other = [each for each in features if each != gic]
        other.append("+kernel.gicv2" if gic == "+kernel.gicv3" else "+kernel.gicv3")
        run = compare(other)
        check(run.returncode == 1 and "not as decided" in run.stdout, f"{where}: agrees with {other} as well")
        texts[name, gic] = data
    for name in ("gcc", "clang"):
        two, three = texts[name, "+kernel.gicv2"], texts[name, "+kernel.gicv3"]
        size = Image(f"{build}/{name}.elf").symbols["text_end"] - Image(f"{build}/{name}.elf").symbols["image_begin"]
        differ = sum(two[at:at + 4] != three[at:at + 4] for at in range(0, size, 4))
        check(20 < differ < 1000, f"the text of {name} differs in {differ} words between GICv2 and GICv3")
        print(f"ok: the text of {name} differs in {differ} words of {size // 4} between GICv2 and GICv3")


# ---- Patched by apply() and by apply_proven() ------------------------------------------------------------------------

def text_of(kernel, append, how):
    """The result, the lines about the patches, and the text in memory; `kernel` is a compiler's name, sealed.

    No test runs before: test=patching calls apply() again, which would mend a wrong text.
    """
    symbols = Image(f"{build}/{kernel}.elf").symbols
    with Arm(f"{build}/sealed-{kernel}.elf", append=f"test=none hold {append}", gdb=True, **how) as machine:
        machine.wait_for("HOLD")
        data = machine.memory(symbols["text_begin"], symbols["text_end"])
        result = Result(machine.text, 0, 0)
    return result, [each for each in result.lines if each.startswith(("features:", "patch:")) and " us" not in each], data


def proven():
    texts = {}
    for kernel, how in (("gcc", {"kind": "gic-version=2"}), ("gcc", {"kind": "gic-version=3"}),
                        ("gcc", {"kind": "gic-version=3,its=off", "cpu": "cortex-a57,pmu=off"}),
                        ("gcc", {"kind": "gic-version=2,virtualization=on"}),
                        ("clang", {"kind": "gic-version=2"}), ("clang", {"kind": "gic-version=3"})):
        name = f"proven, {kernel}, {how}"
        applied, lines_of_apply, text = text_of(kernel, "", how)
        sealed, lines_of_sealed, sealed_text = text_of(kernel, "proven", how)
        good = check(applied.count("FAIL") == 0 and sealed.count("FAIL") == 0, f"{name}: passes", sealed)
        good &= check(len(lines_of_apply) == 2 and lines_of_apply == lines_of_sealed,
                      f"{name}: says {lines_of_sealed}, not {lines_of_apply}")
        good &= check(text == sealed_text, f"{name}: the bytes of text are not those that apply() leaves")
        result = boot(f"{build}/sealed-{kernel}.elf", smp=4, accel="tcg,thread=single", **how,
                      append="proven live=1000")
        good &= sound(name, result, 0)
        if good:
            print(f"ok: {name}: {len(text):,} bytes of text equal; {result.line('SUMMARY')}")
        texts[kernel, how["kind"]] = text
    for kernel in ("gcc", "clang"):
        check(texts[kernel, "gic-version=2"] != texts[kernel, "gic-version=3"],
              f"proven, {kernel}: the text for GICv2 is that for GICv3")
    result = boot(f"{build}/sealed-gcc.img", kind="gic-version=3,secure=on", append="proven test=patching")
    sound("proven, as loaders of Linux take it", result, 0)
    for kernel, reason in (("gcc", "the image has no seal"), ("broken-gcc", "the seal is not that of this image")):
        result = boot(f"{build}/{kernel}.elf", append="proven")
        check(result.status == 127 and f"inlay: {reason}" in result.text, f"proven: {kernel} is not refused", result)
    print("ok: proven: no seal, and a seal that was changed, are refused")


# ---- Crash dump -----------------------------------------------------------------------------------------------------

DUMP = [r"^Unhandled exception: class 25 \(DABT_EL1\) on cpu0$", r"^Vector: 4 \(el1h_sync\)$",
        r"^ESR_EL1: 0{8}96000045$", r"^FAR_EL1: 0000007ffffff004$", r"^Exception frame registers:$",
        r"^pc : [0-9a-f]{16} lr : [0-9a-f]{16} pstate: [0-9a-f]{8}$", r"^sp : [0-9a-f]{16}$"]
DUMP += [rf"^x{number:<2}: [0-9a-f]{{16}} x{number - 1:<2}: [0-9a-f]{{16}}$" for number in range(29, 0, -2)]
DUMP += [r"^Stack trace:$"] + [r"^  [0-9a-f]{16}$"] * 3


def crash():
    before = failed
    for kernel, how in ((gcc, {"kind": "gic-version=2"}), (clang, {"kind": "gic-version=3"}),
                        (gcc, {"kind": "virtualization=on"})):
        result = boot(kernel, append="crash", **how)
        check(result.status == 127 and result.qemu_status == 127, f"crash, {kernel}: status 127", result)
        begin = next((index for index, line in enumerate(result.lines) if line.startswith("Unhandled")), 0)
        for wanted, line in zip(DUMP, result.lines[begin:]):
            check(re.search(wanted, line), f"crash, {kernel}: {line!r} is not {wanted}")
        # Through the patched call between the two.
        trace = [int(line, 16) for line in result.lines[begin:] if re.fullmatch(r"  [0-9a-f]{16}", line)]
        calls = trace[:1] + [each - 4 for each in trace[1:]]
        listing = subprocess.run(["addr2line", "-Cfe", kernel, *map(hex, calls)], capture_output=True, text=True,
                                 check=True).stdout.splitlines()[::2]
        names = [re.sub(r".*::|\(.*", "", each.replace("(anonymous namespace)::", "")) for each in listing]
        wanted = ["crash_inside", "crash", "kernel_main", "boot_main"]
        check([each for each in names if each in wanted] in (wanted, wanted[:2] + wanted[3:]),
              f"crash, {kernel}: the stack trace is {names}", result)
    result = boot(append="test=its-trigger", kind="gic-version=3,its=off")
    check(result.status == 77, "nothing but skips: status 77", result)
    if failed == before:
        print("ok: crash dumps, line by line, with a stack trace through a patched call; statuses")


# ---- Mutations: each must be found by a boot ------------------------------------------------------------------------

GICV2, GICV3 = {"kind": "gic-version=2", "smp": 4}, {"kind": "gic-version=3", "smp": 4}
# name, how to boot, the lines that it must print. Those whose barrier no boot shows are in run.sh (instructions.py).
MUTATIONS = [
    ("WRONG_SENDER", {**GICV2, "append": "test=ipi"}, r"^INFO: gicv2: ipi: .*received IPI from wrong sender"),
    ("WRONG_NUMBER", {**GICV3, "append": "test=ipi"}, r"^INFO: gicv3: ipi: .*received wrong irq"),
    ("LOST_IPI", {**GICV3, "append": "test=ipi"}, r"^INFO: gicv3: ipi: .*(missing=[1-9]|timed-out)"),
    ("EXTRA_IPI", {**GICV2, "append": "test=ipi"}, r"^INFO: gicv2: ipi: .*extra=[1-9]"),
    ("UNEXPECTED_IPI", {**GICV3, "append": "test=ipi"}, r"^INFO: gicv3: ipi: .*unexpected=[1-9]"),
    ("LATE_IPI", {**GICV3, "append": "test=ipi"}, r"^INFO: gicv3: ipi: .*extra=[1-9]"),
    ("SPURIOUS_IPI", {**GICV2, "append": "test=ipi"}, r"^WARN: gicv2: ipi: .*got \d+ spurious interrupts"),
    # A line less, which the comparison of lines finds. Without that wait the pending LPI and the INT may become one
    # interrupt (then nothing fails) or two.
    ("PENDING_LPI", {**GICV3, "append": "test=its-trigger"}, r"^SUMMARY: 5 tests"),
    ("WRITABLE_TEXT", {**GICV3, "append": "test=patching"}, r"^FAIL: patching: "),
    # A processor that starts while the others stand still does not wait.
    ("JOIN_RUNS", {**GICV3, "append": "test=live live=1000", "accel": WHOLE["accel"]},
     r"^FAIL: live: while the others stood still, none ran through the sites"),
]


def mutations():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        kernels = list(pool.map(lambda each: mutant(each[0]), MUTATIONS))
    jobs = [(name, {"kernel": kernel, **how}, sign) for kernel, (name, how, sign) in zip(kernels, MUTATIONS)]
    for (name, how, sign), result in at_once(jobs):
        found = re.search(sign, result.text.replace("\r", ""), re.M)
        # A spurious interrupt is reported, and no failure.
        statuses = {"SPURIOUS_IPI": (0,), "PENDING_LPI": (0, 1)}.get(name, (1,))
        good = check(found is not None and result.status in statuses,
                     f"mutation {name} is not found: status {result.status}", result)
        if good:
            print(f"ok: mutation {name}: {found.group(0)}")


# ---- How long a change takes ----------------------------------------------------------------------------------------

def figures():
    before = failed
    for smp in (1, 4):
        result = boot(kind="gic-version=3", smp=smp, append="test=live live=1000 figures", options=("-icount", "shift=0"))
        taken = figures_of(result)
        if not check(result.status == 0 and len(taken) == 14, f"figures on {smp} processors", result):
            continue
        check(all(count == (0 if smp == 1 else -(-sites // batch)) for (_, sites, batch), (_, count) in taken.items()),
              f"a batch takes one synchronisation: {taken}")
        for way in ("stores", "standstill"):
            check_figures(taken, way, f"{smp} processors", check)
    if failed == before:
        print("ok: figures of changes, by instructions")


# ---- Soak -----------------------------------------------------------------------------------------------------------

def soak_runs():
    count = 10_000 if soak else 50
    kinds = []
    for smp in (2, 3, 4, 5, 6, 7, 8):
        kinds += [({"kind": f"gic-version={version}", "smp": smp, "append": f"test={test}"}, expected(version))
                  for version in (2, 3) for test, expected in (("ipi", ipi), ("active", active))]
        if smp >= 4:
            kinds.append(({"kind": "gic-version=3", "smp": smp, "append": "test=its-trigger"}, TRIGGER))
    lost, tests = 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [kinds[number % len(kinds)] for number in range(count)]
        for number, ((how, expected), result) in enumerate(zip(runs, pool.map(lambda each: boot(**each[0]), runs))):
            good = check(result.status == 0 and said(result) == summary(expected), f"run {number} ({how})", result)
            lost += not good
            tests += result.count("PASS")
    print(f"soak: {count} runs of the GIC tests with {tests} passes, {lost} runs lost")


def soak_live():
    boots, each = (100, 10_000) if soak else (4, 2_500)
    kinds = [{"kind": f"gic-version={version}", "smp": smp} for smp in (4, 2, 8, 3, 6) for version in (2, 3)]
    changes = passes = starts = 0

    def one(number):
        how = {**WHOLE, **kinds[number % len(kinds)], "append": f"test=live live={each}", "limit": 600}
        return how, boot(**how)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, (how, result) in enumerate(pool.map(one, range(boots))):
            check(result.status == 0 and result.count("FAIL") == 0, f"changes, boot {number} ({how})", result)
            numbers = [re.search(pattern, result.text) for pattern in
                       (r"live: (\d+) changes", r"live: (\d+) passes", r"live: (\d+) starts")]
            changes, passes, starts = (sum_ + int(found.group(1) if found else 0)
                                       for sum_, found in zip((changes, passes, starts), numbers))
            if number % 10 == 9:
                print(f"soak: {number + 1} boots, {changes} live changes, {failed} failed")
    check(changes >= boots * each, f"only {changes} changes beside running processors")
    check(starts != 0, "no processor started meanwhile")
    print(f"soak: {boots} boots with {changes} live changes, {passes} passes and {starts} starts of a processor")


groups = {each.__name__: each for each in (lines, machines, pmu_accesses, memory, proven, crash, figures, mutations, soak_runs,
                                           soak_live)}
for name in sys.argv[3:] or groups:
    groups[name]()
print(f"kernel_aarch64: {passed} passed, {failed} failed; the slowest boot took {slowest:.1f} s")
sys.exit(failed != 0)
