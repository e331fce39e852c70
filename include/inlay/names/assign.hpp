// SPDX-License-Identifier: BSL-1.0
//
// assign: sets names by text: all of the settings, or none.
//
//     detail::assignment settings[2] = {{"app.trace", "on"}, {"sched_clock", "tsc"}};
//     std::size_t failed = 0;
//     auto done = detail::assign(settings, 2, failed);
//
// How it works. Under the lock, each setting is looked up and checked, and then each is made. If one fails, those
// before it are put back.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/change/image_change.hpp"
#include "inlay/change/make_change.hpp"
#include "inlay/change/setting.hpp"
#include "inlay/error.hpp"
#include "inlay/names/entry.hpp"
#include "inlay/names/type.hpp"
#include "inlay/process.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// A setting by text, and its data while the lock is held.
struct assignment {
    std::string_view name{};
    std::string_view value{};
    const table::named* what{};
    change how{change_kind::value, 0};
    table::setting before{};
    table::setting after{};
};

/// Whether `text` is `word` (in lower case).
[[nodiscard]] inline bool is_word(std::string_view text, std::string_view word) noexcept {
    if (text.size() != word.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char each = text[i];
        if ((each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each) != word[i]) {
            return false;
        }
    }
    return true;
}

[[nodiscard]] inline error parse_key(std::string_view value, change& how) noexcept {
    for (const std::string_view on : {"on", "true", "1", "yes"}) {
        if (is_word(value, on)) {
            how = to_value(true);
            return error::no_error;
        }
    }
    for (const std::string_view off : {"off", "false", "0", "no"}) {
        if (is_word(value, off)) {
            how = to_value(false);
            return error::no_error;
        }
    }
    if (is_word(value, "enable") || is_word(value, "disable")) {
        how = is_word(value, "enable") ? enabling : disabling;
        return error::no_error;
    }
    return error::value_unknown;
}

[[nodiscard]] inline error parse_switch(std::string_view value, unsigned ways, change& how) noexcept {
    unsigned number = 0;
    for (const char each : value) {
        if (each < '0' || each > '9') {
            return error::value_unknown;
        }
        number = number < ways ? number * 10 + static_cast<unsigned>(each - '0') : number;
    }
    if (value.empty() || number >= ways) {
        return value.empty() ? error::value_unknown : error::value_outside;
    }
    how = to_number(number);
    return error::no_error;
}

/// By the name of a target; this image's is preferred.
[[nodiscard]] inline error parse_call(const table::shared& all, const assignment& one, const type_text& type,
                                      change& how) noexcept {
    const table::named* found = nullptr;
    for (const table::named* each = find_name(all.root, {one.name, one.value, true}); each != nullptr;
         each = cell_of(*each).state.under[2]) {
        if (type_of(*each).is_target() && same_type(*each, *one.what) &&
            (found == nullptr || cell_of(*each).state.owner == &own_image)) {
            found = each;
        }
    }
    if (found != nullptr) {
        const table::cell& cell = cell_of(*found);
        how = to_address(cell.value, cell.state.mode);
    } else if (one.value == "null" && type.may_be_null()) {
        how = to_address(0, type.null_mode());
    } else {
        return error::value_unknown;
    }
    return error::no_error;
}

/// The start of a text; the text may be empty.
[[nodiscard]] inline const char* begin_of(std::string_view text) noexcept { return text.empty() ? "" : text.data(); }

/// Finds the name, and the meaning of its value.
inline void look_up(const table::shared& all, assignment& one, outcome& done) noexcept {
    const table::named* const first = find_name(all.root, {one.name});
    if (first == nullptr || type_of(*first).is_target() || !type_of(*first).known()) {
        done.fail(error::name_unknown, begin_of(one.name));
        return;
    }
    for (const table::named* each = first; each != nullptr; each = cell_of(*each).state.under[2]) {
        if (!same_type(*each, *first)) {
            done.fail(*each, *first, {table_kind::names, 0, 0});
            return;
        }
    }
    one.what = first;
    const type_text type = type_of(*first);
    const error trouble = type.kind() == name_kind::static_key      ? parse_key(one.value, one.how)
                          : type.kind() == name_kind::static_switch ? parse_switch(one.value, type.ways(), one.how)
                                                                    : parse_call(all, one, type, one.how);
    if (trouble != error::no_error) {
        done.fail(trouble, begin_of(one.value));
    }
}

/// Looks up one of the settings, and whether its change could be made after those before it.
inline void prepare(table::shared& all, assignment* settings, std::size_t index, outcome& done) noexcept {
    assignment& one = settings[index];
    look_up(all, one, done);
    if (!done) {
        return;
    }
    one.before = setting_of(cell_of(*one.what));
    one.after = one.before;
    for (std::size_t i = 0; i < index; ++i) { // a name may stand there twice; counts go on from the last one
        one.after = settings[i].what == one.what ? settings[i].after : one.after;
    }
    if (const error trouble = make_setting(one.how, one.after); trouble != error::no_error) {
        done.fail(trouble, begin_of(one.value));
        return;
    }
    for_each_cell(all, *one.what, [&](const table::named& named, const table::tables& tables, auto& platform) noexcept {
        image_change part{tables, platform};
        part.check(named, one.after, done);
    });
}

/// Makes the changes in their order, or none. `failed` becomes the index of the setting that the error is about.
[[gnu::noinline]] inline outcome assign(assignment* settings, std::size_t count, std::size_t& failed) noexcept {
    outcome done;
    failed = 0;
    const error trouble = exclusively([&](table::shared& all) noexcept {
        for (failed = 0; failed < count && done; failed += done ? 1U : 0U) {
            prepare(all, settings, failed, done);
        }
        if (!done) {
            return;
        }
        std::uint32_t written = 0;
        const auto make = [&](const table::named& what, const change& how) noexcept {
            return make_change(what, how, [&](const auto& function) noexcept { for_each_cell(all, what, function); });
        };
        for (failed = 0; failed < count && done; failed += done ? 1U : 0U) {
            settings[failed].before = setting_of(cell_of(*settings[failed].what));
            done = make(*settings[failed].what, settings[failed].how);
            written += done.written;
        }
        done.written = done ? written : 0;
        for (std::size_t i = failed; !done && i-- > 0;) {
            if (const outcome gone = make(*settings[i].what, back_to(settings[i].before)); !gone) {
                done.worsen(error::change_incomplete);
                done.system_error = gone.system_error;
            }
        }
    });
    done.fail(trouble, {table_kind::no_table, 0, 0});
    return done;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
