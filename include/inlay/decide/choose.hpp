// SPDX-License-Identifier: BSL-1.0
//
// choose: which form of an alternative wins, or which function of a dispatch.
//
// How it works. A record's choices are a list from the last `when` to the original; the first one whose predicate holds
// wins. All choices are checked, also those after the winner, so that a malformed table does not depend on the machine.
#pragma once

#include "inlay/code.hpp"
#include "inlay/decide/form.hpp"
#include "inlay/decide/patch.hpp"
#include "inlay/decide/predicate.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// Walks the choices of a site. Every choice is checked, also those after the winner. `forms`: the choices have code
/// (an alternative); otherwise they have functions (a call).
template <class Image, class Features>
[[gnu::noinline]] void choose(reader<Image>& from, const table::choice& last, bool forms, const Features& features,
                              decision& result) noexcept {
    // One by one: for a whole struct a compiler may call memset, and a kernel need not have it.
    result.form = nullptr;
    result.original = nullptr;
    result.length = last.length;
    result.ordinal = 255;
    bool decided = false;
    from.steps = 0;
    const table::choice* each = &last;
    for (unsigned steps = detail::longest_list; from.trouble == error::no_error;) {
        const table::form* form = nullptr;
        if (forms) {
            form = &from.template follow<table::form>(each->form);
            detail::check_form(from, *form, last.length);
        }
        const bool original = !each->predicate;
        if (original || evaluate(from, from.template follow<table::predicate_node>(each->predicate), features)) {
            if (!decided) {
                result.form = form;
                result.ordinal = original ? uint8_t{0} : each->ordinal;
            }
            decided = true;
        }
        if (!each->otherwise) {
            result.original = form;
            if (decided) {
                return;
            }
            steps = 1;
        }
        if (--steps == 0) {
            from.fail(error::description_endless);
        }
        each = &from.template follow<table::choice>(each->otherwise);
    }
}

/// Decides one record of an alternative: which form, for a site of which length.
template <class Image, class Features>
void decide(reader<Image>& from, const table::alternative_record& record, const Features& features,
            decision& chosen) noexcept {
    const auto& last = from.template follow<table::choice>(record.choices);
    if (last.length - 1U >= max_code_length) {
        from.fail(last.length == 0 ? error::site_empty : error::site_too_long);
    }
    choose(from, last, true, features, chosen);
}

/// Adds a record's decision to the decision of the earlier records at the same address: the longest site counts, the
/// last `when` that holds wins. True if the record's form is the group's now.
inline bool join(decision& group, const decision& one, bool first) noexcept {
    const uint8_t length = !first && group.length > one.length ? group.length : one.length;
    const bool wins = first || one.ordinal != 0;
    if (first) {
        group.original = one.original;
    }
    if (wins) {
        group.form = one.form;
        group.ordinal = one.ordinal;
    }
    group.length = length;
    return wins;
}

} // namespace INLAY_TARGET
} // namespace inlay
