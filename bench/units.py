# SPDX-License-Identifier: BSL-1.0
#
# Units with a declaration and a site of each kind, and with the ordinary C++ that they replace. The script size.py
# compiles them to measure their bytes, compile.py to measure the time.
#
# A unit is a file of functions, each with one site:
#
#     void site_1000() { <site> last = 1000; }
#
# The store makes the functions differ (GCC folds equal ones) and keeps a call before it from becoming a tail call. All
# numbers take an immediate of 32 bits, so that functions are of one length. Nothing is linked: callees are only
# declared.

from dataclasses import dataclass

# The headers that README.md lists; but asm.h is for assembly.
PUBLIC_HEADERS = [
    "inlay", "feature", "code", "arch/x86/insn", "alternative", "dispatch", "static_key", "static_switch",
    "static_call", "pv", "pv_ops", "arch/x86/pv", "poke", "apply", "platform/bare", "process", "platform/linux",
    "decide", "table", "error", "override", "report", "features", "names", "configure", "controls", "hana",
]


@dataclass(frozen=True)
class Form:
    """One way to write a declaration and a site: $d is the number of the declaration, $n the number of the site."""
    name: str
    prelude: str
    declaration: str
    site: str


@dataclass(frozen=True)
class Kind:
    """The kinds that inlay has, and the ordinary forms to compare them with."""
    name: str
    inlay: Form
    ordinary: list[Form]
    records: str  # the section of its records

    @property
    def forms(self):
        return [self.inlay, *self.ordinary]


def unit(form, declarations, sites):
    """The text of a unit whose sites use its declarations in turn."""
    lines = [form.prelude, "extern unsigned last;"]
    numbers = [str(100 + i) for i in range(declarations)]  # all of three digits: names have one length
    lines += [form.declaration.replace("$d", number) for number in numbers]
    for i in range(sites):
        n = str(1000 + i)
        site = form.site.replace("$d", numbers[i % declarations]).replace("$n", n)
        lines.append(f"void site_{n}() {{ {site} last = {n}; }}")
    return "\n".join(lines) + "\n"


def header(name):
    """A unit that includes a header."""
    return f"#include <inlay/{name}.hpp>\nint main() {{}}\n"


EMPTY = "int main() {}\n"

# Ten keys that text can set: by name in the process, and as controls.
_KEYS = "".join(f'inline constexpr inlay::static_key<"app.key_{i}", false> key_{i};\n' for i in range(10))
WITHOUT_CONTROLS = f"""#include <inlay/configure.hpp>
{_KEYS}int main() {{ return {" + ".join(f"(key_{i} ? 1 : 0)" for i in range(10))} + (inlay::configure("") ? 0 : 1); }}
"""
WITH_CONTROLS = f"""#include <inlay/controls.hpp>
{_KEYS}inline constexpr auto knobs = inlay::controls({", ".join(f"key_{i}" for i in range(10))});
using namespace inlay::literals;
int main() {{ return {" + ".join(f'(knobs["app.key_{i}"_s] ? 1 : 0)' for i in range(10))} +
                    (inlay::configure(knobs, "") ? 0 : 1); }}
"""
NOTHING = Form("no site", "", "", "")

INSTRUCTIONS = """#include <inlay/arch/x86/insn.hpp>
#include <inlay/feature.hpp>
using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;
"""

# ---- Calls of a function without a result ---------------------------------------------------------------------------

DIRECT = Form("direct call", "", "void function_$d(unsigned);", "function_$d($n);")
POINTER = Form("call through pointer", "",
               "void function_$d(unsigned); void (*pointer_$d)(unsigned) = &function_$d;", "pointer_$d($n);")

DISPATCH = Kind("dispatch", Form("inlay", "#include <inlay/dispatch.hpp>\n" + INSTRUCTIONS, """
void function_$d(unsigned);
void other_$d(unsigned);
inline constexpr inlay::dispatch<"function_$d", &function_$d, when<cpu.popcnt, &other_$d>> call_$d;
""", "call_$d($n);"), [POINTER, DIRECT], "inlay_calls")

STATIC_CALL = Kind("static_call", Form("inlay", "#include <inlay/static_call.hpp>", """
void function_$d(unsigned);
inline constexpr inlay::static_call<"function_$d", &function_$d> call_$d;
""", "call_$d($n);"), [POINTER, DIRECT], "inlay_calls")

PV_CALL = Kind("pv_call", Form("inlay", "#include <inlay/pv.hpp>", """
void function_$d(unsigned);
struct table_$d { inlay::pv_op<void(unsigned), &function_$d> run; };
inline constinit table_$d operations_$d;
inline constexpr inlay::pv_call<&operations_$d, &table_$d::run> call_$d;
""", "call_$d($n);"), [POINTER, DIRECT], "inlay_alternatives")

# ---- An instruction, or a call --------------------------------------------------------------------------------------

ALTERNATIVE = Kind(
    "alternative", Form("inlay", "#include <inlay/alternative.hpp>\n" + INSTRUCTIONS + "extern unsigned long got;", """
unsigned long software_$d(unsigned long);
inline constexpr auto hweight_$d = inlay::alternative<call<&software_$d>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
                                       .takes<rdi>().returns<rax, unsigned long>();
""", "got = hweight_$d($nUL);"),
    [Form("if (has) instruction else call", "extern unsigned long got;", """
unsigned long software_$d(unsigned long);
bool has_$d;
""", 'if (has_$d) { asm("popcnt %1, %0" : "=r"(got) : "r"($nUL)); } else { got = software_$d($n); }')],
    "inlay_alternatives")

PV_ALT_CALL = Kind("pv_alt_call", Form(
    "inlay", "#include <inlay/pv.hpp>\n" + INSTRUCTIONS + "extern unsigned long got;", """
struct table_$d { inlay::pv_op<unsigned long(), inlay::callee_save<pushf_pop(rax)>> save_fl; };
inline constinit table_$d operations_$d;
inline constexpr inlay::pv_alt_call<&operations_$d, &table_$d::save_fl, pushf_pop(rax), !cpu.xenpv> save_fl_$d;
""", "got = save_fl_$d();"), [
        Form("if (has) instruction else call", "extern unsigned long got;", """
unsigned long native_$d();
unsigned long (*pointer_$d)() = &native_$d;
bool has_$d;
""", 'if (has_$d) { asm volatile("pushf; pop %0" : "=r"(got)); } else { got = pointer_$d(); }')
    ], "inlay_alternatives")

# ---- Branches -------------------------------------------------------------------------------------------------------

# [[unlikely]]: the layout that a key which is off at first asks for.
STATIC_KEY = Kind("static_key", Form("inlay", "#include <inlay/static_key.hpp>\nvoid work();", """
inline constexpr inlay::static_key<"key_$d", false> key_$d;
""", "if (key_$d) { work(); }"), [
    Form("if (bool)", "void work();", "bool flag_$d;", "if (flag_$d) [[unlikely]] { work(); }")
], "inlay_keys")

WAYS = "void way_0();\nvoid way_1();\nvoid way_2();\nvoid way_3();"
CASES = "{ case 0: way_0(); break; case 1: way_1(); break; case 2: way_2(); break; default: way_3(); }"
STATIC_SWITCH = Kind("static_switch", Form("inlay", "#include <inlay/static_switch.hpp>\n" + WAYS, """
inline constexpr inlay::static_switch<"value_$d", 4, 0U> value_$d;
""", "switch (value_$d) " + CASES), [
    Form("switch (unsigned)", WAYS, "unsigned value_$d;", "switch (value_$d) " + CASES)
], "inlay_keys")

KINDS = [ALTERNATIVE, DISPATCH, STATIC_CALL, STATIC_KEY, STATIC_SWITCH, PV_CALL, PV_ALT_CALL]
