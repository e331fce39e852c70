// SPDX-License-Identifier: BSL-1.0
#include "shared.hpp"

namespace matrix {

double plain(double x, const char* text) { return x < 0 ? throw text : x; }
double fast(double x, const char* text) { return x < 0 ? throw text : x * 2; }
double faster(double x, const char* text) { return x < 0 ? throw text : x * 4; }

int dead_b() { return dead_site(); }
int in_unit_b(int x) { return shared_function() + shared_template(x) + static_cast<int>(chosen(1.0, "b")); }

} // namespace matrix
