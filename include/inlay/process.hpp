// SPDX-License-Identifier: BSL-1.0
//
// process: apply(), set() and update() for ordinary programs and shared libraries on Linux.
//
//     int main() {
//         auto done = inlay::apply();
//         if (!done) std::fprintf(stderr, "inlay: %s\n", inlay::message(done.error()));
//
// The environment variable INLAY_FEATURES forces features, e.g. INLAY_FEATURES=-avx2,+app.x; a name that no
// feature has is an error and nothing is patched.
//
// How it works. Each image (program, shared library, plugin) applies its own tables. Keys and static calls are one
// thing by name in the whole process: set() and update() go through the images that are loaded, find those with
// inlay's note, and change all that have the name. No image keeps an address of another, so a library that
// is unloaded leaves nothing behind. An image that is loaded later takes over what was set when it calls apply(), or
// when the next set() or update() comes by.
//
// All this happens inside dl_iterate_phdr(3), whose lock in glibc keeps images from coming and going, and of which
// there is one in a process: it is also the lock that updates wait for. (GCC's unwinder counts on it as well.)
#pragma once

#include "inlay/apply.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/override.hpp"
#include "inlay/platform/linux.hpp"
#include "inlay/poke.hpp"

#include <cstdlib>

// ThreadSanitizer cannot see the lock inside dl_iterate_phdr(), and must be told.
#if defined(__SANITIZE_THREAD__)
#define INLAY_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define INLAY_THREAD_SANITIZER 1
#endif
#endif
#ifdef INLAY_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address); // NOLINT(bugprone-reserved-identifier): the sanitizer's
extern "C" void __tsan_release(void* address); // NOLINT(bugprone-reserved-identifier)
#endif

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// Calls `function()` while no image comes or goes and nothing else changes text.
template <class Function>
[[gnu::visibility("hidden")]] void exclusively(const Function& function) noexcept {
    ::dl_iterate_phdr(
        [](dl_phdr_info* /*image*/, std::size_t /*size*/, void* data) noexcept {
#ifdef INLAY_THREAD_SANITIZER
            __tsan_acquire(reinterpret_cast<void*>(&::dl_iterate_phdr));
#endif
            (*static_cast<const Function*>(data))();
#ifdef INLAY_THREAD_SANITIZER
            __tsan_release(reinterpret_cast<void*>(&::dl_iterate_phdr));
#endif
            return 1; // once
        },
        const_cast<Function*>(&function));
}

/// The `table::image` of an image, by its note; null if it has none.
[[nodiscard, gnu::visibility("hidden")]] inline table::image* find_image(const dl_phdr_info& info,
                                                                         const platform::process& process) noexcept {
    constexpr char owner[8] = "inlay"; // NOLINT(*-avoid-c-arrays): as it is in the note, padded
    for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
        const auto& header = info.dlpi_phdr[i];
        const std::uintptr_t end = info.dlpi_addr + header.p_vaddr + header.p_memsz;
        std::uintptr_t at = info.dlpi_addr + header.p_vaddr;
        if (header.p_type != PT_NOTE || !process.readable(at, header.p_memsz)) {
            continue;
        }
        // From word to word: linkers differ in how they lay out notes of one alignment among those of another.
        for (; at + sizeof(ElfW(Nhdr)) + sizeof(owner) + sizeof(table::reference) <= end; at += sizeof(std::uint32_t)) {
            const auto& note = *reinterpret_cast<const ElfW(Nhdr)*>(at);
            const std::uintptr_t text = at + sizeof(note);
            if (note.n_namesz == 6 && note.n_descsz == sizeof(table::reference) && note.n_type == table::version &&
                std::memcmp(reinterpret_cast<const void*>(text), owner, sizeof(owner)) == 0) {
                return reinterpret_cast<table::image*>(
                    reinterpret_cast<const table::reference*>(text + sizeof(owner))->target());
            }
        }
    }
    return nullptr;
}

/// Calls `function(table::image&, platform::process&)` for each image that has keys or static calls.
template <class Function>
[[gnu::visibility("hidden")]] void for_each_image(const Function& function) noexcept {
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t /*size*/, void* data) noexcept {
            platform::process process{*info, platform::process::way::replace_page};
            if (table::image* const image = find_image(*info, process)) {
                (*static_cast<const Function*>(data))(*image, process);
            }
            return 0;
        },
        const_cast<Function*>(&function));
}

/// Makes all names of all images known, and those of new images take over what was set before they came.
[[gnu::visibility("hidden")]] inline void meet() noexcept {
    for_each_image([](table::image& image, platform::process& process) noexcept {
        const table::tables tables = tables_of(image);
        register_names(tables, process);
        if (image.registry.met != 0) {
            return;
        }
        image.registry.met = 1;
        for (std::size_t i = 0; i < tables.names.size(); ++i) {
            const table::named& named = tables.names.records[i];
            reader<platform::process> from{process};
            check_named(from, named);
            if (from.trouble != error::no_error) {
                continue; // apply() says so
            }
            for_each_image([&](table::image& other, platform::process& /*process*/) noexcept {
                for_each_namesake(other.registry.root, named, [&](const table::named& known) noexcept {
                    if (&other != &image && cell_of(known).state.changed != 0 && same_type(known, named)) {
                        store(cell_of(named), setting_of(cell_of(known)), image.registry);
                    }
                });
            });
        }
    });
}

/// Notes the first name of `tables` that has another type in another image.
[[gnu::visibility("hidden")]] inline void find_clash(const table::tables& tables, const platform::process& process,
                                                     outcome& done) noexcept {
    for (std::size_t i = 0; i < tables.names.size() && done; ++i) {
        const table::named& named = tables.names.records[i];
        reader<platform::process> from{process};
        check_named(from, named);
        done.fail(from.trouble, {table_kind::names, static_cast<std::uint32_t>(i), from.refused}, from.refused);
        if (!done) {
            return;
        }
        for_each_image([&](table::image& other, platform::process& /*process*/) noexcept {
            for_each_namesake(other.registry.root, named, [&](const table::named& known) noexcept {
                if (!same_type(known, named)) {
                    done.fail(named, known, {table_kind::names, static_cast<std::uint32_t>(i), 0});
                }
            });
        });
    }
}

/// Makes the change in all images of the process.
[[gnu::visibility("hidden"), gnu::noinline]] inline outcome change_process(const table::named& what,
                                                                           const change& change) noexcept {
    outcome done;
    exclusively([&]() noexcept {
        meet();
        done = make_change(what, change, [](const auto& function) noexcept {
            for_each_image(
                [&](table::image& image, platform::process& process) noexcept { function(tables_of(image), process); });
        });
    });
    return done;
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Patches every site of the image (program or shared library) that calls it. Call it early in main(), or in
/// a library's constructor, before other threads run through its sites. Idempotent. error::name_clash if a name of the
/// image has another type there or in another image.
[[gnu::visibility("hidden")]] inline outcome apply() noexcept {
    const table::tables tables = this_image();
    outcome done;
    detail::exclusively([&]() noexcept {
        platform::process self;
        // NOLINTNEXTLINE(concurrency-mt-unsafe): set-up code, see above
        done = override_features(tables, self, std::getenv("INLAY_FEATURES"), arch::is_feature_name);
        if (done && tables.names.bytes != 0) {
            detail::meet();
            detail::find_clash(tables, self, done);
        }
        if (done) {
            done = apply(tables, self);
        }
    });
    return done;
}

// ---- In the whole process; see poke.hpp ------------------------------------------------------------

/// Sets the key: on, or off. A count of enable() becomes 1, or 0. Thread-safe.
template <name Name, bool Initial>
[[gnu::visibility("hidden")]] outcome set(const static_key<Name, Initial>& /*key*/, bool value) noexcept {
    return detail::change_process(detail::described<static_key<Name, Initial>>(), detail::to_value(value));
}

/// Sets the switch to one of its ways; error::value_outside if it has no such. Thread-safe.
template <name Name, unsigned Ways, auto Initial>
[[gnu::visibility("hidden")]] outcome set(const static_switch<Name, Ways, Initial>& /*key*/,
                                          typename static_switch<Name, Ways, Initial>::value_type value) noexcept {
    return detail::change_process(detail::described<static_switch<Name, Ways, Initial>>(),
                                  detail::to_way<Ways>(static_cast<unsigned>(value)));
}

/// Turns the key on, until as many disable() as enable() were called. (Linux: static_key_slow_inc().) Thread-safe.
template <name Name, bool Initial>
[[gnu::visibility("hidden")]] outcome enable(const static_key<Name, Initial>& /*key*/) noexcept {
    return detail::change_process(detail::described<static_key<Name, Initial>>(), detail::enabling);
}

/// Takes back one enable(); error::not_enabled if there is none to take back. Thread-safe.
template <name Name, bool Initial>
[[gnu::visibility("hidden")]] outcome disable(const static_key<Name, Initial>& /*key*/) noexcept {
    return detail::change_process(detail::described<static_key<Name, Initial>>(), detail::disabling);
}

/// Gives the call another target. error::target_null where that is null and the call returns an object. Thread-safe.
/// The target must stay loaded as long as the call goes to it.
template <name Name, auto Default>
[[gnu::visibility("hidden")]] outcome update(const static_call<Name, Default>& /*call*/,
                                             detail::target_for<static_call<Name, Default>> target) noexcept {
    return detail::change_process(detail::described<static_call<Name, Default>>(), detail::to_target(target));
}
template <name Name, auto Default, class Target>
    requires detail::other_target<Target, static_call<Name, Default>>
[[gnu::visibility("hidden")]] outcome update(const static_call<Name, Default>& /*call*/,
                                             const Target& target) noexcept {
    using call = static_call<Name, Default>;
    return detail::change_process(detail::described<call>(),
                                  detail::to_special_target<typename call::function>(target));
}

} // namespace INLAY_TARGET

} // namespace inlay

#undef INLAY_THREAD_SANITIZER
