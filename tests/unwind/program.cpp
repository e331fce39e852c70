// SPDX-License-Identifier: BSL-1.0
//
// The rest of each case's program: the features, and the functions that forms call.
#include <inlay/inlay.hpp>

inline constexpr inlay::feature<"x", inlay::by_hand{}> feature_x;
inline constexpr inlay::feature<"y", inlay::by_hand{}> feature_y;

extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node with_x;
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node with_y;
void function();
void one();
void two();
extern void (*slot)();
void one() {}
void two() {}
void (*slot)() = &one;
}

int main() {
    inlay::name_for_assembly<&with_x, feature_x>();
    inlay::name_for_assembly<&with_y, feature_y>();
    return inlay::apply() ? 0 : 1;
}

// The cases are checked, and not run; `function` is linked in by this.
void (*volatile kept)() = &function;
