// SPDX-License-Identifier: BSL-1.0
//
// An image with an alternative alone, by the feature NAME. It tells of itself by the name PART.
#include "featured.hpp"

#include <inlay/inlay.hpp>

namespace {

using namespace inlay::x86::insn;

inline constexpr inlay::feature<NAME, inlay::by_hand{}> own;
inline constexpr auto number = inlay::alternative<mov(eax, 1), inlay::when<own, mov(eax, 2)>>{}.returns<rax, int>();

int ask() { return number(); }
inlay::error apply(const char*& detail) {
    const auto done = inlay::apply();
    detail = done.detail();
    return done.error();
}

} // namespace

extern "C" [[gnu::visibility("default")]] const images::featured PART;
extern "C" const images::featured PART{&apply, &ask};
