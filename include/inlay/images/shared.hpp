// SPDX-License-Identifier: BSL-1.0
//
// shared: the page that the images of a process share, its lock, and the lock's way through fork().
//
//     bool taken = false;
//     if (acquire(*own_image.registry.shared, taken) == error::no_error) {
//         ...
//         if (taken) { release(*own_image.registry.shared); }
//     }
//
// How it works. The lock is a futex in the shared page. While a thread holds it, no image can leave. fork() takes it,
// so that a child never sees half of a change. A raw system call may fork a process without these handlers while a
// thread makes a change. Then the child's changes find that none of the child's threads has the lock, and return an
// error.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/image.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

#include <sys/syscall.h>

INLAY_BASELINE

namespace [[gnu::visibility("hidden")]] inlay {

namespace table {

/// The data that a process's images share, if their tables have this version. One page, all of it zero at first.
struct shared {
    uint32_t lock;     ///< a futex: the thread that holds it, `waited_for`, or 0
    int32_t pid;       ///< the process in which `lock` was held last
    uint32_t busy;     ///< 1: a change is being made
    uint32_t forks;    ///< handlers of a fork() that is being made
    uint32_t holds;    ///< 1: they hold the lock
    uint32_t users;    ///< images that have joined, or are about to
    image* images;     ///< the image that joined last
    const named* root; ///< of the tree with all names
    table::reserve reserve;
};

} // namespace table

namespace detail {

/// As timespec.
struct time_span {
    long seconds;
    long nanoseconds;
};

namespace c { // functions of the C library, declared here for the reason in loaded.hpp
[[gnu::visibility("default")]] long syscall(long number, ...) noexcept __asm__("syscall");
[[gnu::visibility("default")]] int getpid() noexcept __asm__("getpid");
} // namespace c

inline namespace baseline {

// ---- The lock --------------------------------------------------------------------------------------

inline constexpr int futex_wait = 128; // FUTEX_WAIT_PRIVATE
inline constexpr int futex_wake = 129; // FUTEX_WAKE_PRIVATE

inline constexpr uint32_t waited_for = 0x80000000U; // no thread has so high a number

[[nodiscard]] inline uint32_t this_thread() noexcept { return static_cast<uint32_t>(c::syscall(SYS_gettid)); }

/// Takes the lock; `taken` becomes true if this thread did not hold it before. (While it forks, a thread may hold it
/// already.) Fails for a change within a change, and if the holder is not in this process.
[[nodiscard]] inline error acquire(table::shared& all, bool& taken) noexcept {
    const uint32_t self = this_thread();
    uint32_t holder = 0;
    unsigned foreign = 0;
    while (!__atomic_compare_exchange_n(&all.lock, &holder, foreign != 0 ? self | waited_for : self, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        if ((holder & ~waited_for) == self) {
            return all.forks != 0 && all.busy == 0 ? error::no_error : error::change_nested;
        }
        const uint32_t waited = holder | waited_for;
        if (holder == waited ||
            __atomic_compare_exchange_n(&all.lock, &holder, waited, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            // The holder writes its process's number just after it took the lock: a difference may mean nothing yet.
            const bool here = __atomic_load_n(&all.pid, __ATOMIC_RELAXED) == c::getpid();
            if (!here && foreign >= 3) {
                return error::process_forked;
            }
            foreign = here ? 1 : foreign + 1;
            const time_span some{0, 20000000};
            c::syscall(SYS_futex, &all.lock, futex_wait, waited, here ? nullptr : &some, nullptr, 0);
        }
        holder = 0;
    }
    __atomic_store_n(&all.pid, c::getpid(), __ATOMIC_RELAXED);
    taken = true;
    return error::no_error;
}

inline void release(table::shared& all) noexcept {
    if ((__atomic_exchange_n(&all.lock, 0U, __ATOMIC_RELEASE) & waited_for) != 0) {
        c::syscall(SYS_futex, &all.lock, futex_wake, 1, nullptr, nullptr, 0);
    }
}

[[nodiscard]] inline bool has_joined() noexcept {
    return __atomic_load_n(&own_image.registry.joined, __ATOMIC_ACQUIRE) == 1;
}

// ---- fork() ----------------------------------------------------------------------------------------
// fork() holds the lock. Each image has handlers; the handlers of the first image that runs take the lock.

inline void before_fork() noexcept {
    table::registry& own = own_image.registry;
    if (!has_joined()) {
        return;
    }
    table::shared& all = *own.shared;
    bool taken = false;
    if (acquire(all, taken) == error::no_error || (all.lock & ~waited_for) == this_thread()) {
        own.forks = 2;
        ++all.forks;
        all.holds = taken ? 1 : all.holds;
    }
}
inline void after_fork_in_parent() noexcept {
    table::registry& own = own_image.registry;
    if (own.forks != 2) {
        return;
    }
    own.forks = 1;
    table::shared& all = *own.shared;
    if (--all.forks == 0 && all.holds != 0) {
        all.holds = 0;
        release(all);
    }
}
inline void after_fork_in_child() noexcept {
    table::registry& own = own_image.registry;
    if (own.forks == 2) { // the thread has another number now, and no thread waits
        own.shared->pid = c::getpid();
        __atomic_store_n(&own.shared->lock, this_thread(), __ATOMIC_RELAXED);
    }
    after_fork_in_parent();
}

} // namespace baseline

} // namespace detail

} // namespace inlay

INLAY_BASELINE_END
