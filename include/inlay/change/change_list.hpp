// SPDX-License-Identifier: BSL-1.0
//
// change_list: changes of several names that are made together: all of them, or none.
//
//     detail::listed_change all[2];
//     detail::list_change(all[0], key, detail::to_value(true));
//     detail::list_change(all[1], call, detail::to_target(&tsc_clock));
//     detail::change_list list{all, 2, 2, 2};
//     outcome done = detail::change_tables(tables, list, platform);       // list.failed: which one, if it fails
//
// How it works. First each change is applied to the setting of its name, in the order of the list. If the list has a
// name several times, only its last setting is made. So counts of enable() and disable() are right, and no thread sees
// a setting between. Then the names take the steps of a single change (make_change.hpp) together. All are checked, then
// all are made ready, all cells are stored, and all are shown.
//
// Sites are made ready image by image, and within an image page by page: from each name the sites of this page. So
// each page is copied and written once, though sites of many names are on it. A name's sites are sorted by address, so
// a binary search finds its first site in a page. If a platform does not stage, all sites are one batch, with one
// finish().
//
// Only switches of more than 16 ways have outer sites. Without them, the second round over the sites does not take
// place.
#pragma once

#include "inlay/apply/names.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/change/image_change.hpp"
#include "inlay/change/make_change.hpp"
#include "inlay/change/setting.hpp"
#include "inlay/error.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay::detail {
inline namespace INLAY_TARGET {

/// A change in a list. While the change is made, it also has the name's new setting. (Not hidden: a user's type may
/// have a transaction in it.)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Weffc++" // list_change() and plan() fill it
// NOLINTNEXTLINE(*-member-init)
struct listed_change {
    /// Hidden, and calls no constructor of the setting: images would export implicit constructors.
    // NOLINTNEXTLINE(*-member-init, *-use-equals-default)
    [[gnu::visibility("hidden")]] listed_change() noexcept {}

    const table::named* what;
    address value; // these four are a `change`
    uint8_t kind;
    table::call_mode mode;
    error refused;
    bool is_last; ///< no later change is of the same name
    union {
        table::setting to;
    };
    const table::named* here; ///< the first cell of the name in the image in question
};
#pragma GCC diagnostic pop

} // namespace INLAY_TARGET
} // namespace inlay::detail

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

inline void list_change(listed_change& to, const table::named& what, const change& how) noexcept {
    to.what = &what;
    to.value = how.value;
    to.kind = static_cast<uint8_t>(how.kind);
    to.mode = how.mode;
    to.refused = how.refused;
}

struct change_list {
    listed_change* all;
    unsigned room;   ///< for changes
    unsigned count;  ///< of changes; if more than `room`, they are refused
    unsigned failed; ///< the number of the change that failed; `count` if the error concerns no single change

    /// Notes that the change of this number failed, if it is the first one.
    void note(unsigned number, const outcome& done) noexcept { failed = !done && failed == count ? number : failed; }
};

/// Works out the setting that each name gets. Fails if one of the changes cannot be made.
inline void plan(change_list& list, outcome& done) noexcept {
    list.failed = list.count;
    if (list.count > list.room) {
        list.failed = list.room;
        done.fail(error::too_many_changes, {table_kind::names, list.room, 0});
    }
    for (unsigned i = 0; i < list.count && done; ++i) {
        listed_change& one = list.all[i];
        one.is_last = true;
        listed_change* before = nullptr;
        for (unsigned j = i; j-- > 0 && before == nullptr;) {
            const table::named& other = *list.all[j].what;
            before = same_name(other, *one.what) && same_type(other, *one.what) ? &list.all[j] : nullptr;
        }
        if (before != nullptr) {
            before->is_last = false;
            one.to = before->to;
        } else {
            one.to = setting_of(cell_of(*one.what));
        }
        const change how{static_cast<change_kind>(one.kind), one.value, one.mode, one.refused};
        done.fail(make_setting(how, one.to), {table_kind::names, i, 0});
        list.note(i, done);
    }
}

/// The names of a list, for change_steps. `place.cells(name, function)` calls `function(named, tables, platform)` for
/// each cell of a name. `place.images(function)` calls `function(tables, platform)` for each image.
template <class Place>
class listed_names {
public:
    listed_names(change_list& list, const Place& place, const outcome& done) noexcept
        : list_{list}, place_{place}, done_{done} {}

    [[nodiscard]] const table::named& what() const noexcept { return *list_.all[now_].what; }
    [[nodiscard]] const table::setting& to() const noexcept { return list_.all[now_].to; }

    template <class Function>
    void each(const Function& function) noexcept {
        for (now_ = 0; now_ < list_.count; ++now_) {
            if (list_.all[now_].is_last) {
                place_.cells(what(), function);
                list_.note(now_, done_);
            }
        }
    }

    /// Makes all sites of this order ready.
    [[gnu::noinline]] void make_ready(site_order order, outcome& done) noexcept {
        if (order == site_order::outer && !has_outer_) {
            return;
        }
        place_.images([&](const table::tables& tables, auto& platform) noexcept {
            if (done) {
                image_change<bare<decltype(platform)>, true> part{tables, platform};
                find_here(*tables.registry);
                make_windows(part, order);
                part.end_windows(done, blame_in(*tables.registry));
                has_outer_ = has_outer_ || part.has_other_order();
            }
        });
    }

    /// Shows the sites that are ready; or drops them, if a step before failed.
    [[gnu::noinline]] void show(outcome& done) noexcept {
        place_.images([&](const table::tables& tables, auto& platform) noexcept {
            image_change<bare<decltype(platform)>, true> part{tables, platform};
            if (done) {
                part.show_windows(done, blame_in(*tables.registry));
            } else {
                part.drop();
            }
        });
    }

private:
    /// Finds the names' cells in the image of `registry`, for each_here().
    void find_here(const table::registry& registry) noexcept {
        for (unsigned i = 0; i < list_.count; ++i) {
            const table::named* root = registry.root;
            list_.all[i].here = *place_of<&table::cell_state::below>(root, *list_.all[i].what);
        }
    }

    /// Calls `function(named)` for each cell of each name that find_here() has found.
    template <class Function>
    void each_here(const Function& function) noexcept {
        for (now_ = 0; now_ < list_.count; ++now_) {
            const table::named* each = list_.all[now_].is_last ? list_.all[now_].here : nullptr;
            for (; each != nullptr; each = cell_of(*each).state.below[2]) {
                if (each == &what() || same_type(*each, what())) {
                    function(*each);
                }
            }
        }
    }

    /// Finds the change that an error in the image of `registry` is about.
    [[nodiscard]] auto blame_in(const table::registry& registry) noexcept {
        return [this, &registry](auto& part) noexcept {
            find_here(registry);
            each_here([&](const table::named& named) noexcept {
                list_.failed = part.find_nearest(named) ? now_ : list_.failed;
            });
        };
    }

    template <class Part>
    void make_windows(Part& part, site_order order) noexcept {
        for (address begin = 0; begin != Part::nowhere && part.good();) {
            address next = Part::nowhere;
            each_here([&](const table::named& named) noexcept {
                if (part.good() && cell_of(named).state.sites != 0) {
                    const address after = part.write_window(named, to(), order, begin);
                    next = after < next ? after : next;
                }
            });
            begin = next;
        }
    }

    change_list& list_;
    const Place& place_;
    const outcome& done_; ///< of the change; not of taking it back
    unsigned now_{};      ///< the number of the change in question
    bool has_outer_{};
};

/// Makes the changes of the list, in all cells that `place` knows.
template <class Place>
[[gnu::visibility("hidden")]] outcome make_changes(change_list& list, const Place& place) noexcept {
    outcome done;
    plan(list, done);
    if (done) {
        listed_names<Place> names{list, place, done};
        change_steps<listed_names<Place>>{names, done}.make();
    }
    return done;
}

/// The image of `tables`, in which `platform` writes.
template <text_platform Platform>
struct one_image {
    const table::tables& tables;
    Platform& platform;

    template <class Function>
    void cells(const table::named& what, const Function& function) const noexcept {
        for_each_namesake<&table::cell_state::below>(
            tables.registry->root, what,
            [&](const table::named& named) noexcept { function(named, tables, platform); });
    }
    template <class Function>
    void images(const Function& function) const noexcept {
        function(tables, platform);
    }
};

/// Makes the changes in the image of `tables`, by `platform`.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome change_tables(const table::tables& tables, change_list& list,
                                                    Platform& platform) noexcept {
    register_names(tables, platform);
    for (unsigned i = 0; i < list.count && i < list.room; ++i) {
        if (outcome done = require_name(tables, platform, *list.all[i].what); !done) {
            list.failed = i;
            return done;
        }
    }
    return make_changes(list, one_image<Platform>{tables, platform});
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
