// SPDX-License-Identifier: BSL-1.0
//
// reader: reads the tables of an image, and distrusts them.
//
//     inlay::reader<Image> from{image};
//     const auto& choice = from.follow<inlay::table::choice>(record.choices);
//     if (from.trouble != inlay::error::no_error) ...
//
// How it works. An image says which memory may be read: `bool readable(address, size_t) const noexcept`. The reader
// asks it each time. It remembers the first error, and from then on it reads zeros, which end every walk. So the code
// that walks needs no branch for each thing that could be wrong, and the patcher is small.
//
// An image may be that of another machine, in a file. Then it has two more members:
//
//     using target = inlay::aarch64::target;              // without it, the image's code is that of this unit
//     address pointer_at(address at) const noexcept;      // without it, pointers in the image are pointers of this process
//
// All addresses are those where the image is in the memory of this process. References in tables are distances, so they
// need no more. Only a pointer in the image has the width and the addresses of its own machine: pointer_at() alone
// translates them.
#pragma once

#include "inlay/arch/here.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

template <class Image>
struct target_that_image_names {
    using type = arch::here;
};
template <class Image>
    requires requires { typename Image::target; }
struct target_that_image_names<Image> {
    using type = typename Image::target;
};

/// The target of an image's code.
template <class Image>
using image_target = typename target_that_image_names<Image>::type;

/// The pointer at `at`, as an address in this process. `at` is aligned and readable.
template <class Image>
[[nodiscard]] address pointer_at(const Image& image, address at) noexcept {
    if constexpr (requires { image.pointer_at(at); }) {
        return image.pointer_at(at);
    } else {
        return *reinterpret_cast<const address*>(at);
    }
}

/// An image that is in this process to run: nothing in it needs to be translated.
struct live_image {};

/// The pointers of an image that does not run in this process.
template <class Image>
struct pointers_of {
    const Image& image;

    [[nodiscard]] address pointer_at(address at) const noexcept { return detail::pointer_at(image, at); }
};

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

/// Reads the tables of an image.
template <class Image>
struct reader {
    const Image& image;
    error trouble{error::no_error}; ///< the first error
    address refused{};              ///< the address in question, or 0
    unsigned steps{};               ///< nodes of predicates visited since choose() began

    [[gnu::noinline]] void fail(error what, address at = 0) noexcept {
        if (trouble == error::no_error) {
            trouble = what;
            refused = at;
        }
    }

    /// The target of `from`, or zeros.
    template <class T>
    [[nodiscard]] const T& follow(const table::reference& from) noexcept {
        static_assert(sizeof(T) <= sizeof(nothing) && alignof(T) <= alignof(uint64_t));
        return *static_cast<const T*>(locate(from.target(), from ? sizeof(T) : 0));
    }

    /// `size` readable bytes at `at`, or zeros. Everything in the tables is aligned to four bytes.
    [[nodiscard, gnu::noinline]] const void* locate(address at, size_t size) noexcept {
        if (size != 0 && at % 4 == 0 && image.readable(at, size)) {
            return reinterpret_cast<const void*>(at);
        }
        fail(error::reference_outside, at);
        return nothing;
    }

    static inline constinit uint64_t nothing[8]{}; // NOLINT(*-avoid-c-arrays); in .bss, never written
};

} // namespace INLAY_TARGET

namespace detail {
inline namespace INLAY_TARGET {

using table::deepest_tree;
using table::longest_list;

/// A predicate with more nodes than this also counts as endless. Each node may refer to the same node twice, so that
/// without a memo, a few nodes take many steps.
inline constexpr unsigned most_steps = 65535;

/// References to data that is aligned to four bytes have two spare bits. They hold data about the record.
inline constexpr address spare_bits = 3;

/// The number of executable bytes among the `most` bytes from `at` on. An instruction may be the last one of the text;
/// then no later byte is needed.
template <class Image>
[[nodiscard, gnu::noinline]] size_t executable_from(const Image& image, address at, size_t most) noexcept {
    size_t good = 0;
    for (size_t bad = most + 1, middle = most; bad - good > 1; middle = good + (bad - good) / 2) {
        (image.executable(at, middle) ? good : bad) = middle;
    }
    return good;
}

/// The callee of a call.
template <class Image>
[[nodiscard]] const table::callee& callee_of(reader<Image>& from, const table::call_record& record) noexcept {
    return *static_cast<const table::callee*>(from.locate(record.callee.target() & ~spare_bits, sizeof(table::callee)));
}

/// Whether a call's reference goes to a name: then the call is a static call, not a dispatch.
[[nodiscard]] inline bool is_named(const table::tables& tables, const table::reference& from) noexcept {
    return from.target() - reinterpret_cast<address>(tables.names.records) < tables.names.bytes;
}

/// The key or static call of a record. It must be one of `tables`.
template <class Image>
[[nodiscard]] const table::named& named_of(reader<Image>& from, const table::tables& tables,
                                           const table::reference& reference) noexcept {
    const address at = reference.target() & ~spare_bits;
    const address offset = at - reinterpret_cast<address>(tables.names.records);
    const bool good = offset < tables.names.bytes && offset % sizeof(table::named) == 0;
    return *static_cast<const table::named*>(from.locate(at, good ? sizeof(table::named) : 0));
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
