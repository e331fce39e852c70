// SPDX-License-Identifier: BSL-1.0
//
// What the units of the matrix program share: sites in inline functions and templates.
#pragma once

#include <inlay/inlay.hpp>

namespace matrix {

using inlay::when;
using namespace inlay::x86::insn;

inline constexpr inlay::feature<"matrix.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"matrix.b", inlay::by_hand{}> b;
inline constexpr inlay::feature<"matrix.c", inlay::by_hand{}> c;

inline constexpr auto shared_site =
    inlay::alternative<mov(eax, 0), when<a, mov(eax, 1)>, when<b, mov(eax, 2)>, when<a && c, mov(eax, 3)>>{}
        .named<"shared">()
        .returns<rax, int>();

inline constexpr auto dead_site =
    inlay::alternative<mov(eax, 0), when<a, mov(eax, 1)>>{}.named<"dead">().returns<rax, int>();

/// In every unit; the linker keeps one, and must keep one record.
[[gnu::noinline]] inline int shared_function() { return shared_site(); }

template <class T>
[[gnu::noinline]] T shared_template(T x) {
    return x + shared_site();
}

int in_unit_b(int x);
int in_unit_c(int x);

/// The default and the two choices of the dispatch; throw for a negative argument.
double plain(double x, const char* text);
double fast(double x, const char* text);
double faster(double x, const char* text);
inline constexpr inlay::dispatch<"matrix.dispatch", &plain, when<a, &fast>, when<b && c, &faster>> chosen;

/// Runs every check; prints the failures and returns their number. `dead` is how many records of functions that
/// nobody calls may be left: -1 for any.
int run_checks(int dead);

} // namespace matrix
