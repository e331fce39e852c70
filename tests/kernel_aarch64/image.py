# SPDX-License-Identifier: BSL-1.0
"""image: the kernel's text, as functions of AArch64 instructions, and paths through them.

    image = Image("kernel.elf", text=decided)            # text: in place of the file's, from image_begin on
    function = image.function("kernel::gic::reset_statistics")
    function.reaches(at, wanted, stop)                   # the instructions `wanted` that paths from `at` meet

What. Questions about order and addresses that are more than a code rule.
How. Capstone decodes; branches are followed within a function. An instruction that leaves the function (a call, a
return, a tail call) is one to `stop` at, as any other may be.
"""
import bisect
import re
import struct
import subprocess

import capstone
from capstone import arm64_const as arm64

BARRIER_OPTIONS = {0xf: "sy", 0xe: "st", 0xd: "ld", 0xb: "ish", 0xa: "ishst", 0x9: "ishld", 0x7: "nsh", 0x6: "nshst",
                   0x5: "nshld", 0x3: "osh", 0x2: "oshst", 0x1: "oshld"}


# (word, address if it matters): Capstone's result. Kernels that are broken on purpose have most in common.
DECODED = {}


def system_register(op0, op1, crn, crm, op2):
    """As in bits 20:5 of mrs and msr."""
    return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


class Instruction:
    """`kind`: "load", "store", "both", "call", "return", "jump", "branch", "barrier", "cache", "msr", "mrs" or ""."""

    def __init__(self, address, word, decoded):
        self.address, self.word, self.decoded = address, word, decoded
        self.mnemonic = decoded.mnemonic if decoded else ".word"
        self.text = f"{self.mnemonic} {decoded.op_str}".strip() if decoded else f".word {word:#x}"
        self.barrier = self.register = self.target = None
        self.kind = ""
        if word & 0xfffff0ff in (0xd50330bf, 0xd503309f):
            self.kind = "barrier"
            self.barrier = ("dmb " if word & 0x20 else "dsb ") + BARRIER_OPTIONS.get(word >> 8 & 15, "?")
        elif word & 0xfffff0ff == 0xd50330df:
            self.kind, self.barrier = "barrier", "isb"
        elif word & 0xffd00000 == 0xd5100000:
            self.kind, self.register = "mrs" if word & 0x200000 else "msr", word >> 5 & 0xffff
        elif word & 0xfff80000 == 0xd5080000:
            self.kind = "cache"
            operation = word & 0x7ffe0
            self.barrier = {0x37b20: "dc cvau", 0x37a20: "dc cvac", 0x37e20: "dc civac", 0x37520: "ic ivau",
                            0x07500: "ic iallu", 0x07100: "ic ialluis"}.get(operation, "")
        elif word & 0xfc000000 in (0x14000000, 0x94000000):
            self.kind = "call" if word & 0x80000000 else "jump"
            self.target = address + (word & 0x3ffffff ^ 0x2000000) * 4 - 0x8000000
        elif word & 0xff000010 == 0x54000000 or word & 0x7e000000 in (0x34000000, 0x36000000):
            self.kind, self.target = "branch", decoded.operands[-1].imm
        elif word & 0xfffffc1f == 0xd63f0000:
            self.kind = "call"
        elif word & 0xfffffc1f == 0xd61f0000:
            self.kind = "jump"
        elif word & 0xfffffc1f == 0xd65f0000 or word == 0xd69f03e0:
            self.kind = "return"
        elif self.mnemonic[:2] == "st" or self.mnemonic[:3] in ("cas", "swp"):
            self.kind = "store" if self.mnemonic[:2] == "st" and "x" not in self.mnemonic[2:] else "both"
        elif self.mnemonic[:2] == "ld":
            atomic = self.mnemonic[:5] in ("ldadd", "ldclr", "ldset", "ldeor", "ldsma", "ldsmi", "ldumax", "ldumi")
            self.kind = "both" if atomic else "load"
        elif self.mnemonic in ("svc", "hvc", "smc"):
            self.kind = "call"

    def __str__(self):
        return f"{self.address:x}: {self.text}"

    def stores(self):
        return self.kind in ("store", "both")

    def is_barrier(self, *names):
        return self.barrier in names

    def memory(self):
        """(base register, offset) of the address, or None."""
        if self.decoded is None:
            return None
        for operand in self.decoded.operands:
            if operand.type == arm64.ARM64_OP_MEM:
                return self.decoded.reg_name(operand.mem.base), operand.mem.disp
        return None


class Function:
    def __init__(self, image, name, begin, end):
        self.image, self.name, self.begin, self.end = image, name, begin, end
        self._code = self._places = self._words = None

    @property
    def code(self):
        if self._code is None:
            self._code = self.image.decode(self.begin, self.end)
        return self._code

    @property
    def words(self):
        """The instructions as numbers: quicker than to decode them."""
        if self._words is None:
            data = self.image.bytes(self.begin, self.end)
            self._words = struct.unpack(f"<{len(data) // 4}I", data[:len(data) // 4 * 4])
        return self._words

    def targets(self):
        """Of calls and jumps."""
        return [self.begin + index * 4 + (word & 0x3ffffff ^ 0x2000000) * 4 - 0x8000000
                for index, word in enumerate(self.words) if word & 0x7c000000 == 0x14000000]

    def next(self, index):
        """The indices of the instructions that may follow, in this function."""
        instruction = self.code[index]
        following = []
        if instruction.kind not in ("jump", "return") and instruction.mnemonic not in ("brk", "hlt", "udf"):
            following.append(index + 1)
        if instruction.kind in ("jump", "branch") and instruction.target is not None and \
                self.begin <= instruction.target < self.end:
            following.append((instruction.target - self.begin) // 4)
        return [each for each in following if each < len(self.code)]

    def find(self, condition):
        return [index for index, instruction in enumerate(self.code) if condition(instruction)]

    def places(self):
        """{index: addresses} of loads and stores whose address is one of a few, but for an index into an array."""
        if self._places is None:
            self._places = find_places(self)
        return self._places

    def accesses(self, name):
        """Loads and stores of the object `name`."""
        begin, size = self.image.objects.get(name, (0, 0))
        return [index for index, places in self.places().items() if any(begin <= each < begin + size for each in places)]

    def reaches(self, start, wanted, stop=lambda instruction: False):
        """The instructions `wanted` that some path from `start` on meets, where no path goes on at `stop`."""
        found, seen, todo = [], set(), list(self.next(start)) if start >= 0 else [0]
        while todo:
            index = todo.pop()
            if index in seen:
                continue
            seen.add(index)
            instruction = self.code[index]
            if stop(instruction):
                continue
            if wanted(instruction):
                found.append(index)
            todo += self.next(index)
        return found


class Flat(Function):
    """A function with the functions that it calls in place of the calls, where `inside` says so; their returns lead
    back. (No recursion.) Instructions are those of the callees; order and paths are as if all were inlined."""

    def __init__(self, function, inside, depth=8):
        super().__init__(function.image, function.name, function.begin, function.end)
        self._code, self._next = [], []
        self._add(function, inside, depth, None)

    def _add(self, function, inside, depth, back):
        """Adds the function, whose returns lead to `back`."""
        start = len(self._code)
        places = list(range(start, start + len(function.code)))
        self._code += function.code
        self._next += [[places[each] for each in function.next(index)] for index in range(len(function.code))]
        for index, instruction in enumerate(function.code):
            here = places[index]
            if instruction.kind == "return" and back is not None:
                self._next[here] = [back]
            callee = None
            tail = instruction.kind == "jump" and not function.begin <= (instruction.target or 0) < function.end
            if instruction.target is not None and (instruction.kind == "call" or tail) and depth:
                callee = function.image.at(instruction.target)
            if callee is not None and callee.begin == instruction.target and inside(callee):
                behind = back if tail else here + 1
                self._next[here] = [self._add(callee, inside, depth - 1, behind)]
        return start

    def next(self, index):
        return self._next[index]


# ---- Addresses ------------------------------------------------------------------------------------------------------

# The value of a register: unknown; ("number", n); or ("near", places): one of a few places, and an index of unknown
# size.

def find_places(function):
    code = function.code
    states, places = {0: {}}, {}
    todo = [0]
    while todo:
        index = todo.pop()
        state = dict(states[index])
        place = step(code[index], state)
        if place is not None:
            places[index] = place
        else:
            places.pop(index, None)
        for following in taken(code[index], state, function.next(index)):
            if following not in states:
                states[following] = state
                todo.append(following)
                continue
            old = states[following]
            joined = {register: join(value, state[register]) for register, value in old.items() if register in state}
            joined = {register: value for register, value in joined.items() if value is not None}
            if joined != old:
                states[following] = joined
                todo.append(following)
    return places


def taken(instruction, state, following):
    """Drops a way that is never taken: a branch on a register whose value is known."""
    if instruction.mnemonic in ("cbz", "cbnz") and len(following) == 2:
        known = state.get(wide(instruction.decoded.reg_name(instruction.decoded.operands[0].reg)))
        if known is not None and known[0] == "number":
            return [following[(known[1] == 0) == (instruction.mnemonic == "cbz")]]
    return following


def join(one, two):
    if one == two:
        return one
    places = set(one[1]) if one[0] == "near" else {one[1]}
    for each in two[1] if two[0] == "near" else [two[1]]:
        # A pointer that walks through an array is at the same place, further on.
        if not any(0 <= each - place <= 64 for place in places):
            places.add(each)
    return ("near", frozenset(places)) if len(places) <= 4 else None


def wide(name):
    return "x" + name[1:] if re.fullmatch(r"w\d+", name) else name


def step(instruction, state):
    """Changes `state`; the addresses that the instruction may access, if they are known."""
    decoded = instruction.decoded
    if decoded is None:
        return None
    name = decoded.reg_name

    def value(operand):
        if operand.type == arm64.ARM64_OP_IMM:
            shift = operand.shift.value if operand.shift.type == arm64.ARM64_SFT_LSL else 0
            return ("number", operand.imm << shift)
        known = state.get(wide(name(operand.reg))) if operand.type == arm64.ARM64_OP_REG else None
        if known is not None and (operand.shift.type or operand.ext):
            return None
        return known

    def added(one, two):
        if one is None or two is None:  # an address and an index
            known = one or two
            places = () if known is None else known[1] if known[0] == "near" else [known[1]]
            return ("near", frozenset(places)) if places and min(places) >= 1 << 20 else None
        if one[0] == two[0]:
            return ("number", one[1] + two[1]) if one[0] == "number" else None
        number, places = (one, two) if one[0] == "number" else (two, one)
        return ("near", frozenset(each + number[1] for each in places[1]))

    operands, place, result = decoded.operands, None, {}
    for operand in operands:
        if operand.type == arm64.ARM64_OP_MEM:
            base = state.get(wide(name(operand.mem.base)))
            index = operand.mem.index and state.get(wide(name(operand.mem.index)))
            if index and index[0] == "number" and operand.shift.type == arm64.ARM64_SFT_LSL:
                index = ("number", index[1] << operand.shift.value)
            total = added(base, ("number", operand.mem.disp)) if base is not None else None
            if operand.mem.index:
                total = added(total, index)
            place = None if total is None else total[1] if total[0] == "near" else {total[1]}
    if decoded.mnemonic in ("adr", "adrp"):
        result[wide(name(operands[0].reg))] = ("number", operands[1].imm)
    elif decoded.mnemonic == "add" and len(operands) == 3:
        result[wide(name(operands[0].reg))] = added(value(operands[1]), value(operands[2]))
    elif decoded.mnemonic == "sub" and len(operands) == 3 and operands[2].type == arm64.ARM64_OP_IMM:
        result[wide(name(operands[0].reg))] = added(value(operands[1]), ("number", -operands[2].imm))
    elif decoded.mnemonic in ("mov", "movz"):
        result[wide(name(operands[0].reg))] = value(operands[1])
    elif decoded.mnemonic == "movk":
        old = state.get(wide(name(operands[0].reg)))
        if old is not None and old[0] == "number":
            shift = operands[1].shift.value
            result[wide(name(operands[0].reg))] = ("number", old[1] & ~(0xffff << shift) | operands[1].imm << shift)
    elif decoded.writeback and any(each.type == arm64.ARM64_OP_MEM for each in operands):
        memory = next(each for each in operands if each.type == arm64.ARM64_OP_MEM)
        step_size = operands[-1].imm if operands[-1].type == arm64.ARM64_OP_IMM else memory.mem.disp
        result[wide(name(memory.mem.base))] = added(state.get(wide(name(memory.mem.base))), ("number", step_size))
    if instruction.kind == "call":
        written = [f"x{number}" for number in range(19)] + ["x30"]
    elif re.match(r"(cmp|cmn|tst|ccm|cb|tb|b\.)", decoded.mnemonic):
        written = []  # Capstone 4 takes the first operand of some for a result
    else:
        written = [wide(name(register)) for register in decoded.regs_access()[1]]
    for register in written:
        state.pop(register, None)
    for register, known in result.items():
        state.pop(register, None)
        if known is not None:
            state[register] = known
    return place


class Image:
    def __init__(self, path, text=None):
        with open(path, "rb") as file:
            self.file = file.read()
        self.capstone = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
        self.capstone.detail = True
        self.symbols, raw = {}, []
        sections = [struct.unpack_from("<IIQQQQIIQQ", self.file, self._header(40, "<Q") + index * 64)
                    for index in range(self._header(60, "<H"))]
        for section in sections:
            if section[1] != 2:  # SHT_SYMTAB
                continue
            names = sections[section[6]][4]
            for at in range(section[4], section[4] + section[5], 24):
                name, info, _, index, value, size = struct.unpack_from("<IBBHQQ", self.file, at)
                name = self.file[names + name:self.file.index(b"\0", names + name)].decode()
                if name and name[:2] not in ("$x", "$d"):
                    self.symbols[name] = value
                    raw.append((name, info & 15, value, size, index))
        self.segments = [struct.unpack_from("<IIQQQQQQ", self.file, self._header(32, "<Q") + index * 56)
                         for index in range(self._header(56, "<H"))]
        self.begin = self.symbols.get("image_begin", 0)
        self.text = text
        plain = subprocess.run(["c++filt"], input="\n".join(each[0] for each in raw), capture_output=True, text=True,
                               check=True).stdout.splitlines()
        self.functions, self.objects = [], {}
        executable = {index for index, section in enumerate(sections) if section[2] & 4}
        for (name, kind, value, size, index), demangled in zip(raw, plain):
            if index in executable and size and kind in (0, 2):
                name = demangled.replace("(anonymous namespace)::", "")
                self.functions.append(Function(self, name, value, value + size))
            elif kind == 1:
                self.objects.setdefault(demangled.replace("(anonymous namespace)::", ""), (value, size))
        self.functions.sort(key=lambda each: each.begin)
        self._begins = [each.begin for each in self.functions]

    def _header(self, offset, form):
        return struct.unpack_from(form, self.file, offset)[0]

    def bytes(self, begin, end):
        if self.text is not None and begin >= self.begin and end - self.begin <= len(self.text):
            return self.text[begin - self.begin:end - self.begin]
        for kind, _, offset, address, _, size, _, _ in self.segments:
            if kind == 1 and address <= begin and end <= address + size:
                return self.file[offset + begin - address:offset + end - address]
        raise ValueError(f"no bytes at {begin:#x}")

    def decode(self, begin, end):
        code = []
        for offset, (word,) in enumerate(struct.iter_unpack("<I", self.bytes(begin, end))):
            address = begin + offset * 4
            # A branch, adr, adrp, or a load of a literal: relative to its address.
            relative = word & 0x1f000000 == 0x10000000 or word & 0x3b000000 == 0x18000000 or word >> 26 & 7 == 5
            key = word, address if relative else 0
            if key not in DECODED:
                DECODED[key] = next(self.capstone.disasm(struct.pack("<I", word), address), None)
            code.append(Instruction(address, word, DECODED[key]))
        return code

    def function(self, name):
        """By its name without parameters and without unnamed namespaces; a clone or a part (.isra.0) counts."""
        found = [each for each in self.functions if re.sub(r" \[clone.*|\(.*", "", each.name) == name]
        return found[0] if len(found) == 1 else None

    def at(self, address):
        """The function around an address, or None."""
        index = bisect.bisect_right(self._begins, address) - 1
        if index >= 0 and self.functions[index].begin <= address < self.functions[index].end:
            return self.functions[index]
        return None

    def functions_named(self, pattern):
        return [each for each in self.functions if re.search(pattern, each.name)]
