#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""model_aarch64: the steps of inlay/text_poke.hpp on AArch64, every order of every step, searched to the end.

    model_aarch64.py    the steps are right, and each way that is broken on purpose has a counterexample

The machine. Two processors run three sites again and again, while another one changes them. Sites 0 and 1 are one
batch: from a branch to a nop, in place. Site 2 is the next batch: from a call to `mov`, for which the others stand
still. Between two context synchronisation events a processor may see every value that a word had since the first event
(Arm ARM, DDI 0487, B2.2.5). It may run a site whose word it may see with several values. If one of these values is not
in the architecture's list (b, bl, nop, ...), anything may happen. In a second search (`start`) one processor is off at
first. It boots, and may fetch sites early. It says that it answers, and then obeys the last request: it waits while the
others stand still, and executes isb. No change waits for it before it has said so.

The promise. An execution is the old or the new instruction, and never one in which anything may happen. Once a change
has returned, no processor runs the old instruction. In the end text is new. A write that is refused leaves text as it
was.
"""
from checks import check, end, replace

OLD, NEW = ("b", "b", "bl"), ("nop", "nop", "mov")
LISTED = {"b", "bl", "nop"}


def in_place(broken, refused):
    """The steps of a batch with sites 0 and 1."""
    steps = [("store", 0, "nop")]
    if broken == "a store in two halves":
        steps = [("store", 0, "half"), ("store", 0, "nop")]
    if refused:  # the second write is: the first one is taken back
        steps += [] if broken == "not taken back" else [("store", 0, "b")]
    else:
        steps += [("store", 1, "nop")]
    steps += [] if broken == "no synchronisation" else [("synchronise",)]
    return steps + [("returned", ("b", "b") if refused else ("nop", "nop"))]


def alone(broken):
    """Those of site 2."""
    steps = [("ask",), ("arrived",), ("store", 2, "mov"), ("go",), ("synchronised",), ("returned", (None, None, "mov"))]
    if broken == "the others do not stop":
        steps = [("store", 2, "mov"), ("synchronise",), ("returned", (None, None, "mov"))]
    if broken == "written before all stand still":
        steps.remove(("arrived",))
    if broken == "written after they go on":
        steps[2], steps[3] = steps[3], steps[2]
    return steps


# A processor that no change asks or waits for; one that has said that it answers; and one that has not executed isb yet.
NOT_ASKED, ANSWERS, GOES = ("off", "boots", "early"), "answers", "goes"


class Search:
    """All states that can be reached; `why` is the first that may not be."""

    def __init__(self, broken, refused=False, start=False):
        self.broken, self.refused, self.start = broken, refused, start
        self.steps = in_place(broken, refused) + ([] if refused else alone(broken))
        self.why, self.states = None, 0

    def run(self):
        # step; memory; for each processor (the values that it may see of each word, where it stands); whether it is to
        # stand still; the instruction that a site must have once a change has returned
        fresh = tuple(frozenset([word]) for word in OLD)
        start = (0, OLD, ((fresh, "runs"), (fresh, "off" if self.start else "runs")), False, (None,) * 3)
        known, todo = {start}, [start]
        while todo and self.why is None:
            for each in self.following(todo.pop()):
                if each not in known:
                    known.add(each)
                    todo.append(each)
        self.states = len(known)
        return self.why

    def following(self, state):
        step, memory, processors, stop, settled = state
        if step < len(self.steps):
            yield from self.change(state)
        elif memory != (OLD if self.refused else NEW):
            self.why = f"in the end text is {memory}"
        for number, (seen, where) in enumerate(processors):
            if where in ("runs", "asked"):
                self.execute(step, seen, settled)
            for next_seen, next_where in self.processor(seen, where, memory, stop):
                yield step, memory, replace(processors, number, (next_seen, next_where)), stop, settled

    def execute(self, step, seen, settled):
        after = f"after step {step}: {self.steps[step - 1]}"
        for site, words in enumerate(seen):
            if len(words) > 1 and not words <= LISTED:
                self.why = self.why or f"a processor runs a site while it is {' and '.join(sorted(words))}, {after}"
            if settled[site] is not None and words != {settled[site]}:
                self.why = self.why or f"a change has returned, and a processor may run {sorted(words)}, {after}"

    def processor(self, seen, where, memory, stop):
        """One that is asked runs on until the interrupt comes; then it stands. It goes on by isb. The writer sees both."""
        fresh = tuple(frozenset([word]) for word in memory)
        if where == "asked":
            yield seen, "stands"
        elif where == "stands" and not stop:
            yield (seen if self.broken == "no isb before they go on" else fresh), "runs"
        elif where == "off":
            yield fresh, "boots"
        elif where == "boots" and self.broken != "a processor that starts obeys before it answers":
            yield seen, ANSWERS
        elif where == "boots" and not stop:
            yield fresh, "early"
        elif where == "early":
            yield seen, "runs"
        elif where == ANSWERS:
            yield seen, "stands" if stop else GOES
            if self.broken == "a processor that starts runs at once":
                yield seen, "runs"
        elif where == GOES:
            yield (seen if self.broken == "a processor that starts has no isb" else fresh), "asked" if stop else "runs"

    def change(self, state):
        step, memory, processors, stop, settled = state
        what, *how = self.steps[step]
        if what == "store":
            site, word = how
            memory = replace(memory, site, word)
            processors = tuple((replace(seen, site, seen[site] | {word}), where) for seen, where in processors)
        elif what == "synchronise":  # each processor answers, by an isb; one that starts has to obey first
            if any(where == ANSWERS for _, where in processors):
                return
            fresh = tuple(frozenset([word]) for word in memory)
            processors = tuple((seen if where in NOT_ASKED else fresh, where) for seen, where in processors)
        elif what == "ask":
            stop = True
            processors = tuple((seen, "asked" if where == "runs" else where) for seen, where in processors)
        elif what == "arrived" and any(where != "stands" and where not in NOT_ASKED for _, where in processors):
            return
        elif what == "go":
            stop = False
        elif what == "synchronised" and any(where != "runs" and where not in NOT_ASKED for _, where in processors):
            return
        elif what == "returned":
            settled = tuple(new or old for new, old in zip((*how[0], None), settled))
        yield step + 1, memory, processors, stop, settled


BROKEN = ["no synchronisation", "a store in two halves", "the others do not stop", "written before all stand still",
          "written after they go on", "no isb before they go on"]
BROKEN_BY_START = ["a processor that starts obeys before it answers", "a processor that starts runs at once",
                   "a processor that starts has no isb"]
for refused in (False, True):
    for start in (False, True):
        search = Search("", refused, start)
        why = search.run()
        check(why is None, f"the steps{', and a write is refused' if refused else ''}"
              f"{', beside a processor that starts' if start else ''}: {why or f'{search.states} states'}")
for broken in BROKEN + BROKEN_BY_START:
    why = Search(broken, start=broken in BROKEN_BY_START).run()
    check(why is not None, f"{broken}: {why}")
why = Search("not taken back", refused=True).run()
check(why is not None, f"not taken back: {why}")
end("a model of AArch64")
