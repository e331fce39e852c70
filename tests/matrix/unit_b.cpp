// SPDX-License-Identifier: BSL-1.0
#include "shared.hpp"

namespace matrix {

double plain(double x, const char* text) { return x < 0 ? throw text : x; }
double fast(double x, const char* text) { return x < 0 ? throw text : x * 2; }
double faster(double x, const char* text) { return x < 0 ? throw text : x * 4; }

int dead_b() { return dead_site(); }
int dead_key_b() { return dead_key ? 1 : 0; }
unsigned keys_in_unit_b() {
    return shared_keys() + 10000 * shared_keys_template(0U) + 1000 * static_cast<unsigned>(called(1.0, "b"));
}
long add_one(long x) { return x + 1; }
long operations_in_unit_b(long x) { return shared_operations(x) + 1000000 * ordinary(x); }
int in_unit_b(int x) { return shared_function() + shared_template(x) + static_cast<int>(chosen(1.0, "b")); }

} // namespace matrix
