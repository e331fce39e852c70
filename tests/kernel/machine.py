# SPDX-License-Identifier: BSL-1.0
"""machine: boots a kernel in QEMU (TCG only), and talks to it: on x86-64 natively or under Xen, or on AArch64.

    with Machine(kernel, cpu="max", smp=4, append="mce", monitor=True) as machine:
        machine.wait_for("WAITING")
        machine.monitor("mce 0 9 ...")
        result = machine.finish()          # .status, .text, .seconds
    with Arm(kernel, kind="gic-version=3,virtualization=on", cpu="cortex-a57,pmu=off") as machine: ...
"""
import os
import re
import select
import socket
import subprocess
import tempfile
import time


class Result:
    """The output of a boot. `seconds` are processor time, so that other programs make no boot slow."""

    def __init__(self, text, seconds, qemu_status):
        self.text, self.seconds, self.qemu_status = text, seconds, qemu_status
        said = re.search(r"^EXIT: STATUS=(\d+)", text, re.M)
        self.status = int(said.group(1)) if said else None
        self.lines = [line.rstrip("\r") for line in text.split("\n") if not line.startswith("(XEN)")]

    def count(self, kind):
        return sum(line.startswith(kind + ":") for line in self.lines)

    def line(self, head):
        return next((line for line in self.lines if line.startswith(head)), "")


# The kernels' lines with `figures` (common/live_figures.hpp): sites, and sites in a batch.
FIGURES = {(1, 128), (64, 128), (4096, 128), (1024, 1), (1024, 8), (1024, 64), (1024, 128)}


def figures_of(result):
    """{(way, sites, sites in a batch): (nanoseconds, synchronisations)}. With -icount a nanosecond is an instruction."""
    found = re.findall(r"figures: (\w+): (\d+) sites in batches of (\d+): (\d+) ns, (\d+) synchronisations \(emulated\)\r?$",
                       result.text, re.M)
    return {(way, int(sites), int(batch)): (int(time), int(count)) for way, sites, batch, time, count in found}


def check_figures(taken, way, where, check):
    """A site costs less in a larger batch. Prints the instructions."""
    times = {(sites, batch): time for (each, sites, batch), (time, _) in taken.items() if each == way}
    check(times[64, 128] < times[1024, 1] / 16, f"{way}, {where}: 64 sites in a batch cost less than 64 batches: {times}")
    by_batch = [times[1024, batch] for batch in (128, 64, 8, 1)]
    check(by_batch == sorted(by_batch), f"{way}, {where}: larger batches cost less: {times}")
    one = times[1, 128]
    print(f"figures, {way}, {where} (emulated): " +
          "; ".join(f"{sites} sites in batches of {batch}: {time} instructions ({time / one:.1f})"
                    for (sites, batch), time in sorted(times.items())))


class Machine:
    """An x86-64 machine."""
    architecture, debugger = "i386:x86-64", "gdb"

    def __init__(self, kernel, cpu="max", smp=1, append="", xen=None, monitor=False, gdb=False, limit=120, kind="pc",
                 options=()):
        command = ["qemu-system-x86_64", "-M", kind, "-cpu", cpu, "-smp", str(smp), *options,
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        if xen:
            command += ["-m", "192", "-kernel", xen, "-append", "com1=115200,8n1 console=com1",
                        "-initrd", f"{kernel} {append}"]
        else:
            command += ["-m", "64", "-kernel", kernel, "-append", append]
        # Before 8.1, QEMU may keep a translation of text that another thread has changed.
        self._start(command, monitor, gdb, limit, "tcg,thread=single")

    def _start(self, command, monitor, gdb, limit, accel="tcg"):
        self.limit, self.text = limit, ""
        self.place = tempfile.mkdtemp(prefix="inlay-kernel-")
        command = ["timeout", str(limit), *command, "-accel", accel, "-nodefaults", "-display", "none", "-no-reboot",
                   "-serial", "stdio"]
        if monitor:
            command += ["-monitor", f"unix:{self.place}/monitor,server,nowait"]
        if gdb:
            command += ["-chardev", f"socket,path={self.place}/gdb,server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()  # timeout passes it on
            self.process.wait()
        self.process.stdout.close()
        for name in os.listdir(self.place):
            os.unlink(os.path.join(self.place, name))
        os.rmdir(self.place)

    def _read(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        data = os.read(self.process.stdout.fileno(), 65536) if ready else None
        self.text += data.decode(errors="replace") if data else ""
        return data

    def wait_for(self, word):
        end = time.monotonic() + self.limit
        while word not in self.text:
            if time.monotonic() > end or self._read(1) == b"":
                raise RuntimeError(f"the kernel never said {word!r}:\n{self.text[-2000:]}")

    def finish(self):
        while self._read(self.limit + 5):
            pass
        _, status, used = os.wait4(self.process.pid, 0)  # timeout has waited for QEMU: its time is in it
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return Result(self.text, used.ru_utime + used.ru_stime, self.process.returncode)

    def _connect(self, name):
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(10)
        end.connect(f"{self.place}/{name}")
        return end

    def monitor(self, command):
        with self._connect("monitor") as end:
            end.sendall(command.encode() + b"\n")
            text = b""
            while text.count(b"(qemu)") < 2:  # before the command, and after its answer
                got = end.recv(65536)
                if not got:
                    break
                text += got
            return text.decode(errors="replace")

    def memory(self, begin, end):
        """Bytes at virtual addresses. The machine is stopped meanwhile."""
        dump = f"{self.place}/memory"
        commands = [f"set architecture {self.architecture}", f"target remote {self.place}/gdb",
                    f"dump binary memory {dump} {begin:#x} {end:#x}", "detach"]
        done = subprocess.run([self.debugger, "-batch", "-nx", *(word for each in commands for word in ("-ex", each))],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=self.limit)
        try:
            with open(dump, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            data = b""
        if len(data) != end - begin:
            raise RuntimeError(f"gdb gave {len(data)} bytes of {end - begin} at {begin:#x}:\n" +
                               done.stdout + done.stderr)
        return data


class Arm(Machine):
    """An AArch64 machine: QEMU's virt. Its semihosting passes the kernel's status on as QEMU's own."""
    architecture, debugger = "aarch64", "gdb-multiarch"

    def __init__(self, kernel, kind="", cpu="max", smp=1, append="", monitor=False, gdb=False, limit=120, options=(),
                 accel="tcg"):
        self._start(["qemu-system-aarch64", "-M", f"virt,{kind}".rstrip(","), "-cpu", cpu, "-smp", str(smp),
                     "-m", "128", "-semihosting-config", "enable=on,target=native", *options,
                     "-kernel", kernel, "-append", append], monitor, gdb, limit, accel)
