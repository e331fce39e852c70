// SPDX-License-Identifier: BSL-1.0
//
// ways: the mechanisms that a change of running text could use, implemented on the benchmark's own text, without a
// library.
//
//     bench::ways::spare_page spare;
//     if (spare.prepare()) spare.change(64, 2);          // 64 functions on separate pages return 2 from now on
//
// How it works. Each way has 64 pages, and each page begins with `mov $1, %eax; ret`. A change writes another number.
// It does as many steps as possible before the first page changes.
//
//     spare_page      The text is mapped twice (mremap with MREMAP_DONTUNMAP). The spare page is written through
//                     /proc/self/mem and moved over the one that runs; the kernel merges it with its neighbours.
//     anonymous_page  A new page is filled, made executable and moved over the one that runs.
//     breakpoint      int3, a barrier; the bytes after it, a barrier; the first byte, a barrier. A signal handler does
//                     what the instruction did, for a thread that runs into int3.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <link.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

// NOLINTBEGIN(hicpp-no-assembler,*-avoid-c-arrays)
asm(R"(
    .pushsection .text
    .balign 4096
    .globl bench_text
    .hidden bench_text
bench_text:
    .rept 64
    mov $1, %eax
    ret
    .balign 4096, 0xcc
    .endr
    .popsection
)");
extern "C" [[gnu::visibility("hidden")]] const unsigned char bench_text[];
// NOLINTEND(hicpp-no-assembler,*-avoid-c-arrays)

namespace bench::ways {

inline constexpr std::size_t page = 4096;
inline constexpr unsigned pages = 64;
inline constexpr std::size_t size_of_move = 5; // mov $number, %eax: one byte and the number

/// Makes all threads of the process fetch the written bytes.
inline bool barrier() { return ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0; }
inline bool register_barrier() {
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
}

/// 64 pages of text: the program's file once more, at a place of their own, so that the program's text is left alone.
class text {
public:
    text() {
        const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        void* const map = ::mmap(nullptr, pages * page, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, place_in_file());
        ::close(file);
        start_ = map != MAP_FAILED ? static_cast<unsigned char*>(map) : nullptr;
    }

    [[nodiscard]] bool mapped() const { return start_ != nullptr; }
    [[nodiscard]] unsigned char* of(unsigned which) const { return start_ + which * page; }
    [[nodiscard]] long call(unsigned which) const { return reinterpret_cast<int (*)()>(of(which))(); }

protected:
    static bool write(const void* at, const void* bytes, std::size_t size) {
        static const int memory = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
        return ::pwrite(memory, bytes, size, static_cast<off_t>(reinterpret_cast<std::uintptr_t>(at))) ==
               static_cast<ssize_t>(size);
    }
    /// A page as it will be.
    void fill(unsigned char* to, unsigned which, std::int32_t number) const {
        std::memcpy(to, of(which), page);
        std::memcpy(to + 1, &number, sizeof(number));
    }

private:
    static off_t place_in_file() {
        off_t place = 0;
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t /*size*/, void* data) {
                for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
                    const auto& each = info->dlpi_phdr[i];
                    const auto inside = reinterpret_cast<std::uintptr_t>(bench_text) - (info->dlpi_addr + each.p_vaddr);
                    if (each.p_type == PT_LOAD && inside < each.p_filesz) {
                        *static_cast<off_t*>(data) = static_cast<off_t>(inside + each.p_offset);
                    }
                }
                return 1; // the program is the first
            },
            &place);
        return place;
    }

    unsigned char* start_{};
};

class spare_page : public text {
public:
    /// Once, before anything writes this text: the kernel merges pages that have the same history of copies. There and
    /// back, so that a page that something did write stays with the text.
    bool prepare() {
        constexpr std::size_t all = pages * page;
        void* const spare = ::mremap(of(0), all, all, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
        if (spare == MAP_FAILED) {
            return false;
        }
        spare_ = static_cast<unsigned char*>(spare);
        return ::mremap(spare, all, all, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, of(0)) == of(0);
    }

    bool change(unsigned count, std::int32_t number) {
        bool good = true;
        for (unsigned i = 0; i < count; ++i) {
            std::array<unsigned char, page> copy; // NOLINT(*-member-init): filled
            fill(copy.data(), i, number);
            good = good && write(spare_ + i * page, copy.data(), page);
        }
        for (unsigned i = 0; i < count; ++i) {
            good = good && ::mremap(spare_ + i * page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
                                    of(i)) == of(i);
        }
        return good;
    }

private:
    unsigned char* spare_{};
};

class anonymous_page : public text {
public:
    static bool prepare() { return true; }

    bool change(unsigned count, std::int32_t number) {
        bool good = true;
        std::array<unsigned char*, pages> fresh{};
        for (unsigned i = 0; i < count && good; ++i) {
            void* const map = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            good = map != MAP_FAILED;
            if (good) {
                fresh[i] = static_cast<unsigned char*>(map);
                fill(fresh[i], i, number);
                good = ::mprotect(map, page, PROT_READ | PROT_EXEC) == 0;
            }
        }
        for (unsigned i = 0; i < count; ++i) {
            good = good && ::mremap(fresh[i], page, page, MREMAP_MAYMOVE | MREMAP_FIXED, of(i)) == of(i);
        }
        return good;
    }
};

class breakpoint : public text {
public:
    bool prepare() {
        struct sigaction action{};
        action.sa_sigaction = [](int /*signal*/, siginfo_t* /*info*/, void* context) {
            auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
            registers[REG_RAX] = before_; // the instruction, as it was
            registers[REG_RIP] += static_cast<greg_t>(size_of_move) - 1;
            traps_.fetch_add(1, std::memory_order_relaxed);
        };
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        return ::sigaction(SIGTRAP, &action, nullptr) == 0 && register_barrier();
    }

    bool change(unsigned count, std::int32_t number) {
        constexpr unsigned char int3 = 0xcc;
        constexpr unsigned char move = 0xb8;
        before_ = static_cast<std::int32_t>(number_);
        bool good = true;
        for (unsigned i = 0; i < count; ++i) {
            good = good && write(of(i), &int3, 1);
        }
        good = good && barrier();
        for (unsigned i = 0; i < count; ++i) {
            good = good && write(of(i) + 1, &number, sizeof(number));
        }
        good = good && barrier();
        for (unsigned i = 0; i < count; ++i) {
            good = good && write(of(i), &move, 1);
        }
        number_ = number;
        return good && barrier();
    }

    /// How often a thread ran into a breakpoint.
    [[nodiscard]] static unsigned long traps() { return traps_; }

private:
    static inline std::atomic<std::int32_t> before_{1};
    static inline std::atomic<unsigned long> traps_{};
    std::int32_t number_{1};
};

} // namespace bench::ways
