#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
#
# Instructions that apply_proven() executes for a record of a sealed image, counted by callgrind; see instructions.py.
#
#     bench/gate/sealed.py COMPILER...           # g++-12 clang++-19
#     bench/gate/sealed.py --time COMPILER       # the times of a plain copy, apply_proven() and apply(), on a quiet machine
#
# How it works. It compiles proven.cpp with 1,000 and with 5,000 sites, and seals both by check/seal.hpp; the difference,
# divided by 4,000, is the cost of a record.

import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
from compilers import Compiler  # noqa: E402
FEWER, MORE = 1_000, 5_000
FLAGS = ["-std=c++20", "-O2", f"-I{ROOT}/include"]


def run(*command):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def sealed(work, compiler, sites):
    """A sealed program with so many sites."""
    path = pathlib.Path(work) / f"{pathlib.Path(compiler).name}-{sites}"
    run(compiler, *FLAGS, "-no-pie", "-fno-pie", f"-DSITES={sites}", HERE / "proven_sites.S", HERE / "proven.cpp", "-o", path)
    run(pathlib.Path(work) / "seal", path)
    return path


def count(work, compiler, sites):
    said = run("valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=bench_counted",
               f"--callgrind-out-file={work}/counts", sealed(work, compiler, sites))
    return int(re.search(r"Collected : (\d+)", said).group(1))


def main(arguments):
    times = arguments[:1] == ["--time"]
    limits = json.loads((HERE / "limits.json").read_text())["instructions_a_sealed_record"]
    over, fine = [], []
    with tempfile.TemporaryDirectory() as work:
        run("g++", *FLAGS, ROOT / "tests/proven/seal.cpp", "-lZydis", "-ldw", "-lelf", "-o", f"{work}/seal")
        for compiler in arguments[times:]:
            if times:
                for sites in (1_000, 10_000, 100_000, 1_000_000):
                    print(f"{compiler}: {run(sealed(work, compiler, sites), 'time').strip()}")
                continue
            each = (count(work, compiler, MORE) - count(work, compiler, FEWER)) / (MORE - FEWER)
            name = Compiler(compiler).name
            text = f"{name}: apply_proven() executes {each:.1f} instructions a record"
            limit = limits.get(name)
            if limit is None:
                fine.append(f"{text}; not judged, no limit for it in limits.json")
            else:
                (over if each > limit else fine).append(f"{text}; the limit is {limit}")
    if over:
        sys.exit("over: " + "\nover: ".join(over))
    print("; ".join(fine))


main(sys.argv[1:])
