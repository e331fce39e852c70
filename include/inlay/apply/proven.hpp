// SPDX-License-Identifier: BSL-1.0
//
// proven: patches an image whose tables were proven and sealed after the link: apply_proven() without its surroundings.
//
//     detail::patch_proven<detail::proven_part::all>(seal, room, registry, platform, done);
//
// How it works. The tool has made every decision that does not depend on the machine (seal.hpp). A boot makes these
// steps:
//
//  1. It compares the sums with the image. If they differ, nothing changes.
//  2. It goes through the terms once. Each asks the processor, a function or a word of memory, and a term before it.
//  3. It sets the pointers of dispatches, and chooses a form in each plan. A direct call in place of a call through a
//     pointer is made now, if each site reaches the target.
//  4. It looks at each site, and writes it. The text must be the original, which the tool saw in the file; but a
//     debugger's breakpoint, or another patcher, comes later. If the text differs, or the platform refuses, the
//     earlier sites get their originals back.
//
// A form with a relative operand has one distance for all sites, as if it were at the seal. At a site, it is less by
// the distance from the seal to the site: decide/place.hpp has the derivation.
#pragma once

#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/outcome.hpp"
#include "inlay/seal.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// The parts of an image that are patched.
enum class proven_part : uint8_t { all, alternatives };

/// Eight bytes of a form, or of text.
using form_word [[gnu::may_alias, gnu::aligned(arch::instruction_alignment)]] = uint64_t;

[[nodiscard]] inline form_word& word_at(address at) noexcept { return *reinterpret_cast<form_word*>(at); }

/// Where the bytes of a form are.
[[nodiscard]] inline address bytes_of(const table::plan_form& form) noexcept {
    return reinterpret_cast<address>(&form + 1);
}

/// The form at this place of a plan.
[[nodiscard]] inline table::plan_form& form_at(table::plan& plan, unsigned place) noexcept {
    return *reinterpret_cast<table::plan_form*>(reinterpret_cast<address>(&plan) + place);
}

/// Moves a form to a site. It reaches its target: the tool tried all sites. (A change of the first eight bytes as a
/// whole: the processor then need not wait when it reads them.)
[[gnu::always_inline]] inline void move_form(const table::seal& seal, table::plan_form& form, address site) noexcept {
    constexpr auto unit = static_cast<uint32_t>(arch::instruction_alignment);
    const auto distance = static_cast<uint32_t>(site - reinterpret_cast<address>(&seal));
    const uint32_t operand = (form.distance - distance) / unit & seal.operand_mask;
    word_at(bytes_of(form)) += (uint64_t{operand} - form.operand) * form.scale;
    form.operand = operand;
}

/// Whether the site has these bytes, which zeros follow up to a multiple of eight. It reads the eight bytes before the
/// site's end, even if the site is shorter: the tool has seen that they are text.
[[nodiscard, gnu::always_inline]] inline bool has_bytes(address site, address bytes, unsigned length) noexcept {
    const address end = site + length - 8;
    for (; site < end; site += 8) {
        if (word_at(site) != word_at(bytes)) {
            return false;
        }
        bytes += 8;
    }
    return word_at(end) >> (0 - 8 * length) % 64 == word_at(bytes);
}

/// The value of a term.
[[nodiscard]] inline uint32_t& value_at(table::seal& seal, unsigned place) noexcept {
    return reinterpret_cast<uint32_t*>(&seal)[place];
}

/// The word that a term asks for.
template <class Platform>
[[nodiscard, gnu::always_inline]] inline uint32_t answer_of(const table::term& term, Platform& platform) noexcept {
    // NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): as the source says
    const address from = term.from.target();
    if (term.source == table::term_source::memory) {
        return *reinterpret_cast<const uint32_t*>(from);
    }
    if (term.source == table::term_source::cpu) {
        return arch::ask(term.words);
    }
    // NOLINTEND(cppcoreguidelines-pro-type-union-access)
    if constexpr (requires { platform.probe(from); }) {
        return platform.probe(from) ? 1 : 0;
    } else {
        return reinterpret_cast<bool (*)()>(from)() ? 1 : 0;
    }
}

/// Gives each term its value.
template <proven_part Part, class Platform>
[[gnu::always_inline]] inline void find_out(table::seal& seal, Platform& platform) noexcept {
    auto* each = reinterpret_cast<table::term*>(seal.terms.target()) + 1;
    if (Part == proven_part::all) {
        each->value = text_may_change(platform) ? 1 : 0;
    }
    for (unsigned count = seal.term_count; count != 0; --count) {
        ++each;
        uint32_t value = 0;
        if (value_at(seal, each->guard) != 0) {
            value = (answer_of(*each, platform) & each->mask) - each->low <= each->span ? 1 : 0;
        }
        if (each->cell) {
            auto& cell = *reinterpret_cast<table::feature_cell*>(each->cell.target());
            if (cell.forced != 0) {
                value = cell.forced - 1U;
            }
            cell.value = static_cast<uint8_t>(value);
        }
        each->value = value;
    }
}

/// Makes the direct call of the pointer's present target. Returns the number of forms from the direct call to the
/// chosen form: 0; 1, the original, if a site might not reach the target; 2, if the target is the function that does
/// nothing.
///
/// The form calls `missing`. Its operand is right for the pointer's target if the distance of the two targets is added.
[[nodiscard, gnu::always_inline]] inline unsigned choose_call(const table::seal& seal, table::plan& plan,
                                                              table::plan_form& direct) noexcept {
    address to = *reinterpret_cast<const address*>(plan.call.pointer.target());
    if (to == plan.call.nothing.target()) {
        return 2;
    }
    const address missing = plan.call.missing.target();
    to = to != 0 ? to : missing;
    if (to - reinterpret_cast<address>(&seal) - static_cast<address>(seal.reach_begin) >= seal.reach) {
        return 1;
    }
    direct.distance += static_cast<uint32_t>(to - missing);
    return 0;
}

/// Chooses a form in each plan.
[[gnu::always_inline]] inline void choose_forms(table::seal& seal) noexcept {
    auto* plan = reinterpret_cast<table::plan*>(seal.plans.target());
    for (unsigned count = seal.plan_count; count != 0; --count) {
        const unsigned stride = plan->stride;
        unsigned chosen = static_cast<unsigned>(sizeof(table::plan)) - stride;
        do {
            chosen += stride;
        } while (value_at(seal, form_at(*plan, chosen).term) == 0);
        if (plan->direct == chosen) {
            chosen += stride * choose_call(seal, *plan, form_at(*plan, chosen));
        }
        plan->chosen = form_at(*plan, chosen).chosen;
        plan = reinterpret_cast<table::plan*>(reinterpret_cast<address>(plan) + plan->size);
    }
}

/// Has the pointers of dispatches go to the functions that are chosen.
inline void choose_functions(table::seal& seal) noexcept {
    const auto* each = reinterpret_cast<const table::seal_function*>(seal.functions.target());
    for (; reinterpret_cast<address>(each) != seal.names.target(); ++each) {
        if (value_at(seal, each->term) != 0) {
            *reinterpret_cast<volatile address*>(each->pointer.target()) =
                *reinterpret_cast<const address*>(each->function.target());
        }
    }
}

/// Notes which sites each name has, for changes. If text cannot change later, no key's site is patched: each reads
/// memory.
inline void note_sites(table::seal& seal, outcome& done) noexcept {
    if (reinterpret_cast<const table::term*>(seal.terms.target())[1].value == 0) {
        done.keys_direct = 0;
        return;
    }
    const auto* each = reinterpret_cast<const table::seal_name*>(seal.names.target());
    for (; reinterpret_cast<address>(each) != seal.calls.target(); ++each) {
        reinterpret_cast<table::cell*>(each->cell.target())->state.sites = each->sites;
    }
}

/// Notes the site at which a pass ends.
template <proven_part Part, class Platform>
void fail_proven(error what, const table::seal& seal, const table::seal_site& at, table::plan_kind kind,
                 const Platform& platform, outcome& done) noexcept {
    record_id where{table_kind::alternatives, 0, at.site.target()};
    address first = seal.alternatives.target();
    if (Part == proven_part::all && kind != table::plan_kind::alternative) {
        const bool call = kind == table::plan_kind::call;
        where.table = call ? table_kind::calls : table_kind::keys;
        first = call ? seal.calls.target() : seal.keys.target();
    }
    where.index = static_cast<uint32_t>(&at - reinterpret_cast<const table::seal_site*>(first));
    done.fail(what, where, what == error::text_not_writable ? refused_address(platform, where.site) : where.site);
}

/// Writes all sites from `each` to the end, each after a look at its text. Or, back from `end`, writes the originals.
/// Returns the site that was refused, or the end.
template <proven_part Part, class Platform>
[[gnu::always_inline, gnu::flatten]] inline const table::seal_site*
pass_proven(bool back, const table::seal_site* each, const table::seal_site* end, table::seal& seal, Platform& platform,
            outcome& done) noexcept {
    text_writer<Platform> text{};
    uint32_t keys_changed = 0; // a key is counted also if it is right
    for (; each != end; ++each) {
        auto& plan = *reinterpret_cast<table::plan*>(reinterpret_cast<uint8_t*>(&seal) + each->plan);
        const address site = each->site.target();
        const unsigned length = plan.length;
        if (length == 0 || says_gone(platform, site)) {
            continue;
        }
        const bool is_key = Part == proven_part::all && plan.kind == table::plan_kind::key;
        done.keys_direct += is_key ? 1U : 0U;
        error trouble = error::no_error;
        table::plan_form* form = &form_at(plan, plan.original);
        move_form(seal, *form, site);
        if (!back && !has_bytes(site, bytes_of(*form), length)) {
            trouble = error::site_changed;
        } else if (plan.chosen != plan.original) {
            if (!back) {
                form = &form_at(plan, plan.chosen);
                move_form(seal, *form, site);
            }
            const auto* const bytes = reinterpret_cast<const uint8_t*>(bytes_of(*form));
            const bool is_call = Part == proven_part::all && plan.kind == table::plan_kind::call;
            (is_key ? keys_changed : is_call ? done.calls_direct : done.written) += 1;
            text.last.note(site, bytes, length);
            if (!may_exchange(platform, site, bytes, length)) {
                trouble = error::others_run;
            } else if (!platform.write(site, bytes, length)) {
                trouble = refusal(platform);
            }
        }
        if (trouble != error::no_error) {
            fail_proven<Part>(trouble, seal, *each, plan.kind, platform, done);
            return each;
        }
    }
    if (const error trouble = text.finish(platform); trouble != error::no_error) {
        done.fail(trouble, {table_kind::no_table, 0, text.last.at}, refused_address(platform, text.last.at));
    }
    return end;
}

/// Whether the image may be patched by its seal. The first sum covers the places of the tables, which the second reads.
template <proven_part Part>
[[nodiscard, gnu::always_inline]] inline error check_seal(const table::seal& seal, size_t room) noexcept {
    if (seal.used - 1U >= room) {
        return error::not_sealed;
    }
    const bool good = sum_of(seal, reinterpret_cast<address>(&seal)).is(seal.sums) &&
                      (Part == proven_part::alternatives || sum_of_tables(seal).is(seal.table_sums));
    return good ? error::no_error : error::seal_broken;
}

/// Patches the image of the seal, which has `room` bytes at most. (An image calls this once. Inlined, it is smaller:
/// the caller's constants about its platform need no code.)
template <proven_part Part, class Platform>
[[gnu::always_inline]] inline void patch_proven(table::seal& seal, size_t room,
                                                [[maybe_unused]] table::registry* registry, Platform& platform,
                                                outcome& done) noexcept {
    if (const error trouble = check_seal<Part>(seal, room); trouble != error::no_error) {
        done.fail(trouble, {table_kind::no_table, 0, 0});
        return;
    }
    seal.used = 0;
    find_out<Part>(seal, platform);
    if constexpr (Part == proven_part::all) {
        choose_functions(seal);
    }
    choose_forms(seal);
    const auto& first = Part == proven_part::all ? seal.calls : seal.alternatives;
    const auto* const begin = reinterpret_cast<const table::seal_site*>(first.target());
    const auto* end = reinterpret_cast<const table::seal_site*>(seal.end.target());
    for (bool back = false;; back = true) {
        end = pass_proven<Part>(back, begin, end, seal, platform, done);
        if (done || back) {
            break;
        }
    }
    if (!done) {
        done.written = done.calls_direct = done.keys_direct = 0;
        return;
    }
    if constexpr (Part == proven_part::all) {
        note_sites(seal, done);
        registry->complete |= table::registry_applied;
        done.calls_found = seal.found;
    }
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
