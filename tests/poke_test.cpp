// SPDX-License-Identifier: BSL-1.0
//
// Changes at any time: while other threads execute the sites, if text may not be written, and their order.
#include "child.hpp"
#include "made_image.hpp"
#include "refuse.hpp"

#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/syscall.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::error;
using inlay_test::in_child;
using inlay_test::refuse;
using inlay_test::refuse_spare_pages;

[[gnu::noinline]] long plus_one(long x) { return x + 1; }
[[gnu::noinline]] long plus_two(long x) { return x + 2; }

inline constexpr inlay::static_call<"poke.add", &plus_one> add;
inline constexpr inlay::static_call<"poke.maybe", inlay::no_target<void(std::atomic<long>&)>> note;
inline constexpr inlay::static_key<"poke.key", false> key;
inline constexpr inlay::static_switch<"poke.way", 40, 1U> way;

[[gnu::noinline]] long call_it(long x) { return add(x); }
[[gnu::noinline]] long call_it_and_more(long x) { return add(x) + add(x + 1); }
[[gnu::noinline]] int ask_it() { return key ? 1 : 0; }
[[gnu::noinline]] unsigned value_of_way() {
    switch (way) {
    case 1:
        return 1;
    case 17:
        return 17;
    case 39:
        return 39;
    default:
        return 1000 + way;
    }
}

// Sites that straddle a cache line and a page: padding in front, until apply() has found one of each.
template <int Padding>
[[gnu::noinline, gnu::aligned(64)]] long at_every_offset(long x) {
    asm volatile(".skip %c0, 0x90" : : "i"(Padding)); // NOLINT(hicpp-no-assembler): only the place matters
    return add(x) + (key ? 10 : 0);
}
template <int... Padding>
std::vector<long (*)(long)> all_offsets(std::integer_sequence<int, Padding...> /*of*/) {
    return {&at_every_offset<Padding>...};
}

/// At least this long, in changes; INLAY_SOAK=1 makes it a hundred times as many.
int changes() {
    const char* const soak = std::getenv("INLAY_SOAK"); // NOLINT(concurrency-mt-unsafe)
    return soak != nullptr && *soak == '1' ? 200'000 : 2'000;
}

/// Runs `ask` in two threads while `change(i)` runs in this thread for i = 0, 1, ... Each change replaces `value_at(i -
/// 1)` by `value_at(i)`. During a change, the answer must be the old or the new value; between changes, the last value.
template <class Ask, class Change, class ValueAt>
void race(const Ask& ask, const Change& change, const ValueAt& value_at) {
    std::atomic<bool> stop{};
    std::atomic<int> epoch{}; // 2 * i + 1 while change i is under way
    std::atomic<long> wrong{};
    std::atomic<long> asked{};
    std::atomic<long> during{};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            while (!stop.load(std::memory_order_relaxed)) {
                const int before = epoch;
                const long answer = ask();
                if (epoch == before) {
                    const int i = before / 2;
                    const bool good = answer == value_at(i - 1) || (before % 2 != 0 && answer == value_at(i));
                    wrong += good ? 0 : 1;
                    during += before % 2;
                }
                asked.fetch_add(1, std::memory_order_relaxed);
            }
        });
    }
    while (asked < 1000) {
        std::this_thread::yield();
    }
#if defined(__OPTIMIZE__) // else GCC calls through a register, and a change of a call is one store
    constexpr bool meets = true;
#else
    constexpr bool meets = false;
#endif
    // On a busy machine, the threads may meet no change for a while.
    for (int i = 0; i < changes() || (meets && during == 0 && i < 100 * changes()); ++i) {
        epoch = 2 * i + 1;
        change(i);
        epoch = 2 * i + 2;
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_EQ(wrong, 0) << "of " << asked << " answers, " << during << " of them during a change";
    EXPECT_TRUE(during > 0 || !meets);
}

TEST(Live, ACallGoesToTheOldOrTheNewTarget) {
    ASSERT_TRUE(inlay::apply());
    race([] { return call_it(10); }, [](int i) { EXPECT_TRUE(inlay::update(add, i % 2 == 0 ? &plus_two : &plus_one)); },
         [](int i) { return i % 2 == 0 ? 12 : 11; });
    ASSERT_TRUE(inlay::update(add, &plus_one));
}

TEST(Live, ANullTargetComesAndGoes) {
    ASSERT_TRUE(inlay::apply());
    race(
        [] {
            std::atomic<long> mine{};
            note.maybe(mine);
            return mine.load();
        },
        [](int i) {
            EXPECT_TRUE(i % 2 == 0 ? inlay::update(note, [](std::atomic<long>& to) { ++to; })
                                   : inlay::update(note, nullptr));
        },
        [](int i) { return i % 2 == 0 ? 1 : 0; });
    ASSERT_TRUE(inlay::update(note, nullptr));
}

TEST(Live, ASwitchHasTheOldOrTheNewValueAlsoAcrossGroups) {
    ASSERT_TRUE(inlay::apply());
    // From group to group, to another member each time: a reader must not find a group with its last member.
    static constexpr unsigned values[] = {1, 17, 39, 2, 18, 38};
    ASSERT_TRUE(inlay::set(way, 38));
    race([] { return static_cast<long>(value_of_way() % 1000); },
         [](int i) { EXPECT_TRUE(inlay::set(way, values[i % 6])); },
         [](int i) { return static_cast<long>(values[(i + 6) % 6]); });
    ASSERT_TRUE(inlay::set(way, 1));
}

TEST(Live, SitesAtEveryOffsetOfALine) {
    ASSERT_TRUE(inlay::apply());
    const auto functions = all_offsets(std::make_integer_sequence<int, 64>{});
#if defined(__OPTIMIZE__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
    const auto calls = inlay::this_image().calls;
    int straddling = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto at = calls.records[i].site.target();
        straddling += at / 64 != (at + 4) / 64 ? 1 : 0;
    }
    EXPECT_GT(straddling, 0) << "a call across two cache lines";
#endif
    std::atomic<unsigned> next{};
    race([&] { return functions[next++ % functions.size()](100); },
         [](int i) {
             EXPECT_TRUE(i % 2 == 0 ? inlay::update(add, i % 4 == 0 ? &plus_two : &plus_one)
                                    : inlay::set(key, i % 4 == 1));
         },
         [](int i) {
             static constexpr long sums[] = {102, 112, 111, 101};
             return sums[(i + 4) % 4];
         });
    ASSERT_TRUE(inlay::update(add, &plus_one));
    ASSERT_TRUE(inlay::set(key, false));
}

TEST(Live, AnInstructionAcrossTwoPagesChangesAtOnce) {
    // Five bytes around a page boundary in this program's text, written as they are.
    const inlay::platform::process image;
    auto at = (reinterpret_cast<inlay::address>(&call_it) & ~inlay::address{4095}) - 2;
    at += image.executable(at, 5) ? 0 : 4096;
    ASSERT_TRUE(image.executable(at, 5));
    std::uint8_t bytes[5];
    std::memcpy(bytes, reinterpret_cast<const void*>(at), sizeof(bytes));
    inlay::platform::process self{inlay::platform::process::way::replace_page};
    ASSERT_TRUE(self.write(at, bytes, sizeof(bytes)) && self.finish());
    EXPECT_EQ(self.writes(), 1U) << "both pages in one step";
    EXPECT_EQ(std::memcmp(bytes, reinterpret_cast<const void*>(at), sizeof(bytes)), 0);
    EXPECT_EQ(call_it(1), 2);
}

TEST(Live, UpdatesFromManyThreadsWaitForEachOther) {
    ASSERT_TRUE(inlay::apply());
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < 300; ++i) {
                EXPECT_TRUE(inlay::enable(key));
                EXPECT_TRUE(key);
                EXPECT_TRUE(inlay::disable(key));
                EXPECT_TRUE(inlay::update(add, i % 2 == 0 ? &plus_two : &plus_one));
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_FALSE(key) << "as many disable() as enable()";
    ASSERT_TRUE(inlay::update(add, &plus_one));
    EXPECT_EQ(call_it(1), 2);
}

TEST(Live, NoPageIsWritableAndExecutable) {
    ASSERT_TRUE(inlay::apply());
    std::atomic<bool> stop{};
    std::thread changer{[&] {
        for (int i = 0; !stop; ++i) {
            EXPECT_TRUE(inlay::set(key, i % 2 == 0));
        }
    }};
    for (int i = 0; i < 200; ++i) {
        std::FILE* const maps = std::fopen("/proc/self/maps", "r");
        char line[512];
        while (std::fgets(line, sizeof(line), maps) != nullptr) {
            const char* const mode = std::strchr(line, ' ');
            EXPECT_FALSE(mode != nullptr && mode[2] == 'w' && mode[3] == 'x') << line;
        }
        std::fclose(maps);
    }
    stop = true;
    changer.join();
    ASSERT_TRUE(inlay::set(key, false));
}

// ---- The sites that an update reads ----------------------------------------------------------------

inline constexpr inlay::static_key<"poke.lone", false> lone;
[[gnu::noinline]] int ask_lone() { return lone ? 1 : 0; }

/// The process's platform; it counts the requests.
struct counting {
    inlay::platform::process self{inlay::platform::process::way::replace_page};
    mutable unsigned asked{};
    unsigned written{};

    [[nodiscard]] bool readable(inlay::address at, std::size_t size) const noexcept {
        ++asked;
        return self.readable(at, size);
    }
    [[nodiscard]] bool writable(inlay::address at, std::size_t size) const noexcept {
        ++asked;
        return self.writable(at, size);
    }
    [[nodiscard]] bool executable(inlay::address at, std::size_t size) const noexcept {
        ++asked;
        return self.executable(at, size);
    }
    bool write(inlay::address at, const std::uint8_t* bytes, std::size_t size) noexcept {
        ++written;
        return self.write(at, bytes, size);
    }
    bool finish() noexcept { return self.finish(); }
};

TEST(Cost, AnUpdateLooksAtTheSitesOfItsNameOnly) {
    ASSERT_TRUE(inlay::apply());
    ASSERT_GE(inlay::this_image().keys.size(), 64U);
    counting one;
    const auto set_lone = inlay::set(lone, true, one);
    ASSERT_TRUE(set_lone);
    EXPECT_EQ(set_lone.written, 1U);
    EXPECT_EQ(one.written, 1U);
    EXPECT_EQ(ask_lone(), 1);
    EXPECT_LE(one.asked, 8U) << "of one site, with any other records";
    counting many;
    const auto set_key = inlay::set(key, true, many);
    ASSERT_TRUE(set_key);
    EXPECT_GE(set_key.written, 64U);
    EXPECT_LE(many.asked, 8U * set_key.written);
    ASSERT_TRUE(inlay::set(lone, false));
    ASSERT_TRUE(inlay::set(key, false));
}

TEST(Cost, SitesOfOnePageAreWrittenAtOnce) {
    ASSERT_TRUE(inlay::apply());
    counting all;
    ASSERT_TRUE(inlay::set(key, true, all));
    EXPECT_GE(all.written, 64U);
    // 64 functions of at most 192 bytes, and their cold parts.
    EXPECT_LE(all.self.writes(), 64U * 192 / 4096 + 4);
    ASSERT_TRUE(inlay::set(key, false));
}

/// No page can be made executable, as under MemoryDenyWriteExecute.
void refuse_executable_memory() { refuse(SYS_mprotect, 2, PROT_EXEC); }

bool changes_work() {
    return inlay::set(key, true) && ask_it() == 1 && inlay::set(key, false) && ask_it() == 0 &&
           inlay::update(add, &plus_two) && call_it(1) == 3 && inlay::update(add, &plus_one) && call_it(1) == 2 &&
           inlay::set(way, 39) && value_of_way() == 39 && inlay::set(way, 2) && value_of_way() % 1000 == 2;
}

// Death tests run first: nothing is applied yet, in any order of the tests above.
TEST(PokeDeathTest, WhereTextCannotChangeLaterTheFormThatReadsMemoryStays) {
    EXPECT_EQ(in_child([] {
                  refuse(SYS_mremap);
                  const auto done = inlay::apply();
                  return done && done.keys_direct == 0 && done.calls_direct == 0 && changes_work() ? 0 : 1;
              }),
              0);
    EXPECT_EQ(in_child([] { // neither a spare page nor a new one
                  refuse_spare_pages();
                  refuse_executable_memory();
                  const auto done = inlay::apply();
                  return done && done.keys_direct == 0 && done.calls_direct == 0 && changes_work() ? 0 : 1;
              }),
              0);
}

TEST(PokeDeathTest, ASparePageNeedsNoExecutableMemory) {
    EXPECT_EQ(in_child([] {
                  refuse_executable_memory();
                  const auto done = inlay::apply();
                  return done && done.keys_direct == done.keys && changes_work() ? 0 : 1;
              }),
              0);
}

TEST(PokeDeathTest, WhereThereIsNoSparePageANewOneDoes) {
    EXPECT_EQ(in_child([] {
                  refuse_spare_pages();
                  const auto done = inlay::apply();
                  return done && done.keys_direct == done.keys && changes_work() ? 0 : 1;
              }),
              0);
}

TEST(PokeDeathTest, WhereItIsRefusedAfterApplyNothingChangesAndTheReasonIsGiven) {
    for (const bool spare : {true, false}) {
        EXPECT_EQ(in_child([spare] {
                      if (!spare) {
                          refuse_spare_pages();
                      }
                      if (!inlay::apply()) {
                          return 1;
                      }
                      refuse(SYS_mremap);
                      const auto done = inlay::set(key, true);
                      if (done || done.error() != error::text_not_writable || done.system_error != EACCES ||
                          done.written != 0 || ask_it() != 0) {
                          return 2;
                      }
                      const auto call = inlay::update(add, &plus_two);
                      if (!call && (call.record().table != inlay::table_kind::calls || call.system_error != EACCES)) {
                          return 3; // (without optimisation no call is patched, and apply() refuses nothing)
                      }
                      return call_it(1) == (call ? 3 : 2) && call_it_and_more(1) == (call ? 7 : 5) ? 0 : 4;
                  }),
                  0)
            << spare;
    }
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
