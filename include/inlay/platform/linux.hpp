// SPDX-License-Identifier: BSL-1.0
//
// linux: writing the text of the running program or shared library, which stays read-only and executable.
//
//     inlay::platform::process self;
//     auto done = inlay::apply(inlay::this_image(), self);        // what inlay::apply() does
//
// How it works. The image's extent comes from its own program headers (`__ehdr_start`, made by the linker).
// At start-up text is written through /proc/self/mem: the kernel copies the page and changes the copy, whatever the
// mapping's protection, so that no page is ever writable and executable.
//
// While other threads run, a page is always replaced: an instruction must change at once, and a write through the file
// goes byte by byte. All pages of a change are made ready first; then each is moved into its place. A move is one step
// for all: it happens under the lock that page faults take, and no processor keeps the old translation. A thread on
// that page waits for some microseconds. (docs/choices.md says why there is no breakpoint, as in Linux's
// text_poke_bp().)
//
// The new page comes from a spare mapping (Linux 5.13). Once, at start-up, the text is moved aside and back by
// MREMAP_DONTUNMAP, which leaves a second mapping of the same file. A change writes the page there, through
// /proc/self/mem (what differs from the file), and moves it: the text stays one mapping of its file, with its uprobes,
// symbols and locks. (Between
// aside and back the text shows what the file has. That is the same, before anything was patched; else it is done only
// while there is one thread.) Otherwise the page is an anonymous one, which is first writable and then executable:
// where the kernel is older, the text is not a file's or has relocations, or /proc/self/mem was missing or refused at
// start-up. Where that is refused as well (MemoryDenyWriteExecute), nothing is written and `system_error()` says why.
//
// Writes to one page are collected and done at once. Nothing is allocated on the heap. System calls that a thread could
// be cancelled in are made by syscall(2), where it cannot. Compare proc_pid_mem(5), mremap(2), membarrier(2),
// proc_pid_smaps(5), proc_pid_pagemap(5).
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/image.hpp"
#include "inlay/platform/linux_system.hpp"
#include "inlay/platform/linux_text.hpp"
#include "inlay/table.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/membarrier.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::platform {
// A user's type may have a process in it, or derive from it. A hidden type may not be in one that is not, so it is the
// functions that are hidden, each by itself.
inline namespace INLAY_TARGET {

/// A text_platform for the image (program or shared library) that this code is linked into.
class process : public loaded_text {
public:
    /// How text is written; each way falls back to the next one.
    enum class way : std::uint8_t { memory_file, replace_page, refused };

    [[gnu::visibility("hidden")]] explicit process(way first = way::memory_file) noexcept : way_{first} {}

    /// Says whether an address is in a site of an image.
    using site_finder = bool (*)(const table::image& image, std::uintptr_t at) noexcept;

    /// For any image of the process: its registry says where it is, and keeps what was found out of its text.
    [[gnu::visibility("hidden")]] process(table::image& image, table::reserve& reserve, way first,
                                          site_finder sites) noexcept
        : loaded_text{image}, spare_{&image.registry.spare}, reserve_{&reserve}, owner_{&image}, sites_{sites},
          way_{first} {}

    process(const process&) = delete;
    process(process&&) = delete;
    process& operator=(const process&) = delete;
    process& operator=(process&&) = delete;
    [[gnu::visibility("hidden")]] ~process() noexcept {
        if (spare_ == &own_spare_) { // else another object may finish the pages that this one has prepared
            drop();
            if (own_spare_.way == spare_page) {
                ::munmap(reinterpret_cast<void*>(own_spare_.at), own_spare_.end - own_spare_.begin);
            }
            if (own_spare_.staged != nullptr) {
                ::munmap(own_spare_.staged, own_spare_.staged_size);
            }
        }
        if (buffer_ != nullptr && reserve_ == nullptr) {
            ::munmap(buffer_, chunk);
        }
        os::close(file_);
        os::close(maps_);
    }

    /// Whether text can be changed while other threads run: it tries the steps of a change on this text.
    [[nodiscard, gnu::visibility("hidden")]] bool live() noexcept {
        prepare();
        if (spare_->way == new_page && spare_->whole != 0) { // ask for one page, if no caller has asked for more
            ask(spare_->begin);
            asked();
        }
        return spare_->way != cannot;
    }

    /// Has the page of this address replaced by an equal one, with the next finish(): whether it can be. For live(),
    /// before that is called; where a page is a spare one, this is known already.
    [[gnu::visibility("hidden")]] void ask(std::uintptr_t at) noexcept {
        prepare();
        if (spare_->way == new_page && !stage_page(at & ~(page_size() - 1))) {
            spare_->way = cannot;
        }
    }
    /// Ends the questions.
    [[gnu::visibility("hidden")]] void asked() noexcept {
        if (spare_->way == new_page) {
            spare_->way = commit() ? new_page : cannot;
            spare_->whole = 0;
        }
    }

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

    /// Makes ready what was collected, where pages are replaced: nothing has changed yet, and little can be refused
    /// now.
    [[gnu::visibility("hidden")]] bool stage() noexcept {
        return way_ != way::replace_page || ((one_by_one_ || secure()) && flush());
    }

    /// Writes what is left and makes all threads of the process see it.
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

    /// Forgets what was made ready and has not been finished.
    [[gnu::visibility("hidden")]] void drop() noexcept {
        first_ = last_ = 0;
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

    /// From now on each page changes by itself, so that little is needed at a time: to take a change back.
    [[gnu::visibility("hidden")]] void one_by_one() noexcept { one_by_one_ = true; }

    /// The errno of the last refusal; 0 if there was none.
    [[nodiscard, gnu::visibility("hidden")]] int system_error() const noexcept { return error_; }

    /// Whether the reason of the last refusal: written bytes do not appear in the text.
    [[nodiscard, gnu::visibility("hidden")]] bool ineffective() const noexcept { return ineffective_; }

    /// Where the first bytes lie that the last refusal was about.
    [[nodiscard, gnu::visibility("hidden")]] std::uintptr_t refused() const noexcept { return refused_; }

    /// System calls that wrote text so far.
    [[nodiscard, gnu::visibility("hidden")]] std::uint32_t writes() const noexcept { return writes_; }

private:
    static constexpr std::size_t chunk = 4096; // the smallest page there is

    /// table::spare_text::way.
    enum live_way : std::uint32_t { // NOLINT(performance-enum-size): as in the table
        not_prepared = 0,
        spare_page = 1,
        new_page = 2,
        cannot = 3
    };

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

    [[gnu::visibility("hidden")]] void refuse(std::uintptr_t at) noexcept {
        error_ = errno;
        refused_ = at;
    }

    [[gnu::visibility("hidden")]] bool write_memory_file() noexcept {
        ++writes_;
        changed_ = true;
        return open_memory() && write_at(page_ + first_, buffer_ + first_, last_ - first_);
    }

    // ---- Pages that take the place of others ----------------------------------------------------------

    [[nodiscard, gnu::visibility("hidden")]] std::size_t page_size() const noexcept { return page_size_; }

    /// The additional mapping flags of a new page of text: those of the pages that the loader has mapped.
    [[nodiscard, gnu::visibility("hidden")]] int guard() const noexcept {
        if constexpr (arch::guards_text) {
            constexpr unsigned property_header = 0x6474e553; // PT_GNU_PROPERTY
            for (unsigned i = 0; i < count_; ++i) {
                if (headers_[i].p_type == property_header) {
                    return arch::guard_of_text(reinterpret_cast<const std::uint8_t*>(base_ + headers_[i].p_vaddr),
                                               headers_[i].p_memsz);
                }
            }
        }
        return 0;
    }

    [[nodiscard, gnu::visibility("hidden")]] std::uintptr_t spare_of(std::uintptr_t at) const noexcept {
        return spare_->at + (at - spare_->begin);
    }
    [[nodiscard, gnu::visibility("hidden")]] std::size_t index_of(std::uintptr_t at) const noexcept {
        return (at - spare_->begin) / page_size();
    }
    [[nodiscard, gnu::visibility("hidden")]] bool is_staged(std::uintptr_t at) const noexcept {
        return (spare_->staged[index_of(at) / 64] >> index_of(at) % 64 & 1) != 0;
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

    /// Finds out, once an image, how its pages can be replaced.
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

    /// Makes the steps of a change once, with an unchanged page. After that, the kernel can merge pages of both
    /// mappings: they belong to the same file and to one family of anonymous pages ("anon_vma"). Changed text has a
    /// family already, and passes it on.
    [[nodiscard, gnu::visibility("hidden")]] bool relate(std::uintptr_t text, std::uintptr_t aside,
                                                         bool changed) const noexcept {
        if (changed && !(move_pages(text, page_size(), aside) && move_pages(aside, page_size(), text))) {
            return false;
        }
        auto* const page = reinterpret_cast<void*>(text);
        const bool locked = ::syscall(SYS_msync, page, page_size(), MS_INVALIDATE) != 0 && errno == EBUSY;
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

    /// The bytes at `page_`, now or after the change: an earlier step may have prepared them.
    [[nodiscard, gnu::visibility("hidden")]] const std::uint8_t* current() const noexcept {
        const bool ready = way_ == way::replace_page && spare_->staged != nullptr && page_ >= spare_->begin &&
                           page_ < spare_->end && is_staged(page_);
        return reinterpret_cast<const std::uint8_t*>(ready ? spare_of(page_) : page_);
    }

    /// Makes ready what the buffer has.
    [[gnu::visibility("hidden")]] bool stage_chunk() noexcept {
        const std::uintptr_t page = page_ & ~(page_size() - 1);
        prepare();
        const bool in_text = spare_->staged != nullptr && page >= spare_->begin && page < spare_->end;
        if (in_text && spare_->way == spare_page && page_size() == chunk && !is_staged(page)) { // all of it at once
            std::memcpy(buffer_, reinterpret_cast<const void*>(page), first_);
            std::memcpy(buffer_ + last_, reinterpret_cast<const void*>(page + last_), chunk - last_);
            const bool good = open_memory() && write_differences(spare_of(page));
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
            return write_at(to, buffer_ + first_, last_ - first_);
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
        return first >= last || write_at(to + first, buffer_ + first, last - first);
    }

    /// Whether a byte of the buffer is a uprobe's breakpoint: before a byte of the file, not of a site, and no
    /// debugger's.
    [[nodiscard, gnu::visibility("hidden")]] bool is_uprobe(std::size_t i, const std::uint8_t* has) const noexcept {
        return int{buffer_[i]} == arch::uprobe_byte && (i + 1 == chunk || has[i + 1] == buffer_[i + 1]) &&
               sites_ != nullptr && !sites_(*owner_, page_ + i) && !os::is_traced();
    }

    [[gnu::visibility("hidden")]] void mark_staged(std::uintptr_t page) noexcept {
        spare_->staged[index_of(page) / 64] |= std::uint64_t{1} << index_of(page) % 64;
        any_staged_ = true;
    }

    /// Makes a copy of the page ready, if there is none yet.
    [[gnu::visibility("hidden")]] bool stage_page(std::uintptr_t page) noexcept {
        if (spare_->way == cannot || page < spare_->begin || page >= spare_->end) {
            errno = error_ != 0 ? error_ : EACCES;
            return false;
        }
        if (is_staged(page)) { // by another object, perhaps
            any_staged_ = true;
            return spare_->way != spare_page || open_memory();
        }
        if (spare_->way == spare_page) {
            if (!open_memory() || !write_at(spare_of(page), reinterpret_cast<const void*>(page), page_size())) {
                return false;
            }
        } else {
            if (spare_->at == 0) {
                spare_->at = reinterpret_cast<std::uintptr_t>(map(spare_->end - spare_->begin, PROT_NONE));
            }
            void* const copy = reinterpret_cast<void*>(spare_of(page));
            if (spare_->at == 0 || ::mprotect(copy, page_size(), PROT_READ | PROT_WRITE) != 0) {
                return false;
            }
            std::memcpy(copy, reinterpret_cast<const void*>(page), page_size());
        }
        mark_staged(page);
        return true;
    }

    /// Moves all prepared pages into their places. After an error, the places without a moved page keep their old
    /// pages.
    [[gnu::visibility("hidden")]] bool commit() noexcept {
        bool good = for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
            any_staged_ = true; // by another object, perhaps
            return spare_->way == spare_page ||
                   ::mprotect(reinterpret_cast<void*>(spare_of(at)), size, PROT_READ | PROT_EXEC | guard()) == 0;
        });
        if (!any_staged_) {
            return true;
        }
        if (!good) {
            refuse(spare_->begin);
            spare_->way = cannot; // as a whole: MemoryDenyWriteExecute
        }
        const bool alike = good && flags_are_alike();
        std::uintptr_t behind = spare_->begin; // the end of the part that has been moved out of a region of new pages
        good = good && for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
                   return alike ? show(at, size, behind) : show_by_flags(at, size, behind);
               });
        if (good && alike && spare_->way == spare_page && !is_whole()) {
            repair_flags();
        }
        if (spare_->way != spare_page) {
            if (behind < spare_->end && spare_->at != 0) {
                ::munmap(reinterpret_cast<void*>(spare_of(behind)), spare_->end - behind);
            }
            spare_->at = 0;
            spare_->whole = 0;
        } else if (!good) {
            for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
                ::madvise(reinterpret_cast<void*>(spare_of(at)), size, MADV_DONTNEED);
                return true;
            });
        }
        clear_staged();
        return good;
    }

    /// Makes the kernel put the breakpoints of its uprobes into the text again: it does so when a mapping is divided
    /// and joined. The breakpoints do not move with a page. The kernel does not find the text while a page moves, so it
    /// could not remove a breakpoint that is taken off meanwhile. (Pages larger than 4 KiB are copied with their
    /// breakpoints.)
    [[gnu::visibility("hidden")]] void renew(std::uintptr_t at) const noexcept {
        auto* const page = reinterpret_cast<void*>(at);
        ::madvise(page, page_size(), MADV_DONTDUMP);
        ::madvise(page, page_size(), MADV_DODUMP);
    }

    /// Moves pages that are ready into their places; in a region of new pages, `behind` is where what is left of it
    /// begins.
    [[gnu::visibility("hidden")]] bool show(std::uintptr_t at, std::size_t size, std::uintptr_t& behind) noexcept {
        ++writes_;
        if (!move(at, size, behind) && !(errno == ENOMEM && give_up_reserve() && move(at, size, behind))) {
            refuse(at);
            return false;
        }
        changed_ = true;
        if (spare_->way == spare_page) {
            renew(at);
        }
        behind = at + size;
        return true;
    }

    [[gnu::visibility("hidden")]] bool move(std::uintptr_t at, std::size_t size,
                                            std::uintptr_t& behind) const noexcept {
        if (spare_->way == spare_page) {
            return move_pages(spare_of(at), size, at);
        }
        if (behind < at) { // what is not needed goes at once: later, its place may be another's
            ::munmap(reinterpret_cast<void*>(spare_of(behind)), at - behind);
            behind = at;
        }
        auto* const text = reinterpret_cast<void*>(at);
        return ::mremap(reinterpret_cast<void*>(spare_of(at)), size, size, MREMAP_MAYMOVE | MREMAP_FIXED, text) == text;
    }

    // ---- The number of mappings is limited -------------------------------------------------------------

    /// Sees to a few mappings in reserve: taking a change back must not fail for lack of them.
    [[gnu::visibility("hidden")]] bool secure() noexcept {
        constexpr std::size_t pages = 16;
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

    // ---- What the program has said of its text: mlock(2), madvise(2) -------------------------------------

    /// Whether the prepared pages have the same flags as the pages in their places, as far as a cheap check can tell.
    /// The text must be one mapping, so that no part has other flags. And a part of the text must stay, so that a
    /// second check shows whether the text is still one mapping.
    [[nodiscard, gnu::visibility("hidden")]] bool flags_are_alike() noexcept {
        return spare_->way == spare_page && spare_->whole != 0 && is_whole() &&
               for_each_run([&](std::uintptr_t /*at*/, std::size_t size) noexcept {
                   return size != spare_->end - spare_->begin;
               });
    }

    /// Whether the text is one mapping. The call asks the kernel to grow the text up to the stack, and must fail: for
    /// lack of room, or because the text is more than one mapping.
    [[nodiscard, gnu::visibility("hidden")]] bool is_whole() const noexcept {
        const std::size_t size = spare_->end - spare_->begin;
        const auto stack = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        const std::size_t up_to = (stack - spare_->begin) & ~(page_size() - 1);
        auto* const text = reinterpret_cast<void*>(spare_->begin);
        return spare_->begin < stack && ::mremap(text, size, up_to, 0) == MAP_FAILED && errno != EFAULT;
    }

    /// Moves prepared pages into their places, each with the flags of the page in its place. (All at once, if /proc
    /// does not tell the flags.)
    [[gnu::visibility("hidden")]] bool show_by_flags(std::uintptr_t at, std::size_t size,
                                                     std::uintptr_t& behind) noexcept {
        bool good = true;
        const std::uintptr_t last = at + size;
        os::for_each_flags(at, last, [&](std::uintptr_t begin, std::uintptr_t end, const os::vm_flags& has) noexcept {
            begin = begin < at ? at : begin;
            end = end < last ? end : last;
            if (good && begin == at) {
                os::set_flags(spare_of(begin), end - begin, has);
                good = show(begin, end - begin, behind);
                if (has.no_dump) { // which renew() took away
                    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTDUMP);
                }
                at = end;
            }
        });
        return good && (at == last || show(at, last - at, behind));
    }

    /// The pages in place now are a mapping of their own, so the text has other flags than the spare pages had.
    [[gnu::visibility("hidden")]] void repair_flags() noexcept {
        os::vm_flags all{};
        os::for_each_flags(spare_->begin, spare_->end,
                           [&](std::uintptr_t begin, std::uintptr_t end, const os::vm_flags& has) noexcept {
                               for (std::uintptr_t at = begin < spare_->begin ? spare_->begin : begin;
                                    at < end && at < spare_->end; at += page_size()) {
                                   if (!is_staged(at)) {
                                       all = has;
                                       break;
                                   }
                               }
                           });
        for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
            os::set_flags(at, size, all);
            return true;
        });
        all.locked = false; // of the spare pages there is nothing to keep in memory
        os::set_flags(spare_->at, spare_->end - spare_->begin, all);
    }

    // ---- What the kernel says of this process -----------------------------------------------------------

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
        std::uint64_t pages[64]; // NOLINT(*-avoid-c-arrays, *-member-init): read first
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

    std::size_t page_size_{::getauxval(AT_PAGESZ)};
    table::spare_text own_spare_{};
    table::spare_text* spare_{&own_spare_};
    table::reserve* reserve_{};
    const table::image* owner_{};
    site_finder sites_{};
    way way_;
    bool any_staged_{};
    bool changed_{}; ///< since the last barrier
    bool one_by_one_{};
    int file_{-1};
    int maps_{-1};
    int error_{};
    bool ineffective_{};
    std::uintptr_t refused_{};
    std::uint32_t writes_{};
    std::uintptr_t page_{};
    std::size_t first_{}, last_{}; // what of the buffer is filled; equal: nothing
    std::uint8_t* buffer_{};       // a chunk
};

} // namespace INLAY_TARGET

} // namespace inlay::platform
