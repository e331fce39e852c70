#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Programs with some bytes changed, for the checker and for its page. It ends by itself, with one of its statuses, in
less than 1 GB.   tests/check/mutate.py INLAY SECONDS PROGRAM..."""
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

inlay, seconds, programs = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
random.seed(os.environ.get("INLAY_SEED", "1"))


def limit():
    resource.setrlimit(resource.RLIMIT_RSS, (1 << 30, 1 << 30))


def mutated(data):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5, 20])):
        at = random.randrange(random.choice([64, 512, len(data)])) % len(data)
        kind = random.randrange(4)
        if kind == 0:
            data[at] = random.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 2:
            data[at:at + 4] = random.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80", b"\xff\xff\xff\x7f"])
        else:
            other = random.randrange(len(data))
            data[at:at + 8] = data[other:other + 8]
    return bytes(data[:random.randrange(1, len(data))] if random.random() < 0.05 else data)


count = 0
end = time.monotonic() + seconds
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "damaged")
    while time.monotonic() < end or count < 20:
        seed = random.choice(programs)
        with open(path, "wb") as out:
            out.write(mutated(open(seed, "rb").read()))
        command = [inlay, "check", path] if count % 4 else [inlay, "show", "--format=html", path]
        try:
            done = subprocess.run(command, capture_output=True, timeout=60, preexec_fn=limit)
        except subprocess.TimeoutExpired:
            done = None
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        if done is None or done.returncode not in (0, 1, 2) or memory > 1 << 20:
            kept = os.path.join(os.environ.get("BUILD", "/tmp"), "damaged")
            os.replace(path, kept)
            print("%s: %s, %d MB: %s" % (command[1], "no end" if done is None else "status %d" % done.returncode, memory >> 10, kept))
            sys.exit(1)
        count += 1
print("%d damaged files" % count)
