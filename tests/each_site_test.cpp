// SPDX-License-Identifier: BSL-1.0
//
// The results of each_site() for each kind of site, before and after apply(), and if apply() could not patch it. Also
// is_patched().
#include <inlay/each_site.hpp>
#include <inlay/inlay.hpp>
#include <inlay/self_test.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::x86::insn;
using inlay::reason, inlay::when, inlay::table_kind;

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

inline constexpr inlay::feature<"each.x", inlay::by_hand{}> x;
inline constexpr auto site =
    inlay::alternative<mov(eax, 1), when<x, mov(eax, 2)>>{}.named<"each.site">().returns<accumulator, int>();
inline constexpr auto always = inlay::alternative<mov(eax, 1), when<inlay::always, mov(eax, 3)>>{}
                                   .named<"each.always">()
                                   .returns<accumulator, int>();
int one(int value) { return value + 1; }
int two(int value) { return value + 2; }
inline constexpr inlay::dispatch<"each.dispatch", &one, when<x, &two>> dispatched;
inline constexpr inlay::dispatch<"each.lost", &one, when<x, &two>> lost;
inline constexpr inlay::static_call<"each.call", &one> call;
inline constexpr inlay::static_key<"each.key"> key;

[[gnu::noinline]] int run_site() { return site(); }
[[gnu::noinline]] int run_always() { return always(); }
[[gnu::noinline]] int run_dispatch() { return dispatched(1) + 1; }
[[gnu::noinline]] int run_call() { return call(1) + 1; }
[[gnu::noinline]] int run_key() { return key ? 1 : 0; }
[[gnu::noinline]] int run_lost() {
    int (*volatile pointer)(int) = lost; // the marker of a call that is none
    return pointer(1);
}

struct seen {
    table_kind table;
    std::string name;
    reason why;
    unsigned chosen;
    bool patched;
    inlay::address at;
};

template <class Platform>
std::vector<seen> all_of(const inlay::table::tables& tables, const Platform& platform) {
    std::vector<seen> all;
    inlay::each_site(tables, platform, [&](const inlay::site_note& note) {
        all.push_back({note.where.table, note.name, note.why, note.chosen, note.patched, note.where.site});
    });
    return all;
}
template <class Platform = inlay::platform::process>
seen of(const std::string& name, const Platform& platform = Platform{}) {
    for (const auto& each : all_of(inlay::this_image(), platform)) {
        if (each.name == name) {
            return each;
        }
    }
    ADD_FAILURE() << "no site of " << name;
    return {};
}

/// Without optimisation no call is found: the compiler calls through a register.
#ifdef __OPTIMIZE__
constexpr bool calls_are_found = true;
#else
constexpr bool calls_are_found = false;
#endif
constexpr reason of_call(reason why) { return calls_are_found ? why : reason::call_not_found; }

// A platform that cannot change text later on, and one whose text is gone.
struct writes_once : inlay::platform::process {
    static bool live() noexcept { return false; }
};
struct without_text : inlay::platform::process {
    without_text() = default;
    static bool gone(inlay::address /*at*/) noexcept { return true; }
};
struct refuses : inlay::platform::process {
    static bool write(inlay::address /*at*/, const std::uint8_t* /*bytes*/, std::size_t /*size*/) noexcept {
        return false;
    }
};

[[gnu::noinline]] bool patched_here() { return inlay::is_patched(); }

TEST(EachSite, BeforeApply) {
    EXPECT_FALSE(patched_here());
    EXPECT_DEATH(inlay::trap_unless_patched(), "");
    for (const auto& each : all_of(inlay::this_image(), inlay::platform::process{})) {
        EXPECT_EQ(each.why, reason::not_applied) << each.name;
        EXPECT_FALSE(each.patched) << each.name;
    }
    EXPECT_EQ(of("each.always").chosen, 1U);
    EXPECT_EQ(run_site() + run_always() + run_dispatch() + run_lost() + run_call() + run_key(), 10);
}

TEST(EachSite, ARefusalIsNotTakenForSuccess) {
    refuses platform;
    inlay::set(x, true);
    const auto done = inlay::apply(inlay::this_image(), platform);
    EXPECT_EQ(done.error(), inlay::error::text_not_writable);
    EXPECT_FALSE(patched_here());
    EXPECT_EQ(of("each.site").why, reason::not_applied);
    EXPECT_EQ(of("each.site").chosen, 1U);
    EXPECT_FALSE(of("each.site").patched);
    EXPECT_EQ(of("each.call").why, of_call(reason::not_applied));
}

TEST(EachSite, TextThatMayNotChangeLater) {
    writes_once platform;
    ASSERT_TRUE(inlay::apply(inlay::this_image(), platform));
    EXPECT_EQ(of("each.key", platform).why, reason::text_must_stay);
    EXPECT_EQ(of("each.call", platform).why, of_call(reason::text_must_stay));
    EXPECT_EQ(of("each.dispatch", platform).why, of_call(reason::none));
    EXPECT_EQ(of("each.dispatch", platform).patched, calls_are_found);
}

TEST(EachSite, AfterApply) {
    for (const bool on : {true, false, true}) {
        SCOPED_TRACE(on);
        inlay::set(x, on);
        ASSERT_TRUE(inlay::apply());
        EXPECT_TRUE(patched_here());
        inlay::trap_unless_patched();
        EXPECT_EQ(of("each.site").why, reason::none);
        EXPECT_EQ(of("each.site").chosen, on ? 1U : 0U);
        EXPECT_EQ(of("each.site").patched, on);
        EXPECT_TRUE(of("each.always").patched);
        for (const char* const name : {"each.dispatch", "each.call"}) {
            EXPECT_EQ(of(name).why, of_call(reason::none)) << name;
            EXPECT_EQ(of(name).patched, calls_are_found) << name;
        }
        EXPECT_EQ(of("each.key").why, reason::none);
        EXPECT_TRUE(of("each.key").patched);
        EXPECT_EQ(of("each.lost").why, reason::call_not_found);
        EXPECT_FALSE(of("each.lost").patched);
        EXPECT_EQ(of("each.key").table, table_kind::keys);
        EXPECT_EQ(of("each.call").table, table_kind::calls);
        EXPECT_EQ(run_site(), on ? 2 : 1);
    }
    ASSERT_TRUE(inlay::set(key, true));
    ASSERT_TRUE(inlay::update(call, &two));
    EXPECT_EQ(of("each.key").why, reason::none);
    EXPECT_EQ(of("each.call").why, of_call(reason::none));
    EXPECT_EQ(run_key() + run_call(), 5);
}

TEST(EachSite, CountsEachRecordOnce) {
    const auto tables = inlay::this_image();
    const auto all = all_of(tables, inlay::platform::process{});
    EXPECT_EQ(all.size(), tables.alternatives.size() + tables.calls.size() + tables.keys.size());
    EXPECT_EQ(std::string{message(reason::none)}, "the site is as apply() makes it");
    EXPECT_EQ(std::string{message(reason::call_not_found)},
              "the call was not found after its marker; it goes on through its trampoline");
    EXPECT_EQ(std::string{message(reason::bad_record)}, "the record of the site is malformed");
    EXPECT_EQ(std::string{message(reason{99})}, "unknown reason");
}

TEST(EachSite, TextThatIsGone) {
    const without_text platform;
    for (const auto& each : all_of(inlay::this_image(), platform)) {
        EXPECT_EQ(each.why, reason::gone);
    }
}

TEST(EachSite, ForeignBytes) {
    ASSERT_TRUE(inlay::apply());
    inlay::platform::process platform;
    const auto at = of("each.site").at;
    std::uint8_t before = 0;
    std::memcpy(&before, reinterpret_cast<const void*>(at), 1);
    const std::uint8_t breakpoint = 0xcc;
    ASSERT_TRUE(platform.write(at, &breakpoint, 1) && platform.finish());
    EXPECT_EQ(of("each.site").why, reason::foreign);
    ASSERT_TRUE(platform.write(at, &before, 1) && platform.finish());
    EXPECT_EQ(of("each.site").why, reason::none);
}

TEST(EachSite, AMalformedRecordIsSaidToBeOne) {
    static const inlay::table::alternative_record bad{};
    auto tables = inlay::this_image();
    tables.alternatives = {&bad, sizeof bad};
    const auto all = all_of(tables, inlay::platform::process{});
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all[0].why, reason::bad_record);
}

} // namespace
// NOLINTEND(*-avoid-magic-numbers)
