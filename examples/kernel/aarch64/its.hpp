// SPDX-License-Identifier: BSL-1.0
//
// its: the interrupt translation service of GICv3: from a device and its event to an LPI of a processor.
//
//     its::begin();
//     const its::collection col{.id = 3, .cpu = 3};
//     its::device dev = its::make_device(2, 8);
//     its::map(dev, true);  its::map(col, true);  its::map(dev, 20, 8195, col);
//     its::queue_int(dev, 20);                                     // as if the device had raised its event 20
//
// What. The tables of an ITS, its queue of commands, and the commands that tests need.
// Why. Message-signalled interrupts come this way; the command INT raises one without a device.
// How. Arm IHI 0069, 5.2 and 5.3. Each command is followed by a SYNC for the processor that it concerns, and waited
// for.
#pragma once

#include "device_tree.hpp"
#include "gic_registers.hpp"

namespace kernel::gic::its {

/// The fields of GITS_TYPER.
struct properties {
    bool physical_lpis;
    bool virtual_lpis;
    bool physical_targets; ///< a processor is named by the address of its redistributor, not by a number
    u32 entry_size;        ///< bytes of an entry in a device's table
    u32 event_bits;
    u32 device_bits;
    u32 collection_bits;
};

struct device {
    u32 id;
    u32 event_bits;
    u64 table;
};
struct collection {
    u32 id;
    u32 cpu; ///< that gets the interrupts of this collection
};

/// Whether the device tree names an ITS and the controller is a GICv3. It sets a feature, so call it before apply().
bool find(const device_tree& tree) noexcept;
[[nodiscard]] bool found() noexcept;
/// The address of its registers.
[[nodiscard]] u64 registers() noexcept;
[[nodiscard]] properties read_properties() noexcept;

/// One of the eight GITS_BASER registers.
enum class table_kind : u8 { none = 0, devices = 1, virtual_processors = 2, collections = 4 };
[[nodiscard]] table_kind kind_of_table(u32 index) noexcept;
[[nodiscard]] u32 entry_size_of_table(u32 index) noexcept;

/// Gives it its tables and its queue, and turns it on. Once.
void begin() noexcept;

/// A device with 2^`event_bits` events.
[[nodiscard]] device make_device(u32 id, u32 event_bits) noexcept;

// ---- Commands.

void map(const device& which, bool valid) noexcept;                                     // MAPD
void map(const collection& which, bool valid) noexcept;                                 // MAPC
void map(const device& from, u32 event, u32 lpi, const collection& to) noexcept;        // MAPTI
void invalidate(const device& from, u32 event, const collection& synchronise) noexcept; // INV
void invalidate_all(const collection& which) noexcept;                                  // INVALL
/// Raises an event. The handler of its interrupt sees all earlier stores.
void queue_int(const device& from, u32 event, const collection& synchronise) noexcept; // INT
/// The same for a device that is not mapped: an error, which an ITS may ignore or stop at.
void queue_wrong_int(const device& from, u32 event) noexcept;

} // namespace kernel::gic::its
