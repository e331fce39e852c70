// SPDX-License-Identifier: BSL-1.0
//
// type: the facts in a name's type: its kind, how many values it has, and the first of them.
//
//     const type_text type = detail::type_of(named);
//     if (type.known() && type.kind() == name_kind::static_key) ...
//
// How it works. They are read from the mangled name that every record of a name has. All compilers of a platform spell
// it in the same way.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/names/entry.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// Reads the mangled name of a `signature`.
class type_text {
public:
    type_text(const char* signature, bool has_trampoline) noexcept : all_{signature}, has_trampoline_{has_trampoline} {
        const std::string_view mangled = part_of(all_, 0, all_.find('.'));
        for (const std::string_view start : {"_ZN5inlay6detail9signatureI", "_ZN5inlay6detail12signature_inI"}) {
            if (part_of(mangled, 0, start.size()) == start) {
                read(part_of(mangled, start.size()));
            }
        }
    }

    [[nodiscard]] bool known() const noexcept { return known_; }
    [[nodiscard]] name_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_target() const noexcept { return kind_ >= name_kind::static_call && !has_trampoline_; }
    [[nodiscard]] unsigned ways() const noexcept { return ways_; }
    [[nodiscard]] unsigned initial() const noexcept { return initial_; }
    /// Whether a call may have a null target, as far as its result's type says so without being declared.
    [[nodiscard]] bool may_be_null() const noexcept { return may_be_null_; }
    [[nodiscard]] table::call_mode null_mode() const noexcept { return null_mode_; }

private:
    static constexpr std::string_view of_key{"NS0_3keyILb"};
    static constexpr std::string_view of_switch{"NS0_9switch_ofI"};
    static constexpr std::string_view of_hook{"NS0_7hook_ofI"};

    void read(std::string_view type) noexcept {
        if (part_of(type, 0, of_key.size()) == of_key && type.size() > of_key.size()) {
            known_ = true;
            kind_ = name_kind::static_key;
            ways_ = 2;
            initial_ = type[of_key.size()] == '1' ? 1 : 0;
        } else if (part_of(type, 0, of_switch.size()) == of_switch) {
            kind_ = name_kind::static_switch;
            for (std::size_t at = of_switch.size(); at < type.size() && !known_; ++at) {
                known_ = ends_switch(part_of(type, at));
            }
        } else {
            kind_ = part_of(type, 0, of_hook.size()) == of_hook ? name_kind::hook : name_kind::static_call;
            type.remove_prefix(kind_ == name_kind::hook ? of_hook.size() : 0);
            type.remove_prefix(part_of(type, 0, 2) == "Do" ? 2 : 0); // noexcept
            known_ = type.size() > 1 && type[0] == 'F';
            if (known_) {
                read_result(part_of(type, 1));
            }
        }
    }

    /// "Lj<number>E": takes it away.
    [[nodiscard]] static bool take_number(std::string_view& text, char type, unsigned long long& number) noexcept {
        if (text.size() < 3 || text[0] != 'L' || text[1] != type) {
            return false;
        }
        std::size_t at = 2;
        for (number = 0; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            number = number * 10 + static_cast<unsigned>(text[at] - '0');
        }
        if (at == 2 || at == text.size() || text[at] != 'E') {
            return false;
        }
        text.remove_prefix(at + 1);
        return true;
    }

    /// Whether `text` is the whole rest after the value's type in the name of a switch; reads it.
    [[nodiscard]] bool ends_switch(std::string_view text) noexcept {
        unsigned long long ways = 0;
        unsigned long long initial = 0;
        unsigned long long unit = 0;
        if (!take_number(text, 'j', ways) || !take_number(text, 'j', initial) || part_of(text, 0, 2) != "EE") {
            return false;
        }
        text.remove_prefix(2);
        (void)take_number(text, 'y', unit);
        ways_ = static_cast<unsigned>(ways);
        initial_ = static_cast<unsigned>(initial);
        return text == "E5valueE";
    }

    void read_result(std::string_view result) noexcept {
        constexpr std::string_view integers{"abchstijlmw"};
        constexpr std::string_view wide_integers{"xy"};
        const bool wide = wide_integers.find(result[0]) != std::string_view::npos;
        may_be_null_ = result[0] == 'v' || result[0] == 'P' || integers.find(result[0]) != std::string_view::npos ||
                       (wide && sizeof(long long) <= sizeof(address));
        null_mode_ = result[0] == 'v' ? table::call_mode::nothing : table::call_mode::zero;
    }

    std::string_view all_;
    bool has_trampoline_;
    bool known_{};
    name_kind kind_{};
    unsigned ways_{};
    unsigned initial_{};
    bool may_be_null_{};
    table::call_mode null_mode_{};
};

[[nodiscard]] inline type_text type_of(const table::named& named) noexcept {
    return {text_at(named.signature), static_cast<bool>(named.trampoline)};
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
