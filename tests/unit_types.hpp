// SPDX-License-Identifier: BSL-1.0
//
// Names that two units share: with types that have one name but belong to their units, and with types that both units
// share.
#pragma once

#include <inlay/inlay.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace unit_types {

struct both {
    int value;
};
struct lambda {}; // no lambda
enum class mode { off, on };
// In no unnamed namespace, but without a name: each unit has its own.
[[maybe_unused]] constexpr auto closure = [](int x) { return x; };
[[maybe_unused]] constexpr struct {
    int value;
} nameless{};

namespace {

struct item {
    int value;
};
enum class colour { red, blue };
template <class T>
struct box {};
struct outer {
    struct inner {};
};

template <class... Parameters>
void take(Parameters... /*parameters*/) {}

/// Writes the names of this unit.
inline void describe_names() {
    using inlay::static_call, inlay::static_switch;
    static_call<"own.class", &take<item>>::describe();
    static_call<"own.pointer", &take<const item* const*, int>>::describe();
    static_call<"own.member", &take<int item::*>>::describe();
    static_call<"own.array", &take<int item::*(*)[2]>>::describe(); // NOLINT(*-avoid-c-arrays)
    static_call<"own.volatile", &take<int item::* volatile*>>::describe();
    static_call<"own.enum", &take<colour&>>::describe();
    static_call<"own.template", &take<box<int>>>::describe();
    static_call<"own.argument", &take<std::basic_string<char>*, std::pair<int, item>>>::describe();
    static_call<"own.nested", &take<outer::inner>>::describe();
    static_call<"own.lambda", &take<std::remove_cv_t<decltype(closure)>*>>::describe();
    static_call<"own.nameless", &take<std::remove_cv_t<decltype(nameless)>*>>::describe();
    static_call<"own.function", &take<item (*)(int)>>::describe();
    static_switch<"own.switch", 2, colour::red>::describe();

    static_call<"both.class", &take<both>>::describe();
    static_call<"both.names", &take<lambda, lambda*, const lambda&>>::describe();
    static_call<"both.string", &take<std::string, mode>>::describe();
    static_call<"both.plain", &take<int, const char*>>::describe();
    static_switch<"both.switch", 2, mode::on>::describe();
    inlay::static_key<"both.key", true>::describe();
}

constexpr inlay::static_switch<"own.switch", 2, colour::red> own_switch;
[[maybe_unused, gnu::noinline]] colour own_switch_here() { return own_switch; }

} // namespace

void describe_in_other_unit();
int own_switch_in_other_unit();

} // namespace unit_types
