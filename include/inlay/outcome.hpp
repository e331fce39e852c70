// SPDX-License-Identifier: BSL-1.0
//
// outcome: the result of apply(), set() or update(): counts, or the reason for a failure.
//
//     if (auto done = inlay::apply(); !done) {
//         puts(inlay::message(done.error()));               // and done.record(): which site
//     }
//
// How it works. The first error stays, with its record; the counts are of all sites. An outcome is small and has no
// destructor, so a kernel returns it by value.
#pragma once

#include "inlay/errors.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay {

/// Which table a record is in.
enum class table_kind : uint8_t { no_table, alternatives, calls, keys, names };

/// A record's place: table, index from 0, and the address of its site. A name has no site; its place has the refused
/// address.
struct record_id {
    table_kind table;
    uint32_t index;
    address site;
};

/// One name with two types: the types as mangled names, for `c++filt` and __cxa_demangle().
struct name_clash {
    const char* name;
    const char* type;       ///< of the record that the error is about
    const char* other_type; ///< as the name is used elsewhere in the image, or in another one
};

/// The result of apply(), set() or update(). Counts are numbers of sites. A user's type may contain an outcome. So each
/// function is hidden, and not the type.
class [[nodiscard("inlay: it says whether anything went wrong: if (auto done = inlay::apply(); !done) { "
                  "puts(inlay::message(done.error())); }")]] outcome {
public:
    [[gnu::visibility("hidden")]] constexpr outcome() noexcept = default;
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr outcome(inlay::error what, const char* detail) noexcept
        : what_{what}, about_{.detail = detail} {}

    /// True if every record was good and everything decided was written.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr explicit operator bool() const noexcept {
        return what_ == inlay::error::no_error;
    }
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr inlay::error error() const noexcept {
        return what_;
    }
    /// The record with the error; table_kind::no_table if the error concerns no record.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr record_id record() const noexcept {
        return where_;
    }
    /// The override that the error is about, in the list of overrides; it ends at a comma or null. For a change by name
    /// (names.hpp): where in its arguments the unknown name or value begins. Else "".
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr const char* detail() const noexcept {
        return is_about_text() ? about_.detail : "";
    }
    /// The refused address: the target of a reference, the place of a site, or text that could not be written. 0 if the
    /// error concerns no address.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr address refused() const noexcept {
        return what_ == inlay::error::name_clash || is_about_text() ? 0 : about_.refused;
    }

    /// The texts for an error::name_clash; for other results, empty strings. Valid while both images are loaded.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] name_clash clash() const noexcept {
        return what_ != inlay::error::name_clash
                   ? name_clash{"", "", ""}
                   : name_clash{text(about_.named->name), text(about_.named->signature), text(other_->signature)};
    }

    uint32_t sites{};        ///< alternatives in the table
    uint32_t written{};      ///< alternatives whose bytes changed; of set() and update(): sites whose bytes changed
    uint32_t calls{};        ///< calls in the table, of dispatches and static calls
    uint32_t calls_found{};  ///< calls whose instruction was found after their marker
    uint32_t calls_direct{}; ///< calls that now go straight to their target, or are replaced (nothing, returns zero)
    uint32_t keys{};         ///< sites of keys and switches in the table
    uint32_t keys_direct{};  ///< sites of keys that are a nop or a jump now, and read no memory
    int32_t system_error{};  ///< where text could not be written: the platform's errno, if it has one

    /// Calls that go on through their trampoline: not found, the target out of reach, or text not changeable later.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr uint32_t calls_kept() const noexcept {
        return calls - calls_direct;
    }
    /// Calls that were not found after their marker.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr uint32_t calls_missed() const noexcept {
        return calls - calls_found;
    }

    /// Notes that `one` and `other` have the same name but differ in type. The first error stays.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void
    fail(const table::named& one, const table::named& other, record_id where) noexcept {
        if (what_ == inlay::error::no_error) {
            fail(inlay::error::name_clash, where);
            about_.named = &one;
            other_ = &other;
        }
    }

    /// Replaces the error by a worse one; the record stays.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void worsen(inlay::error what) noexcept {
        what_ = what;
    }

    /// Notes that an entry in a list of overrides or settings is wrong. The first error stays.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void fail(inlay::error what,
                                                                          const char* entry) noexcept {
        if (what_ == inlay::error::no_error) {
            what_ = what;
            about_.detail = entry;
        }
    }

    /// Notes the error, its record and the refused address; the first note stays.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void fail(inlay::error what, record_id where,
                                                                          address refused = 0) noexcept {
        if (what_ == inlay::error::no_error && what != inlay::error::no_error) {
            what_ = what;
            where_ = where;
            about_.refused = refused;
        }
    }

private:
    inlay::error what_{inlay::error::no_error};
    record_id where_{table_kind::no_table, 0, 0};
    // All zero, and no larger than this: else some compilers call memcpy or memset, and a kernel need not have them.
    union about { // which one, `what_` says
        address refused;
        const char* detail;        ///< of an override, or a setting
        const table::named* named; ///< of a clash
    };
    about about_{.refused = 0};
    const table::named* other_{};

    /// Whether `about_` is a detail. (set() blames a record for its value.)
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr bool is_about_text() const noexcept {
        using enum inlay::error;
        const bool of_a_value =
            what_ == value_outside || what_ == target_null || what_ == not_enabled || what_ == enabled_too_often;
        return what_ == override_malformed || what_ == override_unknown || what_ == name_unknown ||
               what_ == value_unknown || what_ == setting_malformed ||
               (of_a_value && where_.table == table_kind::no_table);
    }

    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] static const char*
    text(const table::reference& from) noexcept {
        return reinterpret_cast<const char*>(from.target());
    }
};
static_assert(sizeof(outcome) <= 80);

} // namespace inlay
