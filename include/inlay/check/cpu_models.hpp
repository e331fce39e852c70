// SPDX-License-Identifier: BSL-1.0
//
// cpu_models: QEMU's CPU models by name, as report/cpu_model.hpp takes them.
//
//     const auto cpu = inlay::check::find_cpu(machine::x86_64, "Haswell-v4");
//     const auto what = inlay::report::collect_file("app", "Haswell-v4,-rtm", cpu);
//     close_cpu_names(machine::x86_64, "Hasswell")                            // "Haswell", "Haswell-v1", ...
//
// How it works. cpu_model_table.hpp has the CPUID or the ID registers of each model, read from QEMU by a script. A
// probe of a record is asked of them as it is asked of a CPU, so a program's own features count as well.
//
// A model is what a guest sees: it has feature `hypervisor`. The system has turned on all state that it can save, and
// protection keys (osxsave, ospke). `max` is QEMU's emulator. A bit that QEMU does not list is 0. AArch64's registers
// are those at EL1, with a GICv3.
#pragma once

#include "inlay/arch/aarch64/probe.hpp"
#include "inlay/arch/x86/probe.hpp"
#include "inlay/check/cpu_model_table.hpp"
#include "inlay/check/decoder.hpp"
#include "inlay/report/cpu_model.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

namespace detail {

/// Answers as the CPU would: the source of x86::holds().
struct x86_dump {
    const x86_model& of;

    struct registers {
        std::uint32_t eax{}, ebx{}, ecx{}, edx{};
    };
    [[nodiscard]] registers cpuid(std::uint32_t leaf, std::uint32_t subleaf) const noexcept {
        registers result;
        if ((leaf & 0xffffU) == 0) {
            result.eax = of.last[leaf == 0 ? 0 : leaf == 0x8000'0000 ? 1 : 2];
            return result;
        }
        for (std::size_t i = 0; i < std::size(x86_words); ++i) {
            const x86_word& word = x86_words[i];
            if (word.leaf == 7 && word.subleaf == 1 && leaf == 7 && subleaf == 0 && of.words[i] != 0) {
                result.eax = 1; // the last subleaf
            }
            if (word.leaf == leaf && word.subleaf == subleaf) {
                std::uint32_t* const to[] = {&result.eax, &result.ecx, &result.edx, // NOLINT(*-avoid-c-arrays)
                                             &result.ebx};
                *to[word.reg] = of.words[i];
            }
        }
        if (leaf == 1) {
            result.ecx |= (result.ecx >> 26 & 1U) << 27; // osxsave, as xsave
        } else if (leaf == 7 && subleaf == 0) {
            result.ecx |= (result.ecx >> 3 & 1U) << 4; // ospke, as pku
        }
        return result;
    }
    [[nodiscard]] std::uint64_t xcr0() const noexcept { return cpuid(0xd, 0).eax; }
};

/// The same for aarch64::holds().
struct aarch64_dump {
    const aarch64_model& of;

    [[nodiscard]] std::uint64_t id(aarch64::id_register which) const noexcept {
        const auto* const at =
            std::find(std::begin(aarch64_registers), std::end(aarch64_registers), static_cast<std::uint8_t>(which));
        return at != std::end(aarch64_registers) ? of.registers[at - std::begin(aarch64_registers)] : 0;
    }
    [[nodiscard]] bool any_is_in(const aarch64::midr_range& range) const noexcept { return range.contains(of.midr); }
};

/// A letter in small.
[[nodiscard]] inline char small(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// How many letters must be added, removed or replaced to make one name the other (Levenshtein), in small letters.
[[nodiscard]] inline std::size_t distance_of_names(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = corner + (small(a[i]) == small(b[j]) ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, corner + 1});
        }
    }
    return row.back();
}

} // namespace detail

/// The names of all models of an architecture, sorted. i386 has those of x86-64.
[[nodiscard]] inline std::vector<std::string> cpu_names(machine of) {
    std::vector<std::string> names;
    if (of == machine::aarch64) {
        for (const auto& each : detail::aarch64_models) {
            names.emplace_back(each.name);
        }
        return names;
    }
    for (const auto& each : detail::x86_models) {
        names.emplace_back(each.name);
    }
    for (const auto& each : detail::x86_aliases) {
        names.emplace_back(each.name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// The model of a name, for cpu_model::parse(); without `has` if there is none.
[[nodiscard]] inline report::named_cpu find_cpu(machine of, std::string_view name) {
    if (of == machine::aarch64) {
        for (const auto& each : detail::aarch64_models) {
            if (each.name == name) {
                return {std::string{name}, [&each](const table::probe_words& words) {
                            const detail::aarch64_dump dump{each};
                            return aarch64::midr_range::is_encoded(words)
                                       ? holds(aarch64::midr_range::decode(words), dump)
                                       : holds(aarch64::any_id_field::decode(words), dump);
                        }};
            }
        }
        return {};
    }
    std::string_view model = name;
    for (const auto& each : detail::x86_aliases) {
        if (each.name == name) {
            model = each.model;
        }
    }
    for (const auto& each : detail::x86_models) {
        if (each.name == model) {
            return {std::string{name}, [&each](const table::probe_words& words) {
                        return holds(x86::cpuid::decode(words), detail::x86_dump{each});
                    }};
        }
    }
    return {};
}

/// Up to six names that are like this one, the most alike first: those that begin with it, and those of a few other
/// letters.
[[nodiscard]] inline std::vector<std::string> close_cpu_names(machine of, std::string_view name) {
    std::vector<std::pair<std::size_t, std::string>> found;
    for (auto& each : cpu_names(of)) {
        const bool longer = name.size() >= 3 && each.size() > name.size() &&
                            detail::distance_of_names(name, std::string_view{each}.substr(0, name.size())) == 0;
        const std::size_t distance = longer ? 1 : detail::distance_of_names(name, each);
        if (distance <= std::max<std::size_t>(1, name.size() / 3)) {
            found.emplace_back(distance, std::move(each));
        }
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 6); ++i) {
        names.push_back(std::move(found[i].second));
    }
    return names;
}

} // namespace check
} // namespace inlay
