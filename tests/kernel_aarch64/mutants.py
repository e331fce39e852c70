# SPDX-License-Identifier: BSL-1.0
"""mutants: kernels with one thing broken on purpose, from the objects of a whole build.

    Build(folder).mutant("NO_SGI_DSB", "mutation-NO_SGI_DSB.elf")

Only the objects are compiled again that are made from a file that mentions KERNEL_MUTATION_<NAME>: what Ninja knows
about headers says which. Then all are linked as before.
"""
import json
import os
import re
import shlex
import subprocess


class Build:
    """A folder in which CMake and Ninja have built kernel.elf, with CMAKE_EXPORT_COMPILE_COMMANDS."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        with open(os.path.join(self.folder, "compile_commands.json")) as file:
            commands = [shlex.split(each["command"]) for each in json.load(file)]
        self.commands = {each[each.index("-o") + 1]: each for each in commands}
        self.files, current = {}, None  # object: the files that it is made from
        for line in self._ninja("-t", "deps").splitlines():
            if line and line[0] != " ":
                current = self.files.setdefault(line.split(":")[0], [])
            elif line:
                current.append(os.path.join(self.folder, line.strip()))
        link = self._ninja("-t", "commands", "kernel.elf").splitlines()[-1]
        self.link = link.split(" && ")[1]  # ": && LINK && :", or more commands after it
        self._text = {}

    def _ninja(self, *arguments):
        return subprocess.run(["ninja", "-C", self.folder, "--quiet", *arguments], capture_output=True, text=True,
                              check=True).stdout

    def _mentions(self, path, word):
        if path not in self._text:
            with open(path, errors="replace") as file:
                self._text[path] = set(re.findall(r"\bKERNEL_MUTATION_\w+", file.read()))
        return word in self._text[path]

    def mutant(self, name, kernel):
        """Compiles, links; the number of objects that are unlike those of the build."""
        word, place = f"KERNEL_MUTATION_{name}", os.path.join(self.folder, "mutants", name)
        os.makedirs(place, exist_ok=True)
        link, count = shlex.split(self.link), 0
        for output, command in self.commands.items():
            if not any(self._mentions(path, word) for path in self.files.get(output, [])):
                continue
            count += 1
            target = os.path.join(place, f"{count}.o")
            changed = [*command, f"-D{word}"]
            changed[changed.index("-o") + 1] = target
            self._run(changed)
            link[link.index(output)] = target
        if count == 0:
            raise RuntimeError(f"no source knows {word}")
        link[link.index("-o") + 1] = os.path.abspath(kernel)
        self._run(link)
        return count

    def _run(self, command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
