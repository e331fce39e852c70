// SPDX-License-Identifier: BSL-1.0
//
// linux: writing the text of the running program or shared library, which stays read-only and executable.
//
//     inlay::platform::process self;
//     auto done = inlay::apply(inlay::this_image(), self);        // inlay::apply() does the same
//
// How it works. The image's extent comes from its own program headers (`__ehdr_start`, made by the linker).
// At start-up text is written through /proc/self/mem. The kernel copies the page and changes the copy, for any
// protection of the mapping. So no page is ever writable and executable.
//
// While other threads run, a page is always replaced: an instruction must change at once, and a write through the file
// goes byte by byte. All pages of a change are made ready first; then each is moved into its place (linux_pages.hpp).
// (docs/choices.md says why inlay sets no breakpoint, as Linux's text_poke_bp() does.)
//
// The new page comes from a spare mapping (linux_spare.hpp), or is an anonymous one. To a page of the spare mapping, a
// change writes only the bytes that differ from the file, through /proc/self/mem. A process that has lost the right to
// open that file makes the page writable, while it is not executable.
//
// Writes to one page are collected and done at once. Nothing is allocated on the heap. System calls that a thread could
// be cancelled in are made by syscall(2), where it cannot. Compare proc_pid_mem(5), membarrier(2).
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/platform/linux_pages.hpp"
#include "inlay/platform/linux_system.hpp"
#include "inlay/table.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::platform {
// A user's type may have a process in it, or derive from it. A visible type may not have a hidden type in it. So the
// functions are hidden, each by itself.
inline namespace INLAY_TARGET {

/// A text_platform for the image (program or shared library) that this code is linked into.
class process : public replaceable_text {
public:
    /// How text is written; each way falls back to the next one.
    enum class way : std::uint8_t { memory_file, replace_page, refused };

    [[gnu::visibility("hidden")]] explicit process(way first = way::memory_file) noexcept : way_{first} {}

    /// For any image of the process: its registry says where it is, and keeps the facts that were found about its text.
    [[gnu::visibility("hidden")]] process(table::image& image, table::reserve& reserve, way first,
                                          site_finder sites) noexcept
        : replaceable_text{image, reserve, sites}, way_{first} {}

    process(const process&) = delete;
    process(process&&) = delete;
    process& operator=(const process&) = delete;
    process& operator=(process&&) = delete;
    [[gnu::visibility("hidden")]] ~process() noexcept = default;

    /// Collects the bytes; true if nothing has been refused yet. Sites may straddle pages; where pages are replaced,
    /// all of them change in finish(), neighbours at once.
    [[gnu::visibility("hidden")]] bool write(std::uintptr_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
        while (size > 0) {
            const std::uintptr_t page = at & ~std::uintptr_t{chunk - 1};
            const std::size_t fits = page + chunk - at;
            const std::size_t part = size < fits ? size : fits;
            if (first_ != last_ && page != page_ && !flush()) {
                return false;
            }
            if (first_ == last_) {
                if (!have_buffer()) {
                    refuse(at);
                    return false;
                }
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

    /// Where pages are replaced, makes the collected bytes ready: no text has changed yet, and few refusals are left.
    [[gnu::visibility("hidden")]] bool stage() noexcept {
        return way_ != way::replace_page || ((one_by_one_ || secure()) && flush());
    }

    /// Writes the remaining bytes, and makes all threads of the process see the new text.
    [[gnu::visibility("hidden")]] bool finish() noexcept {
        if (!flush() || !commit()) {
            return false;
        }
        if (changed_ &&
            may_use_barriers()) { // before Linux 4.16 it is refused; moving a page has interrupted all threads
            const auto barrier = [](int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0); };
            if (barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) != 0 && errno == EPERM &&
                barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) == 0) {
                barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
            }
        }
        changed_ = false;
        return true;
    }

    /// Forgets the bytes since the last finish(), collected or made ready.
    [[gnu::visibility("hidden")]] void drop() noexcept {
        first_ = last_ = 0;
        drop_staged();
    }

    /// From now on each page changes by itself, so that little is needed at a time: to take a change back.
    [[gnu::visibility("hidden")]] void one_by_one() noexcept { one_by_one_ = true; }

    /// Whether the reason of the last refusal: written bytes do not appear in the text.
    [[nodiscard, gnu::visibility("hidden")]] bool ineffective() const noexcept { return ineffective_; }

private:
    /// Adds bytes to the buffer, with the text as it is in the gap to those collected before.
    [[gnu::visibility("hidden")]] void gather(std::size_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
        const std::uint8_t* const now = current();
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
            written = way_ == way::memory_file ? write_memory_file() : stage_chunk();
            if (written && way_ == way::memory_file) {
                ineffective_ =
                    std::memcmp(reinterpret_cast<const void*>(page_ + first_), buffer_ + first_, last_ - first_) != 0;
                written = !ineffective_;
                errno = ineffective_ ? EIO : errno;
            }
            if (!written) {
                refuse(page_ + first_);
                way_ = way_ == way::memory_file ? way::replace_page : way::refused;
            }
        }
        auto* const start = reinterpret_cast<char*>(page_);
        __builtin___clear_cache(start + first_, start + last_);
        first_ = last_ = 0;
        return written && (!one_by_one_ || commit());
    }

    [[gnu::visibility("hidden")]] bool write_memory_file() noexcept {
        ++writes_;
        changed_ = true;
        return open_memory() && write_at(page_ + first_, buffer_ + first_, last_ - first_);
    }

    /// The bytes at `page_`, now or after the change: an earlier step may have prepared them.
    [[nodiscard, gnu::visibility("hidden")]] const std::uint8_t* current() const noexcept {
        const bool ready = way_ == way::replace_page && spare_->staged != nullptr && page_ >= spare_->begin &&
                           page_ < spare_->end && is_staged(page_);
        return reinterpret_cast<const std::uint8_t*>(ready ? spare_of(page_) : page_);
    }

    /// Makes the bytes in the buffer ready.
    [[gnu::visibility("hidden")]] bool stage_chunk() noexcept {
        const std::uintptr_t page = page_ & ~(page_size() - 1);
        prepare();
        const bool in_text = spare_->staged != nullptr && page >= spare_->begin && page < spare_->end;
        if (in_text && spare_->way == spare_page && page_size() == chunk && !is_staged(page)) { // all of it at once
            std::memcpy(buffer_, reinterpret_cast<const void*>(page), first_);
            std::memcpy(buffer_ + last_, reinterpret_cast<const void*>(page + last_), chunk - last_);
            const bool good = write_differences(spare_of(page));
            if (good) {
                mark_staged(page);
            }
            return good;
        }
        if (!stage_page(page)) {
            return false;
        }
        const std::uintptr_t to = spare_of(page_ + first_);
        if (spare_->way == spare_page) {
            return write_spare(to, buffer_ + first_, last_ - first_);
        }
        std::memcpy(reinterpret_cast<void*>(to), buffer_ + first_, last_ - first_);
        return true;
    }

    /// Writes to a spare page the bytes that differ from the file, and the bytes between them. It leaves out
    /// breakpoints of uprobes; see renew().
    [[nodiscard, gnu::visibility("hidden")]] bool write_differences(std::uintptr_t to) noexcept {
        if (spare_->emptied == 0) { // the kernel has put breakpoints there as well
            ::madvise(reinterpret_cast<void*>(spare_->at), spare_->end - spare_->begin, MADV_DONTNEED);
            spare_->emptied = 1;
        }
        const auto* const has = reinterpret_cast<const std::uint8_t*>(to);
        constexpr std::size_t block = 64;
        std::size_t first = chunk;
        std::size_t last = 0;
        for (std::size_t begin = 0; begin < chunk; begin += block) {
            if (std::memcmp(has + begin, buffer_ + begin, block) == 0) { // most of it
                continue;
            }
            for (std::size_t i = begin; i < begin + block; ++i) {
                if (has[i] != buffer_[i] && is_uprobe(i, has)) {
                    buffer_[i] = has[i];
                } else if (has[i] != buffer_[i]) {
                    first = i < first ? i : first;
                    last = i + 1;
                }
            }
        }
        return first >= last || write_spare(to + first, buffer_ + first, last - first);
    }

    /// Whether a byte of the buffer is a uprobe's breakpoint: before a byte of the file, not of a site, and no
    /// debugger's.
    [[nodiscard, gnu::visibility("hidden")]] bool is_uprobe(std::size_t i, const std::uint8_t* has) const noexcept {
        return int{buffer_[i]} == arch::uprobe_byte && (i + 1 == chunk || has[i + 1] == buffer_[i + 1]) &&
               knows_sites() && !is_of_site(page_ + i) && !os::is_traced();
    }

    way way_;
    bool one_by_one_{};
    bool ineffective_{};
    std::uintptr_t page_{};
    std::size_t first_{}, last_{}; // the filled part of the buffer; equal: nothing
};

} // namespace INLAY_TARGET

} // namespace inlay::platform
