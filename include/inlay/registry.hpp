// SPDX-License-Identifier: BSL-1.0
//
// registry: finds names by their text, and their current values.
//
//     detail::add_name<&table::cell_state::below>(tables.registry->root, named);
//     detail::for_each_namesake<&table::cell_state::below>(root, what, [](const table::named& named) noexcept { ... });
//
// How it works. The cells themselves are the nodes of a binary tree, ordered by a hash of the name. So nothing is
// allocated, and the time of a search hardly grows with the number of names. Each cell is in two trees: one has the
// names of its image, the other the names of the whole process. A search finds both cells of a name in two images,
// or in two units whose compilers mangle the declaration differently. A name and its type are compared as texts, so
// that images made by different compilers understand each other. Images run this code when they are loaded, so it is
// compiled for any processor (INLAY_BASELINE).
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/name_hash.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

INLAY_BASELINE

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace baseline {

/// The target of a reference. (The function of `reference` itself is compiled for the unit's processor.)
[[nodiscard]] inline address target_of(const table::reference& from) noexcept {
    return reinterpret_cast<address>(&from) + static_cast<address>(static_cast<intptr_t>(from.distance));
}

[[nodiscard]] inline const char* text_at(const table::reference& from) noexcept {
    return reinterpret_cast<const char*>(target_of(from));
}

[[nodiscard]] inline table::cell& cell_of(const table::named& named) noexcept {
    return *reinterpret_cast<table::cell*>(target_of(named.cell));
}

/// Compares names, or types. (Link-time optimisation may add ".suffix" to a symbol; no name in C++ has a dot.)
[[nodiscard, gnu::noinline]] inline bool same_text(const char* a, const char* b, char end) noexcept {
    while (*a == *b && *a != '\0' && *a != end) {
        ++a;
        ++b;
    }
    return (*a == '\0' || *a == end) && (*b == '\0' || *b == end);
}

[[nodiscard]] inline bool same_name(const table::named& a, const table::named& b) noexcept {
    return same_text(text_at(a.name), text_at(b.name), '\0');
}

[[nodiscard]] inline bool same_type(const table::named& a, const table::named& b) noexcept {
    return same_text(text_at(a.signature), text_at(b.signature), '.');
}

// ---- Trees; `Links` are &cell_state::below (of an image) or &cell_state::under (of a process) -------

/// Where the first cell with the name of `what` hangs in the tree, or would hang. The others with the name hang on that
/// one, in a list, so that a name which many images have is as quick to find.
template <auto Links>
[[nodiscard]] const table::named** place_of(const table::named*& root, const table::named& what) noexcept {
    const uint32_t hash = hash_of(text_at(what.name));
    const table::named** place = &root;
    while (*place != nullptr) {
        table::cell_state& state = cell_of(**place).state;
        if (state.hash == hash && same_name(**place, what)) {
            break;
        }
        place = &(state.*Links)[hash >= state.hash ? 1 : 0];
    }
    return place;
}

/// Calls `function(const table::named&)` for each cell that is in the tree under the name of `what`.
template <auto Links, class Function>
void for_each_namesake(const table::named* root, const table::named& what, const Function& function) noexcept {
    for (const table::named* each = *place_of<Links>(root, what); each != nullptr;) {
        const table::named& here = *each;
        each = (cell_of(here).state.*Links)[2];
        function(here);
    }
}

/// Puts the cell of `named` into a tree that it is not in.
template <auto Links>
void add_name(const table::named*& root, const table::named& named) noexcept {
    table::cell_state& state = cell_of(named).state;
    (state.*Links)[0] = (state.*Links)[1] = (state.*Links)[2] = nullptr;
    const table::named** const place = place_of<Links>(root, named);
    if (*place == nullptr) {
        *place = &named;
        return;
    }
    table::cell_state& first = cell_of(**place).state;
    (state.*Links)[2] = (first.*Links)[2];
    (first.*Links)[2] = &named;
}

/// Takes the cell that `named` has out of the tree. A cell that is not in the tree (of a damaged table) stays as it is.
template <auto Links>
void remove_name(const table::named*& root, const table::named& named) noexcept {
    table::cell_state& state = cell_of(named).state;
    const table::named** place = place_of<Links>(root, named);
    if (*place != &named) { // in the list
        while (*place != nullptr && *place != &named) {
            place = &(cell_of(**place).state.*Links)[2];
        }
        if (*place != nullptr) {
            *place = (state.*Links)[2];
        }
        return;
    }
    const table::named* heir = (state.*Links)[2];
    if (heir != nullptr) { // the next one of the name takes its place
        table::cell_state& next = cell_of(*heir).state;
        (next.*Links)[0] = (state.*Links)[0];
        (next.*Links)[1] = (state.*Links)[1];
        next.mixed = state.mixed;
    } else if ((state.*Links)[0] == nullptr) {
        heir = (state.*Links)[1];
    } else if ((state.*Links)[1] == nullptr) {
        heir = (state.*Links)[0];
    } else { // the lowest cell that is not lower
        const table::named** lowest = &(state.*Links)[1];
        while ((cell_of(**lowest).state.*Links)[0] != nullptr) {
            lowest = &(cell_of(**lowest).state.*Links)[0];
        }
        heir = *lowest;
        table::cell_state& next = cell_of(*heir).state;
        *lowest = (next.*Links)[1];
        (next.*Links)[0] = (state.*Links)[0];
        (next.*Links)[1] = (state.*Links)[1];
    }
    *place = heir;
}

/// Puts the cell of `named` into its image's tree, if it is not in the tree yet. `named` has been checked.
inline void register_name(const table::named*& root, const table::named& named) noexcept {
    if (table::cell_state& state = cell_of(named).state; state.self == nullptr) {
        state.self = &named;
        add_name<&table::cell_state::below>(root, named);
    }
}

// ---- The setting of a cell -------------------------------------------------------------------------

[[nodiscard]] inline table::setting setting_of(const table::cell& cell) noexcept {
    return {cell.value, cell.state.enabled, cell.state.mode, cell.state.changed, {}};
}

/// The value of the setting in the image of `registry`: each image has its own function that does nothing.
[[nodiscard]] inline address value_of(const table::setting& setting, const table::registry& registry) noexcept {
    return setting.mode == table::call_mode::nothing ? reinterpret_cast<address>(registry.nothing)
           : setting.mode == table::call_mode::zero  ? reinterpret_cast<address>(registry.zero)
                                                     : setting.value;
}

/// Puts the setting into a cell of `registry`'s image. It takes effect where the value is read from memory.
inline void store(table::cell& cell, const table::setting& to, const table::registry& registry) noexcept {
    cell.state.before = setting_of(cell);
    cell.state.enabled = to.enabled;
    cell.state.mode = to.mode;
    cell.state.changed = to.changed;
    __atomic_store_n(&cell.value, value_of(to, registry), __ATOMIC_RELEASE);
}

} // namespace baseline
} // namespace detail
} // namespace inlay

INLAY_BASELINE_END
