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
// The lock of the shared page (images/shared.hpp) keeps images from leaving during a change. A change needs neither the
// loader's lock nor its list; only joining and leaving call dl_iterate_phdr(3).
//
// When an image is loaded, no code has asked the processor yet. So this code is compiled for any processor
// (INLAY_BASELINE). Images in a namespace of dlmopen(3) see only each other.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/image.hpp"
#include "inlay/images/loaded.hpp"
#include "inlay/images/shared.hpp"
#include "inlay/name_hash.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

INLAY_BASELINE

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

namespace c { // functions of the C library, declared here for the reason in images/loaded.hpp
[[gnu::visibility("default")]] int pthread_atfork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept
    __asm__("pthread_atfork");
[[gnu::visibility("default")]] void* mmap(void* at, size_t size, int protection, int flags, int file,
                                          long offset) noexcept __asm__("mmap");
[[gnu::visibility("default")]] int munmap(void* at, size_t size) noexcept __asm__("munmap");
[[gnu::visibility("default")]] int pthread_setcancelstate(int state, int* before) noexcept
    __asm__("pthread_setcancelstate");
} // namespace c

inline namespace baseline {

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
        if (!known) { // it does not join the others
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

/// Gives up this image's use; the last image removes the shared data.
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

/// Whether the texts and the cell of a name are in this image, and the cell is one of the name. (apply() names the
/// record that is not in order.)
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
           has_bytes(image, cell, sizeof(table::cell), writable_segment) &&
           cell_of(named).state.hash == hash_of(text_at(named.name));
}

/// Calls `function(const table::named&)` for the names of this image that are in order; whether all are.
template <class Function>
bool for_each_own_name(const Function& function) noexcept {
    loaded_image info{};
    info.segments = static_cast<const segment*>(own_image.registry.headers);
    info.count = static_cast<uint16_t>(own_image.registry.count);
    info.base = own_image.registry.base;
    bool all = true;
    for (const table::named* each = own_image.names[0]; each < own_image.names[1]; ++each) {
        if (in_order(info, *each)) {
            function(*each);
        } else {
            all = false;
        }
    }
    return all;
}

/// Adds a name of this image to the names of the process, and takes over its current value.
inline void add_to_process(table::shared& all, const table::named& named) noexcept {
    table::cell& cell = cell_of(named);
    if (cell.state.owner != nullptr) {
        return;
    }
    // Any cell of the same type will do: all of them have the same setting.
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
        if (!for_each_own_name([&](const table::named& named) noexcept { add_to_process(*all, named); })) {
            own.complete |= table::registry_malformed;
        }
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
    (void)for_each_own_name([&](const table::named& named) noexcept {
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
