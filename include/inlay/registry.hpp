// SPDX-License-Identifier: BSL-1.0
//
// registry: the names of an image, found by their text.
//
//     detail::register_names(tables, platform);
//     detail::for_each_namesake(tables.registry->root, what, [](const table::named& named) noexcept { ... });
//
// How it works. The cells themselves are the nodes of a binary tree, ordered by a hash of the name: nothing is
// allocated, and looking a name up takes a time that hardly grows with their number. Two cells of one name (two
// units made by compilers that mangle a declaration differently) are both found. A name and its type are compared
// as texts, so that images made by different compilers understand each other.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

[[nodiscard]] inline const char* text_at(const table::reference& from) noexcept {
    return reinterpret_cast<const char*>(from.target());
}

[[nodiscard]] inline table::cell& cell_of(const table::named& named) noexcept {
    return *reinterpret_cast<table::cell*>(named.cell.target());
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

/// FNV-1a, 32 bits.
[[nodiscard]] inline std::uint32_t hash_of(const char* text) noexcept {
    std::uint32_t hash = 2166136261U;
    for (; *text != '\0'; ++text) {
        hash = (hash ^ static_cast<std::uint8_t>(*text)) * 16777619U;
    }
    return hash;
}

/// Whether a text of the image begins at `at`: all of it is readable, up to the null.
template <class Image>
[[nodiscard]] bool is_text(const Image& image, address at) noexcept {
    while (image.readable(at, 1)) {
        if (*reinterpret_cast<const char*>(at++) == '\0') {
            return true;
        }
    }
    return false;
}

/// Whether all that `named` refers to is there.
template <class Platform>
void check_named(reader<Platform>& from, const table::named& named) noexcept {
    const Platform& image = from.image;
    const address cell = named.cell.target();
    const auto require = [&](bool good, const table::reference& at) noexcept {
        if (!good) {
            from.fail(error::reference_outside, at.target());
        }
    };
    require(is_text(image, named.name.target()), named.name);
    require(is_text(image, named.signature.target()), named.signature);
    require(cell % alignof(table::cell) == 0 && image.writable(cell, sizeof(table::cell)), named.cell);
    require(!named.trampoline || image.executable(named.trampoline.target(), 1), named.trampoline);
}

/// Calls `function(const table::named&)` for each cell that is registered under the name of `what`.
template <class Function>
void for_each_namesake(const table::named* root, const table::named& what, const Function& function) noexcept {
    const std::uint32_t hash = hash_of(text_at(what.name));
    while (root != nullptr) {
        const table::cell_state& state = cell_of(*root).state;
        const table::named& here = *root;
        root = state.below[hash >= state.hash ? 1 : 0];
        if (state.hash == hash && same_name(here, what)) {
            function(here);
        }
    }
}

/// Puts the cell of `named`, which has been checked, into the tree, if it is not there yet.
inline void register_name(const table::named*& root, const table::named& named) noexcept {
    table::cell_state& state = cell_of(named).state;
    if (state.self != nullptr) {
        return;
    }
    state.self = &named;
    state.below[0] = state.below[1] = nullptr;
    state.hash = hash_of(text_at(named.name));
    const table::named** place = &root;
    while (*place != nullptr) {
        table::cell_state& above = cell_of(**place).state;
        place = &above.below[state.hash >= above.hash ? 1 : 0];
    }
    *place = &named;
}

/// Registers all names of an image that are in order; others it passes over.
template <class Platform>
void register_names(const table::tables& tables, const Platform& platform) noexcept {
    if (tables.registry == nullptr || tables.registry->complete != 0) {
        return;
    }
    for (std::size_t i = 0; i < tables.names.size(); ++i) {
        reader<Platform> from{platform};
        check_named(from, tables.names.records[i]);
        if (from.trouble == error::no_error) {
            register_name(tables.registry->root, tables.names.records[i]);
        }
    }
    tables.registry->complete = 1;
}

} // namespace INLAY_TARGET

} // namespace detail
} // namespace inlay
