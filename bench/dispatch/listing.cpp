// SPDX-License-Identifier: BSL-1.0
#include "listing.hpp"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <set>
#include <string>

namespace bench {

namespace {

using address = std::uintptr_t;

struct instruction {
    ZydisDecodedInstruction what{};
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]{};
    address at{};

    [[nodiscard]] bool is(ZydisMnemonic mnemonic) const { return what.mnemonic == mnemonic; }
    [[nodiscard]] address next() const { return at + what.length; }
    /// Where a call or jump with a distance goes; 0 if it has none.
    [[nodiscard]] address target() const {
        ZyanU64 result = 0;
        return operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                       ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&what, &operands[0], at, &result))
                   ? static_cast<address>(result)
                   : 0;
    }
    [[nodiscard]] bool conditional() const { return what.meta.category == ZYDIS_CATEGORY_COND_BR; }
    [[nodiscard]] bool rotates() const {
        return is(ZYDIS_MNEMONIC_ROL) || is(ZYDIS_MNEMONIC_ROR) || is(ZYDIS_MNEMONIC_RORX);
    }
    /// To a general register but the stack's.
    [[nodiscard]] bool adds_constant() const {
        const auto& to = operands[0];
        const auto& from = operands[1];
        if (to.type != ZYDIS_OPERAND_TYPE_REGISTER || to.reg.value == ZYDIS_REGISTER_RSP) {
            return false;
        }
        switch (what.mnemonic) {
        case ZYDIS_MNEMONIC_INC:
        case ZYDIS_MNEMONIC_DEC:
            return true;
        case ZYDIS_MNEMONIC_ADD:
        case ZYDIS_MNEMONIC_SUB:
            return from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        case ZYDIS_MNEMONIC_LEA:
            return from.mem.index == ZYDIS_REGISTER_NONE && from.mem.base != ZYDIS_REGISTER_RIP &&
                   from.mem.base != ZYDIS_REGISTER_NONE && from.mem.base != ZYDIS_REGISTER_RSP;
        default:
            return false;
        }
    }
    /// Reads memory at an address that is part of the instruction.
    [[nodiscard]] bool loads() const {
        if (is(ZYDIS_MNEMONIC_LEA) || is(ZYDIS_MNEMONIC_NOP)) {
            return false;
        }
        for (unsigned i = 0; i < what.operand_count_visible; ++i) {
            const auto& operand = operands[i];
            if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0 &&
                (operand.mem.base == ZYDIS_REGISTER_RIP || operand.mem.base == ZYDIS_REGISTER_NONE)) {
                return true;
            }
        }
        return false;
    }
};

bool decode(address at, instruction& result) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    result.at = at;
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, reinterpret_cast<const void*>(at),
                                               ZYDIS_MAX_INSTRUCTION_LENGTH, &result.what, result.operands));
}

/// Calls `see(instruction)` for each instruction on the path to the return, or once around a loop; false if the path
/// has neither.
template <class See>
bool follow(address at, const See& see) {
    constexpr unsigned enough = 100'000;
    instruction now;
    std::set<address> seen;
    for (unsigned i = 0; i < enough && decode(at, now); ++i) {
        if (!seen.insert(at).second) {
            return true;
        }
        see(now);
        if (now.is(ZYDIS_MNEMONIC_RET)) {
            return true;
        }
        // A jump through a table is followed by its first way.
        at = now.is(ZYDIS_MNEMONIC_JMP) && now.target() != 0 ? now.target() : now.next();
    }
    return false;
}

/// The path of an indirect call to its target, by the code at the other end of the call.
via way_through(address at) {
    constexpr unsigned enough = 32;
    instruction now;
    for (unsigned i = 0; i < enough && decode(at, now); ++i, at = now.next()) {
        if (now.is(ZYDIS_MNEMONIC_PAUSE)) {
            return via::retpoline;
        }
        if (now.is(ZYDIS_MNEMONIC_JMP) && now.target() == 0) {
            return via::indirect_jump;
        }
        if (i > 0 && now.is(ZYDIS_MNEMONIC_CALL)) { // a retpoline begins with one
            return via::thunk;
        }
        if (now.is(ZYDIS_MNEMONIC_RET)) {
            break;
        }
    }
    return via::nothing;
}

struct count {
    instructions seen{};
    address target{};
    unsigned other_calls{};
};

bool count_all(address at, count& result) {
    return follow(at, [&](const instruction& now) {
        auto& seen = result.seen;
        if (now.is(ZYDIS_MNEMONIC_CALL)) {
            const address to = now.target();
            result.target = result.target == 0 ? to : result.target;
            (to == 0 ? seen.indirect_calls : to == result.target ? seen.calls : result.other_calls) += 1;
        }
        if (now.is(ZYDIS_MNEMONIC_JMP)) {
            (now.target() == 0 ? seen.indirect_jumps : seen.jumps) += 1;
        }
        seen.branches += now.conditional() ? 1 : 0;
        seen.loads += now.loads() ? 1 : 0;
        seen.popcnts += now.is(ZYDIS_MNEMONIC_POPCNT) ? 1 : 0;
        seen.pushfs += now.is(ZYDIS_MNEMONIC_PUSHFQ) ? 1 : 0;
        seen.rotations += now.rotates() ? 1 : 0;
        seen.constants += now.adds_constant() ? 1 : 0;
    });
}

std::string check(address at, unsigned sites, const form& form, unsigned extra_branches) {
    count found{.target = reinterpret_cast<address>(form.target)};
    if (!count_all(at, found)) {
        return "its return is not found";
    }
    const auto& seen = found.seen;
    const auto wrong = [&](const char* what, unsigned there, unsigned wanted, unsigned extra = 0, unsigned more = 0) {
        return wanted == any || there - (wanted * sites + extra) <= more
                   ? std::string{}
                   : std::to_string(sites) + " sites have " + std::to_string(there) + " " + what + " instead of " +
                         std::to_string(wanted * sites + extra);
    };
    for (const auto& trouble :
         {wrong("calls of their target", seen.calls, form.site.calls), wrong("other calls", found.other_calls, 0),
          wrong("indirect calls", seen.indirect_calls, form.site.indirect_calls),
          wrong("indirect jumps", seen.indirect_jumps, form.site.indirect_jumps),
          wrong("conditional jumps", seen.branches, form.site.branches, extra_branches, form.site.slow),
          wrong("jumps", seen.jumps, form.site.jumps), wrong("loads", seen.loads, form.site.loads, 0, form.site.slow),
          wrong("popcnt", seen.popcnts, form.site.popcnts), wrong("pushf", seen.pushfs, form.site.pushfs),
          wrong("rotations", seen.rotations, form.site.rotations),
          wrong("additions of a constant", seen.constants, form.site.constants, extra_branches)}) {
        if (!trouble.empty()) {
            return trouble;
        }
    }
    const via through = form.target != nullptr || form.site.calls == 0 ? via::nothing : way_through(found.target);
    return through == form.through ? "" : "its calls do not go the way that they should";
}

template <class Function>
address address_of(Function* function) {
    return reinterpret_cast<address>(function);
}

} // namespace

std::string check_rotations(const std::string& name, const void* called, unsigned rotations) {
    count found;
    if (!count_all(reinterpret_cast<address>(called), found)) {
        return name + ": its return is not found";
    }
    // Conditional jumps: of a loop, which has its counter.
    return found.seen.rotations == rotations && found.seen.constants <= found.seen.branches
               ? ""
               : name + " has " + std::to_string(found.seen.rotations) + " rotations instead of " +
                     std::to_string(rotations) + " and " + std::to_string(found.seen.constants) +
                     " additions of a constant; some processors carry these out without executing an instruction";
}

std::string check(const form& form) {
    for (const auto& chain : form.chains) {
        std::string trouble = check(address_of(chain.one_site), 1, form, 1);
        for (std::size_t i = 0; i < chain.blocks.size() && trouble.empty(); ++i) {
            trouble = check(address_of(chain.blocks[i]), sites_of_a_block, form, 0);
        }
        if (!trouble.empty()) {
            return form.name + ": " + trouble;
        }
    }
    return {};
}

namespace {

std::string text_of(const instruction& now) {
    ZydisFormatter formatter;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_RELATIVE_BRANCHES, ZYAN_FALSE);
    char text[256]; // NOLINT(*-avoid-c-arrays)
    ZydisFormatterFormatInstruction(&formatter, &now.what, now.operands, now.what.operand_count_visible, text,
                                    sizeof text, now.at, nullptr);
    return now.is(ZYDIS_MNEMONIC_NOP) ? "nop (" + std::to_string(now.what.length) + " bytes)" : text;
}

/// The work of a site: without nops, and without the code around it that keeps values in registers and the stack in
/// order.
bool counts(const instruction& now) {
    switch (now.what.mnemonic) {
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_POP:
        return false;
    default:
        return now.operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER || now.operands[0].reg.value != ZYDIS_REGISTER_RSP;
    }
}

/// Where calls go; of all else the mnemonic, since compilers choose other registers, and several ways to add a
/// constant.
std::string essence_of(const instruction& now) {
    switch (now.what.mnemonic) {
    case ZYDIS_MNEMONIC_CALL:
        return text_of(now);
    case ZYDIS_MNEMONIC_LEA:
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_INC:
    case ZYDIS_MNEMONIC_DEC:
        return "add";
    default:
        return ZydisMnemonicGetString(now.what.mnemonic);
    }
}

} // namespace

std::vector<std::string> site_of(const form& form) {
    std::vector<std::string> lines;
    follow(address_of(form.chains[0].one_site), [&](const instruction& now) { lines.push_back(text_of(now)); });
    return lines;
}

std::string difference(const form& one, const form& other) {
    std::array<std::vector<std::string>, 2> lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        follow(address_of((i == 0 ? one : other).chains[0].blocks[0]), [&](const instruction& now) {
            if (counts(now)) {
                lines[i].push_back(essence_of(now));
            }
        });
    }
    const auto [a, b] = std::mismatch(lines[0].begin(), lines[0].end(), lines[1].begin(), lines[1].end());
    return a == lines[0].end() && b == lines[1].end()
               ? ""
               : one.name + " has \"" + (a == lines[0].end() ? "" : *a) + "\" where " + other.name + " has \"" +
                     (b == lines[1].end() ? "" : *b) + '"';
}

extent extent_of(function_pointer block) {
    extent result{address_of(block), address_of(block)};
    follow(result.begin, [&](const instruction& now) {
        result.begin = std::min(result.begin, now.at);
        result.end = std::max(result.end, now.next());
    });
    return result;
}

std::vector<const void*> lines_of(const chain_code& chain, std::size_t sites) {
    std::set<address> lines;
    const auto add = [&](address at) {
        follow(at, [&](const instruction& now) {
            lines.insert(now.at / line * line);
            lines.insert((now.next() - 1) / line * line);
        });
    };
    if (sites == 1) {
        add(address_of(chain.one_site));
    }
    for (std::size_t i = 0; i < sites / sites_of_a_block; ++i) {
        add(address_of(chain.blocks[i]));
    }
    std::vector<const void*> result;
    for (const address each : lines) {
        result.push_back(reinterpret_cast<const void*>(each));
    }
    return result;
}

} // namespace bench
