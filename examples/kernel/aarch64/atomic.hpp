// SPDX-License-Identifier: BSL-1.0
//
// atomic: an exchange, by one instruction where the processor has LSE.
//
//     while (exchange(lock, 1) != 0) { pause(); }
//
// Why. Without LSE (Armv8.0) it is a loop of exclusive loads and stores, under contention a slow one. A kernel for all
// processors has the loop as a function. On a processor with LSE, each site has the instruction.
#pragma once

#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

[[nodiscard]] inline u32 exchange_by_loop(u32* at, u32 value) noexcept {
    return __atomic_exchange_n(at, value, __ATOMIC_ACQ_REL);
}

namespace detail {
namespace insn = inlay::aarch64::insn;
inline constexpr auto exchange_site =
    inlay::alternative<insn::call<&exchange_by_loop>(),
                       inlay::when<inlay::cpu.atomics, insn::swpal(insn::w1, insn::w0, insn::x0)>>{}
        .named<"exchange">()
        .takes<insn::x0, insn::x1>()
        .returns<insn::x0, u32>();
} // namespace detail

/// Stores `value` and returns the old value; acquires and releases.
[[nodiscard]] inline u32 exchange(u32& at, u32 value) noexcept { return detail::exchange_site(&at, value); }

} // namespace kernel
