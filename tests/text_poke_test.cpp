// SPDX-License-Identifier: BSL-1.0
//
// Live changes by breakpoints, with this program in the part of a kernel. Threads are its processors, and SIGTRAP is
// #BP. membarrier(2) has all of them execute a serialising instruction. /proc/self/mem is the alias.
#include <inlay/inlay.hpp>
#include <inlay/text_poke.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

// NOLINTNEXTLINE(*-avoid-c-arrays): the linker's symbols
extern "C" const char __executable_start[], etext[], _end[];

namespace {

int memory = -1;
unsigned writes = 0;
unsigned refused = ~0U; // the number of the write that fails
unsigned synchronisations = 0;
std::atomic<unsigned long> traps{0};
std::atomic<unsigned long> foreign{0};

struct hooks {
    static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept {
        return writes++ != refused &&
               ::pwrite(memory, bytes, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
    }
    static void synchronise() noexcept {
        ++synchronisations;
        (void)::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
    }
};

[[nodiscard]] std::uintptr_t number(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }

using poke = inlay::text_poke<hooks, 16>;
constinit poke live{{0, 0}, {0, 0}};

#if defined(__x86_64__)
constexpr int reg_ip = REG_RIP, reg_ax = REG_RAX, reg_sp = REG_RSP;
#else
constexpr int reg_ip = REG_EIP, reg_ax = REG_EAX, reg_sp = REG_ESP;
#endif

/// A stack for the handler, so that nothing of a signal's frame lies where a call is pushed.
class signal_stack {
public:
    signal_stack() {
        stack_t mine{};
        mine.ss_sp = memory_.data();
        mine.ss_size = memory_.size();
        EXPECT_EQ(::sigaltstack(&mine, nullptr), 0);
    }
    signal_stack(const signal_stack&) = delete;
    signal_stack& operator=(const signal_stack&) = delete;
    ~signal_stack() {
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        EXPECT_EQ(::sigaltstack(&none, nullptr), 0);
    }

private:
    std::vector<char> memory_ = std::vector<char>(std::size_t{1} << 18U);
};

/// A signal's frame: at a possible call, no part of the red zone below the stack pointer is in use.
struct frame {
    explicit frame(ucontext_t& context)
        : ip{static_cast<std::uintptr_t>(context.uc_mcontext.gregs[reg_ip])},
          flags{static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_EFL])},
          ax{static_cast<std::uintptr_t>(context.uc_mcontext.gregs[reg_ax])},
          sp{static_cast<std::uintptr_t>(context.uc_mcontext.gregs[reg_sp])} {}
    void push(std::uintptr_t value) {
        sp -= sizeof value;
        std::memcpy(reinterpret_cast<void*>(sp), &value, sizeof value);
    }
    [[nodiscard]] std::uintptr_t pop() {
        std::uintptr_t value = 0;
        std::memcpy(&value, reinterpret_cast<const void*>(sp), sizeof value);
        sp += sizeof value;
        return value;
    }
    void store(ucontext_t& context) const {
        context.uc_mcontext.gregs[reg_ip] = static_cast<greg_t>(ip);
        context.uc_mcontext.gregs[REG_EFL] = static_cast<greg_t>(flags);
        context.uc_mcontext.gregs[reg_ax] = static_cast<greg_t>(ax);
        context.uc_mcontext.gregs[reg_sp] = static_cast<greg_t>(sp);
    }
    std::uintptr_t ip, flags, ax, sp;
};

void on_trap(int /*signal*/, siginfo_t* /*info*/, void* context) {
    auto& interrupted = *static_cast<ucontext_t*>(context);
    frame now{interrupted};
    if (live.handle_breakpoint(now)) {
        traps.fetch_add(1, std::memory_order_relaxed);
        now.store(interrupted);
    } else {
        foreign.fetch_add(1, std::memory_order_relaxed);
    }
}

inline constexpr inlay::static_key<"poke.key", false> key;
inline constexpr inlay::static_switch<"poke.level", 4, 0> level;
int one(int value) { return value + 1; }
int two(int value) { return value + 2; }
inline constexpr inlay::static_call<"poke.call", &one> call;

[[gnu::noinline]] int ask_key() { return key ? 1 : 0; }
[[gnu::noinline]] int ask_level() {
    switch (level) {
    case 0:
        return 10;
    case 1:
        return 11;
    case 2:
        return 12;
    default:
        return 13;
    }
}
[[gnu::noinline]] int ask_call(int value) { return call(value) * 3; }
[[gnu::noinline]] int ask_tail(int value) { return call(value); }
[[gnu::noinline]] int ask_condition(int value) { return value > 5 ? call(value) : value; }

class TextPoke : public testing::Test {
protected:
    static void SetUpTestSuite() {
        memory = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
        ASSERT_GE(memory, 0);
        if (::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) != 0) {
            GTEST_SKIP() << "no membarrier(2)";
        }
        live.text = {number(__executable_start), number(etext)};
        live.image = {number(__executable_start), number(_end)};
        struct sigaction action{};
        action.sa_sigaction = &on_trap;
        action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
        ASSERT_EQ(::sigaction(SIGTRAP, &action, nullptr), 0);
        ASSERT_TRUE(inlay::apply());
    }
    signal_stack stack_;
    void SetUp() override {
        refused = ~0U;
        writes = 0;
    }
};

TEST_F(TextPoke, ChangesEachKindOfSite) {
    EXPECT_EQ(ask_key(), 0);
    EXPECT_TRUE(inlay::set(key, true, live));
    EXPECT_EQ(ask_key(), 1);
    for (unsigned value : {2U, 1U, 3U, 0U}) {
        EXPECT_TRUE(inlay::set(level, value, live));
        EXPECT_EQ(ask_level(), 10 + static_cast<int>(value));
    }
    EXPECT_TRUE(inlay::update(call, &two, live));
    EXPECT_EQ(ask_call(7), 27);
    EXPECT_EQ(ask_tail(7), 9);
    EXPECT_EQ(ask_condition(7), 9);
    EXPECT_TRUE(inlay::update(call, inlay::returns_zero<int(int)>, live));
    EXPECT_EQ(ask_call(7), 0);
    EXPECT_EQ(ask_condition(7), 0);
    EXPECT_TRUE(inlay::update(call, &one, live));
    EXPECT_EQ(ask_call(7), 24);
    EXPECT_TRUE(inlay::set(key, false, live));
    EXPECT_EQ(ask_key(), 0);
}

TEST_F(TextPoke, ThreadsInsideTheSitesSeeOldOrNew) {
    std::atomic<bool> stop{false};
    std::atomic<unsigned long> wrong{0};
    std::atomic<unsigned long> right{0};
    std::atomic<int> ready{0}; // on a busy machine, the threads may start late
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            const signal_stack stack;
            unsigned long bad = 0;
            unsigned long all = 0;
            while (!stop.load(std::memory_order_relaxed)) {
                const int found[] = {ask_key(),   ask_level() - 10, ask_call(7),
                                     ask_tail(7), ask_condition(7), ask_condition(1)};
                bad += found[0] != 0 && found[0] != 1 ? 1U : 0U;
                bad += found[1] < 0 || found[1] > 3 ? 1U : 0U;
                bad += found[2] != 24 && found[2] != 27 && found[2] != 0 ? 1U : 0U;
                bad += found[3] != 8 && found[3] != 9 && found[3] != 0 ? 1U : 0U;
                bad += found[4] != 8 && found[4] != 9 && found[4] != 0 ? 1U : 0U;
                bad += found[5] != 1 ? 1U : 0U;
                all += 6;
                ready += all == 600 ? 1 : 0;
            }
            wrong += bad;
            right += all;
        });
    }
    while (ready < 4) {
        std::this_thread::yield();
    }
    const unsigned long before = traps;
    for (int i = 0; i < 3000; ++i) {
        ASSERT_TRUE(inlay::set(key, i % 2 == 0, live));
        ASSERT_TRUE(inlay::set(level, static_cast<unsigned>(i) % 4, live));
        ASSERT_TRUE(i % 3 == 0   ? inlay::update(call, &two, live)
                    : i % 3 == 1 ? inlay::update(call, inlay::returns_zero<int(int)>, live)
                                 : inlay::update(call, &one, live));
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_EQ(wrong, 0U) << right << " executions";
    EXPECT_GT(right, 1000U);
    RecordProperty("traps", std::to_string(traps - before));
}

TEST_F(TextPoke, ARefusedSiteLeavesNothingForLater) {
    // A jump, and an instruction that no handler can carry out.
    alignas(16) static std::uint8_t text[16] = {0xe9, 0, 0, 0, 0, 0xf4};
    const std::uint8_t jump[] = {0xe9, 1, 0, 0, 0};
    const std::uint8_t other[] = {0x90};
    ASSERT_TRUE(live.write(number(text), jump, sizeof jump));
    EXPECT_FALSE(live.write(number(text) + 5, other, 1)); // hlt
    EXPECT_TRUE(live.finish());
    EXPECT_EQ(text[1], 0);
}

TEST_F(TextPoke, ForeignBreakpointsAreNotAnswered) {
    const unsigned long before = foreign;
    __asm__ volatile("int3");
    EXPECT_EQ(foreign, before + 1);
}

TEST_F(TextPoke, ARefusedWriteChangesNothing) {
    ASSERT_TRUE(inlay::set(key, false, live));
    for (unsigned from = 0; from < 2; ++from) { // the breakpoint, the tail
        writes = 0;
        refused = from;
        const auto done = inlay::set(key, true, live);
        EXPECT_FALSE(done);
        EXPECT_EQ(done.error(), inlay::error::text_not_writable);
        EXPECT_EQ(ask_key(), 0);
    }
    EXPECT_TRUE(inlay::set(key, true, live));
    EXPECT_EQ(ask_key(), 1);
}

/// Makes all names of this test new, or old.
inlay::outcome change_all(bool to) {
    inlay::transaction t;
    t.set(key, to).set(level, to ? 3 : 0).update(call, to ? &two : &one);
    return t.commit(live);
}
void expect_all(bool value) {
    EXPECT_EQ(ask_key(), value ? 1 : 0);
    EXPECT_EQ(ask_level(), value ? 13 : 10);
    EXPECT_EQ(ask_call(7), value ? 27 : 24);
    EXPECT_EQ(ask_tail(7), value ? 9 : 8);
    EXPECT_EQ(ask_condition(7), value ? 9 : 8);
}

TEST_F(TextPoke, ATransactionIsOneBatch) {
    ASSERT_TRUE(change_all(false));
    synchronisations = 0;
    writes = 0;
    const auto done = change_all(true);
    ASSERT_TRUE(done);
    EXPECT_EQ(synchronisations, 3U) << "one a step, for the sites of all names";
    EXPECT_GE(writes, 2 * done.written);
    expect_all(true);
    ASSERT_TRUE(change_all(false));
    expect_all(false);
}

TEST_F(TextPoke, ATransactionWhoseNthWriteIsRefusedChangesNothing) {
    ASSERT_TRUE(change_all(false));
    const unsigned sites = change_all(true).written;
    ASSERT_GE(sites, 2U); // of the key and the switch; sanitizers keep the call indirect
    ASSERT_TRUE(change_all(false));
    for (unsigned n = 0; n < 2 * sites; ++n) { // all breakpoints, and all tails
        writes = 0;
        refused = n;
        const auto done = change_all(true);
        EXPECT_EQ(done.error(), inlay::error::text_not_writable) << n;
        EXPECT_EQ(done.written, 0U);
        expect_all(false);
    }
}

TEST_F(TextPoke, ThreadsInsideTheSitesOfATransactionSeeOldOrNew) {
    ASSERT_TRUE(change_all(false));
    std::atomic<bool> stop{false};
    std::atomic<unsigned> complete{0}; // transactions; the last one made all names new if it is odd
    std::atomic<unsigned> begun{0};
    std::atomic<unsigned long> wrong{0};
    std::atomic<unsigned long> right{0};
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            unsigned long bad = 0;
            unsigned long all = 0;
            while (!stop.load(std::memory_order_relaxed)) {
                const unsigned before = complete;
                const int found[] = {ask_key(), (ask_level() - 10) / 3, (ask_call(7) - 24) / 3, ask_tail(7) - 8,
                                     ask_condition(7) - 8};
                const bool still = begun == before; // none has begun meanwhile: all names have the values of then
                for (const int each : found) {
                    bad += (each != 0 && each != 1) || (still && each != static_cast<int>(before % 2)) ? 1U : 0U;
                }
                all += 5;
                ready += all == 500 ? 1 : 0;
            }
            wrong += bad;
            right += all;
        });
    }
    while (ready < 4) {
        std::this_thread::yield();
    }
    for (unsigned i = 1; i <= 3000; ++i) {
        begun = i;
        ASSERT_TRUE(change_all(i % 2 != 0));
        complete = i;
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_EQ(wrong, 0U) << right << " executions";
    EXPECT_GT(right, 1000U);
}

} // namespace
