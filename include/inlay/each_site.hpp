// SPDX-License-Identifier: BSL-1.0
//
// each_site: a callback for each site, with the result of apply() and the reason; for kernels that print it.
//
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     inlay::each_site(inlay::this_image(), kernel, [](const inlay::site_note& site) noexcept {
//         if (site.why != inlay::reason::none) { print(site.name, site.where.site, inlay::message(site.why)); }
//     });
//
// How it works. It reads the text, at any time, and changes nothing. The tables have a site's forms, the features'
// cells have the values that apply() found, and decide.hpp decides the form. So the patcher has no code for
// each_site(), and each_site() also works if apply() failed or never ran. It uses no library and no allocation; it adds
// 3.5 KiB to a program. Do not call it while sites change.
#pragma once

#include "inlay/apply.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/decide/call.hpp"
#include "inlay/words.hpp"

namespace inlay {
inline namespace INLAY_TARGET { // not hidden: a user's own types may contain these types

/// The reason why a site does not have the form that apply() decided.
enum class reason : uint8_t {
    none,           ///< the site has that form
    not_applied,    ///< apply() did not run, or failed: outcome::error() said why
    call_not_found, ///< no call of the trampoline was found after the marker
    out_of_reach,   ///< the target of the call is too far away for a direct call
    text_must_stay, ///< the platform cannot change text later on: a key reads memory, a static call goes by its pointer
    gone,           ///< its text is gone, as that of a kernel's initialisation
    foreign,        ///< it holds bytes that inlay did not write: a debugger's breakpoint, or another patcher's
    bad_record,     ///< its record is malformed
};

/// A site, and its form.
struct site_note {
    record_id where;  ///< table, index in it (keys and calls: in the order that apply() has sorted them to), address
    const char* name; ///< of the alternative, call or key; "" if it has none
    reason why;       ///< the decided form is not there; `none`: it is
    uint8_t chosen;   ///< of an alternative: which `when` apply() chose, counted from 1; 0: the original
    bool patched;     ///< the form differs from that before apply(): another form, a direct call, a nop or jump
};

} // namespace INLAY_TARGET
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

// NOLINTNEXTLINE(*-avoid-c-arrays): no header for std::array
inline constexpr const char* reasons[] = {
    "the site is as apply() makes it",
    "apply() did not run, or it failed",
    "the call was not found after its marker; it goes on through its trampoline",
    "the target is too far away for a direct call; the call goes on through its trampoline",
    "the platform cannot change text later on, so the site reads memory",
    "the text of the site is gone",
    "the site holds bytes that inlay did not write",
    "the record of the site is malformed",
};
static_assert(sizeof(reasons) / sizeof(reasons[0]) == static_cast<unsigned>(reason::bad_record) + 1U);

} // namespace detail

inline namespace INLAY_TARGET {

/// One sentence in English. Static storage.
[[nodiscard]] constexpr const char* message(reason why) noexcept {
    return why <= reason::bad_record ? detail::reasons[static_cast<uint8_t>(why)] : "unknown reason";
}

} // namespace INLAY_TARGET

namespace detail {
inline namespace INLAY_TARGET {

/// The features' values of the last apply().
template <class Image>
struct recorded_features {
    reader<Image>& from;

    bool operator()(const table::feature_record& feature) const noexcept {
        return from.template follow<table::feature_cell>(feature.cell).value != 0;
    }
    static bool recall(const table::predicate_node& /*node*/, bool& /*value*/) noexcept { return false; }
    static void remember(const table::predicate_node& /*node*/, bool /*value*/) noexcept {}
};

/// A text of the image; "" if the reference leads to none.
template <class Image>
[[nodiscard]] const char* text_in(const Image& image, const table::reference& from) noexcept {
    return from && is_text(image, from.target()) ? reinterpret_cast<const char*>(from.target()) : "";
}

/// The alternatives at one address, up to `last`.
template <class Platform>
void look_at(const Platform& platform, const table::alternative_record* first, const table::alternative_record* last,
             site_note& note) noexcept {
    reader<Platform> from{platform};
    const recorded_features<Platform> features{from};
    // Member by member: to clear the whole struct, some compilers call memset, and a kernel need not have it.
    decision group; // NOLINT(cppcoreguidelines-pro-type-member-init)
    group.form = nullptr;
    group.original = nullptr;
    group.length = 0;
    group.ordinal = 0;
    for (const auto* each = first;; ++each) {
        decision one; // NOLINT(cppcoreguidelines-pro-type-member-init): choose() fills it
        decide(from, *each, features, one);
        join(group, one, each == first);
        if (each == last) {
            break;
        }
    }
    note.name = text_in(platform, from.template follow<table::choice>(last->choices).name);
    if (from.trouble != error::no_error || !platform.executable(note.where.site, group.length)) {
        note.why = reason::bad_record;
        return;
    }
    note.chosen = group.ordinal;
    patch wanted; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills the used part
    const auto* const now = reinterpret_cast<const uint8_t*>(note.where.site);
    const bool placed = place(*group.form, note.where.site, group.length, wanted) == error::no_error;
    const bool is_original = holds(*group.original, note.where.site, group.length);
    if (placed && equal(now, wanted.bytes, wanted.length)) {
        note.patched = group.ordinal != 0 || group.form->kind == table::form_kind::indirect_call;
        return;
    }
    note.why = is_original ? reason::not_applied : reason::foreign;
    for (const auto* each = first; note.why == reason::foreign; ++each) {
        note.why = holds_any(from, *each, note.where.site, group.length) ? reason::not_applied : reason::foreign;
        if (each == last) {
            break;
        }
    }
}

template <class Platform>
void look_at(const table::tables& tables, const Platform& platform, const table::call_record* record,
             site_note& note) noexcept {
    reader<Platform> from{platform};
    const call_subject subject = callee_in(from, tables, *record);
    note.name = text_in(platform, subject.name());
    if (from.trouble != error::no_error || !platform.executable(subject.trampoline, 1)) {
        note.why = reason::bad_record;
        return;
    }
    address to = 0;
    auto mode = table::call_mode::function;
    if (subject.named != nullptr) {
        to = cell_of(*subject.named).value;
        mode = cell_of(*subject.named).state.mode;
    } else if (const address pointer = subject.callee->target.target(); platform.readable(pointer, sizeof(address))) {
        to = *reinterpret_cast<const volatile address*>(pointer);
    }
    const address noted = record->callee.target() & spare_bits;
    arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find_noted_call() fills it
    if (noted != table::call_found || !find_noted_call(platform, *record, branch)) {
        note.why = noted == 0                   ? reason::not_applied
                   : noted == table::call_found ? reason::foreign
                                                : reason::call_not_found;
        return;
    }
    uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): place_call() fills it
    const bool in_reach = place_call(branch, subject.trampoline, to, mode, bytes);
    note.patched = in_reach && text_holds(branch.start, bytes, length_of(branch));
    if (!note.patched) {
        note.why = !in_reach                                                ? reason::out_of_reach
                   : subject.named != nullptr && !text_may_change(platform) ? reason::text_must_stay
                                                                            : reason::not_applied;
    }
}

template <class Platform>
void look_at(const table::tables& tables, const Platform& platform, const table::key_record* record,
             site_note& note) noexcept {
    reader<Platform> from{platform};
    const table::named& named = named_of(from, tables, record->key);
    note.name = text_in(platform, named.name);
    patch wanted; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills the used part
    wanted.length = 0;
    if (from.trouble == error::no_error) {
        decide(from, *record, cell_of(named).value, wanted);
    }
    if (from.trouble != error::no_error) {
        note.why = from.trouble == error::site_changed ? reason::foreign : reason::bad_record;
        return;
    }
    note.patched = equal(reinterpret_cast<const uint8_t*>(note.where.site), wanted.bytes, wanted.length);
    note.why = note.patched ? reason::none : text_may_change(platform) ? reason::not_applied : reason::text_must_stay;
}

template <class Section, class Platform, class Callback, class Look>
void each_record(const Section& section, table_kind kind, bool ran, const Platform& platform, Callback& callback,
                 const Look& look) noexcept {
    for (size_t i = 0; i < section.size(); ++i) {
        const address site = section.records[i].site.target();
        site_note note{{kind, static_cast<uint32_t>(i), site}, "", reason::none, 0, false};
        if (says_gone(platform, site)) {
            note.why = reason::gone;
        } else {
            look(section.records + i, note);
            note.why = note.why == reason::none && !ran ? reason::not_applied : note.why;
        }
        callback(static_cast<const site_note&>(note));
    }
}

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

/// Calls `callback(const site_note&)` for each record of `tables`: alternatives, calls, keys. Thread-safe as long as no
/// thread changes sites.
template <text_platform Platform, class Callback>
[[gnu::visibility("hidden")]] void
each_site(const table::tables& tables, const Platform& platform,
          Callback&& callback) noexcept { // NOLINT(*-missing-std-forward): called often
    const auto& all = tables.alternatives;
    const auto alternative = [&](const table::alternative_record* record, site_note& note) noexcept {
        const auto* first = record; // those at one address are one group
        while (first != all.records && first[-1].site.target() == note.where.site) {
            --first;
        }
        while (record + 1 != all.records + all.size() && record[1].site.target() == note.where.site) {
            ++record;
        }
        detail::look_at(platform, first, record, note);
    };
    const auto other = [&](const auto* record, site_note& note) noexcept {
        detail::look_at(tables, platform, record, note);
    };
    // Without names nothing tells whether apply() ran where the features ask for no other form.
    const bool ran = tables.registry == nullptr || (tables.registry->complete & ~table::registry_malformed) != 0;
    detail::each_record(all, table_kind::alternatives, ran, platform, callback, alternative);
    detail::each_record(tables.calls, table_kind::calls, ran, platform, callback, other);
    detail::each_record(tables.keys, table_kind::keys, ran, platform, callback, other);
}

} // namespace INLAY_TARGET
} // namespace inlay
