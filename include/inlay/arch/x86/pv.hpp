// SPDX-License-Identifier: BSL-1.0
//
// pv: the old path of pv/linux.hpp.
#pragma once

#include "inlay/pv/linux.hpp"
