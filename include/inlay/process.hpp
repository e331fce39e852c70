// SPDX-License-Identifier: BSL-1.0
//
// process: apply(), set() and update() for ordinary programs and shared libraries on Linux.
//
//     int main() {
//         auto done = inlay::apply();
//         if (!done) std::fprintf(stderr, "inlay: %s\n", inlay::message(done.error()));
//
// The environment variable INLAY_FEATURES forces features, e.g. INLAY_FEATURES=-avx2,+app.x. apply() patches the image
// even if it does not know a name, and then returns error::override_unknown. An entry that is not +name or -name is an
// error, and nothing is patched. Set-user-id programs ignore the variable.
//
// How it works. Each image (program, shared library, plugin) applies its own tables. A name is one key or static call
// in the whole process. The images share a tree, in which set() and update() find all cells of the name (images.hpp).
// They change the sites of the images that have called apply(). An image that is loaded later takes over the current
// values before its first constructor runs, even if it never calls apply(). All this happens under one lock of the
// process; fork() waits for it. No user's code runs under the lock: a feature's probe may load libraries, so it runs
// outside, and apply() then begins again.
#pragma once

#include "inlay/apply.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/choose.hpp"
#include "inlay/images.hpp"
#include "inlay/override.hpp"
#include "inlay/platform/linux.hpp"
#include "inlay/poke.hpp"
#include "inlay/transaction.hpp"
#include "inlay/words.hpp"

#include <cstdlib>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// Keeps the thread from being cancelled: nothing must end half-way.
class uncancelled {
public:
    uncancelled() noexcept { c::pthread_setcancelstate(disabled, &before_); }
    uncancelled(const uncancelled&) = delete;
    uncancelled(uncancelled&&) = delete;
    uncancelled& operator=(const uncancelled&) = delete;
    uncancelled& operator=(uncancelled&&) = delete;
    ~uncancelled() { c::pthread_setcancelstate(before_, nullptr); }

private:
    static constexpr int disabled = 1; // PTHREAD_CANCEL_DISABLE
    int before_{};
};

/// Calls `function(table::shared&)` while nothing else changes in the process and no image leaves.
template <class Function>
[[nodiscard, gnu::visibility("hidden")]] error exclusively(const Function& function) noexcept {
    (void)own();
    emit::note<&own_image, &join_at_load, &leave, &elf_header>();
    const uncancelled guard;
    error trouble = join();
    if (trouble != error::no_error) {
        return trouble;
    }
    table::shared& all = *own_image.registry.shared;
    bool taken = false;
    trouble = acquire(all, taken);
    if (trouble == error::no_error) {
        all.busy = 1;
        function(all);
        all.busy = 0;
        if (taken) {
            release(all);
        }
    }
    return trouble;
}

/// Whether the address is in a site of an image that has called apply().
[[nodiscard, gnu::visibility("hidden")]] inline bool is_in_site(const table::image& image, address at) noexcept {
    const auto look = [&](const auto* begin, const auto* end, const auto& length) noexcept {
        for (; begin < end; ++begin) {
            if (at - begin->site.target() < length(*begin)) {
                return true;
            }
        }
        return false;
    };
    const auto longest = [](const auto& /*record*/) noexcept { return address{arch::longest_branch}; };
    return look(image.keys[0], image.keys[1], longest) || look(image.calls[0], image.calls[1], longest) ||
           look(image.alternatives[0], image.alternatives[1], [](const table::alternative_record& record) noexcept {
               return address{reinterpret_cast<const table::choice*>(record.choices.target())->length};
           });
}

/// The platform of apply(). It knows the results of probes that ran before.
class applying : public platform::process {
public:
    [[gnu::visibility("hidden")]] applying(table::reserve& reserve, uint32_t number) noexcept
        : process{own_image, reserve, way::memory_file, &is_in_site}, number_{number} {}

    /// 0, 1, or -1 if the probe has not run since this apply() began.
    [[nodiscard, gnu::visibility("hidden")]] int probed(const table::feature_record& feature) const noexcept {
        const auto& cell = *reinterpret_cast<const table::feature_cell*>(feature.cell.target());
        const uint32_t known = __atomic_load_n(&cell.probed, __ATOMIC_ACQUIRE);
        return known / 2 < number_ ? -1 : static_cast<int>(known % 2);
    }

private:
    uint32_t number_;
};

/// Runs the probe of a feature. Several threads may do this.
[[gnu::visibility("hidden")]] inline void run_probe(address record, uint32_t number) noexcept {
    const auto& feature = *reinterpret_cast<const table::feature_record*>(record);
    auto& cell = *reinterpret_cast<table::feature_cell*>(feature.cell.target());
    const bool there = reinterpret_cast<bool (*)()>(feature.function.target())();
    __atomic_store_n(&cell.probed, number * 2 + (there ? 1 : 0), __ATOMIC_RELEASE);
}

/// Notes the first name of `tables` that has another type in another image.
[[gnu::visibility("hidden")]] inline void find_clash(const table::shared& all, const table::tables& tables,
                                                     const platform::process& process, outcome& done) noexcept {
    for (size_t i = 0; i < tables.names.size() && done; ++i) {
        const table::named& named = tables.names.records[i];
        const record_id where{table_kind::names, static_cast<uint32_t>(i), 0};
        reader<platform::process> from{process};
        check_named(from, named);
        done.fail(from.trouble, {where.table, where.index, from.refused}, from.refused);
        const table::named* root = all.root;
        const table::named* known = done ? *place_of<&table::cell_state::under>(root, named) : nullptr;
        const bool mixed = known != nullptr && cell_of(*known).state.mixed != 0;
        for (; known != nullptr; known = mixed ? cell_of(*known).state.under[2] : nullptr) { // else one is like all
            if (!same_type(*known, named)) {
                done.fail(named, *known, where);
            }
        }
    }
}

/// Whether an image of the process uses a feature with this name.
[[nodiscard, gnu::visibility("hidden")]] inline bool has_feature(table::shared& all, const char* text,
                                                                 size_t length) noexcept {
    bool found = false;
    for (table::image* each = all.images; each != nullptr && !found; each = each->registry.next) {
        const platform::process image{*each, all.reserve, platform::process::way::refused, &is_in_site};
        for_each_used_feature(tables_of(*each), image, [&](const table::feature_record& feature) noexcept {
            found = found || is_entry(name_at(image, feature.name), text, length);
        });
    }
    return found;
}

/// Patches this image.
[[nodiscard, gnu::visibility("hidden")]] inline outcome apply_image(table::shared& all, uint32_t number) noexcept {
    const table::tables tables = own_tables();
    applying self{all.reserve, number};
    // A user who runs a program with the rights of another user must not switch its features.
    const bool trusted = ::getauxval(AT_SECURE) == 0;
    const char* unknown = nullptr;
    outcome done = override_features(
        // NOLINTNEXTLINE(concurrency-mt-unsafe): set-up code
        tables, self, trusted ? std::getenv("INLAY_FEATURES") : nullptr, [&](const char* name, size_t length) {
            if (unknown == nullptr && !arch::is_feature_name(name, length) && !has_feature(all, name, length)) {
                unknown = name - 1; // with its sign
            }
            return true; // it must not keep this image, or another one, from being patched
        });
    if (done) {
        find_clash(all, tables, self, done);
    }
    if (done) {
        if (own_image.registry.complete == 0) {
            for (size_t i = 0; i < tables.keys.size(); ++i) {
                self.ask(tables.keys.records[i].site.target());
            }
            for (size_t i = 0; i < tables.calls.size(); ++i) {
                self.ask(tables.calls.records[i].site.target());
            }
            self.asked();
        }
        done = inlay::apply(tables, self);
    }
    if (unknown != nullptr) {
        done.fail(error::override_unknown, unknown);
    }
    return done;
}

/// Makes a choice in this image: `make(tables, platform)` does. The functions in choose.hpp that get no platform call
/// this.
template <class Make>
[[gnu::visibility("hidden")]] outcome make_choice(const Make& make) noexcept {
    outcome done;
    const error trouble = exclusively([&](table::shared& all) noexcept {
        platform::process process{own_image, all.reserve, platform::process::way::replace_page, &is_in_site};
        done = make(tables_of(own_image), process);
    });
    done.fail(trouble, {table_kind::no_table, 0, 0});
    return done;
}

/// Calls `function(named, tables, platform)` for each cell of the name in the process.
template <class Function>
void for_each_cell(table::shared& all, const table::named& what, const Function& function) noexcept {
    for_each_namesake<&table::cell_state::under>(all.root, what, [&](const table::named& named) noexcept {
        table::image& owner = *cell_of(named).state.owner;
        platform::process process{owner, all.reserve, platform::process::way::replace_page, &is_in_site};
        function(named, tables_of(owner), process);
    });
}

/// An error if `what` is a name of this image that is not in order.
[[nodiscard, gnu::visibility("hidden")]] inline outcome require_own_name(table::shared& all,
                                                                         const table::named& what) noexcept {
    const platform::process image{own_image, all.reserve, platform::process::way::refused, &is_in_site};
    return require_name(own_tables(), image, what);
}

/// Makes a change in all images of the process. The functions in poke.hpp that get no platform call this.
[[gnu::visibility("hidden"), gnu::noinline]] inline outcome change_name(const table::named& what,
                                                                        const change& how) noexcept {
    outcome done;
    const error trouble = exclusively([&](table::shared& all) noexcept {
        done = require_own_name(all, what);
        if (done) {
            done = make_change(what, how, [&](const auto& function) noexcept { for_each_cell(all, what, function); });
        }
    });
    done.fail(trouble, {table_kind::no_table, 0, 0});
    return done;
}

/// All images of the process, for a list of changes.
struct all_images {
    table::shared& all;

    template <class Function>
    void cells(const table::named& what, const Function& function) const noexcept {
        for_each_cell(all, what, function);
    }
    template <class Function>
    void images(const Function& function) const noexcept {
        for (table::image* each = all.images; each != nullptr; each = each->registry.next) {
            platform::process process{*each, all.reserve, platform::process::way::replace_page, &is_in_site};
            function(tables_of(*each), process);
        }
    }
};

/// Makes the changes of a list in all images of the process. transaction::commit() without a platform calls this.
[[gnu::visibility("hidden"), gnu::noinline]] inline outcome change_names(change_list& list) noexcept {
    outcome done;
    const error trouble = exclusively([&](table::shared& all) noexcept {
        for (unsigned i = 0; i < list.count && i < list.room && done; ++i) {
            done = require_own_name(all, *list.all[i].what);
            list.failed = i;
        }
        if (done) {
            done = make_changes(list, all_images{all});
        }
    });
    done.fail(trouble, {table_kind::no_table, 0, 0});
    return done;
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Patches every site of the image (program or shared library) that calls it. Call it early in main(), or in a
/// library's constructor, before other threads run through its alternatives. Idempotent. It fails with
/// error::name_clash if a name of the image has another type there or in another image. If INLAY_FEATURES names a
/// feature that no image has, apply() patches the image, and returns error::override_unknown.
[[gnu::visibility("hidden")]] inline outcome apply() noexcept {
    (void)detail::own();
    const detail::uncancelled guard;
    const uint32_t number = __atomic_add_fetch(&detail::own_image.registry.applied, 1U, __ATOMIC_RELAXED);
    for (;;) {
        outcome done;
        const error trouble =
            detail::exclusively([&](table::shared& all) noexcept { done = detail::apply_image(all, number); });
        done.fail(trouble, {table_kind::no_table, 0, 0});
        const address record = done.refused();
        if (done.error() != error::probe_first || record == 0) {
            return done;
        }
        detail::run_probe(record, number);
    }
}

} // namespace INLAY_TARGET

} // namespace inlay
