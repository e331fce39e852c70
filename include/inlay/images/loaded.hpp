// SPDX-License-Identifier: BSL-1.0
//
// loaded: the images that the loader has mapped, and those with inlay's tables among them.
//
//     for_each_loaded([&](const loaded_image& info) noexcept {
//         table::image* const image = find_image(info);           // or null
//         return image != nullptr;                                // true ends the loop
//     });
//
// How it works. Each image that uses inlay has a note, which holds the distance to its `table::image`. Such an image
// exports nothing of inlay, so other images find it by this note. Its mark is compared, since a tool may have moved the
// note.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

INLAY_BASELINE

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

// Every unit that has a key includes this header. So it declares the needed parts of <elf.h>, <link.h>, <sys/mman.h>
// and others itself: those headers have names and macros that may clash with the user's.

/// A program header, as in Elf64_Phdr, or Elf32_Phdr.
struct segment {
    uint32_t type;
#if __SIZEOF_POINTER__ == 8
    uint32_t flags;
#endif
    address offset;
    address at; ///< without the image's base
    address physical;
    address size_in_file;
    address size;
#if __SIZEOF_POINTER__ == 4
    uint32_t flags;
#endif
    address alignment;
};
inline constexpr uint32_t loaded_segment = 1; // PT_LOAD
inline constexpr uint32_t note_segment = 4;   // PT_NOTE
inline constexpr uint32_t writable_segment = 2;
inline constexpr uint32_t readable_segment = 4;

/// The beginning of a note, as in Elf64_Nhdr. Name and text follow.
struct note_header {
    uint32_t name_size;
    uint32_t text_size;
    uint32_t type;
};

/// An image, as in dl_phdr_info.
struct loaded_image {
    address base;
    const char* name;
    const segment* segments;
    uint16_t count;
};

namespace c { // functions of the C library
// (void*, where <link.h> has a class: of another class in its place GCC 14 warns when it optimises links.)
[[gnu::visibility("default")]] int dl_iterate_phdr(int (*visit)(void* image, size_t size, void* data),
                                                   void* data) noexcept __asm__("dl_iterate_phdr");
} // namespace c

inline namespace baseline {

/// Whether a segment of the image has these bytes, and `flags`.
[[nodiscard]] inline bool has_bytes(const loaded_image& image, address at, size_t size, unsigned flags) noexcept {
    for (unsigned i = 0; i < image.count; ++i) {
        const auto& each = image.segments[i];
        const address begin = image.base + each.at;
        if (each.type == loaded_segment && (each.flags & flags) == flags && at >= begin && at - begin <= each.size &&
            size <= each.size - (at - begin)) {
            return true;
        }
    }
    return false;
}

/// Whether a `table::image` of this version is at `at`.
[[nodiscard]] inline bool is_image(const loaded_image& info, address at) noexcept {
    if (at % alignof(table::image) != 0 || !has_bytes(info, at, sizeof(table::image), writable_segment)) {
        return false;
    }
    bool same = true;
    for (unsigned i = 0; i < sizeof(table::mark); ++i) {
        same = same && reinterpret_cast<const char*>(at)[i] == table::mark[i];
    }
    return same;
}

/// The `table::image` of a note, or null. If a tool moved the note (patchelf does), the image still has its distance
/// from the ELF header. If the tool also moved the header, it moved the header down by some pages.
[[nodiscard]] inline table::image* image_of(const loaded_image& info, const table::note& note) noexcept {
    address at = reinterpret_cast<address>(&note.image) + static_cast<address>(intptr_t{note.image});
    if (is_image(info, at)) {
        return reinterpret_cast<table::image*>(at);
    }
    address lowest = ~address{0};
    address highest = 0;
    for (unsigned i = 0; i < info.count; ++i) {
        const auto& each = info.segments[i];
        if (each.type == loaded_segment) {
            lowest = each.at < lowest ? each.at : lowest;
            highest = each.at + each.size > highest ? each.at + each.size : highest;
        }
    }
    constexpr address smallest_page = 4096;
    const auto distance = intptr_t{note.image} - intptr_t{note.elf_header} -
                          static_cast<intptr_t>(__builtin_offsetof(table::note, elf_header));
    at = info.base + (lowest & ~(smallest_page - 1)) + static_cast<address>(distance);
    for (; at < info.base + highest; at += smallest_page) {
        if (is_image(info, at)) {
            return reinterpret_cast<table::image*>(at);
        }
    }
    return nullptr;
}

/// The `table::image` of an image, by its note. Null if it has no note, or also a note of another version.
[[nodiscard]] inline table::image* find_image(const loaded_image& info) noexcept {
    constexpr char owner[8] = "inlay"; // NOLINT(*-avoid-c-arrays): as it is in the note, padded
    table::image* found = nullptr;
    for (unsigned i = 0; i < info.count; ++i) {
        const auto& header = info.segments[i];
        address at = info.base + header.at;
        const address end = at + header.size;
        if (header.type != note_segment || !has_bytes(info, at, header.size, readable_segment)) {
            continue;
        }
        // From word to word: linkers lay out notes of different alignments in different ways.
        for (; at + sizeof(note_header) + sizeof(owner) <= end; at += sizeof(uint32_t)) {
            const auto& note = *reinterpret_cast<const note_header*>(at);
            const auto* const text = reinterpret_cast<const char*>(at + sizeof(note));
            bool ours = note.name_size == 6;
            for (unsigned each = 0; each < sizeof(owner); ++each) {
                ours = ours && text[each] == owner[each];
            }
            if (ours && note.type != table::version) {
                return nullptr;
            }
            const address says = at + sizeof(note) + sizeof(owner);
            if (ours && found == nullptr && note.text_size == sizeof(table::note) &&
                says + sizeof(table::note) <= end) {
                found = image_of(info, *reinterpret_cast<const table::note*>(says));
            }
        }
    }
    return found;
}

// (Functions, since GCC compiles the function that a lambda converts to for the unit's processor.)
template <class Function>
int visit_once(void* /*image*/, size_t /*size*/, void* function) noexcept {
    (*static_cast<const Function*>(function))();
    return 1;
}
template <class Function>
int visit(void* image, size_t /*size*/, void* function) noexcept {
    return (*static_cast<const Function*>(function))(*static_cast<const loaded_image*>(image)) ? 1 : 0;
}

/// Calls `function()` while no image comes or goes. (glibc's list has a lock. musl's list has none, but musl unloads
/// no image.)
template <class Function>
void while_loaded(const Function& function) noexcept {
    c::dl_iterate_phdr(&visit_once<Function>, const_cast<Function*>(&function));
}

/// Calls `function(const loaded_image&)` for each image until that returns true.
template <class Function>
void for_each_loaded(const Function& function) noexcept {
    c::dl_iterate_phdr(&visit<Function>, const_cast<Function*>(&function));
}

} // namespace baseline

} // namespace detail

} // namespace inlay

INLAY_BASELINE_END
