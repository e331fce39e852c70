// SPDX-License-Identifier: BSL-1.0
//
// A plugin with sites of the program's names. APPLIES: its constructor calls apply().
#include "plugin.hpp"
#include "sites.hpp"

namespace {

const std::vector<soak::site>& sites() {
    static const std::vector<soak::site> all = soak::all_sites<2, 1>();
    return all;
}
unsigned name_of(std::size_t site) { return sites()[site].of; }
long ask(std::size_t site) { return sites()[site].ask(); }
[[gnu::noinline]] unsigned mine(unsigned loader) {
    return loader == 0 ? unsigned{soak::mine_0} : unsigned{soak::mine_1};
}
bool set_mine(unsigned loader, unsigned value) {
    return bool{loader == 0 ? inlay::set(soak::mine_0, value) : inlay::set(soak::mine_1, value)};
}
bool apply() { return bool{inlay::apply()}; }

#ifdef APPLIES
[[gnu::constructor]] void apply_at_load() { (void)apply(); }
#endif

} // namespace

extern "C" [[gnu::visibility("default")]] const soak::plugin soak_plugin;
extern "C" const soak::plugin soak_plugin{sites().size(), name_of, ask, mine, set_mine, apply};
