// SPDX-License-Identifier: BSL-1.0
//
// A type of an unnamed namespace is a different type in each unit, although its mangled name is the same.
#include "unit_types.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace {

TEST(UnitTypes, BelongToTheirUnits) {
    unit_types::describe_names();
    unit_types::describe_in_other_unit();
    std::map<std::string, std::set<std::string>> types;
    const auto names = inlay::this_image().names;
    for (std::size_t i = 0; i < names.size(); ++i) {
        types[inlay::detail::text_at(names.records[i].name)].insert(inlay::detail::text_at(names.records[i].signature));
    }
    EXPECT_EQ(types.size(), 19U);
    for (const auto& [name, signatures] : types) {
        EXPECT_EQ(signatures.size(), name.starts_with("own.") ? 2U : 1U) << name << ": " << *signatures.begin();
    }
}

// Compilers give such a switch of two units one mangled name; each has its own value nevertheless.
TEST(UnitTypes, EachUnitHasItsOwnSwitch) {
    EXPECT_EQ(unit_types::own_switch_here(), unit_types::colour::red);
    EXPECT_EQ(unit_types::own_switch_in_other_unit(), 0);
    EXPECT_TRUE(inlay::set(unit_types::own_switch, unit_types::colour::blue));
    EXPECT_EQ(unit_types::own_switch_here(), unit_types::colour::blue);
    EXPECT_EQ(unit_types::own_switch_in_other_unit(), 0);
    EXPECT_TRUE(inlay::set(unit_types::own_switch, unit_types::colour::red));
}

TEST(UnitTypes, OneNameOfBothIsAClash) {
    const auto done = inlay::apply();
    EXPECT_EQ(done.error(), inlay::error::name_clash);
    EXPECT_EQ(std::string{done.clash().name}.substr(0, 4), "own.");
    EXPECT_STRNE(done.clash().type, done.clash().other_type);
}

} // namespace
