// SPDX-License-Identifier: BSL-1.0
//
// slow: how the resolver of a library that is being loaded, and the program, hear of each other.
#pragma once

namespace images {

inline constexpr int heard = 100;   ///< a pipe: the resolver writes
inline constexpr int go_on = 101;   ///< a pipe: the resolver reads
inline constexpr int written = 102; ///< the other ends
inline constexpr int waiting = 103;

} // namespace images
