// SPDX-License-Identifier: BSL-1.0
#include "targets.hpp"

#include <algorithm>
#include <random>

namespace bench {

number callee(number x) { return x + 1; }
number other(number x) { return x + 2; }

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
    return x + 1 + (x >> (56 + Way)); // the same for the numbers of the benchmark; else the linker may fold them
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
    [[nodiscard]] number call(number x) const override { return x + 1; }
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

constinit operations patched_operations;
constinit operations unpatched_operations;

} // namespace bench

extern "C" {
[[gnu::used]] bench::number (*bench_resolve())(bench::number) { return &bench::callee; }
[[gnu::ifunc("bench_resolve")]] bench::number bench_ifunc(bench::number x);
}
