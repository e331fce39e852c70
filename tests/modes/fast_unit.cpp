// SPDX-License-Identifier: BSL-1.0
//
// A unit for processors with AVX2, whose functions run only there. It uses all kinds of sites, so that this unit has a
// copy of each inlay function.
#include "units.hpp"

#include <inlay/pv.hpp>
#include <inlay/pv_ops.hpp>

using namespace inlay::x86::insn;

inline constexpr auto number =
    inlay::alternative<mov(eax, 1), inlay::when<inlay::cpu.avx2, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr inlay::static_switch<"units.way", 5, 0U> way;
struct operations {
    inlay::pv_op<long(long), inlay::callee_save<lea(rax, ptr(rdi, 1))>> add;
};
inline constinit operations table;
inline constexpr inlay::pv_call<&table, &operations::add> add_one;

int fast(int x) {
    if (key) {
        return x + number() - 2;
    }
    const auto done = inlay::apply();
    (void)inlay::enable(key);
    (void)inlay::disable(key);
    (void)inlay::set(key, true);
    (void)inlay::set(way, 3);
    (void)inlay::update(called, &fast);
    (void)inlay::update(called, nullptr);
    inlay::transaction<> both;
    (void)both.set(way, 3).update(hook, nullptr).commit();
    hook(x);
    x += set_by_text();
    return x + (way == 3 ? 1 : 0) + static_cast<int>(add_one(1)) + (inlay::message(done.error())[0] == 'n' ? 1 : 0);
}
