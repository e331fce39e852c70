// SPDX-License-Identifier: BSL-1.0
//
// dispatch: a whole function chosen by features, any signature, called directly once patched.
//
//     inline constexpr inlay::dispatch<"crc32", &crc32_table, when<cpu.sse4_2, &crc32_hw>> crc32;
//     auto c = crc32(buffer);
//
// How it works. The object converts to a pointer to its trampoline. So `crc32(buffer)` is an ordinary call, with
// overload resolution, copies and exceptions: the compiler emits `call trampoline`. The trampoline jumps through a
// pointer that first holds the default, so calls work before apply(). A marker before the call leaves a record of 8
// bytes in section inlay_calls. apply() chooses the target and stores it in the pointer. Then it scans from the marker
// for the call of exactly this trampoline, and redirects it. If it does not find the call, or the target is out of
// reach, the call stays on the trampoline: slower, never wrong. If text cannot be written, the pointer still has the
// right target.
//
// A program can ask for the chosen function, and choose another one (choose.hpp). A dispatch that no code asks has
// neither code nor data for this.
//
// Compare ifunc (resolved by the dynamic linker, before main, in position-independent code only), and
// Linux's static_call().
#pragma once

#include "inlay/describe.hpp"
#include "inlay/traits.hpp"
#include "inlay/trampoline.hpp"
#include "inlay/when.hpp"
#include "inlay/wins.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Function, size_t Count>
struct callee_state {
    Function* target;         ///< the pointer that the trampoline jumps through
    Function* targets[Count]; ///< by ordinal
};

/// Whether a predicate holds now: on this processor, with the features that were set by hand, and with the overrides
/// that apply() has read. (apply() itself goes by the tables.)
template <class Predicate>
struct holds_now;
template <>
struct holds_now<always_t> {
    [[nodiscard]] static bool ask() noexcept { return true; }
};
template <>
struct holds_now<never_t> {
    [[nodiscard]] static bool ask() noexcept { return false; }
};
template <name Name, auto Probe>
struct holds_now<feature<Name, Probe>> {
    [[nodiscard]] static bool ask() noexcept {
        const table::feature_cell& cell = feature<Name, Probe>::cell;
        constexpr auto kind = kind_of_probe<detail::plain<decltype(Probe)>>();
        if (cell.forced != 0) {
            return cell.forced == 2;
        }
        if constexpr (kind == table::probe_kind::cpu) {
            return arch::has(Probe.encode());
        } else if constexpr (kind == table::probe_kind::function) {
            return probe_function<Probe>::call();
        } else {
            return cell.by_hand != 0;
        }
    }
};
template <class Predicate>
struct holds_now<not_<Predicate>> {
    [[nodiscard]] static bool ask() noexcept { return !holds_now<Predicate>::ask(); }
};
template <class... Predicates>
struct holds_now<all_of<Predicates...>> {
    [[nodiscard]] static bool ask() noexcept { return (holds_now<Predicates>::ask() && ...); }
};
template <class... Predicates>
struct holds_now<any_of<Predicates...>> {
    [[nodiscard]] static bool ask() noexcept { return (holds_now<Predicates>::ask() || ...); }
};

} // namespace detail

/// `Default`, or the function of the last `when` whose predicate holds. Calls are thread-safe before and after apply(),
/// not during it. `Name` appears in reports; in one program, one name is one dispatch.
template <name Name, auto Default, class... Whens>
struct dispatch {
    using function = detail::pointee<detail::plain<decltype(Default)>>;

    static_assert(!Name.empty(), "inlay: a dispatch needs a name: dispatch<\"crc32\", &crc32_table, ...>");
    static_assert(detail::is_function<function>,
                  "inlay: the second argument of dispatch is the address of its default function");
    static_assert((detail::same<detail::plain<decltype(Whens::code)>, function*> && ...),
                  "inlay: every function of a dispatch has the signature of the default one");
    static_assert(detail::each_when_can_win<Whens...>());

    [[gnu::visibility("hidden")]] static inline constinit detail::callee_state<function, sizeof...(Whens) + 1> state{
        Default, {Default, Whens::code...}};
    static constexpr auto trampoline = detail::trampoline_of<Name, function>;

    /// Number of functions: the default one and one for each `when`. They are numbered from 0, in that order.
    static constexpr size_t count = sizeof...(Whens) + 1;

    /// A function by its number; null if the dispatch has no such number.
    [[nodiscard]] static constexpr function* candidate(size_t index) noexcept {
        function* result = index == 0 ? Default : nullptr;
        size_t each = 0;
        ((result = ++each == index ? Whens::code : result), ...);
        return result;
    }

    /// The number of a function; `count` if the dispatch does not have it. If the function occurs several times, the
    /// last number.
    [[nodiscard]] static constexpr size_t index_of(function* target) noexcept {
        size_t result = target == Default ? 0 : count;
        size_t each = 0;
        ((result = (++each, target == Whens::code) ? each : result), ...);
        return result;
    }

    /// Whether this function may be chosen: the predicate of its `when` holds now. (The default function may always be
    /// chosen.) Thread-safe if the probes are; INLAY_FEATURES counts from apply() on.
    [[nodiscard]] static bool supported(size_t index) noexcept {
        bool result = index == 0;
        size_t each = 0;
        ((result = ++each == index ? detail::holds_now<detail::plain<decltype(Whens::holds)>>::ask() : result), ...);
        return result;
    }

    /// The function that a call calls now: the default one until apply() or choose(). Thread-safe.
    [[nodiscard]] static function* target() noexcept { return __atomic_load_n(&state.target, __ATOMIC_RELAXED); }

    /// Its number. Thread-safe.
    [[nodiscard]] static size_t chosen() noexcept { return index_of(target()); }

    /// The number of the function that apply() would choose: the last supported function.
    [[nodiscard]] static size_t automatic() noexcept {
        size_t result = 0;
        for (size_t i = 1; i < count; ++i) {
            result = supported(i) ? i : result;
        }
        return result;
    }

    /// The target of a call expression. It emits the marker, so use it only in a call expression: `crc32(buffer)`.
    // NOLINTNEXTLINE(google-explicit-constructor): a call through the conversion is the point
    [[gnu::always_inline]] inline operator function*() const noexcept {
        detail::describe_targets<dispatch, &detail::name_text<Name>::value, Whens...>();
        arch::emit::trampoline<dispatch>();
        emit::callee<dispatch, &detail::name_text<Name>::value, sizeof...(Whens)>();
        emit::call_site<dispatch>();
        return detail::called_as<function>(trampoline);
    }
};

} // namespace inlay
