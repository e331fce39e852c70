// SPDX-License-Identifier: BSL-1.0
//
// code_rule: the code rules and code points of a file, as code_rules.hpp has declared them.
//
//     for (const auto& rule : inlay::check::read_code_rules(program, found)) ...
//
// How it works. The sections are in the file, not in the image. Texts end with zeros. A line that this checker does not
// know is an error, since a rule that is half understood proves nothing.
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

enum class demand : std::uint8_t { missing, never, after, then, next, only_when, times };

struct code_rule {
    std::string reason{};
    std::string declared{}; ///< "main.cpp:12"
    check::demand demand{};
    std::vector<std::string> each{}, demanded{}, without{}, since{}, until{};      ///< patterns
    std::vector<std::string> from{}, in{}, outside{}, in_sites{}, outside_sites{}; ///< names
    std::string where{};                                                           ///< a predicate; empty: always
    std::string only_when{};
    std::uint32_t times{};
    bool over_calls{}, if_any{};
};

struct code_point {
    std::uint64_t at{};
    std::string name{};
};

namespace detail {

/// Calls `use(bytes, size)` for each section of a name. An object has several of them.
template <class Use>
void for_each_section(const program& program, std::string_view name, const Use& use) {
    for (const auto& each : program.elf().sections()) {
        if (each.name == name && each.type != SHT_NOBITS && each.size != 0) {
            use(program.elf().bytes(each.offset, each.size, "a section of code rules"), each.size);
        }
    }
}

/// "a | b" as {"a", "b"}.
[[nodiscard]] inline std::vector<std::string> list_of(std::string_view text) {
    std::vector<std::string> result;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(" | ", at), text.size());
        result.emplace_back(text.substr(at, end - at));
        at = end + 3;
    }
    return result;
}

/// A rule from its text; the line that is wrong, or an empty text.
[[nodiscard]] inline std::string parse_code_rule(std::string_view text, code_rule& to) {
    bool first = true;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (first) {
            if (line != "inlay code rule 1") {
                return std::string{line};
            }
            first = false;
            continue;
        }
        const std::size_t colon = line.find(':');
        const std::string_view key = line.substr(0, colon);
        const std::string_view value =
            colon != std::string_view::npos && colon + 2 <= line.size() ? line.substr(colon + 2) : std::string_view{};
        const auto demands = [&](demand what) {
            to.demanded = list_of(value);
            to.demand = what;
        };
        if (key == "each") {
            to.each = list_of(value);
        } else if (key == "rule") {
            to.reason = value;
        } else if (key == "declared") {
            to.declared = value;
        } else if (key == "never") {
            to.demand = demand::never;
        } else if (key == "after") {
            demands(demand::after);
        } else if (key == "then") {
            demands(demand::then);
        } else if (key == "next") {
            demands(demand::next);
        } else if (key == "only when") {
            to.demand = demand::only_when;
            to.only_when = value;
        } else if (key == "times") {
            to.demand = demand::times;
            const auto [end_of_number, error] = std::from_chars(value.data(), value.data() + value.size(), to.times);
            if (error != std::errc{} || end_of_number != value.data() + value.size()) {
                return std::string{line};
            }
        } else if (key == "without") {
            to.without = list_of(value);
        } else if (key == "since") {
            to.since = list_of(value);
        } else if (key == "until") {
            to.until = list_of(value);
        } else if (key == "from") {
            to.from = list_of(value);
        } else if (key == "in") {
            to.in = list_of(value);
        } else if (key == "outside") {
            to.outside = list_of(value);
        } else if (key == "in sites") {
            to.in_sites = list_of(value);
        } else if (key == "outside sites") {
            to.outside_sites = list_of(value);
        } else if (key == "where") {
            to.where = value;
        } else if (key == "over calls") {
            to.over_calls = true;
        } else if (key == "if any") {
            to.if_any = true;
        } else {
            return std::string{line};
        }
    }
    return to.each.empty() || to.demand == demand::missing || to.reason.empty() ? "no demand, or no reason" : "";
}

} // namespace detail

/// The rules of a file, each once. A text that is no rule is a finding.
[[nodiscard]] inline std::vector<code_rule> read_code_rules(const program& program, findings& found) {
    std::vector<code_rule> result;
    std::vector<std::string> known;
    detail::for_each_section(program, "inlay_code_rules", [&](const char* bytes, std::uint64_t size) {
        for (std::uint64_t at = 0; at < size;) {
            const std::string text{bytes + at, ::strnlen(bytes + at, static_cast<std::size_t>(size - at))};
            at += text.size() + 1;
            if (text.empty() || std::find(known.begin(), known.end(), text) != known.end()) {
                continue;
            }
            known.push_back(text);
            code_rule rule;
            if (std::string wrong = detail::parse_code_rule(text, rule); !wrong.empty()) {
                wrong.resize(std::min<std::size_t>(wrong.size(), 80));
                std::replace_if(wrong.begin(), wrong.end(), [](char each) { return each < ' ' || each > '~'; }, '?');
                program.add(found, "code-format", 0,
                            "a code rule has a line that this version of inlay does not know: \"" + wrong + '"');
                continue;
            }
            result.push_back(std::move(rule));
        }
    });
    return result;
}

/// The code points of a file, by address. Those of code that the linker has dropped have no address.
[[nodiscard]] inline std::vector<code_point> read_code_points(const program& program, findings& found) {
    std::vector<code_point> result;
    constexpr std::size_t name_size = 32;
    const std::size_t word = program.elf().is_64_bit() ? 8 : 4;
    detail::for_each_section(program, "inlay_code_points", [&](const char* bytes, std::uint64_t size) {
        if (size % (word + name_size) != 0) {
            program.add(found, "code-format", 0, "the size of section inlay_code_points is no multiple of a record's");
            return;
        }
        for (std::uint64_t at = 0; at < size; at += word + name_size) {
            code_point one;
            std::memcpy(&one.at, bytes + at, word); // little endian
            one.name.assign(bytes + at + word, ::strnlen(bytes + at + word, name_size));
            if (one.at != 0) {
                result.push_back(std::move(one));
            }
        }
    });
    std::sort(result.begin(), result.end(), [](const code_point& a, const code_point& b) { return a.at < b.at; });
    return result;
}

} // namespace check
} // namespace inlay
