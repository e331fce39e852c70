// SPDX-License-Identifier: BSL-1.0
//
// choose: makes a dispatch call another of its functions, at any time.
//
//     crc32.chosen()   crc32.target()   crc32.supported(2)   crc32.automatic()     // dispatch.hpp: queries
//
//     inlay::choose(crc32, &crc32_table);                         // or by number: choose(crc32, 0)
//     inlay::choose(crc32, &crc32_hw, inlay::unsupported_too);    // even if its predicate does not hold
//     inlay::choose_automatically(crc32);                         // as apply() would
//
//     inlay::choose(crc32, 0, platform);                          // a kernel: in this image, written by that platform
//
// How it works. The predicates give a number, by which apply() takes the function from a list of pointers. A choose()
// writes the function to all places of this list, so that any later apply() makes the same choice. Then it writes the
// pointer that the trampoline jumps through. Then it redirects the calls, as update() does (poke.hpp); for this step it
// reads all call records of the image.
//
// Each image has its own choice, as in apply(): a library with the same dispatch keeps its choice.
#pragma once

#include "inlay/dispatch.hpp"
#include "inlay/poke.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// An argument of choose(): the function is taken even if its predicate does not hold.
struct unsupported_too_t {};
inline constexpr unsupported_too_t unsupported_too{};

namespace detail {
inline namespace INLAY_TARGET {

/// A dispatch that was told which function to call, at least once; for reports.
struct told {
    address targets; ///< its list of pointers
    address (*candidate)(size_t number) noexcept;
    told* next;
    bool listed;
};

// Each image needs its own object; newer Clangs warn of duplicates.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunique-object-duplication"
/// The choices of this image. As with keys, one thread at a time changes them.
[[gnu::visibility("hidden")]] inline constinit told* all_told{};
#pragma GCC diagnostic pop

/// A choice that is made: the part that is the same for all dispatches.
struct choice_made {
    address pointer; ///< where the pointer is that the trampoline jumps through
    address to;
    address before;
    void (*store)(choice_made& self, bool back) noexcept; ///< writes the pointers, or their earlier values
};

/// A choice of this dispatch.
template <class Dispatch>
struct choice_in : choice_made {
    using function = typename Dispatch::function;

    [[gnu::visibility("hidden")]] static inline constinit told note{};

    choice_in(size_t number, bool automatic) noexcept
        : choice_made{reinterpret_cast<address>(&Dispatch::state.target),
                      reinterpret_cast<address>(Dispatch::candidate(number)),
                      reinterpret_cast<address>(Dispatch::target()), &store_all},
          number_{number}, automatic_{automatic} {
        for (size_t i = 0; i < Dispatch::count; ++i) {
            saved_[i] = Dispatch::state.targets[i];
        }
        saved_pointer_ = Dispatch::target();
        if (!note.listed) {
            note.targets = reinterpret_cast<address>(&Dispatch::state.targets);
            note.candidate = &address_of_candidate;
            note.next = all_told;
            note.listed = true;
            all_told = &note;
        }
    }

private:
    [[nodiscard]] static address address_of_candidate(size_t number) noexcept {
        return reinterpret_cast<address>(Dispatch::candidate(number));
    }

    static void store_all(choice_made& self, bool back) noexcept {
        const auto& all = static_cast<const choice_in&>(self);
        function* const chosen = Dispatch::candidate(all.number_);
        for (size_t i = 0; i < Dispatch::count; ++i) {
            function* const next = back ? all.saved_[i] : all.automatic_ ? Dispatch::candidate(i) : chosen;
            __atomic_store_n(&Dispatch::state.targets[i], next, __ATOMIC_RELAXED);
        }
        __atomic_store_n(&Dispatch::state.target, back ? all.saved_pointer_ : chosen, __ATOMIC_RELEASE);
    }

    size_t number_;
    bool automatic_;
    function* saved_pointer_{};
    function* saved_[Dispatch::count]; // NOLINT(*-avoid-c-arrays): freestanding
};

/// Has the calls go back, after the choice failed.
template <text_platform Platform>
[[gnu::noinline]] void take_choice_back(const table::tables& tables, choice_made& choice, Platform& platform,
                                        outcome& done) noexcept {
    choice.store(choice, true);
    outcome back;
    image_change part{tables, platform};
    part.one_by_one();
    part.redirect(choice.pointer, choice.before, true, back);
    part.show(back);
    note_taken_back(done, back);
}

/// Makes the choice in the image of `tables`, by `platform`: pointers before text, as in make_change().
template <text_platform Platform>
[[gnu::visibility("hidden"), gnu::noinline]] outcome choose_in_tables(const table::tables& tables, choice_made& choice,
                                                                      Platform& platform) noexcept {
    outcome done;
    image_change part{tables, platform};
    part.redirect(choice.pointer, choice.to, false, done);
    if (!done) {
        return done;
    }
    if (!part.stages) {
        choice.store(choice, false);
    }
    part.redirect(choice.pointer, choice.to, true, done);
    if (done) {
        if (part.stages) {
            choice.store(choice, false);
        }
        part.show(done);
    } else {
        part.drop();
    }
    if (!done) {
        take_choice_back(tables, choice, platform, done);
    }
    return done;
}

/// The number of the function in an argument of choose(): a number, or a function. If the dispatch has no such
/// function, a number that the dispatch does not have.
template <class Dispatch, class Which>
[[nodiscard]] size_t number_of(const Which& which) noexcept {
    constexpr bool is_number = detail::is_integral<Which> && !detail::same<Which, bool>;
    constexpr bool is_function = detail::converts<const Which&, typename Dispatch::function*>;
    static_assert(is_number || is_function, "inlay: the second argument of choose() is the number of a function of the "
                                            "dispatch, or its address: one of exactly the dispatch's signature");
    if constexpr (is_number) {
        return static_cast<size_t>(which);
    } else if constexpr (is_function) {
        return Dispatch::index_of(which);
    } else {
        return Dispatch::count;
    }
}

/// Whether this may be chosen.
template <class Dispatch>
[[nodiscard]] error may_choose(size_t number, bool unsupported) noexcept {
    return number >= Dispatch::count                    ? error::candidate_unknown
           : unsupported || Dispatch::supported(number) ? error::no_error
                                                        : error::candidate_unsupported;
}

[[nodiscard, gnu::visibility("hidden")]] inline outcome refused_choice(error trouble) noexcept {
    outcome done;
    done.fail(trouble, {table_kind::no_table, 0, 0});
    return done;
}

/// Makes a choice in this image, by `platform`. (process.hpp and this_kernel.hpp have it without a platform.)
template <class Make, text_platform Platform>
[[gnu::visibility("hidden")]] outcome make_choice(const Make& make, Platform& platform) noexcept {
    return make(this_image(), platform);
}

/// Checks, then makes the choice.
template <class Dispatch, class... Where>
[[gnu::visibility("hidden")]] outcome choose_number(size_t number, bool unsupported, bool automatic,
                                                    Where&... where) noexcept {
    const error trouble = may_choose<Dispatch>(number, unsupported);
    // (Each result is made where it goes: a kernel need not have memcpy.)
    return trouble != error::no_error ? refused_choice(trouble)
                                      : make_choice(
                                            [&](const table::tables& tables, auto& platform) noexcept {
                                                choice_in<Dispatch> choice{number, automatic};
                                                return choose_in_tables(tables, choice, platform);
                                            },
                                            where...);
}

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

// Each takes a platform that writes in this image, or none in a Linux program (process.hpp). Without a platform it is
// thread-safe, and other threads may call the dispatch.

/// Makes the dispatch call the function `which` in this image: a number from 0 (the default), or the address. From now
/// on, apply() decides again only after choose_automatically(). On an error nothing changes: error::candidate_unknown
/// if the dispatch has no such function, error::candidate_unsupported if the function's predicate does not hold.
template <name Name, auto Default, class... Whens, class Which, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome choose(const dispatch<Name, Default, Whens...>& /*dispatch*/, const Which& which,
                                             Where&... where) noexcept {
    using chosen = dispatch<Name, Default, Whens...>;
    return detail::choose_number<chosen>(detail::number_of<chosen>(which), false, false, where...);
}

/// The same, even if the predicate does not hold.
template <name Name, auto Default, class... Whens, class Which, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome choose(const dispatch<Name, Default, Whens...>& /*dispatch*/, const Which& which,
                                             unsupported_too_t /*unsupported*/, Where&... where) noexcept {
    using chosen = dispatch<Name, Default, Whens...>;
    return detail::choose_number<chosen>(detail::number_of<chosen>(which), true, false, where...);
}

/// Has the dispatch call the function that apply() would choose now, and apply() decide again.
template <name Name, auto Default, class... Whens, class... Where>
    requires detail::place_of_change<Where...>
[[gnu::visibility("hidden")]] outcome choose_automatically(const dispatch<Name, Default, Whens...>& /*dispatch*/,
                                                           Where&... where) noexcept {
    using chosen = dispatch<Name, Default, Whens...>;
    return detail::choose_number<chosen>(chosen::automatic(), true, true, where...);
}

} // namespace INLAY_TARGET

} // namespace inlay
