// SPDX-License-Identifier: BSL-1.0
//
// patch: the patcher's knowledge of AArch64 machine code: relative operands, and branches in text.
//
// How it works. A relative operand is part of a word with other things in it. The instruction determines its bits, so
// the word itself says where to add, and which unit to divide by. Branches and literal loads count in instructions, adr
// in bytes. (adrp counts in pages from the page of the executed instruction: it cannot be moved by a distance, and is
// refused.)
#pragma once

#include "inlay/arch/aarch64/nops.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {
inline namespace INLAY_TARGET {

/// The little-endian word at `at`.
[[nodiscard]] inline uint32_t load32(const uint8_t* at) noexcept {
    return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

inline void store32(uint8_t* at, uint32_t value) noexcept {
    for (unsigned i = 0; i < 4; ++i) {
        static_cast<volatile uint8_t*>(at)[i] = static_cast<uint8_t>(value >> 8 * i);
    }
}

/// Whether the word is b or bl.
[[nodiscard]] constexpr bool is_plain_branch(uint32_t word) noexcept { return (word & 0x7c000000U) == 0x14000000U; }

/// Writes `size` bytes of instructions to text, each by one store: another processor that fetches meanwhile finds the
/// old or the new one. `to` and `size` are multiples of 4; the compiler knows it, so -mstrict-align changes nothing.
inline void store_text(uint8_t* to, const uint8_t* bytes, size_t size) noexcept {
    using instruction [[gnu::may_alias]] = uint32_t;
    for (size_t at = 0; at < size; at += instruction_size) { // (data is little endian here, too)
        __atomic_store_n(static_cast<instruction*>(static_cast<void*>(to + at)), load32(bytes + at), __ATOMIC_RELAXED);
    }
}

/// Whether the word is b, bl, nop, brk, svc, hvc or smc. If a store replaces one of these by another, a processor that
/// runs it meanwhile runs the old or the new instruction. For any other instruction, the architecture makes no promise
/// (DDI 0487, B2.2.5). (Newer manuals add isb.)
[[nodiscard]] constexpr bool is_exchangeable(uint32_t word) noexcept {
    return is_plain_branch(word) || word == nop_word || (word & 0xffe0001fU) == 0xd4200000U ||
           ((word & 0xffe0001cU) == 0xd4000000U && (word & 3U) != 0);
}

/// Whether the `size` bytes at `from` may become those at `to` while other processors run them.
[[nodiscard]] inline bool exchangeable(const uint8_t* from, const uint8_t* to, size_t size) noexcept {
    for (size_t at = 0; at + instruction_size <= size; at += instruction_size) {
        const uint32_t before = load32(from + at);
        const uint32_t after = load32(to + at);
        if (before != after && !(is_exchangeable(before) && is_exchangeable(after))) {
            return false;
        }
    }
    return true;
}

/// Adds `amount` to the signed field of `width` bits at bit `low` of `word`. False, and nothing changes, if the
/// sum would not fit.
[[nodiscard]] constexpr bool add_to_field(uint32_t& word, unsigned low, unsigned width, int64_t amount) noexcept {
    const uint32_t mask = (1U << width) - 1;
    const int64_t half = int64_t{1} << (width - 1);
    const int64_t raw = word >> low & mask;
    const int64_t sum = (raw >= half ? raw - 2 * half : raw) + amount;
    if (amount > 4 * half || amount < -4 * half || sum < -half || sum >= half) {
        return false;
    }
    word = (word & ~(mask << low)) | (static_cast<uint32_t>(sum) & mask) << low;
    return true;
}

/// Adds `shift` bytes to the distance in the instruction at `field`. False, and nothing changes, if it would not
/// fit, or if the instruction is none that is known to hold a distance.
[[nodiscard]] inline bool relocate(uint8_t* field, int64_t shift) noexcept {
    uint32_t word = load32(field);
    if ((word & 0x9f000000U) == 0x10000000U) { // adr: bits 1:0 of the distance are apart
        uint32_t distance = (word >> 5 & 0x7ffffU) << 2 | (word >> 29 & 3U);
        if (!add_to_field(distance, 0, 21, shift)) {
            return false;
        }
        word = (word & 0x9f00001fU) | (distance >> 2) << 5 | (distance & 3U) << 29;
        store32(field, word);
        return true;
    }
    unsigned low = 5;
    unsigned width = 0;
    if (is_plain_branch(word)) {
        low = 0;
        width = 26;
    } else if ((word & 0xff000010U) == 0x54000000U || (word & 0x7e000000U) == 0x34000000U ||
               (word & 0x3b000000U) == 0x18000000U) { // b.cond; cbz, cbnz; loads of a literal
        width = 19;
    } else if ((word & 0x7e000000U) == 0x36000000U) { // tbz, tbnz
        width = 14;
    }
    if (width == 0 || shift % 4 != 0 || !add_to_field(word, low, width, shift / 4)) {
        return false;
    }
    store32(field, word);
    return true;
}

/// The purpose of a branch; it determines the forms that may replace the branch.
enum class branch_kind : uint8_t { call, jump };

/// A branch in text.
struct found_branch {
    address start; ///< of the instruction: distances count from here
    address field; ///< of the four bytes that hold the distance: the same
    address end;   ///< of the instruction
    branch_kind kind;

    [[nodiscard]] address target() const noexcept {
        const uint32_t word = load32(reinterpret_cast<const uint8_t*>(field));
        return start + static_cast<address>(intptr_t{static_cast<int32_t>(word << 6) >> 4});
    }
};

/// Bytes of the longest branch that branch_at() knows.
inline constexpr size_t longest_branch = 4;

/// b and bl, without a distance.
inline constexpr uint32_t jump_word = 0x14000000;
inline constexpr uint32_t call_word = 0x94000000;

/// True if the word at `at` (of which `size` bytes may be read) is b or bl. Compilers do not jump to functions by
/// b.cond, since it reaches only 1 MiB.
[[nodiscard]] inline bool branch_at(address at, size_t size, found_branch& result) noexcept {
    if (size < longest_branch || !is_plain_branch(load32(reinterpret_cast<const uint8_t*>(at)))) {
        return false;
    }
    const bool links = load32(reinterpret_cast<const uint8_t*>(at)) >> 31 != 0;
    result = {at, at, at + longest_branch, links ? branch_kind::call : branch_kind::jump};
    return true;
}

/// Whether the word is a debugger's breakpoint (brk #0) or the kernel's (brk #5, a uprobe). The instruction under it is
/// unknown: it may be the wanted branch, unless the walk finds that branch after it.
[[nodiscard]] inline bool breakpoint_at(address at, size_t size, address /*target*/) noexcept {
    const uint32_t word = size >= longest_branch ? load32(reinterpret_cast<const uint8_t*>(at)) : 0;
    return word == 0xd4200000U || word == 0xd42000a0U;
}
inline constexpr bool breakpoint_ends_walk = false;

/// A uprobe's breakpoint has no byte of its own.
inline constexpr int uprobe_byte = -1;

/// Whether all of these bytes are nops.
[[nodiscard]] inline bool is_nops(const uint8_t* bytes, unsigned count) noexcept {
    for (; count >= instruction_size; count -= instruction_size, bytes += instruction_size) {
        if (load32(bytes) != nop_word) {
            return false;
        }
    }
    return count == 0;
}

/// Bytes between two places where an instruction may begin.
inline constexpr size_t instruction_alignment = 4;

/// The word at `at` that is b or bl (without a distance: `word`) to `target`. False if that is out of reach (128 MiB).
[[nodiscard]] inline bool encode_plain(uint32_t word, address at, address target, uint8_t* bytes) noexcept {
    const auto distance = int64_t{static_cast<intptr_t>(target - at)}; // (two steps: an address may have 32 bits)
    if (distance % 4 != 0 || !add_to_field(word, 0, 26, distance / 4)) {
        return false;
    }
    store32(bytes, word);
    return true;
}

/// The four bytes at `branch.field` that make it go to `target`. False if that is out of reach.
[[nodiscard]] inline bool retarget(const found_branch& branch, address target, uint8_t* bytes) noexcept {
    return encode_plain(branch.kind == branch_kind::call ? call_word : jump_word, branch.start, target, bytes);
}

/// Bytes of a direct call.
inline constexpr unsigned call_length = 4;

/// bl to `target`, at `at`. False if that is out of reach (128 MiB).
[[nodiscard]] inline bool encode_call(address at, address target, uint8_t* bytes) noexcept {
    return encode_plain(call_word, at, target, bytes);
}

/// The instruction that stands in place of a call whose target does nothing, or returns zero (x0). A jump stays one, to
/// the image's own function that does nothing, or returns zero: as on x86, and it needs no promise about ret.
///
/// A processor that runs b, bl or nop while another one replaces it by one of these runs the old or the new one. For
/// mov, the architecture makes no such promise (Arm ARM B2.2.5): then the platform decides.
struct call_form {
    uint32_t word;
    table::call_mode mode;
};
inline constexpr call_form call_forms[] = {
    {nop_word, table::call_mode::nothing}, {0xd2800000, table::call_mode::zero}, // mov x0, #0
};

/// Like branch_at(), and also recognises the instructions that encode_branch() writes in place of a call.
[[nodiscard]] inline bool patched_branch_at(address at, size_t size, found_branch& result) noexcept {
    if (branch_at(at, size, result)) {
        return true;
    }
    for (const auto& form : call_forms) {
        if (size >= longest_branch && load32(reinterpret_cast<const uint8_t*>(at)) == form.word) {
            result = {at, at, at + longest_branch, branch_kind::call};
            return true;
        }
    }
    return false;
}

/// The instruction for `branch` when its target is `target`, a function of the kind `mode`. False if the target is out
/// of reach.
[[nodiscard]] inline bool encode_branch(const found_branch& branch, address target, table::call_mode mode,
                                        uint8_t* bytes) noexcept {
    for (const auto& form : call_forms) {
        if (form.mode == mode && branch.kind == branch_kind::call) {
            store32(bytes, form.word);
            return true;
        }
    }
    return retarget(branch, target, bytes);
}

/// The length of a key site, in bytes.
inline constexpr size_t longest_jump = 4;

/// The length in bytes of the b or nop at `bytes`, the site of a key; 0 if it is neither.
[[nodiscard]] inline unsigned jump_length(const uint8_t* bytes) noexcept {
    const uint32_t word = load32(bytes);
    return (word & 0xfc000000U) == jump_word || word == nop_word ? longest_jump : 0;
}

/// Where the b at `at` goes; 0 if the instruction is no b.
[[nodiscard]] inline address jump_target(address at) noexcept {
    found_branch found; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
    return branch_at(at, longest_jump, found) && found.kind == branch_kind::jump ? found.target() : 0;
}

/// A b at `at`. False if `target` is out of its reach.
[[nodiscard]] inline bool encode_jump(address at, address target, uint8_t* bytes) noexcept {
    return encode_plain(jump_word, at, target, bytes);
}

} // namespace INLAY_TARGET

} // namespace aarch64
} // namespace inlay
