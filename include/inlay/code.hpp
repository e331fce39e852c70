// SPDX-License-Identifier: BSL-1.0
//
// code: machine code as a compile-time value.
//
//     using namespace inlay::x86::insn;
//     constexpr auto exit_path = swapgs() + sysretq();          // code<>
//     constexpr auto iret      = jmp<&native_iret>();           // code<&native_iret>
//
// How it works. A `code` holds the bytes, the start of each instruction, and the places of its relative operands. For
// each instruction it also has the number of stack words that it pushes or pops. Relative operands refer to symbols,
// and no constant expression knows a symbol's address. So symbols are template arguments, in the order of their
// operands, and the assembler fills them in. The type is structural, so that a value of it can also be a template
// argument: `alternative<nop(3), when<cpu.smap, stac()>>`.
//
// A code also says which general registers it reads and writes. A register that is written in part, or conditionally,
// keeps some of its old value. So it counts as read and written. A register that a push saves and the matching pop
// restores does not count as written: `push(rcx) + rdtscp() + pop(rcx)` changes rax and rdx. For bytes given by hand,
// `reads<...>()` and `writes<...>()` must state the registers:
//
//     constexpr auto protect = bytes(0x0f, 0x01, 0xef).reads<eax, ecx, edx>().writes<>();   // wrpkru
//
// Instructions that move the stack pointer by a constant (push, pop, call, add, sub) count their stack words. They
// count neither as reading nor as writing it. The masks do not include the memory that push and pop access.
//
// This header knows no instruction; arch/*/insn.hpp has them.
#pragma once

#include "inlay/requirements.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace wrong { // called, but not constexpr: the compiler's message shows the name
void one_code_holds_at_most_64_bytes();
} // namespace wrong

/// Longest code, in bytes. (A 64-bit mask has a bit for each byte.)
inline constexpr unsigned max_code_length = 64;

/// Most relative operands in one code.
inline constexpr unsigned max_relative_operands = 4;

// The masks of registers that a code reads and writes have a bit for each general register: 0 to 31, the numbers of the
// encodings. (AArch64: 31 is sp, because the zero register needs no bit.) The other bits:
inline constexpr uint64_t flags_bit = uint64_t{1} << 32;
inline constexpr uint64_t memory_bit = uint64_t{1} << 33; ///< except the words that it pushes and pops
/// Read: takes an address from the stack pointer. Written: gives the stack pointer a value from elsewhere.
inline constexpr uint64_t stack_bit = uint64_t{1} << 34;
/// Vector and floating-point registers. Only for instructions that load many such registers at once (x86: xrstor).
inline constexpr uint64_t vectors_bit = uint64_t{1} << 35;
inline constexpr uint64_t general_registers = 0xffffffff;

namespace detail {

template <auto Register>
concept is_register = requires { reading(Register), writing(Register); };

} // namespace detail

} // namespace inlay

// Code is part of a paravirt operation's type, and users have tables of operations. A visible type must not
// contain a hidden type. So each function is hidden separately, and not the type.
namespace inlay {

/// The registers read and written, as masks.
struct touched {
    uint64_t reads;
    uint64_t writes;
    [[gnu::visibility("hidden")]] friend constexpr touched operator|(touched a, touched b) noexcept {
        return {a.reads | b.reads, a.writes | b.writes};
    }
};

/// Names for other state than general registers: `writes<flags>()`. Each architecture has functions with these names
/// for its registers.
struct other_state {
    uint64_t bit;
    [[gnu::visibility("hidden")]] friend constexpr bool operator==(other_state, other_state) = default;
    [[gnu::visibility("hidden")]] friend constexpr touched reading(other_state what) noexcept { return {what.bit, 0}; }
    [[gnu::visibility("hidden")]] friend constexpr touched writing(other_state what) noexcept { return {0, what.bit}; }
};

/// Where an instruction refers to a symbol by distance.
struct relative_operand {
    uint8_t offset;   ///< of the field, in bytes from the start of the code
    uint8_t encoding; ///< x86: bytes from the field to the end of its instruction, 0: it holds the address itself;
                      ///< AArch64: `relocation`
    [[gnu::visibility("hidden")]] friend constexpr bool operator==(const relative_operand&,
                                                                   const relative_operand&) = default;
};

/// Functions that a code runs without the compiler seeing it.
enum class called : uint8_t {
    nothing,
    callee_save, ///< it keeps all general registers but rax (eax; with edx if the result is wider)
    preserving,  ///< it keeps all general registers but the result's; vector registers may change
    ordinary,    ///< it keeps only the registers that the calling convention preserves
};

/// The symbol-free part of a `code`. All members are public because a template argument must be structural.
struct machine_code {
    uint8_t length{};                                   ///< bytes
    uint8_t relatives{};                                ///< number of relative operands
    bool falls_through{true};                           ///< execution can reach the end
    called calls{};                                     ///< runs a function that the compiler does not see
    relative_operand relative[max_relative_operands]{}; ///< in ascending order of offset
    uint64_t words[max_code_length / 8]{};              ///< the bytes, little endian
    uint64_t boundaries{};                              ///< bit n: an instruction begins at byte n
    uint64_t effects[max_code_length / 16]{};           ///< nibble n: stack words pushed by the instruction at n
    uint64_t reads_mask{};                              ///< registers read before this code surely wrote them
    uint64_t writes_mask{};                             ///< registers that may have changed at the end
    uint64_t saved{};    ///< a byte for each word pushed and not popped, the last one lowest: see `not_a_register`
    uint16_t restores{}; ///< of one pop alone: a byte for each word, the first one lowest: register + 1
    bool unstated{};     ///< holds bytes without the registers that they read and write

    /// In `saved`, a word that no pop can restore a register from. Others are the number, plus 1, of a register that
    /// this code had not written when it was pushed. (0: no word, or a word too deep in the stack.)
    [[gnu::visibility("hidden")]] static constexpr uint8_t not_a_register = 0xff;

    /// Byte `at`; 0 at and beyond `length`.
    [[nodiscard, gnu::visibility("hidden")]] constexpr uint8_t byte(unsigned at) const noexcept {
        return at < max_code_length ? static_cast<uint8_t>(words[at / 8] >> (at % 8 * 8)) : uint8_t{};
    }

    /// True where an instruction begins at byte `at`.
    [[nodiscard, gnu::visibility("hidden")]] constexpr bool boundary(unsigned at) const noexcept {
        return at < max_code_length && (boundaries >> at & 1U) != 0;
    }

    /// Stack words that the instruction at byte `at` pushes (negative: pops). Range -8 to 7.
    [[nodiscard, gnu::visibility("hidden")]] constexpr int effect(unsigned at) const noexcept {
        const auto nibble = static_cast<int>(effects[at / 16] >> (at % 16 * 4) & 15U);
        return nibble < 8 ? nibble : nibble - 16;
    }

    /// Stack words pushed when execution has reached byte `at`, counted along the bytes.
    [[nodiscard, gnu::visibility("hidden")]] constexpr int depth(unsigned at) const noexcept {
        int words_pushed = 0;
        for (unsigned i = 0; i < at && i < length; ++i) {
            words_pushed += boundary(i) ? effect(i) : 0;
        }
        return words_pushed;
    }

    /// True if any instruction moves the stack pointer.
    [[nodiscard, gnu::visibility("hidden")]] constexpr bool moves_stack() const noexcept {
        for (const auto some : effects) {
            if (some != 0) {
                return true;
            }
        }
        return false;
    }

    /// Adds one byte. One beyond `max_code_length` is a compile-time error.
    consteval void append(uint8_t value) {
        if (length >= max_code_length) {
            wrong::one_code_holds_at_most_64_bytes();
        }
        words[length / 8] |= uint64_t{value} << (length % 8 * 8);
        ++length;
    }

    /// Adds `count` bytes of `value`, least significant first.
    consteval void append_little_endian(uint64_t value, unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            append(static_cast<uint8_t>(value >> (8 * i)));
        }
    }

    /// Marks the next byte as the start of an instruction that pushes `stack_words`, none of them a register.
    consteval void begin_instruction(int stack_words = 0) {
        for (int i = 0; i < stack_words; ++i) {
            saved = saved << 8 | not_a_register;
        }
        boundaries |= uint64_t{1} << length;
        effects[length / 16] |= (static_cast<uint64_t>(stack_words) & 15U) << (length % 16 * 4);
    }

    /// Adds to the registers read and written.
    consteval void touches(touched what) {
        reads_mask |= what.reads;
        writes_mask |= what.writes;
    }

    /// The registers that this code reads, writes and saves, if it runs after `first`.
    consteval void touches_after(const machine_code& first) {
        unsigned taken = 0; // words that this code pops and has not pushed
        unsigned left = 0;  // words that this code pushes and does not pop
        for (unsigned i = 0; i < length; ++i) {
            for (int words_pushed = boundary(i) ? effect(i) : 0; words_pushed != 0;) {
                if (words_pushed > 0) {
                    ++left;
                    --words_pushed;
                } else if (left != 0) {
                    --left;
                    ++words_pushed;
                } else {
                    ++taken;
                    ++words_pushed;
                }
            }
        }

        uint64_t below = first.saved;
        if ((writes_mask & stack_bit) != 0) {
            below = 0; // the stack is another one
        } else if (((first.reads_mask | reads_mask) & stack_bit) != 0 && (writes_mask & memory_bit) != 0) {
            below = marked(below, general_registers); // it may store to a pushed value
        }
        uint64_t restored = 0;
        for (unsigned i = 0; i < sizeof restores; ++i) {
            const unsigned entry = unsigned{restores} >> (8 * i) & 0xffU;
            if (entry != 0 && entry == (below >> (8 * i) & 0xffU)) {
                restored |= uint64_t{1} << (entry - 1);
            }
        }

        saved = marked(saved, first.writes_mask) | up(down(below, taken), left);
        restores = first.length == 0 ? restores : length == 0 ? first.restores : uint16_t{};
        reads_mask = first.reads_mask | (reads_mask & ~(first.writes_mask & general_registers));
        writes_mask = (first.writes_mask | writes_mask) & ~restored;
        unstated = unstated || first.unstated;
    }

    /// The registers that this code reads, writes and saves, if it may be skipped. It pops its pushed values.
    consteval void touches_at_times() {
        reads_mask |= writes_mask & general_registers;
        saved = marked(saved, general_registers); // then it has popped and pushed a value of the code before it
    }

    /// `words` of `saved`, but the `registers` cannot be restored.
    static consteval uint64_t marked(uint64_t words, uint64_t registers) {
        for (unsigned i = 0; i < sizeof words; ++i) {
            const auto entry = static_cast<unsigned>(words >> (8 * i) & 0xff);
            if (entry != 0 && entry != not_a_register && (registers >> (entry - 1) & 1) != 0) {
                words |= uint64_t{not_a_register} << (8 * i);
            }
        }
        return words;
    }
    static consteval uint64_t up(uint64_t words, unsigned count) {
        return count < sizeof words ? words << (8 * count) : 0;
    }
    static consteval uint64_t down(uint64_t words, unsigned count) {
        return count < sizeof words ? words >> (8 * count) : 0;
    }

    /// Marks the next bytes as a relative operand, to be filled with the next symbol.
    consteval void begin_relative(uint8_t encoding) {
        relative[relatives] = {length, encoding};
        ++relatives;
    }

    [[gnu::visibility("hidden")]] friend constexpr bool operator==(const machine_code&, const machine_code&) = default;
};

/// Machine code whose relative operands refer to `Symbols`: pointers to functions or objects, in order.
template <auto... Symbols>
struct code : machine_code {
    static_assert(sizeof...(Symbols) <= max_relative_operands,
                  "inlay: one code holds at most four relative operands; split it into two alternatives");

    /// The same code, but it also reads `Registers`, of any width.
    template <auto... Registers>
    [[nodiscard]] consteval code reads() const {
        static_assert((detail::is_register<Registers> && ...), "inlay: reads takes registers: reads<rax, rcx>()");
        code out = *this;
        (out.touches(reading(Registers)), ...);
        return out;
    }

    /// The same code, but it also writes `Registers`, of any width, and no other registers than the stated ones.
    template <auto... Registers>
    [[nodiscard]] consteval code writes() const {
        static_assert((detail::is_register<Registers> && ...), "inlay: writes takes registers: writes<rax, rcx>()");
        code out = *this;
        (out.touches(writing(Registers)), ...);
        out.unstated = false;
        return out;
    }
};

/// A symbol operand that stands for a function called through a thunk. The thunk is an assembly stub: it keeps every
/// general register except the result, aligns the stack, and calls `Function`. (Linux: PV_CALLEE_SAVE_REGS_THUNK.)
template <auto Function>
struct preserving {
    [[gnu::visibility("hidden")]] friend constexpr bool operator==(preserving, preserving) = default;
};

} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {

/// No instruction at all: an empty original (padding only) or an empty replacement (nops).
inline constexpr code<> none{};

/// One code after the other.
template <auto... A, auto... B>
[[nodiscard]] consteval code<A..., B...> operator+(const code<A...>& first, const code<B...>& second) {
    code<A..., B...> both{};
    static_cast<machine_code&>(both) = first;
    for (unsigned i = 0; i < second.length; ++i) {
        if (second.boundary(i)) {
            both.begin_instruction(second.effect(i));
        }
        for (unsigned r = 0; r < second.relatives; ++r) {
            if (second.relative[r].offset == i) {
                both.begin_relative(second.relative[r].encoding);
            }
        }
        both.append(second.byte(i));
    }
    machine_code after = second;
    after.touches_after(first);
    both.reads_mask = after.reads_mask;
    both.writes_mask = after.writes_mask;
    both.saved = after.saved;
    both.restores = after.restores;
    both.unstated = after.unstated;
    both.falls_through = second.length != 0 ? second.falls_through : first.falls_through;
    both.calls = first.calls > second.calls ? first.calls : second.calls;
    return both;
}

namespace detail {

template <class T>
inline constexpr bool is_code = false;
template <auto... Symbols>
inline constexpr bool is_code<code<Symbols...>> = true;

/// The `Index`-th of `Symbols`, or 0 without such a symbol: an operand for the assembler.
template <unsigned Index, auto... Symbols>
inline constexpr int symbol = 0;
template <auto First, auto... Rest>
inline constexpr auto symbol<0, First, Rest...> = First;
template <unsigned Index, auto First, auto... Rest>
    requires(Index > 0)
inline constexpr auto symbol<Index, First, Rest...> = symbol<Index - 1, Rest...>;

} // namespace detail

} // namespace inlay
