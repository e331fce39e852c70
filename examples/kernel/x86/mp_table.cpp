// SPDX-License-Identifier: BSL-1.0
//
// mp_table: finds the table and walks it. See mp_table.hpp.
#include "mp_table.hpp"

#include "paging.hpp"

namespace kernel::mp_table {

namespace {

struct floating_pointer {
    char signature[4];
    u32 table; ///< physical; 0: none, and `standard` says which configuration this is
    u8 length; ///< in 16 bytes
    u8 revision;
    u8 checksum;
    u8 standard;
    u8 rest[4];
};
static_assert(sizeof(floating_pointer) == 16);

struct header {
    char signature[4];
    u16 length;
    u8 rest[38]; ///< the number of entries among them: qboot leaves it at 0, so that `length` counts
};
static_assert(sizeof(header) == 44);

[[nodiscard]] const floating_pointer* find_pointer() noexcept {
    const floating_pointer* found = nullptr;
    for_each_firmware_area([&](u64 begin, u64 end) {
        for (u64 at = begin; at < end && found == nullptr; at += 16) {
            const auto* const it = firmware_data<floating_pointer>(at);
            found =
                has_signature(it->signature, "_MP_") && it->length == 1 && sums_to_zero(at, sizeof *it) ? it : nullptr;
        }
    });
    return found;
}

} // namespace

bool find_processors(processors& found) noexcept {
    const floating_pointer* const pointer = find_pointer();
    if (pointer == nullptr) {
        return false;
    }
    if (pointer->table == 0) { // each standard configuration has two processors
        if (pointer->standard != 0) {
            add(found, 0);
            add(found, 1);
        }
        return pointer->standard != 0;
    }
    const auto* const table = firmware_data<header>(pointer->table);
    if (table == nullptr || !has_signature(table->signature, "PCMP") || !sums_to_zero(pointer->table, table->length)) {
        return false;
    }
    constexpr u32 processor_size = 20; // type, APIC id, APIC version, flags, ...
    constexpr u32 other_size = 8;
    for (u32 entry = sizeof(header); entry + other_size <= table->length;) {
        const auto* const bytes = direct<const u8>(u64{pointer->table} + entry);
        const bool is_processor = bytes[0] == 0;
        if (is_processor && entry + processor_size <= table->length && (bytes[3] & 1) != 0) {
            add(found, bytes[1]);
        }
        entry += is_processor ? processor_size : other_size;
    }
    return true;
}

} // namespace kernel::mp_table
