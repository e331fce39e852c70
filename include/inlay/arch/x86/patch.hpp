// SPDX-License-Identifier: BSL-1.0
//
// patch: the patcher's knowledge about x86 machine code: relative operands, and calls in text.
//
// Where the modes differ, a function takes its mode, 64 or 32 bits, as a template argument. (A program of one mode may
// read an image of the other.) Without the argument, it is the mode of the unit.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/arch/x86/nops.hpp"
#include "inlay/bytes.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {
inline namespace INLAY_TARGET {

/// The little-endian 32-bit field at `at`.
[[nodiscard]] inline int32_t load32(const uint8_t* at) noexcept {
    return static_cast<int32_t>(inlay::detail::word_at(at));
}

inline void store32(uint8_t* at, int32_t value) noexcept {
    *reinterpret_cast<inlay::detail::unaligned_word*>(at) = static_cast<uint32_t>(value);
}

/// Writes `size` bytes of instructions to text, piece by piece: see platform::bare.
[[gnu::always_inline]] inline void store_text(uint8_t* to, const uint8_t* bytes, size_t size) noexcept {
    inlay::detail::copy(to, bytes, size);
}

/// Whether bytes of text may become others while other processors run them: never, since store_text() writes them in
/// pieces.
[[nodiscard]] constexpr bool exchangeable(const uint8_t* /*from*/, const uint8_t* /*to*/, size_t /*size*/) noexcept {
    return false;
}

/// Adds `shift` bytes to the relative operand at `field`. False, and nothing changes, if it would not fit. In 32-bit
/// mode all distances fit, as addresses wrap around.
template <unsigned Mode = mode_of_unit>
[[nodiscard]] inline bool relocate(uint8_t* field, int64_t shift) noexcept {
    const int64_t moved = load32(field) + shift;
    if (Mode == 64 && moved != static_cast<int32_t>(moved)) {
        return false;
    }
    store32(field, static_cast<int32_t>(moved));
    return true;
}

/// The purpose of a branch; it determines the forms that may replace the branch.
enum class branch_kind : uint8_t { call, jump, conditional };

/// A branch in text.
struct found_branch {
    address start; ///< of the instruction
    address field; ///< of its rel32
    address end;   ///< of the instruction: distances count from here
    branch_kind kind;

    [[nodiscard]] address target() const noexcept {
        return end + static_cast<address>(intptr_t{load32(reinterpret_cast<const uint8_t*>(field))});
    }
};

/// Bytes of the longest branch that branch_at() knows.
inline constexpr size_t longest_branch = 6;

/// True if the instruction at `at` (of which `size` bytes may be read) is a call, jmp or jcc rel32.
[[nodiscard]] inline bool branch_at(address at, size_t size, found_branch& result) noexcept {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(at);
    if (size >= 5 && (bytes[0] == 0xe8 || bytes[0] == 0xe9)) {
        result = {at, at + 1, at + 5, bytes[0] == 0xe8 ? branch_kind::call : branch_kind::jump};
        return true;
    }
    if (size >= 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0U) == 0x80) {
        result = {at, at + 2, at + 6, branch_kind::conditional};
        return true;
    }
    return false;
}

/// Whether a breakpoint (int3) lies on a call, jmp or jcc rel32 of `target`. Its other bytes still go there.
[[nodiscard]] inline bool breakpoint_at(address at, size_t size, address target) noexcept {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(at);
    if (size < 5 || bytes[0] != 0xcc) {
        return false;
    }
    const found_branch plain{at, at + 1, at + 5, branch_kind::call};
    const found_branch conditional{at, at + 2, at + 6, branch_kind::conditional};
    return plain.target() == target || (size >= 6 && (bytes[1] & 0xf0U) == 0x80 && conditional.target() == target);
}

/// The byte that the kernel puts on the first byte of an instruction with a uprobe.
inline constexpr int uprobe_byte = 0xcc;

/// A walk ends at a breakpoint: int3 is shorter than the instruction under it.
inline constexpr bool breakpoint_ends_walk = true;

/// Whether all of these bytes are nops, as fill_nops() or an assembler puts them.
template <unsigned Mode = mode_of_unit>
[[nodiscard]] inline bool is_nops(const uint8_t* bytes, unsigned count) noexcept {
    while (count != 0) {
        unsigned length = count < longest_nop<Mode> ? count : longest_nop<Mode>;
        const auto is_nop = [&]() noexcept {
            uint32_t word = nop_word<Mode>(length);
            for (unsigned i = 0; i < length; ++i, word >>= 8) {
                if (bytes[i] != (word & 0xff)) {
                    return false;
                }
            }
            return true;
        };
        while (!is_nop()) {
            if (--length == 0) {
                return false;
            }
        }
        bytes += length;
        count -= length;
    }
    return true;
}

/// Text pages have no protection flag of their own (as PROT_BTI on AArch64).
inline constexpr bool guards_text = false;
[[nodiscard]] constexpr int guard_of_text(const uint8_t* /*notes*/, size_t /*size*/) noexcept { return 0; }

/// Bytes between two places where an instruction may begin.
inline constexpr size_t instruction_alignment = 1;

/// The four bytes at `branch.field` that make it go to `target`. False if that is out of reach.
[[nodiscard]] inline bool retarget(const found_branch& branch, address target, uint8_t* bytes) noexcept {
    const auto distance = static_cast<intptr_t>(target - branch.end);
    if (distance != static_cast<int32_t>(distance)) {
        return false;
    }
    store32(bytes, static_cast<int32_t>(distance));
    return true;
}

/// Bytes of a direct call.
inline constexpr unsigned call_length = 5;

/// A call of `target` at `at`. False if that is out of reach (2 GiB).
[[nodiscard]] inline bool encode_call(address at, address target, uint8_t* bytes) noexcept {
    bytes[0] = 0xe8;
    return retarget({at, at + 1, at + call_length, branch_kind::call}, target, bytes + 1);
}

/// The instruction that stands in place of a call whose target does nothing, or returns zero (rax or eax).
///
/// It is one instruction of the call's length. A thread may be anywhere while a site changes, so no form may begin an
/// instruction inside another form. This rule excludes `ret` and `xor eax, eax; ret` in place of a jump. A kernel whose
/// returns go through a thunk must not get a `ret` either. So a jump stays a jump: to the image's own function that
/// does nothing, or returns zero.
struct call_form {
    uint8_t bytes[5];
    table::call_mode mode;
};
template <unsigned Mode = mode_of_unit>
[[gnu::visibility("hidden")]] inline constexpr call_form call_forms[2] = {
    Mode == 64 ? call_form{{0x0f, 0x1f, 0x44, 0x00, 0x00}, table::call_mode::nothing}
               : call_form{{0x3e, 0x8d, 0x74, 0x26, 0x00}, table::call_mode::nothing},
    Mode == 64 ? call_form{{0x66, 0x66, 0x48, 0x31, 0xc0}, table::call_mode::zero}  // data16 data16 xor rax, rax
               : call_form{{0xb8, 0x00, 0x00, 0x00, 0x00}, table::call_mode::zero}, // mov eax, 0
};

/// Like branch_at(), and also recognises the instructions that encode_branch() writes in place of a call.
template <unsigned Mode = mode_of_unit>
[[nodiscard]] inline bool patched_branch_at(address at, size_t size, found_branch& result) noexcept {
    if (branch_at(at, size, result)) {
        return true;
    }
    const auto* const bytes = reinterpret_cast<const uint8_t*>(at);
    for (const auto& form : call_forms<Mode>) {
        unsigned same = 0;
        while (same < sizeof(form.bytes) && same < size && bytes[same] == form.bytes[same]) {
            ++same;
        }
        if (same == sizeof(form.bytes)) {
            result = {at, at + 1, at + 5, branch_kind::call};
            return true;
        }
    }
    return false;
}

/// The whole instruction for `branch` (at most `longest_branch` bytes) when its target is `target`, a function of the
/// kind `mode`. Its length is `end - start`. False if the target is out of reach. Jumps stay jumps, conditional jumps
/// conditional.
template <unsigned Mode = mode_of_unit>
[[nodiscard]] inline bool encode_branch(const found_branch& branch, address target, table::call_mode mode,
                                        uint8_t* bytes) noexcept {
    for (const auto& form : call_forms<Mode>) {
        if (form.mode == mode && branch.kind == branch_kind::call) {
            for (unsigned i = 0; i < sizeof(form.bytes); ++i) {
                static_cast<volatile uint8_t*>(bytes)[i] = form.bytes[i];
            }
            return true;
        }
    }
    const auto opcode_size = static_cast<unsigned>(branch.field - branch.start);
    bytes[0] = branch.kind == branch_kind::call ? 0xe8 : 0xe9;
    if (branch.kind == branch_kind::conditional) {
        bytes[0] = 0x0f;
        bytes[1] = reinterpret_cast<const uint8_t*>(branch.start)[1];
    }
    return retarget(branch, target, bytes + opcode_size);
}

/// The length of each key site, in bytes. If the assembler chose between jumps of 2 and 5 bytes, it could also put
/// padding between the site's label and the jump (`-mbranches-within-32B-boundaries`).
inline constexpr size_t longest_jump = 5;

/// The length in bytes of the jmp or nop at `bytes`, the site of a key; 0 if it is neither.
template <unsigned Mode = mode_of_unit>
[[nodiscard]] inline unsigned jump_length(const uint8_t* bytes) noexcept {
    constexpr uint32_t nop = nop_word<Mode>(longest_jump);
    return bytes[0] == 0xe9 || (inlay::detail::word_at(bytes) == nop && bytes[4] == 0) ? longest_jump : 0;
}

/// Where the jmp at `at` goes; 0 if the instruction is no jmp with a 32-bit distance.
[[nodiscard]] inline address jump_target(address at) noexcept {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(at);
    return bytes[0] == 0xe9 ? at + longest_jump + static_cast<address>(intptr_t{load32(bytes + 1)}) : 0;
}

/// A jmp at `at`. False if `target` is out of its reach.
[[nodiscard]] inline bool encode_jump(address at, address target, uint8_t* bytes) noexcept {
    bytes[0] = 0xe9;
    return retarget({at, at + 1, at + longest_jump, branch_kind::jump}, target, bytes + 1);
}

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
