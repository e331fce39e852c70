// SPDX-License-Identifier: BSL-1.0
//
// Tables that are structs of Hana's are walked like the aggregates that PFR walks.
#include <inlay/hana.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

/// The same members four times: an aggregate, two ways to make it Hana's, and a class that only Hana can walk.
struct plain {
    inlay::feature<"hana.x", inlay::by_hand{}> x;
    inlay::feature<"hana.y", [] { return true; }> y;
};
struct defined {
    BOOST_HANA_DEFINE_STRUCT(defined, (inlay::feature<"hana.x", inlay::by_hand{}>, x),
                             (inlay::feature<"hana.y", inlay::by_hand{}>, y));
};
class adapted {
public:
    constexpr explicit adapted(int number) : other{number} {}
    inlay::feature<"hana.y", inlay::by_hand{}> y;
    int other;
    inlay::feature<"hana.x", inlay::by_hand{}> x;
};

template <class Table>
std::vector<std::string> features_of(const Table& table) {
    std::vector<std::string> result;
    inlay::for_each_feature(table, [&](auto feature) { result.emplace_back(feature.text()); });
    return result;
}

} // namespace

BOOST_HANA_ADAPT_STRUCT(adapted, x, y);

namespace {

static_assert(inlay::feature_count_of<plain> == 2 && inlay::feature_count_of<defined> == 2);

TEST(Hana, FeaturesAreWalked) {
    const std::vector<std::string> both{"hana.x", "hana.y"};
    EXPECT_EQ(features_of(plain{}), both);
    EXPECT_EQ(features_of(defined{}), both);
    EXPECT_EQ(features_of(adapted{1}), both);
    EXPECT_GT(features_of(inlay::cpu).size(), 10U);
    EXPECT_EQ(features_of(inlay::cpu).size(), inlay::feature_count);
}

TEST(Hana, MembersHaveNames) {
    std::string text;
    const adapted table{1};
    inlay::for_each_member(table, [&](const char* name, const auto& feature) {
        text.append(name).append("=").append(feature.text()).append(" ");
    });
    EXPECT_EQ(text, "x=hana.x y=hana.y ");
}

#if defined(__x86_64__) || defined(__i386__)

int called = 0;
void first() { called = 1; }
void second() { called = 2; }
void other() { called = 3; }
unsigned long third(unsigned long x) { return x + 3; }

struct plain_ops {
    inlay::pv_op<void(), &first> one;
    inlay::pv_op<void(), &second> two;
    inlay::pv_op<unsigned long(unsigned long), &third> three;
};
struct defined_ops {
    BOOST_HANA_DEFINE_STRUCT(defined_ops, (inlay::pv_op<void(), &first>, one), (inlay::pv_op<void(), &second>, two),
                             (inlay::pv_op<unsigned long(unsigned long), &third>, three));
};
class adapted_ops {
public:
    constexpr adapted_ops() = default;
    inlay::pv_op<void(), &first> one;
    int number = 7; // not walked
    inlay::pv_op<void(), &second> two;
    inlay::pv_op<unsigned long(unsigned long), &third> three;
};

} // namespace

BOOST_HANA_ADAPT_STRUCT(adapted_ops, one, two, three);

namespace {

inline constinit plain_ops plain_table;
inline constinit defined_ops defined_table;
inline constinit adapted_ops adapted_table;

template <auto* Table>
void walk() {
    using table = std::remove_pointer_t<decltype(Table)>;
    static_assert(inlay::operation_count<table> == 3);
    static_assert(inlay::operation_index<Table, &table::one> == 0 && inlay::operation_index<Table, &table::three> == 2);
    unsigned natives = 0;
    const auto count = [&natives](const auto& operation) { natives += operation.is_native() ? 1 : 0; };
    inlay::for_each_operation(*Table, count);
    EXPECT_EQ(natives, 3U);
    inlay::pv_call<Table, 1UL>{}();
    EXPECT_EQ(called, 2);
    EXPECT_EQ((inlay::pv_call<Table, &table::three>{}(4)), 7U);
    (*Table).two = &other;
    natives = 0;
    inlay::for_each_operation(*Table, count);
    EXPECT_EQ(natives, 2U);
    inlay::pv_call<Table, 1UL>{}();
    EXPECT_EQ(called, 3);
    inlay::restore(*Table);
    inlay::pv_call<Table, 1UL>{}();
    EXPECT_EQ(called, 2);
}

TEST(Hana, OperationsAreWalked) {
    walk<&plain_table>();
    walk<&defined_table>();
    walk<&adapted_table>();
    EXPECT_EQ(adapted_table.number, 7);
    EXPECT_EQ((std::string{inlay::operation_name<&adapted_table, &adapted_ops::two>}.substr(13)), ".two");
    std::string names;
    inlay::for_each_member(adapted_table, [&](const char* name, auto& operation) {
        names.append(name).append(operation.is_native() ? " " : "! ");
    });
    EXPECT_EQ(names, "one two three ");
}

#endif

} // namespace
