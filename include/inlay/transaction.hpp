// SPDX-License-Identifier: BSL-1.0
//
// transaction: changes of many keys, switches and static calls at once: all of them, or none.
//
//     inlay::transaction t;
//     t.set(trace, true);  t.set(level, 2);  t.enable(stats);  t.update(sched_clock, &tsc_clock);
//     auto done = t.commit();                    // a program: in all images of the process
//     auto done = t.commit(platform);            // a kernel: in this image, written by that text_platform
//     if (!done) ... t.failed() ...              // the number of the change that was refused
//
//     inlay::transaction<64> large;              // room for 64 changes, not 16
//
// How it works. A transaction is a list of changes in its own memory. All its changes are made in the steps of one
// change: check, make ready, store, show (change/make_change.hpp). Pages are made ready and replaced once, though they
// have sites of many names. A platform is asked once to synchronise: text_poke has one batch for all sites (as many as
// it has room for), and three synchronisations. Sites of a switch with more than 16 ways may need a second round.
//
// One name twice: the changes apply in their order, and only the last setting is made. `enable(k)` and `disable(k)`
// leave the count as it was; `set(k, true)` and `enable(k)` leave 2. No thread sees a setting between.
//
// commit() promises, while other threads run:
//
//  * Each execution of a site finds the old or the new form of this site, as with set().
//  * When commit() has returned, executions that begin after it find all names new. If it failed, they find all names
//    old.
//  * If a check fails, no thread has seen any change. Checks find all errors that do not come from writing text.
//  * All cells are stored, then all sites are shown. So code that reads the cell (a site that is not patched, a call
//    through its trampoline) finds the new value not later than any site that is patched.
//  * In a process on x86, all sites of one text page change at one moment. A thread that found one of them new finds
//    all of them new. (Except where a switch of more than 16 ways has a site in the page.)
//
// commit() does not promise one moment for all names: no instruction changes many places at once. While commit() runs,
// a thread may find one name new and another one old, in either order, and two sites of one name different. Pages are
// shown in the order of their addresses, images in any order. If a thread must not see B new before A, make two
// transactions.
//
// After an error, every name has its old setting, and every site its old form; only error::change_incomplete says that
// taking back failed, too. If writing failed in the middle, threads may have seen a part of the changes for a moment.
// The transaction keeps its changes in any case: commit() makes them again, clear() forgets them. Without commit(),
// nothing changes.
//
// Compare Linux's smp_text_poke_batch_add() and _finish(), and jump_label_update() with its queue.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/change/change_list.hpp"
#include "inlay/change/setting.hpp"
#include "inlay/error.hpp"
#include "inlay/hook.hpp"
#include "inlay/image.hpp"
#include "inlay/poke.hpp"
#include "inlay/static_call.hpp"
#include "inlay/static_key.hpp"
#include "inlay/static_switch.hpp"
#include "inlay/words.hpp"

namespace inlay {

namespace [[gnu::visibility("hidden")]] detail {
inline namespace INLAY_TARGET {

/// Makes the changes of a list in this image, by `platform`. (process.hpp and this_kernel.hpp have the function without
/// a platform.)
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome change_names(change_list& list, Platform& platform) noexcept {
    return change_tables(this_image(), list, platform);
}

/// A platform; or none, if process.hpp or this_kernel.hpp is included.
template <class... Where>
concept place_of_changes = requires(change_list& list, Where&... where) { change_names(list, where...); };

} // namespace INLAY_TARGET
} // namespace detail

// A user's type may have a transaction in it: its functions are hidden, each by itself.
inline namespace INLAY_TARGET {

/// Up to `Limit` changes, in 48 bytes each. They refer to the declarations of the image that added them, which must
/// stay loaded. One thread at a time uses a transaction; commit() of different ones wait for each other, and for set()
/// and update(). Not async-signal-safe.
template <unsigned Limit = 16>
class transaction {
    static_assert(Limit != 0 && Limit <= 4096,
                  "inlay: the limit of a transaction is the number of its changes, 1 to 4096");

public:
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Weffc++" // add() fills the changes that are used
    // NOLINTNEXTLINE(*-member-init, *-use-equals-default)
    [[gnu::visibility("hidden")]] transaction() noexcept {}
#pragma GCC diagnostic pop
    transaction(const transaction&) = delete;
    transaction(transaction&&) = delete;
    transaction& operator=(const transaction&) = delete;
    transaction& operator=(transaction&&) = delete;
    [[gnu::visibility("hidden")]] ~transaction() noexcept = default;

    // Each adds a change, as the function of its name in poke.hpp makes it. A wrong value is refused by commit().

    template <name Name, bool Initial>
    [[gnu::visibility("hidden")]] transaction& set(const static_key<Name, Initial>& /*key*/, bool value) noexcept {
        return add<static_key<Name, Initial>>(detail::to_value(value));
    }
    template <name Name, unsigned Ways, auto Initial>
    [[gnu::visibility("hidden")]] transaction&
    set(const static_switch<Name, Ways, Initial>& /*key*/,
        typename static_switch<Name, Ways, Initial>::value_type value) noexcept {
        return add<static_switch<Name, Ways, Initial>>(detail::to_way<Ways>(static_cast<unsigned>(value)));
    }
    template <name Name, bool Initial>
    [[gnu::visibility("hidden")]] transaction& enable(const static_key<Name, Initial>& /*key*/) noexcept {
        return add<static_key<Name, Initial>>(detail::enabling);
    }
    template <name Name, bool Initial>
    [[gnu::visibility("hidden")]] transaction& disable(const static_key<Name, Initial>& /*key*/) noexcept {
        return add<static_key<Name, Initial>>(detail::disabling);
    }
    template <name Name, auto Default>
    [[gnu::visibility("hidden")]] transaction& update(const static_call<Name, Default>& /*call*/,
                                                      detail::target_for<static_call<Name, Default>> target) noexcept {
        return add<static_call<Name, Default>>(detail::to_target(target));
    }
    template <name Name, auto Default, class Target>
        requires detail::other_target<Target, static_call<Name, Default>>
    [[gnu::visibility("hidden")]] transaction& update(const static_call<Name, Default>& /*call*/,
                                                      const Target& target) noexcept {
        using call = static_call<Name, Default>;
        return add<call>(detail::to_special_target<typename call::function>(target));
    }

    template <name Name, class Function>
    [[gnu::visibility("hidden")]] transaction& update(const hook<Name, Function>& /*hook*/,
                                                      detail::target_for<hook<Name, Function>> target) noexcept {
        return add<typename hook<Name, Function>::declaration>(detail::to_hook(target));
    }
    template <name Name, class Function, class Target>
        requires detail::other_target<Target, hook<Name, Function>>
    [[gnu::visibility("hidden")]] transaction& update(const hook<Name, Function>& /*hook*/,
                                                      const Target& /*target*/) noexcept {
        detail::refuse_target_of_hook<Target>();
        return *this;
    }

    /// Makes the changes: all, or none. On an error, failed() says which change it is about, and the outcome which
    /// record. Errors of the changes as in poke.hpp; error::too_many_changes if more than `Limit` were added.
    /// (The first parameter is of a hidden type. Clang hides a member template by its arguments, not by its attribute.)
    template <class = detail::change_list, class... Where>
        requires detail::place_of_changes<Where...>
    [[gnu::visibility("hidden")]] outcome commit(Where&... where) noexcept {
        detail::change_list list{changes_, Limit, size_, size_};
        const outcome done = change_names(list, where...);
        failed_ = list.failed;
        return done;
    }

    /// The number, from 0, of the change that the last commit() refused; size() if its error concerns no single change.
    [[nodiscard, gnu::visibility("hidden")]] unsigned failed() const noexcept { return failed_; }

    /// How many changes were added; more than limit() count as limit() + 1.
    [[nodiscard, gnu::visibility("hidden")]] unsigned size() const noexcept { return size_; }

    [[nodiscard, gnu::visibility("hidden")]] static constexpr unsigned limit() noexcept { return Limit; }

    /// Forgets the changes.
    [[gnu::visibility("hidden")]] void clear() noexcept { size_ = failed_ = 0; }

private:
    template <class Declaration>
    [[gnu::always_inline]] transaction& add(const detail::change& how) noexcept {
        return add(detail::described<Declaration>(), how);
    }
    [[gnu::visibility("hidden")]] transaction& add(const table::named& what, const detail::change& how) noexcept {
        if (size_ < Limit) {
            detail::list_change(changes_[size_], what, how);
        }
        size_ += size_ <= Limit ? 1 : 0;
        return *this;
    }

    unsigned size_{};
    unsigned failed_{};
    detail::listed_change changes_[Limit]; // NOLINT(*-avoid-c-arrays): freestanding
};
transaction() -> transaction<>;

} // namespace INLAY_TARGET

} // namespace inlay
