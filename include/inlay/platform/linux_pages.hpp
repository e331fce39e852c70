// SPDX-License-Identifier: BSL-1.0
//
// linux_pages: pages of text that take the place of others while threads run.
//
//     if (stage_page(page)) ...       // a copy is ready, and can be written to; nothing has changed yet
//     if (commit()) ...               // all pages that are ready are in their places
//
// How it works. While other threads run, an instruction must change at once, and a write through the file goes byte by
// byte. So the new text is written to a page elsewhere, and mremap(2) moves this page into its place. A move is one
// step for all threads: it happens under the lock that page faults take, and no processor keeps the old translation. A
// thread on that page waits for some microseconds.
//
// A spare page (linux_spare.hpp) is a page of the same file: the text stays one mapping, with its uprobes, symbols and
// locks. The program may have locked a part of its text, or excluded it from dumps. A page gets the flags of the page
// whose place it takes.
//
// An anonymous page needs mprotect(2) to become executable. If the kernel refuses that (MemoryDenyWriteExecute),
// nothing is written and `system_error()` says why. Compare mremap(2), mprotect(2), mlock2(2), madvise(2),
// proc_pid_smaps(5).
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/platform/linux_spare.hpp"
#include "inlay/platform/linux_system.hpp"
#include "inlay/table.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <sys/mman.h>

namespace inlay::platform {
inline namespace INLAY_TARGET {

/// A loaded text whose pages can be replaced. Hidden function by function, as in linux.hpp.
class replaceable_text : public text_with_spare {
public:
    replaceable_text(const replaceable_text&) = delete;
    replaceable_text(replaceable_text&&) = delete;
    replaceable_text& operator=(const replaceable_text&) = delete;
    replaceable_text& operator=(replaceable_text&&) = delete;

    /// Says whether an address is in a site of an image.
    using site_finder = bool (*)(const table::image& image, std::uintptr_t at) noexcept;

    /// Whether text can be changed while other threads run: it tries the steps of a change on this text.
    [[nodiscard, gnu::visibility("hidden")]] bool live() noexcept {
        prepare();
        if (spare_->way == new_page && spare_->whole != 0) { // ask for one page, if no caller has asked for more
            ask(spare_->begin);
            asked();
        }
        return spare_->way != cannot;
    }

    /// Tests whether pages can be replaced: prepares an equal page for this address, which asked() moves into its
    /// place. A caller may use it before live(). With spare pages the answer is known already.
    [[gnu::visibility("hidden")]] void ask(std::uintptr_t at) noexcept {
        prepare();
        if (spare_->way == new_page && !stage_page(at & ~(page_size() - 1))) {
            spare_->way = cannot;
        }
    }
    /// Makes the moves that ask() has prepared, and notes whether they worked.
    [[gnu::visibility("hidden")]] void asked() noexcept {
        if (spare_->way == new_page) {
            spare_->way = commit() ? new_page : cannot;
            spare_->whole = 0;
        }
    }

    /// System calls that wrote text so far.
    [[nodiscard, gnu::visibility("hidden")]] std::uint32_t writes() const noexcept { return writes_; }

protected:
    [[gnu::visibility("hidden")]] replaceable_text() noexcept = default;
    [[gnu::visibility("hidden")]] replaceable_text(table::image& image, table::reserve& reserve,
                                                   site_finder sites) noexcept
        : text_with_spare{image, reserve}, owner_{&image}, sites_{sites} {}

    [[gnu::visibility("hidden")]] ~replaceable_text() noexcept = default;

    /// Makes a copy of the page ready, if it does not exist yet.
    [[gnu::visibility("hidden")]] bool stage_page(std::uintptr_t page) noexcept {
        if (spare_->way == cannot || page < spare_->begin || page >= spare_->end) {
            errno = system_error() != 0 ? system_error() : EACCES;
            return false;
        }
        if (is_staged(page)) { // by another object, perhaps
            any_staged_ = true;
            return true;
        }
        if (spare_->way == spare_page) {
            if (!write_spare(spare_of(page), reinterpret_cast<const void*>(page), page_size())) {
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
            leave_out_uprobes(static_cast<std::uint8_t*>(copy), page);
        }
        mark_staged(page);
        return true;
    }

    /// Writes to a page of the spare mapping. A process that has given up its rights since apply() (setuid(2), or
    /// PR_SET_DUMPABLE of prctl(2)) may no longer open /proc/self/mem. Then the page is writable for a moment, and not
    /// executable. No thread executes it.
    [[nodiscard, gnu::visibility("hidden")]] bool write_spare(std::uintptr_t at, const void* bytes,
                                                              std::size_t size) noexcept {
        if (open_memory()) {
            return write_at(at, bytes, size);
        }
        auto* const page = reinterpret_cast<void*>(at & ~(page_size() - 1));
        if (!may_become_executable() || ::mprotect(page, page_size(), PROT_READ | PROT_WRITE) != 0) {
            return false;
        }
        std::memcpy(reinterpret_cast<void*>(at), bytes, size);
        const bool good = ::mprotect(page, page_size(), PROT_READ | PROT_EXEC | guard()) == 0;
        if (!good) { // this page must never come into the text
            ::munmap(reinterpret_cast<void*>(spare_->at), spare_->end - spare_->begin);
            spare_->at = 0;
            spare_->way = cannot;
            any_staged_ = true;
            clear_staged();
        }
        return good;
    }

    /// Whether the system allows a page that was writable to become executable. If not, errno has the reason that
    /// /proc/self/mem could not be opened.
    [[nodiscard, gnu::visibility("hidden")]] bool may_become_executable() const noexcept {
        const int before = errno;
        void* const page = map(page_size(), PROT_READ | PROT_WRITE);
        const bool good = page != nullptr && ::mprotect(page, page_size(), PROT_READ | PROT_EXEC) == 0;
        if (page != nullptr) {
            ::munmap(page, page_size());
        }
        errno = before;
        return good;
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
        } else if (spare_->way == spare_page && !may_move()) {
            refuse(spare_->begin);
            good = false;
        }
        bool locked = false;
        good = good && locks_can_stay(locked);
        const bool alike = good && flags_are_alike();
        std::uintptr_t behind = spare_->begin; // in a region of new pages, the end of the part that was moved out
        good = good && for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
                   return alike ? show(at, size, behind) : show_by_flags(at, size, behind);
               });
        if (good && alike && spare_->way == spare_page && !is_whole()) {
            repair_flags(locked);
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

    [[nodiscard, gnu::visibility("hidden")]] bool knows_sites() const noexcept { return sites_ != nullptr; }
    [[nodiscard, gnu::visibility("hidden")]] bool is_of_site(std::uintptr_t at) const noexcept {
        return sites_(*owner_, at);
    }

    bool changed_{}; ///< since the last barrier
    std::uint32_t writes_{};

private:
    /// The additional mapping flags of a new text page: those of the pages that the loader has mapped.
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

    /// Gives a new page the file's bytes in place of the breakpoints of uprobes: the kernel does not know them there,
    /// and they would end the process. Such a breakpoint is outside of the sites, and the rest of the page is as in the
    /// file. A debugger's breakpoints stay.
    [[gnu::visibility("hidden")]] void leave_out_uprobes(std::uint8_t* copy, std::uintptr_t page) const noexcept {
        if (arch::uprobe_byte < 0 || std::memchr(copy, arch::uprobe_byte, page_size()) == nullptr || !knows_sites() ||
            os::is_traced()) {
            return;
        }
        const auto* const in_file = static_cast<const std::uint8_t*>(map_file(page));
        if (in_file == nullptr) {
            return;
        }
        const auto is_breakpoint = [&](std::size_t i) noexcept { return int{copy[i]} == arch::uprobe_byte; };
        bool known = true;
        for (std::size_t i = 0; i < page_size() && known; ++i) {
            known = copy[i] == in_file[i] || is_breakpoint(i) || is_of_site(page + i);
        }
        for (std::size_t i = 0; i < page_size() && known; ++i) {
            if (copy[i] != in_file[i] && is_breakpoint(i) && !is_of_site(page + i)) {
                copy[i] = in_file[i];
            }
        }
        ::munmap(const_cast<std::uint8_t*>(in_file), page_size());
    }

    /// A page of the text as it is in the file, or null. (A private mapping would have the breakpoints, too.)
    [[nodiscard, gnu::visibility("hidden")]] void* map_file(std::uintptr_t page) const noexcept {
        for (unsigned i = 0; i < count_; ++i) {
            const auto& each = headers_[i];
            const std::uintptr_t begin = (base_ + each.p_vaddr) & ~(page_size() - 1);
            if (each.p_type == PT_LOAD && (each.p_flags & PF_X) != 0 && page >= begin &&
                page < base_ + each.p_vaddr + each.p_memsz) {
                const int file = open_image();
                const auto offset = static_cast<long>((each.p_offset & ~(page_size() - 1)) + (page - begin));
                void* const at = ::mmap(nullptr, page_size(), PROT_READ, MAP_SHARED, file, offset);
                os::close(file);
                return at == MAP_FAILED ? nullptr : at; // NOLINT(*-no-int-to-ptr, *-pro-type-cstyle-cast)
            }
        }
        return nullptr;
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

    /// Moves pages that are ready into their places. In a region of new pages, the remaining part begins at `behind`.
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
        if (behind < at) { // the unused part goes at once: later, its place may be another's
            ::munmap(reinterpret_cast<void*>(spare_of(behind)), at - behind);
            behind = at;
        }
        auto* const text = reinterpret_cast<void*>(at);
        return ::mremap(reinterpret_cast<void*>(spare_of(at)), size, size, MREMAP_MAYMOVE | MREMAP_FIXED, text) == text;
    }

    // ---- The program's advice about its text: mlock(2), madvise(2) ---------------------------------------

    /// Whether the process may lock the prepared pages where the pages in their places are locked. It may have lost this
    /// right, or reached its limit. `locked`: there are such pages.
    [[nodiscard, gnu::visibility("hidden")]] bool locks_can_stay(bool& locked) noexcept {
        bool good = for_each_run([&](std::uintptr_t first, std::size_t size) noexcept {
            if (!os::is_locked(first, size)) {
                return true;
            }
            locked = true;
            for (std::uintptr_t at = first; at < first + size; at += page_size()) {
                auto* const page = reinterpret_cast<void*>(spare_of(at));
                if (os::is_locked(at, page_size()) && ::syscall(SYS_mlock, page, page_size()) != 0) {
                    refuse(at);
                    return false;
                }
            }
            return true;
        });
        if (locked) { // they are locked when they move
            for_each_run([&](std::uintptr_t at, std::size_t size) noexcept {
                ::syscall(SYS_munlock, reinterpret_cast<void*>(spare_of(at)), size);
                return true;
            });
        }
        return good;
    }

    /// Whether the prepared pages have the same flags as the pages in their places, as far as a cheap check can tell.
    /// The text must be one mapping, so that no part has other flags. And a part of the text must stay, so that a
    /// second check shows whether the text is still one mapping.
    [[nodiscard, gnu::visibility("hidden")]] bool flags_are_alike() noexcept {
        return spare_->way == spare_page && spare_->whole != 0 && is_whole() &&
               for_each_run([&](std::uintptr_t /*at*/, std::size_t size) noexcept {
                   return size != spare_->end - spare_->begin;
               });
    }

    /// Whether the text is one mapping. The call asks the kernel to grow the text up to the stack, and must fail. The
    /// reason is lack of room, or that the text is more than one mapping.
    [[nodiscard, gnu::visibility("hidden")]] bool is_whole() const noexcept {
        const std::size_t size = spare_->end - spare_->begin;
        const auto stack = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        const std::size_t up_to = (stack - spare_->begin) & ~(page_size() - 1);
        auto* const text = reinterpret_cast<void*>(spare_->begin);
        return spare_->begin < stack && ::mremap(text, size, up_to, 0) == MAP_FAILED && errno != EFAULT;
    }

    /// Moves prepared pages into their places, each with the flags of the page in its place. (All at once, if /proc
    /// does not tell the flags. Then locked pages stay locked, and advice is lost.)
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
        if (good && at != last) {
            os::vm_flags unknown{};
            unknown.locked = os::is_locked(at, last - at);
            os::set_flags(spare_of(at), last - at, unknown);
            good = show(at, last - at, behind);
        }
        return good;
    }

    /// The pages in place now are a mapping of their own, so the text has other flags than the spare pages had.
    [[gnu::visibility("hidden")]] void repair_flags(bool locked) noexcept {
        os::vm_flags all{};
        all.locked = locked; // if /proc does not tell
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
        all.locked = false; // no spare page need stay in memory
        os::set_flags(spare_->at, spare_->end - spare_->begin, all);
    }

    const table::image* owner_{};
    site_finder sites_{};
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
