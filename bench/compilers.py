# SPDX-License-Identifier: BSL-1.0
#
# Shared code of size.py and compile.py: compilers, runs of them with time and memory, tables, JSON.

import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-O2", f"-I{ROOT}/include"]


class Failed(Exception):
    """Ends the script with this sentence."""


@dataclass(frozen=True)
class Run:
    user_seconds: float
    peak_kib: int


class Compiler:
    """A compiler; `name` has its major version, as "g++-12"."""

    def __init__(self, command):
        self.path = shutil.which(command)
        if self.path is None:
            raise Failed(f"there is no compiler {command}")
        self.version = self._says("--version").splitlines()[0]
        family = "clang++" if "clang" in self.version else "g++"
        self.name = f"{family}-{self._says('-dumpversion').split('.')[0]}".strip()

    def _says(self, option):
        done = subprocess.run([self.path, option], capture_output=True, text=True, check=False)
        if done.returncode != 0 or not done.stdout.strip():
            raise Failed(f"{self.path} {option} says nothing: is it a compiler?")
        return done.stdout

    def run(self, arguments, what):
        """Runs the compiler, and returns its time and memory. `what` names the unit if it does not compile."""
        command = [self.path, *map(str, arguments)]
        with tempfile.TemporaryFile() as messages:
            actions = [(os.POSIX_SPAWN_DUP2, messages.fileno(), 1), (os.POSIX_SPAWN_DUP2, messages.fileno(), 2)]
            child = os.posix_spawn(self.path, command, os.environ, file_actions=actions)
            # The child and the processes that it waited for (cc1plus, as): `used` has the sum of their times, and the
            # peak of the largest process.
            _, status, used = os.wait4(child, 0)
            if status != 0:
                messages.seek(0)
                text = messages.read().decode(errors="replace")
                sys.stderr.write("\n".join(text.splitlines()[:20]) + "\n")
                raise Failed(f"{self.name} does not compile {what}; its command was: {' '.join(command)}")
        return Run(used.ru_utime, used.ru_maxrss)


def chosen(commands):
    """The compilers of the command line; else the GCC and the Clang that tools/compilers chooses, if installed."""
    if not commands:
        for role in ("gcc", "clang"):
            command = subprocess.run(["sh", ROOT / "tools/compilers", role], capture_output=True, text=True, check=True).stdout.strip()
            if role == "gcc" or shutil.which(command):
                commands = [*commands, command]
    return [Compiler(each) for each in commands]


def spelled(flags):
    """Flags as text, the same wherever the repository is."""
    return " ".join(flags).replace(f"{ROOT}/", "")


def write_json(path, compilers, context, results):
    context = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": processor(),
        "compilers": {each.name: each.version for each in compilers},
        **context,
    }
    pathlib.Path(path).write_text(json.dumps({"context": context, "results": results}, indent=1) + "\n")


def processor():
    """As bench/machine.hpp says it: "AMD EPYC, family 25, model 1"."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = [re.search(rf"^{name}\s*:\s*(.*?)\s*$", text, re.MULTILINE) for name in ("model name", "cpu family", "model")]
    return "{}, family {}, model {}".format(*(each[1] for each in found)) if all(found) else os.uname().machine


def progress(text):
    """Prints a line for the waiting user, at once and on standard error: tables come at the end."""
    print(f"    {text} ...", file=sys.stderr, flush=True)


def table(title, columns, rows, left):
    """Prints rows; the first `left` columns are text, the others numbers."""
    def text(cell):
        return f"{cell:.1f}".removesuffix(".0") if isinstance(cell, float) else str(cell)

    cells = [[text(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    print(f"\n{title}\n")
    for row in cells:
        print("  " + "  ".join(cell.ljust(widths[i]) if i < left else cell.rjust(widths[i])
                               for i, cell in enumerate(row)).rstrip())


def finish(main):
    """Runs `main`; one sentence says which command failed."""
    try:
        sys.exit(main())
    except Failed as failed:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {failed}")
