// SPDX-License-Identifier: BSL-1.0
//
// linux: writing the text of the running program or shared library, which stays read-only and executable.
//
//     inlay::platform::process self;
//     auto done = inlay::apply(inlay::this_image(), self);        // what inlay::apply() does
//
// How it works. The image's extent comes from its own program headers (`__ehdr_start`, made by the linker).
// Text is written through /proc/self/mem: the kernel copies the page and changes the copy, whatever the
// mapping's protection, so that no page is ever writable and executable. Where that file is missing or
// refuses (no /proc, proc_mem.force_override=never), a page is replaced: a private copy is patched while
// it is only writable, made read-only and executable, and moved over the old one in a single step.
// Where that is refused as well (MemoryDenyWriteExecute), nothing is written and `system_error()` says why.
//
// While other threads run, a page is always replaced: an instruction must change at once, and a write through the file
// goes byte by byte. The move is one step for all: it happens under the lock that page faults take, and no processor
// keeps the old translation. A thread on that page waits for some microseconds. (docs/choices.md says why there is
// no breakpoint, as there is in Linux's text_poke_bp().)
//
// llvm-bolt copies the functions of a linked program to new text, or overwrites them, and changes no table of ours:
// then nothing may be patched. Its programs have one executable segment more; whether it made that, their sections say.
//
// Writes to one page are collected and done at once. Nothing is allocated on the heap.
// Compare proc_pid_mem(5), mremap(2), membarrier(2).
#pragma once

#include "inlay/arch/target.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/membarrier.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
// NOLINTNEXTLINE(bugprone-reserved-identifier,*-avoid-c-arrays): the linker's name for the ELF header
[[gnu::visibility("hidden")]] extern const char __ehdr_start[];
}

namespace inlay::platform {
// A user's type may have a process in it, or derive from it. A hidden type may not be in one that is not, so it is the
// functions that are hidden, each by itself.
inline namespace INLAY_TARGET {

/// A text_platform for the image (program or shared library) that this code is linked into.
class process {
public:
    /// How text is written; each way falls back to the next one.
    enum class way : std::uint8_t { memory_file, replace_page, refused };

    // NOLINTNEXTLINE(*-pro-type-member-init): the buffer is filled as it is used
    [[gnu::visibility("hidden")]] explicit process(way first = way::memory_file) noexcept : way_{first} {
        const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(__ehdr_start);
        const auto start = reinterpret_cast<std::uintptr_t>(__ehdr_start);
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

    /// For another image of the process, as dl_iterate_phdr(3) describes it.
    // NOLINTNEXTLINE(*-pro-type-member-init): the buffer is filled as it is used
    [[gnu::visibility("hidden")]] process(const dl_phdr_info& image, way first) noexcept
        : headers_{image.dlpi_phdr}, count_{image.dlpi_phnum}, base_{image.dlpi_addr}, way_{first} {}

    process(const process&) = delete;
    process(process&&) = delete;
    process& operator=(const process&) = delete;
    process& operator=(process&&) = delete;
    [[gnu::visibility("hidden")]] ~process() noexcept {
        if (file_ >= 0) {
            ::close(file_);
        }
    }

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

    /// Whether text can be changed while other threads run: whether a page can be replaced.
    [[nodiscard, gnu::visibility("hidden")]] static bool live() noexcept {
        const std::size_t size = ::getauxval(AT_PAGESZ);
        void* const page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) { // NOLINT(*-no-int-to-ptr, *-pro-type-cstyle-cast): the system's macro
            return false;
        }
        const bool granted = ::mprotect(page, size, PROT_READ | PROT_EXEC) == 0;
        ::munmap(page, size);
        return granted;
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
        if (file >= 0) {
            ::close(file);
        }
        // If the file does not say: patchelf, which moves the program headers too, adds no text.
        return what == sections::of_bolt || (what == sections::unknown && header->e_phoff != sizeof(*header));
    }

    /// Collects the bytes; true if nothing has been refused yet. Sites may straddle pages; where pages are replaced,
    /// what is written by one call changes at once all the same.
    [[gnu::visibility("hidden")]] bool write(std::uintptr_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
        if (way_ == way::replace_page && (at & (chunk - 1)) + size > chunk) {
            return flush() && replace_pages(at, bytes, size);
        }
        while (size > 0) {
            const std::uintptr_t page = at & ~std::uintptr_t{chunk - 1};
            const std::size_t fits = page + chunk - at;
            const std::size_t part = size < fits ? size : fits;
            if (first_ != last_ && page != page_ && !flush()) {
                return false;
            }
            if (first_ == last_) {
                page_ = page;
                first_ = last_ = at - page;
            }
            gather(at - page, bytes, part);
            at += part;
            bytes += part;
            size -= part;
        }
        return true;
    }

    /// Writes what is left and makes all threads of the process see it.
    [[gnu::visibility("hidden")]] bool finish() noexcept {
        if (!flush()) {
            return false;
        }
        // Refused on kernels before 4.16; then the caller's promise holds that no other thread runs sites.
        ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
        ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
        return true;
    }

    /// The errno of the last refusal; 0 if there was none.
    [[nodiscard, gnu::visibility("hidden")]] int system_error() const noexcept { return error_; }

    /// Whether the last refusal was for bytes that were written and are not there.
    [[nodiscard, gnu::visibility("hidden")]] bool ineffective() const noexcept { return ineffective_; }

    /// Where the first bytes lie that the last refusal was about.
    [[nodiscard, gnu::visibility("hidden")]] std::uintptr_t refused() const noexcept { return refused_; }

    /// System calls that wrote text so far.
    [[nodiscard, gnu::visibility("hidden")]] std::uint32_t writes() const noexcept { return writes_; }

private:
    static constexpr std::size_t chunk = 4096; // the smallest page there is

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
            process* self;
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
                from.file = ::open(named ? info->dlpi_name : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
                return 1;
            },
            &asked);
        return asked.file;
    }

    [[nodiscard, gnu::visibility("hidden")]] static bool read_at(int file, void* to, std::size_t size,
                                                                 std::uint64_t at) noexcept {
        return ::pread(file, to, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
    }

    /// What the file's sections say; unknown if it is not the file that is in memory, or has none.
    [[nodiscard, gnu::visibility("hidden")]] static sections look_at_sections(int file,
                                                                              const ElfW(Ehdr) & loaded) noexcept {
        ElfW(Ehdr) header;
        ElfW(Shdr) names;
        if (!read_at(file, &header, sizeof(header), 0) || std::memcmp(&header, &loaded, sizeof(header)) != 0 ||
            header.e_shoff == 0 || header.e_shnum == 0 ||
            !read_at(file, &names, sizeof(names), header.e_shoff + header.e_shstrndx * sizeof(names))) {
            return sections::unknown;
        }
        constexpr char moved[] = ".bolt.org.";     // NOLINT(*-avoid-c-arrays)
        constexpr char note[] = ".note.bolt_info"; // NOLINT(*-avoid-c-arrays)
        for (unsigned i = 0; i < header.e_shnum; ++i) {
            ElfW(Shdr) section;
            char name[sizeof(note)]{}; // NOLINT(*-avoid-c-arrays)
            if (!read_at(file, &section, sizeof(section), header.e_shoff + i * sizeof(section))) {
                return sections::unknown;
            }
            (void)read_at(file, name, sizeof(name), names.sh_offset + section.sh_name); // the last one may be shorter
            if (std::memcmp(name, moved, sizeof(moved) - 1) == 0 || std::memcmp(name, note, sizeof(note)) == 0) {
                return sections::of_bolt;
            }
        }
        return sections::ordinary;
    }

    /// Adds bytes to the buffer, with the text as it is in the gap to those collected before.
    [[gnu::visibility("hidden")]] void gather(std::size_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
        const auto* const now = reinterpret_cast<const std::uint8_t*>(page_);
        if (at > last_) {
            std::memcpy(buffer_ + last_, now + last_, at - last_);
        } else if (at + size < first_) {
            std::memcpy(buffer_ + at + size, now + at + size, first_ - at - size);
        }
        std::memcpy(buffer_ + at, bytes, size);
        first_ = at < first_ ? at : first_;
        last_ = at + size > last_ ? at + size : last_;
    }

    [[gnu::visibility("hidden")]] bool flush() noexcept {
        if (first_ == last_) {
            return true;
        }
        bool written = false;
        while (!written && way_ != way::refused) {
            written = way_ == way::memory_file ? write_memory_file()
                                               : replace_pages(page_ + first_, buffer_ + first_, last_ - first_);
            if (written) {
                ineffective_ =
                    std::memcmp(reinterpret_cast<const void*>(page_ + first_), buffer_ + first_, last_ - first_) != 0;
                written = !ineffective_;
                errno = ineffective_ ? EIO : errno;
            }
            if (!written) {
                error_ = errno;
                refused_ = page_ + first_;
                way_ = way_ == way::memory_file ? way::replace_page : way::refused;
            }
        }
        auto* const start = reinterpret_cast<char*>(page_);
        __builtin___clear_cache(start + first_, start + last_);
        first_ = last_ = 0;
        return written;
    }

    [[gnu::visibility("hidden")]] bool write_memory_file() noexcept {
        if (file_ < 0) {
            file_ = ::open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
            if (file_ < 0) {
                return false;
            }
        }
        const auto size = static_cast<ssize_t>(last_ - first_);
        ++writes_;
        return write_at(page_ + first_, buffer_ + first_, last_ - first_) == size;
    }

    /// pwrite(2) at an address, also beyond what an off_t of 32 bits can say.
    [[nodiscard, gnu::visibility("hidden")]] ssize_t write_at(std::uintptr_t at, const std::uint8_t* bytes,
                                                              std::size_t size) const noexcept {
#if defined(__GLIBC__)
        return ::pwrite64(file_, bytes, size, static_cast<off64_t>(at));
#else
        return ::pwrite(file_, bytes, size, static_cast<off_t>(at));
#endif
    }

    /// Replaces the page of `at`, or two of them, by a copy with the bytes in it.
    [[gnu::visibility("hidden")]] bool replace_pages(std::uintptr_t at, const std::uint8_t* bytes,
                                                     std::size_t bytes_size) noexcept {
        const std::size_t page_size = ::getauxval(AT_PAGESZ);
        const std::uintptr_t begin = at & ~std::uintptr_t{page_size - 1};
        const std::size_t size = ((at + bytes_size - begin) + page_size - 1) & ~(page_size - 1);
        auto* const old = reinterpret_cast<std::uint8_t*>(begin);
        void* const map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) { // NOLINT(*-no-int-to-ptr, *-pro-type-cstyle-cast): the system's macro
            error_ = errno;
            return false;
        }
        auto* const copy = static_cast<std::uint8_t*>(map);
        std::memcpy(copy, old, size);
        std::memcpy(copy + (at - begin), bytes, bytes_size);
        ++writes_;
        // One after the other: writable, then executable, then in place.
        if (::mprotect(copy, size, PROT_READ | PROT_EXEC) != 0 ||
            ::mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, old) != static_cast<void*>(old)) {
            error_ = errno;
            ::munmap(copy, size);
            errno = error_;
            return false;
        }
        return true;
    }

    const ElfW(Phdr) * headers_{};
    unsigned count_{};
    std::uintptr_t base_{};
    mutable extent readable_{}, writable_{}, executable_{};
    way way_;
    int file_{-1};
    int error_{};
    bool ineffective_{};
    std::uintptr_t refused_{};
    std::uint32_t writes_{};
    std::uintptr_t page_{};
    std::size_t first_{}, last_{}; // what of the buffer is filled; equal: nothing
    std::uint8_t buffer_[chunk];   // NOLINT(*-avoid-c-arrays)
};

} // namespace INLAY_TARGET

} // namespace inlay::platform
