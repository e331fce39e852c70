// SPDX-License-Identifier: BSL-1.0
//
// poke: changes to keys, switches and static calls, at any time.
//
//     inlay::set(trace, true);                   inlay::enable(trace);  inlay::disable(trace);      // counted
//     inlay::set(level, 2);
//     inlay::update(sched_clock, &tsc_clock);    inlay::update(probe, nullptr);
//     inlay::update(filter, inlay::returns_zero<int(int)>);
//     inlay::update(lock, &take_the_lock);       inlay::update(lock, nullptr);                      // a hook
//
//     inlay::set(trace, true, platform);         // a kernel: in this image, written by that text_platform; or without it,
//                                                // once the kernel has declared its own (this_kernel.hpp)
//
// How it works. A change rewrites only the sites of its own name, since apply() has sorted the records. Before apply()
// it rewrites none: the sites read the cells. The derivation of a change's order, and the values that another thread
// finds at each step, are in change/make_change.hpp. A change that fails is taken back.
//
// Each function takes a platform, or none. With a platform, it changes this image, and the platform writes. Without a
// platform, in a Linux program (process.hpp), it reaches all images of the process, and is thread-safe. Other threads
// may execute the sites, and each execution finds the old or the new form. Calls of set() and update() wait for each
// other. They are not async-signal-safe; docs/performance.md has their costs. With your own platform, the platform must
// keep this promise: Linux's kernel stops the other processors, or uses a breakpoint.
//
// Compare Linux's static_branch_enable(), static_key_slow_inc(), static_call_update(), text_poke_bp().
#pragma once

#include "inlay/apply.hpp"
#include "inlay/arch/emit.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/change/make_change.hpp"
#include "inlay/change/setting.hpp"
#include "inlay/hook.hpp"
#include "inlay/image.hpp"
#include "inlay/static_call.hpp"
#include "inlay/static_key.hpp"
#include "inlay/static_switch.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

template <class Declaration>
[[nodiscard, gnu::always_inline]] inline const table::named& described() noexcept {
    Declaration::describe();
    return *arch::emit::address_of_named<Declaration>();
}

/// Makes a change in this image, by `platform`. (process.hpp and this_kernel.hpp have the function without a platform.)
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome change_name(const table::named& what, const change& how,
                                                  Platform& platform) noexcept {
    return change_tables(this_image(), what, how, platform);
}

/// A platform; or none, if process.hpp or this_kernel.hpp is included.
template <class... Where>
concept place_of_change =
    requires(const table::named& what, const change& how, Where&... where) { change_name(what, how, where...); };

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

/// Sets the key: on, or off. A count of enable() becomes 1, or 0.
template <name Name, bool Initial, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome set(const static_key<Name, Initial>& /*key*/, bool value,
                                          Where&... where) noexcept {
    return change_name(detail::described<static_key<Name, Initial>>(), detail::to_value(value), where...);
}

/// Sets the switch to one of its ways. error::value_outside if the switch has no such way.
template <name Name, unsigned Ways, auto Initial, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome set(const static_switch<Name, Ways, Initial>& /*key*/,
                                          typename static_switch<Name, Ways, Initial>::value_type value,
                                          Where&... where) noexcept {
    return change_name(detail::described<static_switch<Name, Ways, Initial>>(),
                       detail::to_way<Ways>(static_cast<unsigned>(value)), where...);
}

/// Turns the key on, until as many disable() as enable() were called. error::enabled_too_often if no more can be
/// counted. (Linux: static_key_slow_inc().)
template <name Name, bool Initial, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome enable(const static_key<Name, Initial>& /*key*/, Where&... where) noexcept {
    return change_name(detail::described<static_key<Name, Initial>>(), detail::enabling, where...);
}

/// Takes back one enable(). error::not_enabled without one to take back.
template <name Name, bool Initial, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome disable(const static_key<Name, Initial>& /*key*/, Where&... where) noexcept {
    return change_name(detail::described<static_key<Name, Initial>>(), detail::disabling, where...);
}

/// Gives the call another target. The target must stay loaded as long as the call goes to it. error::target_null if the
/// target is null and the call returns an object.
template <name Name, auto Default, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome update(const static_call<Name, Default>& /*call*/,
                                             detail::target_for<static_call<Name, Default>> target,
                                             Where&... where) noexcept {
    return change_name(detail::described<static_call<Name, Default>>(), detail::to_target(target), where...);
}
template <name Name, auto Default, class Target, class... Where>
    requires detail::other_target<Target, static_call<Name, Default>> && detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome update(const static_call<Name, Default>& /*call*/, const Target& target,
                                             Where&... where) noexcept {
    using call = static_call<Name, Default>;
    return change_name(detail::described<call>(), detail::to_special_target<typename call::function>(target), where...);
}

/// Gives the hook another target, a noexcept function, or none: null. The target must stay loaded as long as the hook
/// goes to it.
template <name Name, class Function, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome update(const hook<Name, Function>& /*hook*/,
                                             detail::target_for<hook<Name, Function>> target,
                                             Where&... where) noexcept {
    using declaration = typename hook<Name, Function>::declaration;
    return change_name(detail::described<declaration>(), detail::to_hook(target), where...);
}
template <name Name, class Function, class Target, class... Where>
    requires detail::other_target<Target, hook<Name, Function>> && detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome update(const hook<Name, Function>& /*hook*/, const Target& /*target*/,
                                             Where&... /*where*/) noexcept {
    detail::refuse_target_of_hook<Target>();
    return {};
}

} // namespace INLAY_TARGET

} // namespace inlay
