// SPDX-License-Identifier: BSL-1.0
//
// controls: a program's knobs by name: found while compiling, and set by text. Needs Boost.Hana; hosted only.
//
//     inline constexpr auto knobs = inlay::controls(
//         trace, level,
//         inlay::control(sched_clock, inlay::target<"jiffies", &jiffies_clock>, inlay::target<"tsc", &tsc_clock>));
//
//     using namespace inlay::literals;
//     if (knobs["app.trace"_s]) ...                        // the same nop as `if (trace)`
//     inlay::set(knobs["codec.level"_s], 2);
//
//     auto done = inlay::configure(knobs, "app.trace=on,codec.level=2,sched_clock=tsc");
//     if (!done) std::fputs(done.text().c_str(), stderr);  // the error, and the existing names
//     inlay::print(knobs);                                 // a line for each
//
// How it works. A Hana map leads from names to declarations. Names are types (boost::hana::string); declarations are
// empty objects. So `knobs[...]` returns the declaration itself, and the compiler sees no difference. By the same
// names, configure() searches the process's tree as texts (names.hpp, configure.hpp), so it reaches all images. Only
// this header and hana.hpp include Hana.
#pragma once

#include "inlay/configure.hpp"

#include <boost/hana/at_key.hpp>
#include <boost/hana/contains.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/fwd/unpack.hpp>
#include <boost/hana/map.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/string.hpp>

#include <cstdio>
#include <string_view>
#include <type_traits>
#include <utility>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Declaration>
struct control_of {
    static constexpr bool known = false;
};
template <name Name, bool Initial>
struct control_of<static_key<Name, Initial>> {
    using declaration = static_key<Name, Initial>;
    static constexpr bool known = true;
    static constexpr auto name = Name;
};
template <name Name, unsigned Ways, auto Initial>
struct control_of<static_switch<Name, Ways, Initial>> {
    using declaration = static_switch<Name, Ways, Initial>;
    static constexpr bool known = true;
    static constexpr auto name = Name;
};
template <name Name, auto Default>
struct control_of<static_call<Name, Default>> {
    using declaration = static_call<Name, Default>;
    static constexpr bool known = true;
    static constexpr auto name = Name;
};
template <name Name, class Function>
struct control_of<hook<Name, Function>> {
    using declaration = typename hook<Name, Function>::declaration;
    static constexpr bool known = true;
    static constexpr auto name = Name;
};

template <class Declaration>
inline constexpr bool is_call = false;
template <name Name, auto Default>
inline constexpr bool is_call<static_call<Name, Default>> = true;
template <class Declaration>
inline constexpr bool is_hook = false;
template <name Name, class Function>
inline constexpr bool is_hook<hook<Name, Function>> = true;

/// A name as Hana's string.
template <name Name>
[[nodiscard]] consteval auto string_of() noexcept {
    return []<std::size_t... Index>(std::index_sequence<Index...>) {
        return boost::hana::string<Name.text[Index]...>{};
    }(std::make_index_sequence<sizeof(Name.text) - 1>{});
}
template <char... Text>
[[nodiscard]] consteval auto name_of(boost::hana::string<Text...> /*text*/) noexcept {
    constexpr char text[]{Text..., '\0'}; // NOLINT(*-avoid-c-arrays): as in a name
    return name{text};
}

} // namespace detail

/// One knob: a static key, switch, call or hook, with names for the targets of a call or hook.
template <class Declaration, class... Targets>
struct control_t {
    static_assert(detail::control_of<Declaration>::known,
                  "inlay: a control is a static key, a static switch, a static call or a hook");
    using declaration_type = Declaration;

    /// The key, switch, call or hook itself.
    static constexpr Declaration declaration{};

    /// Its name as a text, and as a boost::hana::string.
    [[nodiscard]] static constexpr std::string_view name() noexcept { return {text.text, sizeof(text.text) - 1}; }
    [[nodiscard]] static consteval auto key() noexcept { return detail::string_of<text>(); }

    /// The record of the key, switch, call or hook, and the records of its targets' names.
    [[nodiscard, gnu::always_inline]] static inline const table::named* describe() noexcept {
        if constexpr (sizeof...(Targets) != 0) {
            name_targets(declaration, Targets{}...);
        }
        return &detail::described<typename detail::control_of<Declaration>::declaration>();
    }

    static constexpr auto text = detail::control_of<Declaration>::name;
    static_assert(detail::may_be_setting(text),
                  "inlay: a text cannot set a control whose name has a blank, a comma, '=' or '#' in it");
};

/// A static call or hook with names for its targets: `control(sched_clock, target<"tsc", &tsc_clock>)`. Then a text can
/// also set the targets "default" (the target of the declaration) and "null" (if the call may have no target; a hook may).
template <class Declaration, detail::target_with_name... Targets>
[[nodiscard]] consteval auto control(const Declaration& /*declaration*/, const Targets&... /*targets*/) noexcept {
    static_assert(detail::control_of<Declaration>::known,
                  "inlay: the first argument of control() is a static key, a static switch, a static call or a hook");
    static_assert(sizeof...(Targets) == 0 || detail::is_call<Declaration> || detail::is_hook<Declaration>,
                  "inlay: only static calls and hooks have targets: keys take on and off, switches take numbers");
    if constexpr (sizeof...(Targets) != 0 && detail::is_call<Declaration>) {
        static_assert((detail::fits_call<typename Declaration::function, Targets::value> && ...),
                      "inlay: a target of a static call is a function of exactly the call's signature (it may be "
                      "noexcept), or a lambda without captures. It may also be nullptr, no_target<R(A...)>, "
                      "returns_zero<R(A...)>");
        static_assert(detail::are_different<Targets::text...>, "inlay: two targets of a static call have one name");
    }
    if constexpr (sizeof...(Targets) != 0 && detail::is_hook<Declaration>) {
        static_assert((detail::fits_hook<typename Declaration::function, Targets::value> && ...),
                      "inlay: a target of a hook is a function of exactly the hook's type, and noexcept; or a lambda "
                      "without captures that is noexcept");
        static_assert(detail::are_different<Targets::text...>, "inlay: two targets of a hook have one name");
    }
    return control_t<Declaration, Targets...>{};
}

namespace detail {

template <class Given>
struct as_control {
    using type = control_t<Given>;
};
template <class Declaration, class... Targets>
struct as_control<control_t<Declaration, Targets...>> {
    using type = control_t<Declaration, Targets...>;
};

struct controls_tag;

/// Where the records are. (A std::array has functions that an image would export.)
template <std::size_t Count>
struct names_of_controls {
    const table::named* all[Count == 0 ? 1 : Count]; // NOLINT(*-avoid-c-arrays)
    [[nodiscard]] settable only() const noexcept { return {all, Count, false}; }
};

/// Has the unknown name and the existing names in its type, which the compiler shows.
template <bool Found, name Asked, name... Known>
struct a_control_has_this_name {
    static_assert(Found, "inlay: none of these controls has the name `Asked`; write one of the names `Known`, "
                         "or add the key, switch, call or hook to inlay::controls(...)");
};
template <bool Different, name... Names>
struct controls_have_different_names {
    static_assert(Different,
                  "inlay: two of these controls have one name (see `Names`): each key, switch, call or hook stands in "
                  "inlay::controls(...) once");
};

} // namespace detail

/// Knobs by name. Empty: copies cost nothing.
template <class... Controls>
class controls_t {
    static_assert(
        sizeof(detail::controls_have_different_names<detail::are_different<Controls::text...>, Controls::text...>) !=
        0);

public:
    using hana_tag = detail::controls_tag;

    /// The names as boost::hana::strings, and the controls: a map for Hana's algorithms.
    [[nodiscard]] static constexpr auto map() noexcept {
        return boost::hana::make_map(boost::hana::make_pair(Controls::key(), Controls{})...);
    }

    /// The key, switch, call or hook of this name: knobs["app.trace"_s], knobs[BOOST_HANA_STRING("app.trace")].
    template <char... Text>
    [[nodiscard, gnu::always_inline]] constexpr auto operator[](boost::hana::string<Text...> name) const noexcept {
        constexpr bool found =
            decltype(boost::hana::contains(std::declval<map_type>(), boost::hana::string<Text...>{}))::value;
        if constexpr (sizeof(detail::a_control_has_this_name<found, detail::name_of(boost::hana::string<Text...>{}),
                                                             Controls::text...>) != 0 &&
                      found) {
            using control = std::remove_cvref_t<decltype(boost::hana::at_key(std::declval<map_type>(), name))>;
            return typename control::declaration_type{};
        }
    }

    static constexpr std::size_t size = sizeof...(Controls);

    /// Writes the records that the controls need, and returns where they are.
    [[nodiscard, gnu::visibility("hidden")]] static detail::names_of_controls<sizeof...(Controls)> describe() noexcept {
        return {{Controls::describe()...}};
    }

private:
    using map_type = decltype(map());
};

/// Knobs of a program or library: static keys, switches, calls and hooks, and results of control().
template <class... Given>
[[nodiscard]] consteval auto controls(const Given&... /*given*/) noexcept {
    return controls_t<typename detail::as_control<Given>::type...>{};
}

namespace literals {

/// A name for `knobs[...]`.
template <name Text>
[[nodiscard]] consteval auto operator""_s() noexcept {
    return detail::string_of<Text>();
}

} // namespace literals

/// Calls `function(control)` for each control, in the order of controls(...); each has a separate type.
template <class... Controls, class Function>
constexpr void for_each(const controls_t<Controls...>& knobs, const Function& function) {
    boost::hana::for_each(knobs, [&](const auto& each) { function(boost::hana::second(each)); });
}

inline namespace INLAY_TARGET {

// As the functions of configure.hpp, but only with the names of the controls. An error for an unknown name lists them.

template <class... Controls>
[[gnu::visibility("hidden")]] configured configure(const controls_t<Controls...>& knobs, std::string_view text) {
    const auto names = knobs.describe();
    return detail::configure_text(text, {}, names.only());
}

template <class... Controls>
[[gnu::visibility("hidden")]] configured configure_file(const controls_t<Controls...>& knobs, const char* path) {
    const auto names = knobs.describe();
    return detail::configure_file(path, names.only());
}

/// (Give a library's controls a separate variable: each unknown name is an error.)
template <class... Controls>
[[gnu::visibility("hidden")]] configured configure_environment(const controls_t<Controls...>& knobs,
                                                               const char* variable = "INLAY_SET") {
    const auto names = knobs.describe();
    return detail::configure_environment(variable, names.only());
}

template <class... Controls>
[[gnu::visibility("hidden")]] configured configure_arguments(const controls_t<Controls...>& knobs, int& argc,
                                                             char** argv, std::string_view option = "--set") {
    const auto names = knobs.describe();
    return detail::configure_arguments(argc, argv, option, names.only());
}

/// Calls `function(const name_entry&)` for each control, in the order of the names' bytes: its value, default, sites.
template <class... Controls, class Function>
[[gnu::visibility("hidden")]] outcome for_each_name(const controls_t<Controls...>& knobs, Function function) {
    const auto names = knobs.describe();
    return detail::for_each_wanted(names.only(), function);
}

/// Prints a line for each control: value, kind, values, default, and how many sites.
template <class... Controls>
[[gnu::visibility("hidden")]] outcome print(const controls_t<Controls...>& knobs, std::FILE* file = stdout) {
    return for_each_name(knobs, [&](const name_entry& each) {
        detail::write_entry(each, [&](std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), file); });
    });
}

} // namespace INLAY_TARGET

} // namespace inlay

/// For Hana, controls are a Foldable: a sequence of pairs, each with a name and a control.
template <>
struct [[gnu::visibility("hidden")]] boost::hana::unpack_impl<inlay::detail::controls_tag> {
    template <class Knobs, class Function>
    static constexpr decltype(auto) apply(const Knobs& /*knobs*/, Function&& function) {
        return boost::hana::unpack(Knobs::map(), std::forward<Function>(function));
    }
};
