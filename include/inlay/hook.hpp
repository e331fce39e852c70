// SPDX-License-Identifier: BSL-1.0
//
// hook: a static call that is null nearly always, and then costs its caller one nop and no register.
//
//     inline constexpr inlay::hook<"lua.lock", void(State*)> lock;
//
//     lock(state);                                 // a nop of 5 bytes (AArch64: 4), until it is given a target
//     inlay::update(lock, &take_the_lock);         // poke.hpp; at any time, other threads running; noexcept
//     inlay::update(lock, nullptr);                // a nop again
//
// How it works. A call costs more than its instruction. The compiler assumes that a call changes the caller-saved
// registers. So it spills values or pushes registers in the whole function, even if the call has become a nop. So here
// the compiler sees an assembly statement that changes memory and flags, and no register (AArch64: x16, x17 and x30).
// The call goes to a thunk that keeps this promise: it saves all registers, calls the target, and restores them. Its
// record is a static call's record (section inlay_calls), and this thunk is the trampoline. So apply() makes the site
// a nop, or leaves the call as it is.
//
// A hook that is set pays the price: saving all vector registers takes longer than a call (docs/performance.md).
// If a call has a target most of the time, use static_call. If it returns something, or arguments that fit no
// register, use static_call too.
//
// A target is noexcept, since no exception can cross an assembly statement. It is otherwise an ordinary function. Its
// changes of floating-point settings, such as rounding modes, end when it returns. (The call cannot keep the tiles of
// AMX: units compiled for AMX have no hooks.)
//
// Linux: PV_CALLEE_SAVE_REGS_THUNK, for general registers; DEFINE_STATIC_CALL_NULL.
#pragma once

#include "inlay/arch/emit.hpp"
#include "inlay/static_call.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// The type in a hook's identity: a static call with the same name and function is another thing.
template <class Function>
struct hook_of {};

/// How a parameter is put into a register. A shorter value than 32 bits is extended to 32, as functions compiled by
/// Clang expect; all ABIs here leave the bits above undefined.
template <class Type>
struct hook_parameter {
    static constexpr bool fits =
        (is_integral<Type> || is_enum<Type> || is_pointer<Type>) && size_of<Type> <= sizeof(address);
    using word = either<(size_of<Type> > 4), inlay::emit::word, uint32_t>;
    [[nodiscard, gnu::always_inline]] static inline word word_of(Type value) noexcept {
        if constexpr (is_pointer<Type>) {
            return static_cast<word>(reinterpret_cast<uintptr_t>(value));
        } else if constexpr (fits && size_of<Type> < 4) {
            return static_cast<word>(static_cast<int32_t>(value));
        } else if constexpr (fits) {
            return static_cast<word>(value);
        } else {
            return 0;
        }
    }
};
template <class Type>
struct hook_parameter<Type&> {
    static constexpr bool fits = true;
    [[nodiscard, gnu::always_inline]] static inline inlay::emit::word word_of(Type& value) noexcept {
        return reinterpret_cast<inlay::emit::word>(__builtin_addressof(value));
    }
};

/// A hook by the type of its function without noexcept.
template <name Name, class Function>
struct hook_on {
    static_assert(sizeof(Name) == 0, "inlay: the second argument of hook is the type of a function: "
                                     "hook<\"lua.lock\", void(State*)>");
};
template <name Name, class Result, class... Parameters>
struct hook_on<Name, Result(Parameters...)> {
    static_assert(!Name.empty(), "inlay: a hook needs a name: hook<\"lua.lock\", void(State*)>");
    static_assert(is_void<Result>,
                  "inlay: a hook returns nothing: give it a pointer to the place of its result, or use "
                  "static_call");
    static_assert((hook_parameter<Parameters>::fits && ...),
                  "inlay: the parameters of a hook are integers, enums, pointers and lvalue references, each in one "
                  "general register: give it a pointer to anything else, or use static_call");
    static_assert(sizeof...(Parameters) <= arch::emit::most_arguments,
                  "inlay: a hook has at most 6 parameters, in 32-bit mode 3: give it a pointer to a struct, or use "
                  "static_call");
    // With the name, so that it is asked only where there is a hook.
    static_assert(arch::emit::hooks_keep_all && sizeof(Name) != 0,
                  "inlay: a hook cannot keep the registers of AMX, nor those of APX without vector registers: compile "
                  "this unit without -mamx-tile or -mapxf, or use static_call");

    using function = void(Parameters...) noexcept;
    using declaration = hook_on;

    /// Each image has one. (No site calls the initial target.)
    [[gnu::visibility("hidden")]] static inline constinit call_cell<void() noexcept> state{
        .target = &nothing, .state = {.mode = table::call_mode::nothing, .hash = detail::name_text<Name>::hash}};
    static constexpr auto trampoline = &arch::emit::hook_thunk<hook_on>::entry;

    /// Calls the target, for the trampoline: it has saved the registers.
    [[gnu::visibility("hidden")]] INLAY_CONVENTION static void invoke(Parameters... parameters) noexcept {
        void (*const target)() noexcept = __atomic_load_n(&state.target, __ATOMIC_ACQUIRE);
        if (target != &nothing) { // it has another type
            called_as<function>(target)(parameters...);
        }
    }

    [[gnu::always_inline]] inline void operator()(Parameters... arguments) const noexcept {
        emit::tell_of_call();
        emit::no_red_zone();
        arch::emit::hook_call<hook_on, sizeof...(Parameters)>(hook_parameter<Parameters>::word_of(arguments)...);
    }

    /// Writes the descriptions that a unit needs; no instruction.
    [[gnu::always_inline]] static inline void describe() noexcept {
        arch::emit::write_hook_thunk<hook_on>();
        detail::describe_named<hook_on, Name, hook_of<Result(Parameters...)>>();
        emit::hook_macro<hook_on>();
    }
};

template <class Function>
struct hook_function {
    using type = Function;
};
template <class Result, class... Parameters>
struct hook_function<Result(Parameters...) noexcept> {
    using type = Result(Parameters...);
};

} // namespace detail

/// A call of a function that is null until update() says otherwise. `Function` is void(Parameters...); its targets are
/// noexcept. Calls are thread-safe, also while the hook is updated. Call it as a function: `lock(state)`.
template <name Name, class Function>
struct hook : detail::hook_on<Name, typename detail::hook_function<Function>::type> {};

} // namespace inlay
