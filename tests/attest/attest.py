# SPDX-License-Identifier: BSL-1.0
"""inlay attest on running programs, core files and machines: right text passes, and each difference is named.

    attest.py INLAY FOLDER       FOLDER has the programs of run.sh: program, static, i386, aarch64, kernel-*.elf
"""
import ctypes
import os
import re
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../kernel"))
from machine import Arm, Machine  # noqa: E402
from stub import Stub  # noqa: E402

tool, folder = sys.argv[1:3]
program, static_program = os.path.join(folder, "program"), os.path.join(folder, "static")
passed = failed = 0


def check(what, good, said=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL: attest: {what}\n{said}")


def attest(*arguments):
    done = subprocess.run([tool, "attest", *map(str, arguments)], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


class running:
    """The test program: commands, and its memory by /proc/PID/mem."""

    def __init__(self, path, *commands):
        self.path = path
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert self.process.stdout.readline() == "ready\n"
        self.do(*commands)
        with open(f"/proc/{self.pid}/maps") as maps:
            self.bias = int(maps.readline().split("-")[0], 16) if is_relocatable(path) else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def do(self, *commands):
        for each in commands:
            self.process.stdin.write(each + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            assert answer.startswith("done"), answer

    def symbol(self, name):
        at, size = symbols(self.path)[name]
        return self.bias + at, size

    def read(self, at, size):
        with open(f"/proc/{self.pid}/mem", "rb", 0) as memory:
            memory.seek(at)
            return memory.read(size)

    def write(self, at, data):
        with open(f"/proc/{self.pid}/mem", "r+b", 0) as memory:
            memory.seek(at)
            memory.write(data)

    def attest(self):
        return attest(self.pid)


def is_relocatable(path):
    with open(path, "rb") as file:
        return file.read(18)[16] == 3  # ET_DYN


known_symbols = {}


def symbols(path):
    """Name to address in the file and size."""
    if path not in known_symbols:
        said = subprocess.run(["nm", "-S", path], capture_output=True, text=True, check=True).stdout
        parts = [each.split() for each in said.splitlines()]
        known_symbols[path] = {each[3]: (int(each[0], 16), int(each[1], 16)) for each in parts if len(each) == 4}
    return known_symbols[path]


NOP5 = bytes.fromhex("0f1f440000")
LFENCE = bytes.fromhex("0faee8")
MFENCE = bytes.fromhex("0faef0")


def fences(of):
    """Where apply() has put lfence in use()."""
    at, size = of.symbol("use")
    return [at + each.start() for each in re.finditer(re.escape(LFENCE), of.read(at, size))]


def is_right_at_each_step(one, of=""):
    for step in ("", "apply", "change", "back"):
        if step:
            one.do(step)
        status, said = one.attest()
        check(f"{of}no difference after {step or 'the start'}", status == 0 and "no difference" in said, said)
        patched = int(re.search(r"(\d+) of [1-9]\d* sites patched", said).group(1))
        check(f"{of}{patched} sites patched after {step or 'the start'}", (patched == 0) == (step == ""), said)


# ---- Text that is right ----------------------------------------------------------------------------------

with running(program) as one:
    is_right_at_each_step(one)
    check("two sites of the alternative are patched", len(fences(one)) == 2)
    one.do("storm")
    for i in range(20):
        status, said = one.attest()
        check("no difference while the program changes", status == 0, said)

# ---- Text outside of sites -------------------------------------------------------------------------------

with running(program, "apply") as one:
    at, _ = one.symbol("plain")
    before = one.read(at, 16)
    one.write(at, bytes([before[0] ^ 0x40]))
    status, said = one.attest()
    check("a changed byte is named", status == 1 and "1 byte of text is not the file's [attest-text]" in said
          and "in plain," in said and "1 difference in" in said
          and f"in memory:   {before[0] ^ 0x40:02x}" in said and f"in the file: {before[0]:02x}" in said, said)
    one.write(at, before)
    status, said = one.attest()
    check("the byte restored passes", status == 0, said)

    target, _ = one.symbol("use")
    one.write(at, b"\xe9" + (target - at - 5).to_bytes(4, "little", signed=True))
    status, said = one.attest()
    check("a jump is named", status == 1 and "another patcher: a jump to use; " in said and "in plain," in said, said)
    one.write(at, before)

    one.write(at + 4, b"\xcc")
    status, said = one.attest()
    check("a breakpoint that nobody owns is named", status == 1
          and "a breakpoint; no process debugs it: a uprobe, or a debugger that has gone [attest-breakpoint]" in said, said)
    one.write(at + 4, before[4:5])

# ---- Sites -----------------------------------------------------------------------------------------------

with running(program, "apply") as one:
    first, second = fences(one)
    one.write(first + 2, b"\x90")
    status, said = one.attest()
    check("a site that holds none of its forms", status == 1
          and "alternative holds none of its forms [attest-site]" in said and "in use+" in said
          and 'form "attest.x": lfence; nop' in said, said)
    one.write(first, MFENCE)
    status, said = one.attest()
    check("two sites of one declaration that differ", status == 1 and "this site of alternative holds another form than "
          "the site at use+" in said and "[attest-mixed]" in said and "in memory: lfence; nop" in said, said)
    one.write(second, MFENCE)
    status, said = one.attest()
    check("another form at both is what another machine has", status == 0, said)
    one.write(first, LFENCE)
    one.write(second, b"\xcc")
    status, said = one.attest()
    check("a breakpoint on a site", status == 1 and "a breakpoint on alternative; " in said
          and 'below it: form "attest.never"' in said and "1 difference in" in said, said)

with running(program, "apply", "change") as one:
    at, size = one.symbol("use")
    wanted, _ = one.symbol("_Z8plus_twoi")
    other, _ = one.symbol("plain")
    code = one.read(at, size)
    calls = [i for i in range(size - 4) if code[i] == 0xE8
             and at + i + 5 + int.from_bytes(code[i + 1:i + 5], "little", signed=True) == wanted]
    check("direct calls of the new target", len(calls) >= 1)
    one.write(at + calls[0] + 1, (other - (at + calls[0] + 5)).to_bytes(4, "little", signed=True))
    status, said = one.attest()
    check("a call that goes elsewhere", status == 1 and "holds none of its forms" in said and "plain" in said, said)

# ---- Debuggers -------------------------------------------------------------------------------------------


def gdb(pid, *commands):
    words = ["gdb", "-q", "-nx", "-batch", "-p", str(pid), "-ex", "set breakpoint always-inserted on"]
    for each in commands:
        words += ["-ex", each]
    return subprocess.run(words, capture_output=True, text=True, timeout=100).stdout


with running(program, "apply") as one:
    said = gdb(one.pid, "break *&plain", f"shell {tool} attest {one.pid} 2>&1; echo status $?")
    check("gdb's breakpoint", re.search(r"error: a breakpoint; process \d+ debugs it \[attest-breakpoint\]", said)
          and "in plain," in said and "status 1" in said, said)
    said = gdb(one.pid, f"break *{fences(one)[0]}", f"shell {tool} attest {one.pid} 2>&1; echo status $?")
    check("gdb's breakpoint on a site", re.search(r"error: a breakpoint on alternative; process \d+ debugs it", said)
          and 'below it: form "attest.x"' in said and "status 1" in said, said)
    status, said = one.attest()
    check("gdb has gone, with its breakpoints", status == 0, said)

# ---- Uprobes -------------------------------------------------------------------------------------------------------


class uprobe:
    """perf_event_open(2) with a uprobe at an address of a process. `trouble`: why the kernel has none."""

    def __init__(self, process, at):
        self.event, self.trouble = -1, ""
        try:
            with open("/sys/bus/event_source/devices/uprobe/type") as file:
                kind = int(file.read())
        except OSError as error:
            self.trouble = f"the kernel has no uprobes ({error})"
            return
        with open(f"/proc/{process.pid}/maps") as maps:
            for line in maps:
                begin, end = (int(each, 16) for each in line.split()[0].split("-"))
                if begin <= at < end:
                    offset = at - begin + int(line.split()[2], 16)
        path = ctypes.create_string_buffer(os.path.realpath(process.path).encode())
        attributes = ctypes.create_string_buffer(struct.pack("<II5QIIQQ", kind, 112, 0, 0, 0, 0, 0, 0, 0,
                                                             ctypes.addressof(path), offset).ljust(112, b"\0"))
        libc = ctypes.CDLL(None, use_errno=True)
        self.event = libc.syscall(298, attributes, process.pid, -1, -1, 0)  # perf_event_open on x86-64
        if self.event < 0:
            self.trouble = f"perf_event_open: {os.strerror(ctypes.get_errno())}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.event >= 0:
            os.close(self.event)


with running(program) as one:
    plain, _ = one.symbol("plain")
    use, size = one.symbol("use")
    site = use + one.read(use, size).index(NOP5)
    for what, at, named in (("", plain, "in plain,"), (" on a site", site, "in use+")):
        with uprobe(one, at) as probe:
            if probe.trouble:
                print(f"attest: skipped: uprobes: {probe.trouble}")
                break
            check(f"the kernel has put a uprobe{what}", one.read(at, 1) == b"\xcc")
            status, said = one.attest()
            place = " on alternative" if what else ""
            earlier = "no process debugs it: a uprobe, or a debugger that has gone" if not what else "a uprobe has run in it"
            check(f"a uprobe{what} that has not been hit", status == 1 and f"error: a breakpoint{place}; {earlier} "
                  "[attest-breakpoint]" in said and named in said and "1 difference in" in said, said)
            one.do("look", "look")
            # Since Linux 6.18, a uprobe on a nop of five bytes becomes a call.
            called = one.read(at, 1) == b"\xe8"
            print(f"attest: a uprobe{what} is {'a call' if called else 'int3'} after it was hit")
            status, said = one.attest()
            words = f"error: a uprobe{place} [" if called else f"error: a breakpoint{place}; a uprobe has run in it ["
            check(f"a uprobe{what} that has been hit", status == 1 and words + "attest-breakpoint]" in said and named in said
                  and "1 difference in" in said, said)
        status, said = one.attest()
        check(f"without the uprobe{what}", status == 0, said)

# ---- Core files ------------------------------------------------------------------------------------------

with running(program, "apply", "change") as one:
    core = os.path.join(folder, "core")
    gdb(one.pid, f"generate-core-file {core}")
    status, said = attest("--core", core)
    check("a core file", status == 0 and re.search(r"[1-9]\d* of \d+ sites patched", said), said)
    one.write(fences(one)[0] + 2, b"\x90")
    gdb(one.pid, f"generate-core-file {core}")
    status, said = attest("--core", core)
    check("a core file of a changed site", status == 1 and "holds none of its forms" in said, said)
    status, said = attest("--core", program)
    check("a program is no core file", status == 2 and "it is no core file" in said, said)

# ---- A stub, as QEMU has one ------------------------------------------------------------------------------

if shutil.which("gdbserver"):
    with running(static_program, "apply", "change") as one:
        def by_stub():
            server = subprocess.Popen(["gdbserver", "--once", "--attach", "localhost:0", str(one.pid)],
                                      stderr=subprocess.PIPE, text=True)
            port = next(line.split()[-1] for line in server.stderr if line.startswith("Listening on port"))
            answer = attest("--gdb", f"localhost:{port}", static_program)
            server.wait(60)
            return answer

        status, said = by_stub()
        check("a stub", status == 0 and re.search(r"[1-9]\d* of \d+ sites patched", said), said)
        at, _ = one.symbol("plain")
        one.write(at, b"\x90")
        status, said = by_stub()
        check("a stub, and a changed byte", status == 1 and "1 byte of text is not the file's" in said
              and "in plain," in said, said)
else:
    print("attest: no gdbserver: stubs are not tested")
status, said = attest("--gdb", "localhost:1", static_program)
check("no stub", status == 2 and "no stub of gdb answers there: Connection refused" in said, said)

# ---- Programs of 32 bits -----------------------------------------------------------------------------------------

with running(os.path.join(folder, "i386")) as one:
    is_right_at_each_step(one, "i386: ")
    core = os.path.join(folder, "core")

    def core_of_it():
        gdb(one.pid, f"generate-core-file {core}")
        return attest("--core", core)

    status, said = core_of_it()
    check("i386: a core file", status == 0 and re.search(r"[1-9]\d* of \d+ sites patched", said), said)
    with open(core, "rb") as file:
        check("i386: the core file has 32 bits", file.read(5)[4] == 1)
    at, _ = one.symbol("plain")
    one.write(at, bytes([one.read(at, 1)[0] ^ 0x40]))
    one.write(fences(one)[1] + 2, b"\x90")
    for how, (status, said) in (("the process", one.attest()), ("the core file", core_of_it())):
        check(f"i386: a changed byte and a changed site in {how}", status == 1 and "2 differences in" in said
              and "1 byte of text is not the file's [attest-text]" in said and "in plain," in said
              and "alternative holds none of its forms [attest-site]" in said and "in use+" in said, said)

# ---- Programs of AArch64, under qemu-aarch64 ---------------------------------------------------------------------

aarch64_program = os.path.join(folder, "aarch64")
ISB, DMB, BRK = (bytes.fromhex(each) for each in ("df3f03d5", "bf3f03d5", "000020d4"))
emulated = subprocess.Popen(["qemu-aarch64", "-cpu", "max", "-g", f"{folder}/qemu", aarch64_program], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
for _ in range(300):
    if os.path.exists(f"{folder}/qemu"):
        break
    time.sleep(0.1)
emulated.stdin.write("apply\nchange\nend\n")
emulated.stdin.flush()
with Stub(f"{folder}/qemu") as stub:
    place = f"unix:{folder}/stub"
    with open(f"/proc/{emulated.pid}/maps") as maps:  # where QEMU has the program's first page
        host = next(int(line.split("-")[0], 16) for line in maps if line.rstrip().endswith(aarch64_program))

    def emulated_write(at, data):  # the stub does not write text
        with open(f"/proc/{emulated.pid}/mem", "r+b", 0) as memory:
            memory.seek(host + at - 0x400000)
            memory.write(data)

    stub.serve(f"{folder}/stub")

    def emulated_attest():
        return attest("--gdb", place, aarch64_program)

    status, said = emulated_attest()
    check("AArch64: no difference at the start", status == 0 and "no difference" in said
          and re.search(r", 0 of [1-9]\d* sites patched", said), said)
    plain, _ = symbols(aarch64_program)["plain"]
    for step in ("apply", "change"):
        stub.run_to(plain)
        status, said = emulated_attest()
        check(f"AArch64: no difference after {step}", status == 0 and re.search(r"[1-9]\d* of \d+ sites patched", said), said)
    use, size = symbols(aarch64_program)["use"]
    code = stub.read(use, size)
    first = use + code.index(ISB)
    for what, at, data, words in (
            ("a changed byte", plain + 1, bytes([stub.read(plain + 1, 1)[0] ^ 1]), "error: 1 byte of text is not the file's [attest-text]"),
            ("a breakpoint", plain, BRK, "error: a breakpoint [attest-breakpoint]"),
            ("a breakpoint on a site", first, BRK, "error: a breakpoint on alternative [attest-breakpoint]"),
            ("another form at one site", first, DMB, "[attest-mixed]"),
            ("none of the forms", first, bytes(4), "alternative holds none of its forms [attest-site]")):
        before = stub.read(at, len(data))
        emulated_write(at, data)
        status, said = emulated_attest()
        check(f"AArch64: {what} is named", status == 1 and words in said and "1 difference in" in said
              and ("in plain" in said or "in use+" in said), said)
        emulated_write(at, before)
    status, said = emulated_attest()
    check("AArch64: restored, it passes", status == 0, said)
emulated.kill()
emulated.wait()

# ---- Kernels under QEMU ------------------------------------------------------------------------------------------


def change_memory(machine, command):
    """By gdb, on the machine's stub."""
    done = subprocess.run([machine.debugger, "-batch", "-nx", "-ex", f"set architecture {machine.architecture}", "-ex",
                           f"target remote {machine.place}/gdb", "-ex", command, "-ex", "detach"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=100)
    return done.stdout + done.stderr


for name, kind, how in (("kernel-x86.elf", Machine, {}), ("kernel-aarch64.elf", Arm, {"kind": "gic-version=3"})):
    kernel = os.path.join(folder, name)
    with kind(kernel, append="test=patching hold", gdb=True, **how) as machine:
        machine.wait_for("HOLD")

        def machine_attest(file=kernel):
            return attest("--gdb", f"{machine.place}/gdb", file)

        status, said = machine_attest()
        found = re.search(r"no difference in (\d+) bytes of text of 1 image, ([1-9]\d*) of (\d+) sites patched", said)
        check(f"{name}: no difference", status == 0 and found, said)
        if found:
            print(f"attest: {name}: {found.group(1)} bytes of text, {found.group(2)} of {found.group(3)} sites patched")
        at, _ = symbols(kernel)["_ZN6kernel11kernel_mainEb" if kind is Machine else "boot_main"]
        change_memory(machine, f"set *(unsigned char*){at + 1:#x} ^= 0x40")
        status, said = machine_attest()
        check(f"{name}: a changed byte is named", status == 1 and "1 difference in" in said
              and "1 byte of text is not the file's [attest-text]" in said
              and ("kernel_main" in said or "in boot_main" in said), said)
        change_memory(machine, f"set *(unsigned char*){at + 1:#x} ^= 0x40")
        status, said = machine_attest()
        check(f"{name}: restored, it passes", status == 0, said)
        status, said = machine_attest(static_program if kind is Machine else aarch64_program)
        check(f"{name}: another program's file is refused", status != 0 and "no difference" not in said, said)

# ---- Files that are gone, and wrong arguments ------------------------------------------------------------

copy = os.path.join(folder, "copy")
shutil.copy(program, copy)
with running(copy, "apply") as one:
    os.unlink(copy)
    status, said = one.attest()
    check("a deleted file is read through the kernel's link", status == 0 and "0 of 0" not in said, said)
status, said = attest(one.pid)
check("a process that has ended", status == 2 and "there is no such process" in said, said)
status, said = attest("name")
check("no number", status == 2 and "is no number" in said, said)

print(f"attest: {passed} passed, {failed} failed")
sys.exit(failed != 0)
