// SPDX-License-Identifier: BSL-1.0
//
// images: the program and the shared libraries of a process that use inlay, and their shared page.
//
//     if (detail::join() == error::no_error) ...       // this image is one of those of the process
//     bool taken = false;
//     if (detail::acquire(*detail::own_image.registry.shared, taken) == error::no_error) ... detail::release(...)
//
// How it works. A name is one thing in a process, although an image exports nothing of inlay. An image joins the others
// when it is loaded, by an entry in its .init_array that runs before its constructors. It looks for another image with
// inlay's note, and takes the address of the shared page from it. Its names go into the tree of all names in this page,
// and its keys and calls take over the current values. So the values are right from the first instruction on, even if
// the image never calls apply(). An image that the loader has mapped but not relocated has not joined, so no image
// writes into it. When an image is unloaded, it leaves by an entry in .fini_array, after its destructors.
//
// The lock is a futex in the shared page. While a thread holds it, no image can leave. fork() takes it, so that a child
// never sees half of a change. If the system call forks a process without these handlers while a thread makes a change,
// the child's changes find that none of the child's threads has the lock, and return an error. A change needs neither
// the loader's lock nor its list; only joining and leaving call dl_iterate_phdr(3).
//
// When an image is loaded, no code has asked the processor yet. So this code is compiled for any processor
// (INLAY_BASELINE). Images in a namespace of dlmopen(3) see only each other.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/image.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

#include <sys/syscall.h>

INLAY_BASELINE

namespace [[gnu::visibility("hidden")]] inlay {

namespace table {

/// The data that the images of a process with tables of this version share. One page, all of it zero at first.
struct shared {
    uint32_t lock;     ///< a futex: the thread that holds it, `waited_for`, or 0
    int32_t pid;       ///< the process in which `lock` was held last
    uint32_t busy;     ///< 1: a change is being made
    uint32_t forks;    ///< handlers of a fork() that is being made
    uint32_t holds;    ///< 1: they hold the lock
    uint32_t users;    ///< images that have joined, or are about to
    image* images;     ///< the one that joined last
    const named* root; ///< of the tree of all names
    table::reserve reserve;
};

} // namespace table

namespace detail {

// Every unit that has a key includes this header. So it declares the needed parts of <elf.h>, <link.h>, <sys/mman.h>
// and others itself: those headers have names and macros that may clash with the user's.

/// A program header, as in Elf64_Phdr, or Elf32_Phdr.
struct segment {
    uint32_t type;
#if __SIZEOF_POINTER__ == 8
    uint32_t flags;
#endif
    address offset;
    address at; ///< without the image's base
    address physical;
    address size_in_file;
    address size;
#if __SIZEOF_POINTER__ == 4
    uint32_t flags;
#endif
    address alignment;
};
inline constexpr uint32_t loaded_segment = 1; // PT_LOAD
inline constexpr uint32_t note_segment = 4;   // PT_NOTE
inline constexpr uint32_t writable_segment = 2;
inline constexpr uint32_t readable_segment = 4;

/// The beginning of a note, as in Elf64_Nhdr. Name and text follow.
struct note_header {
    uint32_t name_size;
    uint32_t text_size;
    uint32_t type;
};

/// An image, as in dl_phdr_info.
struct loaded_image {
    address base;
    const char* name;
    const segment* segments;
    uint16_t count;
};

/// As timespec.
struct time_span {
    long seconds;
    long nanoseconds;
};

namespace c { // functions of the C library
// (void*, where <link.h> has a class: of another class in its place GCC 14 warns when it optimises links.)
[[gnu::visibility("default")]] int dl_iterate_phdr(int (*visit)(void* image, size_t size, void* data),
                                                   void* data) noexcept __asm__("dl_iterate_phdr");
[[gnu::visibility("default")]] long syscall(long number, ...) noexcept __asm__("syscall");
[[gnu::visibility("default")]] int pthread_atfork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept
    __asm__("pthread_atfork");
[[gnu::visibility("default")]] void* mmap(void* at, size_t size, int protection, int flags, int file,
                                          long offset) noexcept __asm__("mmap");
[[gnu::visibility("default")]] int munmap(void* at, size_t size) noexcept __asm__("munmap");
[[gnu::visibility("default")]] int pthread_setcancelstate(int state, int* before) noexcept
    __asm__("pthread_setcancelstate");
[[gnu::visibility("default")]] int getpid() noexcept __asm__("getpid");
} // namespace c

inline namespace baseline {

// ---- Finding an image by its note ------------------------------------------------------------------

/// Whether a segment of the image has these bytes, and `flags`.
[[nodiscard]] inline bool has_bytes(const loaded_image& image, address at, size_t size, unsigned flags) noexcept {
    for (unsigned i = 0; i < image.count; ++i) {
        const auto& each = image.segments[i];
        const address begin = image.base + each.at;
        if (each.type == loaded_segment && (each.flags & flags) == flags && at >= begin && at - begin <= each.size &&
            size <= each.size - (at - begin)) {
            return true;
        }
    }
    return false;
}

/// Whether a `table::image` of this version is at `at`.
[[nodiscard]] inline bool is_image(const loaded_image& info, address at) noexcept {
    if (at % alignof(table::image) != 0 || !has_bytes(info, at, sizeof(table::image), writable_segment)) {
        return false;
    }
    bool same = true;
    for (unsigned i = 0; i < sizeof(table::mark); ++i) {
        same = same && reinterpret_cast<const char*>(at)[i] == table::mark[i];
    }
    return same;
}

/// The `table::image` of a note, or null. If a tool moved the note (patchelf does), the image still has its distance
/// from the ELF header. If the tool also moved the header, it moved the header down by some pages.
[[nodiscard]] inline table::image* image_of(const loaded_image& info, const table::note& note) noexcept {
    address at = reinterpret_cast<address>(&note.image) + static_cast<address>(intptr_t{note.image});
    if (is_image(info, at)) {
        return reinterpret_cast<table::image*>(at);
    }
    address lowest = ~address{0};
    address highest = 0;
    for (unsigned i = 0; i < info.count; ++i) {
        const auto& each = info.segments[i];
        if (each.type == loaded_segment) {
            lowest = each.at < lowest ? each.at : lowest;
            highest = each.at + each.size > highest ? each.at + each.size : highest;
        }
    }
    constexpr address smallest_page = 4096;
    const auto distance = intptr_t{note.image} - intptr_t{note.elf_header} -
                          static_cast<intptr_t>(__builtin_offsetof(table::note, elf_header));
    at = info.base + (lowest & ~(smallest_page - 1)) + static_cast<address>(distance);
    for (; at < info.base + highest; at += smallest_page) {
        if (is_image(info, at)) {
            return reinterpret_cast<table::image*>(at);
        }
    }
    return nullptr;
}

/// The `table::image` of an image, by its note; null if it has none, or one of another version as well.
[[nodiscard]] inline table::image* find_image(const loaded_image& info) noexcept {
    constexpr char owner[8] = "inlay"; // NOLINT(*-avoid-c-arrays): as it is in the note, padded
    table::image* found = nullptr;
    for (unsigned i = 0; i < info.count; ++i) {
        const auto& header = info.segments[i];
        address at = info.base + header.at;
        const address end = at + header.size;
        if (header.type != note_segment || !has_bytes(info, at, header.size, readable_segment)) {
            continue;
        }
        // From word to word: linkers lay out notes of different alignments in different ways.
        for (; at + sizeof(note_header) + sizeof(owner) <= end; at += sizeof(uint32_t)) {
            const auto& note = *reinterpret_cast<const note_header*>(at);
            const auto* const text = reinterpret_cast<const char*>(at + sizeof(note));
            bool ours = note.name_size == 6;
            for (unsigned each = 0; each < sizeof(owner); ++each) {
                ours = ours && text[each] == owner[each];
            }
            if (ours && note.type != table::version) {
                return nullptr;
            }
            const address says = at + sizeof(note) + sizeof(owner);
            if (ours && found == nullptr && note.text_size == sizeof(table::note) &&
                says + sizeof(table::note) <= end) {
                found = image_of(info, *reinterpret_cast<const table::note*>(says));
            }
        }
    }
    return found;
}

// (Functions, since GCC compiles what a lambda converts to for the unit's processor.)
template <class Function>
int visit_once(void* /*image*/, size_t /*size*/, void* function) noexcept {
    (*static_cast<const Function*>(function))();
    return 1;
}
template <class Function>
int visit(void* image, size_t /*size*/, void* function) noexcept {
    return (*static_cast<const Function*>(function))(*static_cast<const loaded_image*>(image)) ? 1 : 0;
}

/// Calls `function()` while no image comes or goes. (glibc's list has a lock. musl's has none, but there nothing goes.)
template <class Function>
void while_loaded(const Function& function) noexcept {
    c::dl_iterate_phdr(&visit_once<Function>, const_cast<Function*>(&function));
}

/// Calls `function(const loaded_image&)` for each image until that returns true.
template <class Function>
void for_each_loaded(const Function& function) noexcept {
    c::dl_iterate_phdr(&visit<Function>, const_cast<Function*>(&function));
}

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

// ---- Joining and leaving ---------------------------------------------------------------------------

/// The shared page, from another image or new; null without memory. Counts this image as a user. Notes the place of
/// this image, if the loader shows its note.
[[nodiscard]] inline table::shared* find_shared(bool& known) noexcept {
    table::shared* result = nullptr;
    known = false;
    while_loaded([&]() noexcept {
        table::image* eldest = nullptr;
        for_each_loaded([&](const loaded_image& info) noexcept {
            const bool own =
                has_bytes(info, reinterpret_cast<address>(&own_image), sizeof(table::image), writable_segment);
            table::image* const image = own || result == nullptr ? find_image(info) : nullptr;
            if (image != nullptr) {
                eldest = eldest == nullptr ? image : eldest;
                table::shared* const shared = __atomic_load_n(&image->registry.shared, __ATOMIC_ACQUIRE);
                result = result == nullptr ? shared : result;
            }
            if (own && image == &own_image) {
                known = true;
                table::registry& registry = own_image.registry;
                registry.headers = info.segments;
                registry.count = info.count;
                registry.base = info.base;
            }
            return own;
        });
        if (!known) { // what others share is not for it
            result = nullptr;
            return;
        }
        if (result == nullptr) {
            constexpr int read_and_write = 3;    // PROT_READ | PROT_WRITE
            constexpr int private_memory = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
            void* const page = c::mmap(nullptr, sizeof(table::shared), read_and_write, private_memory, -1, 0);
            if (reinterpret_cast<address>(page) == ~address{0}) { // MAP_FAILED
                return;
            }
            auto* const made = static_cast<table::shared*>(page);
            // Where the loader's list has no lock, the first image decides.
            if (__atomic_compare_exchange_n(&eldest->registry.shared, &result, made, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                result = made;
            } else {
                c::munmap(page, sizeof(table::shared));
            }
        }
        __atomic_add_fetch(&result->users, 1U, __ATOMIC_RELAXED);
    });
    return result;
}

/// Gives up this image's use; the last one takes away what the images shared.
inline void forget_shared(table::shared* all) noexcept {
    while_loaded([&]() noexcept {
        if (__atomic_sub_fetch(&all->users, 1U, __ATOMIC_ACQ_REL) != 0) {
            return;
        }
        for_each_loaded([&](const loaded_image& info) noexcept {
            table::image* const image = find_image(info);
            if (image != nullptr && image->registry.shared == all) {
                __atomic_store_n(&image->registry.shared, nullptr, __ATOMIC_RELEASE);
            }
            return false;
        });
        if (all->reserve.buffer != nullptr) {
            c::munmap(all->reserve.buffer, all->reserve.buffer_size);
        }
        if (all->reserve.at != 0) {
            c::munmap(reinterpret_cast<void*>(all->reserve.at), all->reserve.size);
        }
        c::munmap(all, sizeof(table::shared));
    });
}

/// Whether what a name refers to is in this image. (apply() names the record that is not in order.)
[[nodiscard]] inline bool in_order(const loaded_image& image, const table::named& named) noexcept {
    const auto is_text = [&](address at) noexcept {
        for (; has_bytes(image, at, 1, readable_segment); ++at) {
            if (*reinterpret_cast<const char*>(at) == '\0') {
                return true;
            }
        }
        return false;
    };
    const address cell = target_of(named.cell);
    return is_text(target_of(named.name)) && is_text(target_of(named.signature)) && cell % alignof(table::cell) == 0 &&
           has_bytes(image, cell, sizeof(table::cell), writable_segment);
}

/// Calls `function(const table::named&)` for the names of this image that are in order.
template <class Function>
void for_each_own_name(const Function& function) noexcept {
    loaded_image info{};
    info.segments = static_cast<const segment*>(own_image.registry.headers);
    info.count = static_cast<uint16_t>(own_image.registry.count);
    info.base = own_image.registry.base;
    for (const table::named* each = own_image.names[0]; each < own_image.names[1]; ++each) {
        if (in_order(info, *each)) {
            function(*each);
        }
    }
}

/// Adds a name of this image to the names of the process, and takes over its current value.
inline void add_to_process(table::shared& all, const table::named& named) noexcept {
    table::cell& cell = cell_of(named);
    if (cell.state.owner != nullptr) {
        return;
    }
    // One of the same type will do: they all have the same setting.
    const table::named* const first = *place_of<&table::cell_state::under>(all.root, named);
    const table::named* known = first;
    while (known != nullptr && !same_type(*known, named)) {
        known = cell_of(*known).state.under[2];
    }
    if (known != nullptr && cell_of(*known).state.changed != 0) {
        store(cell, setting_of(cell_of(*known)), own_image.registry);
    }
    if (first != nullptr && known != first) {
        cell_of(*first).state.mixed = 1;
    }
    cell.state.owner = &own_image;
    add_name<&table::cell_state::under>(all.root, named);
}

/// Joins this image to the images of the process that use inlay, if it has not joined yet. Thread-safe.
[[nodiscard, gnu::noinline]] inline error join() noexcept {
    table::registry& own = own_image.registry;
    const uint32_t before = __atomic_load_n(&own.joined, __ATOMIC_ACQUIRE);
    if (before != 0) {
        return before == 1 ? error::no_error : error::image_left;
    }
    bool known = false;
    table::shared* const all = find_shared(known);
    if (all == nullptr) {
        return known ? error::text_not_writable : error::image_unknown;
    }
    bool taken = false;
    if (const error trouble = acquire(*all, taken); trouble != error::no_error) {
        forget_shared(all);
        return trouble;
    }
    const bool first = own.joined == 0;
    if (first) {
        __atomic_store_n(&own.shared, all, __ATOMIC_RELEASE);
        for_each_own_name([&](const table::named& named) noexcept { add_to_process(*all, named); });
        own.next = all->images;
        all->images = &own_image;
        __atomic_store_n(&own.joined, 1U, __ATOMIC_RELEASE);
    }
    if (taken) {
        release(*all);
    }
    if (!first) { // by another thread
        forget_shared(all);
    } else if (own.forks == 0) {
        own.forks = 1;
        (void)c::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child);
    }
    return error::no_error;
}

/// Takes this image out of the process: it is about to be unloaded.
[[gnu::noinline]] inline void leave() noexcept {
    table::registry& own = own_image.registry;
    if (!has_joined()) {
        return;
    }
    table::shared* const all = own.shared;
    bool taken = false;
    if (acquire(*all, taken) != error::no_error) { // exit() in the middle of a change
        return;
    }
    for_each_own_name([&](const table::named& named) noexcept {
        if (table::cell_state& state = cell_of(named).state; state.owner != nullptr) {
            remove_name<&table::cell_state::under>(all->root, named); // the first one of the cell's, as in join()
            state.owner = nullptr;
        }
    });
    table::image** place = &all->images;
    while (*place != &own_image) {
        place = &(*place)->registry.next;
    }
    *place = own.next;
    table::spare_text& spare = own.spare;
    if (spare.at != 0) {
        c::munmap(reinterpret_cast<void*>(spare.at), spare.end - spare.begin);
    }
    if (spare.staged != nullptr) {
        c::munmap(spare.staged, spare.staged_size);
    }
    spare = {};
    __atomic_store_n(&own.joined, 2U, __ATOMIC_RELEASE);
    if (taken) {
        release(*all);
    }
    forget_shared(all);
}

/// Entries of .init_array and .fini_array.
inline void join_at_load() noexcept { (void)join(); }

} // namespace baseline

} // namespace detail

} // namespace inlay

INLAY_BASELINE_END
