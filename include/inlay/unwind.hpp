// SPDX-License-Identifier: BSL-1.0
//
// unwind: finds callers by a compact table, without frame pointers, DWARF or an unwinder's library.
//
//     [[gnu::section("inlay_unwind"), gnu::used]]
//     constinit inlay::unwind::space<8000> frames{};       // `inlay orc kernel.elf` fills it in the linked file
//
//     inlay::unwind::frame at{pc, sp, fp, lr, true};       // as a trap has found the registers
//     do {
//         print(at.pc);
//     } while (inlay::unwind::step(frames.table(), at, read));     // bool read(address, address& word) noexcept
//
// How it works. The table has an entry for each address where the way to the caller's frame changes. Entries are
// sorted, for a binary search. An entry gives the frame (DWARF: CFA) as stack pointer
// or frame pointer plus a constant. It also gives the places of the caller's frame pointer and of the return address in
// it. (Linux calls such a table ORC.) Within a site, the tool has merged the entries of all forms by byte: they hold
// for each form.
//
// A return address lies after its call, which may be the last instruction of a function. So the search for a caller
// looks one byte before; only at the instruction of a trap it looks at the address itself: frame::exact.
//
// AArch64's signed return addresses (-mbranch-protection): the bits of the signature depend on the size of virtual
// addresses, which the system knows. So `read` has a member `address strip(address) const noexcept`, which takes the
// signature off and changes no other address. Without it, the walk ends at a function that signs.
//
// Thread-safe: nothing is written but the frame. `read` must refuse addresses that cannot be read.
#pragma once

#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay::unwind {

/// How an entry finds the frame.
enum class base : uint8_t {
    unknown = 0,       ///< the walk ends here: no unwind information
    stack_pointer = 1, ///< the frame is at the stack pointer + `frame`
    frame_pointer = 2, ///< the frame is at the frame pointer + `frame`
    indirect = 3,      ///< the frame's address is in memory at the frame pointer + `frame`
    outermost = 4,     ///< this function has no caller
};

/// From the address on until that of the next entry.
struct entry {
    int32_t at;            ///< distance in bytes from the table_header
    int16_t frame;         ///< in bytes
    int16_t frame_pointer; ///< distance in bytes from the frame to the caller's frame pointer; 0: it is in the register
    int16_t return_address; ///< the same for the return address; 0: it is in the link register
    unwind::base base;
    uint8_t is_signed; ///< 1: the return address may have a signature (AArch64's paciasp)
};
static_assert(sizeof(entry) == 12);

inline constexpr uint64_t mark = 0x316e'7775'7961'6c6e; ///< "nlayuwn1"; another one: the tool has not run

struct table_header {
    uint64_t mark;
    uint32_t count;    ///< of entries that are filled in
    uint32_t capacity; ///< of entries

    [[nodiscard, gnu::visibility("hidden")]] const entry* entries() const noexcept {
        return reinterpret_cast<const entry*>(this + 1);
    }
};

/// Room for a table in section "inlay_unwind".
template <uint32_t Capacity>
struct space {
    table_header header{0, 0, Capacity};
    entry entries[Capacity]{};

    /// Through a volatile pointer, because the tool changes values that the compiler knows.
    [[nodiscard, gnu::visibility("hidden")]] const table_header& table() const noexcept {
        const table_header* volatile at = &header;
        return *at;
    }
};

/// The registers of one function's activation.
struct frame {
    address pc;
    address sp;
    address fp;
    address link; ///< AArch64's x30, of the first frame
    bool exact;   ///< pc is the instruction itself, not a return address
};

/// The entry that holds at an address; null if the tool has not run, or the address lies before the first entry.
[[nodiscard, gnu::visibility("hidden")]] inline const entry* find(const table_header& table, address at) noexcept {
    if (table.mark != mark || table.count > table.capacity) {
        return nullptr;
    }
    const auto distance = static_cast<intptr_t>(at - reinterpret_cast<address>(&table));
    const entry* const all = table.entries();
    uint32_t low = 0;
    for (uint32_t high = table.count; low < high;) {
        const uint32_t middle = low + (high - low) / 2;
        if (all[middle].at <= distance) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low != 0 ? all + (low - 1) : nullptr;
}

/// Replaces a frame by its caller's, by one entry. False if the caller is not known, or does not exist: then the frame
/// is unchanged. `Read` is `bool(address at, address& word) noexcept`.
template <class Read>
[[nodiscard, gnu::visibility("hidden")]] bool step(const entry& by, frame& of, const Read& read) noexcept {
    address cfa = by.base == base::stack_pointer ? of.sp : of.fp;
    cfa += static_cast<address>(intptr_t{by.frame});
    if (by.base == base::indirect && !read(cfa, cfa)) {
        return false;
    }
    const auto word = [&](int16_t distance, address in_register, address& to) {
        to = in_register;
        return distance == 0 || read(cfa + static_cast<address>(intptr_t{distance}), to);
    };
    address pc = 0;
    address fp = 0;
    const bool moves =
        by.return_address != 0 || of.exact; // a link register holds the first frame's return address alone
    if (by.base == base::unknown || by.base == base::outermost || !moves || !word(by.return_address, of.link, pc) ||
        !word(by.frame_pointer, of.fp, fp) || pc == 0) {
        return false;
    }
    if (by.is_signed != 0) {
        if constexpr (requires { read.strip(pc); }) {
            pc = read.strip(pc);
        } else {
            return false;
        }
    }
    of = {pc, cfa, fp, 0, false};
    return true;
}

/// The same, by the entry of the table that holds for the frame.
template <class Read>
[[nodiscard, gnu::visibility("hidden")]] bool step(const table_header& table, frame& of, const Read& read) noexcept {
    const entry* const by = find(table, of.exact ? of.pc : of.pc - 1);
    return by != nullptr && step(*by, of, read);
}

} // namespace inlay::unwind
