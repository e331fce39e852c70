#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""memory_model: which barriers the kernel's interrupt handler, its checker and its patcher need, by exhaustive search.

    memory_model.py             one line a program: how many executions exist, and in how many the outcome is bad

What. A program here is a few instructions on each of two (in the self-check: up to four) processors. The search visits
every execution that the architecture allows. With all barriers no execution may have the bad outcome; with one barrier
removed the search must find an execution that has it.

Why. QEMU's TCG executes memory accesses in program order as far as a test could tell, and it has no caches. No boot
shows a missing barrier. The disassembly (instructions.py) shows that each barrier is present; this file shows
that it is needed, and that it suffices.

How. The rules are those of the Arm Architecture Reference Manual (DDI 0487), "Definition of the Arm memory model".
AArch64 is "other multi-copy atomic": a store becomes visible to all other processors at once. So one memory exists, and
each access of a processor happens at one point of time. Only the order of the accesses of one processor is loose. For
two accesses of one processor, first and second in program order, the second stays after the first in these cases:

    same place   both are to one location, and the second is a store; or both are loads ("coherence").
                 A load after a store to the same location may happen before the store is visible: it then gets the
                 value of the store from the processor's own store buffer ("forwarding").
    dependency   the first is a load, and the second needs its value, for its address or for the value that it stores.
                 Or the second is a store after a branch on that value. A load after a branch is not held back:
                 processors predict the branch. (With an ISB after the branch it is.)
    dmb ish      between them: always.
    dmb ishld    between them: if the first is a load.
    dmb ishst    between them: if both are stores.
    dsb          like dmb with the same suffix; and, where the first is of the dsb's kind, nothing after the dsb happens
                 before the first is complete. This includes writes of system registers, which are no memory accesses:
                 no dmb orders them.

Two searches are made, which have only the programs in common, and must find the same outcomes:

    orders   all orders of each processor's accesses that the table above permits, in all interleavings, step by step
             on one memory. The printed numbers count these.
    axioms   all ways in which loads can get their values from stores ("reads-from") and stores to one location can
             follow each other ("coherence order"), kept where the manual's two axioms hold: "internal visibility"
             (no cycle in program order to one location, reads-from, coherence order, from-reads) and "external
             visibility" (no cycle in the same relations between processors and "locally ordered before").

Both first search small programs ("litmus tests") whose results are known from the literature. These are Alglave,
Maranget, Tautschnig, "Herding cats" (2014), and Pulte and others, "Simplifying ARM concurrency" (2018).

The last part is another kind of search, for instructions. A store to text passes through a data cache, the point of
unification, and the other processor's instruction cache, to the instructions that this processor has fetched in
advance.
"""
import itertools
import sys
from collections import namedtuple

# kind: "R" load, "W" store, "S" write of the system register that sends an interrupt, or a barrier's name.
# place: a location. value: the stored value; a function of the load's value if `data` names a load.
# data, address, control: index, within the processor's program, of the load that this instruction depends on.
Instruction = namedtuple("Instruction", "kind place value data address control",
                         defaults=(None, None, None, None, None))


def load(place, **dependencies):
    return Instruction("R", place, **dependencies)


def store(place, value=1, **dependencies):
    return Instruction("W", place, value, **dependencies)


def add(place, load_index, number=1, **dependencies):
    return Instruction("W", place, lambda value: value + number, data=load_index, **dependencies)


def barrier(name):
    return Instruction(name)


send = Instruction("S")

# name: (kinds of the first access, kinds of the second access) that the barrier keeps in order
BARRIERS = {
    "dmb ish": ("RW", "RW"), "dmb ishld": ("R", "RW"), "dmb ishst": ("W", "W"),
    "dsb ish": ("RWS", "RWS"), "dsb ishld": ("R", "RWS"), "dsb ishst": ("W", "RWS"),
}


def is_access(instruction):
    return instruction.kind in "RWS"


# ---- Which accesses of one processor stay in order ------------------------------------------------------------------

def held_by_barrier(program, first, second):
    for index in range(first + 1, second):
        if program[index].kind in BARRIERS:
            before, after = BARRIERS[program[index].kind]
            if program[first].kind in before and program[second].kind in after:
                return True
        elif program[index].kind == "isb":
            # A branch on the load, then the isb: it is not executed before the branch is resolved.
            if program[first].kind == "R" and program[index].control == first:
                return True
    return False


def depends(program, first, second):
    if program[first].kind != "R":
        return False
    instruction = program[second]
    if first in (instruction.data, instruction.address):
        return True
    if instruction.kind == "W":
        # A store is not made before all earlier branches are resolved, nor before the addresses of all earlier
        # accesses are known (they might fault).
        return any(first == program[index].control or (index < second and first == program[index].address)
                   for index in range(first + 1, second + 1))
    return False


def stays(program, first, second):
    """Whether access `second` stays after access `first`, which is earlier in program order."""
    one, two = program[first], program[second]
    if one.place is not None and one.place == two.place and (two.kind == "W" or one.kind == two.kind == "R"):
        return True
    return held_by_barrier(program, first, second) or depends(program, first, second)


# ---- Search 1: orders and interleavings -----------------------------------------------------------------------------

def outcome_of(programs, registers, memory):
    loads = tuple(registers[processor, index] for processor, program in enumerate(programs)
                  for index, instruction in enumerate(program) if instruction.kind == "R")
    return loads, tuple(sorted(memory.items()))


def search_orders(programs, initial):
    """{outcome: number of executions}. An outcome is the values of all loads and of memory in the end."""
    accesses = [(processor, index) for processor, program in enumerate(programs)
                for index, instruction in enumerate(program) if is_access(instruction)]
    before = {access: [other for other in accesses if other[0] == access[0] and other[1] < access[1] and
                       stays(programs[access[0]], other[1], access[1])] for access in accesses}
    # The processor that gets the interrupt begins its handler after the interrupt was sent.
    sends = [access for access in accesses if programs[access[0]][access[1]].kind == "S"]
    for access in accesses:
        before[access] += [each for each in sends if each[0] != access[0]]
    outcomes = {}

    def step(done, memory, registers):
        if len(done) == len(accesses):
            outcome = outcome_of(programs, registers, memory)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            return
        for access in accesses:
            if access in done or any(other not in done for other in before[access]):
                continue
            processor, index = access
            program = programs[processor]
            instruction = program[index]
            if instruction.kind == "R":
                value = memory[instruction.place]
                # The youngest earlier store to the same location that the others do not see yet, if its value is known.
                waiting = [at for at in range(index) if program[at].kind == "W" and (processor, at) not in done and
                           program[at].place == instruction.place]
                if waiting:
                    data = program[waiting[-1]].data
                    if data is not None and (processor, data) not in registers:
                        continue
                    value = stored(program[waiting[-1]], registers, processor)
                step(done | {access}, memory, {**registers, access: value})
            elif instruction.kind == "W":
                value = stored(instruction, registers, processor)
                step(done | {access}, {**memory, instruction.place: value}, registers)
            else:
                step(done | {access}, memory, registers)

    step(frozenset(), dict(initial), {})
    return outcomes


def stored(instruction, registers, processor):
    if instruction.data is None:
        return instruction.value
    read = registers[processor, instruction.data]
    return instruction.value(read) if callable(instruction.value) else instruction.value


# ---- Search 2: the manual's axioms ----------------------------------------------------------------------------------

def acyclic(nodes, edges):
    after = {node: [] for node in nodes}
    entering = dict.fromkeys(nodes, 0)
    for first, second in set(edges):
        after[first].append(second)
        entering[second] += 1
    free = [node for node in nodes if entering[node] == 0]
    seen = 0
    while free:
        seen += 1
        for node in after[free.pop()]:
            entering[node] -= 1
            if entering[node] == 0:
                free.append(node)
    return seen == len(nodes)


def search_axioms(programs, initial):
    """The set of outcomes."""
    events = [(processor, index) for processor, program in enumerate(programs)
              for index, instruction in enumerate(program) if is_access(instruction)]
    what = {event: programs[event[0]][event[1]] for event in events}
    loads = [event for event in events if what[event].kind == "R"]
    stores = {place: [event for event in events if what[event].kind == "W" and what[event].place == place]
              for place in initial}
    first = {place: ("initial", place) for place in initial}
    nodes = events + list(first.values())
    pairs = [(one, two) for one in events for two in events if one[0] == two[0] and one[1] < two[1]]
    same_place = [(one, two) for one, two in pairs
                  if what[one].place is not None and what[one].place == what[two].place]

    # "Locally ordered before": the manual's terms, here from the definitions and not from stays().
    local = []
    for one, two in pairs:
        program = programs[one[0]]
        between = program[one[1] + 1:two[1]]
        if (one, two) in same_place and what[two].kind == "W":  # local write successor
            local.append((one, two))
        for each in between:  # barrier-ordered-before, and a write of a system register after a dsb
            before, after = BARRIERS.get(each.kind, ("", ""))
            if what[one].kind in before and what[two].kind in after:
                local.append((one, two))
        if what[one].kind == "R":  # dependency-ordered-before
            if one[1] in (what[two].data, what[two].address):
                local.append((one, two))
            if what[two].kind == "W" and (one[1] == what[two].control or
                                          any(one[1] in (each.address, each.control) for each in between)):
                local.append((one, two))
            if any(each.kind == "isb" and each.control == one[1] for each in between):
                local.append((one, two))
    for event in events:
        if what[event].kind == "S":
            local += [(event, other) for other in events if other[0] != event[0]]

    outcomes = set()
    orders = [[(place, order) for order in itertools.permutations(stores[place])] for place in initial]
    sources = [[first[what[event].place]] + stores[what[event].place] for event in loads]
    for coherence in itertools.product(*orders):
        rank = {}
        for place, order in coherence:
            rank.update({event: number + 1 for number, event in enumerate(order)})
            rank[first[place]] = 0
        coherent = [(one, two) for place, order in coherence
                    for one, two in itertools.combinations((first[place],) + order, 2)]
        for choice in itertools.product(*sources):
            reads_from = list(zip(choice, loads))
            from_reads = [(event, other) for source, event in reads_from for other in stores[what[event].place]
                          if rank[other] > rank[source]]
            if not acyclic(nodes, same_place + reads_from + coherent + from_reads):
                continue
            external = [(one, two) for one, two in reads_from + coherent + from_reads if one[0] != two[0]]
            # A load may get its value from a store of its own processor. Then the store's own dependencies come first
            # (the manual: (address | data); read-from internal).
            forwarded = [(cause, event) for source, event in reads_from if source[0] == event[0]
                         for cause in [(source[0], what[source].data), (source[0], what[source].address)]
                         if cause[1] is not None]
            if not acyclic(nodes, external + local + forwarded):
                continue
            registers = {}
            for _ in events:  # values flow along reads-from and data; no cycle is left
                for source, event in reads_from:
                    if source[0] == "initial":
                        registers[event] = initial[source[1]]
                    elif what[source].data is None or (source[0], what[source].data) in registers:
                        registers[event] = stored(what[source], registers, source[0])
            memory = dict(initial)
            for place, order in coherence:
                if order:
                    memory[place] = stored(what[order[-1]], registers, order[-1][0])
            outcomes.add(outcome_of(programs, registers, memory))
    return outcomes


# ---- The searches against the literature ----------------------------------------------------------------------------

def x(kind):
    return [barrier(kind)] if kind else []


def mp(writer, reader, **dependency):
    """Message passing: data, then flag; flag, then data. Bad: the flag is seen, the data is not."""
    middle = [Instruction("isb", control=0)] if reader == "isb" else x(reader)
    return [[store("data"), *x(writer), store("flag")], [load("flag"), *middle, load("data", **dependency)]], [(1, 0)]


def sb(kind):
    return [[store("x"), *x(kind), load("y")], [store("y"), *x(kind), load("x")]], [(0, 0)]


def lb(one, two):
    """Load buffering. Bad: each load sees the store that follows the other."""
    def half(here, there, how):
        if how == "data":
            return [load(here), Instruction("W", there, lambda value: 1, data=0)]
        return [load(here), store(there, control=0)] if how == "control" else [load(here), *x(how), store(there)]
    return [half("x", "y", one), half("y", "x", two)], [(1, 1)]


def iriw(kind):
    """Independent reads of independent writes: forbidden with barriers, because stores are multi-copy atomic."""
    return [[store("x")], [store("y")], [load("x"), *x(kind), load("y")], [load("y"), *x(kind), load("x")]], \
        [(1, 0, 1, 0)]


def wrc(one, two):
    return [[store("x")], [load("x"), *x(one), store("y")], [load("y"), *x(two), load("x")]], [(1, 1, 0)]


LITMUS = [
    ("MP", *mp(None, None), True),
    ("MP+dmb.st+po", *mp("dmb ishst", None), True),
    ("MP+po+dmb.ld", *mp(None, "dmb ishld"), True),
    ("MP+dmb.st+dmb.ld", *mp("dmb ishst", "dmb ishld"), False),
    ("MP+dmbs", *mp("dmb ish", "dmb ish"), False),
    ("MP+dmb.ld+dmb.ld", *mp("dmb ishld", "dmb ishld"), True),
    ("MP+dmb.st+dmb.st", *mp("dmb ishst", "dmb ishst"), True),
    ("MP+dmb.st+addr", *mp("dmb ishst", None, address=0), False),
    ("MP+dmb.st+ctrl", *mp("dmb ishst", None, control=0), True),
    ("MP+dmb.st+ctrl-isb", *mp("dmb ishst", "isb", control=0), False),
    ("SB", *sb(None), True),
    ("SB+dmb.sts", *sb("dmb ishst"), True),
    ("SB+dmbs", *sb("dmb ish"), False),
    ("LB", *lb(None, None), True),
    ("LB+data+po", *lb("data", None), True),
    ("LB+datas", *lb("data", "data"), False),
    ("LB+ctrls", *lb("control", "control"), False),
    ("CoRR", [[store("x")], [load("x"), load("x")]], [(1, 0)], False),
    ("IRIW", *iriw(None), True),
    ("IRIW+dmb.lds", *iriw("dmb ishld"), False),
    ("WRC+dmb.ld+po", *wrc("dmb ishld", None), True),
    ("WRC+dmb.lds", *wrc("dmb ishld", "dmb ishld"), False),
]

passed = failed = 0


def check(right, what):
    global passed, failed
    passed += bool(right)
    failed += not right
    if not right:
        print(f"FAIL: memory model: {what}")
    return right


def both(name, programs, initial):
    orders = search_orders(programs, initial)
    check(set(orders) == search_axioms(programs, initial), f"{name}: the two searches find different outcomes")
    return orders


def places(programs):
    return {instruction.place: 0 for program in programs for instruction in program if instruction.place is not None}


def litmus():
    executions = 0
    for name, programs, bad, allowed in LITMUS:
        orders = both(name, programs, places(programs))
        executions += sum(orders.values())
        found = any(loads in bad for loads, _ in orders)
        check(found == allowed, f"litmus test {name}: the outcome is {'found' if found else 'not found'}")
    if failed == 0:
        print(f"ok: {len(LITMUS)} litmus tests as in the literature, {executions} executions")


# ---- The kernel's programs ------------------------------------------------------------------------------------------

def handler_and_checker(handler_barrier, checker_barrier):
    """Row 5 of the table: the handler writes sender and number, then counts; the checker polls the count."""
    handler = [store("sender"), store("number"), *x(handler_barrier), load("count")]
    handler.append(add("count", len(handler) - 1))
    middle = [Instruction("isb", control=0)] if checker_barrier == "isb" else x(checker_barrier)
    checker = [load("count"), *middle, load("sender", control=0), load("number", control=0)]

    def bad(loads, memory):
        _, count, sender, number = loads  # the first is the handler's own
        return count == 1 and (sender == 0 or number == 0)
    return [handler, checker], {"sender": 0, "number": 0, "count": 0}, bad


def reset_and_send(kind):
    """Row 1: the sender resets the count (an earlier test left 7), then sends the interrupt by a system register."""
    sender = [store("count", 0), *x(kind), send]
    handler = [load("count"), add("count", 0)]
    return [sender, handler], {"count": 7}, lambda loads, memory: memory["count"] != 1


def send_data(kind):
    """Row 1 again: data that the sender wrote for the handler (a function, say) before it sent the interrupt."""
    return [[store("work"), *x(kind), send], [load("work")]], {"work": 0}, lambda loads, memory: loads[0] == 0


def executions(title, program, allowed):
    programs, initial, bad = program
    orders = both(title, programs, initial)
    wrong = sum(count for (loads, memory), count in orders.items() if bad(loads, dict(memory)))
    total = sum(orders.values())
    check((wrong != 0) == allowed, f"{title}: {wrong} of {total} executions are bad")
    print(f"{title}: {wrong} of {total} executions are bad")


def kernel_programs():
    for handler in ("dmb ishst", None, "dmb ishld"):
        for checker in ("dmb ishld", None, "dmb ishst"):
            executions(f"handler {handler or 'without barrier'}, checker {checker or 'without barrier'}",
                       handler_and_checker(handler, checker), (handler, checker) != ("dmb ishst", "dmb ishld"))
    executions("handler dmb ishst, checker branch and isb", handler_and_checker("dmb ishst", "isb"), False)
    for kind in ("dsb ishst", "dmb ishst", "dmb ish", None):
        executions(f"reset, {kind or 'no barrier'}, send", reset_and_send(kind), kind != "dsb ishst")
        executions(f"work, {kind or 'no barrier'}, send", send_data(kind), kind != "dsb ishst")


# ---- Instructions: from a store to another processor's execution ----------------------------------------------------

# The writer executes the listed steps in order; some take effect later, at any moment until the next dsb waits for
# them. Between its steps, caches act at any moment. The data cache writes a line back; an instruction cache drops a
# line, or fills an empty one from the point of unification. The other processor fetches ahead from its instruction
# cache. Then the writer tells the other processor to go on, which synchronises its context (isb, or the return from an
# exception) and executes. Good: it executes the new instruction. (The manual: "Concurrent modification and execution of
# instructions", and the example for self-modifying code in "Ordering and completion of data and instruction cache
# instructions".)
WRITER = ("store", "dc", "dsb", "ic", "dsb", "tell")
OLD, NEW, NONE = "old", "new", "-"


def search_text(writer, synchronise, idc=False, dic=False):
    """(number of states, of those how many are an execution of the old instruction after the writer's message)."""
    # step of the writer; effects that were started and not completed; data, point of unification, instruction cache,
    # fetched ahead, message, synchronised
    start = (0, frozenset(), OLD, OLD, OLD, OLD, False, not synchronise)
    seen, todo, bad = {start}, [start], 0

    def visible(data, unified):
        return data if idc else unified  # IDC: instruction fetches see the data caches

    while todo:
        step, pending, data, unified, cache, ahead, told, synchronised = todo.pop()
        following = []

        def go(**changes):
            state = dict(step=step, pending=pending, data=data, unified=unified, cache=cache, ahead=ahead, told=told,
                         synchronised=synchronised)
            state.update(changes)
            following.append(tuple(state.values()))

        if step < len(writer):
            what = writer[step]
            if what == "store":
                # The clean that follows concerns the same address, so it does not overtake the store.
                go(step=step + 1, data=NEW)
            elif what in ("dc", "ic"):
                go(step=step + 1, pending=pending | {what})
            elif what == "dsb":
                if not pending:
                    go(step=step + 1)
            elif what == "tell":
                go(step=step + 1, told=True)
        for effect in pending:  # completes at any moment
            if effect == "dc":
                go(pending=pending - {effect}, unified=data)
            else:
                go(pending=pending - {effect}, cache=NONE)
        # Caches act by themselves. With DIC the instruction cache is coherent: a line is renewed at once.
        go(unified=data)
        go(cache=NONE)
        if cache == NONE or dic:
            go(cache=visible(data, unified))
        if not synchronised or not told:
            # The context synchronisation drops instructions that were fetched ahead; until then any may be fetched.
            if cache != NONE:
                go(ahead=cache)
        if told and not synchronised:
            go(synchronised=True, ahead=NONE)
        if told and synchronised:
            # Executes the instruction that it has fetched ahead, else one from its instruction cache, else from memory.
            executed = ahead if ahead != NONE else cache if cache != NONE else visible(data, unified)
            if dic and ahead == NONE:
                executed = visible(data, unified)
            bad += executed == OLD
        for state in following:
            if state not in seen:
                seen.add(state)
                todo.append(state)
    return len(seen), bad


def text():
    def removed(*places):
        return tuple(step for index, step in enumerate(WRITER) if index not in places)

    programs = [
        ("dc, dsb, ic, dsb, isb", WRITER, True, {}, False),
        ("without dc", removed(1), True, {}, True),
        ("without the first dsb", removed(2), True, {}, True),
        ("without ic", removed(3), True, {}, True),
        ("without the second dsb", removed(4), True, {}, True),
        ("without isb on the other processor", WRITER, False, {}, True),
        ("IDC: without dc", removed(1), True, {"idc": True}, False),
        ("IDC: without dc and ic", removed(1, 3), True, {"idc": True}, True),
        ("IDC and DIC: without dc and ic", removed(1, 3), True, {"idc": True, "dic": True}, False),
        ("IDC and DIC: without isb on the other processor", removed(1, 3), False, {"idc": True, "dic": True}, True),
    ]
    for title, writer, synchronise, caches, allowed in programs:
        states, bad = search_text(writer, synchronise, **caches)
        check((bad != 0) == allowed, f"text, {title}: {bad} of {states} states are bad")
        print(f"text, {title}: the old instruction is executed in {bad} of {states} states")


litmus()
kernel_programs()
text()
print(f"memory model: {passed} passed, {failed} failed")
sys.exit(failed != 0)
