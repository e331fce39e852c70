// SPDX-License-Identifier: BSL-1.0
//
// static_call: a function pointer without the indirect call; its target may change at any time.
//
//     inline constexpr inlay::static_call<"sched_clock", &jiffies_clock> sched_clock;
//     auto t = sched_clock();
//     inlay::update(sched_clock, &tsc_clock);              // poke.hpp; at any time, other threads running
//
//     inline constexpr inlay::static_call<"probe", inlay::no_target<void(int)>> probe;
//     probe.maybe(1);                                      // nothing, until it is given a target
//
// How it works. The object converts to a pointer to its trampoline. So `sched_clock()` is an ordinary call, with
// overload resolution, copies and exceptions: the compiler emits `call trampoline` (or `jmp`, in tail position). The
// trampoline jumps through a pointer, so that calls and update() work before apply(). A marker before the call leaves a
// record of 8 bytes in section inlay_calls. From the marker, apply() walks, instruction by instruction, to the call of
// exactly this trampoline, and redirects it. Later, update() rewrites that call. If apply() does not find the call, or
// the target is out of reach, the call stays on the trampoline: slower, never wrong.
//
// A call of a target that does nothing becomes a nop. A call of a target that returns zero becomes a single instruction
// (x86: `xor rax, rax`).
//
// A name is an identity: a call is the same in all units, shared libraries and plugins of a process.
// Compare Linux's DEFINE_STATIC_CALL, static_call_update(), static_call_cond() (static_call.h).
#pragma once

#include "inlay/named.hpp"
#include "inlay/traits.hpp"
#include "inlay/trampoline.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// A null target of a type: `static_call<"probe", no_target<void(int)>>`, `update(probe, no_target<void(int)>)`.
template <class Function>
struct no_target_t {};
template <class Function>
inline constexpr no_target_t<Function> no_target{};

/// A target that returns zero: false, 0, a null pointer.
template <class Function>
struct returns_zero_t {};
template <class Function>
inline constexpr returns_zero_t<Function> returns_zero{};

namespace detail {

template <class Function>
inline constexpr bool is_variadic = false;
template <class Result, class... Parameters>
inline constexpr bool is_variadic<Result(Parameters..., ...)> = true;
template <class Result, class... Parameters>
inline constexpr bool is_variadic<Result(Parameters..., ...) noexcept> = true;

/// The result of a function type.
template <class Function>
struct result_of;
template <class Result, class... Parameters>
struct result_of<Result(Parameters...)> {
    using type = Result;
};
template <class Result, class... Parameters>
struct result_of<Result(Parameters...) noexcept> {
    using type = Result;
};

template <class Function>
inline constexpr bool returns_void = false;
template <class... Parameters>
inline constexpr bool returns_void<void(Parameters...)> = true;
template <class... Parameters>
inline constexpr bool returns_void<void(Parameters...) noexcept> = true;

/// Whether a function of this type may have a target that returns zero: the result is void, or in one general register.
template <class Function>
inline constexpr bool may_be_zero = []() consteval {
    if constexpr (is_variadic<Function>) {
        return true; // refused elsewhere
    } else {
        using result = typename result_of<Function>::type;
        if constexpr (detail::is_void<result>) {
            return true;
        } else {
            return (detail::is_integral<result> || detail::is_enum<result> || detail::is_pointer<result>) &&
                   sizeof(result) <= sizeof(uintptr_t);
        }
    }
}();

/// A member function as a function of its object. Arguments that are objects are moved once more on the way.
template <class Type>
struct member_type {};
template <class Result, class Class, class... Parameters>
struct member_type<Result (Class::*)(Parameters...)> {
    using function = Result(Class&, Parameters...);
    template <auto Member>
    [[gnu::visibility("hidden")]] static Result call(Class& object, Parameters... parameters) {
        return (object.*Member)(static_cast<Parameters&&>(parameters)...);
    }
};
template <class Result, class Class, class... Parameters>
struct member_type<Result (Class::*)(Parameters...) noexcept> {
    using function = Result(Class&, Parameters...) noexcept;
    template <auto Member>
    [[gnu::visibility("hidden")]] static Result call(Class& object, Parameters... parameters) noexcept {
        return (object.*Member)(static_cast<Parameters&&>(parameters)...);
    }
};
template <class Result, class Class, class... Parameters>
struct member_type<Result (Class::*)(Parameters...) const> {
    using function = Result(const Class&, Parameters...);
    template <auto Member>
    [[gnu::visibility("hidden")]] static Result call(const Class& object, Parameters... parameters) {
        return (object.*Member)(static_cast<Parameters&&>(parameters)...);
    }
};
template <class Result, class Class, class... Parameters>
struct member_type<Result (Class::*)(Parameters...) const noexcept> {
    using function = Result(const Class&, Parameters...) noexcept;
    template <auto Member>
    [[gnu::visibility("hidden")]] static Result call(const Class& object, Parameters... parameters) noexcept {
        return (object.*Member)(static_cast<Parameters&&>(parameters)...);
    }
};

template <class Type>
concept plain_member = requires { typename member_type<Type>::function; };

} // namespace detail

/// A member function as a target: `member<&shape::draw>` has the type `void (*)(shape&, int)`, and a static call of
/// that type is called with the object first. Member functions qualified volatile, & or && need a lambda.
template <auto Member>
    requires detail::plain_member<detail::plain<decltype(Member)>>
[[gnu::visibility("hidden")]] inline constexpr
    typename detail::member_type<detail::plain<decltype(Member)>>::function* member =
        &detail::member_type<detail::plain<decltype(Member)>>::template call<Member>;

namespace detail {

/// The kind of a target, for any spelling: function, overload, lambda, member function, no_target, returns_zero.
template <class Target>
struct target_of_type {
    static constexpr bool known = false;
    using function = void;
    using stored = void;
};
template <class Function>
    requires detail::is_function<Function>
struct target_of_type<Function*> {
    static constexpr bool known = true;
    using function = Function;
    using stored = Function; ///< the type that the cell's pointer leads to
    static constexpr auto mode = table::call_mode::function;
    template <auto Target>
    static constexpr Function* pointer = Target;
};
template <class Closure>
    requires detail::is_class<Closure> && requires(Closure closure) { +closure; }
struct target_of_type<Closure> : target_of_type<decltype(+Closure{})> {
    template <auto Target>
    static constexpr auto* pointer = +Target;
};
/// Does nothing; a result is zero.
template <class Function>
struct null_target {
    static constexpr bool known = true;
    using function = Function;
    using stored = uintptr_t() noexcept;
    static constexpr auto mode = table::call_mode::zero;
    template <auto Target>
    static constexpr stored* pointer = &zero;
};
template <class Function>
    requires returns_void<Function>
struct null_target<Function> {
    static constexpr bool known = true;
    using function = Function;
    using stored = void() noexcept;
    static constexpr auto mode = table::call_mode::nothing;
    template <auto Target>
    static constexpr stored* pointer = &nothing;
};
template <class Function>
struct target_of_type<no_target_t<Function>> : null_target<Function> {};
template <class Function>
struct target_of_type<returns_zero_t<Function>> : null_target<Function> {};

template <plain_member Member>
struct target_of_type<Member> {
    static constexpr bool known = true;
    using function = typename member_type<Member>::function;
    using stored = function;
    static constexpr auto mode = table::call_mode::function;
    template <auto Target>
    static constexpr function* pointer = member<Target>;
};

/// The cell of a static call: a table::cell whose value is a pointer to a function. The initial value must be constant.
template <class Function>
struct call_cell {
    Function* target;
    table::cell_state state;
};

} // namespace detail

/// A call of `Default`, until update() says otherwise; of any signature but a variadic one. Calls are thread-safe, also
/// while the call is updated.
template <name Name, auto Default>
struct static_call {
private:
    using kind = detail::target_of_type<detail::plain<decltype(Default)>>;
    static_assert(kind::known,
                  "inlay: the second argument of static_call is the address of a function, a lambda without "
                  "captures, no_target<R(A...)> or returns_zero<R(A...)>");

public:
    using function = typename kind::function;

    static_assert(!Name.empty(), "inlay: a static call needs a name: static_call<\"sched_clock\", &jiffies_clock>");
    static_assert(!detail::is_variadic<function>,
                  "inlay: a static call cannot have a variadic function (...); give it one with fixed parameters that "
                  "calls the variadic one");
    static_assert(
        kind::mode == table::call_mode::function || detail::may_be_zero<function>,
        "inlay: no_target and returns_zero are for functions that return void, an integer, an enum or a pointer");

    /// Each image has one.
    [[gnu::visibility("hidden")]] static inline constinit detail::call_cell<typename kind::stored> state{
        .target = kind::template pointer<Default>,
        .state = {.mode = kind::mode, .hash = detail::name_text<Name>::hash}};
    static constexpr auto trampoline = detail::trampoline_of<Name, function>;

    /// The target of a call expression. It emits the marker, so use it only in a call expression: `sched_clock()`.
    // NOLINTNEXTLINE(google-explicit-constructor): a call through the conversion is the point
    [[gnu::always_inline]] inline operator function*() const noexcept {
        static_assert(!detail::same<detail::plain<decltype(Default)>, no_target_t<function>>,
                      "inlay: this static call has no target to begin with; say call.maybe(arguments...)");
        return site();
    }

    /// `call.maybe(arguments...)`: the call of a target that may be null. Then it does nothing, and returns zero.
    struct maybe_call {
        // NOLINTNEXTLINE(google-explicit-constructor): as above
        [[gnu::always_inline]] inline operator function*() const noexcept {
            static_assert(detail::may_be_zero<function>,
                          "inlay: maybe() is for functions that return void, an integer, an enum or a pointer");
            return site();
        }
    };
    [[no_unique_address]] maybe_call maybe{};

    /// Writes the descriptions that a unit needs; no instruction.
    [[gnu::always_inline]] static inline void describe() noexcept {
        arch::emit::trampoline<static_call>();
        detail::describe_named<static_call, Name, function>();
    }

private:
    [[gnu::always_inline]] static inline function* site() noexcept {
        describe();
        emit::static_call_site<static_call>();
        return detail::called_as<function>(trampoline);
    }
};

} // namespace inlay
