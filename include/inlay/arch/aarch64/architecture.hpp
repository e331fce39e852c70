// SPDX-License-Identifier: BSL-1.0
//
// architecture: AArch64 as a parameter of all functions that read and decide: target.
//
//     inlay::aarch64::target::fill_nops(padding, sizeof padding);      // on any machine
//     inlay::decide<inlay::aarch64::target>(image, record, features, bytes);
//
// How it works. A target is a class of constants and functions, without state: arch/arch.hpp lists them. Its functions
// read and write bytes in memory, but never execute them. So every machine can read the code of every target.
#pragma once

#include "inlay/arch/aarch64/length.hpp"
#include "inlay/arch/aarch64/nops.hpp"
#include "inlay/arch/aarch64/patch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {
inline namespace INLAY_TARGET {

/// AArch64, little endian.
struct target {
    static constexpr const char* name = "AArch64";
    static constexpr size_t pointer_size = 8;
    static constexpr size_t instruction_alignment = aarch64::instruction_alignment;
    static constexpr auto instruction_length = aarch64::instruction_length;

    static constexpr auto fill_nops = aarch64::fill_nops;
    static constexpr auto is_nops = aarch64::is_nops;
    static constexpr auto relocate = aarch64::relocate;

    using branch_kind = aarch64::branch_kind;
    using found_branch = aarch64::found_branch;
    static constexpr size_t longest_branch = aarch64::longest_branch;
    static constexpr auto branch_at = aarch64::branch_at;
    static constexpr auto patched_branch_at = aarch64::patched_branch_at;
    static constexpr auto encode_branch = aarch64::encode_branch;
    static constexpr unsigned call_length = aarch64::call_length;
    static constexpr auto encode_call = aarch64::encode_call;
    static constexpr auto breakpoint_at = aarch64::breakpoint_at;
    static constexpr bool breakpoint_ends_walk = aarch64::breakpoint_ends_walk;

    static constexpr size_t longest_jump = aarch64::longest_jump;
    static constexpr auto jump_length = aarch64::jump_length;
    static constexpr auto jump_target = aarch64::jump_target;
    static constexpr auto encode_jump = aarch64::encode_jump;
};

} // namespace INLAY_TARGET

} // namespace aarch64
} // namespace inlay
