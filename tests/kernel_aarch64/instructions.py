#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""code: which barrier stands where in the kernel's text, and where none does; from the instructions.

    instructions.py BUILD MEMORY_TEST    BUILD has gcc.elf, clang.elf, and the folders that they were built in (run.sh)

What. The lines of the table of the GIC patches, the way of a store to text, and the accesses to the PMU.
Why. QEMU executes a kernel without one barrier as well as one with all of them. (memory_model.py: why each is needed.)
How. memory_test (tests/kernel) writes the text as patched for GICv2, and for GICv3: no boot is needed. In this text,
paths are followed within a function from one instruction to another (image.py). A check fails if one path goes round
the barrier, and if no path was checked. Then each barrier is removed, or added where none may be: the check of that
name must fail, and no other may.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

from image import Flat, Image, system_register
from mutants import Build

SGI1R = system_register(3, 0, 12, 11, 5)
IAR1 = system_register(3, 0, 12, 12, 0)
EOIR1 = system_register(3, 0, 12, 12, 1)
DFR0 = system_register(3, 0, 0, 5, 0)
STORES_COMPLETE = ("dsb ishst", "dsb ish", "dsb st", "dsb sy")
STORES_ORDERED = ("dmb ishst", "dmb ish", "dmb st", "dmb sy") + STORES_COMPLETE
LOADS_ORDERED = ("dmb ishld", "dmb ish", "dmb ld", "dmb sy", "dsb ishld", "dsb ish", "dsb ld", "dsb sy")


def is_register_access(word):
    return word & 0xffd00000 == 0xd5100000


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
        self.sites = []
        with open(decided + ".sites") as file:
            for line in file:
                address, size, *name = line.split(maxsplit=2)
                self.sites.append((int(address, 16), int(size, 16), name[0].strip() if name else ""))

    def of_site(self, name):
        """The instructions' addresses, of all sites with this name."""
        return self.of_sites(re.escape(name) + "$")

    def of_sites(self, pattern):
        return {address for begin, size, each in self.sites if re.match(pattern, each)
                for address in range(begin, begin + size, 4)}

    def all(self, condition):
        """The reads and writes of system registers that meet a condition."""
        for function in self.image.functions:
            if any(is_register_access(word) for word in function.words):
                for index in function.find(condition):
                    yield function, index


class Checks:
    def __init__(self):
        self.results = {}  # name: list of faults

    def check(self, name, wrong, seen):
        """`seen`: how many places were looked at; none is an error."""
        found = self.results.setdefault(name, [])
        found += wrong
        if seen == 0:
            found.append("nothing to check")


def accesses_or_leaves(instruction):
    return instruction.kind in ("load", "store", "both", "call", "return", "cache", "msr") or leaves(instruction)


def leaves(instruction):
    return instruction.kind == "return" or (instruction.kind == "jump" and instruction.target is None)


def stores_or_calls(instruction):
    return instruction.stores() or instruction.kind == "call"


def every(kernel, condition, check):
    """(the faults, how many places)"""
    wrong, seen = [], 0
    for function, index in kernel.all(condition):
        seen += 1
        wrong += [f"{function.name}: {function.code[index]}: {each}" for each in check(function, index)]
    return wrong, seen


def next_is(*names):
    def check(function, index):
        following = [function.code[each] for each in function.next(index)]
        return [str(each) for each in following if not each.is_barrier(*names)] or ([] if following else ["the end"])
    return check


def no_barrier(checks, kernel, name, function_name, allowed=()):
    function = kernel.image.function(function_name)
    if function is None:
        checks.check(name, [f"there is no function {function_name}"], 0)
        return
    found = [str(each) for each in function.code if each.barrier and each.barrier[:4] in ("dmb ", "dsb ") and
             each.address not in allowed]
    checks.check(name, found, 1)


# ---- The table ------------------------------------------------------------------------------------------------------

def gicv3(checks, kernel):
    def is_send(each):
        return each.kind == "msr" and each.register == SGI1R
    checks.check("NO_SGI_DSB", *every(kernel, is_send, lambda function, index: function.before(
        index, lambda each: each.is_barrier(*STORES_COMPLETE), stores_or_calls)))
    checks.check("NO_SGI_ISB", *every(kernel, is_send, lambda function, index: function.after(
        index, lambda each: each.is_barrier("isb"), accesses_or_leaves)))
    checks.check("NO_IAR_DSB", *every(
        kernel, lambda each: each.kind == "mrs" and each.register == IAR1, next_is("dsb sy")))
    checks.check("NO_EOI_ISB", *every(
        kernel, lambda each: each.kind == "msr" and each.register == EOIR1, next_is("isb")))


def gicv2(checks, kernel):
    """The sites of the interface hold the access with its one barrier: nothing more."""
    def of(name, access, barrier, before):
        wrong, seen = [], 0
        for begin, size, site in kernel.sites:
            if site != name:
                continue
            seen += 1
            code = kernel.image.decode(begin, begin + size)
            at = [index for index, each in enumerate(code) if access(each)]
            barriers = [index for index, each in enumerate(code) if each.barrier]
            good = (len(at) == 1 and barriers == [at[0] - 1 if before else at[0] + 1] and
                    code[barriers[0]].barrier == barrier)
            if not good:
                wrong.append(f"{begin:x}: " + "; ".join(each.text for each in code))
        return wrong, seen

    def at_offset(kind, offset):
        return lambda each: each.kind == kind and (each.memory() or (None, None))[1] == offset
    checks.check("NO_SGIR_DSB", *of("gic.send", at_offset("store", 0xf00), "dsb st", True))
    checks.check("NO_IAR_DSB", *of("gic.acknowledge", at_offset("load", 0xc), "dsb ld", False))


def handlers(checks, kernel):
    image = kernel.image
    count, number, sender, spurious = ("kernel::received_" + each for each in ("count", "number", "sender", "spurious"))
    spurious = "kernel::spurious_count"

    def is_store(each):
        return each.stores()

    def is_load(each):
        return each.loads()

    # Row 5: sender and number, dmb ishst, count; count, dmb ishld, the rest.
    for name, wanted, function_name, first, then, condition in (
            ("NO_HANDLER_DMB", STORES_ORDERED, "kernel::take_ipi", (number, sender), (count,), is_store),
            ("NO_CHECKER_DMB", LOADS_ORDERED, "kernel::check_received", (count,), (number, sender), is_load)):
        function = image.function(function_name)
        if function is None:
            checks.check(name, [f"there is no function {function_name}"], 0)
            continue
        firsts = [index for each in first for index in function.accesses(each, condition)]
        thens = [index for each in then for index in function.accesses(each, condition)]
        after = {id(function.code[index]) for index in thens}

        def is_second(each):
            return id(each) in after
        wrong = [f"{function.code[index]} ... {function.code[each]}" for index in firsts for each in function.reaches(
            index, is_second, lambda each: each.is_barrier(*wanted))]
        checks.check(name, wrong, min(len(function.reaches(index, is_second)) for index in firsts) if firsts else 0)

    # Rows 3, 4, 7: the kernel has no barrier in the handler of an interrupt to oneself, nor in the reset. Nor has it
    # one between the end of interrupt and the record of the interrupt. The handler's own stores are complete before it
    # returns.
    sites = kernel.of_sites(r"gic\.")
    no_barrier(checks, kernel, "SELF_BARRIER", "kernel::take_self_ipi", sites)
    no_barrier(checks, kernel, "RESET_BARRIER", "kernel::reset_statistics")
    no_barrier(checks, kernel, "SPURIOUS_BARRIER", "kernel::check_spurious")
    function = image.function("kernel::take_ipi")
    if function is None:
        checks.check("NO_HANDLER_DSB", ["there is no function kernel::take_ipi"], 0)
        return
    recorded = [index for each in (count, number, sender, spurious) for index in function.accesses(each, is_store)]
    checks.check("NO_HANDLER_DSB", [f"{function.code[index]}: {each}" for index in recorded for each in function.after(
        index, lambda each: each.is_barrier(*STORES_COMPLETE), leaves)], len(recorded))
    # Compilers inline the functions of the interface, or do not.
    def of_interface(callee):
        return re.match(r"kernel::gic::(acknowledge|number_of|end_of_interrupt|sender_of)\(", callee.name)

    def other_call(each):
        callee = image.at(each.target) if each.target else None
        return each.kind == "call" and (callee is None or not of_interface(callee))
    flat = Flat(function, of_interface)
    ends = kernel.of_site("gic.end_of_interrupt")
    after_end = [index for index, each in enumerate(flat.code) if each.address in ends and each.address + 4 not in ends]
    stored = {id(flat.code[index]) for each in (number, sender) for index in flat.accesses(each, is_store)}
    wrong = []
    for index in after_end:
        found = flat.reaches(index, lambda each: each.barrier is not None and each.barrier[:3] in ("dmb", "dsb"),
                             lambda each: id(each) in stored or other_call(each))
        wrong += [str(flat.code[each]) for each in found if flat.code[each].address not in sites]
    checks.check("EOI_BARRIER", wrong, len(after_end))
    for each in ("wait_for_interrupts", "check_received"):
        checks.check("WAITING_AND_CHECKING", [] if image.function(f"kernel::{each}") else [f"there is no {each}"], 1)


def its(checks, kernel):
    """Row 11: earlier accesses are complete before the command INT is queued."""
    function = kernel.image.function("kernel::gic::its::queue_int")
    if function is None:
        checks.check("NO_ITS_DSB", ["there is no function queue_int"], 0)
        return

    def is_call(each):
        return each.kind == "call" or (each.kind == "jump" and each.target is not None and
                                       not function.begin <= each.target < function.end)
    calls = function.find(is_call)[:1]
    checks.check("NO_ITS_DSB", [each for index in calls for each in function.before(
        index, lambda each: each.is_barrier(*STORES_COMPLETE), is_call)], len(calls))


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
        wrong += [f"{function.name}: {function.code[index]}" for index in function.accesses(
            "kernel::gic::found_version", lambda each: True)]
        todo += [kernel.image.at(target) for target in function.targets()]
    checks.check("VERSION_IN_THE_PATH", wrong, len(seen))


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


def others(checks, kernel):
    """A processor that was asked synchronises its context before it says so: isb, and then a store-release."""
    function = kernel.image.function("kernel::obey_writer")
    release = function.find(lambda each: each.mnemonic in ("stlr", "stlrb", "stlrh"))[-1:] if function else []
    checks.check("NO_OTHERS_ISB", [each for index in release for each in function.before(
        index, lambda each: each.is_barrier("isb"), lambda each: each.kind == "call")], len(release))


# ---- The performance monitors ---------------------------------------------------------------------------------------

def is_pmu(each):
    if each.kind not in ("msr", "mrs"):
        return False
    op0, op1, crn, crm = (each.register >> shift & mask for shift, mask in ((14, 3), (11, 7), (7, 15), (3, 15)))
    return op0 == 3 and ((crn == 9 and crm in (12, 13, 14)) or (op1 == 3 and crn == 14 and crm >= 8))


def takes_proof(function):
    return "(inlay::proof_of<" in function.name or function.name == "pmu_loop"


def asks_first(function, index):
    """At EL2, before the kernel can ask: a path goes round the access; all paths to it read the ID register first."""
    def is_question(each):
        return each.kind == "mrs" and each.register == DFR0
    around = [each for start in function.find(is_question) for each in function.reaches(
        start, lambda each: leaves(each) or each.mnemonic == "eret", lambda each: each is function.code[index])]
    return not function.before(index, is_question, lambda each: each.kind == "call") and around


def pmu(checks, absent, present):
    """In the text of a processor without a PMU, no path leads from a function that takes no proof to an access. This
    holds for accesses in the function, and for those in a function that takes the proof."""
    def accesses(kernel):
        proven = {function for function in kernel.image.functions if takes_proof(function)}
        todo = [function for function in kernel.image.functions if function not in proven and (
            any(is_register_access(word) for word in function.words) or
            any(kernel.image.at(target) in proven for target in function.targets()))]
        seen, found = set(), set()
        while todo:
            function = todo.pop()
            if function in seen:
                continue
            seen.add(function)
            for index in function.executed():
                each = function.code[index]
                if is_pmu(each) and not (function.name == "go_to_el1" and asks_first(function, index)):
                    found.add(f"{function.name}: {each}")
                callee = kernel.image.at(each.target) if each.kind in ("call", "jump") and each.target else None
                if callee in proven:
                    todo.append(callee)
        return found
    checks.check("PMU_UNGUARDED", sorted(accesses(absent)), len(accesses(present)))
    # No other function calls those that take the proof: their addresses are in no table.
    addresses = {function.begin for function in absent.image.functions if takes_proof(function)}
    checks.check("PMU_UNGUARDED", [f"{value:#x} is in a table" for value in absent.image.words() if value in addresses],
                 len(addresses))
    # The counter is on before the counted instructions, and stands still before it is read.
    loop = absent.image.function("pmu_loop")
    controls = loop.find(lambda each: each.kind == "msr") if loop else []
    wrong = [str(loop.code[index]) for index in controls if not loop.code[index + 1].is_barrier("isb")]
    checks.check("NO_PMU_ISB", wrong, len(controls) == 2)


# ---- The kernels, whole and broken ----------------------------------------------------------------------------------

# A barrier less, or one too many: the check of the same name must fail, and no other.
MUTATIONS = ["NO_SGI_DSB", "NO_SGI_ISB", "NO_SGIR_DSB", "NO_IAR_DSB", "NO_EOI_ISB", "NO_HANDLER_DMB", "NO_CHECKER_DMB",
             "NO_HANDLER_DSB", "NO_ITS_DSB", "SELF_BARRIER", "RESET_BARRIER", "EOI_BARRIER", "NO_TEXT_DC", "NO_TEXT_IC",
             "NO_TEXT_DSB", "NO_TEXT_ISB", "NO_OTHERS_ISB", "PMU_UNGUARDED", "NO_PMU_ISB"]


def check_kernel(path, command, work):
    """{name of a check: its faults}"""
    checks = Checks()
    two, three = (Kernel(path, command, work, features) for features in ("+kernel.gicv2", "+kernel.gicv3 +pmuv3"))
    gicv3(checks, three)
    gicv2(checks, two)
    for kernel in (two, three):
        handlers(checks, kernel)
        no_version(checks, kernel)
    its(checks, three)
    text(checks, two)
    others(checks, three)
    pmu(checks, two, three)
    return checks.results


def main():
    build, command = sys.argv[1], sys.argv[2].split()
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
        return check_kernel(path, command, work)

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
