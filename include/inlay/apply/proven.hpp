// SPDX-License-Identifier: BSL-1.0
//
// proven: patches an image whose tables were proven and sealed after the link: apply_proven() without its surroundings.
//
//     detail::patch_proven<detail::every_site>(seal, room, platform, done);
//
// How it works. The tool has decided all that does not depend on the machine (seal.hpp). A boot makes these steps:
//
//  1. It compares the sums with the image. If they differ, nothing changes.
//  2. It goes through the terms once. Each asks the processor, a function or a word of memory, and a term before it.
//  3. It looks at each site: the text must be the original. The tool saw the same in the file, but a debugger's
//     breakpoint, or another patcher, comes later.
//  4. It sets the pointers of dispatches, and chooses a form in each plan. A direct call in place of a call through a
//     pointer is made now, if each site reaches the target.
//  5. It writes each site. If the platform refuses, it puts the originals back.
//
// The bytes of a form with a relative operand are moved from site to site: decide/place.hpp has the derivation.
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

/// The bytes of a form.
[[nodiscard]] inline uint8_t* bytes_of(table::plan_form& form) noexcept {
    return reinterpret_cast<uint8_t*>(&form + 1);
}

/// The form at this place of a plan.
[[nodiscard]] inline table::plan_form& form_at(table::plan& plan, unsigned place) noexcept {
    return *reinterpret_cast<table::plan_form*>(reinterpret_cast<uint8_t*>(&plan) + place);
}

/// Moves the bytes of a form to a site. False if they would not reach their target.
inline bool move_to(table::plan_form& form, address site) noexcept {
    if (form.operand == table::no_operand) {
        return true;
    }
    const auto shift = static_cast<intptr_t>(form.at.target() - site);
    form.at.distance -= static_cast<int32_t>(shift);
    return arch::relocate(bytes_of(form) + form.operand, shift);
}

/// The word that a term asks for.
template <class Platform>
[[nodiscard]] uint32_t word_of(const table::term& term, const table::term* terms, Platform& platform) noexcept {
    const address from = term.from.target();
    if (term.source == table::term_source::term) {
        return terms[term.number].value;
    }
    if (term.source == table::term_source::memory) {
        return *reinterpret_cast<const uint32_t*>(from);
    }
    if (term.source == table::term_source::cpu) {
        return arch::ask(term.words); // NOLINT(cppcoreguidelines-pro-type-union-access): as the source says
    }
    if constexpr (requires { platform.probe(from); }) {
        return platform.probe(from) ? 1 : 0;
    } else {
        return reinterpret_cast<bool (*)()>(from)() ? 1 : 0;
    }
}

/// Gives each term its value.
template <class Platform>
void find_out(table::term* const terms, unsigned count, Platform& platform) noexcept {
    terms[table::term_live].value = text_may_change(platform) ? 1 : 0;
    for (table::term* each = terms + 2; each != terms + count; ++each) {
        uint32_t value = 0;
        if (terms[each->guard].value != 0) {
            value = (word_of(*each, terms, platform) & each->mask) - each->low <= each->span ? 1 : 0;
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

/// Makes the direct call of what the pointer holds now. Returns the place of the form: this one; the original, if a site
/// would not reach the target; or that of a call of nothing.
[[nodiscard]] inline unsigned choose_call(const table::seal& seal, table::plan& plan, unsigned direct) noexcept {
    const address to = *reinterpret_cast<const address*>(plan.call.pointer.target());
    if (to == plan.call.nothing.target()) {
        return direct + 2U * plan.stride;
    }
    table::plan_form& form = form_at(plan, direct);
    const auto shift = static_cast<intptr_t>(to - plan.call.missing.target());
    const bool reaches = to == 0 || (arch::relocate(bytes_of(form) + form.operand, shift) &&
                                     move_to(form, seal.lowest.target()) && move_to(form, seal.highest.target()));
    return reaches ? direct : direct + plan.stride;
}

/// Chooses a form in each plan. Returns the end of the plans.
inline const void* choose_forms(const table::seal& seal, const table::term* terms, table::plan* plan) noexcept {
    for (unsigned count = seal.plans; count != 0; --count) {
        unsigned chosen = sizeof(table::plan);
        while (terms[form_at(*plan, chosen).term].value == 0) {
            chosen += plan->stride;
        }
        if (plan->has_direct != 0 && chosen + plan->stride == plan->original) {
            chosen = choose_call(seal, *plan, chosen);
        }
        plan->chosen = static_cast<uint16_t>(chosen);
        plan = reinterpret_cast<table::plan*>(reinterpret_cast<uint8_t*>(plan) + plan->size);
    }
    return plan;
}

/// The parts of an image that are patched.
enum class proven_part : uint8_t { all, alternatives };

/// The state of one apply_proven().
template <text_platform Platform, proven_part Part>
struct proven_run {
    table::seal& seal;
    Platform& platform;
    outcome& done;
    uint32_t counts[3]{}; // NOLINT(*-avoid-c-arrays): sites whose bytes changed, by plan_kind
    text_writer<Platform> text{};

    /// Makes one pass over the sites.
    [[gnu::noinline]] bool pass(pass_kind kind) noexcept {
        const auto& begin = Part == proven_part::all ? seal.calls : seal.alternatives;
        const auto* each = reinterpret_cast<const table::seal_site*>(begin.target());
        const auto* const end = reinterpret_cast<const table::seal_site*>(seal.end.target());
        for (; each != end; ++each) {
            auto& plan = *reinterpret_cast<table::plan*>(reinterpret_cast<uint8_t*>(&seal) + each->plan);
            const address site = each->site.target();
            if (plan.length == 0 || says_gone(platform, site)) {
                continue;
            }
            table::plan_form& form = form_at(plan, kind == pass_kind::write ? plan.chosen : plan.original);
            (void)move_to(form, site);
            error trouble = error::no_error;
            if (kind != pass_kind::check) {
                trouble = text.write(platform, site, bytes_of(form), plan.length, counts[static_cast<unsigned>(plan.kind)]);
            } else if (!text_holds(site, bytes_of(form), plan.length)) {
                trouble = error::site_changed;
            }
            if (trouble != error::no_error) {
                fail(trouble, *each, plan.kind);
                return false;
            }
        }
        const error trouble = kind == pass_kind::check ? error::no_error : text.finish(platform);
        done.fail(trouble, {table_kind::no_table, 0, text.last.at}, refused_address(platform, text.last.at));
        return trouble == error::no_error;
    }

private:
    [[gnu::noinline]] void fail(error what, const table::seal_site& at, table::plan_kind kind) noexcept {
        record_id where{table_kind::alternatives, 0, at.site.target()};
        address first = seal.alternatives.target();
        if constexpr (Part == proven_part::all) {
            if (kind != table::plan_kind::alternative) {
                const bool call = kind == table::plan_kind::call;
                where.table = call ? table_kind::calls : table_kind::keys;
                first = call ? seal.calls.target() : seal.keys.target();
            }
        }
        where.index = static_cast<uint32_t>(&at - reinterpret_cast<const table::seal_site*>(first));
        done.fail(what, where, what == error::text_not_writable ? refused_address(platform, where.site) : where.site);
    }
};

/// Whether the image may be patched by its seal.
[[nodiscard]] inline error check_seal(const table::seal& seal, size_t room) noexcept {
    if (seal.used - 1U >= room) {
        return error::not_sealed;
    }
    if (seal.opened != 0) {
        return error::seal_used;
    }
    const seal_sum sum = sum_of(seal);
    return sum.first == seal.sums[0] && sum.second == seal.sums[1] &&
                   (seal.linked == 0 || seal.linked == reinterpret_cast<address>(&seal))
               ? error::no_error
               : error::seal_broken;
}

/// Patches the image of the seal, which has `room` bytes at most.
template <proven_part Part, class Platform>
[[gnu::noinline]] void patch_proven(table::seal& seal, size_t room, [[maybe_unused]] table::registry* registry,
                                    Platform& platform, outcome& done) noexcept {
    done.fail(check_seal(seal, room), {table_kind::no_table, 0, 0});
    if (!done) {
        return;
    }
    auto* const terms = reinterpret_cast<table::term*>(&seal + 1);
    find_out(terms, seal.terms, platform);
    proven_run<Platform, Part> run{seal, platform, done};
    if (!run.pass(pass_kind::check)) {
        return;
    }
    seal.opened = 1;
    auto* function = reinterpret_cast<table::seal_function*>(terms + seal.terms);
    for (const auto* const end = function + seal.functions; function != end; ++function) {
        if (Part == proven_part::all && terms[function->term].value != 0) {
            *reinterpret_cast<volatile address*>(function->pointer.target()) =
                *reinterpret_cast<const address*>(function->function.target());
        }
    }
    const void* const plans_end = choose_forms(seal, terms, reinterpret_cast<table::plan*>(function));
    if (!run.pass(pass_kind::write)) {
        (void)run.pass(pass_kind::take_back);
        return;
    }
    done.written = run.counts[0];
    if constexpr (Part == proven_part::all) {
        done.calls_direct = run.counts[1];
        done.calls_found = seal.found;
        done.keys_direct = run.counts[2];
        const auto* each = static_cast<const table::seal_name*>(plans_end);
        if (terms[table::term_live].value != 0) {
            for (const auto* const end = each + seal.names; each != end; ++each) {
                reinterpret_cast<table::cell*>(each->cell.target())->state.sites = each->sites;
            }
        }
        registry->complete |= table::registry_applied;
    }
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
