// SPDX-License-Identifier: BSL-1.0
//
// live_sites: the sites themselves. See live_sites.hpp.
#include "live_sites.hpp"

namespace kernel::live {

namespace {

constexpr u64 changing = 1 << 8;
constexpr unsigned count_at = 9; // changes so far: so that no two states are the same

constinit u64 now = 0;
constinit u64 needed = 0; // the last synchronisation of the changes so far

void store(u64 value) noexcept { __atomic_store_n(&now, value, __ATOMIC_RELEASE); }

[[nodiscard]] constexpr bool legal(const found& it) noexcept {
    return it.key <= 1 && it.way <= 3 && it.call <= 2 && it.nothing <= 1 && it.zero <= 1 && it.hooked <= 1;
}
[[nodiscard]] constexpr u64 packed(const found& it) noexcept {
    return it.key | it.way << 1 | it.call << 3 | it.nothing << 5 | it.zero << 6 | it.hooked << 7;
}

[[gnu::noinline]] found run_through() noexcept {
    found result{};
    result.key = key ? 1 : 0;
    switch (way) {
    case 0:
        result.way = 0;
        break;
    case 1:
        result.way = 1;
        break;
    case 2:
        result.way = 2;
        break;
    default:
        result.way = 3;
        break;
    }
    constexpr u64 something = 0x1234567800000000;
    result.call = call(something) - something;
    nothing(&result.nothing);
    result.zero = zero();
    hooked(&result.hooked);
    return result;
}

} // namespace

u64 plus_0(u64 value) noexcept { return value; }
u64 plus_1(u64 value) noexcept { return value + 1; }
u64 plus_2(u64 value) noexcept { return value + 2; }
void note(u64* at) noexcept { *at = 1; }
u64 one() noexcept { return 1; }

void begin(const found& sites) noexcept { store(packed(sites)); }
void say_changing(u64 number) noexcept { store(number << count_at | changing); }
void say_changed(u64 number, const found& sites) noexcept {
    __atomic_store_n(&needed, synchronised_everywhere(), __ATOMIC_RELAXED); // released with the state
    store((number + 1) << count_at | packed(sites));
}
u64 state() noexcept { return __atomic_load_n(&now, __ATOMIC_ACQUIRE); }
u64 changes_by(u64 state) noexcept { return state >> count_at; }

void pass(passes& mine) noexcept {
    const u64 before = state();
    const u64 number = __atomic_load_n(&needed, __ATOMIC_RELAXED);
    const bool behind = synchronised_here() < number;
    const found result = run_through();
    const u64 after = state();
    const bool settled = before == after && (before & changing) == 0;
    mine.all += 1;
    mine.settled += settled ? 1U : 0U;
    mine.illegal += legal(result) ? 0U : 1U;
    mine.stale += settled && packed(result) != (before & (changing - 1)) ? 1U : 0U;
    mine.forgotten += settled && behind ? 1U : 0U;
}

} // namespace kernel::live
