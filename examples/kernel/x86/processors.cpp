// SPDX-License-Identifier: BSL-1.0
//
// processors: asks all who may know. See processors.hpp.
#include "processors.hpp"

#include "acpi.hpp"
#include "mp_table.hpp"

namespace kernel {

namespace {

constexpr u16 fw_cfg_selector = 0x510;
constexpr u16 fw_cfg_data = 0x511;
constexpr u16 fw_cfg_signature = 0;
constexpr u16 fw_cfg_processors = 5;

/// How many processors QEMU started with; 0 if this is not QEMU.
[[nodiscard]] u32 count_by_fw_cfg() noexcept {
    out16(fw_cfg_selector, fw_cfg_signature);
    constexpr char signature[] = "QEMU";
    for (unsigned i = 0; i < 4; ++i) {
        if (in8(fw_cfg_data) != static_cast<u8>(signature[i])) {
            return 0;
        }
    }
    out16(fw_cfg_selector, fw_cfg_processors);
    const u32 low = in8(fw_cfg_data);
    return low | u32{in8(fw_cfg_data)} << 8;
}

} // namespace

void add(processors& to, u32 id) noexcept {
    constexpr u32 first_of_x2apic = 255;
    for (u32 i = 0; i < to.listed; ++i) {
        if (to.ids[i] == id) {
            return;
        }
    }
    ++to.named;
    if (id < first_of_x2apic && to.listed < most_cpus) {
        to.ids[to.listed++] = id;
    }
}

bool sums_to_zero(u64 at, u64 length) noexcept {
    if (at + length > u64{1} << 32) {
        return false;
    }
    u8 sum = 0;
    for (u64 i = 0; i < length; ++i) {
        sum = static_cast<u8>(sum + *direct<const u8>(at + i));
    }
    return sum == 0;
}

processors find_processors() noexcept {
    processors found{};
#ifndef KERNEL_MUTATION_NO_TABLES
    found.source = acpi::find_processors(found)       ? "ACPI's MADT"
                   : mp_table::find_processors(found) ? "the MP table"
                                                      : nullptr;
#endif
    found.count = found.named != 0 ? found.named : 1;
    if (const u32 said = count_by_fw_cfg(); said > found.count) {
        found.count = said;
    }
    return found;
}

} // namespace kernel
