// SPDX-License-Identifier: BSL-1.0
//
// linux_system: the system calls of platform/linux.hpp, and the kernel's facts about this process in /proc.
//
//     const int file = os::open("/proc/self/mem", O_WRONLY);
//     for (os::lines status{"/proc/self/status"}; status.next();) { ... status.text ... }
//
// How it works. All calls go through syscall(2), where a thread cannot be cancelled. Files of /proc are read line by
// line into a small buffer. Compare proc_pid_smaps(5), proc_pid_status(5), madvise(2), mlock2(2).
#pragma once

#include "inlay/arch/target.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::platform {
inline namespace INLAY_TARGET {
namespace os { // hidden function by function, as in linux.hpp

// ---- System calls ----------------------------------------------------------------------------------

[[nodiscard, gnu::visibility("hidden")]] inline int open(const char* path, int flags) noexcept {
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0));
}

[[gnu::visibility("hidden")]] inline void close(int file) noexcept {
    if (file >= 0) {
        ::syscall(SYS_close, file);
    }
}

/// pread(2) or pwrite(2), also beyond the range of a 32-bit off_t.
[[nodiscard, gnu::visibility("hidden")]] inline long transfer(long call, int file, const void* bytes, std::size_t size,
                                                              std::uint64_t at) noexcept {
    if constexpr (sizeof(long) == sizeof(std::uint64_t)) {
        return ::syscall(call, file, bytes, size, at);
    } else {
        return ::syscall(call, file, bytes, size, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32));
    }
}

[[nodiscard, gnu::visibility("hidden")]] inline bool read_at(int file, void* to, std::size_t size,
                                                             std::uint64_t at) noexcept {
    return transfer(SYS_pread64, file, to, size, at) == static_cast<long>(size);
}

// ---- The flags of a mapping ------------------------------------------------------------------------

/// The flags of a mapping, as proc_pid_smaps(5) spells them.
struct vm_flags {
    bool locked, on_fault, no_dump, no_fork, huge, not_huge, random, sequential, mergeable;
};

[[gnu::visibility("hidden")]] inline void set_flags(std::uintptr_t at, std::size_t size, const vm_flags& to) noexcept {
    constexpr unsigned lock_on_fault = 1; // MLOCK_ONFAULT
    auto* const pages = reinterpret_cast<void*>(at);
    ::madvise(pages, size, to.no_dump ? MADV_DONTDUMP : MADV_DODUMP);
    ::madvise(pages, size, to.no_fork ? MADV_DONTFORK : MADV_DOFORK);
    ::madvise(pages, size, to.random ? MADV_RANDOM : to.sequential ? MADV_SEQUENTIAL : MADV_NORMAL);
    if (to.huge || to.not_huge) {
        ::madvise(pages, size, to.huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    }
    if (to.mergeable) {
        ::madvise(pages, size, MADV_MERGEABLE);
    }
    if (to.locked) {
        ::syscall(SYS_mlock2, pages, size, to.on_fault ? lock_on_fault : 0);
    } else {
        ::syscall(SYS_munlock, pages, size);
    }
}

/// Whether a page of the range is locked. It needs no file of /proc.
[[nodiscard, gnu::visibility("hidden")]] inline bool is_locked(std::uintptr_t at, std::size_t size) noexcept {
    return ::syscall(SYS_msync, reinterpret_cast<void*>(at), size, MS_INVALIDATE) != 0 && errno == EBUSY;
}

// ---- Files of /proc --------------------------------------------------------------------------------

/// Reads a file of /proc line by line. Long lines are cut. (MemorySanitizer does not see what a call by syscall(2) has
/// read: so the buffers begin as zero.)
class lines {
public:
    [[gnu::visibility("hidden")]] explicit lines(const char* path) noexcept : file_{open(path, O_RDONLY)} {}
    lines(const lines&) = delete;
    lines(lines&&) = delete;
    lines& operator=(const lines&) = delete;
    lines& operator=(lines&&) = delete;
    [[gnu::visibility("hidden")]] ~lines() { close(file_); }

    [[nodiscard, gnu::visibility("hidden")]] bool next() noexcept {
        std::size_t size = 0;
        for (;;) {
            if (at_ == filled_) {
                const long count = file_ < 0 ? 0 : ::syscall(SYS_read, file_, buffer_, sizeof(buffer_));
                if (count <= 0) {
                    return false;
                }
                filled_ = static_cast<std::size_t>(count);
                at_ = 0;
            }
            const char each = buffer_[at_++];
            if (each == '\n') {
                text[size] = '\0';
                return true;
            }
            if (size + 1 < sizeof(text)) {
                text[size++] = each;
            }
        }
    }

    char text[128]{}; // NOLINT(*-avoid-c-arrays)

private:
    int file_;
    std::size_t at_{}, filled_{};
    char buffer_[512]{}; // NOLINT(*-avoid-c-arrays)
};

[[nodiscard, gnu::visibility("hidden")]] inline bool starts_with(const char* text, const char* with) noexcept {
    while (*with != '\0' && *text == *with) {
        ++text;
        ++with;
    }
    return *with == '\0';
}

/// Reads "begin-end" from a line of maps or smaps; false if that is another line.
[[nodiscard, gnu::visibility("hidden")]] inline bool read_range(const char* text, std::uintptr_t& begin,
                                                                std::uintptr_t& end) noexcept {
    const auto number = [&](std::uintptr_t& to) noexcept {
        to = 0;
        const char* const start = text;
        for (;; ++text) {
            const bool digit = *text >= '0' && *text <= '9';
            if (!digit && !(*text >= 'a' && *text <= 'f')) {
                return text != start;
            }
            to = to * 16 + static_cast<std::uintptr_t>(digit ? *text - '0' : *text - 'a' + 10);
        }
    };
    if (!number(begin) || *text != '-') {
        return false;
    }
    ++text;
    return number(end) && *text == ' ';
}

/// Calls `function(begin, end, flags)` for the mappings in a range.
template <class Function>
[[gnu::visibility("hidden")]] void for_each_flags(std::uintptr_t from, std::uintptr_t to,
                                                  const Function& function) noexcept {
    lines file{"/proc/self/smaps"};
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    while (file.next()) {
        if (read_range(file.text, begin, end)) {
            if (begin >= to) {
                return;
            }
        } else if (end > from && starts_with(file.text, "VmFlags:")) {
            const auto has = [&](const char* flag) noexcept {
                for (const char* at = file.text + 8; at[0] == ' ' && at[1] != '\0'; at += 3) {
                    if (at[1] == flag[0] && at[2] == flag[1]) {
                        return true;
                    }
                }
                return false;
            };
            function(begin, end,
                     vm_flags{has("lo"), has("lf"), has("dd"), has("dc"), has("hg"), has("nh"), has("rr"), has("sr"),
                              has("mg")});
        }
    }
}

[[nodiscard, gnu::visibility("hidden")]] inline bool is_only_thread() noexcept {
    struct stat tasks{};
    return ::stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3; // ".", "..", and one for each
}

/// Whether a debugger has this process.
[[nodiscard, gnu::visibility("hidden")]] inline bool is_traced() noexcept {
    for (lines status{"/proc/self/status"}; status.next();) {
        if (starts_with(status.text, "TracerPid:")) {
            return !starts_with(status.text, "TracerPid:\t0");
        }
    }
    return false;
}

} // namespace os
} // namespace INLAY_TARGET
} // namespace inlay::platform
