// SPDX-License-Identifier: BSL-1.0
//
// Alternatives in 32-bit mode as a program uses them: run, applied, and run again. See tests/alternative_test.cpp.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

// NOLINTBEGIN(*-avoid-magic-numbers)

extern "C" { // functions.S
[[gnu::visibility("hidden")]] bool trash_registers() noexcept;
[[gnu::visibility("hidden")]] int entry_two() noexcept;
[[gnu::visibility("hidden")]] int entry_absolute() noexcept;
[[gnu::visibility("hidden")]] int entry_empty() noexcept;
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_x, entry_y;
}

namespace {

using namespace inlay::x86::insn;
using inlay::none, inlay::when;

inline constexpr inlay::feature<"i686.first", inlay::by_hand{}> first;
inline constexpr inlay::feature<"i686.second", inlay::by_hand{}> second;

[[gnu::used]] void entry_predicates() {
    inlay::name_for_assembly<&entry_x, first>();
    inlay::name_for_assembly<&entry_y, second>();
}

void apply_with(bool is_first, bool is_second = false) {
    inlay::set(first, is_first);
    inlay::set(second, is_second);
    const auto done = inlay::apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
}

// ---- Forms ------------------------------------------------------------------------------------------

inline constexpr auto single = inlay::alternative<mov(eax, 1), when<first, mov(eax, 2)>>{}.returns<eax, int>();
inline constexpr auto chosen = inlay::ternary<first, mov(eax, 2), mov(eax, 1), mov(eax, 0)>{}.returns<eax, int>();
inline constexpr auto three =
    inlay::alternative<mov(eax, 0), when<first, mov(eax, 1)>, when<second, mov(eax, 2)>>{}.returns<eax, int>();
inline constexpr auto emptied = inlay::alternative<mov(eax, 7), when<first, none>>{}.takes<eax>().returns<eax, int>();

TEST(Alternative, OriginalRunsBeforeApply) {
    EXPECT_EQ(single(), 1);
    EXPECT_EQ(chosen(), 0);
    EXPECT_EQ(three(), 0);
    EXPECT_EQ(emptied(3), 7);
}

TEST(Alternative, LastMatchWins) {
    for (unsigned mask = 0; mask < 4; ++mask) {
        apply_with((mask & 1) != 0, (mask & 2) != 0);
        EXPECT_EQ(single(), (mask & 1) != 0 ? 2 : 1);
        EXPECT_EQ(chosen(), (mask & 1) != 0 ? 2 : 1);
        EXPECT_EQ(three(), (mask & 2) != 0 ? 2 : (mask & 1) != 0 ? 1 : 0);
        EXPECT_EQ(emptied(3), (mask & 1) != 0 ? 3 : 7);
    }
    EXPECT_EQ(inlay::apply().written, 0U);
}

TEST(Alternative, TextIsWrittenThroughTheFileAtAnyAddress) {
    apply_with(false);
    inlay::set(first, true);
    inlay::platform::process self;
    EXPECT_GT(inlay::apply(inlay::this_image(), self).written, 0U);
    EXPECT_EQ(self.system_error(), 0) << "it fell back to replacing pages";
}

TEST(Alternative, EntryCodeInAssembly) {
    apply_with(false);
    EXPECT_EQ(entry_two(), 1);
    EXPECT_EQ(entry_absolute(), 0);
    EXPECT_EQ(entry_empty(), 5);
    apply_with(true);
    EXPECT_EQ(entry_two(), 2);
    EXPECT_EQ(entry_absolute(), 9);
    EXPECT_EQ(entry_empty(), 1);
    apply_with(true, true);
    EXPECT_EQ(entry_two(), 3);
}

// ---- Operands ---------------------------------------------------------------------------------------

inline constexpr auto sum6 =
    inlay::alternative<xor_(eax, eax),
                       when<first, add(eax, ecx) + add(eax, edx) + add(eax, ebx) + add(eax, esi) + add(eax, edi)>>{}
        .takes<eax, ecx, edx, ebx, esi, edi>()
        .returns<eax, unsigned>();

[[gnu::noinline]] unsigned sum_of(unsigned x) { return sum6(x, x * 2, x * 3, 100U, x, false); }

TEST(Alternative, TakesOperandsInEachRegister) {
    apply_with(false);
    EXPECT_EQ(sum6(1U, 2U, 3U, 4U, 5U, 6U), 0U);
    apply_with(true);
    EXPECT_EQ(sum6(1U, 2U, 3U, 4U, 5U, 6U), 21U) << "constants must be in their registers, too";
    EXPECT_EQ(sum_of(10), 10U + 20 + 30 + 100 + 10);
}

inline constexpr auto pass_through = inlay::alternative<none, when<first, nop(3)>>{}.takes<eax>();

TEST(Alternative, ConvertsOperandsAndResults) {
    apply_with(true);
    int object = 0;
    EXPECT_EQ((pass_through.returns<eax, int*>()(&object)), &object);
    EXPECT_EQ((pass_through.returns<eax, std::int32_t>()(std::int8_t{-5})), -5);
    EXPECT_EQ((pass_through.returns<eax, std::uint8_t>()(0x1234)), 0x34);
    EXPECT_EQ((pass_through.returns<eax, bool>()(0x100)), false) << "a bool is 8 bits; the rest is junk";
}

inline constexpr auto time_stamp =
    inlay::alternative<rdtsc(), when<first, mov(eax, 1) + mov(edx, 2)>>{}.returns<edx_eax, std::uint64_t>();
inline constexpr auto both_halves = inlay::alternative<mov(edx, 0), when<first, xchg(ptr(ecx), eax)>>{}
                                        .takes<eax, edx, ecx>()
                                        .returns<edx_eax, std::uint64_t>();

TEST(Alternative, ReturnsEdxEaxAsOneValue) {
    apply_with(false);
    const auto before = time_stamp();
    EXPECT_GE(time_stamp(), before);
    EXPECT_NE(before, 0U);
    unsigned low = 0xfffffffe;
    EXPECT_EQ(both_halves(1U, 2U, &low), 1U);
    apply_with(true);
    EXPECT_EQ(time_stamp(), 0x2'0000'0001U);
    EXPECT_EQ(both_halves(1U, 2U, &low), 0x2'ffff'fffeU);
    EXPECT_EQ(low, 1U);
}

// ---- Calls ------------------------------------------------------------------------------------------

int population(unsigned value) { return __builtin_popcount(value); }
std::uint64_t wide_product(unsigned a, unsigned b, unsigned c) noexcept { return std::uint64_t{a} * b + c; }
unsigned changed_by_call;
void changes(unsigned a) { changed_by_call += a; }

inline constexpr auto hweight32 =
    inlay::alternative<call<&population>(), when<first, popcnt(eax, eax)>>{}.takes<eax>().returns<eax, int>();
inline constexpr auto multiply =
    inlay::alternative<call<&wide_product>(), when<first, nop(3) + call<&wide_product>() + nop(4)>>{}
        .takes<eax, edx, ecx>()
        .returns<edx_eax, std::uint64_t>();
inline constexpr auto change = inlay::alternative<none, when<first, call<&changes>()>>{}.takes<eax>();

TEST(Alternative, CallsTakeThreeArgumentsAndReturn64Bits) {
    for (const bool on : {false, true}) {
        apply_with(on);
        EXPECT_EQ(hweight32(0xff00ff01U), 17);
        EXPECT_EQ(multiply(0xffffffffU, 0xfffffffeU, 9U), std::uint64_t{0xffffffffU} * 0xfffffffeU + 9);
    }
    change(5U);
    change(6U);
    EXPECT_EQ(changed_by_call, 11U);
}

inline constexpr auto trash =
    inlay::alternative<call<&trash_registers>(), when<first, xor_(eax, eax)>>{}.returns<eax, bool>();

/// Values in every register, of the x87 too.
[[gnu::noinline]] std::uint64_t many_values(unsigned x, double y, bool& flag) {
    volatile unsigned stack[8] = {x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7}; // NOLINT(*-avoid-c-arrays)
    const unsigned p = x * 3, q = x * 5, r = x * 7, s = x * 11, t = x * 13;            // NOLINT(*-isolate-declaration)
    const double f = y * 2, g = y * 3, h = y * 5;                                      // NOLINT(*-isolate-declaration)
    flag = trash();
    unsigned sum = p + q * 2 + r * 3 + s * 4 + t * 5;
    for (const auto& each : stack) {
        sum = sum * 3 + each;
    }
    return sum + static_cast<std::uint64_t>(f + g * 2 + h * 3);
}

TEST(Alternative, CallKeepsRegistersAndStack) {
    bool called_flag = true;
    bool inline_flag = true;
    apply_with(false);
    volatile unsigned integer = 1234;
    volatile double number = 1.5;
    const auto called = many_values(integer, number, called_flag);
    apply_with(true);
    EXPECT_EQ(many_values(integer, number, inline_flag), called);
    EXPECT_FALSE(called_flag) << "0x1ff00 is false: only 8 bits count";
    EXPECT_FALSE(inline_flag);
}

/// A different value in each register, across a call with `Words` more words on the stack.
void trash_and_return_nothing() noexcept { (void)trash_registers(); }
std::uint64_t trash_and_return_both() noexcept { return (void)trash_registers(), 0x2'0000'0001; }

constexpr auto poison = mov(eax, 1) + mov(ecx, 2) + mov(edx, 4) + mov(esi, 8) + mov(edi, 16);
template <unsigned Words>
inline constexpr auto pushed = nop(1);
template <>
inline constexpr auto pushed<1> = push(ebx);
template <>
inline constexpr auto pushed<2> = push(ebx) + push(ebx);
template <>
inline constexpr auto pushed<3> = push(ebx) + push(ebx) + push(ebx);
template <unsigned Words>
inline constexpr auto popped = nop(1);
template <>
inline constexpr auto popped<1> = pop(ebx);
template <>
inline constexpr auto popped<2> = pop(ebx) + pop(ebx);
template <>
inline constexpr auto popped<3> = pop(ebx) + pop(ebx) + pop(ebx);

template <unsigned Words, auto Function, auto Sum>
unsigned poisoned() {
    static constexpr auto site = // the stack rule allows nothing but the same twice
        inlay::alternative<poison + pushed<Words> + call<Function>() + popped<Words> + Sum,
                           when<first, poison + pushed<Words> + call<Function>() + popped<Words> + Sum>>{}
            .clobbers_all()
            .template clobbers<ebx, esi, edi>()
            .template returns<eax, unsigned>();
    return site();
}
constexpr auto sum_of_kept = add(eax, ecx) + add(eax, esi) + add(eax, edi);

template <unsigned... Words>
void at_each_alignment(std::integer_sequence<unsigned, Words...>) {
    // eax is the result, and not kept
    const auto one = [](unsigned value) { EXPECT_EQ(value, 2U + 4 + 8 + 16); };
    (one(poisoned<Words, &trash_registers, xor_(eax, eax) + add(eax, edx) + sum_of_kept>()), ...);
    // without result, eax is kept as well
    const auto none_of_it = [](unsigned value) { EXPECT_EQ(value, 1U + 2 + 4 + 8 + 16); };
    (none_of_it(poisoned<Words, &trash_and_return_nothing, add(eax, edx) + sum_of_kept>()), ...);
    // 64 bits: 1 in eax, 2 in edx
    const auto both = [](unsigned value) { EXPECT_EQ(value, 1U + 2 + 2 + 8 + 16); };
    (both(poisoned<Words, &trash_and_return_both, add(eax, edx) + sum_of_kept>()), ...);
}

TEST(Alternative, ThunkKeepsEachGeneralRegisterAndAlignsTheStack) {
    apply_with(true);
    at_each_alignment(std::integer_sequence<unsigned, 0, 1, 2, 3>{});
}

int plus_one(int x) { return x + 1; }
int eleven() { return 11; }
int twelve() { return 12; }
using number = int();
constinit number* slot = &eleven;
inline constexpr auto through_slot =
    inlay::alternative<call_slot<&slot>(), when<first, nop(3) + call_slot<&slot>()>>{}.returns<eax, int>();

TEST(Alternative, CallsThroughAMemorySlotAtItsAddress) {
    for (const bool on : {false, true}) {
        apply_with(on);
        slot = &eleven;
        EXPECT_EQ(through_slot(), 11);
        slot = &twelve;
        EXPECT_EQ(through_slot(), 12);
    }
}

// ---- Symbol operands ---------------------------------------------------------------------------------

constinit int variable = 41;
constinit std::uint8_t byte_variable = 5;

template <unsigned Before>
int call_at() {
    static constexpr auto site =
        inlay::alternative<mov(eax, 0), when<first, nop(Before) + call<&plus_one>() + nop(7)>>{}
            .template takes<eax>()
            .template returns<eax, int>();
    return site(int{Before});
}
template <unsigned... Positions>
void calls_at_every_position(std::integer_sequence<unsigned, Positions...>) {
    const auto expect = [](int result, unsigned position) { EXPECT_EQ(result, static_cast<int>(position) + 1); };
    (expect(call_at<Positions>(), Positions), ...);
}

TEST(Alternative, RelativeOperandAtEveryPosition) {
    apply_with(true);
    calls_at_every_position(std::make_integer_sequence<unsigned, 24>{});
}

// Absolute, absolute, relative, absolute: three stay unchanged, one is moved.
inline constexpr auto four_operands =
    inlay::alternative<xor_(eax, eax),
                       when<first, add(eax, 0) + mov(ecx, rip<&variable>) + add(eax, ecx) + mov(rip<&variable>, eax) +
                                       call<&plus_one>() + mov(ecx, rip<&variable>) + add(eax, ecx)>>{}
        .takes<eax>()
        .clobbers_all()
        .returns<eax, int>();

TEST(Alternative, AbsoluteOperandsBesideARelativeOne) {
    apply_with(false);
    EXPECT_EQ(four_operands(100), 0);
    apply_with(true);
    variable = 41;
    EXPECT_EQ(four_operands(100), 141 + 1 + 141);
    EXPECT_EQ(variable, 141);
}

inline constexpr auto trailing_immediate =
    inlay::alternative<
        cmpb(rip<&byte_variable>, 5) + mov(eax, 0) + skip_if(condition::ne, mov(eax, 1)),
        when<first, nop(3) + cmpb(rip<&byte_variable>, 6) + mov(eax, 2) + skip_if(condition::e, mov(eax, 3))>>{}
        .returns<eax, int>();
inline constexpr auto address_of =
    inlay::alternative<mov(eax, 0), when<first, nop(2) + lea(eax, rip<&variable>)>>{}.returns<eax, int*>();

TEST(Alternative, AbsoluteOperandBeforeAnImmediate) {
    apply_with(false);
    byte_variable = 5;
    EXPECT_EQ(trailing_immediate(), 1);
    byte_variable = 6;
    EXPECT_EQ(trailing_immediate(), 0);
    EXPECT_EQ(address_of(), nullptr);
    apply_with(true);
    EXPECT_EQ(trailing_immediate(), 2);
    byte_variable = 5;
    EXPECT_EQ(trailing_immediate(), 3);
    EXPECT_EQ(address_of(), &variable);
}

// ---- Bytes -------------------------------------------------------------------------------------------

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

inline constexpr auto padded =
    inlay::alternative<nop(1), when<first, mfence()>, when<second, nop(16) + lfence()>>{}.named<"padded">();

TEST(Alternative, PadsWithTheFewestNops) {
    padded();
    unsigned length = 0;
    const auto* const site = site_called("padded", length);
    ASSERT_NE(site, nullptr);
    ASSERT_EQ(length, 19U);
    apply_with(false);
    EXPECT_EQ(std::memcmp(site, "\x90\x3e\x8d\xb4\x26\0\0\0\0\x3e\x8d\xb4\x26\0\0\0\0\x89\xf6", 19), 0);
    apply_with(true);
    EXPECT_EQ(std::memcmp(site, "\x0f\xae\xf0\x3e\x8d\xb4\x26\0\0\0\0\x3e\x8d\xb4\x26\0\0\0\0", 19), 0);
    apply_with(false, true);
    EXPECT_EQ(std::memcmp(site, "\x3e\x8d\xb4\x26\0\0\0\0\x3e\x8d\xb4\x26\0\0\0\0\x0f\xae\xe8", 19), 0);
}

TEST(Alternative, EachNopIsOneInstruction) {
    for (unsigned length = 1; length <= inlay::x86::max_nop_length; ++length) {
        std::array<std::uint8_t, 16> bytes{};
        inlay::x86::fill_nops(bytes.data(), length);
        EXPECT_EQ(inlay::x86::instruction_length(bytes.data(), length), length);
        EXPECT_EQ(inlay::x86::jump_length(bytes.data()), length == 5 ? length : 0) << "the site of a key has 5 bytes";
    }
    for (const auto& form : inlay::x86::call_forms<>) {
        EXPECT_EQ(inlay::x86::instruction_length(form.bytes, 5), 5U) << "a thread may be inside of the site";
    }
}

// ---- Features ----------------------------------------------------------------------------------------

TEST(Features, AreThoseOfTheProcessor) {
    EXPECT_TRUE(inlay::x86::this_cpu::cpuid(0, 0).eax >= 1);
    EXPECT_TRUE(inlay::x86::holds(inlay::x86::cpuid{1, 0, inlay::x86::edx, 26}, inlay::x86::this_cpu{})) << "sse2";
    EXPECT_EQ(__builtin_cpu_supports("popcnt") != 0,
              inlay::x86::holds(inlay::x86::cpuid{1, 0, inlay::x86::ecx, 23}, inlay::x86::this_cpu{}));
    EXPECT_EQ(__builtin_cpu_supports("avx2") != 0,
              inlay::x86::holds(inlay::x86::cpuid{7, 0, inlay::x86::ebx, 5, inlay::x86::xstate::avx},
                                inlay::x86::this_cpu{}));
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
