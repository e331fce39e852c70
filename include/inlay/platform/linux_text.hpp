// SPDX-License-Identifier: BSL-1.0
//
// linux_text: where the text and data of a loaded image are, by its program headers; and whether its text was moved.
//
//     loaded_text text;                           // of the image that this code is linked into
//     if (text.executable(at, 5)) ...
//     if (text.text_moved()) ...
//
// How it works. The linker defines `__ehdr_start`, the ELF header in memory; program headers follow it. If a tool has
// moved them, the loader is asked. An answer remembers its segment, since the next question is mostly about the same.
//
// llvm-bolt copies the functions of a linked program to new text, or overwrites them, and does not change inlay's
// tables: then nothing may be patched. Such a program has one executable segment more. If a program has two, the
// sections in the file say whether llvm-bolt made the second.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/image.hpp"
#include "inlay/platform/linux_system.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/syscall.h>

namespace inlay::platform {
inline namespace INLAY_TARGET {

/// The text and data of a loaded image. Hidden function by function, as in linux.hpp.
class loaded_text {
public:
    /// The text and data of this image.
    [[gnu::visibility("hidden")]] loaded_text() noexcept {
        // NOLINTNEXTLINE(bugprone-casting-through-void): the header is aligned
        const auto* const header = static_cast<const ElfW(Ehdr)*>(static_cast<const void*>(inlay::detail::elf_header));
        const auto start = reinterpret_cast<std::uintptr_t>(inlay::detail::elf_header);
        if (header->e_phoff != sizeof(*header)) { // moved by a tool, and that is their place in the file
            ask_loader(start);
            return;
        }
        headers_ = reinterpret_cast<const ElfW(Phdr)*>(start + header->e_phoff);
        count_ = header->e_phnum;
        for (unsigned i = 0; i < count_; ++i) {
            if (headers_[i].p_type == PT_LOAD && headers_[i].p_offset == 0) {
                base_ = start - headers_[i].p_vaddr;
            }
        }
    }

    /// The text and data of any image in the process: its registry has its program headers.
    [[gnu::visibility("hidden")]] explicit loaded_text(const table::image& image) noexcept
        : headers_{static_cast<const ElfW(Phdr) *>(image.registry.headers)}, count_{image.registry.count},
          base_{image.registry.base} {}

    [[nodiscard, gnu::visibility("hidden")]] bool readable(std::uintptr_t at, std::size_t size) const noexcept {
        return within(at, size, PF_R, readable_);
    }

    [[nodiscard, gnu::visibility("hidden")]] bool writable(std::uintptr_t at, std::size_t size) const noexcept {
        if (!within(at, size, PF_W, writable_)) {
            return false;
        }
        for (unsigned i = 0; i < count_; ++i) {
            const auto& header = headers_[i];
            if (header.p_type == PT_GNU_RELRO && at < base_ + header.p_vaddr + header.p_memsz &&
                base_ + header.p_vaddr < at + size) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard, gnu::visibility("hidden")]] bool executable(std::uintptr_t at, std::size_t size) const noexcept {
        return within(at, size, PF_X, executable_);
    }

    /// Whether the image was rewritten by llvm-bolt. Ordinary programs have one executable segment, and no file is
    /// read.
    [[nodiscard, gnu::visibility("hidden")]] bool text_moved() const noexcept {
        unsigned executables = 0;
        const ElfW(Ehdr)* header = nullptr;
        for (unsigned i = 0; i < count_; ++i) {
            const auto& each = headers_[i];
            executables += each.p_type == PT_LOAD && (each.p_flags & PF_X) != 0 ? 1 : 0;
            if (each.p_type == PT_LOAD && each.p_offset == 0) {
                header = reinterpret_cast<const ElfW(Ehdr)*>(base_ + each.p_vaddr);
            }
        }
        if (executables < 2 || header == nullptr) {
            return false;
        }
        const int file = open_image();
        const sections what = file < 0 ? sections::unknown : look_at_sections(file, *header);
        os::close(file);
        // If the file does not tell: patchelf also moves the program headers, but adds no text.
        return what == sections::of_bolt || (what == sections::unknown && header->e_phoff != sizeof(*header));
    }

protected:
    /// Whether the loader has changed the text (position-dependent code in a library).
    [[nodiscard, gnu::visibility("hidden")]] bool has_text_relocations() const noexcept {
        for (unsigned i = 0; i < count_; ++i) {
            if (headers_[i].p_type == PT_DYNAMIC) {
                const auto* each = reinterpret_cast<const ElfW(Dyn)*>(base_ + headers_[i].p_vaddr);
                for (; each->d_tag != DT_NULL; ++each) {
                    if (each->d_tag == DT_TEXTREL ||
                        (each->d_tag == DT_FLAGS && (each->d_un.d_val & DF_TEXTREL) != 0)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// The file that the image was loaded from, or -1.
    [[nodiscard, gnu::visibility("hidden")]] int open_image() const noexcept {
        struct question {
            const ElfW(Phdr) * headers;
            std::uintptr_t base;
            int file;
        } asked{headers_, base_, -1};
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t /*size*/, void* data) noexcept {
                auto& from = *static_cast<question*>(data);
                if (info->dlpi_addr != from.base || info->dlpi_phdr->p_vaddr != from.headers->p_vaddr) {
                    return 0;
                }
                const bool named = info->dlpi_name != nullptr && *info->dlpi_name != '\0';
                from.file = os::open(named ? info->dlpi_name : "/proc/self/exe", O_RDONLY);
                return 1;
            },
            &asked);
        return asked.file;
    }

    const ElfW(Phdr) * headers_{};
    unsigned count_{};
    std::uintptr_t base_{};

private:
    struct extent {
        std::uintptr_t begin, end;
    };

    /// Whether the range lies in one segment with `flags`. Remembers that segment: the next question is
    /// mostly about it.
    [[gnu::visibility("hidden")]] bool within(std::uintptr_t at, std::size_t size, ElfW(Word) flags,
                                              extent& known) const noexcept {
        if (at >= known.begin && at <= known.end && size <= known.end - at) {
            return true;
        }
        for (unsigned i = 0; i < count_; ++i) {
            const auto& header = headers_[i];
            const std::uintptr_t begin = base_ + header.p_vaddr;
            if (header.p_type == PT_LOAD && (header.p_flags & flags) == flags && at >= begin &&
                at - begin <= header.p_memsz && size <= header.p_memsz - (at - begin)) {
                known = {begin, begin + header.p_memsz};
                return true;
            }
        }
        return false;
    }

    /// Finds the image that `inside` lies in.
    [[gnu::visibility("hidden")]] void ask_loader(std::uintptr_t inside) noexcept {
        struct question {
            loaded_text* self;
            std::uintptr_t inside;
        } asked{this, inside};
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t /*size*/, void* data) noexcept {
                const auto& from = *static_cast<question*>(data);
                for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
                    const auto& each = info->dlpi_phdr[i];
                    if (each.p_type == PT_LOAD && from.inside - (info->dlpi_addr + each.p_vaddr) < each.p_memsz) {
                        from.self->headers_ = info->dlpi_phdr;
                        from.self->count_ = info->dlpi_phnum;
                        from.self->base_ = info->dlpi_addr;
                        return 1;
                    }
                }
                return 0;
            },
            &asked);
    }

    enum class sections : std::uint8_t { ordinary, of_bolt, unknown };

    /// The answer of the file's sections; unknown if the file in memory is another one, or has no sections.
    [[nodiscard, gnu::visibility("hidden")]] static sections look_at_sections(int file,
                                                                              const ElfW(Ehdr) & loaded) noexcept {
        ElfW(Ehdr) header;
        ElfW(Shdr) names;
        if (!os::read_at(file, &header, sizeof(header), 0) || std::memcmp(&header, &loaded, sizeof(header)) != 0 ||
            header.e_shoff == 0 || header.e_shnum == 0 ||
            !os::read_at(file, &names, sizeof(names), header.e_shoff + header.e_shstrndx * sizeof(names))) {
            return sections::unknown;
        }
        constexpr char moved[] = ".bolt.org.";     // NOLINT(*-avoid-c-arrays)
        constexpr char note[] = ".note.bolt_info"; // NOLINT(*-avoid-c-arrays)
        for (unsigned i = 0; i < header.e_shnum; ++i) {
            ElfW(Shdr) section;
            char name[sizeof(note)]{}; // NOLINT(*-avoid-c-arrays)
            if (!os::read_at(file, &section, sizeof(section), header.e_shoff + i * sizeof(section))) {
                return sections::unknown;
            }
            (void)os::read_at(file, name, sizeof(name),
                              names.sh_offset + section.sh_name); // the last one may be shorter
            if (std::memcmp(name, moved, sizeof(moved) - 1) == 0 || std::memcmp(name, note, sizeof(note)) == 0) {
                return sections::of_bolt;
            }
        }
        return sections::ordinary;
    }

    mutable extent readable_{}, writable_{}, executable_{};
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
