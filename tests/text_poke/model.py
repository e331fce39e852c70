#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""model: the protocol of inlay/text_poke.hpp on x86, every order of every step, searched to the end. (AArch64's:
model_aarch64.py.)

    model.py            the protocol is right, and each protocol that is broken on purpose has a counterexample

The machine. Two processors run a site of two bytes, first and tail, again and again. A third one changes it from `old`
to `new`. After that it changes another site from `OLD` to `NEW`, with the same batch. Manuals promise little about
bytes that change while they are fetched (Intel SDM volume 3, 9.1.3). Between two serialising instructions a processor
may see, for each byte by itself, every value that the byte had since the first instruction. A processor that fetched
the breakpoint is trapped, and its handler runs later, step by step. A synchronisation waits for processors inside their
handler, as an interrupt does, since interrupts are off there. Or it does not wait (`nmi`): a handler may have met
another exception, which answers. In a third search (`start`) one processor is off at first. It boots, and may fetch the
site early. It says that it answers synchronisations from now on, serialises, and runs the site. A synchronisation waits
for it in between.

The promise. An execution of the site is `old`, `new`, or a trap. The protocol answers a trap, for its own site, as
`old` or `new`. It never answers a foreign breakpoint at another address.
"""
import itertools

from checks import check, end, replace

INT3 = "int3"
SITES = {0: (("old", "old"), ("new", "new")), 1: (("OLD", "OLD"), ("NEW", "NEW"))}


def protocol(broken):
    """The steps of the processor that changes, for one site after the other."""
    steps = []
    for site in SITES:
        new = SITES[site][1]
        show = [("show", site)]
        trap = [("store", site, 0, INT3)] + ([] if broken == "no first synchronisation" else [("synchronise",)])
        tail = [("store", site, 1, new[1])] + ([] if broken == "no second synchronisation" else [("synchronise",)])
        first = [("store", site, 0, new[0])] + ([] if broken.startswith("no third synchronisation") else [("synchronise",)])
        if broken == "no breakpoint":
            trap = []
        if broken == "first byte before the tail":
            tail, first = first, tail
        if broken == "first byte left out":
            first = first[1:]
        if broken == "batch shown late":
            show, trap = trap, show
        hide = [("hide",)] + ([] if broken == "handlers are not awaited" else [("await",)])
        steps += [("fill", 0, site), ("fill", 1, site)] + show + trap + tail + first + hide
    return steps


# A processor that no synchronisation waits for.
NOT_ASKED = (("off",), ("boots",), ("serialised",))


def fresh(memory):
    """The bytes that a processor sees after it has serialised."""
    return tuple(tuple(frozenset([byte]) for byte in each) for each in memory)


class Search:
    """All states that can be reached; `why` is the first that may not be."""

    def __init__(self, broken, nmi=False, start=False):
        self.broken, self.nmi, self.start, self.steps = broken, nmi, start, protocol(broken)
        self.why, self.states = None, 0

    def run(self):
        # step; memory; for each processor, (the values that it may see of each byte, the step of its handler); the
        # batch (the address of a site, and its new bytes); whether it is shown; the number of handlers inside
        memory = tuple(SITES[site][0] for site in SITES)
        seen = tuple(tuple(frozenset([byte]) for byte in each) for each in memory)
        second = (seen, ("off",) if self.start else None)
        start = (0, memory, ((seen, None), second), (None, None), False, 0)
        known, todo = {start}, [start]
        while todo and self.why is None:
            state = todo.pop()
            for each in self.following(state):
                if each not in known:
                    known.add(each)
                    todo.append(each)
        self.states = len(known)
        return self.why

    def following(self, state):
        yield from self.change(state)
        for number in range(2):
            yield from self.processor(state, number)

    def change(self, state):
        step, memory, processors, batch, shown, inside = state
        if step == len(self.steps):
            if memory != tuple(SITES[site][1] for site in SITES):
                self.why = f"in the end text is {memory}"
            return
        what, *how = self.steps[step]
        if what == "fill":
            batch = replace(batch, how[0], how[1])
        elif what == "show":
            shown = True
        elif what == "hide":
            shown = False
        elif what == "await" and inside != 0:
            return
        elif what == "store":
            site, at, value = how
            memory = replace(memory, site, replace(memory[site], at, value))
            processors = tuple((replace(seen, site, replace(seen[site], at, seen[site][at] | {value})), handler)
                               for seen, handler in processors)
        elif what == "synchronise":
            asked = [handler for _, handler in processors if handler not in NOT_ASKED]
            if any(handler == ("answers",) or (handler is not None and not self.nmi) for handler in asked):
                return  # it is answered when the handler has returned, or the processor has started
            if self.broken != "nobody serialises":
                processors = tuple((seen if handler in NOT_ASKED else fresh(memory), handler)
                                   for seen, handler in processors)
        yield step + 1, memory, processors, batch, shown, inside

    def processor(self, state, number):
        step, memory, processors, batch, shown, inside = state
        seen, handler = processors[number]

        def become(new_handler, more=0, new_seen=seen):
            return step, memory, replace(processors, number, (new_seen, new_handler)), batch, shown, inside + more

        if handler == ("off",):
            yield become(("boots",), 0, fresh(memory))
        elif handler == ("boots",) and self.broken == "a processor that starts serialises before it answers":
            yield become(("serialised",), 0, fresh(memory))
        elif handler in NOT_ASKED:
            yield become(("answers",))
        elif handler == ("answers",):
            yield become(None, 0, seen if self.broken.startswith("a processor that starts") else fresh(memory))
        if handler is None:
            for site in SITES:
                for first, tail in itertools.product(*seen[site]):
                    if first == INT3:
                        yield become(("trapped", site))
                    elif (first, tail) not in SITES[site]:
                        self.why = f"a processor runs {first}, {tail} after step {step}: {self.steps[step - 1]}"
            if self.broken == "foreign breakpoints are answered":
                yield become(("trapped", "foreign"))
        if handler is None or len(handler) == 1:
            return
        kind, site, *rest = handler
        if kind == "trapped":
            yield become(("inside", site), 1)
        elif kind == "inside":
            yield become(("read", site, shown))
        elif kind == "read":  # the batch is read now, if it was shown then
            if rest[0] and batch[0] == site:
                yield become(("found", site))
            elif site == "foreign":
                self.why = "a foreign breakpoint is answered"
            elif memory[site][0] != INT3 and "no second look" not in self.broken:
                yield become(None, -1, fresh(memory))  # exceptions return by iret, which serialises
            else:
                self.why = f"a breakpoint of the protocol is not answered, after step {step}: {self.steps[step - 1]}"
        elif batch[1] == site:
            yield become(None, -1)
        else:
            self.why = f"a handler carries out an instruction of another site, after step {step}: {self.steps[step - 1]}"


BROKEN = ["no first synchronisation", "no second synchronisation", "no third synchronisation, and no second look",
          "no breakpoint", "first byte before the tail", "first byte left out", "batch shown late",
          "foreign breakpoints are answered", "nobody serialises"]
# Only a second exception, in a handler, makes these matter.
BROKEN_BY_NMI = ["no second look", "handlers are not awaited"]
BROKEN_BY_START = ["a processor that starts serialises before it answers", "a processor that starts does not serialise"]

for name, how in (("", {}), (", with second exceptions", {"nmi": True}), (", beside a processor that starts", {"start": True})):
    search = Search("", **how)
    why = search.run()
    check(why is None, f"the protocol{name}: {why or f'{search.states} states'}")
for broken in BROKEN + BROKEN_BY_NMI + BROKEN_BY_START:
    why = Search(broken, nmi=broken in BROKEN_BY_NMI, start=broken in BROKEN_BY_START).run()
    check(why is not None, f"{broken}: {why}")
end("a model of x86")
