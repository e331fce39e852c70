// SPDX-License-Identifier: BSL-1.0
//
// override: forces features on or off by name, e.g. from the environment or a kernel's command line.
//
//     auto done = inlay::override_features(inlay::this_image(), image, "-avx2,+app.x", is_known_name);
//
// How it works. It finds the used features by walking the tables. A forced feature keeps its value for any result of
// its probe. If a user forces an instruction that the processor lacks, the program may crash, as with Linux's
// setcpuid=. All entries are checked before the first takes effect.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// The target of `at`, or null if it is no readable T.
template <class T, class Image>
[[nodiscard]] const T* find(const Image& image, const table::reference& at) noexcept {
    reader<Image> from{image};
    const T& found = from.template follow<T>(at);
    return from.trouble == error::no_error ? &found : nullptr;
}

/// Whether a feature's name is the `length` characters of an entry.
[[nodiscard]] inline bool is_entry(const char* name, const char* entry, size_t length) noexcept {
    for (size_t i = 0; i < length; ++i) {
        if (name[i] != entry[i] || name[i] == '\0') {
            return false;
        }
    }
    return name[length] == '\0';
}

/// `steps` counts down: a node may refer to another node twice, and to itself.
template <class Image, class Function>
void walk_predicate(const Image& image, const table::predicate_node& node, const Function& function, unsigned& steps,
                    unsigned depth = 0) noexcept {
    using table::predicate_op;
    if (steps == 0) {
        return;
    }
    --steps;
    if (node.op == predicate_op::feature || node.op == predicate_op::not_feature) {
        if (const auto* const feature = find<table::feature_record>(image, node.a)) {
            function(*feature);
        }
    } else if ((node.op == predicate_op::all || node.op == predicate_op::any) && depth < deepest_tree) {
        if (const auto* const a = find<table::predicate_node>(image, node.a)) {
            walk_predicate(image, *a, function, steps, depth + 1);
        }
        if (const auto* const b = find<table::predicate_node>(image, node.b)) {
            walk_predicate(image, *b, function, steps, depth + 1);
        }
    }
}

template <class Image, class Function>
void walk_choices(const Image& image, const table::choice* each, const Function& function) noexcept {
    for (unsigned i = 0; each != nullptr && i < longest_list; ++i) {
        if (const auto* const node = find<table::predicate_node>(image, each->predicate)) {
            unsigned steps = most_steps;
            walk_predicate(image, *node, function, steps);
        }
        each = each->otherwise ? find<table::choice>(image, each->otherwise) : nullptr;
    }
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Calls `function(const table::feature_record&)` for the features that `tables` refer to. If several declarations or
/// units use a feature, the call is made several times. Malformed records are passed over.
template <class Image, class Function>
void for_each_used_feature(const table::tables& tables, const Image& image, const Function& function) noexcept {
    const table::choice* before = nullptr;
    for (size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto* const choices = detail::find<table::choice>(image, tables.alternatives.records[i].choices);
        if (choices != before) {
            detail::walk_choices(image, choices, function);
            before = choices;
        }
    }
    for (size_t i = 0; i < tables.calls.size(); ++i) {
        if (detail::is_named(tables, tables.calls.records[i].callee)) {
            continue; // a static call goes by its name, not by features
        }
        reader<Image> from{image};
        const table::callee& callee = detail::callee_of(from, tables.calls.records[i]);
        detail::walk_choices(image, detail::find<table::choice>(image, callee.choices), function);
    }
}

/// The name that a feature or a choice refers to, or "" if it refers to none.
template <class Image>
[[nodiscard]] const char* name_at(const Image& image, const table::reference& name) noexcept {
    const auto* const text = reinterpret_cast<const char*>(name.target());
    for (size_t i = 0; name && image.readable(name.target() + i, 1); ++i) {
        if (text[i] == '\0') {
            return text;
        }
    }
    return "";
}

/// Forces features. `text` is a list such as "-avx2,+app.x"; null or an empty list forces none. `known(name, length)`
/// says whether a name without a record is also a feature. On an error no feature is forced, and `outcome::detail()`
/// points at the entry in `text` (it ends at a comma or the terminating null).
template <class Image, class Known>
outcome override_features(const table::tables& tables, const Image& image, const char* text,
                          const Known& known) noexcept {
    constexpr uint8_t keep = 255;
    const auto force = [&](const char* entry, size_t length, uint8_t value) noexcept {
        bool used = false;
        for_each_used_feature(tables, image, [&](const table::feature_record& feature) noexcept {
            if (entry == nullptr || detail::is_entry(name_at(image, feature.name), entry, length)) {
                used = true;
                const auto* const cell = detail::find<table::feature_cell>(image, feature.cell);
                if (value != keep && cell != nullptr) {
                    const_cast<table::feature_cell*>(cell)->forced = value; // cells are in .data
                }
            }
        });
        return used;
    };
    // It checks all entries, then forgets the entries of an earlier list, then forces the new ones.
    for (int pass = 0; pass < 2; ++pass) {
        const bool forcing = pass == 1;
        if (forcing) {
            force(nullptr, 0, 0);
        }
        for (const char* at = text; at != nullptr && *at != '\0';) {
            const char* const entry = at;
            while (*at != '\0' && *at != ',') {
                ++at;
            }
            const auto length = static_cast<size_t>(at - entry);
            at += *at == ',' ? 1 : 0;
            if (length < 2 || (*entry != '+' && *entry != '-')) {
                return outcome{error::override_malformed, entry};
            }
            const uint8_t value = *entry == '+' ? 2 : 1;
            if (!force(entry + 1, length - 1, forcing ? value : keep) && !known(entry + 1, length - 1)) {
                return outcome{error::override_unknown, entry};
            }
        }
    }
    return {};
}

} // namespace INLAY_TARGET

} // namespace inlay
