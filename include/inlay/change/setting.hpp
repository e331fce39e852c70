// SPDX-License-Identifier: BSL-1.0
//
// setting: the effect of a change on a name's setting.
//
//     detail::change how = detail::to_value(true);                // or enabling, disabling, to_way<40>(2)
//     detail::change how = detail::to_target(&tsc_clock);
//     table::setting to = setting_of(cell);
//     error trouble = detail::make_setting(how, to);              // `to` is the new setting of the cell
//
// How it works. A change is a value: it says how the present setting of a name becomes the next one. Arguments that
// cannot be right, such as a value that a switch does not have, become a change that is refused when it is made.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/static_call.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

enum class change_kind : uint8_t {
    value,   ///< a key or switch gets `value`
    enable,  ///< a key is on, until it is disabled as often
    disable, ///< takes back one `enable`
    target,  ///< a static call gets the target `value`, a function of the kind `mode`
    put_back ///< everything is as in the setting at `value`
};

/// A change of one name.
struct change {
    change_kind kind;
    address value;
    table::call_mode mode{};
    error refused{error::no_error}; ///< the reason, if no setting allows the change
};

/// Makes the change in a setting.
[[nodiscard]] inline error make_setting(const change& how, table::setting& to) noexcept {
    if (how.refused != error::no_error) {
        return how.refused;
    }
    if (how.kind == change_kind::put_back) {
        to = *reinterpret_cast<const table::setting*>(how.value);
        return error::no_error;
    }
    to.changed = 1;
    if (how.kind == change_kind::enable) {
        if (to.enabled == __INT32_MAX__) {
            return error::enabled_too_often;
        }
        to.enabled += 1;
        to.value = 1;
    } else if (how.kind == change_kind::disable) {
        if (to.enabled <= 0) {
            return error::not_enabled;
        }
        to.enabled -= 1;
        to.value = to.enabled != 0 ? 1 : 0;
    } else if (how.kind == change_kind::target) {
        to.value = how.value;
        to.mode = how.mode;
    } else {
        to.value = how.value;
        to.enabled = how.value != 0 ? 1 : 0;
    }
    return error::no_error;
}

// ---- Changes of keys and switches ------------------------------------------------------------------

inline constexpr change enabling{change_kind::enable, 0};
inline constexpr change disabling{change_kind::disable, 0};

[[nodiscard]] constexpr change to_number(address value) noexcept { return {change_kind::value, value}; }
[[nodiscard]] constexpr change to_value(bool value) noexcept { return to_number(value ? 1U : 0U); }

template <unsigned Ways>
[[nodiscard]] constexpr change to_way(unsigned value) noexcept {
    change how = to_number(value);
    how.refused = value < Ways ? error::no_error : error::value_outside;
    return how;
}

/// The change that undoes others: `before` lives until it is made.
[[nodiscard]] inline change back_to(const table::setting& before) noexcept {
    return {change_kind::put_back, reinterpret_cast<address>(&before)};
}

// ---- Changes of static calls -----------------------------------------------------------------------

[[nodiscard]] constexpr change to_address(address target, table::call_mode mode = table::call_mode::function) noexcept {
    return {change_kind::target, target, mode};
}

/// A target that update() takes as it is: it converts to a pointer to the call's function.
template <class Function>
[[nodiscard]] change to_target(Function* target) noexcept {
    change how = to_address(reinterpret_cast<address>(target));
    if (target == nullptr) {
        how.mode = null_target<Function>::mode;
        how.refused = may_be_zero<Function> ? error::no_error : error::target_null;
    }
    return how;
}

/// A target of a hook.
template <class Function>
[[nodiscard]] change to_hook(Function* target) noexcept {
    return to_address(reinterpret_cast<address>(target),
                      target != nullptr ? table::call_mode::hook : table::call_mode::nothing);
}

/// Any other argument for a hook.
template <class Target>
consteval void refuse_target_of_hook() noexcept {
    static_assert(
        sizeof(Target) == 0,
        "inlay: the target of a hook is a function of exactly the hook's type, and noexcept: no exception can "
        "leave it; or a lambda without captures that is noexcept, or nullptr");
}

/// Any other argument: no_target, returns_zero, or a wrong one.
template <class Function, class Target>
[[nodiscard]] change to_special_target(const Target& /*target*/) noexcept {
    constexpr bool special =
        detail::same<Target, no_target_t<Function>> || detail::same<Target, returns_zero_t<Function>>;
    static_assert(!plain_member<Target>, "inlay: give a member function to update() as inlay::member<&type::function>");
    static_assert(special || plain_member<Target>,
                  "inlay: the second argument of update() is a function of exactly the call's signature, noexcept "
                  "included; or a lambda without captures, nullptr, no_target<R(A...)>, returns_zero<R(A...)>");
    static_assert(!special || may_be_zero<Function>, "inlay: no_target and returns_zero are for functions that return "
                                                     "void, an integer, an enum or a pointer");
    if constexpr (special) {
        return to_address(0, target_of_type<Target>::mode);
    } else {
        return {};
    }
}

/// The type of the first overload's argument. It is not deduced, so that it resolves the address of an overloaded
/// function.
template <class Call>
using target_for = typename detail::type_is<typename Call::function*>::type;

template <class Target, class Call>
concept other_target = !detail::converts<const Target&, typename Call::function*>;

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
