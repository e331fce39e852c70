#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Tests the code blocks and links of the Markdown pages.

    python3 tests/docs/blocks.py [PAGE...]     default: every page of the repository

The words after a block's fence decide its test:

    cpp              a whole program: compiled with -Wall -Wextra -Werror by GCC or Clang, in turns (INLAY_MATRIX=full: by
                     both), and run. The block after it, if it has no language or says "text", is its output, to the
                     letter.
    cpp file NAME    a file that later programs of the page include; if NAME ends in .cpp, it is made a shared library,
                     and they are linked to it
    cpp fragment     a part: compiled at the place of a declaration or of a statement, after the usual #include lines; or
                     else after the page's last whole program before it, or the first one after it
    c, asm           compiled; assembled with the preprocessor
    ld               lines between SECTIONS { and }: a freestanding program with sites of all kinds is linked by them
    cmake            a whole CMakeLists.txt, or lines of one: configured and built, against this source tree installed
                     and as a subdirectory
    sh               read by sh -n; files of the repository that it names exist
    text or nothing  not code

A line "<!-- not compiled: REASON -->" directly before the fence keeps a block from being tested. Other words are an
error, as is a relative link to a file or heading that does not exist.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = os.path.join(ROOT, "include")
FLAGS = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-I" + INCLUDE]
PRELUDE = """#include <inlay/inlay.hpp>
#include <cstdint>
#include <cstdio>
"""
USING = """using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;
"""


class Block:
    def __init__(self, page, line, info, text, before, excuse):
        self.page, self.line, self.info, self.text = page, line, info, text
        self.before = before  # lines of prose between the previous block and this one
        self.excuse = excuse

    def where(self):
        return f"{self.page}:{self.line}"


def read_blocks(page, text):
    blocks, lines = [], text.split("\n")
    i, last_end = 0, 0
    while i < len(lines):
        fence = re.match(r"^( *)(```+|~~~+)(.*)$", lines[i])
        if not fence:
            i += 1
            continue
        indent, mark, info = fence.groups()
        end = i + 1
        while end < len(lines) and not re.match(r"^ *" + re.escape(mark) + r" *$", lines[end]):
            end += 1
        if end == len(lines):
            raise SystemExit(f"{page}:{i + 1}: the block does not end")
        body = [line[len(indent):] if line.startswith(indent) else line for line in lines[i + 1:end]]
        excuse = re.match(r"^ *<!-- not compiled: (.+) -->$", lines[i - 1]) if i else None
        prose = sum(1 for line in lines[last_end:i] if line.strip())
        blocks.append(Block(page, i + 1, info.strip(), "\n".join(body) + "\n", prose, excuse and excuse.group(1)))
        i = last_end = end + 1
    return blocks


class Tester:
    def __init__(self, work):
        self.work = work
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.compilers = [c for c in ("g++", "clang++-19", "clang++") if shutil.which(c)][:2]
        self.turn = 0
        self.installed = None
        self.libraries = []  # sources of the page's shared libraries

    def result(self, where, trouble):
        if trouble:
            self.failed += 1
            print(f"FAIL: {where}")
            print("    " + "\n    ".join(trouble.strip().split("\n")[:25]))
        else:
            self.passed += 1

    def run(self, command, **more):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=300, **more)

    def in_turn(self):
        """The compilers of a block."""
        self.turn += 1
        return self.compilers if os.environ.get("INLAY_MATRIX") == "full" else [self.compilers[self.turn % len(self.compilers)]]

    def write(self, name, text):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def flags_for(self, text):
        flags = []
        if "inlay/pv" in text or "arch/x86/pv.hpp" in text or "inlay/report.hpp" in text:
            flags.append("-mno-red-zone")
        return flags

    def program(self, block, output):
        source = self.write("block.cpp", block.text)
        links = ["-pthread", "-ldl"] + (["-lZydis", "-ldw"] if "inlay/report" in block.text else [])
        for compiler in self.in_turn():
            program = os.path.join(self.work, "program")
            libraries = []
            for name in self.libraries:
                libraries.append(os.path.join(self.work, "lib" + name[:-4] + ".so"))
                made = self.run([compiler, *FLAGS, "-I" + self.work, "-fPIC", "-shared", os.path.join(self.work, name), "-o",
                                 libraries[-1]])
                if made.returncode:
                    self.result(f"{block.where()}, {name}, by {compiler}", made.stdout)
            made = self.run([compiler, *FLAGS, "-I" + self.work, *self.flags_for(block.text), source, "-o", program, *links,
                             *libraries, "-Wl,-rpath," + self.work])
            if made.returncode:
                self.result(f"{block.where()}, by {compiler}", made.stdout)
                continue
            ran = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                                 timeout=60, cwd=self.work)
            trouble = ""
            if ran.returncode:
                trouble = f"it ends with {ran.returncode}\n{ran.stdout}{ran.stderr}"
            elif output is not None and ran.stdout != output.text:
                trouble = f"it prints\n{ran.stdout}but line {output.line} says\n{output.text}"
            self.result(f"{block.where()}, by {compiler}", trouble)

    def fragment(self, block, program):
        for compiler in self.in_turn():
            heads = [PRELUDE, PRELUDE + USING]
            if program is not None:
                heads.append(program.text)
            said = ""
            for head in heads:
                # (A part may repeat declarations of the program.)
                for form in ("%s", "namespace fragment {\n%s}\n", "void fragment_of_a_function() {\n%s}\n"):
                    if "namespace" in form and "#include" in block.text:
                        continue
                    text = head + form % block.text
                    source = self.write("block.cpp", text)
                    # A part need not use its declarations.
                    made = self.run([compiler, *FLAGS, *self.flags_for(text), "-Wno-unused", "-fsyntax-only", source])
                    if made.returncode == 0:
                        said = ""
                        break
                    said += made.stdout.split("\n", 1)[0] + "\n" + made.stdout
                else:
                    continue
                break
            self.result(f"{block.where()}, by {compiler}", said)

    def other_source(self, block, name, command):
        self.result(block.where(), "" if self.run([*command, self.write(name, block.text)]).returncode == 0 else
                    self.run([*command, self.write(name, block.text)]).stdout)

    def linker_script(self, block):
        """Links tests/freestanding/own_kernel.cpp by the block's lines."""
        script = self.write("block.lds", "ENTRY(_start)\nSECTIONS {\n. = 0x400000;\nimage_begin = .;\n" + block.text + "}\n")
        made = self.run(["g++", "-std=c++20", "-O2", "-ffreestanding", "-nostdlib", "-fno-pic", "-fno-pie", "-no-pie",
                         "-fno-exceptions", "-fno-rtti", "-mgeneral-regs-only", "-I" + INCLUDE, "-Wl,-z,noexecstack",
                         "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", "-T", script,
                         os.path.join(ROOT, "tests/freestanding/own_kernel.cpp"), "-o", os.path.join(self.work, "linked")])
        self.result(block.where(), made.stdout if made.returncode else "")

    def install(self):
        """Installs the source tree; returns the folder."""
        if self.installed is None:
            self.installed = os.path.join(self.work, "installed")
            build = os.path.join(self.work, "build-inlay")
            for command in (["cmake", "-S", ROOT, "-B", build], # nothing has to be built
                            ["cmake", "--install", build, "--prefix", self.installed]):
                made = self.run(command)
                if made.returncode:
                    raise SystemExit("inlay cannot be installed:\n" + made.stdout)
        return self.installed

    def cmake(self, block):
        text = block.text
        if "project(" not in text:
            names = re.findall(r"target_link_libraries\((\w+)", text)
            made = re.findall(r"add_executable\((\w+)", text)
            head = "cmake_minimum_required(VERSION 3.20)\nproject(block CXX)\n"
            text = head + "".join(f"add_executable({n} main.cpp)\n" for n in names if n not in made) + text
        folder = os.path.join(self.work, "cmake")
        shutil.rmtree(folder, ignore_errors=True)
        self.write("cmake/CMakeLists.txt", text)
        sources = re.findall(r"[\w/]+\.cpp", text)
        for source in sources:
            self.write("cmake/" + source, "#include <inlay/inlay.hpp>\nint main() { return inlay::apply() ? 0 : 1; }\n")
        for place in re.findall(r"add_subdirectory\(([\w/]+)", text):
            os.makedirs(os.path.dirname(os.path.join(folder, place)), exist_ok=True)
            os.symlink(ROOT, os.path.join(folder, place))
        made = self.run(["cmake", "-S", folder, "-B", folder + "/build", "-DCMAKE_PREFIX_PATH=" + self.install(),
                         "-DFETCHCONTENT_SOURCE_DIR_INLAY=" + ROOT, "-DCMAKE_CXX_STANDARD=20"])
        if made.returncode == 0:
            made = self.run(["cmake", "--build", folder + "/build"])
        self.result(block.where(), made.stdout if made.returncode else "")

    def shell(self, block):
        path = self.write("block.sh", block.text)
        read = self.run(["sh", "-n", path])
        trouble = read.stdout if read.returncode else ""
        folders = {each for each in os.listdir(ROOT) if os.path.isdir(os.path.join(ROOT, each)) and each[0] != "."}
        for line in block.text.split("\n"):
            for word in re.split(r"[\s'\"=;|&()<>]+", line.split(" #")[0]):
                first = word.split("/")[0]
                if "/" in word and first in folders - {"build"} and not re.search(r"[$*{]", word):
                    if not os.path.exists(os.path.join(ROOT, word)):
                        trouble += f"{word} does not exist\n"
        self.result(block.where(), trouble)

    def page(self, page):
        with open(os.path.join(ROOT, page), encoding="utf-8") as file:
            text = file.read()
        blocks = read_blocks(page, text)
        program = next((each for each in blocks if each.info == "cpp" and not each.excuse), None)
        self.libraries = []
        for i, block in enumerate(blocks):
            if block.excuse:
                self.skipped += 1
                print(f"not compiled: {block.where()}: {block.excuse}")
            elif block.info == "cpp":
                after = blocks[i + 1] if i + 1 < len(blocks) else None
                is_output = after is not None and after.info in ("", "text") and after.before <= 2
                self.program(block, after if is_output else None)
                program = block
            elif block.info.startswith("cpp file "):
                name = block.info.split()[2]
                self.write(name, block.text)
                if name.endswith(".cpp"):
                    self.libraries.append(name)
            elif block.info == "cpp fragment":
                self.fragment(block, program)
            elif block.info == "c":
                self.other_source(block, "block.c", ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                                     "-I" + INCLUDE])
            elif block.info == "asm":
                self.other_source(block, "block.S", ["gcc", "-c", "-o", "/dev/null", "-I" + INCLUDE])
            elif block.info == "cmake":
                self.cmake(block)
            elif block.info == "ld":
                self.linker_script(block)
            elif block.info in ("sh", "bash", "shell"):
                self.shell(block)
            elif block.info not in ("", "text"):
                self.result(block.where(), f"no test for a block of \"{block.info}\"")
        self.links(page, text)

    def links(self, page, text):
        prose = re.sub(r"(?ms)^ *```.*?^ *``` *$", "", text)
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, heading = target.partition("#")
            full = os.path.normpath(os.path.join(ROOT, os.path.dirname(page), path)) if path else os.path.join(ROOT, page)
            trouble = "" if os.path.exists(full) else f"the link to {target} leads nowhere"
            if not trouble and heading and full.endswith(".md"):
                with open(full, encoding="utf-8") as file:
                    trouble = "" if heading in headings(file.read()) else f"the link to {target}: no such heading"
            self.result(page, trouble)


def headings(text):
    """The anchors of a page, as GitHub makes them."""
    anchors = set()
    for line in re.findall(r"(?m)^#+ +(.+)$", re.sub(r"(?ms)^ *```.*?^ *``` *$", "", text)):
        anchors.add(re.sub(r"[^\w\- ]", "", line.strip().lower()).replace(" ", "-"))
    return anchors


def main():
    pages = sys.argv[1:]
    if not pages:
        if shutil.which("git"):
            pages = subprocess.run(["git", "-C", ROOT, "ls-files", "*.md"], stdout=subprocess.PIPE, text=True,
                                   check=False).stdout.split()
        if not pages:  # a source archive, or a machine without git
            for folder, folders, names in os.walk(ROOT):
                folders[:] = [each for each in folders if each not in ("build", "out") and not each.startswith("build-")]
                pages += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names if n.endswith(".md")]
    with tempfile.TemporaryDirectory() as work:
        tester = Tester(work)
        for page in sorted(pages):
            tester.page(os.path.relpath(os.path.abspath(page), ROOT) if sys.argv[1:] else page)
            print(f"docs: {page}, {tester.passed} passed, {tester.failed} failed so far", flush=True)
    print(f"{tester.passed} passed, {tester.failed} failed, {tester.skipped} skipped")
    return 0 if tester.passed and not tester.failed else 1


if __name__ == "__main__":
    sys.exit(main())
