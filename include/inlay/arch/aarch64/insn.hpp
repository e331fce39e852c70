// SPDX-License-Identifier: BSL-1.0
//
// insn: AArch64 instructions as compile-time values; an assembler in consteval functions.
//
//     using namespace inlay::aarch64::insn;
//     constexpr auto checksum = crc32cx(w0, w0, x1);                               // code<>
//     constexpr auto fallback = call<&sw_crc32c>();                                // code<preserving<...>{}>
//     constexpr auto clamp    = cmp(x0, x1) + skip_if(condition::ls, mov(x0, x1)); // code<>
//     constexpr auto barrier  = words(0xd50330ff).writes<>();                      // sb, by hand
//
// How it works. Operands are in the manual's order, the destination first, and typed: a register's width selects
// the encoding. Each function returns one instruction, in the encoding that GNU as chooses. The code also has the
// number of stack words (of 8 bytes) that it pushes. `+` joins codes. A trailing underscore avoids a word of C++.
//
// An instruction without an encoding does not compile: the function then calls a function that is not constexpr. This
// function's name, a sentence from `encoding::wrong`, is in the compiler's message.
//
// Stack words are known of push, pop, and of add and sub that move sp by a constant.
//
// Each function states the general registers that its instruction reads and writes (code.hpp). `called` covers the
// registers that a called function changes, so a call writes none, not even x30.
//
// The references are to the Arm Architecture Reference Manual (DDI 0487), chapter C6.
#pragma once

#include "inlay/arch/aarch64/emit.hpp"
#include "inlay/arch/aarch64/nops.hpp"
#include "inlay/arch/aarch64/registers.hpp"
#include "inlay/arch/aarch64/system_registers.hpp"
#include "inlay/code.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// An integer operand of any integer type. The instruction determines the valid range.
struct immediate {
    int64_t value;

    template <class Integer>
        requires requires(Integer integer) { integer % 1; }
    // NOLINTNEXTLINE(google-explicit-constructor): an integer is one by itself
    constexpr immediate(Integer integer) noexcept : value{static_cast<int64_t>(integer)} {}
};

// code.hpp defines reading and writing a register. Number 31 is the zero register in these types, and a write of 32
// bits clears the other bits. sp has bit 31.
namespace detail {

constexpr uint64_t bit_of(unsigned number) noexcept { return number == 31 ? 0 : uint64_t{1} << number; }
inline constexpr uint64_t stack_pointer_bits = uint64_t{1} << 31 | stack_bit;

} // namespace detail

constexpr touched reading(reg64 from) noexcept { return {detail::bit_of(from.number), 0}; }
constexpr touched reading(reg32 from) noexcept { return {detail::bit_of(from.number), 0}; }
constexpr touched reading(stack_pointer) noexcept { return {detail::stack_pointer_bits, 0}; }
constexpr touched writing(reg64 to) noexcept { return {0, detail::bit_of(to.number)}; }
constexpr touched writing(reg32 to) noexcept { return {0, detail::bit_of(to.number)}; }
constexpr touched writing(stack_pointer) noexcept { return {0, detail::stack_pointer_bits}; }

/// base + offset; made by `insn::ptr`.
struct mem {
    uint8_t base; ///< 31: sp
    int64_t offset;
};

namespace encoding {

/// The text of a compiler's message about a wrong operand. Never defined: a call does not compile.
namespace wrong {

void the_count_of_a_nop_is_a_multiple_of_4_up_to_64();
void the_immediate_must_be_0_to_4095_or_a_multiple_of_4096_up_to_0xfff000();
void the_immediate_must_fit_in_16_bits();
void the_shift_of_a_mov_is_0_16_32_or_48_and_less_than_the_width_of_the_register();
void the_immediate_must_be_16_bits_shifted_or_the_complement_of_that_so_use_movz_and_movk();
void the_shift_count_must_be_less_than_the_width_of_the_register();
void the_offset_must_be_a_multiple_of_the_size_and_at_most_4095_times_the_size();
void the_zero_register_cannot_be_an_operand_here();
void the_stack_pointer_moves_by_multiples_of_16_bytes_at_most_48_down_and_64_up();
void the_registers_of_a_pop_differ();
void the_body_of_a_skip_must_pop_exactly_what_it_pushes();
void condition_al_always_holds_so_use_skip();
void the_system_register_is_read_only_so_use_mrs();
void the_system_register_is_written_only_so_use_msr();
void the_immediate_of_a_field_of_pstate_is_0_to_15();

} // namespace wrong

template <class>
inline constexpr bool is_const = false;
template <class T>
inline constexpr bool is_const<const T> = true;

/// Functions are the types that `const` does not change.
template <class>
inline constexpr bool is_function_pointer = false;
template <class T>
inline constexpr bool is_function_pointer<T*> = !is_const<const T>;

template <class>
inline constexpr bool is_object_pointer = false;
template <class T>
inline constexpr bool is_object_pointer<T*> = is_const<const T>;

template <class>
inline constexpr bool is_full_register = false;
template <>
inline constexpr bool is_full_register<reg32> = true;
template <>
inline constexpr bool is_full_register<reg64> = true;

template <class>
inline constexpr bool is_address_register = false;
template <>
inline constexpr bool is_address_register<reg64> = true;
template <>
inline constexpr bool is_address_register<stack_pointer> = true;

/// Bit 31 of most instructions: the operation has 64 bits.
consteval uint32_t wide(reg64) { return 1U << 31; }
consteval uint32_t wide(reg32) { return 0; }
consteval uint32_t wide(stack_pointer) { return 1U << 31; }
consteval unsigned width(reg64) { return 64; }
consteval unsigned width(reg32) { return 32; }

/// A register's number where 31 means the stack pointer.
template <class Register>
consteval uint32_t not_zero(Register number) {
    if (number.number == 31) {
        wrong::the_zero_register_cannot_be_an_operand_here();
    }
    return number.number;
}
consteval uint32_t not_zero(stack_pointer) { return 31; }

consteval uint32_t number(reg64 of) { return of.number; }
consteval uint32_t number(reg32 of) { return of.number; }

// As registers in reads<...>() and writes<...>().
inline constexpr other_state flags{flags_bit};
inline constexpr other_state memory{memory_bit};

template <class Register>
constexpr touched updating(Register both) noexcept {
    return reading(both) | writing(both);
}

/// An instruction, and the registers that it reads and writes.
consteval code<> plain(uint32_t word, touched use = {}, int stack_words = 0) {
    code<> out{};
    out.begin_instruction(stack_words);
    out.append_little_endian(word, instruction_size);
    out.touches(use);
    return out;
}

inline constexpr uint32_t yield_word = 0xd503203f;

/// An instruction whose registers are not stated.
consteval code<> by_hand(uint32_t word, int stack_words) {
    const bool a_hint = word == nop_word || word == yield_word;
    const touched anything = reading(memory) | writing(memory) | reading(flags) | writing(flags);
    code<> out = plain(word, a_hint ? touched{} : anything, stack_words);
    out.unstated = !a_hint;
    return out;
}

/// An instruction that refers to `Symbol`.
template <auto Symbol>
consteval code<Symbol> with_symbol(uint32_t word, relocation kind) {
    code<Symbol> out{};
    out.begin_instruction();
    out.begin_relative(static_cast<uint8_t>(kind));
    out.append_little_endian(word, instruction_size);
    return out;
}

template <auto... Symbols>
consteval code<Symbols...> that_calls(called what, code<Symbols...> out) {
    out.calls = what; // it gives the general registers that change
    out.touches(reading(memory) | writing(memory) | writing(flags));
    return out;
}

template <auto... Symbols>
consteval code<Symbols...> that_touches(touched what, code<Symbols...> out) {
    out.touches(what);
    return out;
}
template <auto... Symbols>
consteval code<Symbols...> that_sets_flags(code<Symbols...> out) {
    return that_touches(writing(flags), out);
}

template <auto... Symbols>
consteval code<Symbols...> that_goes_away(code<Symbols...> out) {
    out.falls_through = false;
    return out;
}

/// Rd at bit 0, Rn at bit 5, Rm at bit 16.
template <class To, class First, class Second>
consteval code<> three(uint32_t word, To to, First first, Second second) {
    return plain(word | number(second) << 16 | number(first) << 5 | number(to),
                 writing(to) | reading(first) | reading(second));
}
template <class To, class From>
consteval code<> two(uint32_t word, To to, From from) {
    return plain(word | number(from) << 5 | number(to), writing(to) | reading(from));
}

/// The bits of a 12-bit immediate that may be shifted by 12.
consteval uint32_t checked_12(immediate operand) {
    if (operand.value >= 0 && operand.value <= 0xfff) {
        return static_cast<uint32_t>(operand.value) << 10;
    }
    if (operand.value < 0 || operand.value > 0xfff000 || operand.value % 0x1000 != 0) {
        wrong::the_immediate_must_be_0_to_4095_or_a_multiple_of_4096_up_to_0xfff000();
    }
    return 1U << 22 | static_cast<uint32_t>(operand.value >> 12) << 10;
}

/// The stack words pushed by an instruction that takes `bytes` from sp.
consteval int words_pushed(int64_t bytes) {
    if (bytes % 16 != 0 || bytes > 48 || bytes < -64) {
        wrong::the_stack_pointer_moves_by_multiples_of_16_bytes_at_most_48_down_and_64_up();
    }
    return static_cast<int>(bytes / 8);
}

consteval uint32_t checked_16(immediate operand) {
    if (operand.value < 0 || operand.value > 0xffff) {
        wrong::the_immediate_must_fit_in_16_bits();
    }
    return static_cast<uint32_t>(operand.value);
}

/// movn 0, movz 2, movk 3 (movk keeps the other bits).
template <class Register>
consteval code<> move_wide(uint32_t operation, Register to, immediate operand, immediate shift) {
    if (shift.value < 0 || shift.value % 16 != 0 || shift.value >= static_cast<int64_t>(width(to))) {
        wrong::the_shift_of_a_mov_is_0_16_32_or_48_and_less_than_the_width_of_the_register();
    }
    return plain(wide(to) | 0x12800000U | operation << 29 | static_cast<uint32_t>(shift.value / 16) << 21 |
                     checked_16(operand) << 5 | number(to),
                 operation == 3 ? updating(to) : writing(to));
}

/// Where the only bits of `value` are 16 aligned ones: their position, else 64.
constexpr unsigned position_of_16(uint64_t value) {
    unsigned shift = 0;
    while (shift < 64 && (value & ~(uint64_t{0xffff} << shift)) != 0) {
        shift += 16;
    }
    return shift;
}

/// movz or movn. (The register's width is a parameter because Clang 14 calls no consteval function on a parameter
/// of a template.)
consteval code<> move_constant(uint32_t wide_bit, uint32_t to, int64_t operand) {
    const auto all = wide_bit != 0 ? ~uint64_t{0} : uint64_t{0xffffffff};
    const auto value = static_cast<uint64_t>(operand) & all;
    const bool whole = wide_bit != 0 || (operand >= -0x80000000LL && operand <= 0xffffffffLL);
    const unsigned plain_at = position_of_16(value);
    const unsigned inverted_at = position_of_16(~value & all);
    if (!whole || (plain_at == 64 && inverted_at == 64)) {
        wrong::the_immediate_must_be_16_bits_shifted_or_the_complement_of_that_so_use_movz_and_movk();
    }
    const bool inverted = plain_at == 64;
    const unsigned shift = inverted ? inverted_at : plain_at;
    const auto bits = static_cast<uint32_t>((inverted ? ~value & all : value) >> shift);
    return plain(wide_bit | 0x12800000U | (inverted ? 0U : 2U) << 29 | shift / 16 << 21 | bits << 5 | to,
                 writing(reg64{static_cast<uint8_t>(to)}));
}
consteval code<> move_constant(reg64 to, immediate operand) {
    return move_constant(wide(to), number(to), operand.value);
}
consteval code<> move_constant(reg32 to, immediate operand) {
    return move_constant(wide(to), number(to), operand.value);
}

template <class Register>
consteval uint32_t checked_shift(Register to, immediate count) {
    if (count.value < 0 || count.value >= static_cast<int64_t>(width(to))) {
        wrong::the_shift_count_must_be_less_than_the_width_of_the_register();
    }
    return static_cast<uint32_t>(count.value);
}

/// ubfm (operation 2) or sbfm (0) with the two positions.
template <class Register>
consteval code<> bitfield(uint32_t operation, Register to, Register from, uint32_t r, uint32_t s) {
    return plain(wide(to) | (wide(to) != 0 ? 1U << 22 : 0U) | operation << 29 | 0x13000000U | r << 16 | s << 10 |
                     number(from) << 5 | number(to),
                 writing(to) | reading(from));
}

/// A load or store of 1 << `log2` bytes, with an offset in units of this size.
consteval uint32_t access(uint32_t word, unsigned log2, uint32_t value, mem at) {
    const int64_t size = int64_t{1} << log2;
    if (at.offset < 0 || at.offset % size != 0 || at.offset / size > 0xfff) {
        wrong::the_offset_must_be_a_multiple_of_the_size_and_at_most_4095_times_the_size();
    }
    return word | log2 << 30 | static_cast<uint32_t>(at.offset / size) << 10 | uint32_t{at.base} << 5 | value;
}
constexpr touched reading_base(mem at) noexcept {
    return at.base == 31 ? reading(stack_pointer{}) : reading(reg64{at.base});
}
template <class Register>
consteval code<> load(uint32_t word, unsigned log2, Register to, mem at) {
    touched base = reading_base(at);
    base.reads &= ~stack_bit; // after a load, no other code can store to the pushed value
    return plain(access(word, log2, number(to), at), writing(to) | base | reading(memory));
}
template <class Register>
consteval code<> store(uint32_t word, unsigned log2, Register from, mem at) {
    return plain(access(word, log2, number(from), at), reading(from) | reading_base(at) | writing(memory));
}

/// In `machine_code::saved` and `restores`.
consteval uint64_t saved_entry(reg64 pushed) {
    return pushed.number == 31 ? machine_code::not_a_register : pushed.number + uint64_t{1};
}
consteval unsigned restored_entry(reg64 popped) { return popped.number == 31 ? 0 : popped.number + 1U; }

/// The body of a branch over it. The branch lands inside the same code, because a branch out of it could not be moved.
template <auto... Symbols>
consteval code<Symbols...> branch_over(code<> branch, code<Symbols...> body) {
    if (body.depth(body.length) != 0) {
        wrong::the_body_of_a_skip_must_pop_exactly_what_it_pushes();
    }
    code<Symbols...> out{};
    body.touches_at_times();
    out = branch + body;
    out.falls_through = true;
    return out;
}
/// Instructions from a branch to the end of the `body` after it.
consteval uint32_t distance_over(const machine_code& body) { return body.length / instruction_size + 1U; }

} // namespace encoding
} // namespace aarch64
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::insn {

// Registers, so that a user needs only `using namespace inlay::aarch64::insn`.
using aarch64::mem, aarch64::reg32, aarch64::reg64, aarch64::stack_pointer;
using aarch64::sp, aarch64::wzr, aarch64::xzr;
using aarch64::w0, aarch64::w1, aarch64::w2, aarch64::w3, aarch64::w4, aarch64::w5, aarch64::w6, aarch64::w7;
using aarch64::w16, aarch64::w17, aarch64::w18, aarch64::w19, aarch64::w20, aarch64::w21, aarch64::w22, aarch64::w23;
using aarch64::w24, aarch64::w25, aarch64::w26, aarch64::w27, aarch64::w28, aarch64::w29, aarch64::w30;
using aarch64::w8, aarch64::w9, aarch64::w10, aarch64::w11, aarch64::w12, aarch64::w13, aarch64::w14, aarch64::w15;
using aarch64::x0, aarch64::x1, aarch64::x2, aarch64::x3, aarch64::x4, aarch64::x5, aarch64::x6, aarch64::x7;
using aarch64::x16, aarch64::x17, aarch64::x18, aarch64::x19, aarch64::x20, aarch64::x21, aarch64::x22, aarch64::x23;
using aarch64::x24, aarch64::x25, aarch64::x26, aarch64::x27, aarch64::x28, aarch64::x29, aarch64::x30;
using aarch64::x8, aarch64::x9, aarch64::x10, aarch64::x11, aarch64::x12, aarch64::x13, aarch64::x14, aarch64::x15;

/// A register of 32 or 64 bits.
template <class T>
concept full_register = encoding::is_full_register<T>;
/// A register that can hold an address: also sp.
template <class T>
concept address_register = encoding::is_address_register<T>;

/// [base, #offset]
template <address_register Base>
consteval mem ptr(Base base, immediate offset = 0) {
    return {static_cast<uint8_t>(encoding::not_zero(base)), offset.value};
}

// ---- Words by hand.

/// For unknown instructions: instructions given as words. Together they push `StackWords` (negative: pop). They must
/// fall through, call nothing, and hold nothing relative, because they are copied elsewhere. Say which general
/// registers they read and write: `words(0xd53be043).writes<x3>()`, or `.writes<>()`. (They may always read and write
/// flags and memory.) nop and yield need no statement.
template <int StackWords = 0, class... Words>
[[nodiscard]] consteval code<> words(Words... values) {
    static_assert(StackWords >= -8 && StackWords <= 7, "inlay: words<N> pushes at most 7 stack words, or pops 8");
    static_assert(sizeof...(Words) >= 1 && sizeof...(Words) <= 16, "inlay: one code has 1 to 16 words");
    code<> out{};
    unsigned left = sizeof...(Words);
    ((out = out + encoding::by_hand(static_cast<uint32_t>(values), --left == 0 ? StackWords : 0)), ...);
    return out;
}

// ---- Nothing, hints and exceptions. NOP, YIELD, WFE, WFI, SEV, SEVL, BTI, SVC, HVC, SMC, BRK, ERET.

/// `count` bytes of nops, 0 to 64, a multiple of four.
[[nodiscard]] consteval code<> nop(unsigned count = instruction_size) {
    if (count > max_code_length || count % instruction_size != 0) {
        encoding::wrong::the_count_of_a_nop_is_a_multiple_of_4_up_to_64();
    }
    code<> out{};
    for (; count != 0; count -= instruction_size) {
        out.begin_instruction();
        out.append_little_endian(nop_word, instruction_size);
    }
    return out;
}
[[nodiscard]] consteval code<> yield() { return encoding::plain(encoding::yield_word); }
[[nodiscard]] consteval code<> wfe() { return encoding::plain(0xd503205f); }
[[nodiscard]] consteval code<> wfi() { return encoding::plain(0xd503207f); }
[[nodiscard]] consteval code<> sev() { return encoding::plain(0xd503209f); }
[[nodiscard]] consteval code<> sevl() { return encoding::plain(0xd50320bf); }

/// The branches that may arrive at a bti: `c` calls (and br x16, br x17), `j` jumps.
enum class landing : uint8_t { none, c, j, jc };
[[nodiscard]] consteval code<> bti(landing from) {
    return encoding::plain(0xd503241fU | static_cast<uint32_t>(from) << 6);
}
/// Counts as an ordinary system call: of the number in x8, and with a result in x0.
[[nodiscard]] consteval code<> svc(immediate operand) {
    return encoding::plain(0xd4000001U | encoding::checked_16(operand) << 5)
        .reads<x0, x8, encoding::memory>()
        .writes<x0, encoding::memory>();
}
/// Counts as a call by Arm's SMC Calling Convention (DEN 0028, from version 1.1 on): w0 has the function, and x0 to x3
/// get results. If another convention changes more, the site must say so.
[[nodiscard]] consteval code<> hvc(immediate operand) {
    return encoding::plain(0xd4000002U | encoding::checked_16(operand) << 5)
        .reads<x0, encoding::memory>()
        .writes<x0, x1, x2, x3, encoding::memory>();
}
/// As `hvc`.
[[nodiscard]] consteval code<> smc(immediate operand) {
    return encoding::plain(0xd4000003U | encoding::checked_16(operand) << 5)
        .reads<x0, encoding::memory>()
        .writes<x0, x1, x2, x3, encoding::memory>();
}
[[nodiscard]] consteval code<> brk(immediate operand) {
    return encoding::that_goes_away(encoding::plain(0xd4200000U | encoding::checked_16(operand) << 5));
}

/// To elr_el1, with spsr_el1 as the state.
[[nodiscard]] consteval code<> eret() { return encoding::that_goes_away(encoding::plain(0xd69f03e0)); }

// ---- The system. MRS, MSR, DC, IC. The compiler keeps every site in order with accesses to memory. The processor does
// not. So their barriers belong into the same code, or before and after it.

/// The register's value. Reading some does more than that: icc_iar1_el1 acknowledges an interrupt.
[[nodiscard]] consteval code<> mrs(reg64 to, system_register from) {
    if (from.access == register_access::write_only) {
        encoding::wrong::the_system_register_is_written_only_so_use_msr();
    }
    return encoding::plain(0xd5200000U | uint32_t{from.number} << 5 | encoding::number(to),
                           writing(to) | reading(encoding::memory) |
                               (from == nzcv ? reading(encoding::flags) : touched{}));
}
[[nodiscard]] consteval code<> msr(system_register to, reg64 from) {
    if (to.access == register_access::read_only) {
        encoding::wrong::the_system_register_is_read_only_so_use_mrs();
    }
    return encoding::plain(0xd5000000U | uint32_t{to.number} << 5 | encoding::number(from),
                           reading(from) | writing(encoding::memory) |
                               (to == nzcv ? writing(encoding::flags) : touched{}));
}
/// msr daifset, #2 masks interrupts: `msr(pstate::daifset, 2)`.
[[nodiscard]] consteval code<> msr(pstate field, immediate operand) {
    if (operand.value < 0 || operand.value > 15) {
        encoding::wrong::the_immediate_of_a_field_of_pstate_is_0_to_15();
    }
    return encoding::plain(0xd500401fU | static_cast<uint32_t>(field) >> 3 << 16 |
                               static_cast<uint32_t>(operand.value) << 8 | (static_cast<uint32_t>(field) & 7U) << 5,
                           reading(encoding::memory) | writing(encoding::memory));
}
/// `at` is an address in the line, or block.
[[nodiscard]] consteval code<> dc(data_cache operation, reg64 at) {
    constexpr uint32_t words[] = {0xd5087620, 0xd50b7a20, 0xd50b7b20, 0xd50b7e20, 0xd50b7420};
    return encoding::plain(words[static_cast<unsigned>(operation)] | encoding::number(at),
                           reading(at) | encoding::updating(encoding::memory));
}
/// ic ivau: the instruction cache forgets the line of `at`, to the point of unification.
[[nodiscard]] consteval code<> ic_ivau(reg64 at) {
    return encoding::plain(0xd50b7520U | encoding::number(at), reading(at) | encoding::updating(encoding::memory));
}
/// ic iallu, or ic ialluis for the processors of the inner shareable domain: it forgets all. EL1.
[[nodiscard]] consteval code<> ic_iallu() { return encoding::plain(0xd508751f); }
[[nodiscard]] consteval code<> ic_ialluis() { return encoding::plain(0xd508711f); }

// ---- Order. DMB, DSB, ISB, SB, CSDB.

/// Which accesses a barrier orders, and for whom.
enum class barrier : uint8_t {
    oshld = 1,
    oshst = 2,
    osh = 3,
    nshld = 5,
    nshst = 6,
    nsh = 7,
    ishld = 9,
    ishst = 10,
    ish = 11,
    ld = 13,
    st = 14,
    sy = 15,
};
[[nodiscard]] consteval code<> dmb(barrier option) {
    return encoding::plain(0xd50330bfU | static_cast<uint32_t>(option) << 8);
}
[[nodiscard]] consteval code<> dsb(barrier option) {
    return encoding::plain(0xd503309fU | static_cast<uint32_t>(option) << 8);
}
[[nodiscard]] consteval code<> isb() { return encoding::plain(0xd5033fdf); }
/// A speculation barrier; undefined without the feature `sb`.
[[nodiscard]] consteval code<> sb() { return encoding::plain(0xd50330ff); }
[[nodiscard]] consteval code<> csdb() { return encoding::plain(0xd503229f); }

// ---- Moves. MOV, MOVZ, MOVN, MOVK.

template <full_register Register>
[[nodiscard]] consteval code<> movz(Register to, immediate operand, immediate shift = 0) {
    return encoding::move_wide(2, to, operand, shift);
}
template <full_register Register>
[[nodiscard]] consteval code<> movn(Register to, immediate operand, immediate shift = 0) {
    return encoding::move_wide(0, to, operand, shift);
}
/// Changes 16 bits of the register.
template <full_register Register>
[[nodiscard]] consteval code<> movk(Register to, immediate operand, immediate shift = 0) {
    return encoding::move_wide(3, to, operand, shift);
}
template <full_register Register>
[[nodiscard]] consteval code<> mov(Register to, Register from) {
    return encoding::plain(encoding::wide(to) | 0x2a0003e0U | encoding::number(from) << 16 | encoding::number(to),
                           writing(to) | reading(from));
}
/// One movz or movn; a constant that takes more is written as movz and movk.
[[nodiscard]] consteval code<> mov(reg64 to, immediate operand) { return encoding::move_constant(to, operand); }
[[nodiscard]] consteval code<> mov(reg32 to, immediate operand) { return encoding::move_constant(to, operand); }
[[nodiscard]] consteval code<> mov(reg64 to, stack_pointer) {
    return encoding::plain(0x910003e0U | encoding::not_zero(to), writing(to) | reading(sp));
}

// ---- Arithmetic. ADD, ADDS, SUB, SUBS, CMP, CMN, NEG, MUL, MADD, MSUB, UMULH, UDIV, SDIV.

template <full_register Register>
[[nodiscard]] consteval code<> add(Register to, Register from, immediate operand) {
    return encoding::plain(encoding::wide(to) | 0x11000000U | encoding::checked_12(operand) |
                               encoding::not_zero(from) << 5 | encoding::not_zero(to),
                           writing(to) | reading(from));
}
template <full_register Register>
[[nodiscard]] consteval code<> sub(Register to, Register from, immediate operand) {
    return encoding::plain(encoding::wide(to) | 0x51000000U | encoding::checked_12(operand) |
                               encoding::not_zero(from) << 5 | encoding::not_zero(to),
                           writing(to) | reading(from));
}
[[nodiscard]] consteval code<> add(reg64 to, stack_pointer, immediate operand) {
    return encoding::plain(0x910003e0U | encoding::checked_12(operand) | encoding::not_zero(to),
                           writing(to) | reading(sp));
}
[[nodiscard]] consteval code<> sub(reg64 to, stack_pointer, immediate operand) {
    return encoding::plain(0xd10003e0U | encoding::checked_12(operand) | encoding::not_zero(to),
                           writing(to) | reading(sp));
}
/// Pops: sp goes up by a multiple of 16 bytes, at most 64.
[[nodiscard]] consteval code<> add(stack_pointer, stack_pointer, immediate operand) {
    return encoding::plain(0x910003ffU | encoding::checked_12(operand), {}, encoding::words_pushed(-operand.value));
}
/// Pushes: sp goes down by a multiple of 16 bytes, at most 48.
[[nodiscard]] consteval code<> sub(stack_pointer, stack_pointer, immediate operand) {
    return encoding::plain(0xd10003ffU | encoding::checked_12(operand), {}, encoding::words_pushed(operand.value));
}
template <full_register Register>
[[nodiscard]] consteval code<> add(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x0b000000U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> sub(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x4b000000U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> adds(Register to, Register first, Register second) {
    return encoding::that_sets_flags(encoding::three(encoding::wide(to) | 0x2b000000U, to, first, second));
}
template <full_register Register>
[[nodiscard]] consteval code<> subs(Register to, Register first, Register second) {
    return encoding::that_sets_flags(encoding::three(encoding::wide(to) | 0x6b000000U, to, first, second));
}
template <full_register Register>
[[nodiscard]] consteval code<> adds(Register to, Register from, immediate operand) {
    return encoding::plain(encoding::wide(to) | 0x31000000U | encoding::checked_12(operand) |
                               encoding::not_zero(from) << 5 | encoding::number(to),
                           writing(to) | reading(from) | writing(encoding::flags));
}
template <full_register Register>
[[nodiscard]] consteval code<> subs(Register to, Register from, immediate operand) {
    return encoding::plain(encoding::wide(to) | 0x71000000U | encoding::checked_12(operand) |
                               encoding::not_zero(from) << 5 | encoding::number(to),
                           writing(to) | reading(from) | writing(encoding::flags));
}
template <full_register Register>
[[nodiscard]] consteval code<> cmp(Register first, Register second) {
    return subs(Register{31}, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> cmp(Register first, immediate second) {
    return subs(Register{31}, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> neg(Register to, Register from) {
    return sub(to, Register{31}, from);
}
/// to = addend + first * second
template <full_register Register>
[[nodiscard]] consteval code<> madd(Register to, Register first, Register second, Register addend) {
    return encoding::that_touches(
        reading(addend),
        encoding::three(encoding::wide(to) | 0x1b000000U | encoding::number(addend) << 10, to, first, second));
}
/// to = minuend - first * second
template <full_register Register>
[[nodiscard]] consteval code<> msub(Register to, Register first, Register second, Register minuend) {
    return encoding::that_touches(
        reading(minuend),
        encoding::three(encoding::wide(to) | 0x1b008000U | encoding::number(minuend) << 10, to, first, second));
}
template <full_register Register>
[[nodiscard]] consteval code<> mul(Register to, Register first, Register second) {
    return madd(to, first, second, Register{31});
}
/// The high half of the product.
[[nodiscard]] consteval code<> umulh(reg64 to, reg64 first, reg64 second) {
    return encoding::three(0x9bc07c00U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> udiv(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x1ac00800U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> sdiv(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x1ac00c00U, to, first, second);
}

// ---- Logic, shifts and bits. AND, ORR, EOR, BIC, TST, MVN, LSL, LSR, ASR, CLZ, CLS, RBIT, REV, REV16.

template <full_register Register>
[[nodiscard]] consteval code<> and_(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x0a000000U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> orr(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x2a000000U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> eor(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x4a000000U, to, first, second);
}
/// to = first & ~second
template <full_register Register>
[[nodiscard]] consteval code<> bic(Register to, Register first, Register second) {
    return encoding::three(encoding::wide(to) | 0x0a200000U, to, first, second);
}
template <full_register Register>
[[nodiscard]] consteval code<> tst(Register first, Register second) {
    return encoding::that_sets_flags(encoding::three(encoding::wide(first) | 0x6a000000U, Register{31}, first, second));
}
template <full_register Register>
[[nodiscard]] consteval code<> mvn(Register to, Register from) {
    return encoding::three(encoding::wide(to) | 0x2a200000U, to, Register{31}, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> lsl(Register to, Register from, immediate count) {
    return encoding::bitfield(2, to, from,
                              (encoding::width(to) - encoding::checked_shift(to, count)) % encoding::width(to),
                              encoding::width(to) - 1 - encoding::checked_shift(to, count));
}
template <full_register Register>
[[nodiscard]] consteval code<> lsr(Register to, Register from, immediate count) {
    return encoding::bitfield(2, to, from, encoding::checked_shift(to, count), encoding::width(to) - 1);
}
template <full_register Register>
[[nodiscard]] consteval code<> asr(Register to, Register from, immediate count) {
    return encoding::bitfield(0, to, from, encoding::checked_shift(to, count), encoding::width(to) - 1);
}
template <full_register Register>
[[nodiscard]] consteval code<> clz(Register to, Register from) {
    return encoding::two(encoding::wide(to) | 0x5ac01000U, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> cls(Register to, Register from) {
    return encoding::two(encoding::wide(to) | 0x5ac01400U, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> rbit(Register to, Register from) {
    return encoding::two(encoding::wide(to) | 0x5ac00000U, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> rev(Register to, Register from) {
    return encoding::two(encoding::wide(to) | (encoding::wide(to) != 0 ? 0x5ac00c00U : 0x5ac00800U), to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> rev16(Register to, Register from) {
    return encoding::two(encoding::wide(to) | 0x5ac00400U, to, from);
}

// ---- Checksums. CRC32B, CRC32H, CRC32W, CRC32X (polynomial 0x04c11db7); CRC32CB to CRC32CX (0x1edc6f41).

[[nodiscard]] consteval code<> crc32b(reg32 to, reg32 sum, reg32 data) {
    return encoding::three(0x1ac04000, to, sum, data);
}
[[nodiscard]] consteval code<> crc32h(reg32 to, reg32 sum, reg32 data) {
    return encoding::three(0x1ac04400, to, sum, data);
}
[[nodiscard]] consteval code<> crc32w(reg32 to, reg32 sum, reg32 data) {
    return encoding::three(0x1ac04800, to, sum, data);
}
[[nodiscard]] consteval code<> crc32x(reg32 to, reg32 sum, reg64 data) {
    return encoding::three(0x9ac04c00, to, sum, data);
}
[[nodiscard]] consteval code<> crc32cb(reg32 to, reg32 sum, reg32 data) {
    return encoding::three(0x1ac05000, to, sum, data);
}
[[nodiscard]] consteval code<> crc32ch(reg32 to, reg32 sum, reg32 data) {
    return encoding::three(0x1ac05400, to, sum, data);
}
[[nodiscard]] consteval code<> crc32cw(reg32 to, reg32 sum, reg32 data) {
    return encoding::three(0x1ac05800, to, sum, data);
}
[[nodiscard]] consteval code<> crc32cx(reg32 to, reg32 sum, reg64 data) {
    return encoding::three(0x9ac05c00, to, sum, data);
}

// ---- Memory. LDR, STR, LDRH, STRH, LDRB, STRB, LDAR, STLR, and the atomic LDADDAL, SWPAL, CASAL of the feature
// `atomics`.

[[nodiscard]] consteval code<> ldr(reg64 to, mem at) { return encoding::load(0x39400000, 3, to, at); }
[[nodiscard]] consteval code<> ldr(reg32 to, mem at) { return encoding::load(0x39400000, 2, to, at); }
[[nodiscard]] consteval code<> str(reg64 from, mem at) { return encoding::store(0x39000000, 3, from, at); }
[[nodiscard]] consteval code<> str(reg32 from, mem at) { return encoding::store(0x39000000, 2, from, at); }
[[nodiscard]] consteval code<> ldrh(reg32 to, mem at) { return encoding::load(0x39400000, 1, to, at); }
[[nodiscard]] consteval code<> strh(reg32 from, mem at) { return encoding::store(0x39000000, 1, from, at); }
[[nodiscard]] consteval code<> ldrb(reg32 to, mem at) { return encoding::load(0x39400000, 0, to, at); }
[[nodiscard]] consteval code<> strb(reg32 from, mem at) { return encoding::store(0x39000000, 0, from, at); }

/// Acquires: later accesses in program order come after it.
template <full_register Register, address_register Base>
[[nodiscard]] consteval code<> ldar(Register to, Base base) {
    touched from = reading(base);
    from.reads &= ~stack_bit;
    return encoding::plain((encoding::wide(to) >> 1) | 0x88dffc00U | encoding::not_zero(base) << 5 |
                               encoding::number(to),
                           writing(to) | from | reading(encoding::memory));
}
/// Releases: earlier accesses in program order come before it.
template <full_register Register, address_register Base>
[[nodiscard]] consteval code<> stlr(Register from, Base base) {
    return encoding::plain((encoding::wide(from) >> 1) | 0x889ffc00U | encoding::not_zero(base) << 5 |
                               encoding::number(from),
                           reading(from) | reading(base) | writing(encoding::memory));
}
/// Adds `value` to the memory at `base`, and sets `old` to the old value. Acquires and releases.
template <full_register Register, address_register Base>
[[nodiscard]] consteval code<> ldaddal(Register value, Register old, Base base) {
    return encoding::plain((encoding::wide(value) >> 1) | 0xb8e00000U | encoding::number(value) << 16 |
                               encoding::not_zero(base) << 5 | encoding::number(old),
                           reading(value) | writing(old) | reading(base) | encoding::updating(encoding::memory));
}
/// Stores `value`, and sets `old` to the old value.
template <full_register Register, address_register Base>
[[nodiscard]] consteval code<> swpal(Register value, Register old, Base base) {
    return encoding::plain((encoding::wide(value) >> 1) | 0xb8e08000U | encoding::number(value) << 16 |
                               encoding::not_zero(base) << 5 | encoding::number(old),
                           reading(value) | writing(old) | reading(base) | encoding::updating(encoding::memory));
}
/// If memory equals `expected`, stores `value`. Sets `expected` to the old value.
template <full_register Register, address_register Base>
[[nodiscard]] consteval code<> casal(Register expected, Register value, Base base) {
    return encoding::plain((encoding::wide(value) >> 1) | 0x88e0fc00U | encoding::number(expected) << 16 |
                               encoding::not_zero(base) << 5 | encoding::number(value),
                           encoding::updating(expected) | reading(value) | reading(base) |
                               encoding::updating(encoding::memory));
}

// ---- The stack. STP and LDP with write-back: sp stays a multiple of 16.

/// stp first, second, [sp, #-16]!
[[nodiscard]] consteval code<> push(reg64 first, reg64 second) {
    code<> out = encoding::plain(0xa9bf03e0U | encoding::number(second) << 10 | encoding::number(first),
                                 reading(first) | reading(second), 2);
    out.saved = encoding::saved_entry(first) | encoding::saved_entry(second) << 8; // `first` is on top
    return out;
}
/// ldp first, second, [sp], #16
[[nodiscard]] consteval code<> pop(reg64 first, reg64 second) {
    if (first == second) {
        encoding::wrong::the_registers_of_a_pop_differ();
    }
    code<> out = encoding::plain(0xa8c103e0U | encoding::number(second) << 10 | encoding::number(first),
                                 writing(first) | writing(second), -2);
    out.restores = static_cast<uint16_t>(encoding::restored_entry(first) | encoding::restored_entry(second) << 8);
    return out;
}

// ---- Addresses, calls and branches. ADR, BL, BLR, B, BR, B.cond, CBZ, CBNZ, RET.

/// The condition codes (C1.2.4), after `cmp(x, y)`: `lo` and `hi` unsigned, `lt` and `gt` signed.
enum class condition : uint8_t { eq, ne, hs, lo, mi, pl, vs, vc, hi, ls, ge, lt, gt, le, al };

/// The address of `Object`; it is at most 1 MiB from the site.
template <auto Object>
[[nodiscard]] consteval code<Object> adr(reg64 to) {
    static_assert(encoding::is_object_pointer<decltype(Object)> || encoding::is_function_pointer<decltype(Object)>,
                  "inlay: adr takes the address of a variable or a function: adr<&object>(x0)");
    return encoding::that_touches(writing(to),
                                  encoding::with_symbol<Object>(0x10000000U | encoding::number(to), relocation::adr21));
}

/// Calls `Function` through a thunk that keeps all general registers but the result, x16, x17 and x30.
template <auto Function>
[[nodiscard]] consteval code<preserving<Function>{}> call() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: call takes the address of a function: call<&function>()");
    return encoding::that_calls(called::preserving,
                                encoding::with_symbol<preserving<Function>{}>(0x94000000, relocation::branch26));
}
/// Calls `Function` itself: an assembly function that keeps the same registers as the thunk of `call`.
template <auto Function>
[[nodiscard]] consteval code<Function> call_direct() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: call_direct takes the address of a function: call_direct<&function>()");
    return encoding::that_calls(called::preserving, encoding::with_symbol<Function>(0x94000000, relocation::branch26));
}
/// Calls an operation of a paravirt table through a thunk that jumps through its pointer (pv.hpp), until it is patched.
template <auto Operation>
[[nodiscard]] consteval code<Operation> call_operation() {
    return encoding::that_calls(Operation.callee_save ? called::callee_save : called::ordinary,
                                encoding::with_symbol<Operation>(0x94000000, relocation::branch26));
}
/// blr: an ordinary function, so every register that the calling convention gives to functions changes.
[[nodiscard]] consteval code<> call(reg64 to) {
    return encoding::that_calls(called::ordinary,
                                encoding::plain(0xd63f0000U | encoding::number(to) << 5, reading(to)));
}

/// b
template <auto Function>
[[nodiscard]] consteval code<Function> jmp() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: jmp takes the address of a function: jmp<&function>()");
    return encoding::that_goes_away(encoding::with_symbol<Function>(0x14000000, relocation::branch26));
}
/// br
[[nodiscard]] consteval code<> jmp(reg64 to) {
    return encoding::that_goes_away(encoding::plain(0xd61f0000U | encoding::number(to) << 5, reading(to)));
}
[[nodiscard]] consteval code<> ret(reg64 to = x30) {
    return encoding::that_goes_away(encoding::plain(0xd65f0000U | encoding::number(to) << 5, reading(to)));
}

/// Branches to `Function` where `Condition` holds. It is at most 1 MiB from the site: the linker makes no veneer.
template <condition Condition, auto Function>
[[nodiscard]] consteval code<Function> b_cond() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: b_cond takes a condition and the address of a function: b_cond<condition::eq, &function>(); "
                  "to branch inside one code, skip_if(condition::eq, body)");
    return encoding::that_touches(
        reading(encoding::flags),
        encoding::with_symbol<Function>(0x54000000U | static_cast<uint32_t>(Condition), relocation::branch19));
}

/// A branch over `body`; the body pops its pushed values.
template <auto... Symbols>
[[nodiscard]] consteval code<Symbols...> skip(code<Symbols...> body) {
    return encoding::branch_over(encoding::plain(0x14000000U | encoding::distance_over(body)), body);
}
/// A branch over `body` where the condition holds: `skip_if(condition::eq, body)` runs `body` where it is not equal.
template <auto... Symbols>
[[nodiscard]] consteval code<Symbols...> skip_if(condition when, code<Symbols...> body) {
    if (when == condition::al) {
        encoding::wrong::condition_al_always_holds_so_use_skip();
    }
    return encoding::branch_over(
        encoding::plain(0x54000000U | encoding::distance_over(body) << 5 | static_cast<uint32_t>(when),
                        reading(encoding::flags)),
        body);
}
/// A branch over `body` where the register is zero, or is not.
template <full_register Register, auto... Symbols>
[[nodiscard]] consteval code<Symbols...> skip_if_zero(Register value, code<Symbols...> body) {
    return encoding::branch_over(encoding::plain(encoding::wide(value) | 0x34000000U |
                                                     encoding::distance_over(body) << 5 | encoding::number(value),
                                                 reading(value)),
                                 body);
}
template <full_register Register, auto... Symbols>
[[nodiscard]] consteval code<Symbols...> skip_unless_zero(Register value, code<Symbols...> body) {
    return encoding::branch_over(encoding::plain(encoding::wide(value) | 0x35000000U |
                                                     encoding::distance_over(body) << 5 | encoding::number(value),
                                                 reading(value)),
                                 body);
}

} // namespace aarch64::insn
} // namespace inlay
