// SPDX-License-Identifier: BSL-1.0
//
// linux_mappings: questions about a loaded text that only the kernel can answer, and memory from it.
//
//     class text_with_spare : public mapped_text { ... };     // in linux_spare.hpp
//     if (is_as_in_file() && open_memory()) ...               // in a member: no page was written to, and each can be
//     if (mapping in{}; find_mapping(at, in) && in.of_file) ...
//
// How it works. The file /proc/self/maps says where the mappings of the text begin and end. The file
// /proc/self/pagemap says which pages were written to, and /proc/self/status whether a filter watches system calls. A
// write to /proc/self/mem changes a page with any protection. Older kernels and sandboxes lack some of these files.
//
// The number of mappings is limited (vm.max_map_count). A change can need new ones, and so can the way back. So some
// mappings are kept in reserve. They are given up if the limit refuses a move.
//
// The state of the text is in the image's registry, so that all objects for an image share it. An object for the
// image of this code can also have a separate state. Compare proc_pid_maps(5), proc_pid_pagemap(5), proc_pid_mem(5),
// mremap(2), membarrier(2).
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/platform/linux_system.hpp"
#include "inlay/platform/linux_text.hpp"
#include "inlay/table.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::platform {
inline namespace INLAY_TARGET {

/// The mappings of a loaded text. Hidden function by function, as in linux.hpp.
class mapped_text : public loaded_text {
public:
    mapped_text(const mapped_text&) = delete;
    mapped_text(mapped_text&&) = delete;
    mapped_text& operator=(const mapped_text&) = delete;
    mapped_text& operator=(mapped_text&&) = delete;

    /// The errno of the last refusal; 0 without a refusal.
    [[nodiscard, gnu::visibility("hidden")]] int system_error() const noexcept { return error_; }

    /// The address of the first bytes that the last refusal concerned.
    [[nodiscard, gnu::visibility("hidden")]] std::uintptr_t refused() const noexcept { return refused_; }

protected:
    static constexpr std::size_t chunk = 4096; // the smallest page
    static constexpr std::size_t reserved_pages = 16;

    /// The text of this image.
    [[gnu::visibility("hidden")]] mapped_text() noexcept = default;

    /// The text of any image in the process.
    [[gnu::visibility("hidden")]] mapped_text(table::image& image, table::reserve& reserve) noexcept
        : loaded_text{image}, spare_{&image.registry.spare}, reserve_{&reserve} {}

    [[gnu::visibility("hidden")]] ~mapped_text() noexcept {
        if (buffer_ != nullptr && reserve_ == nullptr) {
            ::munmap(buffer_, chunk);
        }
        os::close(file_);
        os::close(maps_);
    }

    [[gnu::visibility("hidden")]] void refuse(std::uintptr_t at) noexcept {
        error_ = errno;
        refused_ = at;
    }

    [[nodiscard, gnu::visibility("hidden")]] std::size_t page_size() const noexcept { return page_size_; }

    /// The number of a page in the text.
    [[nodiscard, gnu::visibility("hidden")]] std::size_t index_of(std::uintptr_t at) const noexcept {
        return (at - spare_->begin) / page_size();
    }

    // ---- Memory ----------------------------------------------------------------------------------------

    /// Anonymous memory, or null.
    [[nodiscard, gnu::visibility("hidden")]] static void* map(std::size_t size, int protection) noexcept {
        void* const at = ::mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return at == MAP_FAILED ? nullptr : at; // NOLINT(*-no-int-to-ptr, *-pro-type-cstyle-cast): the system's macro
    }

    /// Moves the pages of [from, from + size), and leaves a mapping of the same file there.
    [[nodiscard, gnu::visibility("hidden")]] static bool move_pages(std::uintptr_t from, std::size_t size,
                                                                    std::uintptr_t to) noexcept {
        constexpr int dont_unmap = 4; // MREMAP_DONTUNMAP; some headers lack it
        auto* const target = reinterpret_cast<void*>(to);
        return ::mremap(reinterpret_cast<void*>(from), size, size, MREMAP_MAYMOVE | MREMAP_FIXED | dont_unmap,
                        target) == target;
    }

    /// A buffer outside of the stack: threads with a stack of 16 KiB make changes, too.
    [[gnu::visibility("hidden")]] bool have_buffer() noexcept {
        if (buffer_ == nullptr && reserve_ != nullptr) {
            buffer_ = reserve_->buffer;
        }
        if (buffer_ == nullptr) {
            buffer_ = static_cast<std::uint8_t*>(map(chunk, PROT_READ | PROT_WRITE));
            if (reserve_ != nullptr) {
                reserve_->buffer = buffer_;
                reserve_->buffer_size = chunk;
            }
        }
        return buffer_ != nullptr;
    }

    // ---- The number of mappings is limited -------------------------------------------------------------

    /// Ensures that a few mappings are in reserve: taking a change back must not fail for lack of mappings.
    [[gnu::visibility("hidden")]] bool secure() noexcept {
        constexpr std::size_t pages = reserved_pages;
        if (reserve_ == nullptr || reserve_->at != 0) {
            return true;
        }
        void* const at = map(pages * page_size(), PROT_NONE);
        bool good = at != nullptr;
        for (std::size_t i = 1; good && i < pages; i += 2) { // each is a separate mapping
            good = ::mprotect(static_cast<char*>(at) + i * page_size(), page_size(), PROT_READ) == 0;
        }
        if (good) {
            reserve_->at = reinterpret_cast<std::uintptr_t>(at);
            reserve_->size = pages * page_size();
        } else {
            refuse(spare_->begin);
            if (at != nullptr) {
                ::munmap(at, pages * page_size());
            }
        }
        return good;
    }

    [[gnu::visibility("hidden")]] bool give_up_reserve() noexcept {
        if (reserve_ == nullptr || reserve_->at == 0) {
            return false;
        }
        ::munmap(reinterpret_cast<void*>(reserve_->at), reserve_->size);
        reserve_->at = 0;
        return true;
    }

    /// Whether a page may take the place of another one. The kernel unmaps the other page first. Then it asks whether
    /// the process may have that many pages; no, if RLIMIT_AS is now lower than their number. The text would be lost.
    /// So the question is asked with two pages of the reserve, which are alike.
    [[nodiscard, gnu::visibility("hidden")]] bool may_move() noexcept {
        if (reserve_ == nullptr || reserve_->at == 0) {
            return true;
        }
        const std::uintptr_t from = reserve_->at + (reserved_pages - 1) * page_size();
        const std::uintptr_t to = from - 2 * page_size();
        if (move_pages(from, page_size(), to)) {
            return true;
        }
        const int reason = errno;
        if (::madvise(reinterpret_cast<void*>(to), page_size(), MADV_NORMAL) == 0) {
            return true; // it is there: another limit, which leaves the text alone
        }
        ::munmap(reinterpret_cast<void*>(reserve_->at), to - reserve_->at);
        ::munmap(reinterpret_cast<void*>(to + page_size()), 2 * page_size());
        reserve_->at = 0;
        errno = reason;
        return false;
    }

    // ---- This process, as the kernel describes it -------------------------------------------------------

    struct mapping {
        std::uintptr_t begin, end;
        bool of_file;
    };

    /// The mapping with this address, when the text is prepared. Linux before 6.11 has no such query. Then the whole
    /// text counts as one mapping, if its first page is a file's.
    [[nodiscard, gnu::visibility("hidden")]] bool find_mapping(std::uintptr_t at, mapping& result) noexcept {
        struct { // procmap_query of <linux/fs.h>; some headers are older
            std::uint64_t size, query_flags, address, begin, end, flags, page_size, offset, inode;
            std::uint32_t device[2], name_size, build_id_size;
            std::uint64_t name, build_id;
        } query{};
        query.size = sizeof(query);
        query.address = at;
        if (maps_ == -1) {
            maps_ = os::open("/proc/self/maps", O_RDONLY);
        }
        if (maps_ >= 0 && ::syscall(SYS_ioctl, maps_, _IOWR('f', 17, query), &query) == 0) {
            result.begin = query.begin & UINTPTR_MAX;
            result.end = query.end & UINTPTR_MAX;
            result.of_file = query.inode != 0 && (query.flags & 4) != 0; // executable
            return true;
        }
        constexpr int wipe_on_fork = 18; // MADV_WIPEONFORK, only for anonymous memory
        constexpr int keep_on_fork = 19;
        auto* const page = reinterpret_cast<void*>(at);
        const bool anonymous = ::madvise(page, page_size(), wipe_on_fork) == 0 || errno != EINVAL;
        ::madvise(page, page_size(), keep_on_fork);
        result = {spare_->begin, spare_->end, !anonymous};
        return true;
    }

    /// Whether no page of the text was written to since it was mapped.
    [[nodiscard, gnu::visibility("hidden")]] bool is_as_in_file() const noexcept {
        constexpr std::uint64_t present = std::uint64_t{3} << 62; // or swapped
        constexpr std::uint64_t of_file = std::uint64_t{1} << 61;
        const int file = os::open("/proc/self/pagemap", O_RDONLY);
        std::uint64_t pages[64]{}; // NOLINT(*-avoid-c-arrays): zero for MemorySanitizer, see os::lines
        bool result = file >= 0;
        for (std::uintptr_t at = spare_->begin; result && at < spare_->end; at += sizeof(pages) / 8 * page_size()) {
            const std::size_t left = index_of(spare_->end) - index_of(at);
            const std::size_t count = left < sizeof(pages) / 8 ? left : sizeof(pages) / 8;
            result = os::read_at(file, pages, count * 8, at / page_size() * 8);
            for (std::size_t i = 0; result && i < count; ++i) {
                result = (pages[i] & present) == 0 || (pages[i] & of_file) != 0;
            }
        }
        os::close(file);
        return result;
    }

    /// Whether membarrier(2) may be called. A seccomp filter may end the process for an unknown system call, and the
    /// only test is the call itself. With a filter, moving a page must suffice: it interrupts all threads as well.
    [[nodiscard, gnu::visibility("hidden")]] bool may_use_barriers() noexcept {
        std::uint32_t known = reserve_ != nullptr ? reserve_->barrier : 0;
        if (known == 0) {
            known = 2;
            for (os::lines status{"/proc/self/status"}; status.next();) {
                if (os::starts_with(status.text, "Seccomp:")) {
                    known = os::starts_with(status.text, "Seccomp:\t0") ? 1 : 2;
                    break;
                }
            }
            if (reserve_ != nullptr) {
                reserve_->barrier = known;
            }
        }
        return known == 1;
    }

    // ---- System calls, none of which is a point where a thread is cancelled ------------------------------

    [[nodiscard, gnu::visibility("hidden")]] bool open_memory() noexcept {
        if (file_ < 0) {
            file_ = os::open("/proc/self/mem", O_WRONLY);
        }
        return file_ >= 0;
    }

    /// Writes to this process's memory, with any protection.
    [[nodiscard, gnu::visibility("hidden")]] bool write_at(std::uintptr_t at, const void* bytes,
                                                           std::size_t size) const noexcept {
        return os::transfer(SYS_pwrite64, file_, bytes, size, at) == static_cast<long>(size);
    }

    table::spare_text own_spare_{};
    table::spare_text* spare_{&own_spare_};
    std::uint8_t* buffer_{}; // a chunk

private:
    std::size_t page_size_{::getauxval(AT_PAGESZ)};
    table::reserve* reserve_{};
    int file_{-1};
    int maps_{-1};
    int error_{};
    std::uintptr_t refused_{};
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
