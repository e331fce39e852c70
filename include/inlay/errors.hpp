// SPDX-License-Identifier: BSL-1.0
//
// errors: all errors, each with one sentence in English.
//
//     puts(inlay::message(inlay::error::site_changed));
//
// How it works. The sentences are in the order of the enumerators; a static_assert compares the two lists.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

namespace inlay {

enum class error : uint8_t {
    no_error,
    table_truncated,         ///< the section's size is no multiple of a record's, or the records are elsewhere
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
    write_ineffective,       ///< text was written, but the processor fetches other bytes
    text_moved,              ///< the program was rewritten after it was linked; its tables describe the old text
    site_changed,            ///< a site holds bytes that inlay did not write there
    change_incomplete,       ///< a change failed half-way and could not be taken back: some sites have the new form
    image_unknown,           ///< the loader or the image itself does not show inlay's note, or shows another version's
    image_left,              ///< the image's destructors have run: it is unloaded, or the program ends
    change_nested,           ///< a change within a change: from a signal handler
    process_forked,          ///< forked without fork()'s handlers while a change was made; it can change nothing
    probe_first,             ///< a probe has to run before; apply() runs it
    name_clash,              ///< one name stands for two types; see outcome::clash()
    cell_of_another,         ///< a name's cell has the hash of another name
    value_outside,           ///< a switch was set to a value that it does not have
    target_null,             ///< a static call that returns an object was given a null target
    candidate_unknown,       ///< a dispatch was given a function that it does not have
    candidate_unsupported,   ///< a dispatch was given a function whose predicate does not hold
    not_enabled,             ///< disable() without an enable() before it
    enabled_too_often,       ///< enable() 2^31 - 1 times without a disable()
    override_malformed,      ///< an override that is not +name or -name
    override_unknown,        ///< an override names a feature that does not exist; apply() of a program has patched
                             ///< nevertheless
    name_unknown,            ///< no key, switch or static call of the process has this name (names.hpp)
    value_unknown,           ///< a text that is no value of the key, switch or static call
    setting_malformed,       ///< a setting that is not name=value
    file_unreadable,         ///< a file of settings cannot be read
    no_memory,               ///< the system gave no memory for a list of names
    others_run,              ///< other processors run the site; its instructions cannot be exchanged meanwhile
    too_many_changes,        ///< a transaction was given more changes than it has room for
    not_sealed,              ///< apply_proven() of an image without a seal, or a second time
    seal_broken,             ///< apply_proven() of an image that was changed or moved after it was sealed
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
    {error::table_truncated,
     "the section was truncated, or a linker script sets its symbols where the records are not"},
    {error::reference_outside, "the record refers to memory outside the image"},
    {error::site_outside_text, "the record's site is not in executable memory of the image"},
    {error::site_empty, "the record's site has length 0"},
    {error::site_too_long, "the record's site is longer than 64 bytes"},
    {error::sites_overlap, "the record's site overlaps another one that does not start at the same byte"},
    {error::form_too_long, "a replacement is longer than the record's site"},
    {error::form_unknown, "a form is of unknown kind"},
    {error::call_behind_alternative,
     "the record is a call's, and follows an alternative of the same site: the call would overwrite it"},
    {error::form_operand_outside, "a form has a relative operand that reaches over its end"},
    {error::predicate_unknown, "a predicate is of unknown kind"},
    {error::feature_unknown, "a feature has a probe of unknown kind"},
    {error::description_endless, "the record's choices or predicates do not end"},
    {error::ordinal_outside, "a choice names a target that the callee does not have"},
    {error::target_out_of_range, "a relative operand of the chosen form does not reach its target from the site"},
    {error::text_not_writable, "text cannot be written in this process; every site keeps a form that works"},
    {error::write_ineffective,
     "the processor fetches other bytes from the site than those written: the platform writes to another place"},
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
     "code that interrupted a change asked for another one: set() and update() are not for signal handlers"},
    {error::process_forked, "this process was forked without fork() while another thread was changing keys or calls"},
    {error::probe_first, "a feature's probe has to run first"},
    {error::name_clash, "one name stands for two types; outcome::clash() has the name and both types"},
    {error::cell_of_another, "the name's cell is not its own: the table, or the name, was damaged"},
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
    {error::others_run, "other processors run the site, and these instructions cannot be exchanged meanwhile. Give "
                        "platform::bare a type with stop() and go(), or stop the others and use nobody_else"},
    {error::too_many_changes,
     "the transaction was given more changes than its limit: inlay::transaction<LIMIT> states another one"},
    {error::not_sealed,
     "the image has no seal, or apply_proven() has used it: run `inlay check --seal` after the link, or call apply()"},
    {error::seal_broken,
     "the seal is not that of this image: it was changed, or moved to another address, after `inlay check --seal`"},
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
    return number == static_cast<unsigned>(error::seal_broken) + 1U;
}
static_assert(explains_all(), "inlay: an error has no sentence");

} // namespace detail

inline namespace [[gnu::visibility("hidden")]] INLAY_TARGET {

/// One sentence in English. Static storage.
[[nodiscard]] constexpr const char* message(error what) noexcept {
    return what <= error::seal_broken ? detail::explanations[static_cast<uint8_t>(what)].text : "unknown error";
}

} // namespace INLAY_TARGET

} // namespace inlay
