#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""code: which barrier stands where in the kernel's text, and where none does; from the instructions.

    instructions.py BUILD MEMORY_TEST INLAY    BUILD has gcc.elf, clang.elf, and the folders that they were built in (run.sh)

What. The lines of the table of the GIC patches, the way of a store to text, and the accesses to the PMU.
Why. QEMU executes a kernel without one barrier as well as one with all of them. (memory_model.py: why each is needed.)
How. The kernel declares most of it as code rules (examples/kernel/aarch64/code_rules.cpp), and `inlay check` proves them.
Three questions are more than such a rule, and are asked here: by which addresses text is stored, whether the path of an
interrupt reads the variable with the controller's version, and whether a path goes round an access. For these, memory_test (tests/kernel) writes the text as
patched for GICv2, and for GICv3, and paths are followed within it (image.py). Then each barrier is removed, or added where
none may be: the check of that name must fail, and no other may.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

from image import Flat, Image, system_register
from mutants import Build


class Kernel:
    """The text as decided for features, such as "+gicv3"."""

    def __init__(self, path, memory_test, work, features):
        decided = os.path.join(work, "decided.bin")
        run = subprocess.run([*memory_test, path, "-", ",".join(["none"] + features.split()), f"write={decided}"],
                             capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"memory_test: {run.stdout}{run.stderr}")
        with open(decided, "rb") as file:
            self.image = Image(path, file.read())


class Checks:
    def __init__(self):
        self.results = {}  # name: list of faults

    def check(self, name, wrong, seen):
        """`seen`: how many places were looked at; none is an error."""
        found = self.results.setdefault(name, [])
        found += wrong
        if seen == 0:
            found.append("nothing to check")


# ---- The table ------------------------------------------------------------------------------------------------------

# By examples/kernel/aarch64/code_rules.cpp: the reason of each rule, and the mutation that breaks it.
RULES = {
    "an SGI is sent when the stores before it are complete": "NO_SGI_DSB",
    "an SGI is sent at once": "NO_SGI_ISB",
    "an SGI of GICv2 is sent when the stores before it are complete": "NO_SGIR_DSB",
    "an interrupt is active before later accesses": "NO_IAR_DSB",
    "an interrupt of GICv2 is active before later accesses": "NO_IAR_DSB",
    "an SGI of GICv2 is one store with one barrier": "NO_SGIR_DSB",
    "an acknowledgement of GICv2 is one load with one barrier": "NO_IAR_DSB",
    "an interrupt has ended before later instructions": "NO_EOI_ISB",
    "stores are complete before the command INT is queued": "NO_ITS_DSB",
    "the handler counts after it has recorded": "NO_HANDLER_DMB",
    "the checker reads the rest after the count": "NO_CHECKER_DMB",
    "the handler's stores are complete when it returns": "NO_HANDLER_DSB",
    "the record needs no barrier after the end of interrupt": "EOI_BARRIER",
    "an interrupt to oneself needs no barrier": "SELF_BARRIER",
    "the sender of an interrupt orders the reset before it": "RESET_BARRIER",
    "a counter alone needs no barrier": "SPURIOUS_BARRIER",
    "a processor synchronises before it says so": "NO_OTHERS_ISB",
    "there may be no PMU": "PMU_UNGUARDED",
    "there may be no PMU at EL2": "PMU_EL2",
    "the counter is on, or off, before the next instruction": "NO_PMU_ISB",
    "the counter is turned on once, and off once": "NO_PMU_ISB",
}


def rules(checks, path, inlay):
    """The code rules that the kernel declares, by `inlay check`."""
    done = subprocess.run([inlay, "check", path], capture_output=True, text=True)
    found = re.findall(r"error: (.*?): (.*) \[code-(\w+)\]$", done.stderr, re.M)
    declared = re.search(r" (\d+) code rules", done.stdout)
    for reason, name in RULES.items():
        checks.check(name, [f"{what} ({kind})" for each, what, kind in found if each == reason], 1)
    checks.check("RULES", [each for each, _, _ in found if each not in RULES], 1)
    checks.check("PROVEN", re.findall(r"error: .* \[(?!code-)[a-z-]+\]$", done.stderr, re.M), "sites" in done.stdout)
    count = int(declared.group(1)) if declared else 0
    checks.check("RULES", [] if count == len(RULES) else [f"{count} rules: {done.stdout}{done.stderr}"], 1)


DFR0 = system_register(3, 0, 0, 5, 0)


def is_pmu(each):
    if each.kind not in ("msr", "mrs"):
        return False
    op0, op1, crn, crm = (each.register >> shift & mask for shift, mask in ((14, 3), (11, 7), (7, 15), (3, 15)))
    return op0 == 3 and ((crn == 9 and crm in (12, 13, 14)) or (op1 == 3 and crn == 14 and crm >= 8))


def pmu_at_el2(checks, kernel):
    """A path from the question, whether there is a PMU, goes round each access: the answer decides. (That each access
    comes after the question is a rule.)"""
    function = kernel.image.function("go_to_el1")
    questions = function.find(lambda each: each.kind == "mrs" and each.register == DFR0) if function else []
    accesses = function.find(is_pmu) if function else []
    wrong = [f"no path goes round {function.code[index]}" for index in accesses for start in questions
             if not function.reaches(start, lambda each: each.kind == "return",
                                     lambda each, access=function.code[index]: each is access)]
    checks.check("PMU_EL2", wrong, min(len(questions), len(accesses)))


def no_version(checks, kernel):
    """The path of an interrupt does not ask for the controller's version. Nor does it call a function that asks before
    apply()."""
    known = "kernel::gic::found_version" in kernel.image.objects
    todo = [kernel.image.function(f"kernel::{each}") for each in ("take_ipi", "take_self_ipi", "gic::take_interrupt")]
    seen, wrong = set(), [] if known and all(todo) else ["there is no found_version, or no handler"]
    while todo:
        function = todo.pop()
        if function is None or function in seen:
            continue
        seen.add(function)
        if re.search(r"_early\(", function.name):
            wrong.append(f"{function.name} is called")
        wrong += [f"{function.name}: {function.code[index]}"
                  for index in function.accesses("kernel::gic::found_version")]
        todo += [kernel.image.at(target) for target in function.targets()]
    checks.check("VERSION_IN_THE_PATH", wrong, len(seen))
    for each in ("wait_for_interrupts", "check_received"):
        checks.check("WAITING_AND_CHECKING", [] if kernel.image.function(f"kernel::{each}") else [f"there is no {each}"], 1)


# ---- Text -----------------------------------------------------------------------------------------------------------

def text(checks, kernel):
    """From the store of an instruction to its execution: str w, dc cvau (Cortex-A53: dc civac), dsb ish, ic ivau, dsb
    ish, isb."""
    roots = kernel.image.functions_named(r"^kernel::text_pages::write\(")
    if not roots:
        checks.check("TEXT_STORE", ["there is no function that writes text"], 0)
    for root in roots:
        parts = re.compile(r"bare<.*>::\w+\(|_text\(|synchronise\(|cache_type|each_line")
        text_of(checks, Flat(root, lambda callee: parts.search(callee.name)))


def text_of(checks, flat):
    code = flat.code

    def named(name):
        return lambda each: each.is_barrier(name)

    def nothing(each):
        return False

    def reached(name, begin, wanted, stop=nothing):
        """Some path leads from one of `begin` to `wanted`."""
        checks.check(name, [], sum(bool(flat.reaches(index, wanted, stop)) for index in begin))

    def between(name, begin, wanted, barrier):
        """Each path from `begin` to `wanted` goes through the barrier."""
        checks.check(name, [f"{code[index]} ... {code[each]}" for index in begin for each in flat.reaches(
            index, wanted, barrier)], len(begin))

    # The only other stores go to the frame, and to a member of the platform, which comes after other members.
    def is_text_store(each):
        register, offset = each.memory() or ("", 0)
        return each.stores() and register != "sp" and offset < 8

    stores = flat.find(is_text_store)
    dc, ic, dsb, isb = named("dc cvau"), named("ic ivau"), named("dsb ish"), named("isb")
    checks.check("TEXT_STORE", [str(code[each]) for each in stores if not re.match(r"str w\d+, ", code[each].text)],
                 len(stores))
    reached("NO_TEXT_DC", stores, dc, isb)
    if flat.find(lambda each: each.kind == "mrs" and each.register == 0xc000):  # MIDR_EL1: as inlay itself does
        reached("NO_TEXT_DC", stores, named("dc civac"), isb)
    reached("NO_TEXT_IC", stores, ic, isb)
    reached("NO_TEXT_ISB", stores, isb)
    between("NO_TEXT_DSB", stores, ic, dsb)  # also where CTR_EL0 says that no dc is needed
    for index in flat.find(ic):
        between("NO_TEXT_DSB", [index], lambda each: isb(each) or dc(each), dsb)


# ---- The kernels, whole and broken ----------------------------------------------------------------------------------

# A barrier less, or one too many: the check of the same name must fail, and no other.
MUTATIONS = ["NO_SGI_DSB", "NO_SGI_ISB", "NO_SGIR_DSB", "NO_IAR_DSB", "NO_EOI_ISB", "NO_HANDLER_DMB", "NO_CHECKER_DMB",
             "NO_HANDLER_DSB", "NO_ITS_DSB", "SELF_BARRIER", "RESET_BARRIER", "EOI_BARRIER", "NO_TEXT_DC", "NO_TEXT_IC",
             "NO_TEXT_DSB", "NO_TEXT_ISB", "NO_OTHERS_ISB", "PMU_UNGUARDED", "NO_PMU_ISB"]


def check_kernel(path, command, work, inlay):
    """{name of a check: its faults}"""
    checks = Checks()
    two, three = (Kernel(path, command, work, features) for features in ("+kernel.gicv2", "+kernel.gicv3 +pmuv3"))
    for kernel in (two, three):
        no_version(checks, kernel)
    pmu_at_el2(checks, two)
    text(checks, two)
    rules(checks, path, inlay)
    return checks.results


def main():
    build, command, inlay = sys.argv[1], sys.argv[2].split(), sys.argv[3]
    passed, failed = 0, 0
    jobs = [(compiler, mutation) for compiler in ("gcc", "clang") for mutation in ["", *MUTATIONS]]
    builds = {compiler: Build(os.path.join(build, compiler)) for compiler in ("gcc", "clang")}

    def run(job):
        compiler, mutation = job
        work = os.path.join(build, f"code-{compiler}-{mutation}")
        os.makedirs(work, exist_ok=True)
        path = os.path.join(build, f"{compiler}.elf")
        if mutation:
            path = os.path.join(work, "kernel.elf")
            builds[compiler].mutant(mutation, path)
        return check_kernel(path, command, work, inlay)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (compiler, mutation), results in zip(jobs, pool.map(run, jobs)):
            wrong = {name: what for name, what in results.items() if what}
            if set(wrong) == ({mutation} if mutation else set()):
                passed += 1 if mutation else len(results)
                if mutation:
                    print(f"ok: {compiler}: {mutation}: {wrong[mutation][0]}")
                else:
                    print(f"ok: {compiler}: {', '.join(results)}")
            else:
                failed += 1
                found = "; ".join(f"{name}: {what[:3]}" for name, what in wrong.items())
                print(f"FAIL: code: {compiler}, {mutation or 'whole'}: {found or 'no check fails'}")
    print(f"code: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
