// SPDX-License-Identifier: BSL-1.0
//
// code_condition: predicates as text, asked when only some features are known.
//
//     const inlay::check::condition known{{{"pmuv3", false}}};
//     known.ask("pmuv3 && sb")                                  // answer::no
//     inlay::check::assignments("a && b", false)                // all ways in which it does not hold
#pragma once

#include "inlay/requirements.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

enum class answer : std::uint8_t { no, yes, unknown };

namespace detail {

/// Reads "a && !(b || c)"; a text that it cannot read is unknown.
template <class Feature>
class predicate_parser {
public:
    predicate_parser(std::string_view text, const Feature& feature) : text_{text}, feature_{feature} {}

    [[nodiscard]] answer operator()() {
        const answer result = any(0);
        return at_ == text_.size() ? result : answer::unknown;
    }

private:
    static constexpr unsigned deepest = 200;

    [[nodiscard]] bool takes(std::string_view word) {
        while (at_ < text_.size() && text_[at_] == ' ') {
            ++at_;
        }
        if (!text_.substr(at_).starts_with(word)) {
            return false;
        }
        at_ += word.size();
        return true;
    }
    [[nodiscard]] answer any(unsigned depth) {
        answer result = all(depth);
        while (takes("||")) {
            const answer other = all(depth);
            result = result == answer::yes || other == answer::yes ? answer::yes
                     : result == answer::no && other == answer::no ? answer::no
                                                                   : answer::unknown;
        }
        return result;
    }
    [[nodiscard]] answer all(unsigned depth) {
        answer result = one(depth);
        while (takes("&&")) {
            const answer other = one(depth);
            result = result == answer::no || other == answer::no     ? answer::no
                     : result == answer::yes && other == answer::yes ? answer::yes
                                                                     : answer::unknown;
        }
        return result;
    }
    [[nodiscard]] answer one(unsigned depth) {
        if (depth > deepest) {
            return answer::unknown;
        }
        if (takes("!")) {
            const answer result = one(depth + 1);
            return result == answer::unknown ? result : result == answer::yes ? answer::no : answer::yes;
        }
        if (takes("(")) {
            const answer result = any(depth + 1);
            return takes(")") ? result : answer::unknown;
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && std::string_view{" !()&|"}.find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        const std::string_view name = text_.substr(begin, at_ - begin);
        return name == "always"  ? answer::yes
               : name == "never" ? answer::no
               : name.empty()    ? answer::unknown
                                 : feature_(name);
    }

    std::string_view text_;
    const Feature& feature_;
    std::size_t at_{};
};

} // namespace detail

/// Some features, and whether the machine has them.
class condition {
public:
    condition() = default;
    explicit condition(std::map<std::string, bool, std::less<>> known) : known_{std::move(known)} {}

    [[nodiscard]] answer ask(std::string_view predicate) const {
        const auto feature = [&](std::string_view name) {
            const auto found = known_.find(name);
            return found == known_.end() ? answer::unknown : found->second ? answer::yes : answer::no;
        };
        return detail::predicate_parser{predicate, feature}();
    }
    [[nodiscard]] bool empty() const noexcept { return known_.empty(); }

private:
    std::map<std::string, bool, std::less<>> known_{};
};

/// All ways in which the predicate's features make it `value`; empty with more than eight features.
[[nodiscard]] inline std::vector<condition> assignments(std::string_view predicate, bool value) {
    constexpr std::size_t most = 8;
    std::vector<std::string> names;
    const auto note = [&](std::string_view name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.emplace_back(name);
        }
        return answer::unknown;
    };
    static_cast<void>(detail::predicate_parser{predicate, note}());
    std::vector<condition> result;
    for (std::size_t bits = 0; names.size() <= most && bits >> names.size() == 0; ++bits) {
        std::map<std::string, bool, std::less<>> known;
        for (std::size_t i = 0; i < names.size(); ++i) {
            known[names[i]] = (bits >> i & 1U) != 0;
        }
        condition one{std::move(known)};
        if (one.ask(predicate) == (value ? answer::yes : answer::no)) {
            result.push_back(std::move(one));
        }
    }
    return result;
}

} // namespace check
} // namespace inlay
