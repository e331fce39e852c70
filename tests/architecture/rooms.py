#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Who may know whom: reads rooms.txt, and compares it with the #include lines of the headers.

    python3 tests/architecture/rooms.py [FOLDER]     default: include/inlay

Fails for an include that the table does not allow, a header that is in no room, a cycle of headers, and an unused
permission. Fails for inline assembly or macros outside of arch/ and emit/, except the macros of asm.h and version.hpp.
"""
import fnmatch
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def read_rules(path):
    files, may = {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if "=" in line:
                room, names = line.split("=")
                files[room.strip()] = names.split()
            elif ">" in line:
                room, rooms = line.split(">")
                may[room.strip()] = rooms.split()
    return files, may


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def main(folder):
    files, may = read_rules(os.path.join(HERE, "rooms.txt"))
    wrong = []
    for room in may:
        if room not in files:
            wrong.append(f"rooms.txt: {room} has no files")
    order = list(files)
    for room, rooms in may.items():
        for other in rooms:
            if other not in files:
                wrong.append(f"rooms.txt: {room} > {other}: there is no such room")
            elif order.index(other) >= order.index(room):
                wrong.append(f"rooms.txt: {room} > {other}: {other} stands above it")
    headers = sorted(os.path.relpath(os.path.join(place, name), folder)
                     for place, _, names in os.walk(folder) for name in names if name.endswith((".hpp", ".h")))

    old_paths = {}
    for header in headers:
        with open(os.path.join(folder, header), encoding="utf-8") as file:
            lines = without_comments(file.read()).split("\n")
        lines = [line for line in lines if line.strip() and not re.match(r"\s*#\s*pragma once", line)]
        only = re.fullmatch(r'\s*#\s*include\s+[<"]inlay/([^">]+)[">]\s*', lines[0]) if len(lines) == 1 else None
        if only:
            old_paths[header] = only[1]

    def room_of(header):
        header = old_paths.get(header, header)
        return next((room for room, names in files.items() if any(fnmatch.fnmatch(header, name) for name in names)), None)

    used, includes = set(), {}
    for header in headers:
        with open(os.path.join(folder, header), encoding="utf-8") as file:
            text = without_comments(file.read())
        room = room_of(header)
        if room is None and header != "asm.h":
            wrong.append(f"{header}: it is in no room of rooms.txt")
            continue
        includes[header] = re.findall(r'^\s*#\s*include\s+[<"]inlay/([^">]+)[">]', text, re.M)
        includes[header] = [each for each in includes[header] if each in headers]
        for other in includes[header]:
            its_room = room_of(other)
            if its_room in may.get(room, []):
                used.add((room, its_room))
            elif its_room != room:
                wrong.append(f"{header} includes {other}: {room} may not know {its_room}")
        if not header.startswith(("arch/", "emit/")):
            if re.search(r"\basm\s*(inline|volatile|goto|\()", text):
                wrong.append(f"{header}: inline assembly belongs below arch/ or emit/")
            if header not in ("asm.h", "version.hpp") and re.search(r"^\s*#\s*define\b", text, re.M):
                wrong.append(f"{header}: macros belong below arch/ or emit/")
    for room, rooms in may.items():
        wrong += [f"rooms.txt: {room} > {other}: nothing uses this" for other in rooms if (room, other) not in used]

    # Cycles of headers, which #pragma once would hide.
    done, path = set(), []

    def visit(header):
        if header in path:
            wrong.append("a cycle: " + " > ".join(path[path.index(header):] + [header]))
        elif header not in done:
            path.append(header)
            for other in includes.get(header, []):
                visit(other)
            path.pop()
            done.add(header)
    for header in headers:
        visit(header)

    for each in wrong:
        print("FAIL:", each)
    checked = sum(len(each) for each in includes.values()) + len(headers)
    print(f"architecture: {checked - len(wrong)} passed, {len(wrong)} failed: {len(headers)} headers in {len(files)} rooms")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "include", "inlay")))
