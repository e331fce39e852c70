#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Writes a program that compares inlay sites with plain functions.

    generate.py DIRECTORY --seed 7 --cases 60

writes four files:

    sites.cpp      the sites, in functions full of live values
    callees.cpp    the functions that the sites call
    functions.S    the functions that the sites call directly; they change every call-clobbered register
    wanted.cpp     the same functions with calls of plain functions in place of the sites, and main(); without inlay

Each site has two forms. The program checks the first, exchanges it by apply(), checks the second, and goes back once.

Case k depends only on the seed and on k: `--only k` writes only this case.
"""

import argparse
import pathlib
import random
import re

TAKES = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9"]
ARGUMENTS = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"]
CALLER_SAVED = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]
GENERAL = CALLER_SAVED + ["rbx", "r12", "r13", "r14", "r15"]
CONSTANTS = [0, 1, -1, 42, 0x7F, 0x80, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, -0x80000000, 0x123456789ABCDEF0]


def low(register):
    """The 32 bits of a register."""
    return register + "d" if register[1].isdigit() else "e" + register[1:]


class Form:
    """Instructions, and statements of C++ that do the same to variables named like the registers."""

    def __init__(self):
        self.code = []
        self.statements = []

    def add(self, code, statement=""):
        self.code.append(code)
        if statement:
            self.statements.append(statement)

    def text(self):
        return " + ".join(self.code)

    def size(self):
        """In bytes, at most. (One code holds 64.)"""
        sizes = {"lea": 8, "imul": 4, "shr": 4, "mov": 4, "call": 6, "call_direct": 5, "call_slot": 6}
        return sum(sizes.get(re.match(r"\w+", each)[0], 3) for each in self.text().split(" + "))


class Site:
    """One site: how it is declared, and the plain function that does the same."""

    def __init__(self, rng, name, with_clobbers):
        self.rng = rng
        self.name = name
        self.callees = []  # C++ functions: (name, arity, where)
        self.assembly = []  # lines
        self.declarations = []
        kinds = ["plain"] * 4 + ["wide"] * 2 + ["all"] * 3 + ["call"] * 4 + ["direct", "direct", "slot", "through", "load", "load", "store", "store"]
        if with_clobbers:
            kinds += ["clobbers"] * 6 + ["call_clobbers"] * 2
        self.kind = rng.choice(kinds)
        count = rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 6])
        if self.kind in ("call", "call_clobbers"):
            arity = min(count, 6)
            self.takes = ARGUMENTS[:arity]
            others = [r for r in TAKES if r not in self.takes]
            self.takes = self.takes + rng.sample(others, rng.randint(0, min(2, 6 - arity)))
            self.arity = arity
            rng.shuffle(self.takes)
        else:
            self.takes = rng.sample(TAKES, count)
        self.pointer = self.takes[0] if self.kind in ("load", "store") else None
        if self.pointer and count == 1 and self.kind == "store":
            self.takes.append(rng.choice([r for r in TAKES if r != self.pointer]))
        if self.kind == "load":
            self.takes = [self.pointer] + [r for r in self.takes[1:] if r != "rax"]
        self.target = self.takes[0] if self.kind == "through" else None  # holds the address of the function
        if self.target and count == 1:
            self.takes.append(rng.choice([r for r in TAKES if r != self.target]))
        self.result = None if self.kind == "store" else "rax"
        if self.kind == "wide" or (self.kind in ("all", "clobbers") and rng.random() < 0.25):
            self.result = "edx_eax"
        results = {"rax": ["rax"], "edx_eax": ["rax", "rdx"], None: []}[self.result]
        if self.kind in ("all", "direct", "slot", "through"):
            self.changes = [r for r in CALLER_SAVED if r not in results]
        elif self.kind in ("clobbers", "call_clobbers"):
            possible = [r for r in rng.choice([GENERAL, CALLER_SAVED]) if r not in results]
            self.changes = rng.sample(possible, rng.randint(1, rng.choice([2, 4, len(possible)])))
        else:
            self.changes = []
        self.says_all = self.kind == "all" or (self.kind in ("direct", "slot", "through") and rng.random() < 0.5)
        self.says = self.changes if self.kind in ("clobbers", "call_clobbers") else []
        if self.kind in ("direct", "slot", "through") and not self.says_all:
            self.changes = []  # by the function alone
        if self.kind in ("call", "call_clobbers"):
            first = rng.choice([True, False])
            self.forms = [self.calling() if first else self.computing(), self.computing() if first else self.calling()]
            if rng.random() < 0.3:
                self.forms = [self.calling(), self.calling()]
        elif self.kind in ("direct", "slot", "through"):
            self.forms = [self.direct(), self.direct() if rng.random() < 0.3 else self.computing()]
            rng.shuffle(self.forms)
        elif self.kind == "load":
            self.forms = [self.loading(), self.loading()]
        elif self.kind == "store":
            self.forms = [self.storing(), self.storing()]
        else:
            self.forms = [self.computing(), self.computing()]

    def step(self, form, register):
        """rax becomes a function of itself and the register."""
        k = self.rng.randint(-100, 100)
        s = self.rng.choice([1, 2, 4, 8])
        form.add(
            *self.rng.choice(
                [
                    (f"lea(rax, ptr(rax, {register}, {s}, {k}))", f"rax += {register} * {s} + u64({k});"),
                    (f"add(rax, {register}) + lea(rax, ptr(rax, rax, 2))", f"rax += {register}; rax *= 3;"),
                    (f"sub(rax, {register}) + lea(rax, ptr(rax, rax, 4))", f"rax -= {register}; rax *= 5;"),
                    (f"xor_(rax, {register}) + inc(rax)", f"rax ^= {register}; ++rax;"),
                    (f"imul(rax, {register})", f"rax *= {register};"),
                    (f"neg(rax) + add(rax, {register})", f"rax = {register} - rax;"),
                ]
            )
        )

    def spoil(self, form, kept=()):
        """Changes the registers that the site says it changes, as far as the form has room."""
        order = [r for r in self.changes if r not in kept]
        self.rng.shuffle(order)
        for register in order:
            if form.size() > 61:
                break
            form.add(self.rng.choice([f"not_({register})", f"not_({register})", f"xor_({register}, {register})"]))

    def finish(self, form):
        if self.result == "edx_eax":
            form.add("mov(rdx, rax) + shr(rdx, 32)", "rdx = rax >> 32;")
        self.spoil(form)
        return form

    def computing(self):
        form = Form()
        left = [r for r in self.takes if r != self.target]
        self.rng.shuffle(left)
        spare = [r for r in self.changes if r not in self.takes and r != "rax"]
        if "rax" in left:
            left.remove("rax")
            k = self.rng.randint(-128, 127)
            form.add(f"lea(rax, ptr(rax, {k}))", f"rax += u64({k});")
        elif len(left) == 1 and self.rng.random() < 0.25:
            form.add(f"mov(eax, {low(left[0])})", f"rax = u32({left.pop()});")
        elif spare and self.rng.random() < 0.5:  # by way of a register that is changed, before the others are read
            by, register = self.rng.choice(spare), left.pop()
            form.add(f"mov({by}, {register}) + not_({by}) + mov(rax, {by})", f"rax = ~{register};")
        elif self.rng.random() < 0.5:
            form.add(f"mov(rax, {left[-1]}) + inc(rax)", f"rax = {left.pop()} + 1;")
        else:
            k = self.rng.randint(-1000, 1000)
            form.add(f"lea(rax, ptr({left[-1]}, {k}))", f"rax = {left.pop()} + u64({k});")
        for register in left:
            self.step(form, register)
        return self.finish(form)

    def calling(self):
        form = Form()
        callee = f"callee_{self.name}_{len(self.callees)}"
        self.callees.append((callee, self.arity, self.rng.choice(["here", "there", "wanted"])))
        others = [r for r in self.takes if r not in ("rax", "rdx")]
        form.add(f"call<&{callee}>()", f"rax = {callee}({', '.join(ARGUMENTS[:self.arity])});")
        if others:  # the thunk keeps every register but rax
            self.step(form, self.rng.choice(others))
        return self.finish(form)

    def direct(self):
        """Calls a separate assembly function. It needs an aligned stack, and changes the vector registers;
        an ordinary function also changes all other call-clobbered registers."""
        form = Form()
        function = f"direct_{self.name}" if self.target else f"direct_{self.name}_{len(self.assembly)}"
        ordinary = self.kind != "direct"
        spoiled = [r for r in CALLER_SAVED if r != "rax"]
        lines = ["lea rcx, [rsp + 8 + 16]", "and rcx, 15", "shl rcx, 40"]  # 0
        statements = ["u64 sum = 0;"]
        for register in self.takes:
            if register == self.target:
                continue
            factor = self.rng.randint(2, 1000)
            source = "[rsp]" if register == "rcx" else register
            lines += [f"imul r11, {source}, {factor}", "add rcx, r11"]
            statements.append(f"sum += {register} * {factor};")
        lines = ["push r11", "push rcx"] + lines + ["mov rax, rcx", "pop rcx", "pop r11"]
        if ordinary:
            lines += [f"mov {r}, -1" for r in spoiled]
        lines += [f"pcmpeqd xmm{n}, xmm{n}" for n in range(16)] + ["ret"]
        if function not in [name for name, _ in self.assembly]:
            self.assembly.append((function, lines))
            self.declarations.append(f'extern "C" [[gnu::visibility("hidden")]] void {function}() noexcept;')
            if self.kind == "slot":
                self.declarations.append(f'[[gnu::visibility("hidden")]] constinit inline auto* slot_{function} = &{function};')
            self.sum = " ".join(statements)
        call = {"direct": f"call_direct<&{function}>()", "slot": f"call_slot<&slot_{function}>()", "through": f"call({self.target})"}
        form.add(call[self.kind], "{ " + self.sum + " rax = sum; }")
        self.spoil(form)
        return form

    def loading(self):
        form = Form()
        word = self.rng.randint(0, 3)
        others = self.takes[1:]
        if self.pointer == "rax":
            form.add(f"mov(rax, ptr(rax, {8 * word}))", f"rax = at(rax, {word});")
        else:
            form.add(f"mov(rax, ptr({self.pointer}, {8 * word}))", f"rax = at({self.pointer}, {word});")
        for register in others:
            self.step(form, register)
        return form

    def storing(self):
        form = Form()
        for register in self.takes[1:]:
            word = self.rng.randint(0, 3)
            form.add(f"mov(ptr({self.pointer}, {8 * word}), {register})", f"at({self.pointer}, {word}) = {register};")
        return form

    def declare(self):
        """For sites.cpp, once the callees are declared."""
        text = f"inline constexpr auto site_{self.name} =\n    inlay::alternative<{self.forms[0].text()},\n"
        text += f"                       when<x, {self.forms[1].text()}>>{{}}\n        .takes<{', '.join(self.takes)}>()"
        calls = [f".returns<{self.result}, u64>()"] if self.result else []
        calls += [".clobbers_all()"] if self.says_all else []
        calls += [f".clobbers<{', '.join(self.says)}>()"] if self.says else []
        self.rng.shuffle(calls)
        return "\n".join(self.declarations) + "\n" + text + "".join("\n        " + c for c in calls) + ";\n"

    def plain(self):
        """For wanted.cpp."""
        others = [r for r in ("rax", "rdx") if r not in self.takes]
        text = f"[[gnu::noinline]] u64 plain_{self.name}({', '.join('u64 ' + r for r in self.takes)}) {{\n"
        text += "".join(f"    [[maybe_unused]] u64 {r} = 0;\n" for r in others)
        for n, form in enumerate(self.forms):
            text += f"    {'if (!patched)' if n == 0 else 'else'} {{ {' '.join(form.statements)} }}\n"
        if self.result == "edx_eax":
            return text + "    return rdx << 32 | u32(rax);\n}\n"
        return text + f"    return {'rax' if self.result else 0};\n}}\n"


def callee(function):
    name, arity, _ = function
    body = " + ".join(f"(p{n} ^ {n + 3}) * {2 * n + 3}" for n in range(arity))
    parameters = ", ".join(f"u64 p{n}" for n in range(arity))
    return f"[[gnu::noinline]] u64 {name}({parameters}) noexcept {{ return {body} + opaque({arity}, p0); }}\n"


class Case:
    """One function around one or two sites."""

    def __init__(self, seed, number, with_clobbers):
        self.rng = rng = random.Random(f"{seed}.{number}")
        self.number = number
        self.sites = [Site(rng, f"{number}_0", with_clobbers)]
        self.shape = rng.choice(
            ["straight"] * 4
            + ["sum", "sum", "nested", "loop", "loop", "inline", "inline", "template", "lambda", "branch", "alloca", "aligned"]
        )
        if self.shape in ("sum", "nested", "branch"):
            self.sites.append(Site(rng, f"{number}_1", with_clobbers))
        self.before = ""
        self.lives = rng.randint(3, 14)
        self.doubles = rng.choice([0, 0, 0, 2, 6])
        self.text = self.write()

    def value(self, variables):
        rng = self.rng
        a, b, c = (rng.choice(variables) for _ in range(3))
        if rng.random() < 0.25:
            constant = rng.choice(CONSTANTS)
            suffix = rng.choice(["L", "L", ""]) if -(2**31) < constant < 2**31 else "L"
            return f"{constant}{suffix}" if constant != -(2**31) else "(-2147483647 - 1)"
        return rng.choice(
            [
                a,
                a,
                a,
                f"{a} + {rng.choice(CONSTANTS[:7])}",
                f"{a} * {b}",
                f"{a} / ({b} | 1)",
                f"{a} % ({b} | 1)",
                f"{a} << ({b} & 63)",
                f"u64((u128({a}) * {b}) >> 64)",
                f"u64((u128({a}) << 64 | {b}) / ({c} | 1))",
                f"{a} < {b} ? {c} : {a}",
                f"int({a})",
                f"u32({a})",
                f"(signed char)({a})",
                f"({a} < {b})",
                f"kind({a} & 3)",
                f"*p",
                f"p[{a} & 7]",
                f"p[{rng.randint(0, 7)}]",
                f"volatile_memory[{rng.randint(0, 7)}]",
                f"small_memory[{a} & 7]",
                f"thread_memory",
                f"&shared_memory[{rng.randint(0, 7)}]",
                f"&opaque",
                f"&p[{a} & 7]",
                f"opaque({a}, {b})",
                f"quick({a}, {b})",
                f"u64(long(double({a} & 0xffff) * 1.5))",
                f"__builtin_popcountl({a})",
                f"__builtin_bswap64({a})",
            ]
        )

    def use(self, site, variables, first=None):
        values = [self.value(variables) for _ in site.takes]
        if first is not None:
            values[-1] = first
        if site.pointer:
            values[0] = self.rng.choice(["local", "local", "p", "&p[2]", "&shared_memory[1]"])
        values = [f"W({v})" for v in values]
        if site.target:
            values[0] = f"@function {site.name}@"
        return f"@{site.name}@({', '.join(values)})"

    def write(self):
        rng = self.rng
        variables = ["a", "b", "c", "d"]
        site = self.sites[0]
        body = [f"u64 local[4] = {{a, {rng.randint(1, 99)}, c, {rng.randint(1, 99)}}};", "escape(local);"]
        body += [f"u64 l{n} = volatile_memory[{n % 8}] + {n};" for n in range(self.lives)]
        body += [f"double f{n} = volatile_doubles[{n % 8}];" for n in range(self.doubles)]
        if self.shape == "alloca":
            body += [f"volatile char* some = (volatile char*)__builtin_alloca(16 + (a & 63));", "some[a & 15] = 5;"]
        if self.shape == "aligned":
            body += ["alignas(64) volatile u64 wide[8] = {a, b};"]
        if site.kind in ("load", "store"):
            body += [f"local[{n}] = b + {n};" for n in range(4)]
            body += [f"{where}[{n}] = a ^ {n};" for where in ("p", "shared_memory") for n in rng.sample(range(8), 3)]
        variables += [f"l{n}" for n in range(min(self.lives, 4))]
        assign = lambda expression: f"u64 result = {expression};"
        if self.shape in ("sum", "nested", "branch"):
            other = self.sites[1]
        if self.shape == "sum":
            for each in (site, other):  # a statement of their own for those with effects or without result
                if each.result is None:
                    body += [self.use(each, variables) + ";"]
            terms = [self.use(s, variables) for s in self.sites if s.result] or ["a"]
            if any(s.kind in ("load", "store") for s in self.sites):
                body += [f"u64 term{n} = {t};" for n, t in enumerate(terms)]
                terms = [f"term{n}" for n in range(len(terms))]
            body += [assign(" + 3 * ".join(terms))]
        elif self.shape == "nested":
            if other.result is None or site.result is None or site.pointer:
                body += [f"u64 inner = 5; {'inner = ' if other.result else ''}{self.use(other, variables)};"]
                body += [f"u64 result = inner; {'result += ' if site.result else ''}{self.use(site, variables)};"]
            else:
                body += [assign(self.use(site, variables, self.use(other, variables)))]
        elif self.shape == "loop":
            inside = variables + ["n", "result", "result"]
            body += ["u64 result = d;", f"for (u64 n = 0; n < (a & 3) + {rng.randint(1, 3)}; ++n) {{"]
            body += [f"    {'result += n + ' if site.result else 'result += n; '}{self.use(site, inside)};"]
            body += [f"    l0 += result ^ b;"] if rng.random() < 0.5 else []
            body += ["}"]
        elif self.shape == "branch":
            body += ["u64 result = a;"]
            body += [f"if (b & 1) {{ {'result += ' if site.result else ''}{self.use(site, variables)}; }}"]
            body += [f"else {{ {'result ^= ' if other.result else ''}{self.use(other, variables)}; }}"]
        elif self.shape in ("inline", "template", "lambda"):
            call = ("return " if site.result else "") + self.use(site, ["a", "b", "i", "i"]) + ";"
            if not site.result:
                call += " return i;"
            name = f"around_{self.number}"
            setup = "u64 local[4] = {u64(a), b, 3, i}; escape(local);"
            if self.shape == "lambda":
                body += [f"auto {name} = [&](u64 a, u64 b, u64 i) -> u64 {{ {setup} {call} }};"]
            else:
                how = {"template": "template <class T>\n[[maybe_unused]] T", "inline": "inline u64"}[self.shape]
                if rng.random() < 0.5:
                    how = how.replace("inline", "[[gnu::always_inline]] inline")
                kind = "T" if self.shape == "template" else "u64"
                self.before = f"{how} {name}({kind} a, u64 b, u64 i, u64* p) {{ {setup} {call} }}\n"
            tail = "" if self.shape == "lambda" else ", p"
            body += [f"u64 result = {name}(a, b, c{tail});", f"result = result * 7 + {name}({rng.randint(0, 9)}, d, result{tail});"]
            if rng.random() < 0.5:
                body += [f"result += {name}(l0, {rng.randint(0, 9)}, l1{tail});"]
        elif site.result:
            body += [assign(self.use(site, variables))]
        else:
            body += [self.use(site, variables) + ";", assign("d")]
        body += [f"result = result * 31 + {v};" for v in variables[:4]]
        body += [f"result = result * 31 + l{n};" for n in rng.sample(range(self.lives), self.lives)]
        body += [f"result += u64(long(f{n}));" for n in range(self.doubles)]
        body += ["result = (result * 31 + local[0]) * 31 + local[1] + local[2] * 3 + local[3] * 5;"]
        if self.shape == "alloca":
            body += ["result += u64(some[a & 15]);"]
        if self.shape == "aligned":
            body += ["result += wide[0] + wide[1] + (u64(&wide[0]) & 63);"]
        body += ["return result;"]
        lines = "".join("    " + line + "\n" for line in body)
        return self.before + f"[[gnu::noinline]] u64 case_{self.number}(u64 a, u64 b, u64 c, u64 d, u64* p, u64 i) {{\n    (void)i;\n{lines}}}\n"


COMMON = """// {what}
using u64 = unsigned long;
using u32 = unsigned;
using u128 = unsigned __int128;
enum class kind : u32 {{}};
extern volatile u64 volatile_memory[8];
extern volatile double volatile_doubles[8];
extern signed char small_memory[8];
extern u64 shared_memory[8]; // of sites.cpp
extern thread_local u64 thread_memory;
u64 opaque(u64 a, u64 b) noexcept;
inline u64 quick(u64 a, u64 b) {{ return a * 5 + (b ^ 9); }}
inline void escape(u64* p) {{ asm volatile("" : : "r"(p) : "memory"); }}
"""

SITES = """#include <inlay/inlay.hpp>
#include <cstdio>
using namespace inlay::x86::insn;
using inlay::when;
#define W(value) value
u64 shared_memory[8];
inline constexpr inlay::feature<"operands.x", inlay::by_hand{}> x;
"""

TURN = """
bool turn(bool on) {
    inlay::set(x, on);
    auto done = inlay::apply();
    if (!done) {
        std::printf("apply: %s\\n", inlay::message(done.error()));
    }
    return static_cast<bool>(done);
}
"""

WANTED = """#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
volatile u64 volatile_memory[8];
volatile double volatile_doubles[8];
signed char small_memory[8];
thread_local u64 thread_memory = 77;
u64 memory[8];
static bool patched;
u64 opaque(u64 a, u64 b) noexcept { return a * 3 + (b >> 3) + 17; }
static u64& at(u64 where, u64 word) { return reinterpret_cast<u64*>(where)[word]; }
template <class T>
static u64 W(T value) {
    if constexpr (requires { reinterpret_cast<u64>(value + 0); }) {
        return reinterpret_cast<u64>(value);
    } else if constexpr (requires { reinterpret_cast<u64>(value); }) {
        return reinterpret_cast<u64>(value);
    } else {
        return static_cast<u64>(value);
    }
}
template <class R, class... P>
static u64 W(R (*value)(P...) noexcept) { return reinterpret_cast<u64>(value); }
bool turn(bool on);
"""

MAIN = """
static constexpr struct { int number; u64 (*site)(u64, u64, u64, u64, u64*, u64); u64 (*plain)(u64, u64, u64, u64, u64*, u64); } cases[] = {
{rows}};
static volatile int now;
static const char* volatile phase;
static void died(int signal) {
    std::printf("case %d %s: signal %d\\n", now, phase, signal);
    std::fflush(stdout);
    _exit(3);
}
static u64 state;
static u64 random_word() {
    state = state * 6364136223846793005 + 1442695040888963407;
    u64 word = state ^ state >> 29;
    switch (state >> 60) {
    case 0: return word & 1;
    case 1: return 0;
    case 2: return word >> 40;
    case 3: return word >> 32;
    case 4: return -(word >> 50);
    default: return word;
    }
}
static void fill() {
    for (int n = 0; n < 8; ++n) {
        volatile_memory[n] = random_word();
        volatile_doubles[n] = double(random_word() >> 40);
        small_memory[n] = (signed char)random_word();
        memory[n] = random_word();
        shared_memory[n] = random_word();
    }
    thread_memory = random_word();
}
static u64 sum() {
    u64 all = 0;
    for (int n = 0; n < 8; ++n) all = all * 31 + memory[n] * 7 + shared_memory[n];
    return all;
}
int main() {
    signal(SIGSEGV, died); signal(SIGILL, died); signal(SIGBUS, died); signal(SIGTRAP, died); signal(SIGFPE, died);
    static constexpr const char* phases[] = {"before apply()", "after apply()", "after going back"};
    int failed = 0;
    long checks = 0;
    for (int at = 0; at < 3; ++at) {
        phase = phases[at];
        now = -1;
        if (at != 0 && !turn(at == 1)) return 2;
        patched = at == 1;
        for (auto each : cases) {
            now = each.number;
            for (u64 round = 0; round < 8; ++round) {
                state = u64(each.number) * 1000 + round;
                fill();
                const u64 a = random_word(), b = random_word(), c = random_word(), d = random_word();
                const u64 begin = state;
                const u64 got = each.site(a, b, c, d, memory, round), got_sum = sum();
                state = u64(each.number) * 1000 + round;
                fill();
                state = begin;
                const u64 want = each.plain(random_word() * 0 + a, b, c, d, memory, round), want_sum = sum();
                ++checks;
                if (got != want || got_sum != want_sum) {
                    std::printf("case %d %s: %lx, want %lx; memory %lx, want %lx (a %lx b %lx c %lx d %lx)\\n", each.number, phase, got, want,
                                got_sum, want_sum, a, b, c, d);
                    ++failed;
                    break;
                }
            }
        }
    }
    std::printf("%ld checks, %d failed\\n", checks, failed);
    return failed != 0;
}
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--only", type=int, help="this case alone")
    parser.add_argument("--without-clobbers", action="store_true", help="no .clobbers<...>()")
    options = parser.parse_args()
    numbers = range(options.cases) if options.only is None else [options.only]
    cases = [Case(options.seed, n, not options.without_clobbers) for n in numbers]
    sites = [s for c in cases for s in c.sites]
    callees = [f for s in sites for f in s.callees]
    where = {"sites": "here", "callees": "there", "wanted": "wanted"}
    what = f"Written by tests/operands/generate.py --seed {options.seed}"

    declared = "".join(f"u64 {f[0]}({', '.join(['u64'] * f[1])}) noexcept;\n" for f in callees)
    own = {unit: "".join(callee(f) for f in callees if f[2] == place) for unit, place in where.items()}
    common = COMMON.format(what=what) + declared

    def bodies(space, replace):
        text = "".join(c.text for c in cases)
        for site in sites:
            text = text.replace(f"@{site.name}@", f"{replace}{site.name}")
            function = f"&direct_{site.name}" if replace == "site_" else "0"
            text = text.replace(f"@function {site.name}@", function)
        return f"namespace {space} {{\n{text}}}\n"

    out = options.directory
    out.mkdir(parents=True, exist_ok=True)
    (out / "sites.cpp").write_text(
        SITES.replace("u64 shared_memory", common + "u64 shared_memory")
        + own["sites"]
        + "".join(s.declare() for s in sites)
        + bodies("tested", "site_")
        + TURN
    )
    (out / "callees.cpp").write_text(common + own["callees"])
    rows = "".join(f"    {{{c.number}, &tested::case_{c.number}, &wanted::case_{c.number}}},\n" for c in cases)
    prototypes = "".join(f"u64 case_{c.number}(u64, u64, u64, u64, u64*, u64);\n" for c in cases)
    (out / "wanted.cpp").write_text(
        common
        + WANTED
        + own["wanted"]
        + "".join(s.plain() for s in sites)
        + bodies("wanted", "plain_")
        + f"namespace tested {{\n{prototypes}}}\n"
        + MAIN.replace("{rows}", rows)
    )
    text = ".intel_syntax noprefix\n.text\n"
    for site in sites:
        for name, lines in site.assembly:
            text += f".globl {name}\n.hidden {name}\n.type {name}, @function\n{name}:\n"
            text += "".join(f"    {line}\n" for line in lines) + f".size {name}, . - {name}\n"
    (out / "functions.S").write_text(text + '.section .note.GNU-stack,"",@progbits\n')


main()
