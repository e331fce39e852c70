# SPDX-License-Identifier: BSL-1.0
"""Reads text_code.cpp's instructions, as `objdump -dr` lists them on standard input. It checks the stores to text, and
the order of the cache operations and barriers after them. Prints a line PASS or FAIL for each check.

    aarch64-linux-gnu-objdump -dr --no-show-raw-insn text_code.o | python3 tests/aarch64/text_code.py
"""
import re
import sys


def read(lines):
    """Functions by name: lists of (address, text, symbol that it refers to)."""
    functions, now = {}, []
    for line in lines:
        if begin := re.match(r"[0-9a-f]+ <(\S+)>:", line):
            now = functions.setdefault(begin[1], [])
        elif relocation := re.match(r"\s+[0-9a-f]+: R_AARCH64_\w+\s+(\S+)", line):
            now[-1][2] = relocation[1]
        elif instruction := re.match(r"\s+([0-9a-f]+):\t(.*)", line):
            text = re.sub(r"\s*//.*", "", instruction[2]).replace("\t", " ").strip()
            now.append([int(instruction[1], 16), text, ""])
    return functions


ENTRY = None


class Function:
    """The instructions of one function, and which may follow which."""

    def __init__(self, code):
        self.code = code
        place = {address: i for i, (address, _, _) in enumerate(code)}
        self.after = []
        for i, (_, text, symbol) in enumerate(code):
            jump = re.match(r"(b|b\.\w+|cbn?z|tbn?z)\s(?:.*[ ,])?([0-9a-f]+) <", text)
            to = [place[int(jump[2], 16)]] if jump and not symbol and int(jump[2], 16) in place else []
            ends = re.match(r"(b|ret|br)( |$)", text)
            self.after.append(to + ([] if ends or i + 1 == len(code) else [i + 1]))

    def all(self, what):
        """Where instructions are that match, or refer to a symbol that does."""
        return [i for i, (_, text, symbol) in enumerate(self.code) if re.match(what, text) or re.search(what, symbol)]

    def reaches(self, begin, end, without=()):
        """Whether a path leads from the end of one of `begin` to one of `end`, and through none of `without`."""
        seen, left = set(), [0] if begin is ENTRY else [to for i in begin for to in self.after[i]]
        while left:
            now = left.pop()
            if now in seen or now in without:
                continue
            if now in end:
                return True
            seen.add(now)
            left += self.after[now]
        return False

    def stores(self):
        """The stores to other memory than the stack."""
        return [text for _, text, _ in self.code if re.match(r"st\w+ ", text) and "[sp" not in text]


functions = {name: Function(code) for name, code in read(sys.stdin).items()}


def named(part):
    """The function whose name has this part."""
    return next((code for name, code in functions.items() if part in name), Function([[0, "ret", ""]]))


def check(good, what):
    print("PASS" if good else "FAIL", "text_code:", what)


found = [text for name in ("store_one", "store_many", "store_text") for text in named(name).stores()]
check(found and all(re.match(r"str w\d+, ", text) for text in found), f"text is stored by 32 bits at once: {found}")
check(len(named("store_one").stores()) == 1 or named("store_one").all("store_text"), "one store for an instruction")

clean = named("clean_text")
dc, ic, dsb, end = clean.all("dc cvau, "), clean.all("ic ivau, "), clean.all("dsb ish$"), clean.all("ret")
check(len(dc) == 1 and clean.reaches(ENTRY, dc) and clean.reaches(dc, dc, dsb), "clean_text: dc cvau for each line")
check(len(ic) == 1 and clean.reaches(ENTRY, ic) and clean.reaches(ic, ic, dsb), "clean_text: ic ivau for each line")
check(dsb and not clean.reaches(ENTRY, ic, dsb), "clean_text: dsb ish before ic ivau, for any value of CTR_EL0")
check(dsb and not clean.reaches(ENTRY, end, dsb), "clean_text: never without dsb ish")
check(not clean.reaches(ic, dc), "clean_text: all of the data before any instruction")
for what, bit in (dc, 28), (ic, 29):
    asks = clean.all(rf"tbn?z [wx]\d+, #{bit}, ")
    check(asks and not clean.reaches(ENTRY, what, asks), f"clean_text: bit {bit} of CTR_EL0 is asked")
    check(asks and clean.reaches(asks, end, what), f"clean_text: bit {bit} leaves a step out")
old, midr = clean.all("dc civac, "), clean.all("mrs x\\d+, midr_el1")
check(len(old) == 1 and clean.reaches(old, old, dsb) and clean.reaches(midr, old, dsb), "clean_text: dc civac on old Cortex-A53")
check(midr and not clean.reaches(ENTRY, old, midr) and clean.reaches(midr, dc, old), "clean_text: by MIDR_EL1 alone")
check(not clean.reaches(ic, old) and not clean.reaches(old, ic, dsb), "clean_text: dsb ish after dc civac")
check(clean.all("mrs x\\d+, ctr_el0") and clean.all("ubfx .*, #16, #4") and clean.all("and .*, #0xf$"),
      "clean_text: lines are as long as CTR_EL0 says")

forget = named("forget_data")
dc, dsb, end = forget.all("dc civac, "), forget.all("dsb ish$"), forget.all("ret")
check(len(dc) == 1 and forget.reaches(dc, dc, dsb), "forget_data: dc civac for each line")
check(dc and not forget.reaches(ENTRY, dc, dsb), "forget_data: dsb ish first")
check(not forget.reaches(dc, end, dsb), "forget_data: dsb ish in the end")

write = next((code for name, code in functions.items() if "bare" in name and "write" in name), named("write_and_finish"))
stored, cleaned, end = write.all("str w\\d+, |store_text"), write.all("clean_text"), write.all("ret")
check(stored and cleaned and not write.reaches(stored, end, cleaned), "write: what was stored is cleaned")

for name in "clean", "write_and_finish":
    code = functions.get(name, Function([[0, "ret", ""]]))
    cleaned, dsb, isb = code.all("clean_text|write"), code.all("dsb ish$"), code.all("isb")
    check(cleaned and code.reaches(cleaned, dsb) and code.reaches(dsb, isb), f"{name}: then dsb ish, then isb")
    check(not code.reaches(ENTRY, isb, dsb), f"{name}: no isb without dsb ish")
