// SPDX-License-Identifier: BSL-1.0
//
// INLAY_FEATURES: forcing features on and off by name.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

// NOLINTBEGIN(*-avoid-magic-numbers)

inline constexpr inlay::feature<"override.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"override.y", [] { return true; }> y;

inline constexpr auto by_hand = inlay::alternative<mov(eax, 0), when<x, mov(eax, 1)>>{}.returns<accumulator, int>();
inline constexpr auto by_function = inlay::alternative<mov(eax, 0), when<y, mov(eax, 1)>>{}.returns<accumulator, int>();
inline constexpr auto by_cpu =
    inlay::alternative<mov(eax, 0), when<cpu.sse2, mov(eax, 1)>>{}.returns<accumulator, int>();

class Override : public testing::Test {
protected:
    ~Override() override {
        unsetenv("INLAY_FEATURES"); // NOLINT(concurrency-mt-unsafe)
        (void)inlay::apply();
    }
    static inlay::outcome with(const char* list) {
        setenv("INLAY_FEATURES", list, 1); // NOLINT(concurrency-mt-unsafe)
        return inlay::apply();
    }
};

TEST_F(Override, ForcesEachKindOfFeature) {
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(by_hand() * 100 + by_function() * 10 + by_cpu(), 11);
    ASSERT_TRUE(with("+override.x,-override.y,-sse2"));
    EXPECT_EQ(by_hand() * 100 + by_function() * 10 + by_cpu(), 100);
    ASSERT_TRUE(with("+override.y"));
    EXPECT_EQ(by_hand() * 100 + by_function() * 10 + by_cpu(), 11) << "unlisted features keep their values";
    ASSERT_TRUE(with(""));
    EXPECT_EQ(by_hand() * 100 + by_function() * 10 + by_cpu(), 11);
}

TEST_F(Override, KnowsFeaturesThatNoSiteUses) {
    EXPECT_TRUE(with("-avx512f,-3dnow,+xenpv,-smap"));
    EXPECT_EQ(by_cpu(), 1);
}

TEST_F(Override, NamesWhatIsWrongAndChangesNothing) {
    ASSERT_TRUE(inlay::apply());
    struct {
        const char* list;
        inlay::error error;
        const char* entry;
    } const cases[] = {
        {"-sse2,avx2", inlay::error::override_malformed, "avx2"},
        {"-sse2,,+avx2", inlay::error::override_malformed, ",+avx2"},
        {"-sse2,+", inlay::error::override_malformed, "+"},
    };
    for (const auto& each : cases) {
        SCOPED_TRACE(each.list);
        const auto done = with(each.list);
        EXPECT_EQ(done.error(), each.error);
        EXPECT_STREQ(done.detail(), each.entry);
        EXPECT_EQ(by_cpu(), 1) << "the good entry before it had no effect either";
    }
    ASSERT_TRUE(with(""));
    EXPECT_EQ(by_cpu(), 1);
}

TEST_F(Override, AnUnknownNameIsSaidAndAllElseIsPatched) {
    ASSERT_TRUE(inlay::apply());
    for (const char* const list : {"-sse2,-avx2x", "-avx2x,-sse2", "-sse2,-avx2x,+override"}) {
        SCOPED_TRACE(list);
        const auto done = with(list);
        EXPECT_EQ(done.error(), inlay::error::override_unknown);
        EXPECT_EQ(std::strncmp(done.detail(), "-avx2x", 6), 0) << "the first one";
        EXPECT_GT(done.sites, 0U);
        EXPECT_EQ(by_cpu(), 0);
        ASSERT_TRUE(with(""));
        EXPECT_EQ(by_cpu(), 1);
    }
}

TEST_F(Override, AKernelRefusesAnUnknownName) {
    const auto image = inlay::this_image();
    const inlay::platform::process self;
    const auto none = [](const char* /*name*/, std::size_t /*length*/) { return false; };
    const auto done = inlay::override_features(image, self, "-sse2,-avx2x", none);
    EXPECT_EQ(done.error(), inlay::error::override_unknown);
    EXPECT_STREQ(done.detail(), "-avx2x");
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(by_cpu(), 1) << "the good entry before it had no effect either";
}

// NOLINTEND(*-avoid-magic-numbers)

} // namespace
