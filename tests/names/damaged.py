# SPDX-License-Identifier: BSL-1.0
"""Changes each byte of the table of names of a program, and runs it: a damaged table ends no process by a signal.
damaged.py PROGRAM"""
import os
import re
import subprocess
import sys

program = sys.argv[1]
sections = subprocess.run(["readelf", "-SW", program], capture_output=True, text=True, check=True).stdout
offset, size = (int(each, 16) for each in re.search(r"inlay_names +PROGBITS +\w+ (\w+) (\w+)", sections).groups())
with open(program, "rb") as file:
    good = file.read()
changed = program + ".changed"
runs = wrong = refused = 0
for place in range(offset, offset + size):
    for bit in (1, 2, 4, 8, 16, 32, 64, 128):
        data = bytearray(good)
        data[place] ^= bit
        with open(changed, "wb") as file:
            file.write(data)
        os.chmod(changed, 0o755)
        status = subprocess.run([changed], timeout=60).returncode
        runs += 1
        refused += status == 0
        if status < 0:
            wrong += 1
            print("FAIL: byte %d of the table, changed by 0x%02x: signal %d" % (place - offset, bit, -status))
print("%d programs with a damaged table of names" % runs)
sys.exit(wrong != 0 or runs < 100 or refused < runs // 2)
