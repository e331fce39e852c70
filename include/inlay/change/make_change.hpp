// SPDX-License-Identifier: BSL-1.0
//
// make_change: changes one name in all images that have it: all of it, or none.
//
//     detail::make_change(named, detail::to_value(true), [&](const auto& function) noexcept {
//         ... function(named, tables, platform) for each cell of the name ...
//     });
//
// How it works. Say that key `trace` goes from false to true, while other threads run. Its value is in many places.
// Each image has a cell, in memory. A site that apply() has patched is a nop or a jump, by the value. A site of an
// image that has not called apply(), and a call whose target is out of reach, read the cell each time. No instruction
// changes all these places at once. So each execution of a site shall find the old form or the new one, whole. If any
// place cannot be changed, all of them shall be as before. This is the order:
//
//  1. Check. Each patched site of each image is looked at. It must hold a form that inlay wrote, the new bytes must
//     reach their target, and the platform must be able to exchange them. Nothing changes, so that an error in the
//     last image costs nothing in the first.
//
//  2. Make ready. A platform that can stage puts the new text where no thread runs it: platform::process has a second
//     mapping of the page. Nearly everything that can fail fails here: memory, permissions, limits. If it does, the
//     ready text is dropped.
//
//  3. Store. Each cell gets the new value, by one store. This cannot fail.
//
//  4. Show. The platform has the processors fetch the new text, page by page.
//
// After each step, another thread finds these values:
//
//                      check    make ready    store         show
//     reads the cell   false    false         true          true
//     patched site     false    false         false         true
//
// Between 3 and 4 two sites of one name may disagree. They must disagree at some time, since no instruction changes
// both. The time is short, because everything slow or likely to fail is done earlier. Steps 3 and 4 could change
// places; a thread would find the same two values in the other order.
//
// A platform that cannot stage shows each write at once. There the order is: check, store, write image by image. A
// kernel with such a platform stops the other processors, or runs on one.
//
// A switch of many ways has outer sites, which jump to inner sites for a group of ways. If the value goes from group A
// to group B, a thread that an outer site sends to B must find B's inner sites changed. So steps 2 and 4 are made for
// inner sites, then for outer ones. A thread that is still sent to A finds A's inner sites as they were: a value of B
// leaves them alone.
//
// Taking back. If a step fails, the cells go back to the setting that they note as `before`, if they were stored. Then
// the sites are written for that setting, one by one, so that a page which refuses does not keep the others. If even
// that fails, the outcome says error::change_incomplete.
//
// Compare Linux's text_poke_bp(), which has a breakpoint as a third form between the old and the new one. It exchanges
// bytes while threads run them.
#pragma once

#include "inlay/apply/names.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/change/image_change.hpp"
#include "inlay/change/setting.hpp"
#include "inlay/error.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// A step of a change: an action on each cell of a name and on its sites.
enum class change_step : uint8_t {
    check,
    store,        ///< where the platform cannot stage, so that writing is showing
    make_ready,   ///< the sites
    store_staged, ///< where the platform can stage
    show,         ///< the sites; or drop them
    store_back,   ///< the cells that were stored
    write_back,   ///< the sites, one by one
};

/// Whether `Names` makes sites ready and shows them for all names at once, by two functions: `make_ready(order, done)`
/// and `show(done)`.
template <class Names>
inline constexpr bool many_at_once = requires(Names& names, site_order order, outcome& done) {
    names.make_ready(order, done);
    names.show(done);
};

/// A change, step by step. `names.each(function)` calls `function(named, tables, platform)` for each cell of each name
/// that changes. During the call, `names.what()` is that name, and `names.to()` its new setting.
template <class Names>
class change_steps {
public:
    change_steps(Names& names, outcome& done) noexcept : names_{names}, done_{&done} {}

    void make() noexcept {
        each(change_step::check);
        if (!*done_) {
            return;
        }
        each(change_step::store);
        for (const site_order order : in_order) {
            order_ = order;
            make_ready();
            if (*done_ && !stored_) {
                each(change_step::store_staged);
                stored_ = true;
            }
            show();
        }
        if (!*done_) {
            take_back();
        }
    }

private:
    void make_ready() noexcept {
        if constexpr (many_at_once<Names>) {
            names_.make_ready(order_, *done_);
        } else {
            each(change_step::make_ready);
        }
    }
    void show() noexcept {
        if constexpr (many_at_once<Names>) {
            names_.show(*done_);
        } else {
            each(change_step::show);
        }
    }

    void take_back() noexcept {
        outcome& failed = *done_;
        outcome back; // here: in the class, some compilers would call memset, which a kernel need not have
        done_ = &back;
        each(change_step::store_back);
        for (const site_order order : in_order) {
            order_ = order;
            each(change_step::write_back);
        }
        note_taken_back(failed, back);
    }

    /// Takes the step in each image that has the name.
    [[gnu::noinline]] void each(change_step step) noexcept {
        names_.each([&](const table::named& named, const table::tables& tables, auto& platform) noexcept {
            if (same_type(named, names_.what())) {
                image_change part{tables, platform};
                take_step(step, part, named, *tables.registry);
            }
        });
    }

    template <class Part>
    void take_step(change_step step, Part& part, const table::named& named, const table::registry& registry) noexcept {
        constexpr bool by_name = !many_at_once<Names>;
        table::cell& cell = cell_of(named);
        if (step == change_step::check) {
            part.check(named, names_.to(), *done_);
        } else if (step == (Part::stages ? change_step::store_staged : change_step::store)) {
            store(cell, names_.to(), registry);
        } else if (by_name && step == change_step::make_ready && *done_) {
            part.write(named, names_.to(), order_, *done_);
        } else if (by_name && step == change_step::show && *done_) {
            part.show(named, *done_);
        } else if (by_name && step == change_step::show) {
            part.drop();
        } else if (step == change_step::store_back && (!Part::stages || stored_)) {
            const table::setting before = cell.state.before;
            store(cell, before, registry);
        } else if (step == change_step::write_back) {
            part.one_by_one();
            part.write(named, setting_of(cell), order_, *done_);
            part.show(named, *done_);
        }
    }

    Names& names_;
    outcome* done_; ///< of the change, or of taking it back
    site_order order_{site_order::inner};
    bool stored_{}; ///< in the cells of images whose platform can stage
};

/// The name of a single change. `cells(function)` calls `function(named, tables, platform)` for each of its cells.
template <class Cells>
class one_name {
public:
    one_name(const table::named& what, const table::setting& to, const Cells& cells) noexcept
        : what_{what}, to_{to}, cells_{cells} {}

    [[nodiscard]] const table::named& what() const noexcept { return what_; }
    [[nodiscard]] const table::setting& to() const noexcept { return to_; }
    template <class Function>
    void each(const Function& function) const noexcept {
        cells_(function);
    }

private:
    const table::named& what_;
    const table::setting& to_;
    const Cells& cells_;
};

/// Makes the change in all cells that `cells` knows.
template <class Cells>
[[gnu::visibility("hidden")]] outcome make_change(const table::named& what, const change& how,
                                                  const Cells& cells) noexcept {
    outcome done;
    table::setting to = setting_of(cell_of(what));
    done.fail(make_setting(how, to), {table_kind::names, 0, 0});
    if (done) {
        one_name<Cells> names{what, to, cells};
        change_steps<one_name<Cells>>{names, done}.make();
    }
    return done;
}

/// Makes the change in the image of `tables`, by `platform`.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome change_tables(const table::tables& tables, const table::named& what,
                                                    const change& how, Platform& platform) noexcept {
    register_names(tables, platform);
    if (outcome done = require_name(tables, platform, what); !done) {
        return done;
    }
    return make_change(what, how, [&](const auto& function) noexcept {
        for_each_namesake<&table::cell_state::below>(
            tables.registry->root, what,
            [&](const table::named& named) noexcept { function(named, tables, platform); });
    });
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
