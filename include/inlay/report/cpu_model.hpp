// SPDX-License-Identifier: BSL-1.0
//
// cpu_model: the CPU that a report is for: this one, or any that the reader names.
//
//     auto old = inlay::report::cpu_model::parse("x86-64-v2");
//     auto what_if = inlay::report::cpu_model::parse("this,-avx2,+app.x", {"app.x"});
//
// A model is one of
//
//     this                   the CPU at hand: probes run, features set by hand and forced ones as they are now
//     none                   a CPU that has nothing
//     x86-64 ... x86-64-v4   the levels of the x86-64 psABI, each with what the levels before it have
//
// and after it changes, separated by commas: +name adds a feature, -name takes one away, the last one counts.
// On all models but `this`, features found by hand or by a function are not there unless +name says so.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/override.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// One level: its name, and the features that it adds to the level before it, between blanks.
struct cpu_level {
    const char* name;
    const char* adds;
};

#if defined(__x86_64__)
/// System V ABI, AMD64 supplement, section 3.1.1, table "Micro-Architecture Levels", in the names of `inlay::cpu`:
/// pni is SSE3, abm is LZCNT, lahf_lm is LAHF-SAHF, syscall is SCE. (OSFXSR is a bit of CR4, which no feature asks.)
inline constexpr cpu_level cpu_levels[] = {
    // NOLINT(*-avoid-c-arrays)
    {"x86-64", " cmov cx8 fpu fxsr mmx syscall sse sse2 "},
    {"x86-64-v2", " cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 "},
    {"x86-64-v3", " avx avx2 bmi1 bmi2 f16c fma abm movbe osxsave "},
    {"x86-64-v4", " avx512f avx512bw avx512cd avx512dq avx512vl "},
};
inline constexpr std::size_t cpu_level_count = std::size(cpu_levels);
#else
inline constexpr const cpu_level* cpu_levels = nullptr;
inline constexpr std::size_t cpu_level_count = 0;
#endif

class cpu_model {
public:
    /// Reads a model. `own` are feature names beyond those of `inlay::cpu` (see used_feature_names).
    /// Throws std::invalid_argument with a sentence that names the part it does not know.
    [[nodiscard]] static cpu_model parse(std::string_view text, const std::vector<std::string>& own = {}) {
        cpu_model model{std::string{text}};
        const auto quoted = [](std::string_view part) { return '"' + std::string{part} + '"'; };
        auto comma = std::min(text.find(','), text.size());
        model.set_base(text.substr(0, comma));
        while (comma < text.size()) {
            text.remove_prefix(comma + 1);
            comma = std::min(text.find(','), text.size());
            const auto change = text.substr(0, comma);
            if (change.size() < 2 || (change[0] != '+' && change[0] != '-')) {
                throw std::invalid_argument{"inlay: " + quoted(change) + " in the CPU " + quoted(model.text_) +
                                            " must be +feature or -feature"};
            }
            const auto name = change.substr(1);
            if (!arch::is_feature_name(name.data(), name.size()) &&
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

    /// True if it is the CPU at hand, perhaps with changes.
    [[nodiscard]] bool is_this() const noexcept { return this_; }

    /// What the reader asked for by +name or -name.
    [[nodiscard]] std::optional<bool> asked(std::string_view name) const noexcept {
        // NOLINTNEXTLINE(modernize-loop-convert): backwards, and without std::ranges (Clang 14)
        for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
            if (change->first == name) {
                return change->second;
            }
        }
        return std::nullopt;
    }

    /// Whether a CPU of this model's level has the feature of the architecture called `name`.
    [[nodiscard]] bool level_has(std::string_view name) const {
        const std::string word = ' ' + std::string{name} + ' ';
        return std::any_of(cpu_levels, cpu_levels + levels_, [&](const cpu_level& level) {
            return std::string_view{level.adds}.find(word) != std::string_view::npos;
        });
    }

private:
    explicit cpu_model(std::string text) : text_{std::move(text)} {}

    void set_base(std::string_view base) {
        this_ = base == "this";
        if (this_ || base == "none") {
            return;
        }
        std::string names = "this, none";
        for (std::size_t i = 0; i < cpu_level_count; ++i) {
            if (base == cpu_levels[i].name) {
                levels_ = i + 1;
                return;
            }
            names += std::string{", "} + cpu_levels[i].name;
        }
        throw std::invalid_argument{"inlay: unknown CPU \"" + std::string{base} + "\": write one of " + names +
                                    ", then changes such as \",-avx2,+app.x\""};
    }

    std::string text_;
    bool this_{};
    std::size_t levels_{}; ///< how many of cpu_levels it has
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
