// SPDX-License-Identifier: BSL-1.0
//
// user: programs in ring 3 (user.S), and their system calls.
//
//     const int status = run_user(user_program::hello, 0);
#pragma once

#include "cpu.hpp"

namespace kernel {

enum class user_program : u32 { parity = 1, hello = 2, privileged = 3, machine_check = 4, spin = 5 };

/// Maps the programs; once.
void prepare_user(bool xen) noexcept;
/// Runs one to its end: its status, or -1 if an exception that provoke() expects ended it.
int run_user(user_program program, u64 count) noexcept;
/// The number of characters that a program has asked the kernel to write.
[[nodiscard]] u64 written_by_user() noexcept;

/// Copies from user memory; false if the range is not in it.
[[nodiscard]] bool copy_from_user(char* to, u64 from, u64 length) noexcept;

} // namespace kernel
