// SPDX-License-Identifier: BSL-1.0
//
// error: what apply() can find wrong, and where.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay {

enum class error : uint8_t {
    no_error,
    table_truncated,         ///< the section's size is no multiple of a record's
    reference_outside,       ///< a reference leaves the image, or is not aligned
    site_outside_text,       ///< the site is not inside executable memory of the image
    site_empty,              ///< the site has length 0
    site_too_long,           ///< the site is longer than max_code_length
    sites_overlap,           ///< two sites share bytes without starting at the same one
    form_too_long,           ///< a replacement is longer than its site
    form_unknown,            ///< a form of no known kind
    call_behind_alternative, ///< a call through a pointer that comes after an alternative of the same site
    form_operand_outside,    ///< a relative operand reaches over the end of its form
    predicate_unknown,       ///< a predicate node of no known kind
    feature_unknown,         ///< a feature whose probe is of no known kind
    description_endless,     ///< choices or predicate nodes that refer to each other in a circle
    ordinal_outside,         ///< a choice of a target that the callee does not have
    target_out_of_range,     ///< a relative operand does not fit its field at the site
    text_not_writable,       ///< the platform cannot write text; the sites keep the form they had
    write_ineffective,       ///< text was written, but what the processor fetches is another
    text_moved,              ///< the program was rewritten after it was linked; its tables describe the old text
    site_changed,            ///< a site holds what inlay did not write there
    change_incomplete,       ///< a change failed half-way and could not be taken back: some sites have the new form
    image_unknown,           ///< the loader or the image itself does not show inlay's note, or shows another version's
    image_left,              ///< the image's destructors have run: it is unloaded, or the program ends
    change_nested,           ///< a change within a change: from a signal handler
    process_forked,          ///< forked without fork()'s handlers while a change was made; it can change nothing
    probe_first,             ///< a probe has to run before; apply() sees to it
    name_clash,              ///< one name stands for two types; see outcome::clash()
    value_outside,           ///< a switch was set to a value that it does not have
    target_null,             ///< a static call that returns an object was given a null target
    candidate_unknown,       ///< a dispatch was given a function that is none of its own
    candidate_unsupported,   ///< a dispatch was given a function whose predicate does not hold
    not_enabled,             ///< disable() without an enable() before it
    enabled_too_often,       ///< enable() 2^31 - 1 times without a disable()
    override_malformed,      ///< an override that is not +name or -name
    override_unknown,        ///< an override names a feature that does not exist; apply() of a program has patched all
                             ///< the same
    name_unknown,            ///< no key, switch or static call of the process has this name (names.hpp)
    value_unknown,           ///< a text that is no value of the key, switch or static call
    setting_malformed,       ///< a setting that is not name=value
    file_unreadable,         ///< a file of settings cannot be read
    no_memory,               ///< the system gave no memory for a list of names
    others_run,              ///< other processors run the site; its instructions cannot be exchanged beneath them
};

namespace [[gnu::visibility("hidden")]] detail {

struct explanation {
    error what;
    const char* text;
};

/// In the order of the enumerators.
inline constexpr explanation explanations[] = {
    // NOLINT(*-avoid-c-arrays): freestanding
    {error::no_error, "no error"},
    {error::table_truncated, "the table's size is not a multiple of a record's: the section was truncated"},
    {error::reference_outside, "the record refers to memory outside the image"},
    {error::site_outside_text, "the record's site is not in executable memory of the image"},
    {error::site_empty, "the record's site has length 0"},
    {error::site_too_long, "the record's site is longer than 64 bytes"},
    {error::sites_overlap, "the record's site overlaps another one that does not start at the same byte"},
    {error::form_too_long, "a replacement is longer than the record's site"},
    {error::form_unknown, "a form is of unknown kind"},
    {error::call_behind_alternative,
     "the record is a call's, behind an alternative of the same site: the call would overwrite it"},
    {error::form_operand_outside, "a form has a relative operand that reaches over its end"},
    {error::predicate_unknown, "a predicate is of unknown kind"},
    {error::feature_unknown, "a feature has a probe of unknown kind"},
    {error::description_endless, "the record's choices or predicates do not end"},
    {error::ordinal_outside, "a choice names a target that the callee does not have"},
    {error::target_out_of_range, "a relative operand of the chosen form does not reach its target from the site"},
    {error::text_not_writable, "text cannot be written in this process; every site keeps a form that works"},
    {error::write_ineffective,
     "what was written is not what the processor fetches from the site: the platform writes somewhere else"},
    {error::text_moved,
     "the program was rewritten after linking (llvm-bolt): its tables describe the old text, which does not run"},
    {error::site_changed,
     "the site holds bytes that inlay did not write: a debugger's breakpoint, or another patcher's"},
    {error::change_incomplete,
     "a change failed half-way and could not be taken back: some sites have the new form, some the old"},
    {error::image_unknown, "the program or library has no note of inlay, or one of another version: a linker script or "
                           "a tool has removed section .note.inlay"},
    {error::image_left, "the program or library has run its destructors: nothing in it is changed any more"},
    {error::change_nested,
     "a change was asked for by what interrupted another change: set() and update() are not for signal handlers"},
    {error::process_forked, "this process was forked without fork() while another thread was changing keys or calls"},
    {error::probe_first, "a feature's probe has to run first"},
    {error::name_clash, "one name stands for two types; outcome::clash() has the name and both types"},
    {error::value_outside, "the switch has no such value"},
    {error::target_null, "a static call that returns an object cannot have a null target"},
    {error::candidate_unknown, "the dispatch has no such function: choose one of its own, by its address or number"},
    {error::candidate_unsupported,
     "the predicate of this function does not hold on this processor: choose another, or say inlay::unsupported_too"},
    {error::not_enabled, "disable() was called more often than enable()"},
    {error::enabled_too_often, "enable() was called so often without disable() that no more can be counted"},
    {error::override_malformed, "INLAY_FEATURES: each entry must be +name or -name, separated by commas"},
    {error::override_unknown, "INLAY_FEATURES names a feature that does not exist"},
    {error::name_unknown, "no key, switch or static call of this process has this name"},
    {error::value_unknown, "the key, switch or static call has no such value"},
    {error::setting_malformed, "each setting must be name=value; commas or line ends separate settings"},
    {error::file_unreadable, "the file of settings cannot be read"},
    {error::no_memory, "the system gave no memory for a list of names"},
    {error::others_run, "other processors run the site, and these instructions cannot be exchanged beneath them: give "
                        "platform::bare a type with stop() and go(), or stop the others and use nobody_else"},
};

/// Whether each error has its sentence, at the place of its number.
[[nodiscard]] consteval bool explains_all() noexcept {
    unsigned number = 0;
    for (const auto& each : explanations) {
        if (each.what != error{static_cast<uint8_t>(number)}) {
            return false;
        }
        ++number;
    }
    return number == static_cast<unsigned>(error::others_run) + 1U;
}
static_assert(explains_all(), "inlay: an error has no sentence");

} // namespace detail

inline namespace [[gnu::visibility("hidden")]] INLAY_TARGET {

/// One sentence in English. Static storage.
[[nodiscard]] constexpr const char* message(error what) noexcept {
    return what <= error::others_run ? detail::explanations[static_cast<uint8_t>(what)].text : "unknown error";
}

} // namespace INLAY_TARGET

/// Which table a record is in.
enum class table_kind : uint8_t { no_table, alternatives, calls, keys, names };

/// A record's place: table, index from 0, and the address of its site; of a name, which has none, the address that was
/// refused.
struct record_id {
    table_kind table;
    uint32_t index;
    address site;
};

/// One name, two types: the types as mangled names, which `c++filt` and __cxa_demangle() read.
struct name_clash {
    const char* name;
    const char* type;       ///< of the record that the error is about
    const char* other_type; ///< as the name is used elsewhere in the image, or in another one
};

/// What apply(), set() or update() did. Counts are of sites. A user's type may have one in it, so that what is hidden
/// is each function, not the type.
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
    /// The record that the error is about; table_kind::no_table if it is about none.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr record_id record() const noexcept {
        return where_;
    }
    /// The entry of the list of overrides that the error is about; it ends at a comma or null. Of a change by name
    /// (names.hpp): where in its arguments the unknown name or value begins. Else "".
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr const char* detail() const noexcept {
        return is_about_text() ? about_.detail : "";
    }
    /// The address that was refused: what a reference leads to, where a site is, what could not be written. 0 where the
    /// error is about none.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr address refused() const noexcept {
        return what_ == inlay::error::name_clash || is_about_text() ? 0 : about_.refused;
    }

    /// Of an error::name_clash; else empty strings. Valid while both images are loaded.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] name_clash clash() const noexcept {
        return what_ != inlay::error::name_clash
                   ? name_clash{"", "", ""}
                   : name_clash{text(about_.named->name), text(about_.named->signature), text(other_->signature)};
    }

    uint32_t sites{};        ///< alternatives in the table
    uint32_t written{};      ///< alternatives whose bytes changed; of set() and update(): sites whose bytes changed
    uint32_t calls{};        ///< calls in the table, of dispatches and static calls
    uint32_t calls_found{};  ///< calls whose instruction was found behind their marker
    uint32_t calls_direct{}; ///< calls that now go straight to their target, or are gone where it is none
    uint32_t keys{};         ///< sites of keys and switches in the table
    uint32_t keys_direct{};  ///< sites of keys that are a nop or a jump now, and read no memory
    int32_t system_error{};  ///< where text could not be written: the platform's errno, if it has one

    /// Calls that go on through their trampoline: not found, the target out of reach, or text not changeable later.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr uint32_t calls_kept() const noexcept {
        return calls - calls_direct;
    }
    /// Calls that were not found behind their marker.
    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr uint32_t calls_missed() const noexcept {
        return calls - calls_found;
    }

    /// Notes that `one` and `other` have the same name but differ in type; the first thing wrong stays.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void
    fail(const table::named& one, const table::named& other, record_id where) noexcept {
        if (what_ == inlay::error::no_error) {
            fail(inlay::error::name_clash, where);
            about_.named = &one;
            other_ = &other;
        }
    }

    /// Says something worse of the record that failed.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void worsen(inlay::error what) noexcept {
        what_ = what;
    }

    /// Notes that an entry of the list of overrides, or of settings, is wrong; the first thing wrong stays.
    [[gnu::always_inline, gnu::visibility("hidden")]] constexpr void fail(inlay::error what,
                                                                          const char* entry) noexcept {
        if (what_ == inlay::error::no_error) {
            what_ = what;
            about_.detail = entry;
        }
    }

    /// Notes what is wrong, with which record, and which address was refused; the first such note stays.
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
    // All zero, and no larger than this: else some compilers call memcpy or memset, which a kernel need not have.
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
