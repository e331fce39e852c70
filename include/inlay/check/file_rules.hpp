// SPDX-License-Identifier: BSL-1.0
//
// file_rules: rules about the file as a whole, which other tools may have changed.
//
//     moved       llvm-bolt has rewritten the file: its tables describe the old text; no other rule is tried
//     note        no note leads to the tables of a program or library: apply() and set() refuse the image
//     patcher     (a note) the file does not name its functions: rules that know functions by name were not checked
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <elf.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

/// Where inlay's notes lead: the addresses of table::image.
[[nodiscard]] inline std::vector<std::uint64_t> images_of_notes(const program& program) {
    std::vector<std::uint64_t> result;
    for (const auto& each : program.elf().segments()) {
        const std::uint8_t* const notes =
            each.type == PT_NOTE ? program.bytes(each.address, static_cast<std::size_t>(each.file_size)) : nullptr;
        for (std::uint64_t at = 0; notes != nullptr && at + 12 <= each.file_size;) {
            std::uint32_t sizes[3]; // NOLINT(*-avoid-c-arrays): of the name, of the rest; the type
            std::memcpy(sizes, notes + at, sizeof sizes);
            const std::uint64_t rest = at + 12 + (std::uint64_t{sizes[0]} + 3) / 4 * 4;
            if (sizes[0] == 6 && sizes[1] >= sizeof(table::note) && rest + sizes[1] <= each.file_size &&
                std::memcmp(notes + at + 12, "inlay", 6) == 0) {
                std::int32_t distance = 0;
                std::memcpy(&distance, notes + rest, sizeof distance);
                result.push_back(each.address + rest + static_cast<std::uint64_t>(std::int64_t{distance}));
            }
            at = rest + (std::uint64_t{sizes[1]} + 3) / 4 * 4;
        }
    }
    return result;
}

/// The addresses of table::image, by their mark.
[[nodiscard]] inline std::vector<std::uint64_t> images_of(const program& program) {
    std::vector<std::uint64_t> result;
    for (const auto& each : program.elf().sections()) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(each.size, program.elf().size()));
        const bool loaded = (each.flags & SHF_ALLOC) != 0 && (each.flags & SHF_WRITE) != 0 && each.type != SHT_NOBITS;
        const std::uint8_t* const bytes = loaded ? program.bytes(each.address, size) : nullptr;
        for (std::size_t i = 0; bytes != nullptr && i + sizeof table::mark <= size; i += 4) {
            if (std::memcmp(bytes + i, table::mark, sizeof table::mark) == 0) {
                result.push_back(each.address + i);
            }
        }
    }
    return result;
}

} // namespace detail

/// False if the file was rewritten.
inline bool check_moved(const program& program, findings& found) {
    const auto& sections = program.elf().sections();
    const bool moved = std::any_of(sections.begin(), sections.end(), [](const report::elf_section& each) {
        return each.name.starts_with(".bolt.org.") || each.name == ".note.bolt_info";
    });
    if (moved) {
        program.add(found, "moved", 0, message(error::text_moved));
    }
    return !moved;
}

/// Whether the file names its functions. inlay's own are hidden, and so local in a linked file. A program of assembly
/// may have no local function, and no image.
[[nodiscard]] inline bool names_functions(const program& program) {
    return detail::names_local_functions(program.elf()) ||
           (detail::symbol_table(program.elf()) != nullptr &&
            (program.is_object() || detail::images_of(program).empty()));
}

/// Says which rules a stripped file leaves out.
inline void check_names(const program& program, findings& found) {
    if (!names_functions(program)) {
        program.add(found, "patcher", 0,
                    "the file does not name its functions: whether a site is in the patcher was not checked, nor the "
                    "rules note and entry; check the file before it is stripped",
                    severity::note);
    }
}

/// An image that joins the others of its process needs a note; a kernel does not join. It is known by its symbols:
/// check_names() speaks of a stripped file.
inline void check_note(const program& program, findings& found) {
    const auto& functions = program.functions();
    if (std::none_of(functions.begin(), functions.end(), [](const function& each) {
            return each.name.find("12join_at_load") != std::string::npos; // inlay::detail::baseline::join_at_load()
        })) {
        return;
    }
    const auto noted = detail::images_of_notes(program);
    for (const auto each : detail::images_of(program)) {
        if (std::find(noted.begin(), noted.end(), each) == noted.end()) {
            program.add(found, "note", 0, message(error::image_unknown));
        }
    }
}

} // namespace check
} // namespace inlay
