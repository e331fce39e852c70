// SPDX-License-Identifier: BSL-1.0
//
// Transactions: all or nothing for each kind of failure, counts and order, the limit, and one replacement of a page.
#include "child.hpp"
#include "refuse.hpp"

#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::error;
using inlay_test::in_child;
using inlay_test::refuse;
using inlay_test::refuse_spare_pages;

struct pair {
    long first, second;
};

[[gnu::noinline]] long plus_one(long x) { return x + 1; }
[[gnu::noinline]] long plus_two(long x) { return x + 2; }
[[gnu::noinline]] pair two_of(long x) { return {x, x}; }

inline constexpr inlay::static_key<"t.key", false> key;
inline constexpr inlay::static_key<"t.on", true> on;
inline constexpr inlay::static_key<"t.counted", false> counted;
inline constexpr inlay::static_switch<"t.four", 4, 0U> four;
inline constexpr inlay::static_switch<"t.forty", 40, 1U> forty; // two sites in a row, with an order
inline constexpr inlay::static_call<"t.add", &plus_one> add;
inline constexpr inlay::static_call<"t.pair", &two_of> make_pair; // never null

template <int Copy>
[[gnu::noinline]] std::array<long, 6> ask() {
    asm volatile("" : : "i"(Copy)); // NOLINT(hicpp-no-assembler): or all copies are one
    return {
        key ? 1 : 0, on ? 1 : 0, counted ? 1 : 0, static_cast<long>(unsigned{four}), static_cast<long>(unsigned{forty}),
        add(100)};
}

/// Each on a page of its own.
template <int Copy>
[[gnu::noinline, gnu::aligned(4096)]] long ask_here() {
    asm volatile("" : : "i"(Copy)); // NOLINT(hicpp-no-assembler)
    return (key ? 1 : 0) + (on ? 10 : 0) + (counted ? 100 : 0) + static_cast<long>(unsigned{four}) * 1000 +
           add(0) * 10'000;
}

using values = std::array<long, 6>;
constexpr values before{0, 1, 0, 0, 1, 101};
constexpr values after{1, 0, 1, 2, 39, 102};

/// All sites of all names have these values.
testing::AssertionResult all_have(const values& wanted) {
    const std::vector<values> found{ask<0>(), ask<1>(), ask<2>(), ask<3>()};
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i] != wanted) {
            return testing::AssertionFailure() << "copy " << i << " has " << testing::PrintToString(found[i]);
        }
    }
    const long here = wanted[0] + wanted[1] * 10 + wanted[2] * 100 + wanted[3] * 1000 + (wanted[5] - 100) * 10'000;
    if (ask_here<0>() != here || ask_here<1>() != here) {
        return testing::AssertionFailure() << "a page of its own";
    }
    return testing::AssertionSuccess();
}

template <class Transaction>
void add_changes(Transaction& t) {
    t.set(key, true).set(on, false).enable(counted).set(four, 2).set(forty, 39).update(add, &plus_two);
}
template <class Transaction>
void add_changes_back(Transaction& t) {
    t.set(key, false).set(on, true).disable(counted).set(four, 0).set(forty, 1).update(add, &plus_one);
}

class Transaction : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(inlay::apply());
        ASSERT_TRUE(all_have(before));
    }
    void TearDown() override {
        inlay::transaction back;
        back.set(key, false).set(on, true).set(counted, false).set(four, 0).set(forty, 1).update(add, &plus_one);
        ASSERT_TRUE(back.commit());
        ASSERT_TRUE(all_have(before));
    }
};

TEST_F(Transaction, MakesAllOfItsChanges) {
    inlay::transaction t;
    add_changes(t);
    EXPECT_EQ(t.size(), 6U);
    EXPECT_TRUE(all_have(before)) << "without commit() nothing changes";
    const auto done = t.commit();
    ASSERT_TRUE(done) << inlay::message(done.error());
    EXPECT_EQ(t.failed(), t.size());
    EXPECT_GE(done.written, 6U);
    EXPECT_TRUE(all_have(after));
    t.clear();
    EXPECT_EQ(t.size(), 0U);
    const auto nothing = t.commit();
    EXPECT_TRUE(nothing);
    EXPECT_EQ(nothing.written, 0U);
    EXPECT_TRUE(all_have(after));
}

TEST_F(Transaction, CanBeMadeAgain) {
    inlay::transaction there;
    inlay::transaction back;
    add_changes(there);
    add_changes_back(back);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(there.commit());
        EXPECT_TRUE(all_have(after));
        ASSERT_TRUE(back.commit());
        EXPECT_TRUE(all_have(before));
    }
}

[[gnu::noinline]] void add_seven(long& x) noexcept { x += 7; }
inline constexpr inlay::hook<"t.hook", void(long&)> on_ask;
[[gnu::noinline]] long ask_hook() {
    long x = 0;
    on_ask(x);
    return x;
}

TEST_F(Transaction, HooksTakePart) {
    inlay::transaction t;
    add_changes(t);
    t.update(on_ask, &add_seven);
    ASSERT_TRUE(t.commit());
    EXPECT_TRUE(all_have(after));
    EXPECT_EQ(ask_hook(), 7);
    t.clear();
    add_changes_back(t);
    t.update(on_ask, nullptr);
    ASSERT_TRUE(t.commit());
    EXPECT_EQ(ask_hook(), 0);
}

// ---- Counts, and one name twice ----------------------------------------------------------------------

TEST_F(Transaction, CountsEachEnableAndDisable) {
    inlay::transaction three;
    three.enable(counted).enable(counted).enable(counted);
    const auto done = three.commit();
    ASSERT_TRUE(done);
    inlay::transaction one;
    one.disable(counted);
    for (const bool is_on : {true, true, false}) {
        ASSERT_TRUE(one.commit());
        EXPECT_EQ(ask<0>()[2], is_on ? 1 : 0);
    }
    EXPECT_EQ(one.commit().error(), error::not_enabled);
    EXPECT_EQ(one.failed(), 0U);

    inlay::transaction none;
    none.enable(counted).disable(counted);
    const auto unchanged = none.commit();
    ASSERT_TRUE(unchanged);
    EXPECT_EQ(unchanged.written, 0U) << "no site shows a setting between";
    inlay::transaction wrong;
    wrong.set(key, true).disable(counted).enable(counted);
    EXPECT_EQ(wrong.commit().error(), error::not_enabled) << "in their order";
    EXPECT_EQ(wrong.failed(), 1U);
    inlay::transaction both;
    both.set(counted, true).enable(counted);
    ASSERT_TRUE(both.commit());
    ASSERT_TRUE(inlay::disable(counted));
    EXPECT_EQ(ask<0>()[2], 1) << "set() counts as one";
    ASSERT_TRUE(inlay::disable(counted));
    EXPECT_EQ(ask<0>()[2], 0);
}

TEST_F(Transaction, OfANameThatStandsTwiceTheLastSettingIsMade) {
    inlay::transaction t;
    t.set(four, 1).update(add, nullptr).set(forty, 17).set(four, 3).set(forty, 39).update(add, &plus_two).set(four, 2);
    t.set(key, true).set(on, false).enable(counted);
    ASSERT_TRUE(t.commit());
    EXPECT_TRUE(all_have(after));
    t.set(four, 9);
    EXPECT_EQ(t.commit().error(), error::value_outside) << "also where a later change would follow";
    EXPECT_EQ(t.failed(), 10U);
}

// ---- All or nothing ----------------------------------------------------------------------------------

struct failing_member {
    const char* what;
    std::function<void(inlay::transaction<>&)> add;
    error trouble;
};
const std::vector<failing_member> failing_members{
    {"a value that a switch does not have", [](auto& t) { t.set(four, 4); }, error::value_outside},
    {"null for a call that returns an object", [](auto& t) { t.update(make_pair, nullptr); }, error::target_null},
    {"disable() without enable()", [](auto& t) { t.set(counted, false).disable(counted); }, error::not_enabled},
};

TEST_F(Transaction, ChangesNothingIfOneOfItsChangesIsRefused) {
    for (const auto& failing : failing_members) {
        for (unsigned place = 0; place < 3; ++place) {
            inlay::transaction t;
            unsigned number = 0;
            if (place != 0) {
                t.set(key, true).set(on, false).set(forty, 39);
            }
            failing.add(t);
            number = t.size() - 1;
            if (place != 2) {
                t.update(add, &plus_two);
            }
            const auto done = t.commit();
            EXPECT_EQ(done.error(), failing.trouble) << failing.what;
            EXPECT_EQ(t.failed(), number) << failing.what;
            EXPECT_EQ(done.record().index, number) << failing.what;
            EXPECT_EQ(done.written, 0U);
            EXPECT_TRUE(all_have(before)) << failing.what;
        }
    }
}

/// Writes a byte of text as a debugger does.
void put(std::uintptr_t at, std::uint8_t byte) {
    const int memory = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::pwrite(memory, &byte, 1, static_cast<off_t>(at)), 1);
    ::close(memory);
}

TEST_F(Transaction, ChangesNothingIfASiteHoldsAForeignInstruction) {
    const auto keys = inlay::this_image().keys;
    unsigned refused = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto at = keys.records[i].site.target();
        const auto was = *reinterpret_cast<const std::uint8_t*>(at);
        put(at, 0xf4); // hlt: no form of a key's site
        inlay::transaction t;
        add_changes(t);
        const auto done = t.commit();
        put(at, was);
        if (done) { // a key that does not change, or a group of ways that the switch does not reach
            t.clear();
            add_changes_back(t);
            ASSERT_TRUE(t.commit());
            continue;
        }
        ++refused;
        ASSERT_EQ(done.error(), error::site_changed) << i;
        EXPECT_EQ(done.record().table, inlay::table_kind::keys);
        EXPECT_EQ(done.record().index, i);
        EXPECT_LT(t.failed(), 5U);
        ASSERT_TRUE(all_have(before)) << i;
    }
    EXPECT_GE(refused, 4U * 6);
}

// In a process of its own: without the check, commit() reads memory after the transaction.
TEST_F(Transaction, RefusesMoreChangesThanItsLimit) {
    EXPECT_EQ(in_child([] {
                  inlay::transaction<6> t;
                  static_assert(decltype(t)::limit() == 6);
                  add_changes(t);
                  t.set(key, true);
                  t.set(key, false);
                  const auto done = t.commit();
                  if (done.error() != error::too_many_changes || t.failed() != 6 || !all_have(before)) {
                      return 1;
                  }
                  t.clear();
                  add_changes(t);
                  return t.commit() && all_have(after) ? 0 : 2; // as many as there is room for
              }),
              0);
}

TEST_F(Transaction, KeepsNoChangeBeyondItsLimit) {
    struct {
        inlay::transaction<2> t{};
        std::array<unsigned char, 4 * sizeof(inlay::detail::listed_change)> after{};
    } here;
    here.t.set(key, true).set(on, false).enable(counted).set(four, 2);
    EXPECT_EQ(here.t.size(), 3U);
    EXPECT_EQ(here.after, decltype(here.after){}) << "a change was written after the transaction";
}

// Memory after the room has another change here: without the check, it would be made.
TEST_F(Transaction, DoesNotLookBeyondItsRoom) {
    std::array<inlay::detail::listed_change, 2> all{};
    for (auto& each : all) {
        inlay::detail::list_change(each, inlay::detail::described<std::remove_cvref_t<decltype(key)>>(),
                                   inlay::detail::to_value(true));
    }
    inlay::detail::change_list list{all.data(), 1, 2, 2};
    const auto done = inlay::detail::change_names(list);
    EXPECT_EQ(done.error(), error::too_many_changes) << inlay::message(done.error());
    EXPECT_EQ(list.failed, 1U);
    EXPECT_TRUE(all_have(before));
}

// ---- Platforms that fail -----------------------------------------------------------------------------

int memory() {
    static const int file = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    return file;
}

/// A platform that counts the steps that may fail; the step of a number does.
struct failing_platform {
    inlay::platform::process self{};
    unsigned fails_at{~0U};
    bool fails_after{}; ///< all later steps fail, too
    unsigned calls{};

    [[nodiscard]] bool readable(inlay::address at, std::size_t size) const noexcept { return self.readable(at, size); }
    [[nodiscard]] bool writable(inlay::address at, std::size_t size) const noexcept { return self.writable(at, size); }
    [[nodiscard]] bool executable(inlay::address at, std::size_t size) const noexcept {
        return self.executable(at, size);
    }
    bool works() noexcept {
        const unsigned number = calls++;
        return fails_after ? number < fails_at : number != fails_at;
    }
};

/// Shows each write at once, as a kernel without processors does.
struct at_once : failing_platform {
    bool write(inlay::address at, const std::uint8_t* bytes, std::size_t size) noexcept {
        return works() && ::pwrite(memory(), bytes, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
    }
    bool finish() noexcept { return works(); }
};

/// Makes ready, then shows, as a process does.
struct staging : failing_platform {
    inlay::address last{};

    staging() : failing_platform{inlay::platform::process{inlay::platform::process::way::replace_page}} {}
    bool write(inlay::address at, const std::uint8_t* bytes, std::size_t size) noexcept {
        last = at;
        return works() && self.write(at, bytes, size);
    }
    bool stage() noexcept { return works() && self.stage(); }
    bool finish() noexcept {
        if (!works()) {
            self.drop();
            return false;
        }
        return self.finish();
    }
    void drop() noexcept { self.drop(); }
    void one_by_one() noexcept { self.one_by_one(); }
    [[nodiscard]] inlay::address refused() const noexcept { return last; }
};

template <class Platform>
class Failing : public Transaction {
protected:
    /// How often a transaction that succeeds asks the platform. The first one of a process asks more often. Later ones
    /// find the inner sites of a group, which is not reached meanwhile, as they left them.
    unsigned count() {
        (void)calls_of_one();
        return calls_of_one();
    }

private:
    unsigned calls_of_one() {
        Platform platform;
        inlay::transaction t;
        add_changes(t);
        EXPECT_TRUE(t.commit(platform));
        EXPECT_TRUE(all_have(after));
        t.clear();
        add_changes_back(t);
        EXPECT_TRUE(t.commit());
        return platform.calls;
    }
};
using platforms = testing::Types<at_once, staging>;
TYPED_TEST_SUITE(Failing, platforms);

TYPED_TEST(Failing, AnyWriteThatFailsIsTakenBack) {
    const unsigned calls = this->count();
    ASSERT_GT(calls, 6U);
    for (unsigned n = 0; n < calls; ++n) {
        TypeParam platform;
        platform.fails_at = n;
        inlay::transaction t;
        add_changes(t);
        const auto done = t.commit(platform);
        ASSERT_EQ(done.error(), error::text_not_writable) << n << ": " << inlay::message(done.error());
        EXPECT_LT(t.failed(), t.size()) << n;
        EXPECT_NE(done.record().table, inlay::table_kind::no_table) << n;
        EXPECT_EQ(done.written, 0U);
        ASSERT_TRUE(all_have(before)) << n;
    }
    EXPECT_TRUE(inlay::set(counted, false));
    EXPECT_EQ(inlay::disable(counted).error(), error::not_enabled) << "no count is left";
}

TYPED_TEST(Failing, IfTakingBackFailsTooTheErrorSaysSo) {
    const unsigned calls = this->count();
    unsigned incomplete = 0;
    for (unsigned n = 0; n < calls; ++n) {
        TypeParam platform;
        platform.fails_at = n;
        platform.fails_after = true;
        inlay::transaction t;
        add_changes(t);
        const auto done = t.commit(platform);
        ASSERT_FALSE(done);
        if (done.error() == error::change_incomplete) {
            ++incomplete;
            inlay::transaction back; // (set() would leave the other sites alone, which have the cells' value)
            add_changes(back);
            ASSERT_TRUE(back.commit());
            back.clear();
            back.set(key, false).set(on, true).set(counted, false).set(four, 0).set(forty, 1).update(add, &plus_one);
            ASSERT_TRUE(back.commit());
        }
        ASSERT_TRUE(all_have(before)) << n;
    }
    EXPECT_GT(incomplete, 0U);
}

TEST_F(Transaction, TheRecordOfAFailedWriteIsThatOfItsChange) {
    at_once counting;
    inlay::transaction t;
    t.set(key, true).set(four, 1).update(add, &plus_two);
    counting.fails_at = 0;
    counting.fails_after = true;
    const auto first = t.commit(counting);
    EXPECT_EQ(t.failed(), 0U) << "the names are written in their order";
    EXPECT_EQ(first.record().table, inlay::table_kind::keys);
    const auto written = inlay::set(key, true).written;
    ASSERT_TRUE(inlay::set(key, false));
    at_once later;
    later.fails_at = written;
    const auto second = t.commit(later);
    EXPECT_EQ(second.error(), error::text_not_writable);
    EXPECT_EQ(t.failed(), 1U);
    EXPECT_EQ(second.record().site, inlay::this_image().keys.records[second.record().index].site.target());
}

// ---- One pass over the pages ---------------------------------------------------------------------------

TEST_F(Transaction, ReplacesAPageOnceForAllNames) {
    staging one;
    ASSERT_TRUE(inlay::set(key, true, one));
    ASSERT_TRUE(inlay::set(key, false));
    staging all;
    inlay::transaction t;
    t.set(key, true).set(on, false).set(counted, true).set(four, 2).set(key, true);
    const auto done = t.commit(all);
    ASSERT_TRUE(done);
    EXPECT_GE(done.written, 4 * 4U);
    EXPECT_LE(all.self.writes(), one.self.writes()) << "moves of pages";
}

TEST_F(Transaction, FinishesOnceForAllNames) {
    at_once platform;
    inlay::transaction t;
    t.set(key, true).set(on, false).set(four, 2).update(add, &plus_two);
    const auto done = t.commit(platform);
    ASSERT_TRUE(done);
    EXPECT_EQ(platform.calls, done.written + 1);
}

// ---- Other threads ---------------------------------------------------------------------------------------

/// Sites of two keys that share a page.
inline constexpr inlay::static_key<"t.left", false> left_key;
inline constexpr inlay::static_key<"t.right", false> right_key;
[[gnu::noinline, gnu::aligned(4096)]] unsigned left_then_right() {
    const unsigned left = left_key ? 1 : 0;
    asm volatile("" : : : "memory"); // NOLINT(hicpp-no-assembler)
    return left * 2 + (right_key ? 1 : 0);
}

TEST_F(Transaction, SitesOfOnePageChangeAtOnce) {
    const auto done = inlay::apply();
    if (done.keys_direct != done.keys) {
        GTEST_SKIP() << "sites read memory here";
    }
    std::atomic<bool> stop{};
    std::atomic<int> epoch{}; // 2 * i + 1 while transaction i is under way, which sets both to i % 2 == 0
    std::atomic<unsigned long> wrong{};
    std::atomic<unsigned long> asked{};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            while (!stop.load(std::memory_order_relaxed)) {
                const int begin = epoch;
                const unsigned found = left_then_right();
                if (epoch == begin) { // at most one transaction meanwhile: from the old to the new value
                    const bool is_new = begin / 2 % 2 == 0;
                    const unsigned backward = is_new ? 2 : 1; // the left new, the right old
                    wrong += found == backward ? 1 : 0;
                    wrong += begin % 2 == 0 && found != (is_new ? 0U : 3U) ? 1 : 0;
                }
                asked.fetch_add(1, std::memory_order_relaxed);
            }
        });
    }
    while (asked < 1000) {
        std::this_thread::yield();
    }
    for (int i = 0; i < 3000; ++i) {
        inlay::transaction t;
        t.set(left_key, i % 2 == 0).set(right_key, i % 2 == 0).set(key, i % 2 == 0);
        epoch = 2 * i + 1;
        EXPECT_TRUE(t.commit());
        epoch = 2 * i + 2;
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_EQ(wrong, 0U) << "of " << asked;
}

TEST_F(Transaction, TransactionsOfManyThreadsWaitForEachOther) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([] {
            inlay::transaction there;
            inlay::transaction back;
            there.enable(counted).enable(key);
            back.disable(key).disable(counted);
            for (int turn = 0; turn < 300; ++turn) {
                EXPECT_TRUE(there.commit());
                EXPECT_EQ(ask<1>()[2], 1);
                EXPECT_EQ(ask<1>()[0], 1);
                EXPECT_TRUE(back.commit());
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_TRUE(all_have(before));
}

// ---- Where the kernel refuses, and before apply() -----------------------------------------------------------

// Death tests run first: nothing is applied yet.
TEST(TransactionDeathTest, BeforeApplyTheCellsChange) {
    EXPECT_EQ(in_child([] {
                  inlay::transaction t;
                  add_changes(t);
                  const auto done = t.commit();
                  if (!done || done.written != 0 || !all_have(after)) {
                      return 1;
                  }
                  return inlay::apply() && all_have(after) ? 0 : 2;
              }),
              0);
}

TEST(TransactionDeathTest, WhereThereAreNoSparePagesNewOnesDo) {
    EXPECT_EQ(in_child([] {
                  refuse_spare_pages();
                  const auto applied = inlay::apply();
                  inlay::transaction there;
                  inlay::transaction back;
                  add_changes(there);
                  add_changes_back(back);
                  for (int i = 0; i < 2; ++i) {
                      if (!there.commit() || !all_have(after) || !back.commit() || !all_have(before)) {
                          return 1;
                      }
                  }
                  return applied && applied.keys_direct == applied.keys ? 0 : 2;
              }),
              0);
}

TEST(TransactionDeathTest, WherePagesCannotBeMovedNothingChanges) {
    EXPECT_EQ(in_child([] {
                  if (!inlay::apply()) {
                      return 1;
                  }
                  refuse(SYS_mremap);
                  inlay::transaction t;
                  add_changes(t);
                  const auto done = t.commit();
                  return done.error() == error::text_not_writable && done.system_error == EACCES && done.written == 0 &&
                                 done.record().table != inlay::table_kind::no_table && t.failed() < t.size() &&
                                 all_have(before)
                             ? 0
                             : 2;
              }),
              0);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
