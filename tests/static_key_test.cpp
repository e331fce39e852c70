// SPDX-License-Identifier: BSL-1.0
//
// Static keys and switches: every kind of place, before and after apply(), set again and again.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <coroutine>
#include <cstring>
#include <exception>
#include <type_traits>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::error;

inline constexpr inlay::static_key<"key.off", false> off;
inline constexpr inlay::static_key<"key.on", true> on;
inline constexpr inlay::static_key<"key.plain"> nothing_said;
inline constexpr inlay::static_key<"key.counted", false> counted;
inline constexpr inlay::static_key<"key.counted_on", true> counted_on;
inline constexpr inlay::static_key<"key.early", false> early;
inline constexpr inlay::static_key<"key.unused", false> unused; // no site: set() works as well

enum class codec { none, fast, small };
inline constexpr inlay::static_switch<"switch.codec", 3, codec::fast> chosen;
inline constexpr inlay::static_switch<"switch.level", 4> level;
inline constexpr inlay::static_switch<"switch.sixteen", 16, 15U> sixteen;
inline constexpr inlay::static_switch<"switch.seventeen", 17, 16U> seventeen;
inline constexpr inlay::static_switch<"switch.most", 64, 33U> most;
inline constexpr inlay::static_switch<"switch.early", 20, 1U> early_way;

// A static initialiser of this unit sets the key before the next initialiser asks: they run in the order of the source.
[[maybe_unused]] const bool early_set = static_cast<bool>(inlay::set(early, true)) && inlay::set(early_way, 19);
const bool early_seen = early && early_way == 19;

[[gnu::noinline]] int plain(int x) {
    if (off) {
        return x + 1;
    }
    return x;
}
[[gnu::noinline]] int plain_on(int x) {
    if (on) {
        return x + 1;
    }
    return x;
}
[[gnu::noinline]] int negated(int x) { return !off ? x : x + 1; }
[[gnu::noinline]] int laid_out_likely(int x) { return likely(off) ? x + 1 : x; }
[[gnu::noinline]] int laid_out_unlikely(int x) { return unlikely(on) ? x + 1 : x; }
[[gnu::noinline]] int both(int x) { return off && on ? x + 1 : x; }
[[gnu::noinline]] int as_a_value(int x) {
    const bool value = off;
    return x + static_cast<int>(value);
}
inline int in_an_inline_function(int x) { return off ? x + 1 : x; }
template <class T>
[[gnu::noinline]] T in_a_template(T x) {
    if (off) {
        x += 1;
    }
    return x;
}
template <bool Asks>
[[gnu::noinline]] int in_a_constexpr_branch(int x) {
    if constexpr (Asks) {
        return off ? x + 1 : x;
    } else {
        return x + 1;
    }
}
constexpr auto in_a_lambda = [](int x) { return off ? x + 1 : x; };

[[gnu::noinline]] int in_a_loop(int x) {
    int sum = 0;
    for (int i = 0; i < x; ++i) {
        if (off) {
            sum += 100;
        }
        sum += on ? 1 : 10;
    }
    return sum;
}

[[gnu::noinline]] int with_exceptions(int x) {
    try {
        if (off) {
            throw x + 1;
        }
        return x;
    } catch (int thrown) {
        return thrown;
    }
}

struct counter {
    struct promise_type {
        int value{};
        counter get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        static std::suspend_never initial_suspend() noexcept { return {}; }
        static std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int yielded) {
            value = yielded;
            return {};
        }
        static void return_void() {}
        static void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

counter in_a_coroutine(int x) {
    for (;;) {
        if (off) {
            co_yield x + 1;
        } else {
            co_yield x;
        }
    }
}

/// Every way to ask for `off`; each gives 10 + value.
std::vector<int> ask_off() {
    counter coroutine = in_a_coroutine(10);
    const int first = coroutine.handle.promise().value;
    coroutine.handle.resume();
    const int second = coroutine.handle.promise().value;
    coroutine.handle.destroy();
    return {plain(10),
            negated(10),
            laid_out_likely(10),
            as_a_value(10),
            in_an_inline_function(10),
            in_a_template(10),
            static_cast<int>(in_a_template(10L)),
            in_a_constexpr_branch<true>(10),
            in_a_lambda(10),
            with_exceptions(10),
            first,
            second};
}

void expect_off_is(bool value, const char* when) {
    SCOPED_TRACE(when);
    EXPECT_EQ(ask_off(), std::vector<int>(12, value ? 11 : 10));
}

class StaticKey : public testing::Test {
protected:
    void TearDown() override {
        EXPECT_TRUE(inlay::set(off, false));
        EXPECT_TRUE(inlay::set(on, true));
    }
};

TEST_F(StaticKey, IsSetByStaticInitialisersBeforeApply) { EXPECT_TRUE(early_seen); }

TEST_F(StaticKey, EverywhereBeforeAndAfterApply) {
    for (const bool applied : {false, true}) {
        SCOPED_TRACE(applied);
        if (applied) {
            const auto done = inlay::apply();
            ASSERT_TRUE(done) << inlay::message(done.error());
            EXPECT_GE(done.keys, 15U);
            EXPECT_EQ(done.keys_direct, done.keys) << "every site is a nop or a jump";
        }
        expect_off_is(false, "at first");
        for (int i = 0; i < 3; ++i) {
            ASSERT_TRUE(inlay::set(off, true));
            expect_off_is(true, "set");
            ASSERT_TRUE(inlay::set(off, false));
            expect_off_is(false, "and back");
        }
        EXPECT_EQ(plain_on(10), 11);
        EXPECT_EQ(laid_out_unlikely(10), 11);
        EXPECT_EQ(both(10), 10);
        EXPECT_EQ(in_a_loop(5), 5);
        ASSERT_TRUE(inlay::set(off, true));
        EXPECT_EQ(both(10), 11);
        EXPECT_EQ(in_a_loop(5), 505);
        ASSERT_TRUE(inlay::set(on, false));
        EXPECT_EQ(plain_on(10), 10);
        EXPECT_EQ(laid_out_unlikely(10), 10);
        EXPECT_EQ(both(10), 10);
        EXPECT_EQ(in_a_loop(5), 550);
        ASSERT_TRUE(inlay::set(on, true));
        ASSERT_TRUE(inlay::set(off, false));
    }
}

TEST_F(StaticKey, IsOffWhereNothingElseIsSaid) {
    static_assert(std::is_same_v<decltype(nothing_said), const inlay::static_key<"key.plain", false>>);
    const auto value = [] { return nothing_said ? 1 : unlikely(nothing_said) ? 2 : 0; };
    EXPECT_EQ(value(), 0);
    ASSERT_TRUE(inlay::set(nothing_said, true));
    EXPECT_EQ(value(), 1);
    ASSERT_TRUE(inlay::set(nothing_said, false));
    EXPECT_EQ(value(), 0);
}

TEST_F(StaticKey, AppliedAgainItStaysAsSet) {
    ASSERT_TRUE(inlay::apply());
    ASSERT_TRUE(inlay::set(off, true));
    const auto again = inlay::apply();
    ASSERT_TRUE(again);
    EXPECT_EQ(again.keys_direct, again.keys);
    expect_off_is(true, "after a second apply()");
}

TEST_F(StaticKey, SettingWhatIsSetWritesNothing) {
    ASSERT_TRUE(inlay::apply());
    auto done = inlay::set(off, true);
    EXPECT_GE(done.written, 10U);
    done = inlay::set(off, true);
    ASSERT_TRUE(done);
    EXPECT_EQ(done.written, 0U);
    EXPECT_TRUE(inlay::set(unused, true));
}

TEST_F(StaticKey, EnablesAreCounted) {
    for (const bool applied : {false, true}) {
        if (applied) {
            ASSERT_TRUE(inlay::apply());
        }
        EXPECT_FALSE(counted);
        EXPECT_TRUE(inlay::enable(counted));
        EXPECT_TRUE(inlay::enable(counted));
        EXPECT_TRUE(counted);
        EXPECT_TRUE(inlay::disable(counted));
        EXPECT_TRUE(counted) << "one enable() is left";
        EXPECT_TRUE(inlay::disable(counted));
        EXPECT_FALSE(counted);
        const auto more = inlay::disable(counted);
        EXPECT_EQ(more.error(), error::not_enabled);
        EXPECT_STRNE(inlay::message(more.error()), "unknown error");
        EXPECT_FALSE(counted);
        // set() forgets the count.
        EXPECT_TRUE(inlay::enable(counted));
        EXPECT_TRUE(inlay::enable(counted));
        EXPECT_TRUE(inlay::set(counted, true));
        EXPECT_TRUE(inlay::disable(counted));
        EXPECT_FALSE(counted);
        // A key that is on to begin with has been enabled once.
        EXPECT_TRUE(counted_on);
        EXPECT_TRUE(inlay::enable(counted_on));
        EXPECT_TRUE(inlay::disable(counted_on));
        EXPECT_TRUE(counted_on);
        EXPECT_TRUE(inlay::disable(counted_on));
        EXPECT_FALSE(counted_on);
        EXPECT_TRUE(inlay::enable(counted_on));
        EXPECT_TRUE(counted_on);
    }
}

TEST_F(StaticKey, NoMoreEnablesThanCanBeCounted) {
    auto& count = decltype(counted)::state.state.enabled;
    for (const bool applied : {false, true}) {
        if (applied) {
            ASSERT_TRUE(inlay::apply());
        }
        ASSERT_TRUE(inlay::enable(counted));
        count = INT32_MAX - 1;
        EXPECT_TRUE(inlay::enable(counted));
        EXPECT_EQ(count, INT32_MAX);
        const auto more = inlay::enable(counted);
        EXPECT_EQ(more.error(), error::enabled_too_often);
        EXPECT_STRNE(inlay::message(more.error()), "unknown error");
        EXPECT_EQ(more.written, 0U);
        EXPECT_EQ(count, INT32_MAX);
        EXPECT_TRUE(counted);
        EXPECT_TRUE(inlay::disable(counted));
        EXPECT_EQ(count, INT32_MAX - 1);
        EXPECT_TRUE(inlay::enable(counted));
        EXPECT_TRUE(inlay::set(counted, false));
        EXPECT_FALSE(counted);
    }
}

// ---- Switches --------------------------------------------------------------------------------------

[[gnu::noinline]] const char* by_codec() {
    switch (chosen) {
    case codec::none:
        return "none";
    case codec::fast:
        return "fast";
    case codec::small:
        return "small";
    }
    return "";
}
[[gnu::noinline]] unsigned by_level(unsigned x) {
    switch (level) {
    case 0:
        return x;
    case 1:
        return x * 2;
    case 2:
        return x * 3;
    default:
        return x * 4;
    }
}
[[gnu::noinline]] unsigned value_of_sixteen() { return sixteen; }
[[gnu::noinline]] unsigned value_of_seventeen() { return seventeen; }
[[gnu::noinline]] unsigned some_of_most() {
    switch (most) {
    case 0:
        return 1000;
    case 15:
        return 1015;
    case 16:
        return 1016;
    case 33:
        return 1033;
    case 63:
        return 1063;
    default:
        return most;
    }
}

template <class Switch, class Ask>
void through_all_values(const Switch& which, const Ask& ask) {
    const unsigned ways = Switch::ways;
    for (unsigned i = 0; i < 3 * ways; ++i) {
        const unsigned value = i < ways ? i : i < 2 * ways ? 2 * ways - 1 - i : i * 7 % ways; // up, down, to and fro
        ASSERT_TRUE(inlay::set(which, value));
        ASSERT_EQ(ask(), value);
    }
    ASSERT_TRUE(inlay::set(which, Switch::initial));
}

TEST(StaticSwitch, EveryValueBeforeAndAfterApply) {
    for (const bool applied : {false, true}) {
        SCOPED_TRACE(applied);
        if (applied) {
            ASSERT_TRUE(inlay::apply());
        }
        EXPECT_STREQ(by_codec(), "fast");
        EXPECT_EQ(by_level(10), 10U);
        EXPECT_EQ(value_of_sixteen(), 15U);
        EXPECT_EQ(value_of_seventeen(), 16U);
        EXPECT_EQ(some_of_most(), 1033U);
        through_all_values(level, [] { return by_level(1) - 1; });
        through_all_values(sixteen, value_of_sixteen);
        through_all_values(seventeen, value_of_seventeen);
        through_all_values(most, [] {
            const unsigned value = some_of_most();
            return value >= 1000 ? value - 1000 : value;
        });
        ASSERT_TRUE(inlay::set(chosen, codec::small));
        EXPECT_STREQ(by_codec(), "small");
        ASSERT_TRUE(inlay::set(chosen, codec::none));
        EXPECT_STREQ(by_codec(), "none");
        ASSERT_TRUE(inlay::set(chosen, codec::fast));
    }
}

TEST(StaticSwitch, RefusesAValueThatItDoesNotHave) {
    const unsigned four = 4;
    const auto done = inlay::set(level, four);
    EXPECT_EQ(done.error(), error::value_outside);
    EXPECT_EQ(by_level(10), 10U) << "and nothing changes";
    EXPECT_EQ(inlay::set(chosen, static_cast<codec>(3)).error(), error::value_outside);
}

// ---- The form in text ------------------------------------------------------------------------------

/// The record of the first site at or after the beginning of `function`.
const inlay::table::key_record* first_record_in(int (*function)(int)) {
    const auto keys = inlay::this_image().keys;
    const auto begin = reinterpret_cast<inlay::address>(function);
    const auto distance = [&](const inlay::table::key_record& record) { return record.site.target() - begin; };
    const inlay::table::key_record* nearest = nullptr;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (nearest == nullptr || distance(keys.records[i]) < distance(*nearest)) {
            nearest = &keys.records[i];
        }
    }
    return nearest;
}

TEST(StaticKeySites, OneNopOrOneJump) {
    ASSERT_TRUE(inlay::apply());
    const auto* const record = first_record_in(&plain);
    ASSERT_NE(record, nullptr);
    const auto* const site = reinterpret_cast<const std::uint8_t*>(record->site.target());
    const unsigned length = inlay::arch::jump_length(site);
    ASSERT_EQ(length, inlay::arch::longest_jump) << "always the long jump";
    std::uint8_t nop[8]{};
    inlay::arch::fill_nops(nop, length);
    EXPECT_EQ(std::memcmp(site, nop, length), 0) << "off: a nop";
    ASSERT_TRUE(inlay::set(off, true));
    EXPECT_NE(inlay::arch::jump_target(record->site.target()), 0U) << "on: a jump";
    EXPECT_EQ(inlay::arch::jump_length(site), length);
    ASSERT_TRUE(inlay::set(off, false));
    EXPECT_EQ(std::memcmp(site, nop, length), 0);
}

TEST(StaticKeySites, RecordsOfAKeyStandTogether) {
    ASSERT_TRUE(inlay::apply());
    const auto keys = inlay::this_image().keys;
    std::vector<inlay::address> seen;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto at = keys.records[i].key.target() & ~inlay::address{3};
        const auto cell = reinterpret_cast<const inlay::table::named*>(at)->cell.target();
        if (seen.empty() || seen.back() != cell) {
            for (const auto before : seen) {
                EXPECT_NE(before, cell) << "two runs of one cell";
            }
            seen.push_back(cell);
            EXPECT_EQ(reinterpret_cast<const inlay::table::cell*>(cell)->state.sites, i + 1);
        }
    }
    EXPECT_GE(seen.size(), 8U);
}

TEST(StaticKeySites, AForeignByteIsRefusedAndNothingChanges) {
    ASSERT_TRUE(inlay::apply());
    const auto* const record = first_record_in(&plain);
    ASSERT_NE(record, nullptr);
    const auto at = record->site.target();
    const auto kept = *reinterpret_cast<const std::uint8_t*>(at);
    using inlay::platform::process;
    const auto put = [&](std::uint8_t byte) {
        process self{process::way::replace_page};
        return self.write(at, &byte, 1) && self.finish();
    };
    ASSERT_TRUE(put(0xcc)); // as a debugger's breakpoint would
    const auto done = inlay::set(off, true);
    EXPECT_EQ(done.error(), error::site_changed);
    EXPECT_EQ(done.record().table, inlay::table_kind::keys);
    EXPECT_EQ(done.record().site, at);
    EXPECT_FALSE(in_a_lambda(10) != 10) << "no other site changed";
    ASSERT_TRUE(put(kept));
    ASSERT_TRUE(inlay::set(off, true));
    expect_off_is(true, "without it");
    ASSERT_TRUE(inlay::set(off, false));
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
