#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The names that inlay/kernel/macros_aside.hpp sets aside.

    python3 tests/freestanding/macros.py check    do both files have the same names; are keywords and attributes all in?
    python3 tests/freestanding/macros.py unit     writes a unit in which each name is a macro that no compiler accepts
"""
import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent.parent / "include"
ASIDE, BACK = "inlay/kernel/macros_aside.hpp", "inlay/kernel/macros_back.hpp"
# Not keywords where the preprocessor reads them, or of no header.
KEYWORDS = """alignas alignof asm auto bool break case catch char char8_t char16_t char32_t class const consteval
constexpr constinit const_cast continue decltype default delete do double else enum explicit extern false float for
friend goto if inline int long mutable namespace new noexcept nullptr operator private protected public register
reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template this
thread_local throw true try typedef typename union unsigned using virtual void volatile wchar_t while concept""".split()


def text_of(name):
    return (INCLUDE / name).read_text(encoding="utf-8")


def headers(name, seen):
    if name not in seen and (INCLUDE / name).exists():
        seen.add(name)
        for other in re.findall(r'^\s*#\s*include\s*["<](inlay/[^">]+)[">]', text_of(name), re.M):
            headers(other, seen)
    return seen


def words_and_attributes():
    """The words of all headers of kernel.hpp without strings and comments, and those that are attributes."""
    words, attributes = set(), set()
    for name in headers("inlay/kernel.hpp", set()) - {ASIDE, BACK}:
        text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text_of(name))
        text = re.sub(r"//[^\n]*|/\*.*?\*/|'(\\.|[^'\\\n])'", " ", text, flags=re.S)
        words |= set(re.findall(r"\b[A-Za-z_]\w*\b", text))
        for each in re.findall(r"\[\[([^\]]*)\]\]|__attribute__\(\(([^)]*)\)", text):
            attributes |= set(re.findall(r"\b[a-z]\w*\b", " ".join(each)))
    return words, attributes


def check():
    aside = re.findall(r'^#pragma push_macro\("(\w+)"\)$', text_of(ASIDE), re.M)
    gone = re.findall(r"^#undef (\w+)$", text_of(ASIDE), re.M)
    back = re.findall(r'^#pragma pop_macro\("(\w+)"\)$', text_of(BACK), re.M)
    wrong = []
    if not aside == gone == back:
        wrong.append("macros_aside.hpp and macros_back.hpp differ in their names")
    if aside != sorted(set(aside)):
        wrong.append("the names are not in order")
    words, attributes = words_and_attributes()
    wrong += [f"{each} is missing: headers use it" for each in sorted((set(KEYWORDS) & words | attributes) - set(aside))]
    for each in wrong:
        print("FAIL: freestanding: macros set aside:", each)
    return bool(wrong)


def unit():
    names = re.findall(r"^#undef (\w+)$", text_of(ASIDE), re.M)
    print("#ifdef __clang__\n#pragma clang diagnostic ignored \"-Wkeyword-macro\"\n#endif")
    print("\n".join(f"#define {each} {each}_is_not_set_aside @" for each in names))
    print("#include <inlay/kernel.hpp>")
    print("\n".join(f'#ifndef {each}\n#error "{each} is not back"\n#endif' for each in names))


if __name__ == "__main__":
    sys.exit({"check": check, "unit": unit}[sys.argv[1]]())
