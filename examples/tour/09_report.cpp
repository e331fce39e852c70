// SPDX-License-Identifier: BSL-1.0
//
// 9. The report: the form of each site.
//
// What. `inlay::report::print(stdout)` lists every site of a program: its name and source line, each choice's code, the
// choice that wins, and the bytes in memory now. `{.cpu = "x86-64-v2"}` gives the same list for another CPU.
//
// Why. "What would a machine without AVX2 run?" is a question for a review, not for a user with an old machine. And
// code that rewrites itself must be able to show its work; a disassembly of the file shows only the originals.
//
// How it works underneath. One pure function decides the bytes of a site (decide.hpp). The patcher writes its result.
// The report prints its result, with the features of any CPU that you name. So the two cannot disagree. Linux came to
// the same design in its paravirt clean-up: "have only one paravirt patch function".
#include "crc32c.hpp"
#include "tour.hpp"

#include <inlay/report.hpp>

#include <cstdio>
#include <cstring>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

namespace {

inline constexpr auto vector_bytes =
    inlay::alternative<mov(eax, 16), when<cpu.avx2, mov(eax, 32)>, when<cpu.avx512f, mov(eax, 64)>>{}
        .named<"vector_bytes">()
        .returns<rax, unsigned>();

inline constexpr inlay::dispatch<"crc32c", &crc32c::by_table, when<cpu.sse4_2, &crc32c::by_instruction>> checksum;

struct result {
    unsigned width;
    std::uint32_t crc;
};
[[gnu::noinline]] result work(const char* text) { return {vector_bytes(), checksum(text, std::strlen(text))}; }

void section(const char* text) { tour::coloured("\033[4m", std::string("\n") + text + "\n"); }

} // namespace

int main() {
    tour::title(9, "The report: the form of each site");
    tour::say(
        "A site whose value is the width of a vector, and a call of a function chosen by feature. Three reports: as\n"
        "compiled; after apply(); and for a CPU without AVX2, although the program does not run on it.");
    const auto before = work("inlay");
    section("Before apply(): the originals are in memory, and the call goes through its trampoline");
    inlay::report::print(stdout);

    tour::apply_or_leave();
    section("After apply() on this CPU");
    inlay::report::print(stdout);

    section("What would a CPU of x86-64-v2 run? It has SSE4.2, and no AVX2 (\"now\" is this CPU)");
    inlay::report::print(stdout, {.cpu = "x86-64-v2"});

    const auto after = work("inlay");
    std::printf("\nwork() before apply(): width %u, CRC %08x; after: width %u, CRC %08x. The CRC must be the same.\n",
                before.width, before.crc, after.width, after.crc);
    tour::next("errors, and how apply() reports them.");
    return after.crc == before.crc ? 0 : 1;
}
