// SPDX-License-Identifier: BSL-1.0
//
// error: an error and its sentence (errors.hpp), and what a function of inlay returns (outcome.hpp).
#pragma once

#include "inlay/errors.hpp"
#include "inlay/outcome.hpp"
