// SPDX-License-Identifier: BSL-1.0
//
// A program whose table of names damaged.py changes. It ends with 0 if inlay refuses the table, or works as written.
#include <inlay/inlay.hpp>

#include <cstdint>

inline constexpr inlay::static_key<"damaged.off", false> off;
inline constexpr inlay::static_key<"damaged.on", true> on;
static int one() { return 1; }
inline constexpr inlay::static_call<"damaged.call", &one> call;

// Data around the cells, where a damaged reference finds a cell that is none.
struct words {
    std::uintptr_t values[256];
};
[[gnu::used]] static constinit words others = [] {
    words all{};
    for (auto& each : all.values) {
        each = 0x1000;
    }
    return all;
}();

int main() {
    const auto done = inlay::apply();
    return !done || (!off && on && call() == 1) ? 0 : 1;
}
