// SPDX-License-Identifier: BSL-1.0
//
// bare: writing text where nothing stands between the patcher and memory.
//
//     inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{text, text_end}, {image, image_end}};
//     auto done = inlay::apply(inlay::this_image(), kernel);
//
// How it works. The kernel says where its text and its image are, and has made text writable (or passes an
// alias: `alias` is added to each address written). A site is stored piece by piece: no other processor may run
// the sites, and interrupts must be off while apply() runs, since a handler could meet a half-written site.
// After the last store the processor is made to fetch anew. On AArch64 what was written must also be cleaned from
// the data cache first, which is not done here yet: pass an alias that is not cached.
#pragma once

#include "inlay/arch/emit.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace inlay::platform {
// Users' types have these in them, or derive from them. A hidden type may not be in one that is not, so it is the
// functions that are hidden, each by itself.
inline namespace INLAY_TARGET {

/// Addresses from `begin` up to, not including, `end`.
struct range {
    std::uintptr_t begin;
    std::uintptr_t end;

    [[nodiscard, gnu::noinline, gnu::visibility("hidden")]] constexpr bool contains(std::uintptr_t at,
                                                                                    std::size_t size) const noexcept {
        return at >= begin && at <= end && size <= end - at;
    }
};

/// A text_platform for kernels. `Synchronise` is called after the last write: a serialising instruction, or
/// what the architecture asks for (see arch/*/emit.hpp).
template <void (*Synchronise)() noexcept>
struct bare {
    range text{};
    range image{};
    std::uintptr_t alias{}; ///< distance in bytes from text to where it may be written
    bool wrong_alias{};     ///< at that distance there was something else than the text
    range freed{};          ///< of the text, that of the initialisation, once it is not there any more

    [[nodiscard, gnu::visibility("hidden")]] bool readable(std::uintptr_t at, std::size_t size) const noexcept {
        return image.contains(at, size);
    }
    [[nodiscard, gnu::visibility("hidden")]] bool writable(std::uintptr_t at, std::size_t size) const noexcept {
        return image.contains(at, size) && !text.contains(at, 1);
    }
    [[nodiscard, gnu::visibility("hidden")]] bool executable(std::uintptr_t at, std::size_t size) const noexcept {
        return text.contains(at, size) && !(at < freed.end && freed.begin < at + size);
    }
    /// Sites there are passed over, by apply() and by changes.
    [[nodiscard, gnu::visibility("hidden")]] bool gone(std::uintptr_t at) const noexcept {
        return freed.contains(at, 1);
    }

    /// With an alias it looks before and after: what lies there must be the text itself.
    [[gnu::visibility("hidden")]] bool write(std::uintptr_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
        auto* const to = reinterpret_cast<std::uint8_t*>(at + alias);
        const auto* const fetched = reinterpret_cast<const std::uint8_t*>(at);
        wrong_alias = alias != 0 && !detail::equal(to, fetched, size);
        if (!wrong_alias) {
            detail::copy(to, bytes, size);
            if (alias != 0) {
                arch::emit::forget_data(at, size);
                wrong_alias = !detail::equal(fetched, bytes, size);
            }
        }
        return !wrong_alias;
    }

    /// Whether the last refusal was for a wrong alias.
    [[nodiscard, gnu::visibility("hidden")]] bool ineffective() const noexcept { return wrong_alias; }

    [[gnu::visibility("hidden")]] bool finish() noexcept {
        Synchronise();
        return true;
    }
};

} // namespace INLAY_TARGET

} // namespace inlay::platform
