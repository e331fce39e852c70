#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Writes one header with all parts of inlay that need no other package.

    tools/single_header.py -o inlay.hpp     the same sources give the same bytes
    tools/single_header.py --check          checks that each header is either in it or left out on purpose
    tools/single_header.py --list           the headers that are in it

How it works. The script replaces the first #include of each inlay header by the file. Some of these lines stand between
#if and #endif, and a file that was written for only one architecture would be missing on another. So a file counts as
written only under the conditions of its place. Under other conditions, the script writes it again. All conditions
around an #include test the compiler's own macros, so equal words have equal meanings. A file that is written more than
once has a guard.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"

# kernel.hpp ends the setting aside of a kernel's macros. Other headers use those before it in #if branches, and would
# write them in each branch; and a report reads images of all architectures.
ROOTS = """\
#include "inlay/kernel/macros_aside.hpp"
#include "inlay/feature.hpp"
#include "inlay/bytes.hpp"
#include "inlay/arch/x86/architecture.hpp"
#include "inlay/arch/x86/cpu_names.hpp"
#include "inlay/arch/aarch64/architecture.hpp"
#include "inlay/arch/aarch64/cpu_names.hpp"
#include "inlay/kernel.hpp"
#include "inlay/inlay.hpp"
#include "inlay/platform/bare.hpp"
#include "inlay/pv.hpp"
#include "inlay/each_site.hpp"
#include "inlay/code_rules.hpp"
#include "inlay/self_test.hpp"
#include "inlay/unwind.hpp"
"""

# Headers that are in it, but compiled only if a macro asks for them; and the condition for each.
OPTIONAL = {
    "INLAY_X86_PV": ("inlay/pv/linux.hpp", "defined(__x86_64__) || defined(__i386__)"),
    "INLAY_NAMES": ("inlay/names.hpp", "defined(__linux__) && __STDC_HOSTED__"),
    "INLAY_CONFIGURE": ("inlay/configure.hpp", "defined(__linux__) && __STDC_HOSTED__"),
    "INLAY_RATE_LIMITED": ("inlay/rate_limited.hpp", "defined(__linux__) && __STDC_HOSTED__"),
    "INLAY_APPLY_AT_LOAD": ("inlay/apply_at_load.hpp", "defined(__linux__) && __STDC_HOSTED__"),
}

# Headers of other packages. An inlay header that includes one, itself or by another header, is left out.
FOREIGN = re.compile(r"boost/|Zydis/|elfutils/|dwarf\.h|libelf|gelf")

DIRECTIVE = re.compile(r"\s*#\s*(\w+)\s*(.*?)\s*(?://.*)?$")
OWN = re.compile(r'"(inlay/[\w/]+\.hpp)"')
ABOUT_THE_COMPILER = re.compile(r"(?:defined|__\w+|\d+|[()!&|<>=\s])*")


def text_of(name):
    return (INCLUDE / name).read_text(encoding="utf-8")


class Conditions:
    """The #if branches around a line, each as a word that is the same wherever the condition is."""

    def __init__(self, file):
        self.file = file
        self.stack = []  # one list per #if: the conditions that hold in the current branch
        self.count = 0

    def word(self, condition):
        if ABOUT_THE_COMPILER.fullmatch(condition):
            return " ".join(condition.split())
        self.count += 1
        return f"{self.file}#{self.count}"

    def read(self, directive, rest):
        if directive in ("if", "ifdef", "ifndef"):
            rest = {"if": rest, "ifdef": f"defined({rest})", "ifndef": f"!defined({rest})"}[directive]
            self.stack.append([self.word(rest)])
        elif directive in ("elif", "else"):
            branches = self.stack[-1]
            branches[-1] = f"not {branches[-1]}"
            if directive == "elif":
                branches.append(self.word(rest))
        elif directive == "endif":
            self.stack.pop()

    def now(self):
        return frozenset(condition for branches in self.stack for condition in branches)


class Writer:
    def __init__(self, guarded=()):
        self.guarded = guarded
        self.written = {}  # name: the sets of conditions under which it was written
        self.lines = []

    def seen(self, name, conditions):
        """Whether `name` is already included under these conditions; from now on it is."""
        known = self.written.setdefault(name, [])
        if any(under <= conditions for under in known):
            return True
        known.append(conditions)
        return False

    def header(self, name, outer):
        guard = f"INLAY_SINGLE_HEADER_{re.sub(r'[^A-Z0-9]', '_', name.removeprefix('inlay/').upper())}"
        self.lines.append(f"// ---- {name}")
        if name in self.guarded:
            self.lines += [f"#ifndef {guard}", f"#define {guard}"]
        self.text(name, text_of(name), outer)
        if name in self.guarded:
            self.lines.append(f"#endif // {guard}")

    def text(self, name, text, outer):
        conditions = Conditions(name)
        continued = False
        for line in text.splitlines():
            # Comments take a third of all bytes; the headers themselves have them.
            if line.lstrip().startswith("//") and not continued:
                continue
            match = None if continued else DIRECTIVE.match(line)
            continued = line.endswith("\\")
            if not match:
                if line.strip() or (self.lines and self.lines[-1].strip()):
                    self.lines.append(line)
                continue
            directive, rest = match.groups()
            if directive == "pragma" and rest == "once":
                continue
            if directive == "include":
                here = outer | conditions.now()
                own = OWN.fullmatch(rest)
                if own:
                    if not self.seen(own[1], here):
                        self.header(own[1], here)
                    continue
                if rest.startswith("<") and self.seen(rest, here):
                    continue
            self.lines.append(line)
            conditions.read(directive, rest)
        if conditions.stack:
            sys.exit(f"{name}: an #if has no #endif")


def written(guarded=()):
    writer = Writer(guarded)
    writer.lines += ["#ifndef INLAY_SINGLE_HEADER", "#define INLAY_SINGLE_HEADER"]
    writer.text("roots", ROOTS, frozenset())
    writer.lines.append("#endif // INLAY_SINGLE_HEADER")
    # Outside, so that it may be asked for when the rest is already included.
    for macro, (name, where) in OPTIONAL.items():
        guard = f"INLAY_SINGLE_HEADER_HAS_{macro.removeprefix('INLAY_')}"
        writer.lines += [f"#if defined({macro}) && !defined({guard})", f"#define {guard}"]
        refusal = f'#error "{macro}: {name} is not for this target"'
        branch = f'#if {where}\n#include "{name}"\n#else\n{refusal}\n#endif'
        writer.text("roots", branch, frozenset({f"defined({macro})"}))
        writer.lines.append("#endif")
    return writer


def single_header():
    """The text, and the names of the headers in it."""
    counted = written().written
    names = [name for name in counted if name.startswith("inlay/")]
    more_than_once = {name for name in names if len(counted[name]) > 1}
    body = written(more_than_once).lines
    header = text_of("inlay/version.hpp")
    version = ".".join(re.search(rf"INLAY_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    intro = f"""\
// SPDX-License-Identifier: BSL-1.0
//
// inlay {version} as one header, written by tools/single_header.py from the headers of include/inlay, which have the
// comments. It has <inlay/inlay.hpp>, <inlay/platform/bare.hpp> and, on x86, <inlay/pv.hpp>. With INLAY_X86_PV defined
// before it, <inlay/pv/linux.hpp> as well; with INLAY_NAMES, <inlay/names.hpp>; with INLAY_CONFIGURE,
// <inlay/configure.hpp>; with INLAY_RATE_LIMITED, <inlay/rate_limited.hpp>; with INLAY_APPLY_AT_LOAD,
// <inlay/apply_at_load.hpp>. What needs other packages is left out:
// the report, the checker, and what walks over tables with Boost.
"""
    return intro + "\n".join(body) + "\n", sorted(names)


def forward(directory, text, names):
    """For tests: a tree like include/, in which each header that is in the single one only includes that."""
    root = pathlib.Path(directory)
    macros = {name: macro for macro, (name, _) in OPTIONAL.items()}
    for path in (INCLUDE / "inlay").rglob("*"):
        if path.is_dir():
            continue
        name = str(path.relative_to(INCLUDE))
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name not in names or name == "inlay/version.hpp":  # that one is read by CMake, too
            target.write_bytes(path.read_bytes())
            continue
        lines = ["#pragma once"]
        if name in macros:
            lines.append(f"#define {macros[name]}")
        lines.append(f'#include "{root.resolve()}/single_header.hpp"')
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "single_header.hpp").write_text(text, encoding="utf-8")


def needs_foreign(name, seen):
    if name in seen:
        return False
    seen.add(name)
    includes = re.findall(r"^\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", text_of(name), re.MULTILINE)
    return any(FOREIGN.match(include) or (OWN.fullmatch(f'"{include}"') and needs_foreign(include, seen))
               for include in includes)


def is_old_path(name, names):
    lines = [line for line in text_of(name).splitlines() if line and not line.startswith(("//", "#pragma once"))]
    only = re.fullmatch(r'#include ("inlay/.*")', lines[0]) if len(lines) == 1 else None
    return only and only[1].strip('"') in names


def check(names):
    every = sorted(str(path.relative_to(INCLUDE)) for path in (INCLUDE / "inlay").rglob("*.hpp"))
    # The other headers of other packages' are part of theirs. The old path of a header only includes it.
    forgotten = [name for name in every
                 if name not in names and not name.startswith(("inlay/report/", "inlay/check/")) and not needs_foreign(name, set())
                 and not is_old_path(name, names)]
    if forgotten:
        sys.exit("in the single header is neither " + " nor ".join(forgotten)
                 + ", though they need no other package: add them to ROOTS in tools/single_header.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", metavar="FILE", help="where to write; standard output without it")
    parser.add_argument("--check", action="store_true", help="end with an error if a header was forgotten")
    parser.add_argument("--list", action="store_true", help="name the headers that are in it")
    parser.add_argument("--forward", metavar="DIRECTORY", help="for tests: headers that include the single one")
    arguments = parser.parse_args()
    text, names = single_header()
    if arguments.check:
        check(names)
    elif arguments.forward:
        forward(arguments.forward, text, names)
    elif arguments.list:
        print("\n".join(names))
    elif arguments.o:
        path = pathlib.Path(arguments.o)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
