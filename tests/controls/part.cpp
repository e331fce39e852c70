// SPDX-License-Identifier: BSL-1.0
//
// A library, or a plugin: FUNCTIONS is the name of its functions, OWN the name of its own key. It names a target.
#include "part.hpp"

#include <inlay/names.hpp>

namespace {

inline constexpr inlay::static_key<OWN, true> own;

[[gnu::noinline]] unsigned long part_clock() { return CLOCK; }

bool ask_shared() { return parts::shared; }
unsigned ask_level() { return parts::level; }
unsigned long ask_clock() { return parts::clock_source(); }
bool ask_own() { return own; }
bool apply() { return static_cast<bool>(inlay::apply()); }
int set(const char* name, const char* value) {
    inlay::name_targets(parts::clock_source, inlay::target<TARGET, &part_clock>);
    return static_cast<int>(inlay::set_by_name(name, value).error());
}

} // namespace

extern "C" [[gnu::visibility("default")]] const parts::functions FUNCTIONS;
extern "C" constinit const parts::functions FUNCTIONS{ask_shared, ask_level, ask_clock, ask_own, apply, set};
