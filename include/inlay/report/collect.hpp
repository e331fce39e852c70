// SPDX-License-Identifier: BSL-1.0
//
// collect: the report as data: every site, its choices, and its bytes in memory.
//
//     auto what = inlay::report::collect(inlay::this_image(), image, cpu_model::parse("x86-64-v3"));
//     for (const auto& site : what.sites) ... site.name, site.after.instructions ...
//
// How it works. First each feature in use gets its value on the model. With these values, decide.hpp says which choice
// wins and which bytes belong to the site. Keys and static calls do not depend on the model: the values of their cells
// decide. A pv call goes to the function in its pointer, but the model decides whether code takes the place of the
// call. Text is only read. Malformed records are reported in their place, with the sentence that apply() would give.
//
//     model.hpp               the data                  feature_values.hpp      features on the model
//     alternative_site.hpp    alternatives, pv calls    call_site.hpp           dispatches, static calls
//     key_site.hpp            keys, switches            site.hpp                their common part
//     names_check.hpp         the names                 counting.hpp            the sums
//     wording.hpp             words for predicates, ... architectures.hpp       facts about each architecture
#pragma once

#include "inlay/decide.hpp"
#include "inlay/report/alternative_site.hpp"
#include "inlay/report/call_site.hpp"
#include "inlay/report/counting.hpp"
#include "inlay/report/cpu_model.hpp"
#include "inlay/report/feature_values.hpp"
#include "inlay/report/key_site.hpp"
#include "inlay/report/model.hpp"
#include "inlay/report/names_check.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

namespace detail {

/// The entries of all sites, by address.
template <class Image>
[[nodiscard]] std::vector<site_entry> collect_sites(const table::tables& tables, const Image& image,
                                                    const feature_values& features, symbols& symbols) {
    std::vector<site_entry> sites;
    sites.reserve(tables.calls.size() + tables.keys.size() + tables.alternatives.size());
    // Calls first: their trampolines have names that others may show.
    const call_sites<Image> call{tables, image, features, symbols};
    for (std::size_t i = 0; i < tables.calls.size(); ++i) {
        sites.push_back(call(tables.calls.records[i]));
    }
    const key_sites<Image> key{tables, image, features, symbols};
    for (std::size_t i = 0; i < tables.keys.size(); ++i) {
        sites.push_back(key(tables.keys.records[i]));
    }
    const alternative_sites<Image> alternative{tables, image, features, symbols};
    const table::alternative_record* const records = tables.alternatives.records;
    for (std::size_t i = 0, end = 0; i < tables.alternatives.size(); i = end) {
        const address at = records[i].site.target();
        for (end = i + 1; end < tables.alternatives.size() && records[end].site.target() == at;) {
            ++end;
        }
        sites.push_back(alternative(records + i, records + end));
    }
    std::sort(sites.begin(), sites.end(),
              [](const site_entry& a, const site_entry& b) { return a.where.at < b.where.at; });
    return sites;
}

[[nodiscard]] inline bool is_truncated(const table::tables& tables) {
    return tables.alternatives.bytes % sizeof(table::alternative_record) != 0 ||
           tables.calls.bytes % sizeof(table::call_record) != 0 || tables.keys.bytes % sizeof(table::key_record) != 0 ||
           tables.names.bytes % sizeof(table::named) != 0;
}

} // namespace detail

/// Everything about the sites of `tables` on the CPU `model`. `Image` is a text_platform, of which only the questions
/// are asked. On the model `this`, probes that are functions are called. Not thread-safe against apply().
template <class Image>
[[nodiscard]] contents collect(const table::tables& tables, const Image& image, const cpu_model& model,
                               symbols symbols = {}) {
    const detail::feature_values features{tables, image, model, symbols};
    contents result{.cpu = model.text(), .sites = {}, .features = features.by_name(), .summary = {}, .trouble = {}};
    const detail::trouble_of_names names = detail::check_names(tables, image);
    result.trouble = names.text;
    if (detail::is_truncated(tables)) {
        result.trouble = message(error::table_truncated) + (names.text.empty() ? "" : "; " + names.text);
    }
    result.sites = detail::collect_sites(tables, image, features, symbols);
    result.summary = detail::count(result.sites);
    result.summary.malformed += names.count;
    return result;
}

} // namespace report
} // namespace inlay
