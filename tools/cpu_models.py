#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Reads the CPU models of the installed QEMU, and writes or compares include/inlay/check/cpu_model_table.hpp.

    tools/cpu_models.py --write          needs qemu-system-x86_64, qemu-system-aarch64, aarch64-linux-gnu-gcc
    tools/cpu_models.py --check          1: a model differs. Without an emulator, or with another version: says so

How it works. x86: the machine's CPU object has the properties feature-words and filtered-features. Their union is the
model's CPUID, also where the emulator lacks a feature. Of `max`, which is the emulator itself, only the first counts.
The emulator turns feature vme off, and no property tells the model's own value: vme is absent in the table. AArch64:
a guest reads its ID registers at EL1, on a machine with GICv3, and prints them.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = os.path.join(ROOT, "include/inlay/check/cpu_model_table.hpp")
REGISTERS = {"EAX": 0, "ECX": 1, "EDX": 2, "EBX": 3}  # as inlay numbers them
ID_REGISTERS = [0x40, 0x41, 0x42, 0x44, 0x45, 0x47, 0x50, 0x51, 0x60, 0x61, 0x62, 0x63, 0x70, 0x71, 0x72, 0x73]  # CRm << 4 | op2
MIDR = 0x00


def version_of(program):
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return re.search(r"version (\d+\.\d+)", said).group(1)


# ---- x86 ------------------------------------------------------------------------------------------------------------

def ask(arguments, commands):
    """The answers of a machine that does not run."""
    with subprocess.Popen(["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-S", "-nodefaults", "-display", "none", "-qmp",
                           "stdio", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as machine:
        answers = []
        machine.stdout.readline()
        for each in [{"execute": "qmp_capabilities"}, *commands, {"execute": "quit"}]:
            machine.stdin.write(json.dumps(each) + "\n")
            machine.stdin.flush()
            answer = {"event": ""}
            while "event" in answer:
                answer = json.loads(machine.stdout.readline())
            answers.append(answer["return"])
        return answers[1:-1]


def x86_model(name):
    def get(what):
        return {"execute": "qom-get", "arguments": {"path": "/machine/unattached/device[0]", "property": what}}
    has, lacks, *levels = ask(["-cpu", name], [get(each) for each in ("feature-words", "filtered-features", "level", "xlevel",
                                                                      "xlevel2")])
    words = {}
    for each in has + (lacks if name != "max" else []):
        place = (each["cpuid-input-eax"], each.get("cpuid-input-ecx", 0), REGISTERS[each["cpuid-register"]])
        words[place] = words.get(place, 0) | each["features"]
    # Leaves of a hypervisor are not features of a CPU.
    return levels, {place: value for place, value in words.items() if value and place[0] >> 16 != 0x4000}


def x86_models():
    names = {each["name"]: each.get("alias-of") for each in ask([], [{"execute": "query-cpu-definitions"}])[0]}
    own = sorted(each for each, alias in names.items() if alias is None and each != "host")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        models = dict(zip(own, pool.map(x86_model, own)))
    return models, {name: alias for name, alias in sorted(names.items()) if alias is not None}


# ---- AArch64 --------------------------------------------------------------------------------------------------------

GUEST = """
    .globl _start
_start:
    mov x19, #0x09000000                // the serial line of machine virt
%s
    movz x0, #0x8400, lsl #16           // PSCI: SYSTEM_OFF
    movk x0, #8
    hvc #0
1:  b 1b
print:                                  // x0 in hexadecimal, and a line's end
    mov x2, #16
2:  ror x0, x0, #60
    and x1, x0, #15
    cmp x1, #10
    add x3, x1, #'0'
    add x4, x1, #('a' - 10)
    csel x1, x3, x4, lo
    str w1, [x19]
    sub x2, x2, #1
    cbnz x2, 2b
    mov x1, #10
    str w1, [x19]
    ret
"""


def aarch64_models():
    with tempfile.TemporaryDirectory() as folder:
        source, guest = os.path.join(folder, "guest.S"), os.path.join(folder, "guest")
        with open(source, "w", encoding="utf-8") as file:
            file.write(GUEST % "\n".join(f"    mrs x0, S3_0_C0_C{each >> 4}_{each & 15}\n    bl print"
                                         for each in [MIDR, *ID_REGISTERS]))
        subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,-Ttext=0x40080000,--build-id=none", source, "-o", guest],
                       check=True)
        machine = ["qemu-system-aarch64", "-M", "virt,gic-version=3", "-accel", "tcg", "-m", "64", "-nodefaults", "-display", "none",
                   "-serial", "stdio", "-no-reboot"]
        listed = subprocess.run([*machine, "-cpu", "help"], capture_output=True, text=True, check=True).stdout

        def read(name):
            try:
                said = subprocess.run([*machine, "-cpu", name, "-kernel", guest], stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True, timeout=20).stdout.split()
            except subprocess.TimeoutExpired:
                return None  # a processor of 32 bits
            return [int(each, 16) for each in said] if len(said) == 1 + len(ID_REGISTERS) else None
        # 32-bit processors do not run the guest; those that are named here would take 20 seconds each.
        names = [each for each in re.findall(r"^  (\S+)", listed, re.M)
                 if not re.match(r"arm|pxa|sa1|ti9|cortex-(m|r5|a7$|a8$|a9$|a15$)", each)]
        found = {each: read(each) for each in sorted(names)}
    return {each: values for each, values in found.items() if values}


# ---- The table ------------------------------------------------------------------------------------------------------

def table_of(version):
    models, aliases = x86_models()
    places = sorted({place for _, words in models.values() for place in words})
    lines = [f"""\
// SPDX-License-Identifier: BSL-1.0
//
// cpu_model_table: CPUID and ID registers of QEMU's CPU models. Written by tools/cpu_models.py, from QEMU {version}.
//
//     for (const auto& each : inlay::check::detail::x86_models) ... each.name, each.words ...
//
// How it works. cpu_models.hpp explains it, and is the interface.
#pragma once

#include "inlay/requirements.hpp"

#include <cstdint>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {{
namespace check::detail {{

// clang-format off
inline constexpr const char* cpu_models_version = "{version}"; ///< of QEMU

/// A word of CPUID; registers are numbered eax, ecx, edx, ebx.
struct x86_word {{
    std::uint32_t leaf;
    std::uint16_t subleaf;
    std::uint16_t reg;
}};
inline constexpr x86_word x86_words[] = {{ // NOLINT(*-avoid-c-arrays)"""]
    lines += ["    {%#x, %d, %d}," % place for place in places]
    lines += ["};", "", "/// The last leaf of each range, then the words of x86_words.", "struct x86_model {",
              "    std::string_view name;", "    std::uint32_t last[3];  // NOLINT(*-avoid-c-arrays): basic, extended, Centaur's",
              f"    std::uint32_t words[{len(places)}]; // NOLINT(*-avoid-c-arrays)", "};",
              "inline constexpr x86_model x86_models[] = { // NOLINT(*-avoid-c-arrays)"]
    for name, (levels, words) in models.items():
        values = ", ".join("%#x" % words.get(place, 0) if words.get(place, 0) > 9 else str(words.get(place, 0)) for place in places)
        lines += ['    {"%s", {%#x, %#x, %#x},' % (name, *levels), "     {%s}}," % values]
    lines += ["};", "", "/// Other names of models.", "struct cpu_alias {", "    std::string_view name, model;", "};",
              "inline constexpr cpu_alias x86_aliases[] = { // NOLINT(*-avoid-c-arrays)"]
    lines += ['    {"%s", "%s"},' % each for each in aliases.items()]
    lines += ["};", "", "/// ID registers, numbered CRm << 4 | op2.",
              "inline constexpr std::uint8_t aarch64_registers[] = { // NOLINT(*-avoid-c-arrays)",
              "    %s};" % ", ".join("%#x" % each for each in ID_REGISTERS), "", "struct aarch64_model {",
              "    std::string_view name;", "    std::uint64_t midr;",
              f"    std::uint64_t registers[{len(ID_REGISTERS)}]; // NOLINT(*-avoid-c-arrays)", "};",
              "inline constexpr aarch64_model aarch64_models[] = { // NOLINT(*-avoid-c-arrays)"]
    for name, (midr, *values) in aarch64_models().items():
        lines += ['    {"%s", %#x,' % (name, midr), "     {%s}}," % ", ".join("%#x" % each if each > 9 else str(each) for each in values)]
    lines += ["};", "// clang-format on", "", "} // namespace check::detail", "} // namespace inlay", ""]
    return "\n".join(lines)


def main(how):
    if how not in ("--write", "--check"):
        print(__doc__)
        return 2
    versions = version_of("qemu-system-x86_64"), version_of("qemu-system-aarch64")
    if how == "--write":
        text = table_of(versions[0])
        with open(TABLE, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    with open(TABLE, encoding="utf-8") as file:
        known = file.read()
    version = re.search(r'cpu_models_version = "(.*)"', known).group(1)
    if versions != (version, version):
        print(f"skipped: the table of CPU models is from QEMU {version}, and here is {versions[0] or versions[1] or 'none'}")
        return 0
    now = table_of(version)
    if now == known:
        print(f"the CPU models of QEMU {version} are those of the table")
        return 0
    for old, new in zip(known.split("\n"), now.split("\n")):
        if old != new:
            print(f"the table has   {old}\nQEMU {version} has {new}")
            break
    return 1


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
