// SPDX-License-Identifier: BSL-1.0
//
// missing: reports a call of an operation that has no target.
//
//     inlay::on_missing_operation([](const char* operation) noexcept { panic(operation); });
//
// How it works. The pointer of such an operation leads to a thunk, which hands on the address that the call returns to.
// The record whose site ends at this address has the name of the operation.
#pragma once

#include "inlay/image.hpp"
#include "inlay/words.hpp"

#if defined(__linux__) && __STDC_HOSTED__
#include <cstdio>
#include <cstdlib>
#endif

namespace [[gnu::visibility("hidden")]] inlay {

/// The function for calls of an operation without a target: it gets the operation's name, such as "irq.kick". If it
/// returns, the call gives zero.
using missing_handler = void (*)(const char* operation) noexcept;

namespace detail {

[[noreturn, gnu::visibility("hidden")]] inline void
missing_by_default([[maybe_unused]] const char* operation) noexcept {
#if defined(__linux__) && __STDC_HOSTED__
    std::fprintf(stderr, "inlay: the paravirt operation %s has no target\n", operation);
    std::abort();
#else
    __builtin_trap();
#endif
}

// Each image needs its own object; newer Clangs warn of duplicates.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunique-object-duplication"
[[gnu::visibility("hidden")]] inline constinit missing_handler missing = &missing_by_default;
#pragma GCC diagnostic pop

inline namespace INLAY_TARGET {

/// The name of the operation whose call returns to `at`.
[[nodiscard, gnu::visibility("hidden")]] inline const char* operation_called_before(address at) noexcept {
    const table::section<const table::alternative_record> all = this_image().alternatives;
    for (size_t i = 0; i < all.size(); ++i) {
        const auto* each = reinterpret_cast<const table::choice*>(all.records[i].choices.target());
        const address site = all.records[i].site.target();
        if (at <= site || at > site + each->length) {
            continue;
        }
        while (each->otherwise) {
            each = reinterpret_cast<const table::choice*>(each->otherwise.target());
        }
        if (reinterpret_cast<const table::form*>(each->form.target())->kind == table::form_kind::indirect_call) {
            return reinterpret_cast<const char*>(each->name.target());
        }
    }
    return "of another image";
}

} // namespace INLAY_TARGET

/// The target of operations that have none; called by a thunk.
template <class Result>
[[gnu::visibility("hidden")]] inline Result report_missing(address return_address) noexcept {
    missing(operation_called_before(return_address));
    return 0;
}

} // namespace detail

/// Sets the handler for calls of missing operations. By default, a program says so and aborts, and a kernel traps. Not
/// thread-safe. An image has one handler.
[[gnu::visibility("hidden")]] inline void on_missing_operation(missing_handler handler) noexcept {
    detail::missing = handler;
}

} // namespace inlay
