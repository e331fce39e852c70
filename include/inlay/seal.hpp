// SPDX-License-Identifier: BSL-1.0
//
// seal: the layout of the data that `inlay check --seal` writes into a linked image, for apply_proven().
//
//     seal               the head: sums, addresses, counts
//     term ...           the questions for the boot: features, values of keys, and the predicates over them
//     seal_function ...  the functions that dispatches may choose
//     plan, plan_form .. the forms that may stand at a site: the bytes of each, and the term by which it is chosen
//     seal_name ...      where the records of each name begin
//     seal_site ...      every site: of calls, of keys, of alternatives
//
// How it works. The compiler leaves room: a seal with its mark, and zeros (emit/seal.hpp). The tool fills the room
// after the link, and writes sums over the room and the tables. So an image that was linked anew has no seal, and an
// image that was changed later has other sums.
//
// To the boot, all kinds of sites are the same: a plan with a few forms. It chooses the first form whose term holds.
// The original is a form as well. All references are distances from the field itself, as in table.hpp.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay {
namespace table {

/// The version of this layout, and of the tables.
[[gnu::visibility("hidden")]] inline constexpr uint32_t seal_layout = 2U << 16 | version;

/// The bytes by which the tool finds a seal.
[[gnu::visibility("hidden")]] inline constexpr char seal_mark[12] = {'i', 'n', 'l', 'a', 'y',  ' ',
                                                                     's', 'e', 'a', 'l', '\r', '\0'};

/// Where a term has its word from.
enum class term_source : uint8_t {
    memory = 0,   ///< the word at `from`, which may be the value of a term before this one
    function = 1, ///< the result of the function at `from`, a bool() noexcept
    cpu = 2,      ///< the processor, which `words` ask as the architecture says
};

/// A value, 0 or 1: whether the term `guard` is 1, and (word & mask) - low is at most `span`. (Without sign: so a
/// range, a bit and a comparison are the same.) The terms before this one have their values.
struct term {
    uint32_t value; ///< apply_proven() writes it
    uint16_t guard;
    term_source source;
    uint8_t reserved;
    reference cell; ///< of a feature: gets the value, unless the value is forced; else none
    union {
        reference from;
        probe_words words;
    };
    uint32_t mask;
    uint32_t low;
    uint32_t span;
};

/// Other data name a term by the place of its value, in words from the seal.
[[gnu::visibility("hidden")]] inline constexpr size_t term_unit = sizeof(uint32_t);

/// A function that a dispatch may choose: of those whose term holds, the last one.
struct seal_function {
    uint16_t term;
    uint16_t reserved;
    reference function; ///< the place of the pointer to it
    reference pointer;  ///< of the dispatch
};

/// One form of a plan. The bytes of the whole site follow, and zeros up to a multiple of eight. A relative operand is
/// in the first eight bytes.
struct plan_form {
    uint32_t distance; ///< the value that the operand would have if the site were at the seal
    uint32_t operand;  ///< the bits of the operand in the bytes: 0 at first; apply_proven() changes both for each site
    uint32_t scale;    ///< the unit of the operand's lowest bit, in the first eight bytes; 0: the form has no operand
    uint16_t term;
    uint16_t
        chosen; ///< where the form to write is, in bytes from the plan: this one, or the original if it is the same
};

/// The kind of a plan's sites.
enum class plan_kind : uint8_t { alternative = 0, call = 1, key = 2 };

/// The forms that may stand at some sites. They follow the plan, `stride` bytes each; the first form whose term holds
/// is chosen. The original's term always holds. If the original is a call through a pointer, the direct call precedes
/// it. The form for a pointer to the function that does nothing then follows the original.
struct plan {
    uint16_t size;     ///< of the plan with its forms, in bytes
    uint16_t original; ///< where the original is, in bytes from the plan
    uint16_t chosen;   ///< where the form for this machine is; apply_proven() writes it
    uint16_t direct;   ///< where the direct call is; 0: the plan has none
    uint8_t stride;
    uint8_t length; ///< of the sites, in bytes; 0: not to be patched
    plan_kind kind;
    uint8_t reserved;
    indirect_call call; ///< of the direct call; it is made for `missing`
};

/// A name: where its records begin (cell_state::sites).
struct seal_name {
    reference cell;
    uint32_t sites;
};

/// A record of a table, in the order of its table.
struct seal_site {
    reference site;
    uint32_t plan; ///< its distance from the seal, in bytes
};

/// A table of the image.
struct seal_table {
    reference begin;
    uint32_t bytes;
};

/// The head of the data that the tool has written.
struct seal {
    uint64_t sums[2]; ///< over the seal's data from `mark` on
    uint32_t used;    ///< the data's bytes, a multiple of eight; 0: the image is not sealed, or apply_proven() has run
    uint32_t reserved;
    char mark[12];
    uint32_t layout;
    uint32_t room;        ///< bytes that the compiler has left for the seal's data
    uint32_t fixed;       ///< ~0 in an image that runs at one address only: the sums include the seal's address; else 0
    seal_table tables[4]; ///< alternatives, calls, keys, names
    uint64_t table_sums[2];
    uint64_t
        reach_begin; ///< a target is in reach of all sites if its distance from the seal is one of `reach` from here on
    uint64_t reach;
    uint32_t term_count;
    uint32_t plan_count;
    uint32_t found;  ///< calls that were found after their marker
    reference terms; ///< always true; whether text may be changed later; then `term_count` terms
    reference plans;
    reference functions; ///< up to the names
    reference names;     ///< up to the calls
    reference calls;     ///< the first seal_site of each table, up to the next
    reference keys;
    reference alternatives;
    reference end;
    uint32_t operand_mask; ///< the bits of a relative operand in its four bytes; it counts in units of an instruction
};

/// The part of a seal that the sums do not cover.
[[gnu::visibility("hidden")]] inline constexpr size_t seal_unsummed = 24;

/// The bytes that the compiler writes; zeros follow.
[[gnu::visibility("hidden")]] inline constexpr size_t seal_begin = 44;

static_assert(sizeof(seal) == 160 && sizeof(term) == 36 && sizeof(plan) == 24 && sizeof(plan_form) == 16);
static_assert(sizeof(seal_function) == 12 && sizeof(seal_site) == 8);
static_assert(__builtin_offsetof(seal, mark) == seal_unsummed && __builtin_offsetof(seal, fixed) == seal_begin);

} // namespace table

namespace [[gnu::visibility("hidden")]] detail {
inline namespace INLAY_TARGET {

/// Two sums of words: a word more or less, a changed or a moved one changes them (J. G. Fletcher, "An Arithmetic
/// Checksum for Serial Transmissions", IEEE Transactions on Communications 30, 1982).
struct seal_sum {
    uint64_t first;
    uint64_t second;

    [[nodiscard]] bool is(const uint64_t* sums) const noexcept { return first == sums[0] && second == sums[1]; }

    /// Adds data; `bytes` is a multiple of eight.
    void add(const void* begin, size_t bytes) noexcept {
        using word [[gnu::may_alias, gnu::aligned(4)]] = uint64_t;
        const auto* each = static_cast<const word*>(begin);
        uint64_t one = first;
        uint64_t two = second;
        for (const word* const end = each + bytes / sizeof(word); each != end; ++each) {
            one += *each;
            two += one;
        }
        first = one;
        second = two;
    }
};

/// The sums of a seal's own data, which is at `at` when it is used.
[[nodiscard]] inline seal_sum sum_of(const table::seal& seal, address at) noexcept {
    seal_sum sum{static_cast<uint32_t>(at) & seal.fixed, seal.used};
    sum.add(reinterpret_cast<const uint8_t*>(&seal) + table::seal_unsummed, seal.used - table::seal_unsummed);
    return sum;
}

/// The sums of its tables, whose places are right.
[[nodiscard]] inline seal_sum sum_of_tables(const table::seal& seal) noexcept {
    uint64_t zero = 0; // NOLINT(misc-const-correctness): for a constant, Clang calls memset() without optimisation
    seal_sum sum{zero, zero};
    using half [[gnu::may_alias]] = const uint32_t;
    for (const auto& each : seal.tables) {
        const address begin = each.begin.target();
        sum.add(reinterpret_cast<const void*>(begin), each.bytes);
        if (each.bytes % 8 != 0) { // an odd number of keys
            sum.first += *reinterpret_cast<half*>(begin + each.bytes - sizeof(half));
        }
    }
    return sum;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
