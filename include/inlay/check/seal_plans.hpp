// SPDX-License-Identifier: BSL-1.0
//
// seal_plans: the forms that may stand at each site, as the plans of a seal (seal.hpp).
//
//     seal_plans<Target> plans{image, terms};
//     const std::size_t number = plans.of_alternative(first, last);     // the records of one site
//
// How it works. decide/ places each form at the site. A form with one relative operand is placed at the anchor
// instead, an address that all sites share, and its operand is noted. So the sites of a declaration have equal plans,
// and the seal has each plan once. A form has the bytes of its own site in four cases: it has more operands, its target
// is out of reach from the anchor, its operand begins after the fourth byte, or is not that of a call (AArch64: adr).
#pragma once

#include "inlay/bytes.hpp"
#include "inlay/check/seal_terms.hpp"
#include "inlay/decide.hpp"
#include "inlay/decide/call.hpp"
#include "inlay/layout.hpp"
#include "inlay/report/file_image.hpp"
#include "inlay/seal.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

using byte_list = std::vector<std::uint8_t>;

struct sealed_form {
    std::size_t term{};
    byte_list bytes{};
    std::uint8_t operand{table::no_operand};

    [[nodiscard]] auto all() const { return std::tie(term, bytes, operand); }
    friend bool operator<(const sealed_form& a, const sealed_form& b) { return a.all() < b.all(); }
};

struct sealed_plan {
    table::plan_kind kind{};
    std::vector<sealed_form> forms{};
    std::size_t original{};
    std::size_t direct{~std::size_t{0}}; ///< none
    address pointer{}, nothing{}, missing{};

    [[nodiscard]] auto all() const { return std::tie(kind, forms, original, direct, pointer, nothing, missing); }
    friend bool operator<(const sealed_plan& a, const sealed_plan& b) { return a.all() < b.all(); }
};

/// A site that cannot be sealed: the reason as a sentence, and the site's address in this process.
struct not_sealable {
    std::string why;
    address site;
};

template <class Target>
class seal_plans {
public:
    using image_type = report::file_image<Target>;

    /// The bits of a relative operand that the boot can place (table::seal::operand_mask).
    static constexpr std::uint32_t operand_mask = Target::instruction_alignment == 1 ? ~0U : 0x03ff'ffffU;

    /// Places at `anchor` each form that can be placed there.
    seal_plans(const image_type& image, seal_terms<Target>& terms, address anchor)
        : image_{image}, terms_{terms}, anchor_{anchor} {
        (void)add({}); // the plan of records that are not patched, number 0
    }

    [[nodiscard]] const std::vector<sealed_plan>& list() const noexcept { return list_; }

    /// The records of one site, in the order of the table: the last `when` that holds wins.
    std::size_t of_alternative(const table::alternative_record* first, const table::alternative_record* last) {
        const address site = first->site.target();
        unsigned length = 0;
        for (const auto* each = first; each <= last; ++each) {
            length = std::max<unsigned>(length, choice_at(each->choices).length);
        }
        sealed_plan plan{.kind = table::plan_kind::alternative};
        const table::form* original = nullptr;
        for (const auto* each = last; each >= first; --each) {
            const auto* choice = &choice_at(each->choices);
            for (; choice->predicate; choice = &choice_at(choice->otherwise)) {
                const auto& node = *reinterpret_cast<const table::predicate_node*>(choice->predicate.target());
                plan.forms.push_back(place_form(form_at(choice->form), site, length, terms_.of(node)));
            }
            original = &form_at(choice->form);
        }
        if (original->kind == table::form_kind::indirect_call) {
            add_indirect(plan, inlay::detail::indirect_call_of(*original), length);
        }
        add_original(plan, place_form(*original, site, length, terms_.always), site);
        if (plan.direct < plan.forms.size() && plan.original + 1 == plan.forms.size()) {
            plan.forms.push_back(no_call(length));
        } else if (plan.direct < plan.forms.size()) { // the extra original is last
            plan.forms.insert(plan.forms.end() - 1, no_call(length));
            ++plan.original;
        }
        return add(std::move(plan));
    }

    /// A call that was found.
    std::size_t of_call(const table::tables& tables, const table::call_record& record) {
        const address site = record.site.target();
        reader<image_type> from{image_};
        const auto what = inlay::detail::callee_in(from, tables, record);
        typename Target::found_branch branch{};
        if (from.trouble != error::no_error || !Target::branch_at(site, Target::longest_branch, branch) ||
            branch.target() != what.trampoline) {
            throw not_sealable{"its call does not go to its trampoline", site};
        }
        sealed_plan plan{.kind = table::plan_kind::call, .missing = what.trampoline};
        const auto unpatched = place_call(branch, what.trampoline, table::call_mode::function);
        std::size_t guard = terms_.always;
        if (what.named != nullptr) {
            guard = terms_.live;
            plan.pointer = what.named->cell.target();
            const address mode = plan.pointer + table::layout<Target::pointer_size>::cell_mode;
            for (const auto each : {table::call_mode::nothing, table::call_mode::zero}) {
                sealed_form form{.bytes = place_call(branch, what.trampoline, each)};
                if (form.bytes != unpatched) { // a jump stays a jump
                    form.term = terms_.word(mode, 0xff, static_cast<std::uint32_t>(each), 0, guard);
                    plan.forms.push_back(std::move(form));
                }
            }
        } else {
            plan.pointer = what.callee->target.target();
        }
        sealed_form direct{
            .term = guard, .bytes = unpatched, .operand = static_cast<std::uint8_t>(branch.field - branch.start)};
        if (!relocate(direct, site, anchor_)) {
            throw not_sealable{"its trampoline is out of reach of other sites", site};
        }
        plan.direct = plan.forms.size();
        plan.forms.push_back(direct);
        direct.term = terms_.always;
        add_original(plan, std::move(direct), site);
        if (plan.original + 1 != plan.forms.size()) {
            throw not_sealable{"its call is encoded in an unknown way", site};
        }
        return add(std::move(plan));
    }

    std::size_t of_key(const table::tables& tables, const table::key_record& record) {
        const address site = record.site.target();
        reader<image_type> from{image_};
        const address cell = inlay::detail::named_of(from, tables, record.key).cell.target();
        const byte_list original = text(site, Target::longest_jump);
        sealed_plan plan{.kind = table::plan_kind::key};
        const auto add_value = [&](std::uint32_t value, std::uint32_t span) {
            patch bytes{};
            inlay::decide(from, record, value, bytes);
            if (from.trouble != error::no_error) {
                throw not_sealable{message(from.trouble), site};
            }
            const byte_list form{bytes.bytes, bytes.bytes + bytes.length};
            if (!form.empty() && form != original) { // the original is chosen if no other form is
                plan.forms.push_back({.term = terms_.word(cell, ~0U, value, span, terms_.live), .bytes = form});
            }
        };
        if ((record.key.target() & table::many_ways) != 0) {
            const auto& ways = *reinterpret_cast<const table::way_table*>(record.targets.target());
            for (std::uint32_t way = 0; way < ways.count; ++way) {
                add_value((ways.first + way) << ways.shift, (1U << ways.shift) - 1);
            }
        } else {
            add_value(0, 0);
            add_value(1, ~0U - 1);
        }
        add_original(plan, {.term = terms_.always, .bytes = original}, site);
        return add(std::move(plan));
    }

    /// Whether the bytes of each form are right at the site, as the boot would move them.
    [[nodiscard]] bool is_right(std::size_t number, address site) const {
        for (sealed_form form : list_[number].forms) {
            if (!relocate(form, anchor_, site)) {
                return false;
            }
        }
        return true;
    }

private:
    [[nodiscard]] static const table::choice& choice_at(const table::reference& at) {
        return *reinterpret_cast<const table::choice*>(at.target());
    }
    [[nodiscard]] static const table::form& form_at(const table::reference& at) {
        return *reinterpret_cast<const table::form*>(at.target());
    }
    [[nodiscard]] static byte_list text(address at, std::size_t size) {
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(at);
        return {bytes, bytes + size};
    }

    std::size_t add(sealed_plan plan) {
        const auto [place, is_new] = known_.try_emplace(plan, list_.size());
        if (is_new) {
            list_.push_back(std::move(plan));
        }
        return place->second;
    }

    /// Whether the boot can place the form, which has the bytes `next` one unit further: its operand is the bits of
    /// operand_mask, and counts down. (AArch64: b and bl. The distance of other instructions has other bits.)
    [[nodiscard]] static bool is_plain(const sealed_form& form, const byte_list& next) noexcept {
        const std::uint32_t here = inlay::detail::word_at(form.bytes.data() + form.operand);
        const std::uint32_t there = inlay::detail::word_at(next.data() + form.operand);
        return ((here ^ there) & ~operand_mask) == 0 && ((here - there) & operand_mask) == 1;
    }

    static bool relocate(sealed_form& form, address from, address to) {
        return form.operand == table::no_operand ||
               Target::relocate(form.bytes.data() + form.operand, static_cast<std::int64_t>(from - to));
    }

    /// The bytes of the form at `at`; none if it does not reach its target from there.
    [[nodiscard]] byte_list placed(const table::form& form, address at, unsigned length) const {
        patch bytes{};
        const error trouble = inlay::place<Target>(form, at, length, bytes, false);
        return trouble != error::no_error ? byte_list{} : byte_list{bytes.bytes, bytes.bytes + length};
    }

    /// The form as it is at the anchor, with its operand; or as it is at the site.
    [[nodiscard]] sealed_form place_form(const table::form& form, address site, unsigned length,
                                         std::size_t term) const {
        const byte_list at_site = placed(form, site, length);
        if (at_site.empty()) {
            throw not_sealable{message(error::target_out_of_range), site};
        }
        sealed_form result{.term = term, .bytes = placed(form, anchor_, length)};
        const byte_list next = placed(form, anchor_ + Target::instruction_alignment, length);
        if (!result.bytes.empty() && result.bytes == next) { // no operand
            return result;
        }
        if (!result.bytes.empty() && !next.empty()) {
            const auto differs = std::mismatch(next.begin(), next.end(), result.bytes.begin()).first - next.begin();
            result.operand = static_cast<std::uint8_t>(
                static_cast<std::size_t>(differs) - static_cast<std::size_t>(differs) % Target::instruction_alignment);
            sealed_form there = result;
            if (result.operand + 4U <= std::min(length, 8U) && result.operand < 4 && is_plain(result, next) &&
                relocate(there, anchor_, site) && there.bytes == at_site) {
                return result;
            }
        }
        return {.term = term, .bytes = at_site};
    }

    /// The original as the patcher writes it, and as the file has it: assemblers fill up with other nops.
    void add_original(sealed_plan& plan, sealed_form original, address site) {
        plan.original = plan.forms.size();
        plan.forms.push_back(original);
        if (!relocate(original, anchor_, site)) {
            throw not_sealable{message(error::target_out_of_range), site};
        }
        if (const byte_list now = text(site, original.bytes.size()); now != original.bytes) {
            ++plan.original;
            plan.forms.push_back({.term = terms_.always, .bytes = now});
        }
    }

    /// The direct call in place of a call through a pointer.
    void add_indirect(sealed_plan& plan, const table::indirect_call& call, unsigned length) {
        plan.pointer = call.pointer.target();
        plan.nothing = call.nothing.target();
        plan.missing = call.missing.target();
        plan.direct = plan.forms.size();
        sealed_form direct{.term = terms_.always, .bytes = byte_list(length)};
        byte_list next(Target::call_length);
        if (!Target::encode_call(anchor_, plan.missing, direct.bytes.data()) ||
            !Target::encode_call(anchor_ + Target::instruction_alignment, plan.missing, next.data())) {
            throw not_sealable{"the reporter of missing operations is out of reach", plan.pointer};
        }
        Target::fill_nops(direct.bytes.data() + Target::call_length, length - Target::call_length);
        const auto differs = std::mismatch(next.begin(), next.end(), direct.bytes.begin()).first - next.begin();
        direct.operand = static_cast<std::uint8_t>(static_cast<std::size_t>(differs) -
                                                   static_cast<std::size_t>(differs) % Target::instruction_alignment);
        plan.forms.push_back(std::move(direct));
    }

    [[nodiscard]] sealed_form no_call(unsigned length) const {
        sealed_form form{.term = terms_.always, .bytes = byte_list(length)};
        Target::fill_nops(form.bytes.data(), length);
        return form;
    }

    [[nodiscard]] static byte_list place_call(const typename Target::found_branch& branch, address to,
                                              table::call_mode mode) {
        byte_list bytes(Target::longest_branch);
        (void)Target::encode_branch(branch, to, mode, bytes.data());
        bytes.resize(inlay::detail::length_of(branch));
        return bytes;
    }

    const image_type& image_;
    seal_terms<Target>& terms_;
    address anchor_;
    std::vector<sealed_plan> list_{};
    std::map<sealed_plan, std::size_t> known_{};
};

} // namespace check
} // namespace inlay
