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

[[nodiscard]] bool is(const char* at, const char* text, unsigned length) noexcept {
    for (unsigned i = 0; i < length; ++i) {
        if (at[i] != text[i]) {
            return false;
        }
    }
    return true;
}

/// The root pointer lies on 16 bytes in the BIOS's area; its offset 16 has the RSDT's address.
[[nodiscard]] u32 find_rsdt() noexcept {
    for (u64 at = 0xe0000; at < 0x100000; at += 16) {
        if (is(direct<const char>(at), "RSD PTR ", 8)) {
            return *direct<const u32>(at + 16);
        }
    }
    return 0;
}

} // namespace

u32 find_processors(u32* ids, u32 most) noexcept {
    const u32 rsdt = find_rsdt();
    if (rsdt == 0) {
        return 0;
    }
    u32 found = 0;
    for (u32 i = sizeof(header); i < direct<const header>(rsdt)->length; i += 4) {
        const u32 at = *direct<const u32>(rsdt + i);
        const auto* const table = direct<const header>(at);
        if (!is(table->signature, "APIC", 4)) {
            continue;
        }
        for (u32 entry = sizeof(header) + 8; entry + 2 <= table->length;) { // type, length, ...
            const auto* const bytes = direct<const u8>(at + entry);
            constexpr u8 local_apic = 0;
            if (bytes[0] == local_apic && (bytes[4] & 1) != 0 && found < most) {
                ids[found++] = bytes[3];
            }
            entry += bytes[1] != 0 ? bytes[1] : table->length;
        }
    }
    return found;
}

} // namespace kernel::acpi
