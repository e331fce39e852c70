// SPDX-License-Identifier: BSL-1.0
//
// error: an error and its sentence (errors.hpp), and the result of inlay's functions (outcome.hpp).
#pragma once

#include "inlay/errors.hpp"
#include "inlay/outcome.hpp"
