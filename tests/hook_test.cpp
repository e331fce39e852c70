// SPDX-License-Identifier: BSL-1.0
//
// Hooks: no register changes, with any target; arguments; null and set, before and after apply(); threads; names.
#include <inlay/each_site.hpp>
#include <inlay/inlay.hpp>
#include <inlay/inspect.hpp>
#include <inlay/names.hpp>

#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <cpuid.h>
#include <execinfo.h>
#include <unwind.h>

// At -O0, static calls mostly go by pointer; hooks never do.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define EVERY_CALL_IS_FOUND 1
#endif

// NOLINTBEGIN(*-avoid-magic-numbers)

extern "C" void call_with_registers(std::uintptr_t function, std::uint64_t* general, const void* in, void* out);
extern "C" void changes_all_registers(int level) noexcept;
extern "C" double loaded;

namespace {

struct state {
    long count;
};
enum class colour : unsigned char { red = 200 };

inline constexpr inlay::hook<"hook.lock", void(state*)> lock;
inline constexpr inlay::hook<"hook.none", void()> none;
inline constexpr inlay::hook<"hook.two", void(int, long) noexcept> two;
inline constexpr inlay::hook<"hook.three", void(signed char, unsigned short, const char*)> three;
inline constexpr inlay::hook<"hook.four", void(bool, state&, const state&, colour)> four;
inline constexpr inlay::hook<"hook.five", void(int, int, int, int, int)> five;
inline constexpr inlay::hook<"hook.six", void(long, unsigned char, int, short, void (*)(), unsigned long)> six;
inline constexpr inlay::hook<"hook.level", void(int)> level;
inline constexpr inlay::hook<"hook.early", void(state*)> early;

void add(state* to) noexcept { to->count += 1; }
void add_ten(state* to) noexcept { to->count += 10; }

[[maybe_unused]] const bool early_updated = static_cast<bool>(inlay::update(early, &add_ten));
const long early_result = []() {
    state here{0};
    early(&here);
    return here.count;
}();

class Hook : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (GetParam()) {
            const auto done = inlay::apply();
            ASSERT_TRUE(done) << inlay::message(done.error());
#if EVERY_CALL_IS_FOUND
            EXPECT_EQ(done.calls_missed(), 0U);
            EXPECT_EQ(done.calls_kept(), 0U);
#endif
        }
    }
};

/// The forms at the sites of a hook.
std::vector<inlay::inspected> sites_of(const char* name) {
    const auto tables = inlay::this_image();
    std::vector<inlay::inspected> found;
    const inlay::platform::process image{inlay::detail::own_image, inlay::detail::own_image.registry.shared->reserve,
                                         inlay::platform::process::way::refused, &inlay::detail::is_in_site};
    for (std::size_t i = 0; i < tables.calls.size(); ++i) {
        const auto& record = tables.calls.records[i];
        const auto& named = *reinterpret_cast<const inlay::table::named*>(record.callee.target() & ~inlay::address{3});
        if (std::strcmp(reinterpret_cast<const char*>(named.name.target()), name) == 0) {
            found.push_back(inlay::inspect(image, tables, record));
        }
    }
    return found;
}

// ---- Null and set ------------------------------------------------------------------------------------

[[gnu::noinline]] long lock_twice(state* what) {
    lock(what);
    what->count *= 2;
    lock(what);
    return what->count;
}

TEST_P(Hook, IsUpdatedByStaticInitialisersBeforeApply) {
    EXPECT_TRUE(early_updated);
    EXPECT_EQ(early_result, 10);
}

TEST_P(Hook, NullAndSet) {
    for (int i = 0; i < 2; ++i) {
        state one{1};
        EXPECT_EQ(lock_twice(&one), 2);
        ASSERT_TRUE(inlay::update(lock, &add));
        EXPECT_EQ(lock_twice(&one), 7);
        ASSERT_TRUE(inlay::update(lock, &add_ten));
        EXPECT_EQ(lock_twice(&one), 44);
        ASSERT_TRUE(inlay::update(lock, [](state* to) noexcept { to->count = 0; }));
        EXPECT_EQ(lock_twice(&one), 0);
        void (*const null)(state*) noexcept = nullptr;
        ASSERT_TRUE(i == 0 ? inlay::update(lock, nullptr) : inlay::update(lock, null));
        EXPECT_EQ(lock_twice(&one), 0);
    }
}

TEST_P(Hook, ASiteIsANopOrACallOfTheTrampoline) {
    using inlay::standing;
    const auto all_are = [](standing form) {
        const auto sites = sites_of("hook.lock");
        EXPECT_GE(sites.size(), 2U);
        for (const auto& each : sites) {
            EXPECT_EQ(static_cast<int>(each.form), static_cast<int>(form));
            EXPECT_EQ(each.length, 5U);
        }
    };
    all_are(GetParam() ? standing::nothing : standing::trampoline);
    ASSERT_TRUE(inlay::update(lock, &add));
    all_are(standing::trampoline);
    if (GetParam()) {
        const inlay::platform::process image{inlay::detail::own_image,
                                             inlay::detail::own_image.registry.shared->reserve,
                                             inlay::platform::process::way::refused, &inlay::detail::is_in_site};
        unsigned notes = 0;
        inlay::each_site(inlay::this_image(), image, [&](const inlay::site_note& note) noexcept {
            if (std::strcmp(note.name, "hook.lock") == 0) {
                ++notes;
                EXPECT_EQ(static_cast<int>(note.why), static_cast<int>(inlay::reason::none));
            }
        });
        EXPECT_GE(notes, 2U);
        EXPECT_TRUE(inlay::apply()) << "again, with the hook set";
    }
    ASSERT_TRUE(inlay::update(lock, nullptr));
    all_are(GetParam() ? standing::nothing : standing::trampoline);
}

// ---- Arguments ---------------------------------------------------------------------------------------

std::string said;
void say() { said += "called "; }

[[gnu::noinline]] void call_all(int a, long b, state& c, const state& d) {
    none();
    two(a, b);
    three(static_cast<signed char>(a), static_cast<unsigned short>(b), "text");
    four(a < 0, c, d, colour::red);
    five(a, 2, 3, 4, a + 10);
    six(b, 255, a, static_cast<short>(a), &say, ~0UL);
}

void append(std::initializer_list<long> values) {
    for (const long each : values) {
        said += std::to_string(each) + ' ';
    }
}

TEST_P(Hook, Arguments) {
    state one{7};
    state other{8};
    said.clear();
    call_all(-1, 70000, one, other);
    EXPECT_EQ(said, "");
    const bool done =
        inlay::update(none, []() noexcept { said += "none "; }) &&
        inlay::update(two, [](int a, long b) noexcept { append({a, b}); }) &&
        inlay::update(three, [](signed char a, unsigned short b, const char* c) noexcept { append({a, b, c[3]}); }) &&
        inlay::update(four,
                      [](bool a, state& b, const state& c, colour d) noexcept {
                          append({a ? 1 : 0, b.count, c.count, static_cast<long>(d)});
                          b.count = 70;
                      }) &&
        inlay::update(five, [](int a, int b, int c, int d, int e) noexcept { append({a, b, c, d, e}); }) &&
        inlay::update(six, [](long a, unsigned char b, int c, short d, void (*e)(), unsigned long f) noexcept {
            append({a, b, c, d, static_cast<long>(f)});
            e();
        });
    ASSERT_TRUE(done);
    call_all(-1, 70000, one, other);
    EXPECT_EQ(said, "none -1 70000 -1 4464 116 1 7 8 200 -1 2 3 4 9 70000 255 -1 -1 -1 called ");
    EXPECT_EQ(one.count, 70);
    ASSERT_TRUE(inlay::update(none, nullptr) && inlay::update(two, nullptr) && inlay::update(three, nullptr) &&
                inlay::update(four, nullptr) && inlay::update(five, nullptr) && inlay::update(six, nullptr));
}

// ---- Registers ---------------------------------------------------------------------------------------

/// 2 with AVX-512, 1 with AVX, else 0.
int vector_level() {
    __builtin_cpu_init();
    const auto avx512 = static_cast<bool>(__builtin_cpu_supports("avx512f"));
    const auto avx = static_cast<bool>(__builtin_cpu_supports("avx"));
    return avx512 ? 2 : avx ? 1 : 0;
}

[[gnu::noinline]] void use_level(int number) { level(number); }

struct registers {
    std::uint64_t general[15];
    alignas(64) std::uint8_t vectors[16384];
};

/// All registers with a pattern that differs from place to place.
void fill(registers& all) {
    for (unsigned i = 0; i < 15; ++i) {
        all.general[i] = 0x1111111111111111U * (i + 1);
    }
    std::memset(all.vectors, 0, sizeof(all.vectors));
    const auto offset = [](unsigned component) {
        unsigned a = 0;
        unsigned b = 0;
        unsigned c = 0;
        unsigned d = 0;
        __cpuid_count(0xd, component, a, b, c, d);
        return a == 0 ? 0U : b;
    };
    const auto put = [&](unsigned at, unsigned size, unsigned seed) {
        for (unsigned i = 0; i < size; ++i) {
            all.vectors[at + i] = static_cast<std::uint8_t>(seed + i * 7 + i / 64);
        }
    };
    const std::uint16_t control = 0x0f7f; // of x87: truncates
    const std::uint32_t mxcsr = 0x3f80;   // rounds down
    std::memcpy(&all.vectors[0], &control, sizeof(control));
    all.vectors[4] = 0xff; // all eight registers are in use
    std::memcpy(&all.vectors[24], &mxcsr, sizeof(mxcsr));
    for (unsigned i = 0; i < 8; ++i) {
        put(32 + 16 * i, 10, 3 + i);
    }
    put(160, 256, 77);
    std::uint64_t components = 3;
    const auto add_component = [&](unsigned component, unsigned size, unsigned seed) {
        if (const unsigned at = offset(component); at != 0) {
            put(at, size, seed);
            components |= std::uint64_t{1} << component;
        }
    };
    if (vector_level() > 0) {
        add_component(2, 256, 5);
    }
    if (vector_level() > 1) {
        add_component(5, 64, 11);
        add_component(6, 512, 13);
        add_component(7, 1024, 17);
    }
    std::memcpy(&all.vectors[512], &components, sizeof(components));
}

/// The bytes of an XSAVE area that are registers.
std::string seen(const std::uint8_t* area) {
    std::string text{reinterpret_cast<const char*>(area), 5};
    text.append(reinterpret_cast<const char*>(area) + 24, 4);
    for (std::size_t i = 0; i < 8; ++i) {
        text.append(reinterpret_cast<const char*>(area) + 32 + 16 * i, 10);
    }
    text.append(reinterpret_cast<const char*>(area) + 160, 256);
    text.append(reinterpret_cast<const char*>(area) + 512, 8);
    return text.append(reinterpret_cast<const char*>(area) + 576, 4096 - 576);
}

bool has_xsave() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    __cpuid(1, a, b, c, d);
    return (c >> 27 & 1) != 0;
}

/// Calls the trampoline of `level` with a pattern in all registers, and expects the pattern in them afterwards.
void expect_all_registers_are_kept(int up_to = vector_level()) {
    ASSERT_TRUE(has_xsave()) << "this test needs XSAVE";
    use_level(0);
    const auto sites = sites_of("hook.level");
    ASSERT_FALSE(sites.empty());
    ASSERT_NE(sites[0].target, 0U);
    static registers before;
    static registers after;
    for (int number = 0; number <= up_to; ++number) {
        fill(before);
        before.general[6] = static_cast<std::uint64_t>(number); // rdi: the argument
        after = before;
        std::memset(after.vectors, 0, sizeof(after.vectors));
        loaded = 0;
        call_with_registers(sites[0].target, after.general, before.vectors, after.vectors);
        for (unsigned i = 0; i < 15; ++i) {
            EXPECT_EQ(after.general[i], before.general[i]) << "general register " << i << ", level " << number;
        }
        EXPECT_TRUE(seen(after.vectors) == seen(before.vectors)) << "vector registers, level " << number;
        EXPECT_EQ(loaded, 1) << "the target had an empty stack of x87";
    }
}

TEST_P(Hook, KeepsAllRegisters) {
    ASSERT_TRUE(inlay::update(level, &changes_all_registers));
    expect_all_registers_are_kept();
    // Each instruction that can save registers. Those of AVX need XSAVE: a processor without XSAVE has none.
    using inlay::x86::emit::vector_save;
    auto& way = inlay::x86::emit::saved_vectors<>;
    const auto found = way;
    ASSERT_NE(found.size, 0U);
    if (found.way == vector_save::by_xsavec) {
        way.way = vector_save::by_xsave;
        expect_all_registers_are_kept();
    }
    way.way = vector_save::by_fxsave;
    expect_all_registers_are_kept(0);
    way = found;
    ASSERT_TRUE(inlay::update(level, nullptr));
}

/// Values of several kinds live across a site, while its target changes all registers.
template <bool Hooked>
[[gnu::noinline]] double keep_values(double a, long double b, std::int64_t c, int number) {
    using vector = float __attribute__((vector_size(16)));
    vector v = {static_cast<float>(a), 2, 3, static_cast<float>(c)};
    double sum = 0;
    for (int i = 0; i < 5; ++i) {
        if constexpr (Hooked) {
            level(number);
        } else {
            asm volatile("" : "+r"(number) : : "memory");
        }
        v += v * 0.5F;
        b += static_cast<long double>(c) / 3;
        sum += a * i + static_cast<double>(b) + static_cast<double>(v[i & 3]);
        c = c * 5 + i;
    }
    return sum;
}

TEST_P(Hook, ValuesLiveInRegistersAcrossASite) {
    const double right = keep_values<false>(1.25, 2.5L, 77, 0);
    EXPECT_EQ(keep_values<true>(1.25, 2.5L, 77, 0), right);
    ASSERT_TRUE(inlay::update(level, &changes_all_registers));
    for (int number = 0; number <= vector_level(); ++number) {
        EXPECT_EQ(keep_values<true>(1.25, 2.5L, 77, number), right);
    }
    ASSERT_TRUE(inlay::update(level, nullptr));
}

/// A leaf function with locals, which would be in the red zone.
[[gnu::noinline]] long use_red_zone(long a, long b, long c, long d) {
    volatile long places[12] = {a, b, c, d, a + b, b + c, c + d, a - b, b - c, c - d, a * b, c * d};
    level(0);
    long sum = 0;
    for (int i = 0; i < 12; ++i) {
        sum += places[i] * (i + 1);
    }
    return sum;
}

TEST_P(Hook, AFunctionWithASiteHasNoRedZone) {
    const long right = use_red_zone(1, 20, 300, 4000);
    ASSERT_TRUE(inlay::update(level, [](int /*number*/) noexcept {
        volatile long junk[64];
        for (auto& each : junk) {
            each = -1;
        }
    }));
    EXPECT_EQ(use_red_zone(1, 20, 300, 4000), right);
    ASSERT_TRUE(inlay::update(level, nullptr));
}

// ---- Code --------------------------------------------------------------------------------------------

[[gnu::noinline]] void finish(long* sums) noexcept {
    for (int i = 0; i < 6; ++i) {
        sums[6] += sums[i];
    }
}
inline constexpr inlay::static_call<"hook.static", inlay::no_target<void(int)>> static_one;
enum class kind : unsigned char { nothing, hook, static_call };

/// The inner loop of an interpreter: many values live across the question.
template <kind Kind>
[[gnu::noinline]] long interpret(const unsigned char* code, long* sums) {
    long a = sums[0];
    long b = sums[1];
    long c = sums[2];
    long d = sums[3];
    for (; *code != 0; ++code) {
        if constexpr (Kind == kind::hook) {
            level(*code);
        } else if constexpr (Kind == kind::static_call) {
            static_one.maybe(*code);
        }
        a += *code;
        b ^= a;
        c -= b & 15;
        d += c >> 1;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    finish(sums); // so that none of them is a leaf
    return sums[6];
}

struct counted {
    unsigned pushes, stores_to_stack, loads_from_stack;
};

/// Counts the instructions up to the first ret that save registers.
counted count_saves(const void* function) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    counted found{};
    const auto* at = static_cast<const std::uint8_t*>(function);
    for (;;) {
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, 15, &instruction, operands)) ||
            instruction.mnemonic == ZYDIS_MNEMONIC_RET) {
            return found;
        }
        found.pushes += instruction.mnemonic == ZYDIS_MNEMONIC_PUSH ? 1U : 0U;
        if (instruction.mnemonic == ZYDIS_MNEMONIC_MOV) {
            const auto is_stack = [](const ZydisDecodedOperand& operand) {
                return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_RSP;
            };
            found.stores_to_stack += is_stack(operands[0]) ? 1U : 0U;
            found.loads_from_stack += is_stack(operands[1]) ? 1U : 0U;
        }
        at += instruction.length;
    }
}

TEST_P(Hook, SavesNoRegisterWhereItIsCalled) {
#ifndef EVERY_CALL_IS_FOUND
    GTEST_SKIP() << "needs optimised code";
#endif
    const counted plain = count_saves(reinterpret_cast<const void*>(&interpret<kind::nothing>));
    const counted hooked = count_saves(reinterpret_cast<const void*>(&interpret<kind::hook>));
    const counted called = count_saves(reinterpret_cast<const void*>(&interpret<kind::static_call>));
    EXPECT_LE(hooked.pushes, plain.pushes);
    EXPECT_LE(hooked.stores_to_stack, plain.stores_to_stack);
    EXPECT_LE(hooked.loads_from_stack, plain.loads_from_stack);
    EXPECT_GT(called.pushes, plain.pushes) << "a static call does save some: the test can fail";
    const unsigned char code[] = {3, 1, 4, 1, 5, 9, 2, 6, 0};
    long one[7] = {1, 2, 3, 4};
    long other[7] = {1, 2, 3, 4};
    EXPECT_EQ(interpret<kind::hook>(code, one), interpret<kind::nothing>(code, other));
}

// ---- Backtraces --------------------------------------------------------------------------------------

[[gnu::noinline]] void is_above() { level(0); }

TEST_P(Hook, ABacktracePassesTheThunk) {
    static bool found = false;
    ASSERT_TRUE(inlay::update(level, [](int /*number*/) noexcept {
        void* frames[64];
        const int count = ::backtrace(frames, 64);
        for (int i = 0; i < count; ++i) {
            found = found || ::_Unwind_FindEnclosingFunction(frames[i]) == reinterpret_cast<void*>(&is_above);
        }
        found = found && count > 5; // beyond it, up to main()
    }));
    is_above();
    EXPECT_TRUE(found);
    ASSERT_TRUE(inlay::update(level, nullptr));
}

// ---- Threads -----------------------------------------------------------------------------------------

inline constexpr inlay::hook<"hook.busy", void(std::atomic<long>*, long)> busy;
std::atomic<long> wrong{0};

void count_one(std::atomic<long>* to, long number) noexcept {
    wrong += number == 12345 ? 0 : 1;
    to->fetch_add(1, std::memory_order_relaxed);
}
void count_two(std::atomic<long>* to, long number) noexcept {
    wrong += number == 12345 ? 0 : 1;
    to->fetch_add(2, std::memory_order_relaxed);
}

TEST_P(Hook, IsUpdatedWhileThreadsRunThroughIt) {
    constexpr int threads = 3;
    std::atomic<bool> stop{false};
    std::atomic<long> sums[threads]{};
    std::atomic<long> runs{0};
    std::vector<std::thread> all;
    for (auto& sum : sums) {
        all.emplace_back([&]() {
            double x = 1;
            while (!stop.load(std::memory_order_relaxed)) {
                const long before = sum.load(std::memory_order_relaxed);
                busy(&sum, 12345);
                const long more = sum.load(std::memory_order_relaxed) - before;
                wrong += more < 0 || more > 2 ? 1 : 0;
                x = x * 0.5 + 1; // stays from 1 to 2
                wrong += x < 1 || x > 2 ? 1 : 0;
                runs.fetch_add(1, std::memory_order_relaxed);
            }
        });
    }
    // On a busy machine, the threads may start late.
    for (int i = 0; i < 120 || (runs.load() < 1000 && i < 1'000'000); ++i) {
        EXPECT_TRUE(i % 3 == 0   ? inlay::update(busy, &count_one)
                    : i % 3 == 1 ? inlay::update(busy, &count_two)
                                 : inlay::update(busy, nullptr));
        std::this_thread::yield();
    }
    ASSERT_TRUE(inlay::update(busy, nullptr));
    stop = true;
    for (auto& each : all) {
        each.join();
    }
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_GT(runs.load(), 0);
}

// ---- Names -------------------------------------------------------------------------------------------

TEST_P(Hook, IsListedAndSetByText) {
    inlay::name_targets(lock, inlay::target<"add", &add>, inlay::target<"ten", &add_ten>);
    state one{0};
    ASSERT_TRUE(inlay::set_by_name("hook.lock", "ten"));
    EXPECT_EQ(lock_twice(&one), 30);
    std::map<std::string, std::string> found;
    ASSERT_TRUE(inlay::for_each_name([&](const inlay::name_entry& each) {
        found[each.name] = std::string{each.value} + '|' + each.type + '|' + each.values;
        if (std::strcmp(each.name, "hook.lock") == 0) {
            EXPECT_EQ(each.kind, inlay::name_kind::hook);
            EXPECT_EQ(each.number, reinterpret_cast<std::uintptr_t>(&add_ten));
        }
    }));
    EXPECT_EQ(found["hook.lock"], "ten|void ((anonymous namespace)::state*)|add, ten, null");
    EXPECT_EQ(found["hook.none"].substr(0, 12), "null|void ()");
    ASSERT_TRUE(inlay::set_by_name("hook.lock", "add"));
    EXPECT_EQ(lock_twice(&one), 63);
    EXPECT_EQ(inlay::set_by_name("hook.lock", "other").error(), inlay::error::value_unknown);
    ASSERT_TRUE(inlay::set_by_name("hook.lock", "null"));
    EXPECT_EQ(lock_twice(&one), 126);
}

INSTANTIATE_TEST_SUITE_P(BeforeApply, Hook, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Patched, Hook, testing::Values(true));

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
