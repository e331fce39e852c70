// SPDX-License-Identifier: BSL-1.0
//
// The linker's work on sites: functions that differ only in their declarations, tables, images without sites. Prints a
// line PASS or FAIL for each check and returns 1 if one failed. With WITHOUT_SITES, it has no site. With LIBRARY, it is
// a shared library; with PROGRAM, it is the program that uses this library.
#include <inlay/inlay.hpp>

#include <cstdio>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;
using inlay::alternative, inlay::when;

int failed = 0;
[[maybe_unused]] void check(bool good, const char* what) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what);
    failed += good ? 0 : 1;
}

} // namespace

#ifndef WITHOUT_SITES
inline constexpr inlay::feature<"test.on", inlay::by_hand{}> on;
inline constexpr auto one = alternative<mov(x0, 0), when<on, mov(x0, 1)>>{}.returns<x0, long>();
inline constexpr auto two = alternative<mov(x0, 0), when<on, mov(x0, 2)>>{}.returns<x0, long>();
inline constexpr inlay::static_key<"test.first", false> first;
inline constexpr inlay::static_key<"test.second", false> second;
inline constexpr inlay::static_switch<"test.third", 4> third;
inline constexpr inlay::static_switch<"test.fourth", 4> fourth;
long plus_one(long x) { return x + 1; }
long plus_two(long x) { return x + 2; }
inline constexpr inlay::static_call<"test.call", &plus_one> counted;

[[gnu::noinline]] long has_one() { return one(); }
[[gnu::noinline]] long has_two() { return two(); }
[[gnu::noinline]] long has_none() {
    asm volatile("");
    return 0;
}
[[gnu::noinline]] int has_first() { return first ? 1 : 2; }
[[gnu::noinline]] int has_second() { return second ? 1 : 2; }
[[gnu::noinline]] int has_third() { return third == 2 ? 1 : 2; }
[[gnu::noinline]] int has_fourth() { return fourth == 2 ? 1 : 2; }
[[gnu::noinline]] long calls(long x) { return counted(x) + 1; }
[[gnu::noinline, gnu::used]] long unused() { return one(); }

#ifdef LIBRARY
#define MAIN extern "C" [[gnu::visibility("default")]] int run_library()
extern "C" int run_library();
#else
#define MAIN int main()
#endif
#ifdef PROGRAM
extern "C" int run_library();
#endif

MAIN {
#ifdef PROGRAM
    failed += run_library() + (has_one() == 0 ? 0 : 1);
#endif
    check(has_one() == 0 && has_two() == 0 && has_none() == 0, "before apply");
    inlay::set(on, true);
    inlay::platform::process self{inlay::platform::process::way::replace_page}; // QEMU sees that
    const inlay::outcome done = inlay::apply(inlay::this_image(), self);
    check(static_cast<bool>(done) && done.sites >= 2, "apply");
    check(has_one() == 1 && has_two() == 2, "alternatives with equal instructions");
    check(has_none() == 0, "a function like that without a site");
    check(inlay::set(first, true, self) && has_first() == 1 && has_second() == 2, "keys with equal instructions");
    check(inlay::set(third, 2, self) && has_third() == 1 && has_fourth() == 2, "switches with equal instructions");
    check(inlay::update(counted, &plus_two, self) && calls(3) == 6, "a static call");
    const inlay::table::tables tables = inlay::this_image();
    check(tables.alternatives.size() >= 2 && tables.keys.size() >= 4 && tables.calls.size() >= 1 &&
              tables.names.size() >= 5,
          "tables");
    return failed == 0 ? 0 : 1;
}
#else
int main() {
    const inlay::outcome done = inlay::apply();
    check(static_cast<bool>(done) && done.sites == 0, "an image without sites");
    return failed == 0 ? 0 : 1;
}
#endif

// NOLINTEND(*-avoid-magic-numbers)
