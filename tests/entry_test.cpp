// SPDX-License-Identifier: BSL-1.0
//
// asm.h: every macro, also with macros of a kernel's own inside, run under every mask of two features, before and after
// apply().
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

namespace {
inline constexpr inlay::feature<"entry.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"entry.y", inlay::by_hand{}> y;
} // namespace

extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_x, entry_y, entry_both;
int entry_single();
int entry_two();
int entry_three();
int entry_ternary();
int entry_nested();
int entry_empty();
int entry_replaced_by_nothing();
int entry_conditional();
// entry_macros.S
int macro_argument();
int macro_label();
int macro_call();
int macro_ternary();
int macro_condition();
int macro_nested();
int macro_preprocessed();
}

namespace {

void name_predicates() {
    inlay::name_for_assembly<&entry_x, x>();
    inlay::name_for_assembly<&entry_y, y>();
    inlay::name_for_assembly<&entry_both, x && y>();
}

TEST(Entry, WorksBeforeApply) {
    name_predicates();
    EXPECT_EQ(entry_single(), 1);
    EXPECT_EQ(entry_two(), 1);
    EXPECT_EQ(entry_three(), 1);
    EXPECT_EQ(entry_ternary(), 3) << "the unpatched form goes through the slot";
    EXPECT_EQ(entry_nested(), 1);
    EXPECT_EQ(entry_empty(), 0);
    EXPECT_EQ(entry_replaced_by_nothing(), 5);
    EXPECT_EQ(entry_conditional(), 7);
    EXPECT_EQ(macro_argument(), 1);
    EXPECT_EQ(macro_label(), 2);
    EXPECT_EQ(macro_call(), 1);
    EXPECT_EQ(macro_ternary(), 3);
    EXPECT_EQ(macro_condition(), 5);
    EXPECT_EQ(macro_nested(), 1);
    EXPECT_EQ(macro_preprocessed(), 1);
}

TEST(Entry, FollowsEveryMask) {
    for (const int mask : {0, 1, 2, 3, 0, 3, 1, 2}) {
        const bool has_x = (mask & 1) != 0;
        const bool has_y = (mask & 2) != 0;
        SCOPED_TRACE(mask);
        inlay::set(x, has_x);
        inlay::set(y, has_y);
        const auto done = inlay::apply();
        ASSERT_TRUE(done) << inlay::message(done.error());
        EXPECT_EQ(done.sites, 17U);
        EXPECT_EQ(entry_single(), has_x ? 2 : 1);
        EXPECT_EQ(entry_two(), has_y ? 3 : has_x ? 2 : 1);
        EXPECT_EQ(entry_three(), has_x && has_y ? 4 : has_y ? 3 : has_x ? 2 : 1);
        EXPECT_EQ(entry_ternary(), has_x ? 2 : 1);
        EXPECT_EQ(entry_nested(), has_y ? 3 : has_x ? 2 : 1);
        EXPECT_EQ(entry_empty(), has_x ? 2 : 0);
        EXPECT_EQ(entry_replaced_by_nothing(), has_x ? 1 : 5);
        EXPECT_EQ(entry_conditional(), has_x ? 2 : 7);
        EXPECT_EQ(macro_argument(), has_x ? 2 : 1);
        EXPECT_EQ(macro_label(), has_y ? 6 : has_x ? 4 : 2);
        EXPECT_EQ(macro_call(), has_y ? 2 : 1);
        EXPECT_EQ(macro_ternary(), has_x ? 2 : 1);
        EXPECT_EQ(macro_condition(), has_x ? 6 : 5);
        EXPECT_EQ(macro_nested(), has_y ? 3 : has_x ? 2 : 1);
        EXPECT_EQ(macro_preprocessed(), has_x && has_y ? 4 : has_y ? 3 : has_x ? 2 : 1);
    }
}

} // namespace
