// SPDX-License-Identifier: BSL-1.0
//
// code_graph: all instructions of a file, with the forms that may stand at its sites, and who may go where.
//
//     const inlay::check::code_graph graph{program};
//     for (const auto node : graph.at(address)) ... graph.nodes()[node].what ...
//
// How it works. A node is an instruction of the text, or of a form at a site: a site is one way for each form. Functions
// that share code, since one jumps or runs into the middle of the other, are one procedure. Three things are assumed
// where the file cannot tell, each so that more paths exist than in truth:
//
// 1. A function may be entered if its address is somewhere in data or in an instruction, if other files may name it, or
//    if nothing in the file goes to it.
// 2. An indirect call may go to each of those, and an indirect jump also to each instruction of its own function.
// 3. Code in a function to which no branch leads (a vector, a landing pad) follows the function's entry.
#pragma once

#include "inlay/check/code_condition.hpp"
#include "inlay/check/decoder.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/walk.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

struct code_node {
    instruction what{}; ///< length 0: bytes that are no instruction
    const std::uint8_t* bytes{};
    std::uint32_t function{};
    const check::site* site{}; ///< null: of no site
    std::uint32_t form{none};  ///< index in the site's forms
    std::uint32_t first{};     ///< of a form: the node of its first instruction, and of the one after its last
    std::uint32_t end{};
};

/// Not copied: nodes refer to it.
class code_graph {
public:
    explicit code_graph(const program& of) : program_{of} {
        const auto& functions = of.functions();
        read_mapping();
        merged_.resize(functions.size());
        for (std::uint32_t i = 0; i < functions.size(); ++i) {
            merged_[i] = i;
            decode(i);
        }
        std::sort(entries_.begin(), entries_.end());
        unite();
        note_addresses();
        find_hidden();
        callers();
    }
    code_graph(const code_graph&) = delete;
    code_graph(code_graph&&) = delete;
    code_graph& operator=(const code_graph&) = delete;
    code_graph& operator=(code_graph&&) = delete;
    ~code_graph() = default;

    [[nodiscard]] const check::program& program() const noexcept { return program_; }
    [[nodiscard]] const std::vector<code_node>& nodes() const noexcept { return nodes_; }
    /// The nodes that control gets to by a branch to an address: of a site, one for each form.
    [[nodiscard]] std::span<const std::pair<std::uint64_t, std::uint32_t>> at(std::uint64_t address) const noexcept {
        const auto [begin, end] =
            std::equal_range(entries_.begin(), entries_.end(), std::pair{address, std::uint32_t{0}},
                             [](const auto& a, const auto& b) { return a.first < b.first; });
        return {begin, end};
    }
    [[nodiscard]] std::uint32_t procedure_of(std::uint32_t node) const { return merged_[nodes_[node].function]; }
    [[nodiscard]] std::uint32_t procedure_of_function(std::uint32_t function) const { return merged_[function]; }
    /// Addresses at which code may be entered from anywhere, sorted.
    [[nodiscard]] const std::vector<std::uint64_t>& entered() const noexcept { return entered_; }
    /// Those of them that a pointer may hold.
    [[nodiscard]] const std::vector<std::uint64_t>& taken() const noexcept { return taken_; }
    /// Addresses in a function to which no branch leads.
    [[nodiscard]] const std::vector<std::uint64_t>& hidden(std::uint32_t function) const { return hidden_[function]; }
    /// All nodes of one procedure.
    [[nodiscard]] const std::vector<std::uint32_t>& nodes_of(std::uint32_t procedure) const {
        return members_[procedure];
    }
    /// Direct calls of, and tail calls to, a procedure; and whether a pointer may hold its address.
    [[nodiscard]] const std::vector<std::uint32_t>& callers_of(std::uint32_t procedure) const {
        return callers_[procedure];
    }
    [[nodiscard]] bool is_taken(std::uint32_t procedure) const { return is_taken_[procedure]; }
    [[nodiscard]] const std::vector<std::uint32_t>& indirect_calls() const noexcept { return indirect_calls_; }
    /// Text that no symbol covers, and that is no padding.
    [[nodiscard]] const std::vector<std::uint64_t>& gaps() const noexcept { return gaps_; }

    /// Whether a direct branch is a jump to another function's begin, as in `return f();`.
    [[nodiscard]] bool is_tail(const code_node& from) const {
        if (from.what.flow != flow::jump && from.what.flow != flow::conditional) {
            return false;
        }
        const std::uint32_t to = function_at(from.what.target);
        return to != none && program_.functions()[to].begin == from.what.target &&
               merged_[to] != merged_[from.function];
    }

    /// Calls `use(node)` for the nodes that follow within the form, or after it. Where `what` goes on to is the
    /// caller's question. False if no instruction is there.
    template <class Use>
    [[nodiscard]] bool next_of(std::uint32_t node, const Use& use) const {
        const code_node& from = nodes_[node];
        if (from.site != nullptr && node + 1 < from.end) {
            use(node + 1);
            return true;
        }
        const auto found = at(from.site != nullptr ? from.site->end() : from.what.end());
        for (const auto& [address, each] : found) {
            use(each);
        }
        return !found.empty();
    }
    /// The same for the target of a direct branch.
    template <class Use>
    [[nodiscard]] bool target_of(std::uint32_t node, const Use& use) const {
        const code_node& from = nodes_[node];
        const std::uint64_t to = from.what.target;
        if (from.site != nullptr && to > from.site->at && to < from.site->end()) {
            for (std::uint32_t each = from.first; each < from.end; ++each) {
                if (nodes_[each].what.at == to) {
                    use(each);
                    return true;
                }
            }
            return false;
        }
        const auto found = at(to);
        for (const auto& [address, each] : found) {
            use(each);
        }
        return !found.empty();
    }

    [[nodiscard]] std::uint32_t function_at(std::uint64_t address) const {
        const function* const found = program_.function_of(address);
        return found == nullptr ? none : static_cast<std::uint32_t>(found - program_.functions().data());
    }

    /// Whether a form may stand at its site. `patched`: apply() has run, on a machine that fits `known`. If not, the
    /// original may stand there as well.
    [[nodiscard]] bool may_stand(const code_node& node, const condition& known, bool patched) const {
        if (node.site == nullptr || known.empty()) {
            return node.site == nullptr || node.site->forms[node.form].possible;
        }
        const check::site& at = *node.site;
        const form& one = at.forms[node.form];
        const bool alternative = at.kind == site_kind::alternative || at.kind == site_kind::pv_call;
        if (!one.possible || !alternative) {
            return one.possible;
        }
        // The last choice whose predicate holds wins; those of a later record win over those of an earlier one.
        bool beaten = false;
        std::size_t last = 0;
        for (std::size_t i = 0; i < at.forms.size(); ++i) {
            last = at.forms[i].origin == origin::choice ? i : last;
        }
        for (std::size_t i = node.form + 1; patched && i <= last; ++i) {
            const form& later = at.forms[i];
            beaten = beaten || (later.origin == origin::choice && later.number != 0 &&
                                known.ask(predicate_of(later)) == answer::yes);
        }
        if (one.origin == origin::file) {
            return !beaten;
        }
        return !beaten && (one.number == 0 || known.ask(predicate_of(one)) != answer::no);
    }

private:
    [[nodiscard]] std::string_view predicate_of(const form& one) const {
        return program_.declarations()[one.declaration].choices[one.number].predicate;
    }

    // ---- Nodes ----------------------------------------------------------------------------------------

    /// On AArch64, the symbols $d and $x tell data from instructions, up to the next of them.
    void read_mapping() {
        if (program_.machine() != machine::aarch64) {
            return;
        }
        for (const auto& each : program_.elf().symbols()) {
            if (each.defined && (each.name.starts_with("$d") || each.name.starts_with("$x"))) {
                mapping_[each.value] = each.name[1] == 'd';
            }
        }
    }
    [[nodiscard]] bool is_data(std::uint64_t at) const {
        const auto after = mapping_.upper_bound(at);
        const section* const in = program_.section_of(at);
        return after != mapping_.begin() && in != nullptr && std::prev(after)->first >= in->address &&
               std::prev(after)->second;
    }

    void decode(std::uint32_t index) {
        const function& in = program_.functions()[index];
        if (is_data(in.begin)) {
            return;
        }
        const auto size = static_cast<std::size_t>(in.end - in.begin);
        const std::uint8_t* const bytes = program_.bytes(in.begin, size);
        if (bytes == nullptr) {
            return;
        }
        auto site = program_.site_from(in.begin);
        const auto& sites = program_.sites();
        for (std::uint64_t at = in.begin; at < in.end;) {
            while (site != sites.end() && site->at < at) {
                ++site;
            }
            std::uint64_t end = 0;
            for (auto each = site; each != sites.end() && each->at == at; ++each) {
                if (each->length != 0 && !each->forms.empty() && each->end() <= in.end) {
                    add_forms(*each, index);
                    end = std::max(end, each->end());
                }
            }
            if (end != 0) {
                at = end;
                continue;
            }
            const instruction found = program_.decode()(bytes + (at - in.begin), size - (at - in.begin), at);
            entries_.emplace_back(at, static_cast<std::uint32_t>(nodes_.size()));
            nodes_.push_back({.what = found, .bytes = bytes + (at - in.begin), .function = index});
            if (found.length == 0) {
                return; // the rest of the function was not decoded
            }
            at = found.end();
        }
    }

    void add_forms(const site& at, std::uint32_t index) {
        for (std::uint32_t i = 0; i < at.forms.size(); ++i) {
            const form& one = at.forms[i];
            const auto first = static_cast<std::uint32_t>(nodes_.size());
            entries_.emplace_back(at.at, first);
            std::size_t done = 0;
            while (done < one.length) {
                const instruction found = program_.decode()(one.content.data() + done, one.length - done, at.at + done);
                nodes_.push_back({.what = found,
                                  .bytes = one.content.data() + done,
                                  .function = index,
                                  .site = &at,
                                  .form = i,
                                  .first = first});
                if (found.length == 0) {
                    break;
                }
                done += found.length;
            }
            for (std::size_t each = first; each < nodes_.size(); ++each) {
                nodes_[each].end = static_cast<std::uint32_t>(nodes_.size());
            }
        }
    }

    // ---- Procedures -----------------------------------------------------------------------------------

    [[nodiscard]] std::uint32_t root(std::uint32_t of) {
        while (merged_[of] != of) {
            merged_[of] = merged_[merged_[of]];
            of = merged_[of];
        }
        return of;
    }

    [[nodiscard]] static bool falls_through(const instruction& what) noexcept {
        return what.length != 0 && what.flow != flow::jump && what.flow != flow::indirect_jump &&
               what.flow != flow::returns && what.flow != flow::stops;
    }

    void unite() {
        const auto& functions = program_.functions();
        for (const auto& node : nodes_) {
            if (node.what.flow == flow::jump || node.what.flow == flow::conditional) {
                const std::uint32_t to = function_at(node.what.target);
                if (to != none && to != node.function &&
                    (functions[to].begin != node.what.target ||
                     functions[to].name.find(".cold") != std::string::npos)) {
                    merged_[root(to)] = root(node.function);
                }
            }
            const std::uint64_t end = node.site != nullptr ? node.site->end() : node.what.end();
            if (end == functions[node.function].end && falls_through(node.what)) {
                const std::uint32_t to = function_at(end);
                if (to != none) {
                    merged_[root(to)] = root(node.function);
                }
            }
        }
        members_.resize(functions.size());
        for (std::uint32_t i = 0; i < functions.size(); ++i) {
            merged_[i] = root(i);
        }
        for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
            members_[procedure_of(i)].push_back(i);
        }
    }

    // ---- Addresses ------------------------------------------------------------------------------------

    /// Notes an address that a pointer may hold.
    void take(std::uint64_t address, bool within) {
        const std::uint32_t in = function_at(address);
        if (in == none || (address != program_.functions()[in].begin && !within)) {
            return;
        }
        if (!at(address).empty()) {
            taken_.push_back(address);
        }
    }

    /// The same of a word in data: in a function with an indirect jump, an address within is one of its table.
    void take_word(std::uint64_t address) {
        const std::uint32_t in = function_at(address);
        if (in != none && (address == program_.functions()[in].begin || !jumps_[in])) {
            take(address, true);
        }
    }

    void note_addresses() {
        jumps_.resize(program_.functions().size());
        for (const auto& node : nodes_) {
            if (node.what.flow == flow::indirect_jump) {
                jumps_[node.function] = true;
            }
        }
        take_from_text();
        for (const auto& section : program_.sections()) {
            if (section.name.starts_with("inlay_") || section.name.starts_with(".eh_frame") ||
                section.name.starts_with(".gcc_except_table") || section.name.starts_with(".debug")) {
                continue;
            }
            take_from_data(section);
        }
        std::sort(taken_.begin(), taken_.end());
        taken_.erase(std::unique(taken_.begin(), taken_.end()), taken_.end());
        entered_ = taken_;
        std::uint64_t entry = 0;
        std::memcpy(&entry, program_.elf().bytes(24, program_.elf().is_64_bit() ? 8 : 4, "the ELF header"),
                    program_.elf().is_64_bit() ? 8 : 4);
        entered_.push_back(entry);
        note_exported();
        std::vector<bool> reached(program_.functions().size());
        for (const auto& node : nodes_) {
            const std::uint32_t to = node.what.goes_to_target() ? function_at(node.what.target) : none;
            if (to != none && to != node.function) {
                reached[to] = true;
            }
            const std::uint32_t after =
                falls_through(node.what) && node.what.end() == program_.functions()[node.function].end
                    ? function_at(node.what.end())
                    : none;
            if (after != none) {
                reached[after] = true;
            }
        }
        for (std::size_t i = 0; i < reached.size(); ++i) {
            if (!reached[i]) {
                entered_.push_back(program_.functions()[i].begin);
            }
        }
        std::sort(entered_.begin(), entered_.end());
        entered_.erase(std::unique(entered_.begin(), entered_.end()), entered_.end());
    }

    /// Other files may name these.
    void note_exported() {
        const auto note = [&](const report::elf_symbol& each) {
            if (each.defined && each.binding != STB_LOCAL) {
                entered_.push_back(each.value);
            }
        };
        if (program_.is_object()) {
            const auto symbols = program_.elf().symbols();
            std::for_each(symbols.begin(), symbols.end(), note);
        }
        for (const auto& section : program_.elf().sections()) {
            const std::uint64_t count =
                section.size / (program_.elf().is_64_bit() ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
            for (std::uint64_t i = 1; section.type == SHT_DYNSYM && i < count; ++i) {
                note(program_.elf().dynamic_symbol(i));
            }
        }
    }

    void take_from_text() {
        if (program_.machine() != machine::aarch64) {
            for (const auto& node : nodes_) {
                if (node.what.length != 0 && !node.what.goes_to_target()) {
                    take_from_x86(node);
                }
            }
            return;
        }
        for (std::uint32_t begin = 0; begin < nodes_.size();) {
            std::uint32_t end = begin;
            bool any = false;
            while (end < nodes_.size() && nodes_[end].function == nodes_[begin].function) {
                any = take_from_aarch64(nodes_[end]) || any;
                ++end;
            }
            if (any) {
                follow_pages(begin, end);
            }
            begin = end;
        }
    }

    [[nodiscard]] static std::uint64_t distance_of_adr(std::uint32_t word) noexcept {
        const std::uint64_t field = (word >> 29U & 3U) | (word >> 5U & 0x7ffffU) << 2U;
        return (field ^ 0x100000U) - 0x100000U;
    }
    [[nodiscard]] static std::uint32_t word_of(const code_node& node) noexcept {
        std::uint32_t word = 0;
        std::memcpy(&word, node.bytes, node.what.length == sizeof word ? sizeof word : 0);
        return word;
    }
    [[nodiscard]] static std::uint64_t page_of(const code_node& node, std::uint32_t word) noexcept {
        return (node.what.at & ~std::uint64_t{0xfff}) + (distance_of_adr(word) << 12U);
    }

    /// Notes the address of an adr. Whether it is an adrp of a page with text.
    bool take_from_aarch64(const code_node& node) {
        const std::uint32_t word = word_of(node);
        if ((word & 0x9f000000U) == 0x10000000U) {
            take(node.what.at + distance_of_adr(word), true);
        }
        return (word & 0x9f000000U) == 0x90000000U && program_.executable(page_of(node, word), 1);
    }

    /// Notes the addresses that adrp and add make: {register, page} before each instruction of a function.
    void follow_pages(std::uint32_t begin, std::uint32_t end) {
        using state = std::set<std::pair<std::uint32_t, std::uint64_t>>;
        std::vector<state> before(end - begin);
        std::vector<std::uint32_t> todo;
        for (std::uint32_t i = begin; i < end; ++i) {
            todo.push_back(end - 1 - (i - begin));
        }
        while (!todo.empty()) {
            const std::uint32_t at = todo.back();
            todo.pop_back();
            const code_node& node = nodes_[at];
            const std::uint32_t word = word_of(node);
            state now = before[at - begin];
            const auto forget = [&](std::uint32_t first, std::uint32_t last) {
                std::erase_if(now, [&](const auto& each) { return each.first >= first && each.first <= last; });
            };
            if ((word & 0x9f000000U) == 0x90000000U) { // adrp
                forget(word & 31U, word & 31U);
                now.emplace(word & 31U, page_of(node, word));
            } else if ((word & 0xffc00000U) == 0x91000000U) { // add x, x, #n
                for (const auto& [from, page] : now) {
                    if (from == (word >> 5U & 31U)) {
                        take(page + (word >> 10U & 0xfffU), true);
                    }
                }
                forget(word & 31U, word & 31U);
            } else if (node.what.flow == flow::call || node.what.flow == flow::indirect_call) {
                forget(0, 18); // AAPCS64: the callee may change them
            }
            const auto pass = [&](std::uint32_t to) {
                if (to >= begin && to < end) {
                    const std::size_t size = before[to - begin].size();
                    before[to - begin].insert(now.begin(), now.end());
                    if (before[to - begin].size() != size) {
                        todo.push_back(to);
                    }
                }
            };
            if (falls_through(node.what)) {
                static_cast<void>(next_of(at, pass));
            }
            if (node.what.goes_to_target() && node.what.flow != flow::call) {
                static_cast<void>(target_of(at, pass));
            }
        }
    }

    void take_from_x86(const code_node& node) {
        ZydisDecoder decoder;
        const bool wide = program_.machine() == machine::x86_64;
        ZydisDecoderInit(&decoder, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                         wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
        ZydisDecodedInstruction found;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, node.bytes, node.what.length, &found))) {
            return;
        }
        const auto value = [&](std::int64_t number) {
            return wide ? static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number) & 0xffffffffU;
        };
        if (found.raw.disp.size >= 32) {
            take(node.what.relative_operand ? node.what.end() + static_cast<std::uint64_t>(found.raw.disp.value)
                                            : value(found.raw.disp.value),
                 true);
        }
        for (const auto& each : found.raw.imm) {
            if (each.size >= 32) {
                take(each.is_signed != 0 ? value(each.value.s) : each.value.u, true);
                take(value(static_cast<std::int32_t>(each.value.u)), true);
            }
        }
    }

    /// Words with an address of text, and distances from themselves to a function's begin.
    void take_from_data(const section& in) {
        const auto size = static_cast<std::size_t>(in.size);
        const std::uint8_t* const bytes = program_.bytes(in.address, size);
        if (bytes == nullptr) {
            return;
        }
        const std::size_t word = program_.elf().is_64_bit() ? 8 : 4;
        const std::size_t step = in.executable ? 4 : 1;
        for (std::size_t i = 0; i + 4 <= size; i += step) {
            std::uint64_t value = 0;
            if (i + word <= size) {
                std::memcpy(&value, bytes + i, word);
                in.executable ? take(value, false) : take_word(value);
            }
            std::int32_t distance = 0;
            std::memcpy(&distance, bytes + i, sizeof distance);
            if (!in.executable && (i & 3U) == 0) {
                take(in.address + i + static_cast<std::uint64_t>(std::int64_t{distance}), false);
            }
        }
    }

    // ---- Code that no branch leads to -----------------------------------------------------------------

    [[nodiscard]] bool is_padding(const code_node& node) const {
        if (node.what.length == 0 || node.what.flow == flow::stops) {
            return true;
        }
        if (program_.machine() == machine::aarch64) {
            std::uint32_t word = 0;
            std::memcpy(&word, node.bytes, sizeof word);
            return word == 0xd503201fU || word == 0;
        }
        ZydisDecoder decoder;
        const bool wide = program_.machine() == machine::x86_64;
        ZydisDecoderInit(&decoder, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                         wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
        ZydisDecodedInstruction found;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]; // NOLINT(*-avoid-c-arrays)
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, node.bytes, node.what.length, &found, operands))) {
            return false;
        }
        const auto& to = operands[0];
        const auto& from = operands[1];
        return found.mnemonic == ZYDIS_MNEMONIC_NOP ||
               (found.mnemonic == ZYDIS_MNEMONIC_XCHG && from.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                to.reg.value == from.reg.value) ||
               (found.mnemonic == ZYDIS_MNEMONIC_LEA && !wide && to.reg.value == from.mem.base &&
                from.mem.disp.value == 0 && from.mem.scale <= 1); // of 32-bit mode
    }

    void find_hidden() {
        hidden_.resize(program_.functions().size());
        std::vector<bool> reached(nodes_.size());
        std::vector<std::uint32_t> todo;
        const auto reach = [&](std::uint32_t node) {
            if (!reached[node]) {
                reached[node] = true;
                todo.push_back(node);
            }
        };
        const auto follow = [&] {
            while (!todo.empty()) {
                const std::uint32_t each = todo.back();
                todo.pop_back();
                const auto& what = nodes_[each].what;
                if (falls_through(what)) {
                    static_cast<void>(next_of(each, reach));
                }
                if (what.goes_to_target()) {
                    static_cast<void>(target_of(each, reach));
                }
            }
        };
        const auto reach_all = [&](std::uint64_t address) {
            for (const auto& [where, node] : at(address)) {
                reach(node);
            }
        };
        for (const auto& each : program_.functions()) {
            reach_all(each.begin);
        }
        for (const auto address : entered_) {
            reach_all(address);
        }
        follow();
        for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
            if (!reached[i] && (nodes_[i].site == nullptr || nodes_[i].first == i) && !is_padding(nodes_[i])) {
                hidden_[nodes_[i].function].push_back(nodes_[i].what.at);
                reach(i);
                follow();
            }
        }
    }

    void callers() {
        callers_.resize(program_.functions().size());
        is_taken_.resize(program_.functions().size());
        for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
            const auto& node = nodes_[i];
            if (node.what.flow == flow::indirect_call) {
                indirect_calls_.push_back(i);
            }
            if (node.what.flow == flow::call || is_tail(node)) {
                const std::uint32_t to = function_at(node.what.target);
                if (to != none) {
                    callers_[merged_[to]].push_back(i);
                }
            }
        }
        for (const auto address : taken_) {
            is_taken_[merged_[function_at(address)]] = true;
        }
        find_gaps();
    }

    void find_gaps() {
        for (const auto& section : program_.sections()) {
            if (!section.executable) {
                continue;
            }
            std::uint64_t at = section.address;
            const std::uint64_t end = section.address + section.size;
            while (at < end) {
                const function* const in = program_.function_of(at);
                if (in != nullptr) {
                    at = in->end;
                    continue;
                }
                const auto& functions = program_.functions();
                const auto next =
                    std::upper_bound(functions.begin(), functions.end(), at,
                                     [](std::uint64_t value, const function& each) { return value < each.begin; });
                const auto mapping = mapping_.upper_bound(at);
                const std::uint64_t stop = std::min({end, next != functions.end() ? next->begin : end,
                                                     mapping != mapping_.end() ? mapping->first : end});
                if (!is_data(at)) {
                    check_gap(at, stop);
                }
                at = stop;
            }
        }
    }

    void check_gap(std::uint64_t begin, std::uint64_t end) {
        const auto size = static_cast<std::size_t>(end - begin);
        const std::uint8_t* const bytes = program_.bytes(begin, size);
        if (bytes == nullptr) {
            return;
        }
        for (std::size_t i = 0; i < size;) {
            const instruction found = program_.decode()(bytes + i, size - i, begin + i);
            const bool zero = bytes[i] == 0;
            if (!zero && (found.length == 0 || !is_padding({.what = found, .bytes = bytes + i}))) {
                gaps_.push_back(begin + i);
                return;
            }
            i += zero || found.length == 0 ? 1 : found.length;
        }
    }

    const check::program& program_;
    std::vector<code_node> nodes_{};
    std::vector<std::pair<std::uint64_t, std::uint32_t>> entries_{}; ///< by address
    std::vector<std::uint32_t> merged_{};                            ///< of each function: its procedure
    std::vector<std::vector<std::uint32_t>> members_{}, callers_{};  ///< of each procedure
    std::vector<bool> is_taken_{}, jumps_{};
    std::vector<std::uint64_t> taken_{}, entered_{}, gaps_{};
    std::vector<std::vector<std::uint64_t>> hidden_{};
    std::vector<std::uint32_t> indirect_calls_{};
    std::map<std::uint64_t, bool> mapping_{}; ///< from an address on: whether it is data
};

} // namespace check
} // namespace inlay
