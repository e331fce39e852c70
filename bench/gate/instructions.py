#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
#
# Instructions that apply() executes for a record, counted by callgrind: they do not drift as times do.
#
#     bench/gate/instructions.py BUILD...        # build/gate-gcc build/gate-clang, each with bench/count_instructions
#
# How it works. It patches the same image with 1,000 and with 5,000 records; the difference, divided by 4,000, is the
# cost of a record. limits.json has the limit of each compiler, by its name and major version. It does not judge other
# compilers. Fails if a count is over its limit.

import json
import pathlib
import re
import subprocess
import sys
import tempfile

LIMITS = pathlib.Path(__file__).with_name("limits.json")
FEWER, MORE = 1_000, 5_000


def compiler_of(build):
    """The name that limits.json has for the compiler of a build folder."""
    cache = (build / "CMakeCache.txt").read_text()
    path = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.MULTILINE).group(1)

    def says(option):
        return subprocess.run([path, option], capture_output=True, text=True, check=True).stdout

    family = "clang++" if "clang" in says("--version") else "g++"
    return f"{family}-{says('-dumpversion').split('.')[0].strip()}"


def count(build, records):
    with tempfile.NamedTemporaryFile() as counts:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=bench_counted",
             f"--callgrind-out-file={counts.name}", build / "bench/count_instructions", str(records)],
            capture_output=True, text=True, check=False)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found or int(found.group(1)) == 0:
            sys.exit(f"{build}: callgrind counts nothing\n{done.stderr}")
        return int(found.group(1))


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: instructions.py BUILD...")
    limits = json.loads(LIMITS.read_text())["instructions_a_record"]
    over, fine = [], []
    for build in map(pathlib.Path, sys.argv[1:]):
        name = compiler_of(build)
        each = (count(build, MORE) - count(build, FEWER)) / (MORE - FEWER)
        text = f"{name}: apply() executes {each:.1f} instructions a record"
        if name not in limits:
            fine.append(f"{text}; not judged, no limit for it in limits.json")
        elif each > limits[name]:
            over.append(f"{text}; the limit is {limits[name]}")
        else:
            fine.append(f"{text} of {limits[name]}")
    if over:
        sys.exit("over: " + "\nover: ".join(over))
    print("; ".join(fine))


main()
