// SPDX-License-Identifier: BSL-1.0
//
// counting: the sums of a report.
#pragma once

#include "inlay/report/model.hpp"

#include <cstddef>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

inline void count(counts& sum, const site_entry& site) {
    const auto one_if = [](bool is) { return is ? std::size_t{1} : std::size_t{0}; };
    sum.malformed += one_if(site.malformed);
    sum.as_decided += one_if(site.as_decided());
    if (site.kind == site_kind::alternative) {
        ++sum.alternatives;
        sum.original += one_if(site.state == state::original);
        sum.patched += one_if(site.state == state::patched);
        sum.other += one_if(site.state == state::other);
    } else if (site.kind == site_kind::call) {
        ++sum.calls;
        ++(site.direct ? sum.direct : sum.through_trampoline);
    } else if (site.kind == site_kind::static_call) {
        ++sum.static_calls;
        sum.static_calls_direct += one_if(site.direct);
    } else if (site.kind == site_kind::pv_call) {
        ++sum.pv_calls;
        sum.pv_calls_inlined += one_if(site.inlined);
        sum.pv_calls_direct += one_if(site.direct && !site.inlined);
    } else { // of a key or a switch
        ++sum.keys;
        sum.keys_direct += one_if(site.direct);
    }
}

[[nodiscard]] inline counts count(const std::vector<site_entry>& sites) {
    counts sum{};
    for (const auto& each : sites) {
        count(sum, each);
    }
    return sum;
}

} // namespace detail
} // namespace report
} // namespace inlay
