// SPDX-License-Identifier: BSL-1.0
//
// The registers that a site changes, and the state that survives it: registers of clobbers<...>(), exceptions; in a
// function for SVE, its vectors and predicates. A plain program: it prints a line PASS or FAIL for each check and
// returns 1 if one failed. With an argument, it ends by an exception that leaves a site's function.
#include <inlay/inlay.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#if !defined(__clang__) || __clang_major__ >= 17
#include <arm_sve.h>
#include <sys/auxv.h>
#define HAS_ARM_SVE
#endif

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;
using inlay::alternative, inlay::cpu, inlay::when;

inline constexpr inlay::feature<"test.on", inlay::by_hand{}> on;

int failed = 0;
void expect(std::uint64_t value, std::uint64_t expected, const std::string& what) {
    if (value != expected) {
        std::printf("%s: %llu, not %llu\n", what.c_str(), static_cast<unsigned long long>(value),
                    static_cast<unsigned long long>(expected));
    }
    std::printf("%s %s\n", value == expected ? "PASS" : "FAIL", what.c_str());
    failed += value == expected ? 0 : 1;
}

// ---- registers

inline constexpr auto low = alternative<mov(x1, 7) + mov(x16, 8), when<on, mov(x5, 7) + mov(x17, 8)>>{}
                                .takes<x0, x1>()
                                .clobbers<x1, x5, x16, x17>();
inline constexpr auto result_changes =
    alternative<mov(x0, 7), when<on, add(x0, x0, x1) + mov(x1, 0)>>{}.takes<x0, x1>().clobbers<x0, x1>();
inline constexpr auto middle =
    alternative<mov(x6, 7) + mov(x15, 8) + mov(x18, 9), when<on, mov(x8, 7) + mov(x30, 8) + mov(x9, 9)>>{}
        .takes<x0, x1, x2>()
        .returns<x0, std::uint64_t>()
        .clobbers<x6, x8, x9, x15, x18, x30>();
inline constexpr auto high =
    alternative<mov(x19, 7) + mov(x20, 7) + mov(x21, 7) + mov(x22, 7) + mov(x23, 7),
                when<on, mov(x24, 7) + mov(x25, 7) + mov(x26, 7) + mov(x27, 7) + mov(x28, 7)>>{}
        .takes<x0>()
        .returns<x0, std::uint64_t>()
        .clobbers<x19, x20, x21, x22, x23, x24, x25, x26, x27, x28>();

template <int Kind>
[[gnu::noinline]] std::uint64_t around(std::uint64_t x) {
    std::uint64_t live[26]; // NOLINT(*-avoid-c-arrays): as many as registers
    for (std::uint64_t j = 0; j < 26; ++j) {
        live[j] = x + j;
        asm volatile("" : "+r"(live[j]));
    }
    if constexpr (Kind == 0) {
        low(live[0], live[1]);
    } else if constexpr (Kind == 1) {
        result_changes(live[0], live[1]);
    } else if constexpr (Kind == 2) {
        live[2] += middle(live[0], live[1], live[2]) - live[0];
    } else {
        live[2] += high(live[0]) - live[0];
    }
    std::uint64_t total = 0;
    for (std::uint64_t j = 0; j < 26; ++j) {
        asm volatile("" : "+r"(live[j]));
        total += live[j] << j;
    }
    return total;
}
[[gnu::noinline]] std::uint64_t plain(std::uint64_t x) {
    std::uint64_t total = 0;
    for (std::uint64_t j = 0; j < 26; ++j) {
        total += (x + j) << j;
    }
    return total;
}

// ---- SVE

#ifdef HAS_ARM_SVE
#if defined(__clang__)
#define WITH_SVE [[gnu::noinline, gnu::target("sve")]]
#else
#define WITH_SVE [[gnu::noinline, gnu::target("+sve")]]
#endif
WITH_SVE void spoil() {
    asm volatile(
        ".arch_extension sve\n\t"
        ".irp n,0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\tdup z\\n\\().d, #0\n\t.endr\n\t"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tpfalse p\\n\\().b\n\t.endr"
        :
        :
        : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30", "v31", "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9",
          "p10", "p11", "p12", "p13", "p14", "p15");
}
inline constexpr alternative<call<&spoil>()> spoils;
inline constexpr alternative<adr<&spoil>(x9) + call(x9)> spoils_by_address;

template <int Kind>
WITH_SVE double sum(const double* from) {
    const svbool_t all = svptrue_b64();
    const svfloat64_t p = svld1_f64(all, from);
    const svfloat64_t q = svld1_f64(all, from + 1);
    const svbool_t less = svcmplt_f64(all, p, q);
    const svbool_t big = svcmpgt_n_f64(all, p, 1.5);
    if constexpr (Kind == 1) {
        spoils();
    } else if constexpr (Kind == 2) {
        spoils_by_address();
    } else if constexpr (Kind == 3) {
        spoils_by_address.clobbers<x20>()();
    }
    const svfloat64_t both = svadd_f64_m(less, p, q);
    return svaddv_f64(all, svadd_f64_m(big, both, p));
}
#endif

// ---- exceptions

volatile bool throws = false;
[[gnu::noinline]] void may_throw() {
    if (throws) {
        throw 1;
    }
}
inline constexpr alternative<call<&may_throw>()> by_thunk;
inline constexpr alternative<adr<&may_throw>(x9) + call(x9)> by_address;
inline constexpr auto by_address_and_more = alternative<adr<&may_throw>(x9) + call(x9)>{}.clobbers<x21>();

/// The only thing in it that may throw.
template <int Kind>
[[gnu::noinline]] void calls_what_throws() {
    if constexpr (Kind == 0) {
        by_thunk();
    } else if constexpr (Kind == 1) {
        by_address();
    } else {
        by_address_and_more();
    }
}
/// Catches the exception that leaves it; a caller by address cannot know the target.
template <int Kind>
[[gnu::noinline]] void catches() {
    void (*volatile unknown)() = &calls_what_throws<Kind>;
    try {
        unknown();
    } catch (...) {
        std::puts("FAIL an exception has passed a site");
        std::fflush(stdout);
        std::_Exit(1);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        std::set_terminate([] {
            std::puts("PASS an exception ends the program");
            std::fflush(stdout);
            std::_Exit(0);
        });
        catches<0>();
        catches<1>();
        catches<2>();
        throws = true;
        const int kind = std::atoi(argv[1]);
        if (kind == 3) {
            try {
                by_address(); // inside a try block
            } catch (...) {
                std::puts("FAIL an exception is caught around a site");
            }
        }
        kind == 0 ? catches<0>() : kind == 1 ? catches<1>() : catches<2>();
        std::puts("FAIL no exception");
        return 1;
    }
    for (const bool applied : {false, true}) {
        const std::string state = applied ? " after apply" : " before apply";
        expect(around<0>(3), plain(3), "operands and veneer registers" + state);
        expect(around<1>(3), plain(3), "operands, one a result register" + state);
        expect(around<2>(3), plain(3), "registers that a function changes" + state);
        expect(around<3>(3), plain(3), "registers that a function keeps" + state);
#ifdef HAS_ARM_SVE
        if ((getauxval(AT_HWCAP) & HWCAP_SVE) != 0) {
            const double numbers[]{// NOLINT(*-avoid-c-arrays): up to 2048 bits, and one
                                   1,  3,  2, 4, 9,  8, 3, 7, 6, 2, 1, 8, 1, 2, 3, 4, 5,
                                   33, 12, 1, 1, 50, 3, 1, 1, 9, 8, 1, 4, 4, 5, 2, 7};
            const double expected = sum<0>(numbers);
            expect(sum<1>(numbers) == expected ? 1 : 0, 1, "SVE and a thunk" + state);
            expect(sum<2>(numbers) == expected ? 1 : 0, 1, "SVE and a call" + state);
            expect(sum<3>(numbers) == expected ? 1 : 0, 1, "SVE and a call that changes more" + state);
        }
#endif
        inlay::set(on, true);
        inlay::platform::process self{inlay::platform::process::way::replace_page}; // QEMU sees that
        if (!inlay::apply(inlay::this_image(), self)) {
            return 2;
        }
    }
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
