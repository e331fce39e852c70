// SPDX-License-Identifier: BSL-1.0
//
// Alternatives as a program uses them: run, applied, and run again under every mask of their features.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

// NOLINTBEGIN(*-avoid-magic-numbers)

extern "C" [[gnu::visibility("hidden")]] bool trash_registers() noexcept; // entry.S

// tests/entry.S also refers to these.
extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_x, entry_y, entry_both;
}

namespace {

using namespace inlay::x86::insn;
using inlay::always, inlay::none, inlay::when;

inline constexpr inlay::feature<"alternative.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"alternative.b", inlay::by_hand{}> b;
inline constexpr inlay::feature<"alternative.c", inlay::by_hand{}> c;

[[gnu::used]] void entry_predicates() {
    inlay::name_for_assembly<&entry_x, a>();
    inlay::name_for_assembly<&entry_y, b>();
    inlay::name_for_assembly<&entry_both, a && b>();
}

/// Applies with the three features as in `mask`, and expects success.
void apply_with(unsigned mask) {
    inlay::set(a, (mask & 1) != 0);
    inlay::set(b, (mask & 2) != 0);
    inlay::set(c, (mask & 4) != 0);
    const auto done = inlay::apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
}

// ---- Single, NOT, ternary, n-way ---------------------------------------------------------------------

inline constexpr auto single = inlay::alternative<mov(eax, 1), when<a, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr auto negated = inlay::alternative<mov(eax, 1), when<!a, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr auto chosen = inlay::ternary<a, mov(eax, 2), mov(eax, 1), mov(eax, 0)>{}.returns<rax, int>();
inline constexpr auto three =
    inlay::alternative<mov(eax, 0), when<a, mov(eax, 1)>, when<b, mov(eax, 2)>, when<c, mov(eax, 3)>>{}
        .returns<rax, int>();

TEST(Alternative, OriginalRunsBeforeApply) {
    EXPECT_EQ(single(), 1);
    EXPECT_EQ(negated(), 1);
    EXPECT_EQ(chosen(), 0);
    EXPECT_EQ(three(), 0);
}

TEST(Alternative, LastMatchWinsUnderAllEightMasks) {
    for (unsigned mask = 0; mask < 8; ++mask) {
        SCOPED_TRACE(mask);
        apply_with(mask);
        EXPECT_EQ(single(), (mask & 1) != 0 ? 2 : 1);
        EXPECT_EQ(negated(), (mask & 1) != 0 ? 1 : 2);
        EXPECT_EQ(chosen(), (mask & 1) != 0 ? 2 : 1);
        EXPECT_EQ(three(), (mask & 4) != 0 ? 3 : (mask & 2) != 0 ? 2 : (mask & 1) != 0 ? 1 : 0);
    }
}

TEST(Alternative, ApplyIsIdempotent) {
    apply_with(5);
    const auto again = inlay::apply();
    ASSERT_TRUE(again);
    EXPECT_GT(again.sites, 0U);
    EXPECT_EQ(again.written, 0U);
}

// ---- Instructions that do much: strings, the state of vector registers --------------------------------

inline constexpr auto copy = inlay::alternative<rep_movsb(), when<a, shr(rcx, 3) + rep_movsq()>>{}
                                 .takes<rdi, rsi, rcx>()
                                 .clobbers<rdi, rsi, rcx>();
inline constexpr auto fill =
    inlay::alternative<rep_stosb(), when<a, shr(rcx, 3) + rep_stosq()>>{}.takes<rdi, rax, rcx>().clobbers<rdi, rcx>();

TEST(Alternative, CopiesAndFillsByStringInstructions) {
    for (unsigned mask = 0; mask < 2; ++mask) {
        apply_with(mask);
        std::uint8_t from[32];
        for (unsigned i = 0; i < sizeof from; ++i) {
            from[i] = static_cast<std::uint8_t>(i * 7 + mask);
        }
        std::uint8_t to[33]{};
        copy(to, from, sizeof from);
        EXPECT_EQ(std::memcmp(to, from, sizeof from), 0);
        EXPECT_EQ(to[32], 0);
        fill(to, std::uint64_t{0x0101010101010101} * 0x5a, 16);
        EXPECT_EQ(std::count(to, to + 16, 0x5a), 16);
        EXPECT_EQ(to[16], from[16]);
    }
}

inline constexpr auto load_state =
    inlay::alternative<xrstor64(ptr(rdi)), when<a, fxrstor64(ptr(rdi))>>{}.takes<rdi, rax, rdx>().clobbers_all();
inline constexpr auto save_state =
    inlay::alternative<xsave64(ptr(rdi)), when<a, fxsave64(ptr(rdi))>>{}.takes<rdi, rax, rdx>();

[[gnu::noinline]] double over_a_load(const void* state, double x, double y) {
    const double product = x * y; // in a register that the load changes
    load_state(state, 3, 0);
    return product + x - y;
}

TEST(Alternative, LoadsTheStateOfVectorRegisters) {
    if (__builtin_cpu_supports("avx") == 0) {
        GTEST_SKIP() << "no xsave, or not turned on";
    }
    for (unsigned mask = 0; mask < 2; ++mask) {
        apply_with(mask);
        alignas(64) std::uint8_t state[1024]{};
        save_state(state, 3, 0);
        constexpr std::size_t xmm = 160;
        constexpr std::size_t vectors = 16UL * 16;
        std::memset(state + xmm, 0x7f, vectors);
        EXPECT_EQ(over_a_load(state, 3, 5), 13);
        std::uint8_t saved[sizeof state + 64]{};
        auto* const aligned = saved + (64 - reinterpret_cast<std::uintptr_t>(saved) % 64) % 64;
        load_state(state, 3, 0);
        save_state(aligned, 3, 0);
        EXPECT_EQ(std::memcmp(aligned + xmm + 240, state + xmm + 240, 16), 0) << "xmm15";
    }
}

// ---- Empty forms ------------------------------------------------------------------------------------

[[gnu::noinline]] int add_when_there(int x) {
    static constexpr auto site = inlay::alternative<none, when<a, add(rdi, 5)>>{}.clobbers<rdi>();
    static constexpr auto with_operand =
        inlay::alternative<mov(rax, rdi), when<a, lea(rax, ptr(rdi, 5))>>{}.takes<rdi>().returns<rax, int>();
    site(); // pads with nops
    return with_operand(x);
}

inline constexpr auto emptied = inlay::alternative<mov(eax, 7), when<a, none>>{}.takes<rax>().returns<rax, int>();

TEST(Alternative, EmptyOriginalAndEmptyReplacement) {
    apply_with(0);
    EXPECT_EQ(emptied(3), 7);
    EXPECT_EQ(add_when_there(3), 3);
    apply_with(1);
    EXPECT_EQ(emptied(3), 3) << "an empty replacement leaves rax alone";
    EXPECT_EQ(add_when_there(3), 8);
}

// ---- Operands ---------------------------------------------------------------------------------------

inline constexpr auto sum6 =
    inlay::alternative<xor_(eax, eax),
                       when<a, add(rax, rcx) + add(rax, rdx) + add(rax, rbx) + add(rax, rsi) + add(rax, rdi)>>{}
        .takes<rax, rcx, rdx, rbx, rsi, rdi>()
        .returns<rax, std::uint64_t>();

[[gnu::noinline]] std::uint64_t sum_of(std::uint64_t x) { return sum6(x, x * 2, x * 3, 100UL, x, false); }

TEST(Alternative, TakesOperandsInEachRegister) {
    apply_with(0);
    EXPECT_EQ(sum6(1UL, 2UL, 3UL, 4UL, 5UL, 6UL), 0U);
    apply_with(1);
    EXPECT_EQ(sum6(1UL, 2UL, 3UL, 4UL, 5UL, 6UL), 21U) << "constants must be in their registers, too";
    EXPECT_EQ(sum_of(10), 10U + 20 + 30 + 100 + 10);
}

enum class colour : std::uint8_t { red = 3 };
inline constexpr auto pass_through = inlay::alternative<none, when<a, nop(3)>>{}.takes<rax>();

TEST(Alternative, ConvertsOperandsAndResults) {
    apply_with(1);
    int object = 0;
    EXPECT_EQ((pass_through.returns<rax, int*>()(&object)), &object);
    EXPECT_EQ((pass_through.returns<rax, colour>()(colour::red)), colour::red);
    EXPECT_EQ((pass_through.returns<rax, std::int64_t>()(-5)), -5);
    EXPECT_EQ((pass_through.returns<rax, std::uint8_t>()(0x1234)), 0x34);
    EXPECT_EQ((pass_through.returns<rax, bool>()(0x100)), false) << "a bool is 8 bits; the rest is junk";
    EXPECT_EQ((pass_through.returns<rax, bool>()(0x101)), true);
}

inline constexpr auto time_stamp =
    inlay::alternative<rdtsc(), when<a, mov(eax, 1) + mov(edx, 2)>>{}.returns<edx_eax, std::uint64_t>();

TEST(Alternative, ReturnsEdxEaxAsOneValue) {
    apply_with(0);
    const auto first = time_stamp();
    EXPECT_GE(time_stamp(), first);
    apply_with(1);
    EXPECT_EQ(time_stamp(), 0x2'0000'0001U);
}

// ---- Calls, slots, and the registers that they keep ---------------------------------------------------

std::uint64_t software_popcount(std::uint64_t value) {
    std::uint64_t count = 0;
    for (; value != 0; value &= value - 1) {
        ++count;
    }
    return count;
}

inline constexpr auto hweight64 = inlay::alternative<call<&software_popcount>(), when<a, popcnt(rax, rdi)>>{}
                                      .takes<rdi>()
                                      .returns<rax, std::uint64_t>();

TEST(Alternative, CallAndInstructionGiveEqualResults) {
    for (const std::uint64_t value : {0UL, 1UL, 0xffUL, ~0UL, 0x8000'0000'0000'0001UL}) {
        apply_with(0);
        const auto called = hweight64(value);
        apply_with(1);
        EXPECT_EQ(hweight64(value), called);
    }
}

inline constexpr auto trash =
    inlay::alternative<call<&trash_registers>(), when<a, xor_(eax, eax)>>{}.returns<rax, bool>();

/// A leaf function except for the site, with values in every register, and in the bytes of a red zone.
[[gnu::noinline]] std::uint64_t many_values(std::uint64_t x, double y, bool& flag) {
    volatile std::uint64_t stack[8] = {x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7};
    const std::uint64_t p = x * 3, q = x * 5, r = x * 7, s = x * 11, t = x * 13, u = x * 17, v = x * 19, w = x * 23;
    const double f = y * 2, g = y * 3, h = y * 5;
    flag = trash();
    std::uint64_t sum = p + q * 2 + r * 3 + s * 4 + t * 5 + u * 6 + v * 7 + w * 8;
    for (const auto& each : stack) {
        sum = sum * 3 + each;
    }
    return sum + static_cast<std::uint64_t>(f + g * 2 + h * 3);
}

TEST(Alternative, CallKeepsRegistersStackAndRedZone) {
    bool called_flag = true;
    bool inline_flag = true;
    apply_with(0);
    volatile std::uint64_t integer = 1234; // unknown to the compiler, so that it must keep values that depend on it
    volatile double number = 1.5;
    const auto called = many_values(integer, number, called_flag);
    apply_with(1);
    EXPECT_EQ(many_values(integer, number, inline_flag), called);
    EXPECT_FALSE(called_flag) << "0x1ff00 is false: only 8 bits count";
    EXPECT_FALSE(inline_flag);
}

// Each register holds a different value across the call; one word on the stack misaligns it for a call.
constexpr auto add_registers = add(rax, rcx) + add(rax, rdx) + add(rax, rsi) + add(rax, rdi);
constexpr auto add_extended = add(rax, r8) + add(rax, r9) + add(rax, r10);
inline constexpr auto poison_low =
    inlay::alternative<mov(rcx, 1) + mov(rdx, 2) + mov(rsi, 4) + mov(rdi, 8) + push(rbx) + call<&trash_registers>() +
                           pop(rbx) + xor_(eax, eax) + add_registers,
                       when<a, mov(eax, 15)>>{}
        .clobbers_all()
        .returns<rax, std::uint64_t>();
inline constexpr auto poison_high = inlay::alternative<mov(r8, 16) + mov(r9, 32) + mov(r10, 64) +
                                                           call<&trash_registers>() + xor_(eax, eax) + add_extended,
                                                       when<a, mov(eax, 112)>>{}
                                        .clobbers_all()
                                        .returns<rax, std::uint64_t>();
inline constexpr auto poison_r11 =
    inlay::alternative<mov(r11, 128) + call<&trash_registers>() + mov(rax, r11), when<a, mov(eax, 128)>>{}
        .clobbers_all()
        .returns<rax, std::uint64_t>();

TEST(Alternative, ThunkKeepsEachGeneralRegisterAndAlignsTheStack) {
    for (const unsigned mask : {0U, 1U}) {
        apply_with(mask);
        EXPECT_EQ(poison_low(), 15U);
        EXPECT_EQ(poison_high(), 112U);
        EXPECT_EQ(poison_r11(), 128U);
    }
}

inline constexpr auto result_ignored = inlay::alternative<call<&software_popcount>(), when<a, nop(5)>>{}.takes<rdi>();

[[gnu::noinline]] std::uint64_t keeps_its_own(std::uint64_t x, std::uint64_t y) {
    std::uint64_t sum = x * y;
    for (std::uint64_t i = 0; i < y; ++i) {
        result_ignored(i); // returns a value that no code uses
        sum += i * sum;
    }
    return sum;
}

TEST(Alternative, ResultThatNobodyTakesChangesNothing) {
    volatile std::uint64_t seven = 7;
    apply_with(0);
    const auto called = keeps_its_own(seven, seven);
    apply_with(1);
    EXPECT_EQ(keeps_its_own(seven, seven), called);
}

std::uint64_t plus_one(std::uint64_t x) { return x + 1; }
std::uint64_t plus_two(std::uint64_t x) { return x + 2; }
using plus = std::uint64_t(std::uint64_t);
constinit plus* slot = &plus_one;
inline constexpr auto through_slot =
    inlay::alternative<call_slot<&slot>(), when<a, lea(rax, ptr(rdi, 9))>>{}.takes<rdi>().returns<rax, std::uint64_t>();

TEST(Alternative, CallsThroughAMemorySlot) {
    apply_with(0);
    EXPECT_EQ(through_slot(1UL), 2U);
    slot = &plus_two;
    EXPECT_EQ(through_slot(1UL), 3U);
    apply_with(1);
    EXPECT_EQ(through_slot(1UL), 10U);
}

// ---- Relative operands ------------------------------------------------------------------------------

constinit std::uint64_t variable = 41;
constinit std::uint8_t byte_variable = 5;

/// A call after `Before` bytes and before `After` bytes, in a replacement.
template <unsigned Before, unsigned After>
std::uint64_t call_at() {
    static constexpr auto site =
        inlay::alternative<mov(rax, 0), when<a, nop(Before) + call<&plus_one>() + nop(After)>>{}
            .template takes<rdi>()
            .template returns<rax, std::uint64_t>();
    return site(std::uint64_t{Before});
}

template <unsigned... Positions>
void calls_at_every_position(std::integer_sequence<unsigned, Positions...>) {
    apply_with(1);
    const auto expect = [](std::uint64_t result, std::uint64_t position) { EXPECT_EQ(result, position + 1); };
    (expect(call_at<Positions, 0>(), Positions), ...);
    (expect(call_at<Positions, 7>(), Positions), ...);
}

TEST(Alternative, RelativeOperandAtEveryPosition) {
    calls_at_every_position(std::make_integer_sequence<unsigned, 24>{});
}

inline constexpr auto four_operands =
    inlay::alternative<xor_(eax, eax), when<a, mov(rax, rip<&variable>) + add(rax, rdi) + mov(rip<&variable>, rax) +
                                                   call<&plus_one>() + add(rax, 1) + mov(rax, rip<&variable>)>>{}
        .takes<rdi>()
        .returns<rax, std::uint64_t>();

TEST(Alternative, SeveralRelativeOperandsInOneForm) {
    apply_with(0);
    EXPECT_EQ(four_operands(100UL), 0U);
    apply_with(1);
    variable = 41;
    EXPECT_EQ(four_operands(100UL), 141U);
    EXPECT_EQ(variable, 141U);
}

inline constexpr auto trailing_immediate =
    inlay::alternative<
        cmpb(rip<&byte_variable>, 5) + mov(eax, 0) + skip_if(condition::ne, mov(eax, 1)),
        when<a, nop(3) + cmpb(rip<&byte_variable>, 6) + mov(eax, 2) + skip_if(condition::e, mov(eax, 3))>>{}
        .returns<rax, int>();

TEST(Alternative, RipRelativeOperandBeforeAnImmediateAndAJumpInside) {
    apply_with(0);
    byte_variable = 5;
    EXPECT_EQ(trailing_immediate(), 1);
    byte_variable = 6;
    EXPECT_EQ(trailing_immediate(), 0);
    apply_with(1);
    EXPECT_EQ(trailing_immediate(), 2);
    byte_variable = 5;
    EXPECT_EQ(trailing_immediate(), 3);
}

// ---- Bytes -------------------------------------------------------------------------------------------

/// The bytes at the only record of `Declaration`'s name.
const std::uint8_t* site_called(const char* name, unsigned& length) {
    const auto tables = inlay::this_image();
    const inlay::platform::process self;
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        const auto& choices = *reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        if (std::strcmp(inlay::name_at(self, choices.name), name) == 0) {
            length = choices.length;
            return reinterpret_cast<const std::uint8_t*>(record.site.target());
        }
    }
    return nullptr;
}

inline constexpr auto waits =
    inlay::alternative<inlay::x86::insn::pause() + nop(2), when<a, lfence() + inlay::x86::insn::pause()>>{}
        .named<"waits">();
inline constexpr auto padded =
    inlay::alternative<nop(1), when<a, mfence()>, when<b, bytes<0>(0x66, 0x90) + inlay::x86::insn::pause()>>{}
        .named<"padded">();

TEST(Alternative, PauseIsNoNop) {
    waits();
    unsigned length = 0;
    const auto* const site = site_called("waits", length);
    ASSERT_NE(site, nullptr);
    ASSERT_EQ(length, 5U);
    apply_with(0);
    EXPECT_EQ(std::memcmp(site, "\xf3\x90\x66\x90\x90", 5), 0) << "pause, nop(2), padding of one";
    apply_with(1);
    EXPECT_EQ(std::memcmp(site, "\x0f\xae\xe8\xf3\x90", 5), 0);
    apply_with(0);
    EXPECT_EQ(std::memcmp(site, "\xf3\x90\x66\x90\x90", 5), 0);
}

TEST(Alternative, PadsWithTheFewestNops) {
    padded();
    unsigned length = 0;
    const auto* const site = site_called("padded", length);
    ASSERT_NE(site, nullptr);
    ASSERT_EQ(length, 4U);
    apply_with(0);
    EXPECT_EQ(std::memcmp(site, "\x90\x0f\x1f\x00", 4), 0);
    apply_with(1);
    EXPECT_EQ(std::memcmp(site, "\x0f\xae\xf0\x90", 4), 0);
    apply_with(2);
    EXPECT_EQ(std::memcmp(site, "\x66\x90\xf3\x90", 4), 0);
}

// ---- Order of phases ---------------------------------------------------------------------------------

int dispatched_default() { return 1; }
int dispatched_fast() { return 2; }
inline constexpr inlay::dispatch<"alternative.phases", &dispatched_default, when<a, &dispatched_fast>> dispatched;

bool is_alternative(std::uintptr_t at) {
    const auto table = inlay::this_image().alternatives;
    return std::any_of(table.records, table.records + table.size(),
                       [at](const auto& record) { return record.site.target() == at; });
}

/// A platform that writes nothing, and only notes the order of the requests.
struct noting_platform : inlay::platform::process {
    bool write(std::uintptr_t at, const std::uint8_t* /*bytes*/, std::size_t /*size*/) noexcept {
        if (is_alternative(at)) {
            ++alternatives;
        } else {
            ++calls;
            calls_after_alternatives += alternatives;
        }
        return true;
    }
    bool finish() noexcept { return true; }
    unsigned alternatives{};
    unsigned calls{};
    unsigned calls_after_alternatives{};
};

[[gnu::noinline]] int calls_dispatched() { return dispatched() + 0; }

TEST(Alternative, FeaturesThenCallsThenAlternatives) {
    apply_with(0);
    EXPECT_EQ(calls_dispatched(), 1);
    inlay::set(a, true);
    noting_platform platform;
    ASSERT_TRUE(inlay::apply(inlay::this_image(), platform));
    EXPECT_GT(platform.alternatives, 0U);
#ifdef __OPTIMIZE__
    EXPECT_GT(platform.calls, 0U);
#endif
    EXPECT_EQ(platform.calls_after_alternatives, 0U);
    apply_with(0);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
