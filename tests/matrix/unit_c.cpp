// SPDX-License-Identifier: BSL-1.0
#include "shared.hpp"

namespace matrix {

// Of internal linkage, with the same name and type as a function in checks.cpp.
static int helper() noexcept { return 30; } // NOLINT(misc-use-anonymous-namespace): the linkage is the point
inline constexpr auto with_internal = inlay::alternative<call<&helper>(), when<a, mov(eax, 31)>>{}.returns<rax, int>();

int dead_c() { return dead_site(); }
int dead_key_c() { return dead_key ? 1 : 0; }
unsigned keys_in_unit_c() {
    return shared_keys() + 10000 * shared_keys_template(0U) + 1000 * static_cast<unsigned>(shared_call(1.0));
}
int in_unit_c(int x) { return shared_function() + shared_template(x) + with_internal(); }

} // namespace matrix
