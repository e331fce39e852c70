// SPDX-License-Identifier: BSL-1.0
//
// targets: the targets of the benchmarked calls, and the variables that decide between them. targets.cpp defines all of
// them. So no compiler sees the work of a call, or a variable that never changes.
#pragma once

#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace bench {

using number = std::uint64_t;

number callee(number x); ///< a rotation: where all calls end up
number other(number x);  ///< another one: where none should
number loop_popcount(number x);
number native_save_fl();
template <unsigned Way>
number way(number x); ///< a rotation; one of eight

struct base {
    base() = default;
    base(const base&) = delete;
    base(base&&) = delete;
    base& operator=(const base&) = delete;
    base& operator=(base&&) = delete;
    virtual ~base() = default;
    virtual number call(number x) const = 0;
};

extern number (*pointer)(number);
extern const base* object;
extern std::function<number(number)> function;
extern unsigned selector;
extern bool flag; ///< false
extern bool has_popcnt;

inline constexpr std::size_t random_count = std::size_t{1} << 16; ///< more than a branch predictor remembers
extern std::array<bool, random_count> random_flags;
extern std::size_t cursor; ///< where in random_flags a pass begins

inline constexpr std::size_t line = 64;
inline constexpr std::size_t most_sites = 4096;
extern std::array<bool, most_sites * line> spread_flags; ///< all false; a site each, on a cache line of its own

std::vector<const void*> spread_lines();

/// The final targets of calls, except functions that do the work of an instruction.
std::vector<const void*> ends();

inline constexpr inlay::static_key<"bench.turned_on", false> turned_on; ///< set() before anything is measured

struct operations {
    inlay::pv_op<number(number), &callee> call;
    inlay::pv_op<number(number), inlay::callee_save<&loop_popcount>> popcount;
    inlay::pv_op<number(), inlay::callee_save<&native_save_fl>> save_fl;
};
[[gnu::visibility("hidden")]] extern constinit operations patched_operations;
[[gnu::visibility("hidden")]] extern constinit operations unpatched_operations;

} // namespace bench

/// bench::callee, found by an ifunc resolver.
extern "C" bench::number bench_ifunc(bench::number x);
