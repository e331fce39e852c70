// SPDX-License-Identifier: BSL-1.0
//
// targets: names for the targets of static calls and hooks, so that text can set them.
//
//     inlay::name_targets(sched_clock, inlay::target<"tsc", &tsc_clock>, inlay::target<"jiffies", &jiffies_clock>);
//
// How it works. A target's name is a name of the process, "sched_clock=tsc": a record without sites, whose cell
// holds the target. So it comes and goes with its image, and other images find it in the tree of all names
// (images.hpp).
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/hook.hpp"
#include "inlay/poke.hpp"
#include "inlay/static_call.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <type_traits>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// Whether a character may be in the name of a control or a target: others separate settings in a text.
[[nodiscard]] constexpr bool may_be_in_setting(char c) noexcept {
    return c != ',' && c != '=' && c != '#' && (static_cast<unsigned char>(c) > ' ') && c != '\x7f';
}
template <std::size_t Size>
[[nodiscard]] consteval bool may_be_setting(const name<Size>& text) noexcept {
    for (std::size_t i = 0; i + 1 < Size; ++i) {
        if (!may_be_in_setting(text.text[i])) {
            return false;
        }
    }
    return Size > 1;
}

/// "call=target"
template <name Call, name Target>
[[nodiscard]] consteval auto target_name() noexcept {
    char text[sizeof(Call.text) + sizeof(Target.text)]{}; // NOLINT(*-avoid-c-arrays): as in a name
    std::size_t length = 0;
    for (std::size_t i = 0; i + 1 < sizeof(Call.text); ++i) {
        text[length++] = Call.text[i];
    }
    text[length++] = '=';
    for (std::size_t i = 0; i + 1 < sizeof(Target.text); ++i) {
        text[length++] = Target.text[i];
    }
    return name{text};
}

/// A target as text names it: a function, or an object whose type has a `target_of_type`.
template <class Function, auto Target>
struct target_as : target_of_type<std::remove_cv_t<decltype(Target)>> {};
template <class Function, auto Target>
    requires std::is_null_pointer_v<std::remove_cv_t<decltype(Target)>>
struct target_as<Function, Target> : null_target<Function> {};

/// Whether a call of type `Function` can go to the target.
template <class Function, auto Target>
inline constexpr bool fits_call = []() consteval {
    using kind = target_as<Function, Target>;
    if constexpr (kind::known) {
        if constexpr (kind::mode == table::call_mode::function) {
            return std::is_convertible_v<typename kind::function*, Function*>;
        } else {
            return std::is_same_v<typename kind::function, Function> && may_be_zero<Function>;
        }
    }
    return false;
}();

/// The value of a named target's cell: the same as in a static call with this default.
template <class Function, auto Target>
struct target_cell {
    using kind = target_as<Function, Target>;
    static constexpr auto* pointer = kind::template pointer<Target>;
};
template <class Function, auto Target>
    requires(target_as<Function, Target>::mode == table::call_mode::function)
struct target_cell<Function, Target> {
    static constexpr Function* pointer = target_as<Function, Target>::template pointer<Target>;
};

/// The name of a call's target, as a name of the process. It has no trampoline, unlike the name of a call.
template <name Call, class Function, name Name, auto Target>
struct named_target {
    using cell = target_cell<Function, Target>;

    [[gnu::visibility(
        "hidden")]] static inline constinit call_cell<std::remove_pointer_t<std::remove_cv_t<decltype(cell::pointer)>>>
        state{.target = cell::pointer,
              .state = {.mode = target_as<Function, Target>::mode, .hash = name_text<target_name<Call, Name>()>::hash}};

    [[gnu::always_inline]] static inline void describe() noexcept {
        describe_named<named_target, target_name<Call, Name>(), Function>();
    }
};

/// The name of a hook's target.
template <name Hook, class Function, name Name, auto Target>
struct named_hook_target {
    [[gnu::visibility("hidden")]] static inline constinit call_cell<Function> state{
        .target = Target,
        .state = {.mode = table::call_mode::hook, .hash = name_text<target_name<Hook, Name>()>::hash}};

    [[gnu::always_inline]] static inline void describe() noexcept {
        describe_named<named_hook_target, target_name<Hook, Name>(), hook_of<typename hook_function<Function>::type>>();
    }
};

} // namespace detail

/// A name for a target of a static call: `target<"tsc", &tsc_clock>`. `Target` is an argument of update(): a function,
/// a lambda without captures, nullptr, no_target<R(A...)> or returns_zero<R(A...)>.
template <name Name, auto Target>
struct target_t {
    static_assert(detail::may_be_setting(Name),
                  "inlay: the name of a target is not empty, and has no blank, comma, '=' or '#' in it");
    static_assert(Name != name{"default"} && Name != name{"null"},
                  "inlay: \"default\" and \"null\" are targets of each static call already: use another name");

    static constexpr auto text = Name;
    static constexpr auto value = Target;
};
template <name Name, auto Target>
inline constexpr target_t<Name, Target> target{};

namespace detail {

// Functions take targets by their types: GCC 16 finds another type if it deduces a target that is a lambda.
template <class T>
inline constexpr bool is_target = false;
template <name Name, auto Target>
inline constexpr bool is_target<target_t<Name, Target>> = true;
template <class T>
concept target_with_name = is_target<T>;

/// Names a target, and keeps the name where a linker drops data without a reference.
template <name Call, class Function, name Name, auto Target>
[[gnu::always_inline]] inline void name_target() noexcept {
    static_assert(
        fits_call<Function, Target>,
        "inlay: a target of a static call is a function of exactly the call's signature (it may be noexcept), "
        "or a lambda without captures. It may also be nullptr, no_target<R(A...)>, returns_zero<R(A...)>");
    if constexpr (fits_call<Function, Target>) {
        (void)described<named_target<Call, Function, Name, Target>>();
    }
}

template <name... Names>
inline constexpr bool are_different = true;
template <name First, name... Others>
inline constexpr bool are_different<First, Others...> = ((First != Others) && ...) && are_different<Others...>;

/// Whether a hook of type `Function` can have the target. (Text can always set null.)
template <class Function, auto Target>
inline constexpr bool fits_hook =
    std::is_convertible_v<decltype(Target), Function*> && !std::is_null_pointer_v<std::remove_cv_t<decltype(Target)>>;

/// Names a target of a hook.
template <name Hook, class Function, name Name, auto Target>
[[gnu::always_inline]] inline void name_hook_target() noexcept {
    static_assert(fits_hook<Function, Target>,
                  "inlay: a target of a hook is a function of exactly the hook's type, and noexcept; or a lambda "
                  "without captures that is noexcept");
    if constexpr (fits_hook<Function, Target>) {
        (void)described<named_hook_target<Hook, Function, Name, static_cast<Function*>(Target)>>();
    }
}

} // namespace detail

/// Gives names to targets of a static call, for this image and all others while it is loaded. "default" is the target
/// of the declaration, "null" is the null target. The names come from the tables, not from running this function: it
/// may run often, in any function that the program keeps, or never.
template <name Call, auto Default, detail::target_with_name... Targets>
[[gnu::always_inline]] inline void name_targets(const static_call<Call, Default>& /*call*/,
                                                const Targets&... /*targets*/) noexcept {
    static_assert(detail::are_different<Targets::text...>, "inlay: two targets of a static call have one name");
    using function = typename static_call<Call, Default>::function;
    (detail::name_target<Call, function, Targets::text, Targets::value>(), ...);
    detail::name_target<Call, function, name{"default"}, Default>();
    if constexpr (detail::may_be_zero<function>) {
        detail::name_target<Call, function, name{"null"}, nullptr>();
    }
}

/// The same for a hook. A text can always set "null".
template <name Hook, class Function, detail::target_with_name... Targets>
[[gnu::always_inline]] inline void name_targets(const hook<Hook, Function>& /*hook*/,
                                                const Targets&... /*targets*/) noexcept {
    static_assert(detail::are_different<Targets::text...>, "inlay: two targets of a hook have one name");
    using function = typename hook<Hook, Function>::function;
    (detail::name_hook_target<Hook, function, Targets::text, Targets::value>(), ...);
}

} // namespace inlay
