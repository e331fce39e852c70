// SPDX-License-Identifier: BSL-1.0
//
// code_pattern: whether an instruction fits a pattern of code_rules.hpp.
//
//     const inlay::check::pattern popf{"x86 popf", program};
//     if (popf.fits(program, instruction, bytes)) ...
//
// How it works. A pattern is read once. On AArch64 the classes of instructions are few, and are read from the word
// (Arm ARM, C4.1). Zydis names those of x86, and their operands. An instruction of which it is not known whether it
// reads or writes memory does both.
#pragma once

#include "inlay/check/code_rule.hpp"
#include "inlay/check/decoder.hpp"
#include "inlay/check/program.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <Zydis/Zydis.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

struct memory_access {
    bool loads{}, stores{};
};

/// Loads and stores of AArch64 (C4.1.94 in DDI 0487J: bits 28:25 are x1x0).
[[nodiscard]] inline memory_access access_of_aarch64(std::uint32_t word) noexcept {
    if ((word & 0x0a000000U) != 0x08000000U) {
        // dc zva, dc ivac and others are "sys"; they are patterns of their own.
        return {};
    }
    constexpr memory_access load{true, false};
    constexpr memory_access store{false, true};
    constexpr memory_access both{true, true};
    const bool bit22 = (word >> 22 & 1U) != 0;
    if ((word & 0x3f000000U) == 0x08000000U) { // exclusive, ordered, compare and swap
        const bool exchange =
            (word & 0x00a00000U) == 0x00a00000U || ((word & 0x00a00000U) == 0x00200000U && word >> 31 == 0);
        return exchange ? both : bit22 ? load : store;
    }
    if ((word & 0x3b000000U) == 0x18000000U) { // a literal; prfm also counts
        return load;
    }
    if ((word & 0x3a000000U) == 0x28000000U) { // pairs
        return bit22 ? load : store;
    }
    if ((word & 0xbf000000U) == 0x0c000000U || (word & 0xbf000000U) == 0x0d000000U) { // vectors of structures
        return bit22 ? load : store;
    }
    if ((word & 0x3f000000U) == 0x19000000U) { // ldapur, stlur; tags
        return (word & 0x00200c00U) == 0 && (word >> 22 & 3U) == 0 ? store : (word & 0x00200c00U) == 0 ? load : both;
    }
    if ((word & 0x3a000000U) == 0x38000000U) { // one register
        const bool vector = (word >> 26 & 1U) != 0;
        const std::uint32_t operation = word >> 22 & 3U;
        if ((word & 0x01200c00U) == 0x00200000U) { // atomic operations; ldapr loads
            return !vector && (word & 0x0000f000U) == 0x0000c000U ? load : both;
        }
        if ((word & 0x01200400U) == 0x00200400U) { // ldraa, ldrab
            return load;
        }
        if (!vector && word >> 30 == 3 && operation == 2) { // prfm
            return {};
        }
        return operation == 0 || (vector && operation == 2) ? store : load;
    }
    return both;
}

[[nodiscard]] inline std::uint32_t word_at(const std::uint8_t* bytes) noexcept {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

/// "ns::f" of a symbol: without parameters, unnamed namespaces, and the suffixes of parts and clones.
[[nodiscard]] inline std::string plain_name(const std::string& symbol) {
    std::string_view mangled = symbol;
    if (!mangled.starts_with("_Z")) {
        mangled = mangled.substr(0, mangled.find('.'));
        return std::string{mangled};
    }
    std::string name = report::detail::demangled(symbol.c_str());
    for (const std::string_view hidden : {"(anonymous namespace)::", "{anonymous}::"}) {
        for (std::size_t at = name.find(hidden); at != std::string::npos; at = name.find(hidden)) {
            name.erase(at, hidden.size());
        }
    }
    return report::without_parameters(name);
}

/// Whether a name fits; a '*' at the end of `pattern` stands for any rest.
[[nodiscard]] inline bool name_fits(std::string_view name, std::string_view pattern) noexcept {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

} // namespace detail

/// Asks about the instructions of one machine.
class pattern {
public:
    /// `points`: those of the file, by address.
    pattern(const std::string& text, const program& of, const std::vector<code_point>& points) : text_{text} {
        const std::size_t blank = text.find(' ');
        const std::string head = text.substr(0, blank);
        const std::string rest = blank == std::string::npos ? "" : text.substr(blank + 1);
        if (head == "call" || head == "return" || head == "store" || head == "load" || head == "barrier") {
            kind_ = head == "call"     ? rest.empty() ? kind::call : kind::call_of
                    : head == "return" ? kind::returns
                    : head == "store"  ? kind::store
                    : head == "load"   ? kind::load
                                       : kind::barrier;
        } else if (head == "function") {
            kind_ = kind::function;
        } else if (head == "point") {
            kind_ = kind::point;
            for (const auto& each : points) {
                if (each.name == rest) {
                    places_.push_back(each.at);
                }
            }
        } else if (head == "x86") {
            kind_ = kind::x86;
            name_ = rest;
        } else {
            read_aarch64(head, rest);
        }
        if (kind_ == kind::call_of || kind_ == kind::function) {
            for (const auto& each : of.functions()) {
                if (!each.name.empty() && detail::plain_name(each.name) == rest) {
                    functions_.push_back(each);
                }
            }
        }
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Whether this version of the checker knows the pattern.
    [[nodiscard]] bool known() const noexcept { return kind_ != kind::unknown; }
    /// What a pattern names and the file does not have: "no function is called f"; empty if all is there.
    [[nodiscard]] std::string missing() const {
        if (kind_ == kind::point && places_.empty()) {
            return "no code point is called \"" + text_.substr(6) + '"';
        }
        if ((kind_ == kind::function || kind_ == kind::call_of) && functions_.empty()) {
            return "no function is called " + text_.substr(text_.find(' ') + 1);
        }
        return "";
    }

    [[nodiscard]] bool fits(const program& of, const instruction& what, const std::uint8_t* bytes) const {
        switch (kind_) {
        case kind::call:
            return what.flow == flow::call || what.flow == flow::indirect_call;
        case kind::call_of:
            return what.goes_to_target() &&
                   std::any_of(functions_.begin(), functions_.end(), [&](const function& each) {
                       return what.target == each.begin && (what.at < each.begin || what.at >= each.end);
                   });
        case kind::returns:
            return what.flow == flow::returns;
        case kind::function:
            return std::any_of(functions_.begin(), functions_.end(),
                               [&](const function& each) { return what.at >= each.begin && what.at < each.end; });
        case kind::point:
            return std::binary_search(places_.begin(), places_.end(), what.at);
        case kind::unknown:
            return false;
        default:
            return of.machine() == machine::aarch64 ? fits_aarch64(detail::word_at(bytes)) : fits_x86(of, what, bytes);
        }
    }

private:
    enum class kind : std::uint8_t {
        unknown,
        call,
        call_of,
        returns,
        function,
        point,
        store,
        load,
        barrier,
        x86,
        word, ///< (word & mask) == value
        pmu,
        gic,
    };

    void is(std::uint32_t mask, std::uint32_t value) {
        kind_ = kind::word;
        mask_ = mask;
        value_ = value;
    }

    void read_aarch64(const std::string& head, const std::string& rest) {
        constexpr std::uint32_t all = ~std::uint32_t{0};
        if (head == "msr" || head == "mrs" || head == "access") {
            if (rest == "pmu" || rest == "gic") {
                kind_ = rest == "pmu" ? kind::pmu : kind::gic;
            } else {
                const auto number = static_cast<std::uint32_t>(std::strtoul(rest.c_str(), nullptr, 16)) & 0xffffU;
                is(head == "access" ? 0xffdfffe0U : 0xffffffe0U,
                   (head == "mrs" ? 0xd5200000U : 0xd5000000U) | number << 5U);
            }
            return;
        }
        const auto one_of = [&](std::initializer_list<std::pair<std::string_view, std::uint32_t>> names,
                                std::uint32_t mask, std::uint32_t base, unsigned shift) {
            for (const auto& [name, number] : names) {
                if (rest == name) {
                    is(mask, base | number << shift);
                }
            }
        };
        if (head == "dsb" || head == "dmb") {
            one_of({{"oshld", 1},
                    {"oshst", 2},
                    {"osh", 3},
                    {"nshld", 5},
                    {"nshst", 6},
                    {"nsh", 7},
                    {"ishld", 9},
                    {"ishst", 10},
                    {"ish", 11},
                    {"ld", 13},
                    {"st", 14},
                    {"sy", 15}},
                   all, head == "dsb" ? 0xd503309fU : 0xd50330bfU, 8);
        } else if (head == "dc" || head == "ic") {
            one_of({{"ivac", 0x07620U},
                    {"cvac", 0x37a20U},
                    {"cvau", 0x37b20U},
                    {"civac", 0x37e20U},
                    {"ivau", 0x37520U},
                    {"iallu", 0x07500U},
                    {"ialluis", 0x07100U}},
                   0xffffffe0U, 0xd5080000U, 0);
        } else if (head == "a64") {
            one_of({{"eret", 0xd69f03e0U},
                    {"wfi", 0xd503207fU},
                    {"wfe", 0xd503205fU},
                    {"sev", 0xd503209fU},
                    {"yield", 0xd503203fU}},
                   all, 0, 0);
            one_of({{"isb", 0xd50330dfU}}, 0xfffff0ffU, 0, 0);
            one_of({{"svc", 0xd4000001U}, {"hvc", 0xd4000002U}, {"smc", 0xd4000003U}}, 0xffe0001fU, 0, 0);
        }
    }

    [[nodiscard]] bool fits_aarch64(std::uint32_t word) const noexcept {
        if (kind_ == kind::word) {
            return (word & mask_) == value_;
        }
        if (kind_ == kind::store || kind_ == kind::load) {
            const auto access = detail::access_of_aarch64(word);
            return kind_ == kind::store ? access.stores : access.loads;
        }
        if (kind_ == kind::barrier) {
            return (word & 0xfffff0ffU) == 0xd503309fU || (word & 0xfffff0ffU) == 0xd50330bfU;
        }
        if ((kind_ != kind::pmu && kind_ != kind::gic) || (word & 0xffd00000U) != 0xd5100000U) {
            return false;
        }
        const std::uint32_t number = word >> 5U & 0xffffU;
        const std::uint32_t op0 = number >> 14U;
        const std::uint32_t op1 = number >> 11U & 7U;
        const std::uint32_t crn = number >> 7U & 15U;
        const std::uint32_t crm = number >> 3U & 15U;
        if (kind_ == kind::pmu) { // DDI 0487, D19.5
            return op0 == 3 && ((crn == 9 && crm >= 12 && crm <= 14) || (op1 == 3 && crn == 14 && crm >= 8));
        }
        return op0 == 3 && op1 == 0 &&
               ((crn == 12 && crm >= 8 && crm <= 12) || (crn == 4 && crm == 6)); // IHI 0069, 12.2
    }

    [[nodiscard]] bool fits_x86(const program& of, const instruction& what, const std::uint8_t* bytes) const {
        if (kind_ != kind::x86 && kind_ != kind::store && kind_ != kind::load) {
            return false;
        }
        ZydisDecoder decoder;
        const bool wide = of.machine() == machine::x86_64;
        ZydisDecoderInit(&decoder, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                         wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
        ZydisDecodedInstruction found;
        if (kind_ == kind::x86) {
            if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes, what.length, &found))) {
                return false;
            }
            const std::string_view mnemonic = ZydisMnemonicGetString(found.mnemonic);
            return mnemonic == name_ ||
                   (mnemonic.size() == name_.size() + 1 && mnemonic.starts_with(name_) && sized() &&
                    std::string_view{"dq"}.find(mnemonic.back()) != std::string_view::npos);
        }
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]; // NOLINT(*-avoid-c-arrays)
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, what.length, &found, operands))) {
            return true;
        }
        for (std::size_t i = 0; i < found.operand_count; ++i) {
            const auto& each = operands[i];
            if (each.type == ZYDIS_OPERAND_TYPE_MEMORY && each.mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
                (each.actions &
                 (kind_ == kind::store ? ZYDIS_OPERAND_ACTION_MASK_WRITE : ZYDIS_OPERAND_ACTION_MASK_READ)) != 0) {
                return true;
            }
        }
        return false;
    }

    /// Mnemonics that have a suffix for their size: popfq, iretd.
    [[nodiscard]] bool sized() const noexcept { return name_ == "popf" || name_ == "pushf" || name_ == "iret"; }

    std::string text_;
    kind kind_{};
    std::uint32_t mask_{}, value_{};
    std::string name_{};
    std::vector<std::uint64_t> places_{};
    std::vector<function> functions_{};
};

} // namespace check
} // namespace inlay
