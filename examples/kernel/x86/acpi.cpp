// SPDX-License-Identifier: BSL-1.0
//
// acpi: walks firmware's tables, which lie below 4 GiB. See acpi.hpp.
#include "acpi.hpp"

#include "paging.hpp"

namespace kernel::acpi {

namespace {

struct header {
    char signature[4];
    u32 length;
    u8 rest[28];
};
static_assert(sizeof(header) == 36);

struct [[gnu::packed]] root_pointer {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision; ///< 0: without the members below `rsdt`
    u32 rsdt;
    u32 length;
    u64 xsdt;
    u8 rest[4];
};
static_assert(sizeof(root_pointer) == 36);
constexpr u64 first_length = 20; // of ACPI 1.0's root pointer

constinit u64 root = 0;

[[nodiscard]] const root_pointer* root_at(u64 at) noexcept {
    const auto* const it = firmware_data<root_pointer>(at);
    return it != nullptr && has_signature(it->signature, "RSD PTR ") && sums_to_zero(at, first_length) ? it : nullptr;
}

/// Where the loader says, else on 16 bytes in the first KiB of the extended BIOS data area or in the BIOS's area.
[[nodiscard]] const root_pointer* find_root() noexcept {
    if (const auto* const it = root_at(root); root != 0 && it != nullptr) {
        return it;
    }
    const root_pointer* found = nullptr;
    for_each_firmware_area([&](u64 begin, u64 end) {
        for (u64 at = begin; at < end && found == nullptr; at += 16) {
            found = root_at(at);
        }
    });
    return found;
}

/// The table at `at` if it is one: its bytes add up to 0.
[[nodiscard]] const header* table_at(u64 at) noexcept {
    const auto* const it = firmware_data<header>(at);
    constexpr u32 longest = 1 << 20;
    return it != nullptr && it->length >= sizeof(header) && it->length <= longest && sums_to_zero(at, it->length)
               ? it
               : nullptr;
}

/// The table with this signature, found in a table of addresses with `size` bytes each; 0 if it is not there.
[[nodiscard]] u64 find_table(u64 list, u32 size, const char (&signature)[5]) noexcept {
    const header* const tables = table_at(list);
    for (u32 i = sizeof(header); tables != nullptr && i + size <= tables->length; i += size) {
        u64 at = *direct<const u32>(list + i);
        if (size == sizeof(u64)) {
            at |= u64{*direct<const u32>(list + i + sizeof(u32))} << 32;
        }
        if (const header* const table = table_at(at); table != nullptr && has_signature(table->signature, signature)) {
            return at;
        }
    }
    return 0;
}

} // namespace

void set_root(u64 at) noexcept { root = at; }

bool find_processors(processors& found) noexcept {
    const root_pointer* const pointer = find_root();
    if (pointer == nullptr) {
        return false;
    }
    u64 madt = pointer->revision != 0 ? find_table(pointer->xsdt, sizeof(u64), "APIC") : 0;
    if (madt == 0) {
        madt = find_table(pointer->rsdt, sizeof(u32), "APIC");
    }
    if (madt == 0) {
        return false;
    }
    const u32 length = direct<const header>(madt)->length;
    for (u32 entry = sizeof(header) + 8; entry + 2 <= length;) { // type, length, ...
        const auto* const bytes = direct<const u8>(madt + entry);
        constexpr u8 local_apic = 0; // processor, id, flags in 4 bytes
        constexpr u8 x2apic = 9;     // 2 reserved bytes, id in 4 bytes, flags in 4 bytes, ...
        const u8 size = bytes[1];
        if (size < 2 || entry + size > length) {
            break;
        }
        if (bytes[0] == local_apic && size >= 8 && (bytes[4] & 1) != 0) {
            add(found, bytes[3]);
        } else if (bytes[0] == x2apic && size >= 16 && (bytes[8] & 1) != 0) {
            add(found, bytes[4] | u32{bytes[5]} << 8 | u32{bytes[6]} << 16 | u32{bytes[7]} << 24);
        }
        entry += size;
    }
    return true;
}

} // namespace kernel::acpi
