// SPDX-License-Identifier: BSL-1.0
//
// linux_spare: the spare mapping of a text, the source of new pages; and which pages are ready.
//
//     prepare();                                          // once an image
//     if (spare_->way == spare_page) ... spare_of(page) ...
//     for_each_run([&](std::uintptr_t at, std::size_t size) noexcept { ... return true; });
//
// How it works. Once, at start-up, the text is moved aside and back by MREMAP_DONTUNMAP (Linux 5.13), which leaves a
// second mapping of the same file. If a change takes its new pages from there, the text stays one mapping of its file.
//
// Between these two moves the text has the bytes of its file. Text that was not patched yet has the same bytes. Patched
// text is moved only while the process has one thread.
//
// Without a spare mapping, a new page is an anonymous one, which is first writable and then executable. Its reasons: an
// older kernel, text of no file, text relocations, or a /proc/self/mem that was missing or refused at start-up. Compare
// mremap(2), proc_pid_pagemap(5).
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/platform/linux_mappings.hpp"
#include "inlay/platform/linux_system.hpp"
#include "inlay/table.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::platform {
inline namespace INLAY_TARGET {

/// A loaded text with a spare mapping, if the kernel allows one. Hidden function by function, as in linux.hpp.
class text_with_spare : public mapped_text {
public:
    text_with_spare(const text_with_spare&) = delete;
    text_with_spare(text_with_spare&&) = delete;
    text_with_spare& operator=(const text_with_spare&) = delete;
    text_with_spare& operator=(text_with_spare&&) = delete;

protected:
    /// The values of table::spare_text::way.
    enum live_way : std::uint32_t { // NOLINT(performance-enum-size): as in the table
        not_prepared = 0,
        spare_page = 1,
        new_page = 2,
        cannot = 3
    };

    [[gnu::visibility("hidden")]] text_with_spare() noexcept = default;
    [[gnu::visibility("hidden")]] text_with_spare(table::image& image, table::reserve& reserve) noexcept
        : mapped_text{image, reserve} {}

    [[gnu::visibility("hidden")]] ~text_with_spare() noexcept {
        if (spare_ == &own_spare_) { // else another object may finish the pages that this one has prepared
            drop_staged();
            if (own_spare_.way == spare_page) {
                ::munmap(reinterpret_cast<void*>(own_spare_.at), own_spare_.end - own_spare_.begin);
            }
            if (own_spare_.staged != nullptr) {
                ::munmap(own_spare_.staged, own_spare_.staged_size);
            }
        }
    }

    /// Finds out, once for each image, how its pages can be replaced.
    [[gnu::visibility("hidden")]] void prepare() noexcept {
        if (spare_->way != not_prepared) {
            return;
        }
        std::uintptr_t begin = ~std::uintptr_t{0};
        std::uintptr_t end = 0;
        for (unsigned i = 0; i < count_; ++i) {
            const auto& each = headers_[i];
            if (each.p_type == PT_LOAD && (each.p_flags & PF_X) != 0) {
                const std::uintptr_t at = base_ + each.p_vaddr;
                begin = at < begin ? at : begin;
                end = at + each.p_memsz > end ? at + each.p_memsz : end;
            }
        }
        if (end == 0) {
            spare_->way = cannot;
            return;
        }
        spare_->begin = begin & ~(page_size() - 1);
        spare_->end = (end + page_size() - 1) & ~(page_size() - 1);
        spare_->staged_size = (index_of(spare_->end) / 64 + 1) * 8;
        spare_->staged = static_cast<std::uint64_t*>(map(spare_->staged_size, PROT_READ | PROT_WRITE));
        spare_->whole = 1;
        spare_->way = spare_->staged == nullptr ? cannot : make_spare() ? spare_page : new_page;
        (void)secure();
    }

    // ---- Pages that are ready --------------------------------------------------------------------------

    [[nodiscard, gnu::visibility("hidden")]] std::uintptr_t spare_of(std::uintptr_t at) const noexcept {
        return spare_->at + (at - spare_->begin);
    }

    [[nodiscard, gnu::visibility("hidden")]] bool is_staged(std::uintptr_t at) const noexcept {
        return (spare_->staged[index_of(at) / 64] >> index_of(at) % 64 & 1) != 0;
    }

    [[gnu::visibility("hidden")]] void mark_staged(std::uintptr_t page) noexcept {
        spare_->staged[index_of(page) / 64] |= std::uint64_t{1} << index_of(page) % 64;
        any_staged_ = true;
    }

    [[gnu::visibility("hidden")]] void clear_staged() noexcept {
        for (std::size_t i = 0; spare_->staged != nullptr && any_staged_ && i < spare_->staged_size / 8; ++i) {
            spare_->staged[i] = 0;
        }
        spare_->emptied = 0;
        any_staged_ = false;
    }

    /// Calls `function(begin, size)` for each run of pages that are ready, until that returns false.
    template <class Function>
    [[gnu::visibility("hidden")]] bool for_each_run(const Function& function) const noexcept {
        if (spare_->staged == nullptr) {
            return true;
        }
        const std::size_t pages = (spare_->end - spare_->begin) / page_size();
        for (std::size_t i = 0; i < pages; ++i) {
            if (spare_->staged[i / 64] == 0) {
                i |= 63;
                continue;
            }
            const std::size_t first = i;
            while (i < pages && (spare_->staged[i / 64] >> i % 64 & 1) != 0) {
                ++i;
            }
            if (i != first && !function(spare_->begin + first * page_size(), (i - first) * page_size())) {
                return false;
            }
        }
        return true;
    }

    /// Gives up the pages that are ready.
    [[gnu::visibility("hidden")]] void drop_staged() noexcept {
        for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
            any_staged_ = true;
            if (spare_->way == spare_page) { // gives the memory back
                ::madvise(reinterpret_cast<void*>(spare_of(at)), size, MADV_DONTNEED);
            }
            return true;
        });
        clear_staged();
        if (spare_->way != spare_page && spare_->at != 0) {
            ::munmap(reinterpret_cast<void*>(spare_->at), spare_->end - spare_->begin);
            spare_->at = 0;
        }
    }

    bool any_staged_{};

private:
    // ---- Making the spare mapping ----------------------------------------------------------------------

    /// Leaves a spare mapping of the text.
    [[nodiscard, gnu::visibility("hidden")]] bool make_spare() noexcept {
        const std::size_t size = spare_->end - spare_->begin;
        const bool changed = !is_as_in_file();
        if (has_text_relocations() || (changed && !os::is_only_thread()) || !open_memory() || !keeps_source()) {
            return false;
        }
        void* const at = map(size, PROT_NONE);
        if (at == nullptr) {
            return false;
        }
        const auto spare = reinterpret_cast<std::uintptr_t>(at);
        bool good = true;
        for (mapping each{spare_->begin, spare_->begin, false}; good && each.end < spare_->end;) {
            good = find_mapping(each.end, each) && each.of_file;
            if (good) {
                const std::uintptr_t begin = each.begin < spare_->begin ? spare_->begin : each.begin;
                const std::uintptr_t end = each.end < spare_->end ? each.end : spare_->end;
                const std::uintptr_t aside = spare + (begin - spare_->begin);
                good = move_pages(begin, end - begin, aside);
                if (good && !move_pages(aside, end - begin, begin)) {
                    good = false;
                    if (changed) {
                        put_back(begin, aside, end - begin);
                    }
                }
                good = good && relate(begin, aside, changed);
                spare_->whole = begin == spare_->begin && end == spare_->end ? 1 : 0;
            }
        }
        if (!good) {
            ::munmap(at, size);
            return false;
        }
        spare_->at = spare;
        return true;
    }

    /// Whether the place that pages were moved from can be used: QEMU 10's user mode takes it for unmapped.
    [[nodiscard, gnu::visibility("hidden")]] bool keeps_source() const noexcept {
        void* const pages = map(2 * page_size(), PROT_READ | PROT_WRITE);
        if (pages == nullptr) {
            return false;
        }
        const auto at = reinterpret_cast<std::uintptr_t>(pages);
        unsigned char resident = 0;
        const bool good =
            move_pages(at, page_size(), at + page_size()) && ::mincore(pages, page_size(), &resident) == 0;
        ::munmap(pages, 2 * page_size());
        return good;
    }

    /// Makes the steps of a change once, with an unchanged page. After that, the kernel can merge pages of both
    /// mappings: they belong to the same file and to one family of anonymous pages ("anon_vma"). Changed text has a
    /// family already, and passes it on.
    [[nodiscard, gnu::visibility("hidden")]] bool relate(std::uintptr_t text, std::uintptr_t aside,
                                                         bool changed) const noexcept {
        if (changed && !(move_pages(text, page_size(), aside) && move_pages(aside, page_size(), text))) {
            return false;
        }
        auto* const page = reinterpret_cast<void*>(text);
        const bool locked = os::is_locked(text, page_size());
        const bool good = write_at(aside, page, page_size()) && move_pages(aside, page_size(), text);
        if (locked) { // of a mapping that is moved aside, this alone does not stay
            ::syscall(SYS_mlock, page, page_size());
        }
        return good;
    }

    /// Text that could not be moved back shows the file's bytes, and gets its own again.
    [[gnu::visibility("hidden")]] void put_back(std::uintptr_t text, std::uintptr_t aside, std::size_t size) noexcept {
        for (std::size_t i = 0; i < size; i += page_size()) {
            const auto* const was = reinterpret_cast<const void*>(aside + i);
            if (std::memcmp(reinterpret_cast<const void*>(text + i), was, page_size()) != 0) {
                (void)write_at(text + i, was, page_size());
            }
        }
    }
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
