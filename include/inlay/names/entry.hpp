// SPDX-License-Identifier: BSL-1.0
//
// entry: one name of the process as data; and names as a user spells them.
//
//     const table::named* found = detail::find_name(all.root, {"sched_clock"});
//     const table::named* target = detail::find_name(all.root, {"sched_clock", "tsc", true});
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/name_hash.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {

enum class name_kind : std::uint8_t { static_key, static_switch, static_call, hook };

/// One name of the process. Its texts are valid only during the call of the user's function.
struct name_entry {
    const char* name;      ///< a null in it is written as the bytes C0 80
    name_kind kind;        ///< of the name
    const char* type;      ///< "bool", "codec", "unsigned long ()"; mangled where no C++ library is linked
    const char* value;     ///< "on", "2", "tsc", "null"; a call's target without a name: its symbol, or "0x401136"
    const char* initial;   ///< as `value`: the declaration's; "" where that is not known (of a call)
    const char* values;    ///< "on, off", "0 to 3", "tsc, jiffies, null"; "" where none is known
    address number;        ///< the value as a number: 0 or 1, a way, the address of the target
    unsigned ways;         ///< how many values a key or a switch has; 0: a call
    std::int32_t enabled;  ///< of a key: enable() calls that no disable() has answered
    bool changed;          ///< it was set, or updated
    bool clashes;          ///< another image, or unit, has another type under this name; each type is an entry
    std::uint32_t images;  ///< how many images have it
    std::uint32_t sites;   ///< in all of them
    std::uint32_t patched; ///< sites that read no memory; others are in images without apply(), or out of reach
};

namespace detail {

namespace c {
[[gnu::visibility("default"), gnu::weak]] char* demangle(const char* mangled, char* buffer, std::size_t* size,
                                                         int* status) noexcept __asm__("__cxa_demangle");
[[gnu::visibility("default")]] void free(void* memory) noexcept __asm__("free");

/// As Dl_info.
struct symbol_info {
    const char* file;
    void* base;
    const char* symbol;
    void* at;
};
[[gnu::visibility("default"), gnu::weak]] int dladdr(const void* at, symbol_info* info) noexcept __asm__("dladdr");
} // namespace c

inline namespace INLAY_TARGET {

[[nodiscard]] inline std::size_t smaller(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }

/// As substr(), but without the C++ library (substr() may throw).
[[nodiscard]] inline std::string_view part_of(std::string_view text, std::size_t from,
                                              std::size_t size = std::string_view::npos) noexcept {
    from = smaller(from, text.size());
    return {text.data() + from, smaller(size, text.size() - from)};
}

/// A name as a user spells it: "sched_clock", or the name of a target.
struct asked_name {
    std::string_view name;
    std::string_view target{};
    bool is_target{};

    /// Calls `function(char)` for each byte as the tables have it, until that returns false; whether none did.
    template <class Function>
    [[nodiscard]] bool each_byte(const Function& function) const noexcept {
        const auto all = [&](std::string_view text) noexcept {
            for (const char each : text) {
                if (each == '\0' ? !function('\xc0') || !function('\x80') : !function(each)) {
                    return false;
                }
            }
            return true;
        };
        return all(name) && (!is_target || (function('=') && all(target)));
    }

    [[nodiscard]] std::uint32_t hash() const noexcept {
        std::uint32_t result = hash_of("");
        (void)each_byte([&](char each) noexcept {
            result = hash_with(result, each);
            return true;
        });
        return result;
    }
    [[nodiscard]] bool is(const char* text) const noexcept {
        const bool begins = each_byte([&](char each) noexcept {
            const bool same = each == *text;
            ++text;
            return same;
        });
        return begins && *text == '\0';
    }
};

/// The first name of a tree that is spelled so, or null.
[[nodiscard]] inline const table::named* find_name(const table::named* root, const asked_name& text) noexcept {
    const std::uint32_t hash = text.hash();
    while (root != nullptr) {
        const table::cell_state& state = cell_of(*root).state;
        if (state.hash == hash && text.is(text_at(root->name))) {
            break;
        }
        root = state.under[hash >= state.hash ? 1 : 0];
    }
    return root;
}

/// Calls `function(const table::named&)` for each name of a tree, and for the names attached to it.
template <class Function>
void for_each_in_tree(const table::named* root, const Function& function) noexcept {
    while (root != nullptr) {
        const table::cell_state& state = cell_of(*root).state;
        for_each_in_tree(state.under[0], function);
        for (const table::named* each = root; each != nullptr; each = cell_of(*each).state.under[2]) {
            function(*each);
        }
        root = state.under[1];
    }
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
