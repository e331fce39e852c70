// SPDX-License-Identifier: BSL-1.0
//
// image: the tables of the program, kernel or shared library that this code is linked into.
//
//     const inlay::table::tables tables = inlay::this_image();
//
// How it works. For a section whose name is an identifier the linker makes the symbols __start_NAME and
// __stop_NAME. They are weak here, since an image may have no site, and hidden, since each has its own.
#pragma once

#include "inlay/table.hpp"

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,*-avoid-c-arrays)
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::alternative_record __start_inlay_alternatives[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::alternative_record __stop_inlay_alternatives[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::call_record __start_inlay_calls[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::call_record __stop_inlay_calls[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::key_record __start_inlay_keys[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::key_record __stop_inlay_keys[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::named __start_inlay_names[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::named __stop_inlay_names[];
// NOLINTEND(bugprone-reserved-identifier,*-avoid-c-arrays)
}

namespace inlay {

namespace detail {

/// What a trampoline jumps to where there is nothing to do: called with any arguments, which they ignore.
[[gnu::visibility("hidden")]] inline void nothing() noexcept {}
[[gnu::visibility("hidden")]] inline std::uintptr_t zero() noexcept { return 0; }

/// What this image shows to others. One an image.
[[gnu::visibility("hidden")]] inline constinit table::image own_image{
    {__start_inlay_alternatives, __stop_inlay_alternatives},
    {__start_inlay_calls, __stop_inlay_calls},
    {__start_inlay_keys, __stop_inlay_keys},
    {__start_inlay_names, __stop_inlay_names},
    {nullptr, 0, 0, &nothing, &zero}};

template <class Record>
[[nodiscard]] table::section<Record> section_between(Record* begin, Record* end) noexcept {
    return {begin, static_cast<std::size_t>(reinterpret_cast<address>(end) - reinterpret_cast<address>(begin))};
}

/// The tables of an image, this one or another.
[[nodiscard]] inline table::tables tables_of(table::image& image) noexcept {
    return {section_between(image.alternatives[0], image.alternatives[1]),
            section_between(image.calls[0], image.calls[1]), section_between(image.keys[0], image.keys[1]),
            section_between(image.names[0], image.names[1]), &image.registry};
}

} // namespace detail

/// The tables of the image that calls this. Each shared library has its own.
[[nodiscard, gnu::visibility("hidden")]] inline table::tables this_image() noexcept {
    return detail::tables_of(detail::own_image);
}

} // namespace inlay
