// SPDX-License-Identifier: BSL-1.0
//
// mappings: looks 1,000 times a second whether this process has memory that is writable and executable.
//
//     soak::mappings mappings;
//     soak::expect(mappings.finds_a_page(), "...");            // that it can find some
//     mappings.watch(stop);                                    // by a thread
//     mappings.text();                                         // the rate that it has reached
//
// How it works. Since Linux 6.11, one call of ioctl() on /proc/self/maps finds the first mapping with these two
// permissions. Older systems have the text of that file, which takes a read for each 4 KiB. A look that comes late is
// not made up for. So a busy machine has fewer looks: the text says how many, and the longest time without one.
#pragma once

#include "count.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace soak {

/// `struct procmap_query` of linux/fs.h, which Debian 12 does not have yet.
struct mapping_query {
    std::uint64_t size, flags, address;
    std::uint64_t begin, end, permissions, page_size, offset, inode;
    std::uint32_t device[2]; // NOLINT(*-avoid-c-arrays): the layout of the system's struct
    std::uint32_t name_size, build_id_size;
    std::uint64_t name, build_id;
};
static_assert(sizeof(mapping_query) == 104);

class mappings {
public:
    mappings() : file_{open("/proc/self/maps", O_RDONLY | O_CLOEXEC)} {
        expect(file_ >= 0, "the mappings cannot be read");
        (void)look();
    }
    mappings(const mappings&) = delete;
    mappings& operator=(const mappings&) = delete;
    ~mappings() { close(file_); }

    /// Whether it finds a page that is writable and executable. (True also if the system has no such page.)
    [[nodiscard]] bool finds_a_page() {
        void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) {
            return true;
        }
        const bool found = look();
        munmap(page, 4096);
        return found && !look();
    }

    void watch(const std::atomic<bool>& stop) {
        constexpr std::int64_t period = 1'000'000;
        prctl(PR_SET_TIMERSLACK, 1UL);
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -10); // as root it comes before the other threads
        begin_ = last_ = now();
        std::int64_t next = begin_;
        while (!stop) {
            expect(!look(), "memory is writable and executable");
            ++looks_;
            note_gap();
            next = std::max(next + period, last_);
            const timespec until{next / 1'000'000'000, next % 1'000'000'000};
            while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
            }
        }
        note_gap();
        expect(looks_ > 1 && longest_ < 2'000'000'000, "the mappings were not looked at for two seconds");
    }

    [[nodiscard]] std::string text() const {
        const std::int64_t rate = last_ == begin_ ? 0 : looks_ * 1'000'000'000 / (last_ - begin_);
        return std::to_string(looks_) + " looks at the mappings (" + std::to_string(rate) +
               " a second, none for at most " + std::to_string((longest_ + 999'999) / 1'000'000) + " ms, by " +
               (by_query_ ? "ioctl" : "the text") + ')';
    }

private:
    static std::int64_t now() {
        timespec time{};
        clock_gettime(CLOCK_MONOTONIC, &time);
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    }
    void note_gap() {
        const std::int64_t time = now();
        longest_ = std::max(longest_, time - last_);
        last_ = time;
    }

    /// Whether there is memory that is writable and executable.
    bool look() {
        constexpr std::uint64_t writable_and_executable = 2 | 4;
        constexpr std::uint64_t or_the_next = 16;
        mapping_query query{};
        query.size = sizeof(query);
        query.flags = writable_and_executable | or_the_next;
        if (by_query_ && ioctl(file_, _IOWR('f', 17, mapping_query), &query) == 0) {
            return true;
        }
        if (by_query_ && errno == ENOENT) {
            return false;
        }
        by_query_ = false;
        return look_at_text();
    }
    bool look_at_text() {
        lseek(file_, 0, SEEK_SET);
        std::size_t size = 0;
        for (ssize_t got = 1; got > 0 && size < text_.size(); size += static_cast<std::size_t>(got > 0 ? got : 0)) {
            got = read(file_, text_.data() + size, text_.size() - size);
        }
        const std::string_view all{text_.data(), size};
        expect(all.find(" r-x") != all.npos, "the mappings cannot be read");
        return all.find(" rwx") != all.npos || all.find(" -wx") != all.npos;
    }

    int file_;
    bool by_query_ = true;
    std::vector<char> text_ = std::vector<char>(1U << 20);
    std::int64_t looks_{}, begin_{}, last_{}, longest_{};
};

} // namespace soak
