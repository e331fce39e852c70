// SPDX-License-Identifier: BSL-1.0
//
// Shared code of the matrix program's units: sites in inline functions and templates.
#pragma once

#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

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

inline constexpr inlay::static_key<"matrix.off", false> off;
inline constexpr inlay::static_key<"matrix.on", true> on;
inline constexpr inlay::static_switch<"matrix.way", 20, 3U> way;
inline constexpr inlay::static_call<"matrix.call", &plain> called;
inline constexpr inlay::static_call<"matrix.void", inlay::no_target<void(int&)>> noted;
inline constexpr inlay::static_key<"matrix.dead", false> dead_key;

/// Of the values that keys and switch have: 1, 2, and 4 times the way.
[[gnu::noinline]] inline unsigned shared_keys() {
    unsigned sum = off ? 1 : 0;
    sum += likely(on) ? 2 : 0;
    switch (way) {
    case 3:
        return sum + 12;
    case 19:
        return sum + 76;
    default:
        return sum + 4 * way;
    }
}
template <class T>
[[gnu::noinline]] unsigned shared_keys_template(T x) {
    return x + (off ? 1 : 0) + (on ? 2 : 0);
}
[[gnu::noinline]] inline double shared_call(double x) { return called(x, "shared"); }
[[gnu::noinline]] inline int shared_note(int x) {
    noted.maybe(x);
    return x;
}
/// The view of units b and c: `way` times 4, plus keys, plus the call's factor times 1000.
unsigned keys_in_unit_b();
unsigned keys_in_unit_c();

/// Operations of two conventions, and one made of instructions; all add 1.
long add_one(long x);
struct table {
    inlay::pv_op<long(long), &add_one> ordinary;
    inlay::pv_op<long(long), inlay::callee_save<&add_one>> kept;
    inlay::pv_op<long(long), inlay::callee_save<lea(rax, ptr(rdi, 1))>> code;
    inlay::pv_op<void(long), inlay::pv_nop> idle;
};
[[gnu::visibility("hidden")]] inline constinit table operations;
inline constexpr inlay::pv_call<&operations, &table::ordinary> ordinary;
inline constexpr inlay::pv_call<&operations, &table::kept> kept;
inline constexpr inlay::pv_alt_call<&operations, &table::code, lea(rax, ptr(rdi, 1)), !a> code;
inline constexpr inlay::pv_call<&operations, &table::idle> idle;
[[gnu::noinline]] inline long shared_operations(long x) {
    idle(x);
    return ordinary(x) + 100 * kept(x) + 10000 * code(x);
}
long operations_in_unit_b(long x);

/// Runs every check; prints the failures and returns their number. `dead` is the allowed number of records in functions
/// that no code calls: -1 for any.
int run_checks(int dead);

} // namespace matrix
