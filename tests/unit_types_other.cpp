// SPDX-License-Identifier: BSL-1.0
//
// The other unit.
#include "unit_types.hpp"

void unit_types::describe_in_other_unit() { describe_names(); }
int unit_types::own_switch_in_other_unit() { return static_cast<int>(own_switch_here()); }
