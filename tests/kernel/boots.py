#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""boots: the example kernel, booted in all the ways that it is made for, and checked from the outside.

    boots.py BUILD XEN INLAY [GROUP...]

BUILD has kernel.elf, clang.elf, sealed-*.elf, mutation-*.elf and memory_test (run.sh). INLAY: the program.
GROUP: variants, machines, memory, proven, ...

One line a check that fails, one for each group. INLAY_SOAK=1 boots 1,000 times instead of 20 in the end.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

from machine import FIGURES, Machine, Result, check_figures, figures_of

build, xen, inlay = sys.argv[1:4]
soak = os.environ.get("INLAY_SOAK") == "1"
gcc, clang = f"{build}/kernel.elf", f"{build}/clang.elf"
passed = failed = 0
slowest = 0.0


def check(right, what, result=None):
    global passed, failed
    if right:
        passed += 1
    else:
        failed += 1
        print(f"FAIL: kernel: {what}")
        if result is not None:
            print("\n".join("    " + line for line in result.lines if line.startswith("FAIL")))
            print("\n".join("    " + line for line in result.lines[-25:]))
    return right


def boot(kernel=gcc, **how):
    with Machine(kernel, **how) as machine:
        return machine.finish()


live_changes = 0  # natively, in kernels that are not broken


def count_changes(how, result):
    global live_changes
    found = re.search(r"^INFO: live: (\d+) changes", result.text, re.M)
    live_changes += int(found.group(1)) if found and "xen" not in how else 0


def symbols(kernel):
    listing = subprocess.run(["nm", kernel], capture_output=True, text=True, check=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in listing.splitlines() if len(line.split()) == 3}


def functions_at(kernel, addresses):
    """The names of the functions around addresses, without namespaces and parameters. Inlined ones count: a list each."""
    listing = subprocess.run(["addr2line", "-Cfips", "-e", kernel, *map(hex, addresses)], capture_output=True, text=True,
                             check=True).stdout
    return [re.sub(r" at \S*$", "", line.removeprefix(" (inlined by) ")).replace("(anonymous namespace)::", "").split("(")[0].split("::")[-1]
            for line in listing.splitlines()]


# ---- Each variant: its tests, its summary, its features ------------------------------------------------

NATIVE_SKIPS = {"SKIP: user: no SMAP to refuse other access to user memory"}
XEN_SKIPS = NATIVE_SKIPS

# name, how to boot, features (of those that the kernel prints), expected skips
VARIANTS = [
    ("qemu64", {"cpu": "qemu64"}, "-xenpv -smap -fsgsbase +tcg -kvm -hyperv -vmware -xen", NATIVE_SKIPS),
    ("max", {"cpu": "max"}, "-xenpv +smap +fsgsbase +tcg", set()),
    ("max,-smap,-fsgsbase", {"cpu": "max,-smap,-fsgsbase"}, "-xenpv -smap -fsgsbase +tcg -kvm -hyperv -vmware -xen", NATIVE_SKIPS),
    ("max,-hypervisor", {"cpu": "max,-hypervisor"}, "-xenpv +smap +fsgsbase -tcg", set()),
    ("max,-apic", {"cpu": "max,-apic"}, "-xenpv +smap",
     {f"SKIP: {each}: no local APIC, and so no timer" for each in ("pv", "user", "clock", "storm", "smp", "hook", "live")}),
    ("smp 2", {"smp": 2, "append": "cpus=2"}, "-xenpv +smap", set()),
    ("smp 4", {"smp": 4, "append": "cpus=4"}, "-xenpv +smap", set()),
    ("smp 8", {"smp": 8, "append": "cpus=8"}, "-xenpv +smap", set()),
    ("clang qemu64", {"kernel": clang, "cpu": "qemu64"}, "-xenpv -smap", NATIVE_SKIPS),
    ("clang smp 4", {"kernel": clang, "smp": 4, "append": "cpus=4"}, "-xenpv +smap", set()),
    ("xen", {"xen": xen}, "+xenpv +pvunlock +vcpupreempt -tcg", XEN_SKIPS),
    ("xen on qemu64", {"xen": xen, "cpu": "qemu64"}, "+xenpv -smap +pvunlock", XEN_SKIPS),
    ("xen smp 2", {"xen": xen, "smp": 2, "append": "cpus=2"}, "+xenpv +pvunlock +vcpupreempt", XEN_SKIPS),
    ("xen smp 4", {"xen": xen, "smp": 4, "append": "cpus=4"}, "+xenpv +pvunlock +vcpupreempt", XEN_SKIPS),
    ("xen, clang", {"kernel": clang, "xen": xen}, "+xenpv +pvunlock +vcpupreempt", XEN_SKIPS),
]


def check_variant(name, how, features, skips, result):
    global slowest
    slowest = max(slowest, result.seconds)
    tests = result.count("PASS") + result.count("SKIP")
    summary = f"SUMMARY: {tests} tests" + (f", {len(skips)} skipped" if skips else "")
    good = check(result.status == 0 and result.count("FAIL") == 0, f"{name}: passes", result)
    good &= check(tests >= (50 if "-apic" not in name else 15) and result.line("SUMMARY") == summary, f"{name}: says {summary!r}", result)
    good &= check({line for line in result.lines if line.startswith("SKIP")} == skips, f"{name}: skips what it must", result)
    found = result.line("features:").split()
    good &= check(set(features.split()) <= set(found), f"{name}: finds {features}, not {found}")
    good &= check(result.seconds < 10, f"{name}: takes {result.seconds:.1f} s, not 10")
    good &= check(f"processors: {how.get('smp', 1)}" in result.text, f"{name}: counts its processors", result)
    if "xen" not in how:  # isa-debug-exit says the same as the last line
        good &= check(result.qemu_status == 1, f"{name}: QEMU ends with {result.qemu_status}")
    print(f"{'ok' if good else 'bad'}: {name}: {result.seconds:.2f} s, {result.line('SUMMARY')}")


def variants():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda each: boot(**each[1]), VARIANTS))
    for each, result in zip(VARIANTS, results):
        check_variant(*each, result)
        count_changes(each[1], result)


# ---- Machines: each tells in its own way which processors it has ------------------------------------------------

# -M, -smp, how many. microvm has ACPI unless it is off (then an MP table). With 3 cores a socket, APIC ids have gaps,
# which microvm's MP table does not know. That of pc names one processor a socket.
MACHINES = [(kind, str(smp), smp) for kind in ("pc", "q35", "microvm", "microvm,acpi=on", "microvm,acpi=off")
            for smp in (1, 2, 4)]
MACHINES += [(kind, smp, int(smp.split(",")[0])) for kind in ("pc", "pc,acpi=off", "microvm", "microvm,acpi=off")
             for smp in ("4,maxcpus=8", "6,sockets=2,cores=3", "8,sockets=1,cores=4,threads=2", "12")]


def machines():
    def one(each):
        kind, smp, count = each
        return boot(kind=kind, smp=smp, append=f"test=smp cpus={count}")

    def right(result, count):
        return result.status == 0 and re.search(rf"; processors: {count}\r?$", result.text, re.M) is not None

    before = failed
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (kind, smp, count), result in zip(MACHINES, pool.map(one, MACHINES)):
            check(right(result, count), f"-M {kind} -smp {smp}: finds {count}", result)
            check("processors: neither" not in result.text, f"-M {kind} -smp {smp}: a table names its processors", result)
    for kind in ("microvm", "microvm,acpi=off"):  # all tests there
        result = boot(kind=kind, smp=4, append="cpus=4")
        check(right(result, 4) and result.line("SUMMARY") == "SUMMARY: 72 tests", f"-M {kind}: passes", result)
    result = boot(kind="microvm,pit=off", smp=4, append="test=smp cpus=4")
    check(right(result, 4) and "clock: no timer of known speed" in result.text, "without a timer of known speed: says so", result)
    result = boot(kind="pc", smp=20, append="test=smp")
    check(right(result, 16) and "processors: 4 of 20 are left alone" in result.text, "more than it can: says so", result)
    result = boot(f"{build}/mutation-NO_TABLES.elf", smp=4, append="test=smp cpus=4")
    check(right(result, 4) and "processors: neither ACPI nor an MP table names any" in result.text,
          "without any table: says so, and finds those that QEMU counts", result)
    if failed == before:
        print(f"ok: {len(MACHINES) + 5} machines: each finds its processors")


# ---- Memory, over the gdb stub, against the report on the file ------------------------------------------------

def check_memory(name, how, features):
    kernel = how.pop("kernel", gcc)
    names = symbols(kernel)
    with Machine(kernel, append="test=patching hold", gdb=True, **how) as machine:
        machine.wait_for("HOLD")
        memory = machine.memory(names["image_begin"], names["text_window_begin"])
        found = Result(machine.text, 0, 0).line("features:").split()[1:]
    path = f"{build}/memory.bin"
    with open(path, "wb") as file:
        file.write(memory)
    command = [f"{build}/memory_test", kernel, path, ",".join(["none"] + features.split()), "sites=151"]
    if how.get("xen"):
        command.append("unlike=hypercall_page:4096")
    run = subprocess.run(command, capture_output=True, text=True)
    check(run.returncode == 0, f"memory of {name}: {run.stdout}{run.stderr}")
    print(f"memory of {name}: {run.stdout.splitlines()[-1] if run.stdout else 'nothing'}")
    check({each for each in found if each[0] == "+"} == set(features.split()), f"memory of {name}: the kernel found {found}")
    # And the comparison can fail: the same memory does not fit other features.
    other = features.replace("+smap", "").split() if "+smap" in features else features.split() + ["+smap"]
    if "+xenpv" in features:
        other = [each for each in features.split() if each != "+xenpv"]
    command[3] = ",".join(["none"] + other)
    run = subprocess.run(command, capture_output=True, text=True)
    check(run.returncode == 1 and "not as decided" in run.stdout, f"memory of {name}: agrees with {other} as well")


def memory():
    check_memory("qemu64", {"cpu": "qemu64"}, "+tcg")
    check_memory("max", {"cpu": "max"}, "+smap +fsgsbase +tcg")
    check_memory("max,-smap,-fsgsbase", {"cpu": "max,-smap,-fsgsbase"}, "+tcg")
    check_memory("max,tcg-cpuid=off", {"cpu": "max,tcg-cpuid=off"}, "+smap +fsgsbase")
    check_memory("clang, max,-smap", {"kernel": clang, "cpu": "max,-smap"}, "+fsgsbase +tcg")
    check_memory("xen", {"xen": xen}, "+xenpv +xen +smap +fsgsbase +pvunlock +vcpupreempt")
    check_memory("xen on qemu64", {"xen": xen, "cpu": "qemu64"}, "+xenpv +xen +pvunlock +vcpupreempt")


# ---- Patched by apply() and by apply_proven() ------------------------------------------------

def text_of(kernel, append, how):
    """The kernel's output, and the text that it then has.

    No test runs before: test=patching calls apply() again, which would mend a wrong text.
    """
    names = symbols(kernel)
    with Machine(kernel, append=f"test=none hold {append}", gdb=True, **how) as machine:
        machine.wait_for("HOLD")
        memory = machine.memory(names["text_begin"], names["text_end"])
        result = Result(machine.text, 0, 0)
    return result, [result.line("features:"), *(each for each in result.lines if each.startswith("patched:") and " us," not in each)], memory


def proven():
    for name, how in (("qemu64", {"cpu": "qemu64"}), ("max", {"cpu": "max"}), ("max,-smap", {"cpu": "max,-smap"}), ("xen", {"xen": xen}),
                      ("clang", {"kernel": clang}), ("xen, clang", {"kernel": clang, "xen": xen})):
        kernel = f"{build}/sealed-{'clang' if how.pop('kernel', gcc) == clang else 'kernel'}.elf"
        applied, said, text = text_of(kernel, "", how)
        sealed, sealed_said, sealed_text = text_of(kernel, "proven", how)
        good = check(applied.count("FAIL") == 0 and sealed.count("FAIL") == 0, f"proven, {name}: passes", sealed)
        good &= check(said == sealed_said and len(said) == 4, f"proven, {name}: says {sealed_said}, not {said}")
        good &= check(text == sealed_text, f"proven, {name}: the bytes of text are those that apply() leaves")
        result = boot(kernel, append="proven", **how)
        good &= check(result.status == 0 and result.count("FAIL") == 0 and result.count("PASS") >= 50, f"proven, {name}: all tests pass", result)
        if good:
            print(f"ok: proven, {name}: {len(text):,} bytes of text equal; {result.line('SUMMARY')}")
    unpatched = text_of(f"{build}/sealed-kernel.elf", "", {"cpu": "qemu64"})[2]
    check(unpatched != text_of(f"{build}/sealed-kernel.elf", "", {"cpu": "max"})[2], "proven: the text of two processors differs")
    result = boot(gcc, append="proven")
    check(result.status == 127 and "inlay: the image has no seal" in result.text, "proven: a kernel without a seal is refused", result)
    result = boot(f"{build}/broken-kernel.elf", append="proven")
    check(result.status == 127 and "inlay: the seal is not that of this image" in result.text, "proven: a changed kernel is refused", result)
    print("ok: proven: no seal, and another image's seal, are refused")


# ---- Machine check, crash, statuses ------------------------------------------------

def machine_check():
    count = 20
    for how in ({"cpu": "qemu64"}, {"cpu": "max"}, {"live": True}, {"live": True, "smp": 4}):
        test, smp = "live" if how.pop("live", False) else "traps", how.get("smp", 1)
        with Machine(gcc, append=f"test={test} mce={count}", monitor=True, **how) as machine:
            for number in range(1, count + 1):
                machine.wait_for(f"WAITING for machine check {number}.")
                # CPU 0, ...; bank 9; valid, uncorrected, enabled, context corrupt; restart and error IPs valid, in progress
                machine.monitor(f"mce {number % smp} 9 0xb200000000000000 0x5 0x1234 0xd")
            result = machine.finish()
        text = {"traps": "PASS: traps: each injected machine check reaches the native handler on its IST stack",
                "live": "PASS: live: machine checks came meanwhile, and ran through the sites"}[test]
        check(result.status == 0 and text in result.lines, f"machine check, test {test}, {how}", result)
    print("ok: machine checks injected by the monitor, also while text changes")


def crash():
    for name, how in (("native", {}), ("xen", {"xen": xen})):
        result = boot(append="crash", **how)
        check(result.status == 127 and (name == "xen" or result.qemu_status == 255), f"crash, {name}: status 127", result)
        for part in ("Unhandled exception: #UD invalid opcode", "Vector: 6 (kernel)", "Error code: 0000", "cr2: ",
                     "rax=", "r15=", "rip=", "Code:", "<0f> 0b", "Backtrace:"):
            check(part in result.text, f"crash, {name}: says {part!r}", result)
        addresses = re.findall(r"^  ([0-9a-f]{16})\r?$", result.text, re.M)
        functions = functions_at(gcc, [int(each, 16) - (i > 0) for i, each in enumerate(addresses)])
        expected = ["crash_inside", "crash", "kernel_main", "xen_main" if name == "xen" else "native_main"]
        below = [each for each in functions if each in expected]
        check(below == expected, f"crash, {name}: the backtrace is {functions}", result)
    result = boot(append="test=smp", cpu="max,-apic")
    check(result.status == 77 and result.qemu_status == 155 and result.line("SUMMARY") == "SUMMARY: 1 tests, 1 skipped", "all skipped: status 77", result)
    result = boot(append="test=smp cpus=3", smp=2)
    check(result.status == 1 and result.qemu_status == 3 and "1 unexpected failures" in result.text,
          "a failure: status 1", result)
    print("ok: crash dumps and statuses")


# ---- The text of the kernel ------------------------------------------------

def code_rules():
    """No popf; no swapgs on the ways in from Xen: examples/kernel/x86/code_rules.cpp, proven by `inlay check`."""
    reasons = {"POPF": "a restore turns interrupts on, and changes no other flag",
               "SWAPGS": "Xen has swapped gs at each entry"}
    for kernel in (gcc, clang):
        run = subprocess.run([inlay, "check", kernel], capture_output=True, text=True)
        check(re.search(r" 3 code rules", run.stdout) and "[code-" not in run.stderr, f"{kernel}: its code rules: {run.stdout}{run.stderr}")
    for name, reason in reasons.items():
        run = subprocess.run([inlay, "check", f"{build}/mutation-{name}.elf"], capture_output=True, text=True)
        if check(run.returncode == 1 and f"error: {reason}: " in run.stderr, f"mutation {name} breaks no code rule: {run.stderr}"):
            print(f"ok: mutation {name}: " + next(each for each in run.stderr.splitlines() if reason in each))


# ---- How long a change takes ------------------------------------------------

def figures():
    """With -icount, one instruction is one nanosecond, and all processors share the count."""
    for smp in (1, 4):
        result = boot(smp=smp, append="test=live live=100 figures", options=("-icount", "shift=0"))
        taken = figures_of(result)
        if check(result.status == 0 and set(taken) == {("breakpoints", *each) for each in FIGURES},
                 f"figures on {smp} processors", result):
            check(all(count == 3 * -(-sites // batch) for (_, sites, batch), (_, count) in taken.items()),
                  f"a batch takes three synchronisations: {taken}")
            check_figures(taken, "breakpoints", f"{smp} processors", check)


# ---- Mutations: each must be found ------------------------------------------------

# No emulator shows a synchronisation that is missing, or one without a serialising instruction, since it fetches each
# instruction as a whole. tests/text_poke/model.py shows it.
MUTATIONS = [
    ("ORDER", {"xen": xen}, "FAIL: patching: a second apply.. finds every site as it should be"),
    ("POPF", {}, "FAIL: pv: irq: guard: off before, on inside"),
    ("POPF", {"xen": xen}, "FAIL: pv: irq: guard: on before, off inside"),
    ("SWAPGS", {"xen": xen}, "Unhandled exception: #(GP|UD)"),
    ("IST", {"xen": xen}, "FAIL: traps: the trap table has the entries for Xen at #MC and #DF"),
    # Entries that find no data of their processor recurse until their stack is over. The memory below it decides about
    # the end: a dump, or the end of the machine (which the status tells) where user code begins.
    ("PARITY", {}, r"FAIL: user: the kernel finds its own %gs|Unhandled exception|on its own stack, with error code 0\r?\n\Z"),
    ("FIRST_BYTE", {"append": "test=live", "smp": 4}, "Unhandled exception: #BP"),
    # Half of an instruction may lead anywhere: to a dump, to an exception in a dump, or to the end of the machine.
    ("NO_BREAKPOINT", {"append": "test=live live=20000", "smp": 4},
     r"FAIL: live: each pass found the old or the new form|Unhandled exception|EXIT: STATUS=127|processors: 4\r?\n\Z"),
    ("FOREIGN", {"append": "test=live", "smp": 4}, "FAIL: live: a breakpoint of another one is not answered"),
    ("FOREIGN", {"append": "test=live", "xen": xen}, "FAIL: live: a breakpoint of another one is not answered"),
    ("FIRST_BYTE", {"append": "test=live", "xen": xen}, "Unhandled exception: #BP"),
    # A processor that starts, and serialises before it answers.
    ("JOIN_EARLY", {"append": "test=live", "smp": 4}, "FAIL: live: each processor had synchronised since the last change"),
    ("JOIN_EARLY", {"append": "test=live", "smp": 4, "xen": xen},
     "FAIL: live: each processor had synchronised since the last change"),
    ("UNGUARDED", {"append": "test=storm storm=4000"}, "FAIL: storm: no handler met a half-written site|Unhandled"),
]


def mutations():
    for name, how, sign in MUTATIONS:
        result = boot(f"{build}/mutation-{name}.elf", **{"limit": 40, **how})  # some of them hang
        where = "xen" if "xen" in how else "native"
        found = re.search(sign, result.text)
        good = check(result.status != 0 and found is not None, f"mutation {name} ({where}) is not found", result)
        if good:
            print(f"ok: mutation {name} ({where}): {found.group(0)}")


# ---- Soak ------------------------------------------------

def soak_boots():
    count = 1000 if soak else 20
    kinds = [each[1] for each in VARIANTS]
    interrupts = at_boot = 0

    def one(number):
        how = dict(kinds[number % len(kinds)])
        how["append"] = (how.get("append", "") + (" storm=1600 live=2000" if soak and "xen" not in how else "")).strip()
        return number, how, boot(**how)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, how, result in pool.map(one, range(count)):
            check(result.status == 0 and result.count("FAIL") == 0 and result.line("SUMMARY") != "",
                  f"boot {number} ({how})", result)
            count_changes(how, result)
            storm = re.search(r"^storm: (\d+) interrupts", result.text, re.M)
            interrupts += int(storm.group(1)) if storm else 0
            boot_storm = re.search(r"^patched: in \d+ us, amid (\d+) interrupts", result.text, re.M)
            at_boot += int(boot_storm.group(1)) if boot_storm else 0
            if number % 100 == 99:
                print(f"soak: {number + 1} boots, {interrupts} interrupts, {live_changes} live changes, {failed} failed")
    check(at_boot != 0, "no interrupt came while kernels patched themselves at boot")
    check(interrupts >= (1000 if not soak else 1_000_000), f"only {interrupts} interrupts came while text was written")
    check(live_changes >= (10_000 if not soak else 1_000_000), f"only {live_changes} changes beside running processors")
    print(f"soak: {count} boots, {interrupts} interrupts while text was written, {at_boot} of them at boot; "
          f"{live_changes} live changes in all boots")


groups = {each.__name__: each for each in (variants, machines, memory, proven, machine_check, crash, figures, code_rules,
                                           mutations, soak_boots)}
for name in sys.argv[4:] or groups:
    groups[name]()
print(f"kernel: {passed} passed, {failed} failed; the slowest boot took {slowest:.1f} s")
sys.exit(failed != 0)
