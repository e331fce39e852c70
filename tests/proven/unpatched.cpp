// SPDX-License-Identifier: BSL-1.0
//
// A program that changes keys, but does not call apply(). It says how each change ended; its status is 0 if each key that
// was set has its value, and each other one has its own.
#include <inlay/inlay.hpp>

#include <cstdio>

namespace {

inline constexpr inlay::static_key<"app.first", false> first;
inline constexpr inlay::static_key<"app.second", false> second;
inline constexpr inlay::static_switch<"app.level", 4, 1U> level;

int data[64]; // NOLINT(*-avoid-c-arrays): zeros beside the cells

} // namespace

int main() {
    const auto one = inlay::set(first, true);
    inlay::transaction changes;
    const auto both = changes.set(second, true).set(level, 3U).commit();
    std::printf("%s\n%s\n", inlay::message(one.error()), inlay::message(both.error()));
    bool right = first == bool{one} && second == bool{both} && level == (both ? 3U : 1U);
    for (const int each : data) {
        right = right && each == 0;
    }
    return right ? 0 : 1;
}
