#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""damage: a sealed image that was changed afterwards is refused, and keeps its text.

    damage.py PROGRAM [RUNNER...]              changes each part of the sealed PROGRAM, a byte at a time
    damage.py --one SEALED OUT                 writes a copy whose last plan has another byte
    damage.py --names PROGRAM                  changes each bit of the names of a PROGRAM without a seal
    damage.py --move SEALED OTHER              OTHER, linked at another address, gets the seal of SEALED; it is refused
"""
import os
import random
import struct
import subprocess
import sys
import tempfile

from elftools.elf.elffile import ELFFile

MARK = b"inlay seal\r\0"
PLACE_OF_TABLES = 48  # in the seal: a distance and a size each
TO_TEXT, TO_CELL = 0, 2 # of the four references in a name's record
TABLES = ["alternatives", "calls", "keys", "names"]


def bytes_of(begin, size, *references):
    """The places of these references in all records of names."""
    return [at for at in range(begin, begin + size) if (at - begin) % 16 // 4 in references]


class Image:
    def __init__(self, path, sealed=True):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        with open(path, "rb") as file:
            self.segments = [(each["p_vaddr"], each["p_offset"], each["p_filesz"], each["p_flags"])
                             for each in ELFFile(file).iter_segments() if each["p_type"] == "PT_LOAD"]
            self.sections = {each.name: (each["sh_offset"], each["sh_size"]) for each in ELFFile(file).iter_sections()}
        if sealed:
            self.read_seal()

    def read_seal(self):
        self.seal = next(at - 24 for at in self.places(MARK) if self.address(at)[1] & 2)
        self.used = self.word(self.seal + 16)
        self.parts = {"seal": (self.seal, self.used)}
        for number, name in enumerate(TABLES):
            at = self.seal + PLACE_OF_TABLES + 8 * number
            distance, size = struct.unpack_from("<iI", self.data, at)
            self.parts[name] = (self.offset(self.address(at)[0] + distance), size)

    def places(self, what):
        at = self.data.find(what)
        while at >= 0:
            yield at
            at = self.data.find(what, at + 1)

    def word(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def address(self, offset):
        return next(((offset - begin + address, flags) for address, begin, size, flags in self.segments
                     if begin <= offset < begin + size), (0, 0))

    def offset(self, address):
        return next(address - begin + offset for begin, offset, size, _ in self.segments if begin <= address < begin + size)

    def sites(self):
        """The places of all sites in the file, by their records."""
        for name, width in (("alternatives", 8), ("calls", 8), ("keys", 12)):
            begin, size = self.parts[name]
            for at in range(begin, begin + size, width):
                yield name, self.offset(self.address(at)[0] + struct.unpack_from("<i", self.data, at)[0])

    def write(self, path, at=None, value=0):
        data = bytearray(self.data)
        if at is not None:
            data[at] ^= value
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o755)


def refused(path, runner, reasons, arguments=("proven", "")):
    """The fault of the answer; None: the program refuses with one of the reasons, and its text has not changed."""
    done = subprocess.run([*runner, path, *arguments], capture_output=True, text=True, timeout=60)
    said = done.stdout.split("\n")
    if done.returncode == 1 and any(reason in said[0] for reason in reasons) and said[2:] == ["text", ""]:
        return None
    return f"status {done.returncode}: {done.stdout[:200]!r}"


SEAL = ["the seal is not that of this image", "the image has no seal"]
CELL = ["the name's cell is not its own", "the record refers to memory outside the image"]
TEXT = ["the site holds bytes that inlay did not write"]


def damage(program, runner):
    image = Image(program)
    random.seed(1)
    tried = failed = 0
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "damaged")

        def attempt(what, at, reasons, arguments=("proven", "")):
            nonlocal tried, failed
            tried += 1
            image.write(path, at, 1 << random.randrange(8))
            wrong = refused(path, runner, reasons, arguments)
            if wrong:
                failed += 1
                print(f"FAIL: proven: {program} with another byte at {at - image.seal:+d} from its seal ({what}): {wrong}")

        for name, (begin, size) in image.parts.items():
            every = range(begin, begin + size)
            places = [*range(begin, begin + 160), *random.sample(every, 200)] if name == "seal" else random.sample(every, min(60, size))
            for at in places:
                if not begin + 20 <= at < begin + 24 or name != "seal": # a word without meaning
                    attempt(name, at, SEAL)
        for at in bytes_of(*image.parts["names"], TO_CELL): # the image must not write there as it joins
            for words in ([], ["key"]):
                attempt("names", at, CELL, ["apply", "", *words])
        for name, at in image.sites():
            attempt(f"a site of {name}", at, TEXT)
    print(f"proven: {program}: {tried} times another byte, {failed} failed")
    return failed == 0 and tried > 400


def names(program):
    """Changes each bit of the names' references to their texts and cells. The program joins the process when it is loaded:
    it must not write where another thing is, and no change may end well without an effect."""
    image = Image(program, sealed=False)
    begin, size = image.sections["inlay_names"]
    tried = failed = 0
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "damaged")
        for at in bytes_of(begin, size, TO_TEXT, TO_CELL):
            for bit in range(8):
                image.write(path, at, 1 << bit)
                done = subprocess.run([path], capture_output=True, text=True, timeout=60)
                tried += 1
                if done.returncode != 0 or not any(reason in done.stdout for reason in CELL):
                    failed += 1
                    print(f"FAIL: proven: {program} with another bit {bit} at {at - begin} of its names: status {done.returncode}, {done.stdout!r}")
    print(f"proven: {program}: {tried} times another bit, {failed} failed")
    return failed == 0 and tried >= 3 * 64


def move(sealed, other):
    """Gives the other program the seal; the rest of both is the same, but for the address."""
    one, two = Image(sealed), Image(other)
    for begin, size in one.parts.values():
        two.data[begin:begin + size] = one.data[begin:begin + size]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "moved")
        two.write(path)
        wrong = refused(path, [], SEAL[:1])
        print(f"FAIL: proven: {other} with the seal of {sealed}: {wrong}" if wrong else "proven: a seal at another address is refused")
        return wrong is None


def main(arguments):
    if arguments[0] == "--one":
        image = Image(arguments[1])
        image.write(arguments[2], image.seal + image.used // 2, 0x10)
        return True
    if arguments[0] == "--move":
        return move(*arguments[1:])
    if arguments[0] == "--names":
        return names(arguments[1])
    return damage(arguments[0], arguments[1:])


sys.exit(not main(sys.argv[1:]))
