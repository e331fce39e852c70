// SPDX-License-Identifier: BSL-1.0
//
// jump_effects: the effects of one instruction on values that an indirect jump may depend on: jump_effects<Target>.
//
//     jump_effects<x86::target<64>> effects;
//     effects.run(state, bytes, address);                          // state: a jump_state
//     order found = effects.condition(bytes, address);             // of a conditional branch that is taken
//     jump_value to = effects.target(state, bytes, address);       // of an indirect jump
//
// How it works. Zydis decodes x86. AArch64's words are decoded here, as in decoder.hpp (Arm ARM, C4.1). Moves, sums,
// extensions, masks, loads, stores and comparisons are followed. The registers and memory that another instruction
// writes become unknown.
#pragma once

#include "inlay/check/jump_values.hpp"
#include "inlay/report/architectures.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <Zydis/Zydis.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

template <class Target>
class jump_effects;

// ---- x86 ------------------------------------------------------------------------------------------------

template <unsigned Mode>
class jump_effects<x86::target<Mode>> {
public:
    static constexpr unsigned word = Mode / 8;
    static constexpr unsigned stack_pointer = 4; ///< in the order of the encoding
    static constexpr std::uint64_t mask = Mode == 64 ? ~std::uint64_t{0} : 0xffffffffU;

    jump_effects() {
        ZydisDecoderInit(&decoder_, Mode == 64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                         Mode == 64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    }

    void run(jump_state& state, std::span<const std::uint8_t> bytes, std::uint64_t at) const {
        instruction now;
        if (!decode(bytes, now)) {
            state.forget();
        } else if (now.head.meta.category == ZYDIS_CATEGORY_CALL) {
            call(state, now, at);
        } else if (!follow(state, now, at)) {
            write_all(state, now, at);
            const auto* const flags = now.head.cpu_flags;
            if (flags != nullptr && (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) != 0) {
                state.forget_comparison();
            }
        }
    }

    [[nodiscard]] order condition(std::span<const std::uint8_t> bytes, std::uint64_t /*at*/) const {
        instruction now;
        switch (decode(bytes, now) ? now.head.mnemonic : ZYDIS_MNEMONIC_INVALID) {
        case ZYDIS_MNEMONIC_JB:
            return order::below;
        case ZYDIS_MNEMONIC_JBE:
            return order::below_or_equal;
        case ZYDIS_MNEMONIC_JNB:
            return order::above_or_equal;
        case ZYDIS_MNEMONIC_JNBE:
            return order::above;
        default:
            return order::other;
        }
    }

    [[nodiscard]] jump_value target(jump_state& state, std::span<const std::uint8_t> bytes, std::uint64_t at) const {
        instruction now;
        return decode(bytes, now) ? read(state, now.operands[0], now.head, at) : state.values().fresh();
    }

    /// Whether the jump itself picks its target with an index.
    [[nodiscard]] bool has_index(std::span<const std::uint8_t> bytes) const {
        instruction now;
        return decode(bytes, now) && now.operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
               now.operands[0].mem.index != ZYDIS_REGISTER_NONE;
    }

    /// The register that a function of i386 fills with its return address, as compilers make them; `none` for others.
    [[nodiscard]] static unsigned filled_by_thunk(const std::uint8_t* code) noexcept { // mov reg, [esp]; ret
        return Mode == 32 && code[0] == 0x8b && (code[1] & 0xc7U) == 0x04 && code[2] == 0x24 && code[3] == 0xc3
                   ? code[1] >> 3U & 7U
                   : none;
    }

    static constexpr unsigned none = jump_state::count;

private:
    struct instruction {
        ZydisDecodedInstruction head{};
        std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};
    };

    [[nodiscard]] bool decode(std::span<const std::uint8_t> bytes, instruction& to) const {
        return ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder_, bytes.data(), bytes.size(), &to.head, to.operands.data()));
    }

    /// The number of the register that has this one; `none` for others than general ones.
    [[nodiscard]] static unsigned number_of(ZydisRegister from) noexcept {
        const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(
            Mode == 64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32, from);
        constexpr ZydisRegister first = Mode == 64 ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_EAX;
        const auto id = static_cast<unsigned>(whole) - static_cast<unsigned>(first);
        return whole >= first && id < (Mode == 64 ? 16U : 8U) ? id : none;
    }
    [[nodiscard]] static bool is_high_byte(ZydisRegister from) noexcept {
        return from >= ZYDIS_REGISTER_AH && from <= ZYDIS_REGISTER_BH;
    }

    [[nodiscard]] static jump_value address_of(jump_state& state, const ZydisDecodedOperand& operand,
                                               const ZydisDecodedInstruction& head, std::uint64_t at) {
        jump_values& all = state.values();
        const auto& memory = operand.mem;
        jump_value result = jump_values::constant(
            static_cast<std::uint64_t>(memory.disp.has_displacement != 0 ? memory.disp.value : 0) & mask);
        if (memory.segment == ZYDIS_REGISTER_FS || memory.segment == ZYDIS_REGISTER_GS || head.address_width != Mode) {
            return all.fresh();
        }
        if (memory.base == ZYDIS_REGISTER_RIP) {
            result.plus += at + head.length;
        } else if (memory.base != ZYDIS_REGISTER_NONE) {
            result = number_of(memory.base) != none ? all.plus(result, state.at(number_of(memory.base))) : all.fresh();
        }
        if (number_of(memory.index) != none) {
            result = all.plus(result, state.at(number_of(memory.index)), memory.scale);
        }
        return result;
    }

    /// The value of an operand, zero-extended.
    [[nodiscard]] static jump_value read(jump_state& state, const ZydisDecodedOperand& operand,
                                         const ZydisDecodedInstruction& head, std::uint64_t at) {
        jump_values& all = state.values();
        const unsigned bits = operand.size;
        if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
            const jump_value value = jump_values::constant(operand.imm.value.u & mask);
            return all.zero_extended(head.operand_width != 0 ? head.operand_width : Mode, value);
        }
        if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
            const unsigned number = number_of(operand.reg.value);
            return number == none || is_high_byte(operand.reg.value) ? all.fresh()
                   : bits == Mode                                    ? state.at(number)
                                                                     : all.zero_extended(bits, state.at(number));
        }
        return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && bits != 0 && bits <= Mode
                   ? state.load(address_of(state, operand, head, at), bits)
                   : all.fresh();
    }

    static void write(jump_state& state, const ZydisDecodedOperand& operand, const ZydisDecodedInstruction& head,
                      std::uint64_t at, const jump_value& what) {
        jump_values& all = state.values();
        if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
            const unsigned number = number_of(operand.reg.value);
            if (number != none) {
                state.set(number, operand.size == Mode              ? what
                                  : operand.size == 32              ? all.zero_extended(32, what)
                                  : is_high_byte(operand.reg.value) ? all.fresh()
                                                                    : all.low(operand.size, what));
            }
        } else if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM) {
            operand.size != 0 && operand.size <= Mode
                ? state.store(address_of(state, operand, head, at), operand.size,
                              operand.size == Mode ? what : all.zero_extended(operand.size, what))
                : state.forget_memory();
        }
    }

    /// A called function keeps the registers that its ABI says.
    static void call(jump_state& state, const instruction& now, std::uint64_t at) {
        jump_values& all = state.values();
        const std::uint64_t next = at + now.head.length;
        if (now.operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && now.operands[0].imm.value.s == 0) { // call 1f; 1:
            const jump_value top = all.plus(state.at(stack_pointer), jump_values::constant(std::uint64_t{0} - word));
            state.set(stack_pointer, top);
            state.store(top, Mode, jump_values::constant(next));
            return;
        }
        for (unsigned i = 0; i < (Mode == 64 ? 16U : 8U); ++i) {
            const bool kept = i == 3 || i == 4 || i == 5 || (Mode == 64 ? i >= 12 : i >= 6);
            if (!kept) {
                state.set(i, all.fresh());
            }
        }
        state.forget_memory();
        state.forget_comparison();
    }

    /// True if the instruction is one of those that are followed.
    static bool follow(jump_state& state, const instruction& now, std::uint64_t at) {
        jump_values& all = state.values();
        const auto& head = now.head;
        const auto& to = now.operands[0];
        const auto& from = now.operands[1];
        const auto get = [&](const ZydisDecodedOperand& operand) { return read(state, operand, head, at); };
        const auto put = [&](const jump_value& what) { write(state, to, head, at, what); };
        const auto narrow = [&](const jump_value& what) {
            return to.size == Mode ? what : all.zero_extended(to.size, what);
        };
        const bool number = from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        switch (head.mnemonic) {
        case ZYDIS_MNEMONIC_NOP:
        case ZYDIS_MNEMONIC_ENDBR32:
        case ZYDIS_MNEMONIC_ENDBR64:
            return true;
        case ZYDIS_MNEMONIC_MOV:
        case ZYDIS_MNEMONIC_MOVZX:
            if (to.type != ZYDIS_OPERAND_TYPE_REGISTER && to.type != ZYDIS_OPERAND_TYPE_MEMORY) {
                return false;
            }
            put(get(from));
            return true;
        case ZYDIS_MNEMONIC_MOVSX:
        case ZYDIS_MNEMONIC_MOVSXD:
            put(all.sign_extended(from.size, get(from)));
            return true;
        case ZYDIS_MNEMONIC_CDQE:
            state.set(0, all.sign_extended(32, state.at(0)));
            return true;
        case ZYDIS_MNEMONIC_LEA:
            put(address_of(state, from, head, at));
            return true;
        case ZYDIS_MNEMONIC_CMP:
            state.compare(narrow(get(to)), narrow(get(from)));
            return true;
        case ZYDIS_MNEMONIC_ADD:
        case ZYDIS_MNEMONIC_SUB: {
            const bool subtracts = head.mnemonic == ZYDIS_MNEMONIC_SUB;
            const jump_value a = get(to);
            const jump_value b = get(from);
            put(all.plus(a, b, subtracts ? ~std::uint64_t{0} : 1));
            subtracts ? state.compare(narrow(a), narrow(b)) : state.forget_comparison();
            return true;
        }
        case ZYDIS_MNEMONIC_INC:
        case ZYDIS_MNEMONIC_DEC:
            put(all.plus(get(to), jump_values::constant(head.mnemonic == ZYDIS_MNEMONIC_INC ? 1 : ~std::uint64_t{0})));
            state.forget_comparison(); // the carry stays, and the others do not
            return true;
        case ZYDIS_MNEMONIC_SHL:
            if (!number || from.imm.value.u >= to.size) {
                return false;
            }
            put(all.plus(jump_value{}, get(to), std::uint64_t{1} << from.imm.value.u));
            state.forget_comparison();
            return true;
        case ZYDIS_MNEMONIC_SHR:
            if (!number || from.imm.value.u >= to.size || from.imm.value.u == 0) {
                return false;
            }
            put(all.fresh((~std::uint64_t{0} >> (64U - to.size)) >> from.imm.value.u));
            state.forget_comparison();
            return true;
        case ZYDIS_MNEMONIC_AND:
            if (!number || from.imm.value.s < 0) {
                return false;
            }
            put(all.fresh(from.imm.value.u));
            state.forget_comparison();
            return true;
        case ZYDIS_MNEMONIC_XOR:
            if (to.type != ZYDIS_OPERAND_TYPE_REGISTER || from.type != to.type || to.reg.value != from.reg.value) {
                return false;
            }
            put({});
            state.forget_comparison();
            return true;
        case ZYDIS_MNEMONIC_PUSH: {
            const jump_value what = get(to);
            const jump_value top = all.plus(state.at(stack_pointer), jump_values::constant(std::uint64_t{0} - word));
            state.set(stack_pointer, top);
            state.store(top, Mode, what);
            return to.size == Mode || to.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        }
        case ZYDIS_MNEMONIC_POP: {
            const jump_value what = state.load(state.at(stack_pointer), Mode);
            state.set(stack_pointer, all.plus(state.at(stack_pointer), jump_values::constant(word)));
            put(what);
            return to.size == Mode;
        }
        default:
            return false;
        }
    }

    static void write_all(jump_state& state, const instruction& now, std::uint64_t at) {
        for (unsigned i = 0; i < now.head.operand_count; ++i) {
            const auto& each = now.operands[i];
            if ((each.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0) {
                write(state, each, now.head, at, state.values().fresh());
            }
        }
    }

    ZydisDecoder decoder_{};
};

// ---- AArch64 --------------------------------------------------------------------------------------------

template <>
class jump_effects<aarch64::target> {
public:
    static constexpr unsigned word = 8;
    static constexpr unsigned stack_pointer = 31;
    static constexpr std::uint64_t mask = ~std::uint64_t{0};
    static constexpr unsigned none = jump_state::count;

    static void run(jump_state& state, std::span<const std::uint8_t> bytes, std::uint64_t at) {
        const auto code = word_of(bytes);
        if ((code & 0xfc000000U) == 0x94000000U || (code & 0xfffff800U) == 0xd63f0800U ||
            (code & 0xfffffc1fU) == 0xd63f0000U) { // bl, blr
            for (unsigned i = 0; i <= 18; ++i) {
                state.set(i, state.values().fresh());
            }
            state.set(30, state.values().fresh());
            state.forget_memory();
            state.forget_comparison();
        } else if (const bool system = (code & 0xff000000U) == 0xd5000000U;
                   (code & 0xfffff01fU) != 0xd503201fU &&
                   (system || (code & 0x1c000000U) != 0x14000000U) && // hints, branches
                   !sums(state, code, at) && !moves(state, code) && !memory(state, code)) {
            set(state, code & 31U, state.values().fresh());
            state.forget_comparison();
        }
    }

    [[nodiscard]] static order condition(std::span<const std::uint8_t> bytes, std::uint64_t /*at*/) {
        const auto code = word_of(bytes);
        if ((code & 0xff000000U) != 0x54000000U) {
            return order::other;
        }
        switch (code & 15U) {
        case 2:
            return order::above_or_equal; // hs
        case 3:
            return order::below; // lo
        case 8:
            return order::above; // hi
        case 9:
            return order::below_or_equal; // ls
        default:
            return order::other;
        }
    }

    [[nodiscard]] static jump_value target(jump_state& state, std::span<const std::uint8_t> bytes,
                                           std::uint64_t /*at*/) {
        return get(state, word_of(bytes) >> 5U & 31U);
    }
    [[nodiscard]] static bool has_index(std::span<const std::uint8_t> /*bytes*/) noexcept { return false; }
    [[nodiscard]] static unsigned filled_by_thunk(const std::uint8_t* /*code*/) noexcept { return none; }

private:
    static std::uint32_t word_of(std::span<const std::uint8_t> bytes) noexcept {
        std::uint32_t result = 0;
        if (bytes.size() >= sizeof result) {
            std::memcpy(&result, bytes.data(), sizeof result);
        }
        return result;
    }
    static std::uint64_t signed_field(std::uint32_t code, unsigned low, unsigned width) noexcept {
        return static_cast<std::uint64_t>(
            std::int64_t{static_cast<std::int32_t>(code << (32 - low - width)) >> (32 - width)});
    }

    /// Number 31 is zero here.
    static jump_value get(jump_state& state, unsigned number) { return number == 31 ? jump_value{} : state.at(number); }
    static void set(jump_state& state, unsigned number, const jump_value& to) {
        if (number != 31) {
            state.set(number, to);
        }
    }
    /// Of 32 bits, the result is zero-extended.
    static jump_value sized(jump_state& state, bool wide, const jump_value& of) {
        return wide ? of : state.values().zero_extended(32, of);
    }

    /// Extends a register as the option of an instruction says.
    static jump_value extended(jump_state& state, unsigned number, unsigned option) {
        const unsigned bits = 8U << (option & 3U);
        const jump_value of = get(state, number);
        return (option & 4U) != 0 ? state.values().sign_extended(bits, of) : state.values().zero_extended(bits, of);
    }

    /// Addresses, sums, differences and comparisons.
    static bool sums(jump_state& state, std::uint32_t code, std::uint64_t at) {
        jump_values& all = state.values();
        const bool wide = code >> 31U != 0;
        const unsigned to = code & 31U;
        const unsigned from = code >> 5U & 31U;
        if ((code & 0x1f000000U) == 0x10000000U) { // adr, adrp
            const std::uint64_t distance = signed_field(code, 5, 19) << 2U | (code >> 29U & 3U);
            set(state, to,
                jump_values::constant(wide ? (at & ~std::uint64_t{4095}) + (distance << 12U) : at + distance));
            return true;
        }
        const bool by_number = (code & 0x1f800000U) == 0x11000000U;
        const bool by_shifted = (code & 0x1f200000U) == 0x0b000000U;
        const bool by_extended = (code & 0x1fe00000U) == 0x0b200000U;
        if (!by_number && !by_shifted && !by_extended) {
            return false;
        }
        const bool compares = (code >> 29U & 1U) != 0;
        const bool subtracts = (code >> 30U & 1U) != 0;
        const jump_value a = sized(state, wide, by_shifted ? get(state, from) : state.at(from));
        jump_value b;
        if (by_number) {
            b = jump_values::constant(std::uint64_t{code >> 10U & 0xfffU} << ((code >> 22U & 1U) != 0 ? 12U : 0U));
        } else if (by_extended) {
            b = all.plus(jump_value{}, extended(state, code >> 16U & 31U, code >> 13U & 7U),
                         std::uint64_t{1} << (code >> 10U & 7U));
        } else {
            const jump_value whole = sized(state, wide, get(state, code >> 16U & 31U));
            const unsigned shift = code >> 10U & 63U;
            b = (code >> 22U & 3U) == 0 ? all.plus(jump_value{}, whole, std::uint64_t{1} << shift) : all.fresh();
        }
        b = sized(state, wide, b);
        const jump_value result = sized(state, wide, all.plus(a, b, subtracts ? ~std::uint64_t{0} : 1));
        if (compares && subtracts) {
            state.compare(a, b);
        } else if (compares) {
            state.forget_comparison();
        }
        if (compares || by_shifted) {
            set(state, to, result);
        } else {
            state.set(to, result); // 31 is the stack pointer
        }
        return true;
    }

    /// Moves, extensions, masks and shifts.
    static bool moves(jump_state& state, std::uint32_t code) {
        jump_values& all = state.values();
        const bool wide = code >> 31U != 0;
        const unsigned to = code & 31U;
        const jump_value from = sized(state, wide, get(state, code >> 5U & 31U));
        const unsigned rotate = code >> 16U & 63U;
        const unsigned last = code >> 10U & 63U;
        const unsigned size = wide ? 64 : 32;
        const std::uint64_t ones = ~std::uint64_t{0} >> (63U - last); // last + 1 of them
        if ((code & 0x7fe0ffe0U) == 0x2a0003e0U) {                    // mov
            set(state, to, sized(state, wide, get(state, code >> 16U & 31U)));
        } else if ((code & 0x7f800000U) == 0x52800000U) { // movz
            set(state, to, jump_values::constant(std::uint64_t{code >> 5U & 0xffffU} << (code >> 21U & 3U) * 16U));
        } else if ((code & 0x7f800000U) == 0x53000000U && rotate == 0) { // uxtb, uxth, ubfx
            set(state, to, all.zero_extended(last + 1, from));
        } else if ((code & 0x7f800000U) == 0x53000000U && rotate <= last) { // lsr, ubfx
            set(state, to, all.fresh(ones >> rotate));
        } else if ((code & 0x7f800000U) == 0x53000000U && last + 1 == rotate) { // lsl
            set(state, to, sized(state, wide, all.plus(jump_value{}, from, std::uint64_t{1} << (size - rotate))));
        } else if ((code & 0x7f800000U) == 0x13000000U && rotate == 0) { // sxtb, sxth, sxtw
            set(state, to, sized(state, wide, all.sign_extended(last + 1, from)));
        } else if ((code & 0x7f800000U) == 0x12000000U && rotate == 0 && last + 1 < size &&
                   (wide == ((code >> 22U & 1U) != 0)) && (wide || last < 32)) { // and
            all.zero_extended(last + 1, from).has_one() ? set(state, to, all.zero_extended(last + 1, from))
                                                        : set(state, to, all.fresh(ones));
        } else {
            return false;
        }
        return true;
    }

    /// Loads and stores.
    static bool memory(jump_state& state, std::uint32_t code) {
        if ((code & 0x0a000000U) != 0x08000000U) {
            return false;
        }
        jump_values& all = state.values();
        const unsigned to = code & 31U;
        const unsigned base = code >> 5U & 31U;
        const unsigned size = code >> 30U;
        const unsigned bits = 8U << size;
        const unsigned way = code >> 22U & 3U;
        const bool vector = (code >> 26U & 1U) != 0;
        const bool by_number = (code & 0x3f000000U) == 0x39000000U;
        const bool by_register = (code & 0x3f200c00U) == 0x38200800U;
        const bool near = (code & 0x3f200000U) == 0x38000000U && (code >> 10U & 3U) != 2;
        if (vector || (!by_number && !by_register && !near)) {
            // Pairs, exclusive ones, atomic ones, vectors.
            state.forget_memory();
            state.set(base, all.fresh());
            if (!vector) {
                for (const unsigned each : {to, code >> 10U & 31U, code >> 16U & 31U}) {
                    set(state, each, all.fresh());
                }
            }
            return true;
        }
        jump_value place = state.at(base);
        if (by_number) {
            place = all.plus(place, jump_values::constant(std::uint64_t{code >> 10U & 0xfffU} << size));
        } else if (by_register) {
            place = all.plus(place, extended(state, code >> 16U & 31U, code >> 13U & 7U),
                             (code >> 12U & 1U) != 0 ? std::uint64_t{1} << size : 1);
        } else {
            const jump_value moved = all.plus(place, jump_values::constant(signed_field(code, 12, 9)));
            const unsigned kind = code >> 10U & 3U; // 1: after the access
            place = kind == 1 ? place : moved;
            if (kind != 0) {
                state.set(base, moved);
            }
        }
        if (way == 0) {
            state.store(place, bits, all.zero_extended(bits, get(state, to)));
        } else if (way == 1) {
            set(state, to, state.load(place, bits));
        } else if (size != 3) { // else a prefetch
            set(state, to, sized(state, way == 2, all.sign_extended(bits, state.load(place, bits))));
        }
        return true;
    }
};

} // namespace check
} // namespace inlay
