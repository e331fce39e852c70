// SPDX-License-Identifier: BSL-1.0
//
// unwind_effects: the effects of one instruction on the registers and the stack: unwind_effects<Target>.
//
//     unwind_effects<x86::target<64>> effects;
//     const step next = effects.run(state, bytes, address, {begin, end});      // state: an unwind_state
//
// How it works. Zydis and Capstone decode. Pushes, pops, calls, moves, sums with a constant, loads and stores are
// followed. If another instruction writes registers or memory, these become unknown. A called function keeps the
// registers that its ABI says, and pops its return address.
#pragma once

#include "inlay/check/unwind_state.hpp"
#include "inlay/report/architectures.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// The addresses of a form: [begin, end). A call into it pushes and goes on there.
struct form_range {
    std::uint64_t begin, end;
    [[nodiscard]] bool has(std::uint64_t at) const noexcept { return at >= begin && at < end; }
};

template <class Target>
class unwind_effects;

// ---- x86 ------------------------------------------------------------------------------------------------

template <unsigned Mode>
class unwind_effects<x86::target<Mode>> {
public:
    static constexpr unsigned word = Mode / 8;
    static constexpr unsigned stack_pointer = Mode == 64 ? 7 : 4;
    static constexpr unsigned frame_pointer = Mode == 64 ? 6 : 5;
    static constexpr unsigned registers = Mode == 64 ? 17 : 9; ///< with the return address, which is the last
    static constexpr unsigned return_address = registers - 1;

    /// Whether a function preserves a register (System V ABI): then no rule means "unchanged".
    [[nodiscard]] static bool preserved(unsigned number) noexcept {
        return Mode == 64 ? number == 3 || number == 6 || (number >= 12 && number <= 15)
                          : number == 3 || (number >= 5 && number <= 7);
    }

    unwind_effects() {
        ZydisDecoderInit(&decoder_, Mode == 64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                         Mode == 64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    }

    [[nodiscard]] static std::string name(unsigned number) {
        const char* const wide[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
                                    "r8", // NOLINT(*-avoid-c-arrays)
                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "the return address"};
        const char* const narrow[] = {"eax", "ecx", "edx", "ebx",
                                      "esp", // NOLINT(*-avoid-c-arrays)
                                      "ebp", "esi", "edi", "the return address"};
        return number >= registers ? "register " + std::to_string(number) : Mode == 64 ? wide[number] : narrow[number];
    }

    [[nodiscard]] static std::string owned(unsigned number) {
        return number == registers - 1 ? name(number) : "the caller's " + name(number);
    }

    [[nodiscard]] step run(unwind_state& state, std::span<const std::uint8_t> bytes, std::uint64_t at,
                           form_range form) const {
        instruction now{};
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder_, bytes.data(), bytes.size(), &now.head, now.operands.data()))) {
            return {};
        }
        step next{.length = now.head.length};
        if (!branch(state, now, at, form, next) && !stack(state, now) && !copy(state, now)) {
            write_all(state, now);
        }
        return next;
    }

private:
    static constexpr unsigned none = unwind_state::count;

    struct instruction {
        ZydisDecodedInstruction head;
        std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
    };

    /// DWARF's number of the register that has this one; `none` for others than general ones.
    [[nodiscard]] static unsigned number_of(ZydisRegister from) noexcept {
        constexpr std::array<std::uint8_t, 8> wide{0, 2, 1, 3, 7, 6, 4, 5}; // rax rcx rdx rbx rsp rbp rsi rdi
        const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(
            Mode == 64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32, from);
        constexpr ZydisRegister first = Mode == 64 ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_EAX;
        const unsigned id = static_cast<unsigned>(whole) - static_cast<unsigned>(first);
        if (whole < first || id >= (Mode == 64 ? 16U : 8U)) {
            return none;
        }
        return Mode == 64 && id < 8 ? wide[id] : id;
    }

    [[nodiscard]] static unsigned whole_register(const ZydisDecodedOperand& operand) noexcept {
        return operand.type == ZYDIS_OPERAND_TYPE_REGISTER && operand.size == Mode ? number_of(operand.reg.value)
                                                                                   : none;
    }

    /// The place of a memory operand, if it is one register plus a constant.
    [[nodiscard]] static bool place_of(const unwind_state& state, const ZydisDecodedOperand& operand,
                                       unwind_value& place) {
        const auto& memory = operand.mem;
        if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || memory.index != ZYDIS_REGISTER_NONE ||
            memory.segment == ZYDIS_REGISTER_FS || memory.segment == ZYDIS_REGISTER_GS ||
            ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, memory.base) != Mode || number_of(memory.base) == none) {
            return false;
        }
        place = state.at(number_of(memory.base)) + (memory.disp.has_displacement != 0 ? memory.disp.value : 0);
        return true;
    }

    [[nodiscard]] static unwind_value read(unwind_state& state, const ZydisDecodedOperand& operand) {
        unwind_value place;
        if (whole_register(operand) != none) {
            return state.at(whole_register(operand));
        }
        return place_of(state, operand, place) ? state.load(place, operand.size / 8U) : state.result();
    }

    static void write(unwind_state& state, const ZydisDecodedOperand& operand, unwind_value what) {
        unwind_value place;
        if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
            if (const unsigned number = number_of(operand.reg.value); number != none) {
                state.set(number, operand.size == Mode ? what : state.result());
            }
        } else if (place_of(state, operand, place)) {
            state.store(place, what, operand.size / 8U);
        }
    }

    /// Calls, jumps, returns. True if it was one of them.
    static bool branch(unwind_state& state, const instruction& now, std::uint64_t at, form_range form, step& next) {
        const auto& first = now.operands[0];
        const bool direct = now.head.operand_count != 0 && first.type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                            first.imm.is_relative != ZYAN_FALSE;
        if (direct) {
            ZydisCalcAbsoluteAddress(&now.head, &first, at, &next.target);
        }
        switch (now.head.meta.category) {
        case ZYDIS_CATEGORY_CALL:
            if (direct && form.has(next.target)) {
                state.push(state.result(), word);
                next.jumps = true;
                next.falls_through = false;
                return true;
            }
            next.calls = true;
            for (const unsigned each : {0U, 1U, 2U}) {
                state.set(each, state.result());
            }
            for (const unsigned each : {4U, 5U, 8U, 9U, 10U, 11U}) {
                if (Mode == 64) {
                    state.set(each, state.result());
                }
            }
            return true;
        case ZYDIS_CATEGORY_COND_BR:
        case ZYDIS_CATEGORY_UNCOND_BR:
            next.jumps = direct;
            next.falls_through = now.head.meta.category == ZYDIS_CATEGORY_COND_BR;
            write_all(state, now);
            return true;
        case ZYDIS_CATEGORY_RET:
        case ZYDIS_CATEGORY_SYSRET:
            next.falls_through = false;
            return true;
        default:
            next.falls_through = now.head.mnemonic != ZYDIS_MNEMONIC_UD2 && now.head.mnemonic != ZYDIS_MNEMONIC_UD1 &&
                                 now.head.mnemonic != ZYDIS_MNEMONIC_UD0 &&
                                 now.head.mnemonic != ZYDIS_MNEMONIC_SYSENTER;
            return false;
        }
    }

    /// Pushes and pops. True if it was one of them.
    static bool stack(unwind_state& state, const instruction& now) {
        const unsigned size = now.head.operand_width / 8U;
        switch (now.head.mnemonic) {
        case ZYDIS_MNEMONIC_PUSH:
            state.push(read(state, now.operands[0]), size);
            return true;
        case ZYDIS_MNEMONIC_POP: {
            const unwind_value top = state.pop(size);
            write(state, now.operands[0], top);
            return true;
        }
        case ZYDIS_MNEMONIC_PUSHF:
        case ZYDIS_MNEMONIC_PUSHFD:
        case ZYDIS_MNEMONIC_PUSHFQ:
            state.push(state.result(), size);
            return true;
        case ZYDIS_MNEMONIC_POPF:
        case ZYDIS_MNEMONIC_POPFD:
        case ZYDIS_MNEMONIC_POPFQ:
            state.move_stack(size);
            return true;
        case ZYDIS_MNEMONIC_PUSHAD: {
            const unwind_value before = state.stack_pointer();
            for (unsigned i = 0; i < 8; ++i) {
                state.push(i == stack_pointer ? before : state.at(i), word);
            }
            return true;
        }
        case ZYDIS_MNEMONIC_POPAD:
            for (unsigned i = 8; i-- > 0;) {
                const unwind_value top = state.pop(word);
                if (i != stack_pointer) {
                    state.set(i, top);
                }
            }
            return true;
        case ZYDIS_MNEMONIC_LEAVE:
            state.set(stack_pointer, state.at(frame_pointer));
            state.set(frame_pointer, state.pop(word));
            return true;
        default:
            return false;
        }
    }

    /// Values that are moved, or moved by a constant. True if it was one of these.
    static bool copy(unwind_state& state, const instruction& now) {
        const auto& to = now.operands[0];
        const auto& from = now.operands[1];
        const unsigned number = whole_register(to);
        const auto by = [&](std::int64_t bytes) {
            state.set(number, state.at(number) + bytes);
            return true;
        };
        switch (now.head.mnemonic) {
        case ZYDIS_MNEMONIC_MOV:
            if (to.size == Mode) {
                write(state, to, read(state, from));
                return true;
            }
            return false;
        case ZYDIS_MNEMONIC_LEA: {
            unwind_value place;
            if (number != none && place_of(state, from, place)) {
                state.set(number, place);
                return true;
            }
            return false;
        }
        case ZYDIS_MNEMONIC_XCHG:
            if (number != none && whole_register(from) != none) {
                const unwind_value other = state.at(whole_register(from));
                state.set(whole_register(from), state.at(number));
                state.set(number, other);
                return true;
            }
            return false;
        case ZYDIS_MNEMONIC_ADD:
        case ZYDIS_MNEMONIC_SUB:
            if (number != none && from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
                const auto bytes = static_cast<std::int64_t>(from.imm.value.s);
                return by(now.head.mnemonic == ZYDIS_MNEMONIC_ADD ? bytes : -bytes);
            }
            return false;
        case ZYDIS_MNEMONIC_INC:
            return number != none && by(1);
        case ZYDIS_MNEMONIC_DEC:
            return number != none && by(-1);
        default:
            return false;
        }
    }

    /// Makes everything unknown that the instruction writes.
    static void write_all(unwind_state& state, const instruction& now) {
        for (unsigned i = 0; i < now.head.operand_count; ++i) {
            const auto& each = now.operands[i];
            if ((each.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 && each.size != 0) {
                write(state, each, state.result());
            }
        }
    }

    ZydisDecoder decoder_{};
};

// ---- AArch64 --------------------------------------------------------------------------------------------

template <>
class unwind_effects<aarch64::target> {
public:
    static constexpr unsigned word = 8;
    static constexpr unsigned stack_pointer = 31;
    static constexpr unsigned frame_pointer = 29;
    static constexpr unsigned link = 30;
    static constexpr unsigned registers = 35;
    static constexpr unsigned return_address = link;

    /// Whether a function preserves a register (AAPCS64): then no rule means "unchanged". The return address begins in
    /// x30.
    [[nodiscard]] static bool preserved(unsigned number) noexcept {
        return (number >= 19 && number <= link) || number == 34;
    }

    unwind_effects() {
        (void)cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &engine_);
        (void)cs_option(engine_, CS_OPT_DETAIL, CS_OPT_ON);
        one_ = cs_malloc(engine_); // NOLINT(cppcoreguidelines-prefer-member-initializer): the engine comes first
    }
    unwind_effects(const unwind_effects&) = delete;
    unwind_effects(unwind_effects&&) = delete;
    unwind_effects& operator=(const unwind_effects&) = delete;
    unwind_effects& operator=(unwind_effects&&) = delete;
    ~unwind_effects() {
        cs_free(one_, 1);
        (void)cs_close(&engine_);
    }

    [[nodiscard]] static std::string name(unsigned number) {
        return number == stack_pointer  ? "sp"
               : number == 34           ? "the state of the return address's signature"
               : number < stack_pointer ? "x" + std::to_string(number)
                                        : "register " + std::to_string(number);
    }

    [[nodiscard]] static std::string owned(unsigned number) { return "the caller's " + name(number); }

    [[nodiscard]] step run(unwind_state& state, std::span<const std::uint8_t> bytes, std::uint64_t at,
                           form_range form) const {
        if (bytes.size() < word / 2) {
            return {};
        }
        step next{.length = 4};
        const std::uint8_t* code = bytes.data();
        std::size_t size = 4;
        std::uint64_t address = at;
        if (!cs_disasm_iter(engine_, &code, &size, &address, one_)) {
            // Newer than the library. Its destination, as that of most instructions, is in the low five bits.
            std::uint32_t word_here = 0;
            std::memcpy(&word_here, bytes.data(), sizeof word_here);
            set(state, word_here & 31U, state.result());
            return next;
        }
        if (!branch(state, form, next) && !copy(state) && !memory(state)) {
            write_all(state);
        }
        return next;
    }

private:
    static constexpr unsigned none = unwind_state::count;

    [[nodiscard]] static unsigned number_of(unsigned from) noexcept {
        return from >= ARM64_REG_X0 && from <= ARM64_REG_X28   ? from - ARM64_REG_X0
               : from == ARM64_REG_X29                         ? 29
               : from == ARM64_REG_X30                         ? 30
               : from == ARM64_REG_SP || from == ARM64_REG_WSP ? stack_pointer
               : from >= ARM64_REG_W0 && from <= ARM64_REG_W30 ? from - ARM64_REG_W0
                                                               : none;
    }
    /// The number of a 64-bit register; `none` for other operands.
    [[nodiscard]] static unsigned whole(const cs_arm64_op& operand) noexcept {
        const bool wide = operand.type == ARM64_OP_REG && (operand.reg < ARM64_REG_W0 || operand.reg > ARM64_REG_W30) &&
                          operand.reg != ARM64_REG_WSP;
        return wide ? number_of(operand.reg) : none;
    }
    static void set(unwind_state& state, unsigned number, unwind_value to) {
        if (number < none && number != 31) {
            state.set(number, to);
        }
    }

    [[nodiscard]] const cs_arm64& detail() const noexcept { return one_->detail->arm64; }

    /// True if it was a branch.
    bool branch(unwind_state& state, form_range form, step& next) const {
        const auto& what = detail();
        const auto last = [&] { return static_cast<std::uint64_t>(what.operands[what.op_count - 1].imm); };
        switch (one_->id) {
        case ARM64_INS_BL:
        case ARM64_INS_BLR:
            state.set(link, state.result());
            if (one_->id == ARM64_INS_BL && form.has(last())) {
                next.jumps = true;
                next.falls_through = false;
                next.target = last();
                return true;
            }
            next.calls = true;
            for (unsigned i = 0; i <= 18; ++i) {
                state.set(i, state.result());
            }
            return true;
        case ARM64_INS_B:
            next.falls_through = what.cc != ARM64_CC_INVALID && what.cc != ARM64_CC_AL;
            next.jumps = true;
            next.target = last();
            return true;
        case ARM64_INS_CBZ:
        case ARM64_INS_CBNZ:
        case ARM64_INS_TBZ:
        case ARM64_INS_TBNZ:
            next.jumps = true;
            next.target = last();
            return true;
        case ARM64_INS_BR:
        case ARM64_INS_RET:
        case ARM64_INS_ERET:
            next.falls_through = false;
            return true;
        default:
            return false;
        }
    }

    /// Values that are moved, or moved by a constant. True if it was one of these.
    bool copy(unwind_state& state) const {
        const auto& what = detail();
        const unsigned to = what.op_count >= 2 ? whole(what.operands[0]) : none;
        const unsigned from = what.op_count >= 2 ? whole(what.operands[1]) : none;
        if (to == none || from == none) {
            return false;
        }
        if (one_->id == ARM64_INS_MOV && what.op_count == 2) {
            state.set(to, state.at(from));
            return true;
        }
        if ((one_->id == ARM64_INS_ADD || one_->id == ARM64_INS_SUB) && what.op_count == 3 &&
            what.operands[2].type == ARM64_OP_IMM && !what.update_flags) {
            const std::int64_t bytes = what.operands[2].imm << what.operands[2].shift.value;
            state.set(to, state.at(from) + (one_->id == ARM64_INS_ADD ? bytes : -bytes));
            return true;
        }
        return false;
    }

    /// Loads and stores of whole registers, with the base's new value. True if it was one of these.
    bool memory(unwind_state& state) const {
        const auto& what = detail();
        const bool load = one_->id == ARM64_INS_LDP || one_->id == ARM64_INS_LDR || one_->id == ARM64_INS_LDUR;
        const bool store = one_->id == ARM64_INS_STP || one_->id == ARM64_INS_STR || one_->id == ARM64_INS_STUR;
        unsigned moved = 0;
        while (moved < what.op_count && what.operands[moved].type == ARM64_OP_REG) {
            ++moved;
        }
        if ((!load && !store) || moved == what.op_count || what.operands[moved].type != ARM64_OP_MEM ||
            what.operands[moved].mem.index != ARM64_REG_INVALID || number_of(what.operands[moved].mem.base) == none) {
            return false;
        }
        const auto& where = what.operands[moved].mem;
        const unsigned base = number_of(where.base);
        const bool after = moved + 1U < what.op_count; // a constant follows: the base changes after the access
        const unwind_value old = state.at(base);
        unwind_value place = old + (after ? 0 : where.disp);
        for (unsigned i = 0; i < moved; ++i) {
            const unsigned number = whole(what.operands[i]);
            const unsigned size = size_of(what.operands[i]);
            if (store) {
                state.store(place, number != none ? state.at(number) : state.result(), size);
            } else if (number_of(what.operands[i].reg) != none) {
                state.set(number_of(what.operands[i].reg), state.load(place, number != none ? size : 4));
            }
            place = place + size;
        }
        if (what.writeback) {
            state.set(base, after ? old + what.operands[moved + 1].imm : old + where.disp);
        }
        return true;
    }

    [[nodiscard]] static unsigned size_of(const cs_arm64_op& operand) noexcept {
        const auto in = [&](unsigned first, unsigned last) { return operand.reg >= first && operand.reg <= last; };
        return in(ARM64_REG_Q0, ARM64_REG_Q31)                                                                      ? 16
               : in(ARM64_REG_W0, ARM64_REG_W30) || in(ARM64_REG_S0, ARM64_REG_S31) || operand.reg == ARM64_REG_WZR ? 4
                                                                                                                    : 8;
    }

    /// Makes every register unknown that the instruction writes.
    void write_all(unwind_state& state) const {
        cs_regs reads;  // NOLINT(*-member-init): Capstone fills it
        cs_regs writes; // NOLINT(*-member-init)
        std::uint8_t read_count = 0;
        std::uint8_t write_count = 0;
        if (cs_regs_access(engine_, one_, reads, &read_count, writes, &write_count) != 0) {
            return;
        }
        for (unsigned i = 0; i < write_count; ++i) {
            if (const unsigned number = number_of(writes[i]); number != none) {
                state.set(number, state.result());
            }
        }
        // paciasp and its like are hints to Capstone, and sign or check the return address.
        std::uint32_t code = 0;
        std::memcpy(&code, one_->bytes, sizeof code);
        if ((code & 0xffffff1fU) == 0xd503231fU) {
            state.set(link, state.result());
        }
    }

    csh engine_{};
    cs_insn* one_{};
};

} // namespace check
} // namespace inlay
