# SPDX-License-Identifier: BSL-1.0
"""inlay attest on running programs and core files: right text passes, and each difference is named.

    attest.py INLAY PROGRAM STATIC_PROGRAM FOLDER
"""
import os
import re
import shutil
import subprocess
import sys

tool, program, static_program, folder = sys.argv[1:5]
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
            self.bias = int(maps.readline().split("-")[0], 16)

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
        at, size = symbols[name]
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


symbols = {}
for line in subprocess.run(["nm", "-S", program], capture_output=True, text=True, check=True).stdout.splitlines():
    parts = line.split()
    if len(parts) == 4:
        symbols[parts[3]] = int(parts[0], 16), int(parts[1], 16)

LFENCE = bytes.fromhex("0faee8")
MFENCE = bytes.fromhex("0faef0")


def fences(of):
    """Where apply() has put lfence in use()."""
    at, size = of.symbol("use")
    return [at + each.start() for each in re.finditer(re.escape(LFENCE), of.read(at, size))]


# ---- Text that is right ----------------------------------------------------------------------------------

with running(program) as one:
    for step in ("", "apply", "change", "back"):
        if step:
            one.do(step)
        status, said = one.attest()
        check(f"no difference after {step or 'the start'}", status == 0 and "no difference" in said, said)
        patched = int(re.search(r"(\d+) of \d+ sites patched", said).group(1))
        check(f"{patched} sites patched after {step or 'the start'}", (patched == 0) == (step == ""), said)
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
        at = int(subprocess.run(["nm", static_program], capture_output=True, text=True, check=True)
                 .stdout.split(" T plain\n")[0].split()[-1], 16)
        one.write(at, b"\x90")
        status, said = by_stub()
        check("a stub, and a changed byte", status == 1 and "1 byte of text is not the file's" in said
              and "in plain," in said, said)
else:
    print("attest: no gdbserver: stubs are not tested")
status, said = attest("--gdb", "localhost:1", static_program)
check("no stub", status == 2 and "gdb read no memory there" in said, said)

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
