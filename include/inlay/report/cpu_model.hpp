// SPDX-License-Identifier: BSL-1.0
//
// cpu_model: the CPU that a report is for: this one, or any that the reader names.
//
//     auto old = inlay::report::cpu_model::parse("x86-64-v2");
//     auto what_if = inlay::report::cpu_model::parse("this,-avx2,+app.x", {"app.x"});
//     auto other = inlay::report::cpu_model::parse<inlay::aarch64::target>("none,+crc32");
//
// A model is one of
//
//     this                   this machine's CPU: probes run, features set by hand and forced ones as they are now
//     none                   a CPU without any feature
//     x86-64 ... x86-64-v4   the levels of the x86-64 psABI, each with the features of the levels before it
//
// and after it changes, separated by commas: +name adds a feature, -name takes one away, the last one counts.
// On all models but `this`, features found by hand or by a function are absent unless +name adds them. A caller may
// add a CPU of its own, which answers probes (named_cpu).
#pragma once

#include "inlay/arch/here.hpp"
#include "inlay/override.hpp"
#include "inlay/report/architectures.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// A CPU beyond those that cpu_model knows: its name, and whether it has the feature of a probe of kind `cpu`.
struct named_cpu {
    std::string name{};
    std::function<bool(const table::probe_words&)> has{};
};

class cpu_model {
public:
    /// Reads a model. `own` are feature names beyond those of `inlay::cpu` (see used_feature_names). `other` is a CPU
    /// that the text may begin with, in place of a level.
    /// Throws std::invalid_argument with a sentence that names the part it does not know.
    template <class Target = arch::here>
    [[nodiscard]] static cpu_model parse(std::string_view text, const std::vector<std::string>& own = {},
                                         const named_cpu& other = {}) {
        cpu_model model{std::string{text}};
        const auto quoted = [](std::string_view part) { return '"' + std::string{part} + '"'; };
        auto comma = std::min(text.find(','), text.size());
        model.levels_ = facts<Target>::levels();
        if (other.has && text.substr(0, comma) == other.name) {
            model.levels_ = {};
            model.has_ = other.has;
        } else {
            model.set_base(text.substr(0, comma));
        }
        if (model.this_ && !facts<Target>::runs_here) {
            throw std::invalid_argument{
                R"(inlay: the CPU "this" is of another architecture than the image, which is for )" +
                std::string{Target::name} + R"(: write "none", then changes such as ",+app.x")"};
        }
        while (comma < text.size()) {
            text.remove_prefix(comma + 1);
            comma = std::min(text.find(','), text.size());
            const auto change = text.substr(0, comma);
            if (change.size() < 2 || (change[0] != '+' && change[0] != '-')) {
                throw std::invalid_argument{"inlay: " + quoted(change) + " in the CPU " + quoted(model.text_) +
                                            " must be +feature or -feature"};
            }
            const auto name = change.substr(1);
            if (!facts<Target>::is_feature_name(name.data(), name.size()) &&
                std::find(own.begin(), own.end(), name) == own.end()) {
                throw std::invalid_argument{"inlay: unknown feature " + quoted(name) + " in the CPU " +
                                            quoted(model.text_) +
                                            ": no site uses it and the architecture has none"
                                            " of that name"};
            }
            model.changes_.emplace_back(name, change[0] == '+');
        }
        return model;
    }

    /// As it was written.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// True if it is this machine's CPU, perhaps with changes.
    [[nodiscard]] bool is_this() const noexcept { return this_; }

    /// The reader's requests by +name or -name.
    [[nodiscard]] std::optional<bool> asked(std::string_view name) const noexcept {
        // NOLINTNEXTLINE(modernize-loop-convert): backwards, and without std::ranges (Clang 14)
        for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
            if (change->first == name) {
                return change->second;
            }
        }
        return std::nullopt;
    }

    /// Whether a CPU of this model has the architecture's feature `name`, whose probe is `words`.
    [[nodiscard]] bool has(std::string_view name, const table::probe_words& words) const {
        if (has_) {
            return has_(words);
        }
        const std::string word = ' ' + std::string{name} + ' ';
        return std::any_of(levels_.begin(), levels_.end(), [&](const cpu_level& level) {
            return std::string_view{level.adds}.find(word) != std::string_view::npos;
        });
    }

private:
    explicit cpu_model(std::string text) : text_{std::move(text)} {}

    void set_base(std::string_view base) {
        const auto all = levels_;
        levels_ = {};
        this_ = base == "this";
        if (this_ || base == "none") {
            return;
        }
        std::string names = "this, none";
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (base == all[i].name) {
                levels_ = all.first(i + 1);
                return;
            }
            names += std::string{", "} + all[i].name;
        }
        throw std::invalid_argument{"inlay: unknown CPU \"" + std::string{base} + "\": write one of " + names +
                                    ", then changes such as \",-avx2,+app.x\""};
    }

    std::string text_;
    bool this_{};
    std::span<const cpu_level> levels_{};                  ///< the levels that the model has
    std::function<bool(const table::probe_words&)> has_{}; ///< of a named CPU, in place of levels
    std::vector<std::pair<std::string, bool>> changes_{};
};

/// The names of the features that `tables` use, each once.
template <class Image>
[[nodiscard]] std::vector<std::string> used_feature_names(const table::tables& tables, const Image& image) {
    std::vector<std::string> names;
    for_each_used_feature(
        tables, image, [&](const table::feature_record& feature) { names.emplace_back(name_at(image, feature.name)); });
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

} // namespace report
} // namespace inlay
