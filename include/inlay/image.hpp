// SPDX-License-Identifier: BSL-1.0
//
// image: the tables of the program, kernel or shared library that this code is linked into.
//
//     const inlay::table::tables tables = inlay::this_image();
//
// How it works. For a section whose name is an identifier the linker makes the symbols __start_NAME and __stop_NAME. An
// image without sites has no such symbols. If an image has sites, but a linker script put the records elsewhere, it
// does not link: "undefined reference to __start_inlay_alternatives". (docs/linking.md has the lines for scripts.) A
// C++ declaration cannot express this, since a weak declaration makes the references of all sites in its unit weak. So
// the assembler writes the struct.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/emit/emit.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// The targets of a trampoline that has nothing to do: callers pass any arguments, and these functions ignore them.
[[gnu::visibility("hidden")]] inline void nothing() noexcept {}
[[gnu::visibility("hidden")]] inline uintptr_t zero() noexcept { return 0; }

/// The ELF header of this image, and its program headers. The linker defines the symbol. (The size is stated because,
/// under -mcmodel=medium, GCC takes an array of unknown size for far data, whose address is no operand.)
// NOLINTNEXTLINE(*-avoid-c-arrays): the linker's
[[gnu::visibility("hidden")]] extern const char elf_header[4096] __asm__("__ehdr_start");

/// The data that this image shows to others. One for each image; the assembler defines it (`emit::image`).
[[gnu::visibility("hidden")]] extern table::image own_image;

/// An empty part of each of its sections, in the order of `table::image`.
// NOLINTNEXTLINE(*-avoid-c-arrays): the assembler's
[[gnu::visibility("hidden")]] extern const table::reference own_parts[4];

inline namespace INLAY_TARGET {

template <class Record>
[[nodiscard]] table::section<Record> section_between(Record* begin, Record* end) noexcept {
    return {begin, reinterpret_cast<address>(end) - reinterpret_cast<address>(begin)};
}

/// The tables of an image, this one or another.
[[nodiscard]] inline table::tables tables_of(table::image& image) noexcept {
    return {section_between(image.alternatives[0], image.alternatives[1]),
            section_between(image.calls[0], image.calls[1]), section_between(image.keys[0], image.keys[1]),
            section_between(image.names[0], image.names[1]), &image.registry};
}

/// The size in bytes of a section of this image. A linker script may set the symbols for its begin and end where the
/// records are not: no site would be found, and nothing be wrong. Then it is 1, a truncated section. (Without the
/// symbols there is no site, or the image would not link.)
[[nodiscard, gnu::noinline]] inline size_t own_size(const void* begin, const void* end,
                                                    const table::reference& part) noexcept {
    const address size = reinterpret_cast<address>(end) - reinterpret_cast<address>(begin);
    return end != nullptr && part.target() - reinterpret_cast<address>(begin) > size ? 1 : size;
}

template <class Record>
[[nodiscard]] table::section<Record> own_section(Record* const* bounds, const table::reference& part) noexcept {
    return {bounds[0], own_size(bounds[0], bounds[1], part)};
}

/// The `image` of this image.
[[nodiscard, gnu::always_inline]] inline table::image& own() noexcept {
    emit::image<&own_image, &own_parts, &nothing, &zero>();
    return own_image;
}

/// Its tables.
[[nodiscard]] inline table::tables own_tables() noexcept {
    table::image& image = own();
    return {own_section(image.alternatives, own_parts[0]), own_section(image.calls, own_parts[1]),
            own_section(image.keys, own_parts[2]), own_section(image.names, own_parts[3]), &image.registry};
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// The tables of the image that calls this. Each shared library has its own.
[[nodiscard, gnu::visibility("hidden")]] inline table::tables this_image() noexcept { return detail::own_tables(); }

} // namespace INLAY_TARGET

} // namespace inlay
