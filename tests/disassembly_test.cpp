// SPDX-License-Identifier: BSL-1.0
//
// The instructions that patching leaves in text: a direct call for a static call, one nop for a key that is off.
// Functions that differ in that alone are compared instruction by instruction, as they stand in memory.
#include <inlay/inlay.hpp>
#include <inlay/report/disassembly.hpp>
#include <inlay/report/symbols.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

/// Weak, so that compilers draw no conclusions from its body: a static call cannot either.
extern "C" [[gnu::weak]] long disassembly_target(long x) { return x + 1; }

namespace {

constexpr auto target = &disassembly_target;

[[gnu::noinline]] long other_target(long x) { return x + 2; }

inline constexpr inlay::static_call<"disassembly.call", target> call;
inline constexpr inlay::static_call<"disassembly.null", inlay::no_target<void(long)>> null;
inline constexpr inlay::static_call<"disassembly.zero", inlay::returns_zero<long(long)>> zero;
inline constexpr inlay::static_key<"disassembly.off", false> off;
inline constexpr inlay::static_key<"disassembly.on", true> on;
enum class codec { none, fast, small };
inline constexpr inlay::static_switch<"disassembly.codec", 3, codec::fast> chosen;

// Pairs: the first function of each is patched, the second is the same code without inlay.
#define INLAY_NOINLINE [[gnu::noinline, gnu::aligned(64)]]

INLAY_NOINLINE long loop_static(long n) {
    long sum = 0;
    for (long i = 0; i < n; ++i) {
        sum += call(i);
    }
    return sum;
}
INLAY_NOINLINE long loop_direct(long n) {
    long sum = 0;
    for (long i = 0; i < n; ++i) {
        sum += target(i);
    }
    return sum;
}
INLAY_NOINLINE long tail_static(long x) { return call(x * 3); }
INLAY_NOINLINE long tail_direct(long x) { return target(x * 3); }
INLAY_NOINLINE long key_off(long x) {
    if (off) {
        x ^= 0x55;
    }
    return x * 5 + 1;
}
INLAY_NOINLINE long no_key(long x) { return x * 5 + 1; }
INLAY_NOINLINE long key_on(long x) {
    if (on) {
        x ^= 0x55;
    }
    return x * 5 + 1;
}
INLAY_NOINLINE long always_on(long x) {
    x ^= 0x55;
    return x * 5 + 1;
}
INLAY_NOINLINE long by_switch(long x) {
    switch (chosen) {
    case codec::none:
        return x;
    case codec::fast:
        return x * 5 + 1;
    case codec::small:
        return x * 9 + 2;
    }
    return 0;
}
INLAY_NOINLINE long nulls(long x) {
    null.maybe(x);
    return x * 5 + 1;
}
INLAY_NOINLINE long zeros(long x) { return zero(x) + x; }

/// The instructions that `function` runs, from its first one to its first `ret`, or to a jump out of it. Jumps without
/// a condition are followed; addresses in the function are written from its beginning.
std::vector<std::string> instructions(long (*function)(long)) {
    static inlay::report::symbols names;
    const auto begin = reinterpret_cast<inlay::address>(function);
    std::vector<std::string> all;
    for (inlay::address at = begin; all.size() < 100;) {
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(at);
        const unsigned length = inlay::arch::instruction_length(bytes, 15);
        const auto text = inlay::report::disassemble({bytes, bytes + length}, at - begin, names);
        if (length == 0 || text.size() != 1) {
            all.emplace_back("?");
            break;
        }
        const auto to = inlay::arch::jump_target(at);
        if (to != 0 && to - begin < 256) {
            at = to;
            continue;
        }
        // Branches out of the function and calls have a target that is the same for both.
        inlay::arch::found_branch branch{};
        if (inlay::arch::branch_at(at, length, branch) &&
            (branch.kind == inlay::arch::branch_kind::call || branch.target() - begin >= 256)) {
            all.push_back(text[0].substr(0, text[0].find(' ')) + " to " + names.describe(branch.target()));
        } else {
            all.push_back(text[0]);
        }
        if (to != 0 || text[0].starts_with("ret")) {
            break;
        }
        at += length;
    }
    return all;
}

bool is_nop(const std::string& text) { return text.starts_with("nop") || text == "xchg ax, ax"; }

/// Without padding before loops: compilers align them, and the offsets need not agree.
std::vector<std::string> without_nops(std::vector<std::string> all) {
    all.erase(std::remove_if(all.begin(), all.end(), is_nop), all.end());
    return all;
}
long nops(const std::vector<std::string>& all) { return std::count_if(all.begin(), all.end(), is_nop); }

/// Whether any reads or writes memory, or compares.
bool touches_memory(const std::vector<std::string>& all) {
    return std::any_of(all.begin(), all.end(), [](const std::string& text) {
        return (text.find('[') != std::string::npos && !text.starts_with("lea") && !is_nop(text)) ||
               text.starts_with("cmp") || text.starts_with("test");
    });
}

class Disassembly : public testing::Test {
protected:
    void SetUp() override {
#if !defined(__OPTIMIZE__) || defined(__OPTIMIZE_SIZE__) || defined(__SANITIZE_ADDRESS__) || !defined(__x86_64__)
        GTEST_SKIP() << "says nothing without optimisation";
#endif
        const auto done = inlay::apply();
        ASSERT_TRUE(done) << inlay::message(done.error());
    }
};

TEST_F(Disassembly, ACallInALoopIsTheDirectCall) {
    EXPECT_EQ(instructions(&loop_static), instructions(&loop_direct));
    const auto all = instructions(&loop_static);
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& text) { return text.starts_with("call"); }), 1);
    EXPECT_EQ(instructions(&tail_static), instructions(&tail_direct));
    ASSERT_TRUE(inlay::update(call, &other_target));
    EXPECT_NE(instructions(&loop_static), instructions(&loop_direct)) << "the comparison sees the target";
    ASSERT_TRUE(inlay::update(call, target));
    EXPECT_EQ(instructions(&loop_static), instructions(&loop_direct));
}

TEST_F(Disassembly, AKeyThatIsOffIsOneNop) {
    const auto all = instructions(&key_off);
    EXPECT_EQ(nops(all), 1) << testing::PrintToString(all);
    EXPECT_EQ(without_nops(all), instructions(&no_key));
    EXPECT_FALSE(touches_memory(all));
    ASSERT_TRUE(inlay::set(off, true));
    EXPECT_EQ(instructions(&key_off), instructions(&always_on)) << "on: a jump; the list follows it";
    ASSERT_TRUE(inlay::set(off, false));
}

TEST_F(Disassembly, AKeyThatIsOnToBeginWithIsOneNopWhileItIsOn) {
    const auto all = instructions(&key_on);
    EXPECT_EQ(nops(all), 1) << testing::PrintToString(all);
    EXPECT_EQ(without_nops(all), instructions(&always_on));
    EXPECT_FALSE(touches_memory(all));
}

TEST_F(Disassembly, ASwitchIsOneNopOrOneJump) {
    const auto initial = instructions(&by_switch);
    EXPECT_EQ(nops(initial), 1) << testing::PrintToString(initial);
    EXPECT_FALSE(touches_memory(initial)) << testing::PrintToString(initial);
    EXPECT_LE(initial.size(), instructions(&no_key).size() + 2) << testing::PrintToString(initial); // and one move
    ASSERT_TRUE(inlay::set(chosen, codec::small));
    const auto small = instructions(&by_switch);
    EXPECT_FALSE(touches_memory(small)) << testing::PrintToString(small);
    EXPECT_NE(small, initial);
    ASSERT_TRUE(inlay::set(chosen, codec::fast));
}

TEST_F(Disassembly, NullAndZeroAreNoCalls) {
    for (const auto function : {&nulls, &zeros}) {
        const auto all = instructions(function);
        EXPECT_TRUE(std::none_of(all.begin(), all.end(), [](const auto& text) { return text.starts_with("call"); }))
            << testing::PrintToString(all);
    }
    const auto zero_text = instructions(&zeros);
    EXPECT_TRUE(std::any_of(zero_text.begin(), zero_text.end(), [](const auto& text) {
        return text.starts_with("xor rax, rax");
    })) << testing::PrintToString(zero_text);
}

#undef INLAY_NOINLINE

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
