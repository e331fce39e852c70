// SPDX-License-Identifier: BSL-1.0
//
// poke: changes to keys, switches and static calls, at any time.
//
//     inlay::set(trace, true);                   inlay::enable(trace);  inlay::disable(trace);      // counted
//     inlay::set(level, 2);
//     inlay::update(sched_clock, &tsc_clock);    inlay::update(probe, nullptr);
//     inlay::update(filter, inlay::returns_zero<int(int)>);
//
//     inlay::set(trace, true, platform);         // a kernel: in this image, written by that text_platform
//
// How it works. A change rewrites the sites of its own name alone, since apply() has sorted the records. Before
// apply() there are none to rewrite: the sites read the cells. Everything is checked before anything changes. A
// platform that can (can_stage) makes the new text ready, then the cells take the new value, then the new text is
// shown. Without that, the cells take the new value first, and then each image is written. A change that fails is
// taken back.
//
// In a Linux program (process.hpp) this reaches all images of the process, and other threads may run through the
// sites: each execution finds the old or the new form. Calls of set() and update() wait for each other. They are not
// async-signal-safe; docs/performance.md says what they cost. With a platform of your own, that promise is the
// platform's: Linux's kernel stops the other processors, or goes by a breakpoint.
//
// Compare Linux's static_branch_enable(), static_key_slow_inc(), static_call_update(), text_poke_bp().
#pragma once

#include "inlay/apply.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/static_call.hpp"
#include "inlay/static_key.hpp"
#include "inlay/static_switch.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// Whether the platform can make all of a change ready before any of it is seen: `bool stage()` does that with what was
/// written, `finish()` shows it, `drop()` forgets it; after `one_by_one()` each write is seen by itself.
template <class Platform>
inline constexpr bool can_stage = requires(Platform& platform) {
    { platform.stage() } noexcept;
    { platform.drop() } noexcept;
    { platform.one_by_one() } noexcept;
    { platform.refused() } noexcept;
};

/// Whether text is there no more: that of a kernel's initialisation. Nothing runs it.
template <class Platform>
[[nodiscard]] bool is_gone(const Platform& platform, address at) noexcept {
    if constexpr (requires { platform.gone(at); }) {
        return platform.gone(at);
    } else {
        return !platform.executable(at, 1); // apply() has seen that it was
    }
}

/// Sites that lead to the sites of a group are changed after those: whoever comes by way of them finds them changed.
inline constexpr unsigned inner_sites = 0;
inline constexpr unsigned outer_sites = 4;

/// Rewrites the sites of a cell in one image.
template <text_platform Platform>
class poker {
public:
    static constexpr bool stages = can_stage<Platform>;

    poker(const table::tables& tables, Platform& platform) noexcept : tables_{tables}, platform_{platform} {}

    /// Whether the sites of `named` can be rewritten to `to`; changes nothing.
    void check(const table::named& named, const table::setting& to, outcome& done) noexcept {
        all(named, to, inner_sites, done);
        all(named, to, outer_sites, done);
    }

    /// Rewrites them: makes that ready if the platform can.
    void write(const table::named& named, const table::setting& to, unsigned which, outcome& done) noexcept {
        writing_ = true;
        all(named, to, which, done);
    }

    /// Redirects the calls of the dispatch whose pointer is at `pointer`, as far as apply() has found them; or checks
    /// that this can be done.
    void redirect(address pointer, address to, bool writing, outcome& done) noexcept {
        writing_ = writing;
        for (size_t i = 0; i < tables_.calls.size() && trouble_ == error::no_error; ++i) {
            const table::call_record& record = tables_.calls.records[i];
            if ((record.callee.target() & spare_bits) == table::call_found && !is_named(tables_, record.callee)) {
                const auto& callee = *reinterpret_cast<const table::callee*>(record.callee.target() & ~spare_bits);
                where_ = {table_kind::calls, static_cast<uint32_t>(i), record.site.target()};
                if (callee.target.target() == pointer && !is_gone(platform_, where_.site)) {
                    one(record, callee.trampoline.target(), to, table::call_mode::function);
                }
            }
        }
        settle();
        note(done);
    }

    /// Shows what is ready.
    void finish(const table::named& named, outcome& done) noexcept {
        if constexpr (stages) {
            if (!platform_.finish()) {
                trouble_ = refusal(platform_);
                blame(named);
            }
            note(done);
        }
    }
    void finish(outcome& done) noexcept {
        if constexpr (stages) {
            if (!platform_.finish()) {
                trouble_ = refusal(platform_);
                where_ = {table_kind::calls, 0, platform_.refused()};
            }
            note(done);
        }
    }

    void drop() noexcept {
        if constexpr (stages) {
            platform_.drop();
        }
    }

    void one_by_one() noexcept {
        if constexpr (stages) {
            platform_.one_by_one();
        }
    }

private:
    void all(const table::named& named, const table::setting& to, unsigned which, outcome& done) noexcept {
        const table::cell& cell = cell_of(named);
        if (cell.state.sites != 0) {
            if (!named.trampoline) {
                records(tables_.keys, cell, [&](table::key_record& record) noexcept { one(record, to.value, which); });
            } else if (which == inner_sites) {
                records(tables_.calls, cell, [&](table::call_record& record) noexcept {
                    one(record, named.trampoline.target(), value_of(to, *tables_.registry), to.mode);
                });
            }
            settle();
        }
        note(done);
    }

    /// Makes ready what was written; or shows it, if the platform can do no more.
    void settle() noexcept {
        if constexpr (stages) {
            if (trouble_ == error::no_error && dirty_ && !platform_.stage()) {
                trouble_ = refusal(platform_);
            }
        } else {
            if (dirty_) {
                finish();
            }
        }
    }

    /// Finds the first site of the cell that is not in front of what was refused.
    void blame(const table::named& named) noexcept {
        const auto look = [&](const auto& section) noexcept {
            const table::cell& cell = cell_of(named);
            for (size_t i = cell.state.sites - 1; cell.state.sites != 0 && i < section.size(); ++i) {
                const auto& record = section.records[i];
                where_ = {kind(record), static_cast<uint32_t>(i), record.site.target()};
                if (where_.site >= platform_.refused()) {
                    break;
                }
            }
        };
        if (named.trampoline) {
            look(tables_.calls);
        } else {
            look(tables_.keys);
        }
    }

    void note(outcome& done) noexcept {
        done.written += written_;
        written_ = 0;
        address refused = where_.site;
        if (trouble_ == error::text_not_writable || trouble_ == error::write_ineffective) {
            if constexpr (requires { platform_.system_error(); }) {
                done.system_error = platform_.system_error();
            }
            if constexpr (requires { platform_.refused(); }) {
                refused = platform_.refused() != 0 ? platform_.refused() : refused;
            }
        }
        done.fail(trouble_, where_, refused);
    }

    [[nodiscard]] static address subject(const table::call_record& record) noexcept { return record.callee.target(); }
    [[nodiscard]] static address subject(const table::key_record& record) noexcept { return record.key.target(); }
    [[nodiscard]] static table_kind kind(const table::call_record& /*record*/) noexcept { return table_kind::calls; }
    [[nodiscard]] static table_kind kind(const table::key_record& /*record*/) noexcept { return table_kind::keys; }

    template <class Record, class Function>
    void records(const table::section<Record>& section, const table::cell& cell, const Function& function) noexcept {
        for (size_t i = cell.state.sites - 1; i < section.size() && trouble_ == error::no_error; ++i) {
            Record& record = section.records[i];
            const auto* const named = reinterpret_cast<const table::named*>(subject(record) & ~spare_bits);
            if (named->cell.target() != reinterpret_cast<address>(&cell)) {
                break;
            }
            where_ = {kind(record), static_cast<uint32_t>(i), record.site.target()};
            if (!is_gone(platform_, where_.site)) {
                function(record);
            }
        }
    }

    void one(const table::key_record& record, address value, unsigned which) noexcept {
        const bool many = (record.key.target() & table::many_ways) != 0;
        const auto* const ways = reinterpret_cast<const table::way_table*>(record.targets.target());
        if ((many ? ways->shift : inner_sites) != which) {
            return;
        }
        reader<Platform> from{platform_};
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills what is used
        decide(from, record, value, bytes);
        trouble_ = from.trouble;
        if (trouble_ == error::no_error) {
            put(record.site.target(), bytes.bytes, bytes.length);
        }
    }

    void one(const table::call_record& record, address trampoline, address to, table::call_mode mode) noexcept {
        if ((record.callee.target() & table::call_found) == 0) {
            return;
        }
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
        const address site = record.site.target();
        if (!arch::patched_branch_at(site, executable_from(platform_, site, arch::longest_branch), branch)) {
            trouble_ = error::site_changed;
            return;
        }
        uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): encode_branch() fills it
        if (!arch::encode_branch(branch, to, mode, bytes)) {
            (void)arch::encode_branch(branch, trampoline, table::call_mode::function, bytes);
        }
        put(branch.start, bytes, static_cast<unsigned>(branch.end - branch.start));
    }

    void put(address at, const uint8_t* bytes, unsigned size) noexcept {
        const auto* const now = reinterpret_cast<const uint8_t*>(at);
        unsigned same = 0;
        while (same < size && now[same] == bytes[same]) {
            ++same;
        }
        if constexpr (requires { platform_.exchanges(at, bytes, size); }) {
            if (same != size && trouble_ == error::no_error && !platform_.exchanges(at, bytes, size)) {
                trouble_ = error::others_run;
            }
        }
        if (writing_ && same != size && trouble_ == error::no_error) {
            ++written_;
            dirty_ = true;
            last_.note(at, bytes, size);
            if (!platform_.write(at, bytes, size)) {
                trouble_ = refusal(platform_);
            }
        }
    }

    void finish() noexcept {
        const bool finished = platform_.finish();
        if (trouble_ == error::no_error && !(finished && (!dirty_ || last_.is_there()))) {
            trouble_ = finished ? error::write_ineffective : refusal(platform_);
            where_.site = dirty_ ? last_.at : where_.site;
        }
        dirty_ = false;
    }

    const table::tables& tables_;
    Platform& platform_;
    record_id where_{};
    uint32_t written_{};
    error trouble_{error::no_error};
    bool writing_{};
    bool dirty_{};
    last_write<!looks_itself<Platform>> last_{};
};

template <text_platform Platform>
poker(const table::tables&, Platform&) -> poker<Platform>;

/// Works out a setting from the one at hand; an error if there is none such.
struct change {
    error (*next)(const change&, table::setting&) noexcept;
    address value;
    table::call_mode mode;
};

/// Puts everything back to what it was before a change that failed.
template <class Each>
[[gnu::noinline]] void take_back(const Each& each, bool stored, outcome& done) noexcept {
    outcome back;
    each([&](const table::named& named, auto& poke, const table::registry& registry) noexcept {
        if (!poke.stages || stored) {
            const table::setting before = cell_of(named).state.before;
            store(cell_of(named), before, registry);
        }
    });
    for (unsigned which = inner_sites; which <= outer_sites; which += outer_sites) {
        each([&](const table::named& named, auto& poke, const table::registry& /*registry*/) noexcept {
            poke.one_by_one();
            poke.write(named, setting_of(cell_of(named)), which, back);
            poke.finish(named, back);
        });
    }
    done.written = 0;
    if (!back) {
        done.worsen(error::change_incomplete);
        done.system_error = back.system_error;
    }
}

/// Makes the change in all cells that `cells(function)` calls `function(named, tables, platform)` for. Where the
/// platforms can, all of it is made ready before any of it is seen.
template <class Cells>
[[gnu::visibility("hidden")]] outcome make_change(const table::named& what, const change& change,
                                                  const Cells& cells) noexcept {
    table::setting to = setting_of(cell_of(what));
    to.changed = 1;
    outcome done;
    done.fail(change.next(change, to), {table_kind::names, 0, 0});
    const auto each = [&](const auto& function) noexcept {
        cells([&](const table::named& named, const table::tables& tables, auto& platform) noexcept {
            if (same_type(named, what)) {
                poker poke{tables, platform};
                function(named, poke, *tables.registry);
            }
        });
    };
    each([&](const table::named& named, auto& poke, const table::registry& /*registry*/) noexcept {
        poke.check(named, to, done);
    });
    if (!done) {
        return done;
    }
    // The cells before the text: a site that was rewritten and one that reads memory then say the same soonest.
    const auto store_all = [&](bool staged) noexcept {
        each([&](const table::named& named, auto& poke, const table::registry& registry) noexcept {
            if (poke.stages == staged) {
                store(cell_of(named), to, registry);
            }
        });
    };
    store_all(false);
    bool stored = false;
    for (unsigned which = inner_sites; which <= outer_sites; which += outer_sites) {
        each([&](const table::named& named, auto& poke, const table::registry& /*registry*/) noexcept {
            if (done) {
                poke.write(named, to, which, done);
            }
        });
        if (done && !stored) {
            store_all(true);
            stored = true;
        }
        each([&](const table::named& named, auto& poke, const table::registry& /*registry*/) noexcept {
            if (done) {
                poke.finish(named, done);
            } else {
                poke.drop();
            }
        });
    }
    if (!done) {
        take_back(each, stored, done);
    }
    return done;
}

/// Makes the change in the image of `tables`, by `platform`.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome change_tables(const table::tables& tables, const table::named& what,
                                                    const change& change, Platform& platform) noexcept {
    register_names(tables, platform);
    return make_change(what, change, [&](const auto& function) noexcept {
        for_each_namesake<&table::cell_state::below>(
            tables.registry->root, what,
            [&](const table::named& named) noexcept { function(named, tables, platform); });
    });
}

/// Makes it in this image.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome change_image(const table::named& what, const change& change,
                                                   Platform& platform) noexcept {
    return change_tables(this_image(), what, change, platform);
}

// ---- What a change is ------------------------------------------------------------------------------

inline error next_value(const change& change, table::setting& to) noexcept {
    to.value = change.value;
    to.enabled = change.value != 0 ? 1 : 0;
    return error::no_error;
}
inline error next_enabled(const change& /*change*/, table::setting& to) noexcept {
    if (to.enabled == __INT32_MAX__) {
        return error::enabled_too_often;
    }
    to.enabled += 1;
    to.value = 1;
    return error::no_error;
}
inline error next_disabled(const change& /*change*/, table::setting& to) noexcept {
    if (to.enabled <= 0) {
        return error::not_enabled;
    }
    to.enabled -= 1;
    to.value = to.enabled != 0 ? 1 : 0;
    return error::no_error;
}
inline error next_target(const change& change, table::setting& to) noexcept {
    to.value = change.value;
    to.mode = change.mode;
    return error::no_error;
}
inline error no_such_value(const change& /*change*/, table::setting& /*to*/) noexcept { return error::value_outside; }
inline error refuse_null(const change& /*change*/, table::setting& /*to*/) noexcept { return error::target_null; }

inline constexpr change enabling{next_enabled, 0, table::call_mode::function};
inline constexpr change disabling{next_disabled, 0, table::call_mode::function};

template <class Declaration>
[[nodiscard, gnu::always_inline]] inline const table::named& described() noexcept {
    Declaration::describe();
    return *arch::emit::address_of_named<Declaration>();
}

[[nodiscard]] inline change to_value(bool value) noexcept {
    return {next_value, value ? 1U : 0U, table::call_mode::function};
}
template <unsigned Ways>
[[nodiscard]] change to_way(unsigned value) noexcept {
    return {value < Ways ? next_value : no_such_value, value, table::call_mode::function};
}

/// The change that makes `target` the target, for any of the things that a target may be.
template <class Function>
[[nodiscard]] change to_target(Function* target) noexcept {
    if (target == nullptr) {
        return {may_be_zero<Function> ? next_target : refuse_null, 0, null_target<Function>::mode};
    }
    return {next_target, reinterpret_cast<address>(target), table::call_mode::function};
}
/// Anything else: no_target, returns_zero, or what is wrong.
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
        return {next_target, 0, target_of_type<Target>::mode};
    } else {
        return {};
    }
}

/// What update() takes as it is: whatever converts to a pointer to the call's function. Not deduced, so that the
/// address of an overloaded function is resolved by it.
template <class Call>
using target_for = typename detail::type_is<typename Call::function*>::type;

template <class Target, class Call>
concept other_target = !detail::converts<const Target&, typename Call::function*>;

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

// ---- In this image, by a platform ------------------------------------------------------------------

/// Sets the key: on, or off. A count of enable() becomes 1, or 0.
template <name Name, bool Initial, text_platform Platform>
[[gnu::visibility("hidden")]] outcome set(const static_key<Name, Initial>& /*key*/, bool value,
                                          Platform& platform) noexcept {
    return detail::change_image(detail::described<static_key<Name, Initial>>(), detail::to_value(value), platform);
}

/// Sets the switch to one of its ways. error::value_outside if it has no such.
template <name Name, unsigned Ways, auto Initial, text_platform Platform>
[[gnu::visibility("hidden")]] outcome set(const static_switch<Name, Ways, Initial>& /*key*/,
                                          typename static_switch<Name, Ways, Initial>::value_type value,
                                          Platform& platform) noexcept {
    return detail::change_image(detail::described<static_switch<Name, Ways, Initial>>(),
                                detail::to_way<Ways>(static_cast<unsigned>(value)), platform);
}

/// Turns the key on, until as many disable() as enable() were called. error::enabled_too_often if no more can be
/// counted. (Linux: static_key_slow_inc().)
template <name Name, bool Initial, text_platform Platform>
[[gnu::visibility("hidden")]] outcome enable(const static_key<Name, Initial>& /*key*/, Platform& platform) noexcept {
    return detail::change_image(detail::described<static_key<Name, Initial>>(), detail::enabling, platform);
}

/// Takes back one enable(). error::not_enabled if there is none to take back.
template <name Name, bool Initial, text_platform Platform>
[[gnu::visibility("hidden")]] outcome disable(const static_key<Name, Initial>& /*key*/, Platform& platform) noexcept {
    return detail::change_image(detail::described<static_key<Name, Initial>>(), detail::disabling, platform);
}

/// Gives the call another target. error::target_null where that is null and the call returns an object.
template <name Name, auto Default, text_platform Platform>
[[gnu::visibility("hidden")]] outcome update(const static_call<Name, Default>& /*call*/,
                                             detail::target_for<static_call<Name, Default>> target,
                                             Platform& platform) noexcept {
    return detail::change_image(detail::described<static_call<Name, Default>>(), detail::to_target(target), platform);
}
template <name Name, auto Default, class Target, text_platform Platform>
    requires detail::other_target<Target, static_call<Name, Default>>
[[gnu::visibility("hidden")]] outcome update(const static_call<Name, Default>& /*call*/, const Target& target,
                                             Platform& platform) noexcept {
    using call = static_call<Name, Default>;
    return detail::change_image(detail::described<call>(), detail::to_special_target<typename call::function>(target),
                                platform);
}

} // namespace INLAY_TARGET

} // namespace inlay
