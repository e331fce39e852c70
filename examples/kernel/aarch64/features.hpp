// SPDX-License-Identifier: BSL-1.0
//
// features: facts of the device tree, as features for inlay.
//
//     inlay::alternative<call<&gicv2_end>(), inlay::when<gicv3, ...>> end_of_interrupt;
//
// Why. No ID register says which interrupt controller the machine has, nor whether it has an ITS.
#pragma once

#include <inlay/kernel.hpp>

namespace kernel {

inline constexpr inlay::feature<"kernel.gicv2", inlay::by_hand{}> gicv2;
inline constexpr inlay::feature<"kernel.gicv3", inlay::by_hand{}> gicv3;
inline constexpr inlay::feature<"kernel.its", inlay::by_hand{}> its;

} // namespace kernel
