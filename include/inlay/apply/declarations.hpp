// SPDX-License-Identifier: BSL-1.0
// declarations: a memory for decisions of apply() about the last 16 declarations.
//
//     known_declaration what = known.find(choices);
//     if (what.chosen->length == 0) { ... }                       // not known until now: decide
//     what.placed->bytes ...                                      // the bytes at the last site
//
// How it works. The sites of a declaration differ only in the distance of one operand. So the choice is made once, and
// the bytes are placed once. At the next site, the operand is moved by the distance between the sites. The memory has
// room for 16 declarations; a new one replaces the oldest. A table of hints, by the low bits of the address, gives the
// place to look first.
//
// A kernel may allow 1,024 bytes for the frame of a function. So the data has two parts in two frames: the placed bytes
// (every site of the fast path reads them), and the decisions.
#pragma once

#include "inlay/apply/overlap.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// The most bytes of a site that are kept. A longer site is placed by itself.
inline constexpr unsigned longest_kept = 18;

/// A declaration's bytes, as they are at one site.
struct placed_declaration {
    address choices;
    address site;             ///< where `bytes` and `original` are right
    uint8_t length;           ///< of the site; 0: nothing is kept, each site is placed by itself
    uint8_t operand;          ///< offset of the relative operand in `bytes`, or no_operand
    uint8_t original_operand; ///< that in `original`; many_operands: the original is not kept
    uint8_t bytes[longest_kept];
    uint8_t original[longest_kept];

    /// Moves the bytes from the previous site to this one, and also the original if it will be needed. False if the
    /// bytes' target is out of reach. If the original's target is out of reach, the original is forgotten.
    [[nodiscard, gnu::always_inline]] bool move(address to, bool with_original) noexcept {
        if (with_original && original_operand < many_operands &&
            !arch::relocate(original + original_operand, static_cast<int64_t>(site - to))) {
            original_operand = many_operands;
        }
        const bool good =
            operand == table::no_operand || arch::relocate(bytes + operand, static_cast<int64_t>(site - to));
        site = to;
        return good;
    }

    /// Whether the site, to which both were moved, holds the original.
    [[nodiscard]] bool holds_original() const noexcept {
        return original_operand != many_operands && text_holds(site, original, length);
    }
};
static_assert(table::no_operand > many_operands);

/// The number of declarations that are known.
inline constexpr unsigned known_count = 16;

/// The bytes of all remembered declarations. The check for overlaps borrows the memory; it is rarely needed.
union declaration_memory {
    placed_declaration placed[known_count];
    text_map map;
};

/// The two parts of a known declaration. The length of `chosen` is 0 until it is decided.
struct known_declaration {
    placed_declaration* placed;
    decision* chosen;
};

/// The known declarations: their decisions, and hints to their bytes.
struct known_declarations {
    static constexpr unsigned count = known_count;
    static constexpr unsigned hint_count = 128;
    static constexpr unsigned hint_unit = 8; ///< hints count in units of so many bytes
    static_assert(sizeof(placed_declaration) % hint_unit == 0 && sizeof(placed_declaration) * count / hint_unit < 256);

    declaration_memory* memory;
    unsigned oldest;
    decision decided[count];   ///< the length is 0 where nothing is known
    uint8_t hints[hint_count]; ///< offsets in the memory

    [[gnu::noinline]] void clear() noexcept {
        oldest = 0;
        for (unsigned i = 0; i < count; ++i) {
            memory->placed[i].choices = 0;
            memory->placed[i].length = 0;
            decided[i].length = 0;
        }
        for (unsigned i = 0; i < hint_count; ++i) {
            static_cast<volatile uint8_t*>(hints)[i] = 0; // volatile: no call of memset
        }
    }

    /// The last declaration that was met with this hint; the caller compares `choices`.
    [[nodiscard]] placed_declaration& likely(address choices) noexcept {
        return *reinterpret_cast<placed_declaration*>(reinterpret_cast<address>(memory->placed) +
                                                      address{hint(choices)} * hint_unit);
    }

    /// Finds the declaration. An unknown declaration takes the place of the oldest one, and the caller decides it.
    [[nodiscard, gnu::noinline]] known_declaration find(address choices) noexcept {
        unsigned which = 0;
        while (memory->placed[which].choices != choices) {
            if (++which == count) {
                which = oldest++ % count;
                memory->placed[which].choices = choices;
                memory->placed[which].length = 0;
                decided[which].length = 0;
                break;
            }
        }
        hint(choices) = static_cast<uint8_t>(which * sizeof(placed_declaration) / hint_unit);
        return {memory->placed + which, decided + which};
    }

private:
    [[nodiscard]] uint8_t& hint(address choices) noexcept {
        return hints[static_cast<uint32_t>(choices) * 0x9e3779b1U >> 25]; // by its highest bits: hint_count
    }
};

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
