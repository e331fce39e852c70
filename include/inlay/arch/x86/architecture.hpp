// SPDX-License-Identifier: BSL-1.0
//
// architecture: x86 as a parameter of all functions that read and decide: target<64> and target<32>.
//
//     inlay::x86::target<32>::fill_nops(padding, sizeof padding);      // on any machine
//     inlay::decide<inlay::x86::target<32>>(image, record, features, bytes);
//
// How it works. A target is a class of constants and functions, without state: arch/arch.hpp lists them. Its functions
// read and write bytes in memory, but never execute them. So every machine can read the code of every target.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/arch/x86/length.hpp"
#include "inlay/arch/x86/nops.hpp"
#include "inlay/arch/x86/patch.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {
inline namespace INLAY_TARGET {

/// x86 in 64-bit or 32-bit mode.
template <unsigned Mode>
struct target {
    static_assert(Mode == 64 || Mode == 32, "inlay: x86 has a 64-bit mode and a 32-bit mode");

    static constexpr const char* name = Mode == 64 ? "x86-64" : "i386";
    static constexpr size_t pointer_size = Mode / 8;
    static constexpr size_t instruction_alignment = x86::instruction_alignment;
    static constexpr auto instruction_length = x86::instruction_length < Mode == 64 > ;

    static constexpr auto fill_nops = x86::fill_nops<Mode>;
    static constexpr auto is_nops = x86::is_nops<Mode>;
    static constexpr auto relocate = x86::relocate<Mode>;

    using branch_kind = x86::branch_kind;
    using found_branch = x86::found_branch;
    static constexpr size_t longest_branch = x86::longest_branch;
    static constexpr auto branch_at = x86::branch_at;
    static constexpr auto patched_branch_at = x86::patched_branch_at<Mode>;
    static constexpr auto encode_branch = x86::encode_branch<Mode>;
    static constexpr unsigned call_length = x86::call_length;
    static constexpr auto encode_call = x86::encode_call;
    static constexpr auto breakpoint_at = x86::breakpoint_at;
    static constexpr bool breakpoint_ends_walk = x86::breakpoint_ends_walk;

    static constexpr size_t longest_jump = x86::longest_jump;
    static constexpr auto jump_length = x86::jump_length<Mode>;
    static constexpr auto jump_target = x86::jump_target;
    static constexpr auto encode_jump = x86::encode_jump;
};

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
