// SPDX-License-Identifier: BSL-1.0
//
// change: gives the subject its value of a number from 0 to 3.
#pragma once

#include "subject.hpp"

#include <inlay/inlay.hpp>

namespace [[gnu::visibility("hidden")]] images {

inline bool change(int number) {
#if KIND == 1
    return bool{inlay::set(subject, result_of(number) != 0)};
#elif KIND == 2
    return bool{inlay::set(subject, static_cast<unsigned>(result_of(number)))};
#else
    using target = int();
    target* const all[] = {&gives<20>, &gives<21>, &gives<22>, &gives<23>}; // NOLINT(*-avoid-c-arrays)
    return bool{inlay::update(subject, all[number])};
#endif
}

} // namespace images
