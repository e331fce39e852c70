// SPDX-License-Identifier: BSL-1.0
#include "targets.hpp"

#include "../by_hand.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace bench {

number callee(number x) { return by_hand::rotate<13>(x); }
number other(number x) { return by_hand::rotate<7>(x); }

number loop_popcount(number x) {
    number count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}

number native_save_fl() { return __builtin_ia32_readeflags_u64(); }

template <unsigned Way>
number way(number x) {
    return by_hand::rotate<16 + Way>(x); // by another number each, else the linker may fold them
}
template number way<0>(number);
template number way<1>(number);
template number way<2>(number);
template number way<3>(number);
template number way<4>(number);
template number way<5>(number);
template number way<6>(number);
template number way<7>(number);

namespace {

struct derived final : base {
    [[nodiscard]] number call(number x) const override { return by_hand::rotate<13>(x); }
};
const derived the_object;

std::array<bool, random_count> coin_tosses() {
    std::array<bool, random_count> all{};
    std::mt19937 random{1};
    std::generate(all.begin(), all.end(), [&] { return random() % 2 != 0; });
    return all;
}

} // namespace

number (*pointer)(number) = &callee;
const base* object = &the_object;
std::function<number(number)> function = &callee;
unsigned selector = 3;
bool flag = false;
bool has_popcnt = __builtin_cpu_supports("popcnt") != 0;
std::array<bool, random_count> random_flags = coin_tosses();
std::size_t cursor = 0;
std::array<bool, most_sites * line> spread_flags{};
std::vector<const void*> spread_lines() {
    std::vector<const void*> result;
    for (std::size_t i = 0; i < most_sites; ++i) {
        result.push_back(&spread_flags[i * line]);
    }
    return result;
}

std::vector<const void*> ends() {
    const void* in_class = nullptr; // Itanium's ABI: after the two destructors
    std::memcpy(&in_class, static_cast<const char*>(*reinterpret_cast<const void* const*>(object)) + 2 * sizeof(void*),
                sizeof in_class);
    const auto place = [](number (*each)(number)) { return reinterpret_cast<const void*>(each); };
    return {in_class,       place(&callee), place(&other),  place(&way<0>), place(&way<1>), place(&way<2>),
            place(&way<3>), place(&way<4>), place(&way<5>), place(&way<6>), place(&way<7>)};
}

constinit operations patched_operations;
constinit operations unpatched_operations;

} // namespace bench

extern "C" {
[[gnu::used]] bench::number (*bench_resolve())(bench::number) { return &bench::callee; }
[[gnu::ifunc("bench_resolve")]] bench::number bench_ifunc(bench::number x);
}
