// SPDX-License-Identifier: BSL-1.0
//
// insn: x86 instructions as compile-time values; an assembler in consteval functions.
//
//     using namespace inlay::x86::insn;
//     constexpr auto exit_path = swapgs() + sysretq();                             // code<>
//     constexpr auto load      = mov(rax, rip<&counter>);                          // code<&counter>
//     constexpr auto fallback  = call<&sw_hweight64>();                            // code<preserving<...>{}>
//     constexpr auto count     = test(rdi, rdi) + skip_if(condition::e, popcnt(rax, rdi));
//     constexpr auto way_out   = bytes(0x0f, 0x01, 0xef).reads<eax, ecx, edx>().writes<>(); // wrpkru, by hand
//
// How it works. Operands are in Intel's order, the destination first, and typed: a register's width selects
// the encoding. `ptr(base, displacement)` and `ptr(base, index, scale, displacement)` are memory operands;
// `rip<&object>` is one relative to the instruction pointer, and an instruction with it carries the symbol.
// Each function returns one instruction, in the encoding that GNU as chooses (for `mov(reg64, immediate)` in the
// shortest). The code also has the number of stack words that it pushes. `+` joins codes. A trailing underscore avoids
// a word of C++ (`and_`) or `namespace std`.
//
// An instruction without an encoding does not compile: the function then calls a function that is not constexpr. This
// function's name, a sentence from `encoding::wrong`, is in the compiler's message.
//
// Stack words are known for push and pop, and for add, sub and lea that move rsp by a constant. An instruction that
// gives rsp a value from elsewhere (mov, and, xadd) counts as 0; `bytes<StackWords>(...)` can state the number.
//
// Each function says which general registers its instruction reads and writes, including those that the encoding does
// not name (code.hpp). The registers that a called function changes are known by `called`, so a call writes none.
//
// In 32-bit mode (`-m32`) addresses and the stack go by registers of 32 bits: `ptr(ebx, 8)`, `push(eax)`. An
// instruction that needs a REX prefix does not compile. No address is relative to the instruction pointer:
// `rip<&object>` is an absolute address, in an instruction of the same length.
//
// The references are to the Intel SDM, volume 2, entries in capitals.
#pragma once

#include "inlay/arch/x86/nops.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/code.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// An integer operand of any integer type. The instruction determines the valid range.
struct immediate {
    int64_t value;

    template <class Integer>
        requires requires(Integer integer) { integer % 1; }
    // NOLINTNEXTLINE(google-explicit-constructor): an integer is one by itself
    constexpr immediate(Integer integer) noexcept : value{static_cast<int64_t>(integer)} {}
};

// code.hpp defines reading and writing a register. A write of 8 or 16 bits keeps the other bits of the register, a
// write of 32 bits clears them.
namespace detail {

constexpr uint64_t bit_of(unsigned number) noexcept {
    return uint64_t{1} << number | (number == rsp.number ? stack_bit : 0);
}

} // namespace detail

constexpr touched reading(reg64 from) noexcept { return {detail::bit_of(from.number), 0}; }
constexpr touched reading(reg32 from) noexcept { return {detail::bit_of(from.number), 0}; }
constexpr touched reading(reg16 from) noexcept { return {detail::bit_of(from.number), 0}; }
constexpr touched reading(reg8 from) noexcept { return {detail::bit_of(from.number), 0}; }
constexpr touched reading(register_pair) noexcept { return reading(eax) | reading(edx); }
constexpr touched writing(reg64 to) noexcept { return {0, detail::bit_of(to.number)}; }
constexpr touched writing(reg32 to) noexcept { return {0, detail::bit_of(to.number)}; }
constexpr touched writing(reg16 to) noexcept { return {detail::bit_of(to.number), detail::bit_of(to.number)}; }
constexpr touched writing(reg8 to) noexcept { return {detail::bit_of(to.number), detail::bit_of(to.number)}; }
constexpr touched writing(register_pair) noexcept { return writing(eax) | writing(edx); }

/// base + index * scale + displacement; made by `insn::ptr`.
struct mem {
    address_register base;
    address_register index;
    uint8_t scale; ///< 1, 2, 4 or 8; 0: no index
    int32_t displacement;
};

namespace encoding {

/// The text of a compiler's message about a wrong operand. Never defined: a call does not compile.
namespace wrong {

void the_stack_pointer_cannot_be_an_index_register();
void the_scale_of_an_index_is_1_2_4_or_8();
void the_displacement_must_fit_in_32_bits_signed();
void the_immediate_must_fit_in_8_bits();
void the_immediate_must_fit_in_32_bits();
void the_immediate_must_fit_in_32_bits_signed_so_mov_it_to_a_register_first();
void the_shift_count_must_be_less_than_the_width_of_the_register();
void the_stack_pointer_moves_by_whole_words_and_by_at_most_7_words_down_and_8_words_up();
void registers_of_64_bits_and_r8_to_r15_and_spl_bpl_sil_and_dil_are_not_there_in_32_bit_mode();
void the_number_of_a_bit_must_be_less_than_the_width_of_the_register();
void the_body_of_a_skip_must_pop_exactly_what_it_pushes();
void a_byte_of_machine_code_is_0_to_255();
void one_code_holds_at_most_64_bytes_of_nops();

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

/// Points to a variable that can hold a function's address.
template <class>
inline constexpr bool is_slot_pointer = false;
template <class T>
    requires is_object_pointer<T*>
inline constexpr bool is_slot_pointer<T*> = sizeof(T) == sizeof(void*);

template <class>
inline constexpr bool is_full_register = false;
template <>
inline constexpr bool is_full_register<reg32> = true;
template <>
inline constexpr bool is_full_register<reg64> = true;

// As registers in reads<...>() and writes<...>().
inline constexpr other_state flags{flags_bit};
inline constexpr other_state memory{memory_bit};
inline constexpr other_state vectors{vectors_bit};

/// An operand as ModRM has it: a register's number, or the digit that extends the opcode; and the instruction's access
/// to it.
struct operand {
    unsigned number;
    touched use;

    // NOLINTNEXTLINE(google-explicit-constructor): a digit is one by itself
    constexpr operand(unsigned digit) noexcept : number{digit}, use{} {}
    constexpr operand(unsigned register_number, touched register_use) noexcept
        : number{register_number}, use{register_use} {}
};
template <class Register>
constexpr operand read(Register from) noexcept {
    return {from.number, reading(from)};
}
template <class Register>
constexpr operand written(Register to) noexcept {
    return {to.number, writing(to)};
}
template <class Register>
constexpr operand updated(Register both) noexcept {
    return {both.number, reading(both) | writing(both)};
}

/// An operand in memory, and the instruction's access to it and to its registers.
struct memory_operand {
    mem at;
    touched use;
};
constexpr memory_operand addressed(mem at) noexcept {
    return {at, reading(at.base) | (at.scale != 0 ? reading(at.index) : touched{})};
}
constexpr memory_operand read(mem from) noexcept {
    touched use = addressed(from).use | reading(memory);
    use.reads &= ~stack_bit; // after a load, no other code can store to the pushed value
    return {from, use};
}
constexpr memory_operand written(mem to) noexcept { return {to, addressed(to).use | writing(memory)}; }
constexpr memory_operand updated(mem both) noexcept {
    return {both, addressed(both).use | reading(memory) | writing(memory)};
}

// The bits of a REX prefix (volume 2, section 2.2.1). The low bits R, X and B extend register numbers.
inline constexpr unsigned rex_present = 0x40;
inline constexpr unsigned rex_w = 0x08;

/// The part of the REX prefix that an operand's width asks for.
consteval unsigned rex(reg64) { return rex_w; }
consteval unsigned rex(reg32) { return 0; }
consteval unsigned rex(reg8 byte) { return byte.number >= 4 && byte.number < 8 ? rex_present : 0; } // spl, not ah

consteval bool fits_8_signed(int64_t value) { return value >= -0x80 && value <= 0x7f; }
consteval bool fits_32_signed(int64_t value) { return value >= -0x80000000LL && value <= 0x7fffffff; }
consteval bool fits_32_unsigned(int64_t value) { return value >= 0 && value <= 0xffffffffLL; }

consteval int64_t checked_8(immediate operand) {
    if (operand.value < -0x80 || operand.value > 0xff) {
        wrong::the_immediate_must_fit_in_8_bits();
    }
    return operand.value;
}

/// For operations of 32 bits: signed or unsigned. The result is signed; this finds the 8-bit forms.
consteval int64_t checked_32(immediate operand) {
    if (!fits_32_signed(operand.value) && !fits_32_unsigned(operand.value)) {
        wrong::the_immediate_must_fit_in_32_bits();
    }
    return static_cast<int32_t>(operand.value);
}

/// For operations of 64 bits: they extend an immediate of 32 bits by its sign.
consteval int64_t checked_32_signed(immediate operand) {
    if (!fits_32_signed(operand.value)) {
        wrong::the_immediate_must_fit_in_32_bits_signed_so_mov_it_to_a_register_first();
    }
    return operand.value;
}
consteval int64_t checked(reg32, immediate operand) { return checked_32(operand); }
consteval int64_t checked(reg64, immediate operand) { return checked_32_signed(operand); }

template <class Register>
constexpr bool is_stack_pointer(Register which) noexcept {
    return inlay::detail::same<Register, address_register> && which.number == rsp.number;
}

/// The stack words pushed by an instruction that adds `bytes` to `destination`.
template <class Register>
consteval int words_pushed(Register destination, int64_t bytes) {
    constexpr int64_t word = sizeof(void*);
    if (!is_stack_pointer(destination)) {
        return 0;
    }
    if (bytes % word != 0 || bytes < -7 * word || bytes > 8 * word) {
        wrong::the_stack_pointer_moves_by_whole_words_and_by_at_most_7_words_down_and_8_words_up();
    }
    return static_cast<int>(-(bytes / word));
}

/// Appends prefix, REX and opcode. `opcode` reads as in the manual: 0xf30fb8 is F3 0F B8, and REX goes
/// between F3 and 0F.
consteval void append_opcode(machine_code& out, uint32_t opcode, unsigned rex_bits) {
    if (!is_64_bit && rex_bits != 0) {
        wrong::registers_of_64_bits_and_r8_to_r15_and_spl_bpl_sil_and_dil_are_not_there_in_32_bit_mode();
    }
    unsigned length = 4;
    while (length > 1 && opcode >> (8 * (length - 1)) == 0) {
        --length;
    }
    for (bool first = true; length != 0; first = false) {
        const auto byte = static_cast<uint8_t>(opcode >> (8 * (length - 1)));
        const bool prefix = first && (byte == 0x66 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3);
        if (!prefix && rex_bits != 0) {
            out.append(static_cast<uint8_t>(rex_present | rex_bits));
            rex_bits = 0;
        }
        out.append(byte);
        --length;
    }
}

consteval void append_checked(machine_code& out, immediate byte) {
    if (byte.value < 0 || byte.value > 255) {
        wrong::a_byte_of_machine_code_is_0_to_255();
    }
    out.append(static_cast<uint8_t>(byte.value));
}

consteval void append_modrm(machine_code& out, unsigned mod, unsigned reg, unsigned rm) {
    out.append(static_cast<uint8_t>(mod << 6 | (reg & 7) << 3 | (rm & 7)));
}

/// A nop as fill_nops writes it, or pause.
consteval bool does_nothing(const machine_code& one) {
    return (one.length <= max_nop_length && one.words[0] == nop_word(one.length) && one.words[1] == 0) ||
           (one.length == 2 && one.words[0] == 0x90f3);
}

/// No operand, or none that is encoded.
consteval code<> plain(uint32_t opcode, int stack_words = 0) {
    code<> out{};
    out.begin_instruction(stack_words);
    append_opcode(out, opcode, 0);
    return out;
}

/// A register in the low bits of the opcode.
consteval code<> short_form(uint32_t opcode, unsigned rex_bits, operand low, int stack_words = 0) {
    code<> out{};
    out.begin_instruction(stack_words);
    append_opcode(out, opcode + (low.number & 7), rex_bits | low.number >> 3);
    out.touches(low.use);
    return out;
}

/// ModRM with two registers. `reg` may be an extension of the opcode: `/digit` in the manual.
consteval code<> modrm(uint32_t opcode, unsigned rex_bits, operand reg, operand rm, int stack_words = 0) {
    code<> out{};
    out.begin_instruction(stack_words);
    append_opcode(out, opcode, rex_bits | reg.number >> 3 << 2 | rm.number >> 3);
    append_modrm(out, 3, reg.number, rm.number);
    out.touches(reg.use | rm.use);
    return out;
}

/// ModRM with a memory operand (volume 2, section 2.1.5, tables 2-2 and 2-3).
consteval code<> modrm(uint32_t opcode, unsigned rex_bits, operand reg, memory_operand from_or_to,
                       int stack_words = 0) {
    code<> out{};
    out.begin_instruction(stack_words);
    const mem rm = from_or_to.at;
    const unsigned base = rm.base.number;
    const unsigned index = rm.index.number;
    append_opcode(out, opcode, rex_bits | reg.number >> 3 << 2 | (rm.scale != 0 ? index >> 3 << 1 : 0) | base >> 3);
    // mod 0 with rm 5 (rbp, r13) would mean rip or no base: they always have a displacement.
    const unsigned mod = rm.displacement == 0 && (base & 7) != 5 ? 0 : fits_8_signed(rm.displacement) ? 1 : 2;
    // rm 4 (rsp, r12) means that a SIB byte follows; in it, index 4 without REX.X means no index.
    if (rm.scale != 0 || (base & 7) == 4) {
        append_modrm(out, mod, reg.number, 4);
        const unsigned log2 = rm.scale == 8 ? 3 : rm.scale == 4 ? 2 : rm.scale == 2 ? 1 : 0;
        append_modrm(out, log2, rm.scale != 0 ? index : 4, base); // SIB has the layout of ModRM
    } else {
        append_modrm(out, mod, reg.number, base);
    }
    out.append_little_endian(static_cast<uint64_t>(int64_t{rm.displacement}), mod == 2 ? 4 : mod);
    out.touches(reg.use | from_or_to.use);
    return out;
}

/// ModRM with the address of `Object` relative to rip, of an instruction that ends `trailing` bytes later. The same
/// ModRM means an absolute address in 32-bit mode (volume 2, table 2-7). `use` is the access to `Object`.
template <auto Object>
consteval code<Object> modrm_rip(uint32_t opcode, unsigned rex_bits, operand reg, touched use, unsigned trailing = 0) {
    code<Object> out{};
    out.begin_instruction();
    append_opcode(out, opcode, rex_bits | reg.number >> 3 << 2);
    append_modrm(out, 0, reg.number, 5);
    out.begin_relative(static_cast<uint8_t>(is_64_bit ? 4 + trailing : 0));
    out.append_little_endian(0, 4);
    out.touches(reg.use | use);
    return out;
}

/// A branch with a distance of 32 bits.
template <auto Symbol>
consteval code<Symbol> branch(uint32_t opcode) {
    code<Symbol> out{};
    out.begin_instruction();
    append_opcode(out, opcode, 0);
    out.begin_relative(4);
    out.append_little_endian(0, 4);
    return out;
}

template <auto... Symbols>
consteval code<Symbols...> with_immediate(code<Symbols...> out, int64_t value, unsigned count) {
    out.append_little_endian(static_cast<uint64_t>(value), count);
    return out;
}

template <auto... Symbols>
consteval code<Symbols...> that_calls(called what, code<Symbols...> out) {
    out.calls = what; // it gives the general registers that change
    out.touches(reading(memory) | writing(memory) | writing(flags));
    return out;
}

/// The implicit operands of an instruction.
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

/// Group 1: add, or, adc, sbb, and, sub, xor, cmp, numbered 0 to 7.
inline constexpr unsigned group1_add = 0;
inline constexpr unsigned group1_sub = 5;
inline constexpr unsigned group1_xor = 6;
inline constexpr unsigned group1_cmp = 7;
consteval code<> arithmetic(unsigned operation, unsigned rex_bits, operand to, int64_t value, int stack_words) {
    if (fits_8_signed(value)) {
        return with_immediate(modrm(0x83, rex_bits, operation, to, stack_words), value, 1);
    }
    if (to.number == 0) {
        return with_immediate(short_form(operation << 3 | 5, rex_bits, to), value, 4); // eax, rax
    }
    return with_immediate(modrm(0x81, rex_bits, operation, to, stack_words), value, 4);
}
template <class Register>
consteval code<> arithmetic(unsigned operation, Register to, immediate value, int stack_words = 0) {
    const bool moves_stack = is_stack_pointer(to) && (operation == group1_add || operation == group1_sub);
    const operand use = moves_stack ? operand{to.number} : operation == group1_cmp ? read(to) : updated(to);
    return that_sets_flags(arithmetic(operation, rex(to), use, checked(to, value), stack_words));
}
template <class Register>
consteval code<> arithmetic(unsigned operation, Register to, Register from) {
    if (to == from && (operation == group1_sub || operation == group1_xor)) { // 0 for any value
        return that_sets_flags(modrm(operation << 3 | 1, rex(to), from.number, written(to)));
    }
    return that_sets_flags(
        modrm(operation << 3 | 1, rex(to), read(from), operation == group1_cmp ? read(to) : updated(to)));
}

/// Group 2: shl 4, shr 5, sar 7.
template <class Register>
consteval code<> shift(unsigned operation, Register to, immediate count) {
    if (count.value < 0 || count.value >= (rex(to) == rex_w ? 64 : 32)) {
        wrong::the_shift_count_must_be_less_than_the_width_of_the_register();
    }
    return that_sets_flags(count.value == 1
                               ? modrm(0xd1, rex(to), operation, updated(to))
                               : with_immediate(modrm(0xc1, rex(to), operation, updated(to)), count.value, 1));
}

/// Group 8: bt 4, bts 5, btr 6, btc 7; `to` is read alone, or changed as well.
template <class Register>
consteval code<> bit_of_register(unsigned operation, Register, operand to, immediate bit) {
    if (bit.value < 0 || bit.value >= (rex(Register{}) == rex_w ? 64 : 32)) {
        wrong::the_number_of_a_bit_must_be_less_than_the_width_of_the_register();
    }
    return that_sets_flags(with_immediate(modrm(0x0fba, rex(Register{}), operation, to), bit.value, 1));
}

/// The operands of string instructions. They go up or down by a flag (DF).
enum class string : uint8_t { source, destination, both };

/// A string instruction that goes on along the addresses in rsi (`source`) and rdi (`destination`); with `repeated`,
/// rcx times. (Where rcx is 0 nothing happens: registers and flags that it writes count as read as well.)
consteval code<> string_instruction(uint32_t opcode, unsigned rex_bits, string ends, touched more, bool repeated) {
    constexpr auto stepped = [](const auto& which) { return reading(which) | writing(which); };
    touched all = more | reading(flags);
    if (ends != string::destination) {
        all = all | stepped(rsi);
    }
    if (ends != string::source) {
        all = all | stepped(rdi);
    }
    if (repeated) {
        all = all | stepped(rcx);
        all.reads |= more.writes;
    }
    return that_touches(all, short_form(opcode, rex_bits, 0));
}
consteval code<> moves(uint32_t opcode, unsigned rex_bits, bool repeated = false) {
    return string_instruction(opcode, rex_bits, string::both, reading(memory) | writing(memory), repeated);
}
consteval code<> stores(uint32_t opcode, unsigned rex_bits, bool repeated = false) {
    return string_instruction(opcode, rex_bits, string::destination, reading(eax) | writing(memory), repeated);
}
template <class Register>
consteval code<> loads(uint32_t opcode, unsigned rex_bits, Register to) {
    return string_instruction(opcode, rex_bits, string::source, reading(memory) | writing(to), false);
}
consteval code<> compares(uint32_t opcode, unsigned rex_bits, bool repeated = false) {
    return string_instruction(opcode, rex_bits, string::both, reading(memory) | writing(flags), repeated);
}
consteval code<> scans(uint32_t opcode, unsigned rex_bits, bool repeated = false) {
    return string_instruction(opcode, rex_bits, string::destination, reading(eax) | reading(memory) | writing(flags),
                              repeated);
}

/// An instruction of the xsave family takes a mask in edx:eax: the parts of the state to save or load.
consteval touched parts_of_state() { return reading(edx_eax); }
/// Saves these parts. It keeps the parts of memory that it does not store, and reads the header that an earlier
/// instruction left there.
consteval code<> saves_state(uint32_t opcode, unsigned rex_bits, unsigned digit, mem to) {
    return that_touches(parts_of_state() | reading(vectors), modrm(opcode, rex_bits, digit, updated(to)));
}
consteval code<> loads_state(uint32_t opcode, unsigned rex_bits, unsigned digit, mem from) {
    return that_touches(parts_of_state() | writing(vectors), modrm(opcode, rex_bits, digit, read(from)));
}

inline constexpr uint32_t short_jmp = 0xeb;

/// A jump over `body`. The jump lands inside the same code, because a jump out of it could not be moved.
template <auto... Symbols>
consteval code<Symbols...> jump_over(uint32_t opcode, code<Symbols...> body) {
    if (body.depth(body.length) != 0) {
        wrong::the_body_of_a_skip_must_pop_exactly_what_it_pushes();
    }
    code<Symbols...> out{};
    body.touches_at_times();
    out = with_immediate(plain(opcode), body.length, 1) + body; // Clang 14 cannot initialize with it, in a template
    out.touches(opcode == short_jmp ? touched{} : reading(flags));
    out.falls_through = true;
    return out;
}

} // namespace encoding

/// An operand at the address of `Object`, by its distance from the instruction (in 32-bit mode by the address itself);
/// written `insn::rip<&object>`.
template <auto Object>
struct rip_operand {
    static_assert(encoding::is_object_pointer<decltype(Object)> || encoding::is_function_pointer<decltype(Object)>,
                  "inlay: rip takes the address of a variable or a function: rip<&object>");
};

} // namespace x86
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::insn {

// Registers, so that a user needs only `using namespace inlay::x86::insn`.
using x86::al, x86::cl, x86::dl, x86::bl, x86::spl, x86::bpl, x86::sil, x86::dil;
using x86::ax, x86::cx, x86::dx, x86::bx, x86::sp, x86::bp, x86::si, x86::di;
using x86::control_register, x86::debug_register, x86::mem, x86::reg16, x86::reg32, x86::reg64, x86::reg8;
using x86::cr0, x86::cr2, x86::cr3, x86::cr4, x86::cr8, x86::edx_eax;
using x86::dr0, x86::dr1, x86::dr2, x86::dr3, x86::dr6, x86::dr7;
using x86::eax, x86::ecx, x86::edx, x86::ebx, x86::esp, x86::ebp, x86::esi, x86::edi;
using x86::r8, x86::r9, x86::r10, x86::r11, x86::r12, x86::r13, x86::r14, x86::r15;
using x86::r8b, x86::r9b, x86::r10b, x86::r11b, x86::r12b, x86::r13b, x86::r14b, x86::r15b;
using x86::r8d, x86::r9d, x86::r10d, x86::r11d, x86::r12d, x86::r13d, x86::r14d, x86::r15d;
using x86::r8w, x86::r9w, x86::r10w, x86::r11w, x86::r12w, x86::r13w, x86::r14w, x86::r15w;
using x86::rax, x86::rcx, x86::rdx, x86::rbx, x86::rsp, x86::rbp, x86::rsi, x86::rdi;

/// A register of 32 or 64 bits.
template <class T>
concept full_register = encoding::is_full_register<T>;

// ---- Memory operands.

/// [base + displacement]
consteval mem ptr(address_register base, immediate displacement = 0) {
    if (!encoding::fits_32_signed(displacement.value)) {
        encoding::wrong::the_displacement_must_fit_in_32_bits_signed();
    }
    return {base, {}, 0, static_cast<int32_t>(displacement.value)};
}

/// [base + index * scale + displacement]; scale is 1, 2, 4 or 8.
consteval mem ptr(address_register base, address_register index, unsigned scale, immediate displacement = 0) {
    if (index.number == rsp.number) {
        encoding::wrong::the_stack_pointer_cannot_be_an_index_register();
    }
    if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
        encoding::wrong::the_scale_of_an_index_is_1_2_4_or_8();
    }
    mem operand = ptr(base, displacement);
    operand.index = index;
    operand.scale = static_cast<uint8_t>(scale);
    return operand;
}

/// [rip + distance to `Object`], or the address in 32-bit mode
template <auto Object>
inline constexpr rip_operand<Object> rip{};

// ---- Bytes by hand.

/// For unknown instructions: one instruction given as bytes. It pushes `StackWords` (negative: pops). It must fall
/// through, call nothing, and hold nothing relative to rip, because it is copied elsewhere. Say which general registers
/// it reads and writes: `bytes(0x91).reads<eax, ecx>().writes<eax, ecx>()`, or `.writes<>()`. (It may always read and
/// write flags and memory.) A nop of this library and pause need no statement.
template <int StackWords = 0, class... Bytes>
[[nodiscard]] consteval code<> bytes(Bytes... values) {
    static_assert(StackWords >= -8 && StackWords <= 7, "inlay: one instruction pushes at most 7 words, or pops 8");
    static_assert(sizeof...(Bytes) >= 1 && sizeof...(Bytes) <= 15, "inlay: an instruction has 1 to 15 bytes");
    code<> out{};
    out.begin_instruction(StackWords);
    (encoding::append_checked(out, values), ...);
    if (!encoding::does_nothing(out)) {
        out.unstated = true;
        out.touches(reading(encoding::memory) | writing(encoding::memory) | reading(encoding::flags) |
                    writing(encoding::flags));
    }
    return out;
}

// ---- Nothing, and waiting. NOP, PAUSE, HLT, SERIALIZE.

/// `count` bytes of nops, 0 to 64, in as few instructions as possible.
[[nodiscard]] consteval code<> nop(unsigned count = 1) {
    if (count > max_code_length) {
        encoding::wrong::one_code_holds_at_most_64_bytes_of_nops();
    }
    code<> out{};
    while (count != 0) {
        const unsigned length = count < max_nop_length ? count : max_nop_length;
        uint8_t values[max_nop_length]{};
        fill_nops(values, length);
        out.begin_instruction();
        for (unsigned i = 0; i < length; ++i) {
            out.append(values[i]);
        }
        count -= length;
    }
    return out;
}
/// Where <unistd.h> is included as well, `insn::pause()`.
[[nodiscard]] consteval code<> pause() { return encoding::plain(0xf390); }
[[nodiscard]] consteval code<> hlt() { return encoding::plain(0xf4); }
[[nodiscard]] consteval code<> serialize() { return encoding::plain(0x0f01e8); }

// ---- Flags. STAC, CLAC, CLI, STI, CLD, STD, CLC, STC, PUSHF/PUSHFD/PUSHFQ, POPF/POPFD/POPFQ.

[[nodiscard]] consteval code<> stac() { return encoding::plain(0x0f01cb).writes<encoding::flags>(); }
[[nodiscard]] consteval code<> clac() { return encoding::plain(0x0f01ca).writes<encoding::flags>(); }
[[nodiscard]] consteval code<> cli() {
    return encoding::plain(0xfa).reads<encoding::flags>().writes<encoding::flags>();
}
[[nodiscard]] consteval code<> sti() {
    return encoding::plain(0xfb).reads<encoding::flags>().writes<encoding::flags>();
}
[[nodiscard]] consteval code<> cld() { return encoding::plain(0xfc).writes<encoding::flags>(); }
[[nodiscard]] consteval code<> std_() { return encoding::plain(0xfd).writes<encoding::flags>(); }
[[nodiscard]] consteval code<> clc() { return encoding::plain(0xf8).writes<encoding::flags>(); }
[[nodiscard]] consteval code<> stc() { return encoding::plain(0xf9).writes<encoding::flags>(); }
/// pushfq, or pushfd in 32-bit mode
[[nodiscard]] consteval code<> pushf() { return encoding::plain(0x9c, 1).reads<encoding::flags>(); }
/// popfq, or popfd
[[nodiscard]] consteval code<> popf() {
    return encoding::plain(0x9d, -1).reads<encoding::flags>().writes<encoding::flags>();
}

// ---- The stack. PUSH, POP, LEAVE.

[[nodiscard]] consteval code<> push(address_register from) {
    code<> out = encoding::short_form(0x50, 0, encoding::read(from), 1);
    if (!encoding::is_stack_pointer(from)) {
        out.saved = from.number + 1U;
    }
    return out;
}
[[nodiscard]] consteval code<> pop(address_register to) {
    code<> out = encoding::short_form(0x58, 0, encoding::written(to), -1);
    if (!encoding::is_stack_pointer(to)) {
        out.restores = static_cast<uint16_t>(to.number + 1U);
    }
    return out;
}
/// Pushes 64 bits: the immediate extended by its sign; 32 bits in 32-bit mode.
[[nodiscard]] consteval code<> push(immediate operand) {
    const int64_t value = encoding::checked(address_register{}, operand);
    return encoding::fits_8_signed(value) ? encoding::with_immediate(encoding::plain(0x6a, 1), value, 1)
                                          : encoding::with_immediate(encoding::plain(0x68, 1), value, 4);
}
/// Counts as one word popped: right where the stack pointer equals rbp, as after `push(rbp) + mov(rbp, rsp)`.
[[nodiscard]] consteval code<> leave() { return encoding::plain(0xc9, -1).reads<rbp>().writes<rsp, rbp>(); }
/// The flags in a register, as Linux's native_save_fl().
[[nodiscard]] consteval code<> pushf_pop(address_register to) { return pushf() + pop(to); }

// ---- Order of memory accesses, and locked operations. LFENCE, MFENCE, SFENCE, LOCK, ADD, CMPXCHG,
// CMPXCHG8B/CMPXCHG16B, XADD, XCHG.

[[nodiscard]] consteval code<> lfence() { return encoding::plain(0x0faee8); }
[[nodiscard]] consteval code<> mfence() { return encoding::plain(0x0faef0); }
[[nodiscard]] consteval code<> sfence() { return encoding::plain(0x0faef8); }

/// lock add dword ptr [to], operand
[[nodiscard]] consteval code<> lock_add(mem to, immediate operand) {
    const int64_t value = encoding::checked_32(operand);
    const bool small = encoding::fits_8_signed(value);
    return encoding::that_sets_flags(encoding::with_immediate(
        encoding::modrm(small ? 0xf083 : 0xf081, 0, 0, encoding::updated(to)), value, small ? 1 : 4));
}
/// A full barrier that is faster than mfence: lock add dword ptr [rsp - 4], 0. (Linux: smp_mb().)
[[nodiscard]] consteval code<> lock_add() {
    code<> out = lock_add(ptr(address_register{rsp.number}, -4), 0);
    out.reads_mask &= ~stack_bit; // it changes nothing that was pushed
    return out;
}
/// Where [to] equals rax (eax), stores `from`; else loads rax (eax). ZF says which.
template <full_register Register>
[[nodiscard]] consteval code<> lock_cmpxchg(mem to, Register from) {
    return encoding::that_touches(
        encoding::updated(Register{rax.number}).use | writing(encoding::flags),
        encoding::modrm(0xf00fb1, encoding::rex(from), encoding::read(from), encoding::updated(to)));
}
/// Where the 8 bytes at [to] equal edx:eax, stores ecx:ebx; else loads edx:eax. ZF says which.
[[nodiscard]] consteval code<> cmpxchg8b(mem to) {
    return encoding::modrm(0x0fc7, 0, 1, encoding::updated(to))
        .reads<eax, edx, ebx, ecx>()
        .writes<eax, edx, encoding::flags>();
}
[[nodiscard]] consteval code<> lock_cmpxchg8b(mem to) {
    return encoding::modrm(0xf00fc7, 0, 1, encoding::updated(to))
        .reads<eax, edx, ebx, ecx>()
        .writes<eax, edx, encoding::flags>();
}
/// The same for 16 bytes, rdx:rax and rcx:rbx.
[[nodiscard]] consteval code<> cmpxchg16b(mem to) {
    return encoding::modrm(0x0fc7, encoding::rex_w, 1, encoding::updated(to))
        .reads<rax, rdx, rbx, rcx>()
        .writes<rax, rdx, encoding::flags>();
}
[[nodiscard]] consteval code<> lock_cmpxchg16b(mem to) {
    return encoding::modrm(0xf00fc7, encoding::rex_w, 1, encoding::updated(to))
        .reads<rax, rdx, rbx, rcx>()
        .writes<rax, rdx, encoding::flags>();
}
/// Adds `from` to [to], and sets `from` to the old value.
template <full_register Register>
[[nodiscard]] consteval code<> lock_xadd(mem to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0xf00fc1, encoding::rex(from), encoding::updated(from), encoding::updated(to)));
}
/// Locked by itself.
template <full_register Register>
[[nodiscard]] consteval code<> xchg(mem to, Register from) {
    return encoding::modrm(0x87, encoding::rex(from), encoding::updated(from), encoding::updated(to));
}

// ---- Identification, counters, random numbers. CPUID, RDTSC, RDTSCP, RDPID, RDPMC, RDRAND, RDSEED.

/// Overwrites eax, ebx, ecx and edx.
[[nodiscard]] consteval code<> cpuid() {
    return encoding::plain(0x0fa2).reads<rax, rcx>().writes<rax, rcx, rdx, rbx>();
}
/// edx:eax
[[nodiscard]] consteval code<> rdtsc() { return encoding::plain(0x0f31).writes<rax, rdx>(); }
/// edx:eax, and IA32_TSC_AUX in ecx
[[nodiscard]] consteval code<> rdtscp() { return encoding::plain(0x0f01f9).writes<rax, rdx, rcx>(); }
[[nodiscard]] consteval code<> rdpid(address_register to) {
    return encoding::modrm(0xf30fc7, 0, 7, encoding::written(to));
}
/// Counter ecx to edx:eax.
[[nodiscard]] consteval code<> rdpmc() { return encoding::plain(0x0f33).reads<rcx>().writes<rax, rdx>(); }
/// CF is 1 if the processor had a number.
template <full_register Register>
[[nodiscard]] consteval code<> rdrand(Register to) {
    return encoding::that_sets_flags(encoding::modrm(0x0fc7, encoding::rex(to), 6, encoding::written(to)));
}
/// CF is 1 if the processor had a number.
template <full_register Register>
[[nodiscard]] consteval code<> rdseed(Register to) {
    return encoding::that_sets_flags(encoding::modrm(0x0fc7, encoding::rex(to), 7, encoding::written(to)));
}

// ---- System registers. RDMSR, WRMSR, XGETBV, XSETBV, SWAPGS, RDFSBASE/RDGSBASE, WRFSBASE/WRGSBASE,
// WRMSRNS, MOV-Move to/from Control Registers, MOV-Move to/from Debug Registers, CLTS.

/// Register ecx to edx:eax.
[[nodiscard]] consteval code<> rdmsr() { return encoding::plain(0x0f32).reads<rcx>().writes<rax, rdx>(); }
/// edx:eax to register ecx.
[[nodiscard]] consteval code<> wrmsr() {
    return encoding::plain(0x0f30).reads<rcx, rax, rdx>().writes<encoding::memory>();
}
/// The same, and does not wait for earlier instructions.
[[nodiscard]] consteval code<> wrmsrns() {
    return encoding::plain(0x0f01c6).reads<rcx, rax, rdx>().writes<encoding::memory>();
}
[[nodiscard]] consteval code<> xgetbv() { return encoding::plain(0x0f01d0).reads<rcx>().writes<rax, rdx>(); }
[[nodiscard]] consteval code<> xsetbv() { return encoding::plain(0x0f01d1).reads<rcx, rax, rdx>(); }
template <bool In64BitMode = is_64_bit>
[[nodiscard]] consteval code<> swapgs() {
    static_assert(In64BitMode, "inlay: swapgs is an instruction of 64-bit mode");
    return encoding::plain(0x0f01f8);
}
[[nodiscard]] consteval code<> rdfsbase(reg64 to) {
    return encoding::modrm(0xf30fae, encoding::rex_w, 0, encoding::written(to));
}
[[nodiscard]] consteval code<> rdgsbase(reg64 to) {
    return encoding::modrm(0xf30fae, encoding::rex_w, 1, encoding::written(to));
}
[[nodiscard]] consteval code<> wrfsbase(reg64 from) {
    return encoding::modrm(0xf30fae, encoding::rex_w, 2, encoding::read(from));
}
[[nodiscard]] consteval code<> wrgsbase(reg64 from) {
    return encoding::modrm(0xf30fae, encoding::rex_w, 3, encoding::read(from));
}
[[nodiscard]] consteval code<> mov(address_register to, control_register from) {
    return encoding::modrm(0x0f20, 0, from.number, encoding::written(to));
}
[[nodiscard]] consteval code<> mov(control_register to, address_register from) {
    return encoding::that_touches(writing(encoding::memory),
                                  encoding::modrm(0x0f22, 0, to.number, encoding::read(from)));
}
/// Leaves the arithmetic flags undefined, as moves of control registers do.
[[nodiscard]] consteval code<> mov(address_register to, debug_register from) {
    return encoding::that_sets_flags(encoding::modrm(0x0f21, 0, from.number, encoding::written(to)));
}
[[nodiscard]] consteval code<> mov(debug_register to, address_register from) {
    return encoding::that_sets_flags(encoding::modrm(0x0f23, 0, to.number, encoding::read(from)));
}
/// Clears TS, the bit of cr0 by which instructions for vectors trap.
[[nodiscard]] consteval code<> clts() { return encoding::plain(0x0f06); }

// ---- Descriptor tables, ports. LGDT/LIDT, SGDT, SIDT, LLDT, LTR, STR, VERW, LSL, IN, OUT.

/// Two bytes of limit, then the address.
[[nodiscard]] consteval code<> lgdt(mem from) { return encoding::modrm(0x0f01, 0, 2, encoding::read(from)); }
[[nodiscard]] consteval code<> lidt(mem from) { return encoding::modrm(0x0f01, 0, 3, encoding::read(from)); }
[[nodiscard]] consteval code<> sgdt(mem to) { return encoding::modrm(0x0f01, 0, 0, encoding::written(to)); }
[[nodiscard]] consteval code<> sidt(mem to) { return encoding::modrm(0x0f01, 0, 1, encoding::written(to)); }
[[nodiscard]] consteval code<> lldt(reg16 selector) { return encoding::modrm(0x0f00, 0, 2, encoding::read(selector)); }
[[nodiscard]] consteval code<> ltr(reg16 selector) { return encoding::modrm(0x0f00, 0, 3, encoding::read(selector)); }
[[nodiscard]] consteval code<> str(reg32 to) { return encoding::modrm(0x0f00, 0, 1, encoding::written(to)); }
/// ZF says whether the segment can be written. Linux uses it for an effect of microcode: it empties buffers
/// (CLEAR_CPU_BUFFERS); on Intel's processors that do this, only with an operand in memory.
[[nodiscard]] consteval code<> verw(reg16 selector) {
    return encoding::that_sets_flags(encoding::modrm(0x0f00, 0, 5, encoding::read(selector)));
}
[[nodiscard]] consteval code<> verw(mem selector) {
    return encoding::that_sets_flags(encoding::modrm(0x0f00, 0, 5, encoding::read(selector)));
}
template <auto Object>
[[nodiscard]] consteval code<Object> verw(rip_operand<Object>) {
    return encoding::that_sets_flags(encoding::modrm_rip<Object>(0x0f00, 0, 5, reading(encoding::memory)));
}
/// The limit of a segment; where ZF is clear, `to` stays.
template <full_register Register>
[[nodiscard]] consteval code<> lsl(Register to, Register selector) {
    return encoding::that_sets_flags(
        encoding::modrm(0x0f03, encoding::rex(to), encoding::updated(to), encoding::read(selector)));
}
/// Port dx, register al.
[[nodiscard]] consteval code<> in() { return encoding::plain(0xec).reads<dx, encoding::flags>().writes<al>(); }
[[nodiscard]] consteval code<> out() { return encoding::plain(0xee).reads<dx, al, encoding::flags>(); }
/// Port dx, register ax; eax.
[[nodiscard]] consteval code<> inw() { return encoding::plain(0x66ed).reads<dx, encoding::flags>().writes<ax>(); }
[[nodiscard]] consteval code<> inl() { return encoding::plain(0xed).reads<dx, encoding::flags>().writes<eax>(); }
[[nodiscard]] consteval code<> outw() { return encoding::plain(0x66ef).reads<dx, ax, encoding::flags>(); }
[[nodiscard]] consteval code<> outl() { return encoding::plain(0xef).reads<dx, eax, encoding::flags>(); }
/// out port, al
[[nodiscard]] consteval code<> out(immediate port) {
    return encoding::with_immediate(encoding::plain(0xe6).reads<al, encoding::flags>(), encoding::checked_8(port), 1);
}

// ---- Entry, exit, traps, hypervisors. SYSCALL, SYSRET, SYSENTER, SYSEXIT, IRET/IRETD/IRETQ, RET, UD,
// INT n/INTO/INT3/INT1, ENDBR64, ENDBR32, VMCALL; VMMCALL is in AMD's manual, volume 3.

/// Overwrites rcx and r11; in 32-bit mode (AMD alone) ecx. Counts as an ordinary system call: the number is in rax, and
/// so is the result. The kernel defines its use of the other registers.
[[nodiscard]] consteval code<> syscall() {
    const auto either = encoding::plain(0x0f05)
                            .reads<rax, encoding::flags, encoding::memory>()
                            .writes<rax, rcx, encoding::flags, encoding::memory>();
    return is_64_bit ? either.writes<r11>() : either;
}
template <bool In64BitMode = is_64_bit>
[[nodiscard]] consteval code<> sysretq() {
    static_assert(In64BitMode, "inlay: sysretq is an instruction of 64-bit mode; see sysexit");
    return encoding::that_goes_away(encoding::plain(0x480f07).reads<rcx, r11>());
}
template <bool In64BitMode = is_64_bit>
[[nodiscard]] consteval code<> iretq() {
    static_assert(In64BitMode, "inlay: iretq is an instruction of 64-bit mode; see iretd");
    return encoding::that_goes_away(encoding::plain(0x48cf));
}
/// Counts as falling through: SYSEXIT may come back to the next instruction. Then the stack is the same again, if the
/// kernel keeps to the conventions. The result is in eax, and ecx and edx hold the operands of SYSEXIT.
[[nodiscard]] consteval code<> sysenter() {
    return encoding::plain(0x0f34)
        .reads<rax, encoding::memory>()
        .writes<rax, rcx, rdx, encoding::memory, encoding::flags>();
}
/// To the user's eip edx and esp ecx.
[[nodiscard]] consteval code<> sysexit() { return encoding::that_goes_away(encoding::plain(0x0f35).reads<rcx, rdx>()); }
[[nodiscard]] consteval code<> iretd() { return encoding::that_goes_away(encoding::plain(0xcf)); }
[[nodiscard]] consteval code<> ret() { return encoding::that_goes_away(encoding::plain(0xc3)); }
/// Counts as falling through, because a handler may resume after it, as Linux's WARN() does.
[[nodiscard]] consteval code<> ud2() { return encoding::plain(0x0f0b); }
[[nodiscard]] consteval code<> int3() {
    return encoding::plain(0xcc).reads<encoding::flags>().writes<encoding::flags>();
}
[[nodiscard]] consteval code<> endbr64() { return encoding::plain(0xf30f1efa); }
[[nodiscard]] consteval code<> endbr32() { return encoding::plain(0xf30f1efb); }
/// Counts as reading and writing rax. Hypervisors have conventions of their own: the site must name the other registers
/// that change.
[[nodiscard]] consteval code<> vmcall() {
    return encoding::plain(0x0f01c1)
        .reads<rax, encoding::memory, encoding::flags>()
        .writes<rax, encoding::memory, encoding::flags>();
}
/// As `vmcall`.
[[nodiscard]] consteval code<> vmmcall() {
    return encoding::plain(0x0f01d9)
        .reads<rax, encoding::memory, encoding::flags>()
        .writes<rax, encoding::memory, encoding::flags>();
}

// ---- Caches, translations, monitors. WBINVD, WBNOINVD, INVD, INVLPG, INVPCID, INVEPT, INVVPID, CLFLUSH, CLFLUSHOPT,
// CLWB, PREFETCHh, PREFETCHW, MONITOR, MWAIT, UMONITOR, UMWAIT, TPAUSE; INVLPGB, TLBSYNC, MONITORX, MWAITX and CLZERO
// are in AMD's manual, volume 3.

[[nodiscard]] consteval code<> wbinvd() { return encoding::plain(0x0f09); }
[[nodiscard]] consteval code<> wbnoinvd() { return encoding::plain(0xf30f09); }
[[nodiscard]] consteval code<> invd() { return encoding::plain(0x0f08); }
[[nodiscard]] consteval code<> invlpg(mem at) { return encoding::modrm(0x0f01, 0, 7, encoding::read(at)); }
/// Entries of the TLB by their process's context: `type` is 0 to 3; the descriptor has 16 bytes, the context, then the
/// address. (invept and invvpid: entries of guests.)
[[nodiscard]] consteval code<> invpcid(address_register type, mem descriptor) {
    return encoding::modrm(0x660f3882, 0, encoding::read(type), encoding::read(descriptor));
}
[[nodiscard]] consteval code<> invept(address_register type, mem descriptor) {
    return encoding::that_sets_flags(encoding::modrm(0x660f3880, 0, encoding::read(type), encoding::read(descriptor)));
}
[[nodiscard]] consteval code<> invvpid(address_register type, mem descriptor) {
    return encoding::that_sets_flags(encoding::modrm(0x660f3881, 0, encoding::read(type), encoding::read(descriptor)));
}
/// Removes entries from the TLBs of all processors, by rax, ecx and edx; tlbsync waits for it. (AMD)
[[nodiscard]] consteval code<> invlpgb() { return encoding::plain(0x0f01fe).reads<rax, ecx, edx>(); }
[[nodiscard]] consteval code<> tlbsync() { return encoding::plain(0x0f01ff); }
[[nodiscard]] consteval code<> clflush(mem at) { return encoding::modrm(0x0fae, 0, 7, encoding::read(at)); }
[[nodiscard]] consteval code<> clflushopt(mem at) { return encoding::modrm(0x660fae, 0, 7, encoding::read(at)); }
[[nodiscard]] consteval code<> clwb(mem at) { return encoding::modrm(0x660fae, 0, 6, encoding::read(at)); }
[[nodiscard]] consteval code<> prefetchnta(mem at) { return encoding::modrm(0x0f18, 0, 0, encoding::read(at)); }
[[nodiscard]] consteval code<> prefetcht0(mem at) { return encoding::modrm(0x0f18, 0, 1, encoding::read(at)); }
[[nodiscard]] consteval code<> prefetcht1(mem at) { return encoding::modrm(0x0f18, 0, 2, encoding::read(at)); }
[[nodiscard]] consteval code<> prefetcht2(mem at) { return encoding::modrm(0x0f18, 0, 3, encoding::read(at)); }
[[nodiscard]] consteval code<> prefetchw(mem at) { return encoding::modrm(0x0f0d, 0, 1, encoding::read(at)); }
/// Address rax, extensions ecx, hints edx.
[[nodiscard]] consteval code<> monitor() { return encoding::plain(0x0f01c8).reads<rax, rcx, rdx>(); }
/// Hints eax, extensions ecx.
[[nodiscard]] consteval code<> mwait() { return encoding::plain(0x0f01c9).reads<rax, rcx>(); }
/// As monitor and mwait, in user mode as well; mwaitx wakes after ebx ticks at the latest. (AMD)
[[nodiscard]] consteval code<> monitorx() { return encoding::plain(0x0f01fa).reads<rax, rcx, rdx>(); }
[[nodiscard]] consteval code<> mwaitx() { return encoding::plain(0x0f01fb).reads<rax, rcx, rbx>(); }
[[nodiscard]] consteval code<> umonitor(address_register at) {
    return encoding::modrm(0xf30fae, 0, 6, encoding::read(at));
}
/// Until the time-stamp counter is at edx:eax; `hints` is 0 for the deeper sleep, 1 for the lighter one. CF says
/// whether the system's own limit came first.
[[nodiscard]] consteval code<> umwait(reg32 hints) {
    return encoding::that_touches(reading(edx_eax) | writing(encoding::flags),
                                  encoding::modrm(0xf20fae, 0, 6, encoding::read(hints)));
}
[[nodiscard]] consteval code<> tpause(reg32 hints) {
    return encoding::that_touches(reading(edx_eax) | writing(encoding::flags),
                                  encoding::modrm(0x660fae, 0, 6, encoding::read(hints)));
}
/// Clears the cache line at rax (eax). (AMD)
[[nodiscard]] consteval code<> clzero() { return encoding::plain(0x0f01fc).reads<rax>().writes<encoding::memory>(); }

// ---- Moves. MOV, MOVZX, MOVBE, LEA.

[[nodiscard]] consteval code<> mov(reg64 to, reg64 from) {
    return encoding::modrm(0x89, encoding::rex_w, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> mov(reg32 to, reg32 from) {
    return encoding::modrm(0x89, 0, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> mov(reg16 to, reg16 from) {
    return encoding::modrm(0x6689, 0, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> mov(reg8 to, reg8 from) {
    return encoding::modrm(0x88, encoding::rex(to) | encoding::rex(from), encoding::read(from), encoding::written(to));
}

[[nodiscard]] consteval code<> mov(reg32 to, immediate operand) {
    return encoding::with_immediate(encoding::short_form(0xb8, 0, encoding::written(to)), encoding::checked_32(operand),
                                    4);
}
/// Any 64 bits, in the shortest of three ways. It takes 5 (6) bytes if the upper half is 0, because a move to a 32-bit
/// register clears it. It takes 7 if the sign fills the upper half, and 10 otherwise.
[[nodiscard]] consteval code<> mov(reg64 to, immediate operand) {
    if (is_64_bit && encoding::fits_32_unsigned(operand.value)) {
        return mov(reg32{to.number}, operand);
    }
    if (encoding::fits_32_signed(operand.value)) {
        return encoding::with_immediate(encoding::modrm(0xc7, encoding::rex_w, 0, encoding::written(to)), operand.value,
                                        4);
    }
    return encoding::with_immediate(encoding::short_form(0xb8, encoding::rex_w, encoding::written(to)), operand.value,
                                    8);
}

template <full_register Register>
[[nodiscard]] consteval code<> mov(Register to, mem from) {
    return encoding::modrm(0x8b, encoding::rex(to), encoding::written(to), encoding::read(from));
}
[[nodiscard]] consteval code<> mov(reg16 to, mem from) {
    return encoding::modrm(0x668b, 0, encoding::written(to), encoding::read(from));
}
[[nodiscard]] consteval code<> mov(reg8 to, mem from) {
    return encoding::modrm(0x8a, encoding::rex(to), encoding::written(to), encoding::read(from));
}
template <full_register Register>
[[nodiscard]] consteval code<> mov(mem to, Register from) {
    return encoding::modrm(0x89, encoding::rex(from), encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> mov(mem to, reg16 from) {
    return encoding::modrm(0x6689, 0, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> mov(mem to, reg8 from) {
    return encoding::modrm(0x88, encoding::rex(from), encoding::read(from), encoding::written(to));
}
/// mov byte ptr [to], operand
[[nodiscard]] consteval code<> movb(mem to, immediate operand) {
    return encoding::with_immediate(encoding::modrm(0xc6, 0, 0, encoding::written(to)), encoding::checked_8(operand),
                                    1);
}
/// mov dword ptr [to], operand
[[nodiscard]] consteval code<> movl(mem to, immediate operand) {
    return encoding::with_immediate(encoding::modrm(0xc7, 0, 0, encoding::written(to)), encoding::checked_32(operand),
                                    4);
}

template <full_register Register, auto Object>
[[nodiscard]] consteval code<Object> mov(Register to, rip_operand<Object>) {
    return encoding::modrm_rip<Object>(0x8b, encoding::rex(to), encoding::written(to), reading(encoding::memory));
}
template <full_register Register, auto Object>
[[nodiscard]] consteval code<Object> mov(rip_operand<Object>, Register from) {
    return encoding::modrm_rip<Object>(0x89, encoding::rex(from), encoding::read(from), writing(encoding::memory));
}

/// Clears the other bits of the 64-bit register, too.
[[nodiscard]] consteval code<> movzx(reg32 to, reg8 from) {
    return encoding::modrm(0x0fb6, encoding::rex(from), encoding::written(to), encoding::read(from));
}
/// Loads with the bytes reversed.
template <full_register Register>
[[nodiscard]] consteval code<> movbe(Register to, mem from) {
    return encoding::modrm(0x0f38f0, encoding::rex(to), encoding::written(to), encoding::read(from));
}
/// Stores with the bytes reversed.
template <full_register Register>
[[nodiscard]] consteval code<> movbe(mem to, Register from) {
    return encoding::modrm(0x0f38f1, encoding::rex(from), encoding::read(from), encoding::written(to));
}

[[nodiscard]] consteval code<> lea(address_register to, mem from) {
    if (encoding::is_stack_pointer(to) && from.base == to && from.scale == 0) {
        return encoding::modrm(0x8d, encoding::rex(to), to.number, encoding::memory_operand{from, {}},
                               encoding::words_pushed(to, from.displacement));
    }
    return encoding::modrm(0x8d, encoding::rex(to), encoding::written(to), encoding::addressed(from));
}
/// The address of `Object`.
template <auto Object>
[[nodiscard]] consteval code<Object> lea(address_register to, rip_operand<Object>) {
    return encoding::modrm_rip<Object>(0x8d, encoding::rex(to), encoding::written(to), {});
}

// ---- Arithmetic and logic. ADD, OR, AND, SUB, XOR, CMP, TEST, NEG, NOT, INC, DEC, SAL/SAR/SHL/SHR, IMUL.

template <full_register Register>
[[nodiscard]] consteval code<> add(Register to, Register from) {
    return encoding::arithmetic(0, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> add(Register to, immediate operand) {
    return encoding::arithmetic(0, to, operand, encoding::words_pushed(to, encoding::checked(to, operand)));
}
template <full_register Register>
[[nodiscard]] consteval code<> or_(Register to, Register from) {
    return encoding::arithmetic(1, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> or_(Register to, immediate operand) {
    return encoding::arithmetic(1, to, operand);
}
template <full_register Register>
[[nodiscard]] consteval code<> and_(Register to, Register from) {
    return encoding::arithmetic(4, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> and_(Register to, immediate operand) {
    return encoding::arithmetic(4, to, operand);
}
template <full_register Register>
[[nodiscard]] consteval code<> sub(Register to, Register from) {
    return encoding::arithmetic(5, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> sub(Register to, immediate operand) {
    return encoding::arithmetic(5, to, operand, encoding::words_pushed(to, -encoding::checked(to, operand)));
}
template <full_register Register>
[[nodiscard]] consteval code<> xor_(Register to, Register from) {
    return encoding::arithmetic(6, to, from);
}
template <full_register Register>
[[nodiscard]] consteval code<> xor_(Register to, immediate operand) {
    return encoding::arithmetic(6, to, operand);
}
template <full_register Register>
[[nodiscard]] consteval code<> cmp(Register a, Register b) {
    return encoding::arithmetic(7, a, b);
}
template <full_register Register>
[[nodiscard]] consteval code<> cmp(Register a, immediate b) {
    return encoding::arithmetic(7, a, b);
}
/// cmp byte ptr [rip + object], operand
template <auto Object>
[[nodiscard]] consteval code<Object> cmpb(rip_operand<Object>, immediate operand) {
    return encoding::that_sets_flags(encoding::with_immediate(
        encoding::modrm_rip<Object>(0x80, 0, 7, reading(encoding::memory), 1), encoding::checked_8(operand), 1));
}
template <full_register Register>
[[nodiscard]] consteval code<> test(Register a, Register b) {
    return encoding::that_sets_flags(encoding::modrm(0x85, encoding::rex(a), encoding::read(b), encoding::read(a)));
}
template <full_register Register>
[[nodiscard]] consteval code<> neg(Register to) {
    return encoding::that_sets_flags(encoding::modrm(0xf7, encoding::rex(to), 3, encoding::updated(to)));
}
template <full_register Register>
[[nodiscard]] consteval code<> not_(Register to) {
    return encoding::modrm(0xf7, encoding::rex(to), 2, encoding::updated(to));
}
template <full_register Register>
[[nodiscard]] consteval code<> inc(Register to) { // in 64-bit mode, 40 to 4f are REX
    return encoding::that_sets_flags(is_64_bit ? encoding::modrm(0xff, encoding::rex(to), 0, encoding::updated(to))
                                               : encoding::short_form(0x40, encoding::rex(to), encoding::updated(to)));
}
template <full_register Register>
[[nodiscard]] consteval code<> dec(Register to) {
    return encoding::that_sets_flags(is_64_bit ? encoding::modrm(0xff, encoding::rex(to), 1, encoding::updated(to))
                                               : encoding::short_form(0x48, encoding::rex(to), encoding::updated(to)));
}
template <full_register Register>
[[nodiscard]] consteval code<> shl(Register to, immediate count) {
    return encoding::shift(4, to, count);
}
template <full_register Register>
[[nodiscard]] consteval code<> shr(Register to, immediate count) {
    return encoding::shift(5, to, count);
}
template <full_register Register>
[[nodiscard]] consteval code<> sar(Register to, immediate count) {
    return encoding::shift(7, to, count);
}
template <full_register Register>
[[nodiscard]] consteval code<> imul(Register to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0x0faf, encoding::rex(to), encoding::updated(to), encoding::read(from)));
}

// ---- Bits and bytes. POPCNT, LZCNT, TZCNT, BSF, BSR, BSWAP, CRC32, BT, BTS, BTR, BTC.

template <full_register Register>
[[nodiscard]] consteval code<> popcnt(Register to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0xf30fb8, encoding::rex(to), encoding::written(to), encoding::read(from)));
}
/// On processors without the feature, it runs as bsr and gives another result.
template <full_register Register>
[[nodiscard]] consteval code<> lzcnt(Register to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0xf30fbd, encoding::rex(to), encoding::written(to), encoding::read(from)));
}
/// On processors without the feature, it runs as bsf, without a result for 0.
template <full_register Register>
[[nodiscard]] consteval code<> tzcnt(Register to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0xf30fbc, encoding::rex(to), encoding::written(to), encoding::read(from)));
}
template <full_register Register>
[[nodiscard]] consteval code<> bsf(Register to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0x0fbc, encoding::rex(to), encoding::updated(to), encoding::read(from)));
}
template <full_register Register>
[[nodiscard]] consteval code<> bsr(Register to, Register from) {
    return encoding::that_sets_flags(
        encoding::modrm(0x0fbd, encoding::rex(to), encoding::updated(to), encoding::read(from)));
}
template <full_register Register>
[[nodiscard]] consteval code<> bswap(Register to) {
    return encoding::short_form(0x0fc8, encoding::rex(to), encoding::updated(to));
}
/// CRC32C (polynomial 0x11edc6f41) of eight bytes, or of four.
template <full_register Register>
[[nodiscard]] consteval code<> crc32(Register to, Register from) {
    return encoding::modrm(0xf20f38f1, encoding::rex(to), encoding::updated(to), encoding::read(from));
}
/// CRC32C of one byte.
[[nodiscard]] consteval code<> crc32(reg32 to, reg8 from) {
    return encoding::modrm(0xf20f38f0, encoding::rex(from), encoding::updated(to), encoding::read(from));
}

/// CF is the bit of that number.
template <full_register Register>
[[nodiscard]] consteval code<> bt(Register from, immediate bit) {
    return encoding::bit_of_register(4, from, encoding::read(from), bit);
}
/// Sets the bit; CF is the old value. btr clears the bit, btc inverts it.
template <full_register Register>
[[nodiscard]] consteval code<> bts(Register to, immediate bit) {
    return encoding::bit_of_register(5, to, encoding::updated(to), bit);
}
template <full_register Register>
[[nodiscard]] consteval code<> btr(Register to, immediate bit) {
    return encoding::bit_of_register(6, to, encoding::updated(to), bit);
}
template <full_register Register>
[[nodiscard]] consteval code<> btc(Register to, immediate bit) {
    return encoding::bit_of_register(7, to, encoding::updated(to), bit);
}

// ---- Strings. MOVS, STOS, LODS, CMPS, SCAS, REP/REPE/REPNE. From [rsi], to [rdi], count rcx; the last letter is the
// width: b, w, l (32 bits, as in movl) or q. In 32-bit mode esi, edi and ecx, and no q.

[[nodiscard]] consteval code<> movsb() { return encoding::moves(0xa4, 0); }
[[nodiscard]] consteval code<> movsw() { return encoding::moves(0x66a5, 0); }
[[nodiscard]] consteval code<> movsl() { return encoding::moves(0xa5, 0); }
[[nodiscard]] consteval code<> movsq() { return encoding::moves(0xa5, encoding::rex_w); }
[[nodiscard]] consteval code<> rep_movsb() { return encoding::moves(0xf3a4, 0, true); }
[[nodiscard]] consteval code<> rep_movsw() { return encoding::moves(0x66f3a5, 0, true); }
[[nodiscard]] consteval code<> rep_movsl() { return encoding::moves(0xf3a5, 0, true); }
[[nodiscard]] consteval code<> rep_movsq() { return encoding::moves(0xf3a5, encoding::rex_w, true); }
/// Stores al, ax, eax or rax.
[[nodiscard]] consteval code<> stosb() { return encoding::stores(0xaa, 0); }
[[nodiscard]] consteval code<> stosw() { return encoding::stores(0x66ab, 0); }
[[nodiscard]] consteval code<> stosl() { return encoding::stores(0xab, 0); }
[[nodiscard]] consteval code<> stosq() { return encoding::stores(0xab, encoding::rex_w); }
[[nodiscard]] consteval code<> rep_stosb() { return encoding::stores(0xf3aa, 0, true); }
[[nodiscard]] consteval code<> rep_stosw() { return encoding::stores(0x66f3ab, 0, true); }
[[nodiscard]] consteval code<> rep_stosl() { return encoding::stores(0xf3ab, 0, true); }
[[nodiscard]] consteval code<> rep_stosq() { return encoding::stores(0xf3ab, encoding::rex_w, true); }
/// Loads al, ax, eax or rax.
[[nodiscard]] consteval code<> lodsb() { return encoding::loads(0xac, 0, al); }
[[nodiscard]] consteval code<> lodsw() { return encoding::loads(0x66ad, 0, ax); }
[[nodiscard]] consteval code<> lodsl() { return encoding::loads(0xad, 0, eax); }
[[nodiscard]] consteval code<> lodsq() { return encoding::loads(0xad, encoding::rex_w, rax); }
/// Compares [rsi] with [rdi]; repeated, while they are equal (repe) or are not (repne).
[[nodiscard]] consteval code<> cmpsb() { return encoding::compares(0xa6, 0); }
[[nodiscard]] consteval code<> cmpsl() { return encoding::compares(0xa7, 0); }
[[nodiscard]] consteval code<> cmpsq() { return encoding::compares(0xa7, encoding::rex_w); }
[[nodiscard]] consteval code<> repe_cmpsb() { return encoding::compares(0xf3a6, 0, true); }
[[nodiscard]] consteval code<> repe_cmpsl() { return encoding::compares(0xf3a7, 0, true); }
[[nodiscard]] consteval code<> repe_cmpsq() { return encoding::compares(0xf3a7, encoding::rex_w, true); }
/// Compares al, eax or rax with [rdi]; repeated, while they are equal (repe) or are not (repne).
[[nodiscard]] consteval code<> scasb() { return encoding::scans(0xae, 0); }
[[nodiscard]] consteval code<> scasl() { return encoding::scans(0xaf, 0); }
[[nodiscard]] consteval code<> scasq() { return encoding::scans(0xaf, encoding::rex_w); }
[[nodiscard]] consteval code<> repe_scasb() { return encoding::scans(0xf3ae, 0, true); }
[[nodiscard]] consteval code<> repne_scasb() { return encoding::scans(0xf2ae, 0, true); }
[[nodiscard]] consteval code<> repe_scasl() { return encoding::scans(0xf3af, 0, true); }
[[nodiscard]] consteval code<> repne_scasl() { return encoding::scans(0xf2af, 0, true); }
[[nodiscard]] consteval code<> repe_scasq() { return encoding::scans(0xf3af, encoding::rex_w, true); }
[[nodiscard]] consteval code<> repne_scasq() { return encoding::scans(0xf2af, encoding::rex_w, true); }

// ---- Processor state. XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR, XRSTORS, FXSAVE, FXRSTOR; names with 64 are the forms
// with REX.W; these keep all 64 bits of the x87 pointers. The parts are edx:eax. Instructions that load the vector
// registers need a site with .clobbers_all().

[[nodiscard]] consteval code<> xsave(mem to) { return encoding::saves_state(0x0fae, 0, 4, to); }
[[nodiscard]] consteval code<> xsave64(mem to) { return encoding::saves_state(0x0fae, encoding::rex_w, 4, to); }
[[nodiscard]] consteval code<> xsaveopt(mem to) { return encoding::saves_state(0x0fae, 0, 6, to); }
[[nodiscard]] consteval code<> xsaveopt64(mem to) { return encoding::saves_state(0x0fae, encoding::rex_w, 6, to); }
[[nodiscard]] consteval code<> xsavec(mem to) { return encoding::saves_state(0x0fc7, 0, 4, to); }
[[nodiscard]] consteval code<> xsavec64(mem to) { return encoding::saves_state(0x0fc7, encoding::rex_w, 4, to); }
[[nodiscard]] consteval code<> xsaves(mem to) { return encoding::saves_state(0x0fc7, 0, 5, to); }
[[nodiscard]] consteval code<> xsaves64(mem to) { return encoding::saves_state(0x0fc7, encoding::rex_w, 5, to); }
[[nodiscard]] consteval code<> xrstor(mem from) { return encoding::loads_state(0x0fae, 0, 5, from); }
[[nodiscard]] consteval code<> xrstor64(mem from) { return encoding::loads_state(0x0fae, encoding::rex_w, 5, from); }
[[nodiscard]] consteval code<> xrstors(mem from) { return encoding::loads_state(0x0fc7, 0, 3, from); }
[[nodiscard]] consteval code<> xrstors64(mem from) { return encoding::loads_state(0x0fc7, encoding::rex_w, 3, from); }
[[nodiscard]] consteval code<> fxsave(mem to) {
    return encoding::that_touches(reading(encoding::vectors), encoding::modrm(0x0fae, 0, 0, encoding::written(to)));
}
[[nodiscard]] consteval code<> fxsave64(mem to) {
    return encoding::that_touches(reading(encoding::vectors),
                                  encoding::modrm(0x0fae, encoding::rex_w, 0, encoding::written(to)));
}
[[nodiscard]] consteval code<> fxrstor(mem from) {
    return encoding::that_touches(writing(encoding::vectors), encoding::modrm(0x0fae, 0, 1, encoding::read(from)));
}
[[nodiscard]] consteval code<> fxrstor64(mem from) {
    return encoding::that_touches(writing(encoding::vectors),
                                  encoding::modrm(0x0fae, encoding::rex_w, 1, encoding::read(from)));
}

// ---- Shadow stacks. INCSSPD/INCSSPQ, RDSSPD/RDSSPQ, SAVEPREVSSP, RSTORSSP, SETSSBSY, CLRSSBSY, WRSSD/WRSSQ,
// WRUSSD/WRUSSQ. Without shadow stacks, rdssp keeps its register: set it to 0 before.

/// Takes as many entries off the shadow stack as the low byte of `count` says.
[[nodiscard]] consteval code<> incsspd(reg32 count) {
    return encoding::that_touches(reading(encoding::memory), encoding::modrm(0xf30fae, 0, 5, encoding::read(count)));
}
[[nodiscard]] consteval code<> incsspq(reg64 count) {
    return encoding::that_touches(reading(encoding::memory),
                                  encoding::modrm(0xf30fae, encoding::rex_w, 5, encoding::read(count)));
}
[[nodiscard]] consteval code<> rdsspd(reg32 to) { return encoding::modrm(0xf30f1e, 0, 1, encoding::updated(to)); }
[[nodiscard]] consteval code<> rdsspq(reg64 to) {
    return encoding::modrm(0xf30f1e, encoding::rex_w, 1, encoding::updated(to));
}
[[nodiscard]] consteval code<> saveprevssp() {
    return encoding::plain(0xf30f01ea)
        .reads<encoding::memory, encoding::flags>()
        .writes<encoding::memory, encoding::flags>();
}
[[nodiscard]] consteval code<> rstorssp(mem token) {
    return encoding::that_sets_flags(encoding::modrm(0xf30f01, 0, 5, encoding::updated(token)));
}
[[nodiscard]] consteval code<> setssbsy() {
    return encoding::plain(0xf30f01e8).reads<encoding::memory>().writes<encoding::memory, encoding::flags>();
}
[[nodiscard]] consteval code<> clrssbsy(mem token) {
    return encoding::that_sets_flags(encoding::modrm(0xf30fae, 0, 6, encoding::updated(token)));
}
/// Writes to a shadow stack; wruss to one of user mode.
[[nodiscard]] consteval code<> wrssd(mem to, reg32 from) {
    return encoding::modrm(0x0f38f6, 0, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> wrssq(mem to, reg64 from) {
    return encoding::modrm(0x0f38f6, encoding::rex_w, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> wrussd(mem to, reg32 from) {
    return encoding::modrm(0x660f38f5, 0, encoding::read(from), encoding::written(to));
}
[[nodiscard]] consteval code<> wrussq(mem to, reg64 from) {
    return encoding::modrm(0x660f38f5, encoding::rex_w, encoding::read(from), encoding::written(to));
}

// ---- Calls and jumps. CALL, JMP, Jcc.

/// The condition codes (volume 2, appendix B, table B-10), after `cmp(x, y)`. Unsigned: `b` below, `a` above. Signed:
/// `l` less, `g` greater. `e` equal, also zero; `s` negative; `o` overflow.
enum class condition : uint8_t { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };

/// Calls `Function` through a thunk that keeps all general registers but the result.
template <auto Function>
[[nodiscard]] consteval code<preserving<Function>{}> call() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: call takes the address of a function: call<&function>(); "
                  "for a variable that holds such an address, call_slot<&variable>()");
    return encoding::that_calls(called::preserving, encoding::branch<preserving<Function>{}>(0xe8));
}
/// Calls `Function` itself: an assembly function that keeps all general registers but the result.
template <auto Function>
[[nodiscard]] consteval code<Function> call_direct() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: call_direct takes the address of a function: call_direct<&function>()");
    return encoding::that_calls(called::preserving, encoding::branch<Function>(0xe8));
}
/// Calls the function that the variable at `Pointer` points to: an ordinary function, so all call-clobbered registers
/// change. The site does not align the stack. If a function relies on its alignment (most C++ in programs does), use
/// `call` or inlay::dispatch.
template <auto Pointer>
[[nodiscard]] consteval code<Pointer> call_slot() {
    static_assert(encoding::is_slot_pointer<decltype(Pointer)>,
                  "inlay: call_slot takes the address of a variable that holds a function's address: "
                  "call_slot<&variable>(); for the function itself, call<&function>()");
    return encoding::that_calls(called::ordinary, encoding::modrm_rip<Pointer>(0xff, 0, 2, reading(encoding::memory)));
}
/// Calls an operation of a paravirt table through its pointer (pv.hpp), until it is patched.
template <auto Operation>
[[nodiscard]] consteval code<Operation> call_operation() {
    return encoding::that_calls(Operation.callee_save ? called::callee_save : called::ordinary,
                                encoding::modrm_rip<Operation>(0xff, 0, 2, reading(encoding::memory)));
}
[[nodiscard]] consteval code<> call(address_register to) {
    return encoding::that_calls(called::ordinary, encoding::modrm(0xff, 0, 2, encoding::read(to)));
}

template <auto Function>
[[nodiscard]] consteval code<Function> jmp() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: jmp takes the address of a function: jmp<&function>(); "
                  "for a variable that holds such an address, jmp_slot<&variable>()");
    return encoding::that_goes_away(encoding::branch<Function>(0xe9));
}
/// Jumps to the address in the variable at `Pointer`.
template <auto Pointer>
[[nodiscard]] consteval code<Pointer> jmp_slot() {
    static_assert(encoding::is_slot_pointer<decltype(Pointer)>,
                  "inlay: jmp_slot takes the address of a variable that holds a function's address: "
                  "jmp_slot<&variable>(); for the function itself, jmp<&function>()");
    return encoding::that_goes_away(encoding::modrm_rip<Pointer>(0xff, 0, 4, reading(encoding::memory)));
}
[[nodiscard]] consteval code<> jmp(address_register to) {
    return encoding::that_goes_away(encoding::modrm(0xff, 0, 4, encoding::read(to)));
}

/// Jumps to `Function` where `Condition` holds.
template <condition Condition, auto Function>
[[nodiscard]] consteval code<Function> jcc() {
    static_assert(encoding::is_function_pointer<decltype(Function)>,
                  "inlay: jcc takes a condition and the address of a function: jcc<condition::e, &function>(); "
                  "to jump inside one code, skip_if(condition::e, body)");
    return encoding::that_touches(reading(encoding::flags),
                                  encoding::branch<Function>(0x0f80 + static_cast<unsigned>(Condition)));
}

/// A jump over `body`; the body pops its pushed values.
template <auto... Symbols>
[[nodiscard]] consteval code<Symbols...> skip(code<Symbols...> body) {
    return encoding::jump_over(encoding::short_jmp, body);
}
/// A jump over `body` where the condition holds: `skip_if(condition::e, body)` runs `body` where it is not equal.
template <auto... Symbols>
[[nodiscard]] consteval code<Symbols...> skip_if(condition when, code<Symbols...> body) {
    return encoding::jump_over(0x70 + static_cast<unsigned>(when), body);
}

} // namespace x86::insn
} // namespace inlay
