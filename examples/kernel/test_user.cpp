// SPDX-License-Identifier: BSL-1.0
#include "boot.hpp"
namespace kernel { void test_user() noexcept {} }
