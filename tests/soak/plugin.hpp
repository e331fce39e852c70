// SPDX-License-Identifier: BSL-1.0
//
// plugin: the functions that a plugin offers, under the name `soak_plugin`.
#pragma once

#include <inlay/inlay.hpp>

#include <cstddef>

namespace soak {

/// Each thread that loads plugins has one of these for itself, and changes it through them.
inline constexpr inlay::static_switch<"soak.mine.0", 30, 0U> mine_0;
inline constexpr inlay::static_switch<"soak.mine.1", 30, 0U> mine_1;

struct plugin {
    std::size_t sites;
    unsigned (*name_of)(std::size_t site);
    long (*ask)(std::size_t site);
    unsigned (*mine)(unsigned loader);
    bool (*set_mine)(unsigned loader, unsigned value);
    bool (*apply)();
};

} // namespace soak
