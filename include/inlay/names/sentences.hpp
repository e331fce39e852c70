// SPDX-License-Identifier: BSL-1.0
//
// sentences: a line for each name; the error of a setting, with the nearest names and values.
//
//     detail::explain_to(done, "app.trase", "on", message(done.error()), wanted, write);
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/names/entry.hpp"
#include "inlay/names/list.hpp"
#include "inlay/names/spelling.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// How many characters to change, add or leave out to get from one text to the other. Long texts have the greatest
/// distance.
[[nodiscard]] inline std::size_t distance_between(std::string_view a, std::string_view b) noexcept {
    constexpr std::size_t longest = 80;
    if (a.size() > longest || b.size() > longest) {
        return 2 * longest;
    }
    std::size_t row[longest + 1]{}; // of b's beginnings
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = smaller(changed, smaller(row[j], row[j + 1]) + 1);
        }
    }
    return row[b.size()];
}

/// The distance between a misspelled word and an existing one; none if the distance is too great for a spelling
/// mistake.
inline constexpr std::size_t too_unlike = 1000;
[[nodiscard]] inline std::size_t unlikeness(std::string_view written, std::string_view exists) noexcept {
    if (written.size() >= 3 && exists.find(written) != std::string_view::npos) {
        return 1;
    }
    const std::size_t distance = distance_between(written, exists);
    return distance <= 1 + (written.size() + 1) / 4 && distance < exists.size() ? distance : too_unlike;
}

/// The part of "a, b, c" that is the most like `written`, or "".
[[nodiscard]] inline std::string_view nearest_part(std::string_view parts, std::string_view written) noexcept {
    std::string_view best;
    std::size_t least = too_unlike;
    while (!parts.empty()) {
        const std::size_t end = smaller(parts.find(", "), parts.size());
        if (const std::size_t here = unlikeness(written, part_of(parts, 0, end)); here < least) {
            best = part_of(parts, 0, end);
            least = here;
        }
        parts.remove_prefix(smaller(end + 2, parts.size()));
    }
    return best;
}

/// Writes one entry as a line.
template <class Write>
void write_entry(const name_entry& entry, const Write& write) {
    const auto number = [&](address value, const char* one, const char* many) {
        short_text<32> text;
        write(std::string_view{text.add(value).get()});
        write(std::string_view{value == 1 ? one : many});
    };
    write(std::string_view{entry.name});
    write(" = ");
    write(std::string_view{entry.value});
    write(entry.kind == name_kind::static_key      ? " (key"
          : entry.kind == name_kind::static_switch ? " (switch"
          : entry.kind == name_kind::hook          ? " (hook"
                                                   : " (call");
    if (entry.kind != name_kind::static_key) {
        write(" of type ");
        write(std::string_view{entry.type});
    }
    if (*entry.values != '\0') {
        write(": ");
        write(std::string_view{entry.values});
    }
    if (*entry.initial != '\0') {
        write("; default ");
        write(std::string_view{entry.initial});
    }
    if (entry.enabled > 1) {
        write("; enabled ");
        number(static_cast<address>(entry.enabled), " time", " times");
    }
    write("; ");
    number(entry.sites, " site, ", " sites, ");
    number(entry.patched, " patched", " patched");
    if (entry.images > 1) {
        write("; in ");
        number(entry.images, " image", " images");
    }
    write(entry.clashes ? "; another type has this name)\n" : ")\n");
}

/// Calls `function(const name_entry&)` for the names of the process that `wanted(name)` holds for.
template <class Wanted, class Function>
outcome for_each_wanted(const Wanted& wanted, Function function) {
    outcome done;
    name_list list;
    done.fail(list.take(), {table_kind::no_table, 0, 0});
    if (done) {
        const name_speller speller{list};
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (wanted(std::string_view{list[i].name})) {
                speller.spell(i, function);
            }
        }
    }
    return done;
}

/// See explain(). Only names that `wanted(name)` holds for are listed; `sentence` begins it.
template <class Wanted, class Write>
void explain_to(const outcome& done, std::string_view name, std::string_view value, const char* sentence,
                const Wanted& wanted, const Write& write) {
    const asked_name asked{name};
    const auto say = [&](const char* before, std::string_view text, const char* after) {
        write(std::string_view{before});
        write(text);
        write(std::string_view{after});
    };
    write(std::string_view{sentence});
    if (done.error() == error::name_unknown) {
        std::size_t least = too_unlike;
        (void)for_each_wanted(wanted,
                              [&](const name_entry& each) { least = smaller(least, unlikeness(name, each.name)); });
        bool first = true;
        (void)for_each_wanted(wanted, [&](const name_entry& each) {
            if (least != too_unlike && unlikeness(name, each.name) == least) {
                say(first ? "; did you mean " : " or ", each.name, "");
                first = false;
            }
        });
        bool any = false;
        (void)for_each_wanted(wanted, [&](const name_entry& each) {
            say(any ? "" : first ? "; the names are:\n" : "? The names are:\n", "", "    ");
            any = true;
            write_entry(each, write);
        });
        say(any ? "" : "; there is none\n", "", "");
        return;
    }
    if (done.error() == error::name_clash) {
        say("; one type: ", readable{done.clash().type}.get(), "");
        say("; another: ", readable{done.clash().other_type}.get(), "\n");
        return;
    }
    if (*done.detail() != '\0' || done.error() == error::value_unknown) {
        (void)for_each_wanted(wanted, [&](const name_entry& each) {
            if (!asked.is(each.name)) {
                return;
            }
            if (*each.values == '\0') {
                say("; no target of ", each.name, " has a name: inlay::name_targets() gives names");
            } else {
                say("; ", each.name, " takes ");
                write(std::string_view{each.values});
            }
            if (const std::string_view near = nearest_part(each.values, value); !near.empty() && near != value) {
                say("; did you mean ", near, "?");
            }
            say("; it is ", each.value, "");
        });
    }
    write("\n");
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
