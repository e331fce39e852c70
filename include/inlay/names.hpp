// SPDX-License-Identifier: BSL-1.0
//
// names: all keys, switches and static calls of a process, listed and set by text.
//
//     inlay::for_each_name([](const inlay::name_entry& each) { std::printf("%s=%s\n", each.name, each.value); });
//     auto done = inlay::set_by_name("app.trace", "on");
//     if (!done) inlay::explain(done, "app.trace", "on", write);           // a sentence, and the names that exist
//     inlay::print_names(stdout);
//
//     inlay::name_targets(sched_clock, inlay::target<"tsc", &tsc_clock>, inlay::target<"jiffies", &jiffies_clock>);
//     inlay::set_by_name("sched_clock", "tsc");                            // a static call, by the name of a target
//
// How it works. These functions read a name's kind, values and initial value from its type's text, because all images
// have this text. A target's name is also a name of the process, "sched_clock=tsc": a record without sites, whose
// cell holds the target. So it comes and goes with its image, and other images find it in the tree of all names
// (images.hpp).
//
// A list is a copy. for_each_name() holds the lock while it copies names, values and sites, but not while the user's
// function runs. The copy has separate pages, so that nothing is allocated under the lock. Nothing here needs the C++
// library, Zydis or libdw; where the program has them, __cxa_demangle() and dladdr() make types and targets readable.
//
// All functions are thread-safe, work before apply() and after, and are not for signal handlers, as set() is not.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/names/assign.hpp"
#include "inlay/names/entry.hpp"
#include "inlay/names/sentences.hpp"
#include "inlay/names/targets.hpp"
#include "inlay/process.hpp"

#include <cstddef>
#include <cstdio>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// Calls `function(const name_entry&)` for each key, switch and static call in all images of the process. It does so
/// once for each name and type, in the order of the names' bytes. The function may do anything: set names, load
/// plugins, throw. The list shows the moment of the call. Names that no code of an image uses are in no table, and not
/// listed. Errors: error::no_memory, or an error of joining the process's images (image_unknown, change_nested, ...).
template <class Function>
[[gnu::visibility("hidden")]] outcome for_each_name(Function function) {
    return detail::for_each_wanted([&](std::string_view /*name*/) noexcept { return true; },
                                   [&](const name_entry& each) { function(each); });
}

/// Sets a key, a switch or a static call of any image, as set() and update() do. The values are:
///   a key      on, true, 1, yes; off, false, 0, no (as set(): a count of enable() becomes 1 or 0); enable, disable
///   a switch   a decimal number, less than its ways
///   a call     the name of a target (see name_targets()); default; null, where a null target is allowed
/// On an error nothing has changed. It is error::name_unknown, value_unknown, value_outside or not_enabled, with the
/// place in `name` or `value` as `outcome::detail()`. It is name_clash if two types have the name, or an error of
/// set().
[[gnu::visibility("hidden")]] inline outcome set_by_name(std::string_view name, std::string_view value) noexcept {
    detail::assignment one{name, value};
    std::size_t failed = 0;
    return detail::assign(&one, 1, failed);
}

/// Writes the error of set_by_name(name, value), in one sentence, by `write(std::string_view)`. For an unknown name, it
/// writes the nearest names, and a line for each existing name. For an unknown value, it writes the values that the
/// name takes. Ends with a newline.
template <class Write>
[[gnu::visibility("hidden")]] void explain(const outcome& done, std::string_view name, std::string_view value,
                                           const Write& write) {
    detail::explain_to(
        done, name, value, message(done.error()), [](std::string_view /*name*/) noexcept { return true; }, write);
}

/// Prints a line for each name of the process: value, kind, values, default, and how many sites.
[[gnu::visibility("hidden")]] inline outcome print_names(std::FILE* file) {
    return for_each_name([&](const name_entry& each) {
        detail::write_entry(each, [&](std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), file); });
    });
}

} // namespace INLAY_TARGET

} // namespace inlay
