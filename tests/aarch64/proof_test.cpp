// SPDX-License-Identifier: BSL-1.0
//
// Branches by features, proofs of features and system registers on AArch64. A plain program, like alternative_test.cpp.
// (tests/has_test.cpp has more places where such a branch can stand.)
#include <inlay/inlay.hpp>
#include <inlay/system/aarch64.hpp>

#include <cstdio>
#include <string>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;
using inlay::has, inlay::proof, inlay::proof_of;

int failed = 0;

void check(bool good, const std::string& what) {
    std::printf("%s proof: %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}

inline constexpr inlay::feature<"proof.yes", inlay::by_hand{}> yes;
inline constexpr inlay::feature<"proof.no", inlay::by_hand{}> no;

[[gnu::noinline]] int plain() { return has<yes> ? 1 : 0; }
[[gnu::noinline]] int absent() { return has<no> ? 1 : 0; }
[[gnu::noinline]] int laid_out_likely() { return likely(has < yes && !no >) ? 1 : 0; }
[[gnu::noinline]] int absent_likely() { return likely(has<no>) ? 1 : 0; }
template <class T>
[[gnu::noinline]] T in_a_template() {
    return has<yes> ? 1 : 0;
}
[[gnu::noinline]] int needs(proof_of<yes> /*proof*/, int value) { return value; }
[[gnu::noinline]] int with_proof() {
    if (const auto known = proof<yes && !no>()) {
        return needs(known, 1);
    }
    return 0;
}
[[gnu::noinline]] int without_proof() {
    if (const auto known = proof<no && yes>()) {
        return needs(known, 1);
    }
    return 0;
}
/// A program cannot use the PMU of any processor: this function must not run, and would be undefined.
[[gnu::noinline]] std::uint64_t of_the_pmu() {
    if (const auto pmu = proof<inlay::cpu.pmuv3>()) {
        inlay::aarch64::write<pmcr_el0>(pmu, 1);
        return inlay::aarch64::read<pmccntr_el0>(pmu);
    }
    return 7;
}

void look(int more, const std::string& when) {
    check(plain() == more, "a branch by a feature, " + when);
    check(absent() == 0, "one by an absent feature, " + when);
    check(laid_out_likely() == more, "one that is laid out as likely, " + when);
    check(absent_likely() == 0, "an absent feature, likely, " + when);
    check(in_a_template<long>() == more, "one in a template, " + when);
    check(with_proof() == more, "a proof, " + when);
    check(without_proof() == 0, "no proof, " + when);
    check(of_the_pmu() == 7, "no PMU, " + when);
}

} // namespace

int main() {
    inlay::set(yes, true);
    look(0, "before apply()");
    inlay::platform::process self{inlay::platform::process::way::replace_page}; // see keys_test.cpp
    const auto done = inlay::apply(inlay::this_image(), self);
    if (!done) {
        std::printf("%s\n", inlay::message(done.error()));
    }
    check(static_cast<bool>(done) && done.written >= 4, "apply()");
    look(1, "after apply()");

    // System registers that programs may use.
    using inlay::aarch64::read, inlay::aarch64::write;
    const std::uint64_t before = read<cntvct_el0>();
    check(read<cntvct_el0>() >= before && read<cntfrq_el0>() != 0, "the counter is read");
    check((read<ctr_el0>() >> 31) == 1 && inlay::aarch64::emit::cache_type() == read<ctr_el0>(), "CTR_EL0 is read");
    const std::uint64_t thread = read<tpidr_el0>();
    check(thread == reinterpret_cast<std::uint64_t>(__builtin_thread_pointer()), "TPIDR_EL0 is read");
    write<tpidr_el0>(thread);
    check(read<tpidr_el0>() == thread, "and written");
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
