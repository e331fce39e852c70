// SPDX-License-Identifier: BSL-1.0
//
// system: the old path of system/aarch64.hpp.
#pragma once

#include "inlay/system/aarch64.hpp"
