// SPDX-License-Identifier: BSL-1.0
//
// command_line: the words that the loader gave, and which tests they choose.
//
//     if (asked_for("crash")) ...
//     const u64 count = number_for("storm", 100);                  // storm=400
//     run(tests);                                                  // test=traps,smp: these; else all of them
#pragma once

#include "types.hpp"

namespace kernel {

void set_command_line(const char* text) noexcept;
[[nodiscard]] bool asked_for(const char* word) noexcept;
/// The number in `name=number`, or `otherwise`.
[[nodiscard]] u64 number_for(const char* name, u64 otherwise) noexcept;
/// Whether the command line chooses this test: without "test=NAME[,NAME]" it chooses all.
[[nodiscard]] bool wanted(const char* test) noexcept;
/// Whether it names this test.
[[nodiscard]] bool named(const char* test) noexcept;

} // namespace kernel
