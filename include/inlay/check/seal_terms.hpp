// SPDX-License-Identifier: BSL-1.0
//
// seal_terms: the questions that a boot asks, as the terms of a seal (seal.hpp).
//
//     terms<Target> ask{image};
//     const std::size_t holds = ask.of(node);                     // the number of the term
//     const std::size_t is_two = ask.word(cell, 0xff, 2, 0);
//
// How it works. A term is a range check under a guard, another term that must be 1. All operators are made of such
// terms. `a and b` is "b is 1" under the guard a. `not b` is "b is 0" under the term that always holds. `a or b` is
// not (not a and not b). Equal terms are kept once.
#pragma once

#include "inlay/arch/aarch64/architecture.hpp"
#include "inlay/arch/x86/arch.hpp"
#include "inlay/arch/x86/architecture.hpp"
#include "inlay/decide.hpp"
#include "inlay/seal.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// A term before it has a place.
struct term_plan {
    std::size_t guard{};
    table::term_source source{table::term_source::memory};
    std::size_t of_term{}; ///< number of the term whose value is the word; 0: `from` is
    address from{};        ///< of the word, or of the function
    address cell{};
    table::probe_words words{};
    std::uint32_t mask{}, low{}, span{};

    [[nodiscard]] auto all() const {
        return std::tuple{guard,         source,        of_term, from, cell, words.word[0],
                          words.word[1], words.word[2], mask,    low,  span};
    }
};

/// The terms of an image whose code is for `Target`.
template <class Target>
class seal_terms {
public:
    static constexpr std::size_t always = 0;
    static constexpr std::size_t live = 1; ///< text may be changed later

    seal_terms() : list_(2) {}

    [[nodiscard]] const std::vector<term_plan>& list() const noexcept { return list_; }

    /// Whether the word at `at`, of which `mask` counts, is from `low` to `low` + `span`.
    std::size_t word(address at, std::uint32_t mask, std::uint32_t low, std::uint32_t span, std::size_t guard = always,
                     address cell = 0) {
        return add({.guard = guard, .from = at, .cell = cell, .mask = mask, .low = low, .span = span});
    }

    std::size_t both(std::size_t a, std::size_t b) { return a == always ? b : b == always ? a : compare(a, b, 1); }
    std::size_t negate(std::size_t a) { return compare(always, a, 0); }
    std::size_t either(std::size_t a, std::size_t b) { return negate(compare(negate(a), b, 0)); }

    /// Whether the predicate holds. The tables have been checked.
    std::size_t of(const table::predicate_node& node) {
        using table::predicate_op;
        if (const auto known = nodes_.find(&node); known != nodes_.end()) {
            return known->second;
        }
        const auto child = [&](const table::reference& at) -> const table::predicate_node& {
            return *reinterpret_cast<const table::predicate_node*>(at.target());
        };
        std::size_t result = always;
        if (node.op == predicate_op::feature || node.op == predicate_op::not_feature) {
            result = of(*reinterpret_cast<const table::feature_record*>(node.a.target()));
            result = node.op == predicate_op::feature ? result : negate(result);
        } else if (node.op == predicate_op::all) {
            const std::size_t a = of(child(node.a));
            result = both(a, of(child(node.b)));
        } else if (node.op == predicate_op::any) {
            const std::size_t a = of(child(node.a));
            result = either(a, of(child(node.b)));
        } else if (node.op == predicate_op::never) {
            result = negate(always);
        }
        return nodes_[&node] = result;
    }

private:
    /// Whether `a` holds and `b` is `value`.
    std::size_t compare(std::size_t a, std::size_t b, std::uint32_t value) {
        return add({.guard = a, .of_term = b, .mask = ~0U, .low = value});
    }

    std::size_t add(const term_plan& what) {
        const auto [place, is_new] = known_.try_emplace(what.all(), list_.size());
        if (is_new) {
            list_.push_back(what);
        }
        return place->second;
    }

    /// A feature, by its cell: all units share it.
    std::size_t of(const table::feature_record& feature) {
        const address cell = feature.cell.target();
        if (const auto known = features_.find(cell); known != features_.end()) {
            return known->second;
        }
        std::size_t result = always;
        if (feature.kind == table::probe_kind::by_hand) { // the second byte of the cell
            result = word(cell, 0xff00, 0x100, 0xfe00, always, cell);
        } else if (feature.kind == table::probe_kind::function) {
            result = add({.source = table::term_source::function,
                          .from = feature.function.target(),
                          .cell = cell,
                          .mask = 1,
                          .low = 1});
        } else {
            result = of_cpu(Target{}, feature.words, cell);
        }
        return features_[cell] = result;
    }

    std::size_t ask(const table::probe_words& words, std::uint32_t mask, std::uint32_t low, std::uint32_t span,
                    std::size_t guard, address cell = 0) {
        return add({.guard = guard,
                    .source = table::term_source::cpu,
                    .cell = cell,
                    .words = words,
                    .mask = mask,
                    .low = low,
                    .span = span});
    }

    /// As aarch64::has().
    std::size_t of_cpu(aarch64::target /*of*/, const table::probe_words& words, address cell) {
        return ask(words, 1, 1, 0, always, cell);
    }

    /// As x86::holds(), which gives the reasons.
    template <unsigned Mode>
    std::size_t of_cpu(x86::target<Mode> /*of*/, const table::probe_words& words, address cell) {
        enum : std::uint32_t { eax, ebx, ecx, edx }; // in cpuid_result
        const x86::cpuid probe = x86::cpuid::decode(words);
        const auto leaf = [](std::uint32_t number, std::uint32_t subleaf, std::uint32_t place) {
            return table::probe_words{{number, subleaf | place << 16, 0}};
        };
        const auto bit = [&](std::uint32_t number, std::uint32_t subleaf, std::uint32_t place, unsigned index,
                             std::size_t guard, address to) {
            return ask(leaf(number, subleaf, place), 1U << index, 1U << index, 0, guard, to);
        };
        const std::uint32_t first = probe.leaf & 0xffff'0000U;
        std::size_t there = ask(leaf(first, 0, eax), ~0U, probe.leaf, (first | 0xffffU) - probe.leaf, always);
        if (probe.subleaf != 0 && probe.leaf == 0x07) {
            there = ask(leaf(7, 0, eax), ~0U, probe.subleaf, ~0U - probe.subleaf, there);
        } else if (probe.subleaf != 0 && (probe.leaf == 0x0f || probe.leaf == 0x10)) {
            there = probe.subleaf < 32 ? bit(probe.leaf, 0, probe.leaf == 0x0f ? edx : ebx, probe.subleaf, there, 0)
                                       : negate(always);
        }
        const std::uint32_t place = probe.reg == x86::eax   ? eax
                                    : probe.reg == x86::ebx ? ebx
                                    : probe.reg == x86::ecx ? ecx
                                                            : edx;
        if (probe.xcr0 == 0) {
            return bit(probe.leaf, probe.subleaf, place, probe.bit, there, cell);
        }
        there = bit(probe.leaf, probe.subleaf, place, probe.bit, there, 0);
        there = bit(1, 0, ecx, 27, there, 0); // OSXSAVE
        return ask({{x86::ask_xcr0, 0, 0}}, probe.xcr0, probe.xcr0, 0, there, cell);
    }

    std::vector<term_plan> list_;
    std::map<decltype(term_plan{}.all()), std::size_t> known_{};
    std::map<const table::predicate_node*, std::size_t> nodes_{};
    std::map<address, std::size_t> features_{};
};

} // namespace check
} // namespace inlay
