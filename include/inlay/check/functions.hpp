// SPDX-License-Identifier: BSL-1.0
//
// functions: the pieces of text that an ELF file's symbols name.
//
// How it works. A function symbol begins a piece, which ends at its size. Assembly sources often have symbols without
// type or size: outside of other functions they begin a piece, too, which ends at the next symbol. A section of text
// without a symbol is one piece, as the procedure linkage table is. On AArch64, the symbols $d and $x tell data in
// text from instructions (ELF for the Arm 64-bit Architecture, 5.5.5); data is in no piece. In a stripped file, the
// table for unwinders says where functions begin (Linux Standard Base, .eh_frame_hdr).
#pragma once

#include "inlay/check/decoder.hpp"
#include "inlay/check/model.hpp"
#include "inlay/report/elf.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

/// The pieces of a text section, from its symbols, which are sorted.
class pieces {
public:
    pieces(const section& in, std::vector<function>& to) : in_{in}, to_{to}, covered_{in.address} {}

    /// Before the symbols are added: those that tell data from instructions. Of two at one address, $x counts.
    void note_mapping(const report::elf_symbol& symbol) {
        if (symbol.name.starts_with("$d")) {
            mapping_.emplace_back(symbol.value, true);
        } else if (symbol.name.starts_with("$x")) {
            mapping_.emplace_back(symbol.value, false);
        }
    }

    void add(report::elf_symbol& symbol, std::uint64_t next) {
        const std::uint64_t end = in_.address + in_.size;
        const bool data = symbol.name.starts_with("$d");
        if (symbol.value < covered_ && !(data && !to_.empty() && symbol.value >= to_.back().begin)) {
            return; // another name of the same function, or a label in it
        }
        if (data || symbol.name.starts_with("$x")) {
            mapping(symbol, next, data);
            return;
        }
        if (is_data(symbol.value)) {
            return; // a table in text has a name
        }
        const std::uint64_t size = symbol.size != 0 ? symbol.size : next - symbol.value;
        covered_ = symbol.value + std::min(size, end - symbol.value);
        to_.push_back({.begin = symbol.value, .end = covered_, .name = std::move(symbol.name)});
    }

private:
    [[nodiscard]] bool is_data(std::uint64_t at) const {
        const auto after = std::upper_bound(mapping_.begin(), mapping_.end(), at,
                                            [](std::uint64_t value, const auto& each) { return value < each.first; });
        return after != mapping_.begin() && std::prev(after)->second;
    }

    /// Cuts data out of the piece before it.
    void mapping(const report::elf_symbol& symbol, std::uint64_t next, bool data) {
        if (data) {
            resume_ = covered_;
            if (!to_.empty() && to_.back().end > symbol.value) {
                to_.back().end = symbol.value;
            }
            covered_ = std::max(symbol.value, next);
        } else if (symbol.value < resume_ && !to_.empty()) {
            const std::string name = to_.back().name;
            to_.push_back({.begin = symbol.value, .end = resume_, .name = name});
            covered_ = resume_;
        }
    }

    const section& in_;
    std::vector<function>& to_;
    std::uint64_t covered_;
    std::uint64_t resume_{};                                ///< the end of the function that data has interrupted
    std::vector<std::pair<std::uint64_t, bool>> mapping_{}; ///< by address: whether data begins there
};

/// The section of all symbols; null in a stripped file.
[[nodiscard]] inline const report::elf_section* symbol_table(const report::elf_file& elf) {
    const auto& sections = elf.sections();
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [](const report::elf_section& each) { return each.type == SHT_SYMTAB; });
    return found != sections.end() ? &*found : nullptr;
}

/// Whether a file names local functions. strip(1) removes all names, or with -x those of local functions.
[[nodiscard]] inline bool names_local_functions(const report::elf_file& elf) {
    const report::elf_section* const table = symbol_table(elf);
    if (table == nullptr) {
        return false;
    }
    const std::vector<report::elf_symbol> symbols = elf.symbols();
    const auto end =
        symbols.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(table->info, symbols.size())); // local ones
    return std::any_of(symbols.begin(), end, [](const report::elf_symbol& each) { return each.type == STT_FUNC; });
}

/// Symbols without names where the table for unwinders of a stripped file has functions.
inline void add_unwound(const report::elf_file& elf, std::vector<report::elf_symbol>& to) {
    if (names_local_functions(elf)) {
        return;
    }
    constexpr std::uint32_t as_usual = 0x3b031b01; // version 1; distances of 32 bits, a count, a table of distances
    for (const auto& each : elf.sections()) {
        if (each.name != ".eh_frame_hdr" || each.size < 12) {
            continue;
        }
        const char* const bytes = elf.bytes(each.offset, each.size, "the table for unwinders");
        const auto word = [&](std::uint64_t at) {
            std::uint32_t value = 0;
            std::memcpy(&value, bytes + at, sizeof value);
            return value;
        };
        for (std::uint64_t at = 12; word(0) == as_usual && at + 8 <= each.size && (at - 12) / 8 < word(8); at += 8) {
            const auto distance = static_cast<std::int32_t>(word(at));
            to.push_back({.value = each.address + static_cast<std::uint64_t>(std::int64_t{distance}),
                          .defined = true,
                          .type = STT_FUNC,
                          .section = 1});
        }
    }
}

/// Those of the file, by address.
[[nodiscard]] inline std::vector<function> functions_of(const report::elf_file& elf,
                                                        const std::vector<section>& sections, machine /*machine*/) {
    std::vector<report::elf_symbol> symbols = elf.symbols();
    add_unwound(elf, symbols);
    std::erase_if(symbols, [](const report::elf_symbol& each) {
        return !each.defined || each.section >= SHN_LORESERVE ||
               !(each.type == STT_FUNC || each.type == STT_GNU_IFUNC || each.type == STT_NOTYPE);
    });
    // At one address, the name with a type and a size counts.
    std::sort(symbols.begin(), symbols.end(), [](const report::elf_symbol& a, const report::elf_symbol& b) {
        const auto rank = [](const report::elf_symbol& each) {
            return (each.name.empty() ? 4 : 0) + (each.type == STT_NOTYPE ? 2 : 0) + (each.size == 0 ? 1 : 0);
        };
        return std::tuple{a.value, rank(a), std::string_view{a.name}} <
               std::tuple{b.value, rank(b), std::string_view{b.name}};
    });
    std::vector<function> result;
    for (const auto& in : sections) {
        if (!in.executable || in.size == 0 || in.address + in.size < in.address) {
            continue;
        }
        const auto by_value = [](const report::elf_symbol& each, std::uint64_t value) { return each.value < value; };
        const auto begin = std::lower_bound(symbols.begin(), symbols.end(), in.address, by_value);
        const auto end = std::lower_bound(begin, symbols.end(), in.address + in.size, by_value);
        if (begin == end) {
            result.push_back({.begin = in.address, .end = in.address + in.size});
            continue;
        }
        pieces piece{in, result};
        std::for_each(begin, end, [&](const report::elf_symbol& each) { piece.note_mapping(each); });
        for (auto each = begin; each != end; ++each) {
            auto next = each + 1;
            while (next != end && next->value == each->value) {
                ++next;
            }
            piece.add(*each, next != end ? next->value : in.address + in.size);
        }
    }
    std::sort(result.begin(), result.end(), [](const function& a, const function& b) { return a.begin < b.begin; });
    // Sections of a damaged file overlap, and may be larger than the file.
    std::uint64_t covered = 0;
    std::uint64_t left = elf.size();
    for (auto& each : result) {
        each.begin = std::max(each.begin, covered);
        each.end = std::max(each.begin, std::min(each.end, each.begin + left));
        left -= each.end - each.begin;
        covered = each.end;
    }
    std::erase_if(result, [](const function& each) { return each.begin == each.end; });
    return result;
}

} // namespace detail
} // namespace check
} // namespace inlay
