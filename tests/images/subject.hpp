// SPDX-License-Identifier: BSL-1.0
//
// subject: one name of one KIND (1: a key, 2: a switch, 3: a static call), and an image's view of it. A unit that does
// not change the name includes only the headers of its declaration.
#pragma once

#if KIND == 1
#include <inlay/static_key.hpp>
#elif KIND == 2
#include <inlay/static_switch.hpp>
#else
#include <inlay/static_call.hpp>
#endif

#ifndef NAME
#define NAME "images.subject"
#endif

namespace [[gnu::visibility("hidden")]] images {

/// The values that an image read, from its constructors on.
struct witness {
    const int* at_101; ///< by the first constructor that it may have
    const int* at_load;
    int (*ask)();
    bool (*set)(int); ///< null where the image cannot
    bool (*direct)(); ///< null where it does not apply
};

// NOLINTBEGIN(*-avoid-magic-numbers)
#if KIND == 1
inline constexpr inlay::static_key<NAME, false> subject;
inline constexpr int initial = 0;
inline int result_of(int number) { return number % 2; }
[[gnu::noinline]] inline int ask() { return subject ? 1 : 0; }
#elif KIND == 2
inline constexpr inlay::static_switch<NAME, 20, 2U> subject;
inline constexpr int initial = 2;
inline int result_of(int number) { return number + 10; }
[[gnu::noinline]] inline int ask() { return static_cast<int>(unsigned{subject}); }
#else
template <int Value>
int gives() {
    return Value;
}
inline constexpr inlay::static_call<NAME, &gives<7>> subject;
inline constexpr int initial = 7;
inline int result_of(int number) { return number + 20; }
[[gnu::noinline]] inline int ask() { return subject() + 0; }
#endif
// NOLINTEND(*-avoid-magic-numbers)

} // namespace images
