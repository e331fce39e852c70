// SPDX-License-Identifier: BSL-1.0
#include "callers.hpp"

namespace kernel {

[[gnu::section("inlay_unwind"), gnu::used]] constinit const inlay::unwind::space<6000> unwind_room{};

} // namespace kernel
