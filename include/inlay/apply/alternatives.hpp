// SPDX-License-Identifier: BSL-1.0
//
// alternatives: apply()'s pass over the table of alternatives.
//
//     detail::patch_alternatives(run);
//
// How it works. Records at the same address (nested uses in assembly) are one group. The longest length counts, and the
// last `when` that holds wins.
//
// patch_group() has every step that a site can need. It decides, checks the site, places the bytes and writes them. It
// also looks whether the text is one of the forms.
//
// Most sites need less. Such a site is alone at its address, and lies after all those before it in the table. Its
// declaration was met before. Only its operand's distance is new, and a few comparisons are enough: that is the loop in
// patch_alternatives().
#pragma once

#include "inlay/apply/declarations.hpp"
#include "inlay/apply/overlap.hpp"
#include "inlay/apply/probe.hpp"
#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Notes a site that holds neither `bytes` nor a form of its records [first, last]. Other code has written there, such
/// as a debugger with a breakpoint, and will put back a byte of the old instruction. The error is only noted: if two
/// sites overlap, they cannot both hold their bytes, and then the overlap is the error.
template <class Run>
[[gnu::noinline]] void check_text(Run& run, const table::alternative_record* first,
                                  const table::alternative_record* last, const uint8_t* bytes,
                                  unsigned length) noexcept {
    const address site = last->site.target();
    if (text_holds(site, bytes, length)) {
        return;
    }
    while (!holds_any(run.from, *first, site, length)) {
        if (first++ == last) {
            run.changed = run.changed != nullptr ? run.changed : last;
            return;
        }
    }
}

/// The remembered decision about a record's declaration. Without one, this function decides.
template <class Run>
[[nodiscard]] known_declaration know(Run& run, const table::alternative_record& record) noexcept {
    const known_declaration what = run.known.find(record.choices.target());
    if (what.chosen->length == 0) {
        decide(run.from, record, machine_features<Run>{run}, *what.chosen);
    }
    return what;
}

/// Checks that the group's site is in text, and notes how far text is known to go on.
template <class Run>
void check_site(Run& run, address site) noexcept {
    const unsigned length = run.group.length;
    if (!run.platform.executable(site, length) ||
        (arch::instruction_alignment != 1 && (site | length) % arch::instruction_alignment != 0)) {
        run.from.fail(error::site_outside_text, site);
    }
    if (site < run.highest_end) {
        run.out_of_order = true;
    }
    if (site + length > run.highest_end) {
        run.highest_end = site + length;
    }
    // Much of the text after the site in one question, twice as much each time.
    if (site > run.last_safe && run.good()) {
        const bool more = run.platform.executable(site, run.window);
        run.last_safe = more ? site + run.window - longest_kept : run.last_safe;
        run.window = more ? run.window * 2 : run.window / 2 + run.first_window / 2;
    }
}

/// Keeps the bytes of a declaration for its next site, if that is possible.
inline void keep(placed_declaration& what, const decision& chosen, const patch& bytes, address site) noexcept {
    if (bytes.operand == many_operands || bytes.length > longest_kept) {
        return;
    }
    what.site = site;
    what.length = bytes.length;
    what.operand = bytes.operand;
    copy(what.bytes, bytes.bytes, bytes.length);
    patch original; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills the used part
    const bool good = place(*chosen.original, site, bytes.length, original, false) == error::no_error;
    what.original_operand = good ? original.operand : many_operands;
    copy(what.original, original.bytes, bytes.length);
}

/// Patches one alternative of any kind. A group is written with its last record.
template <class Run>
[[gnu::noinline]] void patch_group(Run& run, const table::alternative_record* record,
                                   const table::alternative_record* last) noexcept {
    const address site = record->site.target();
    if (says_gone(run.platform, site)) {
        return;
    }
    const known_declaration what = know(run, *record);
    decision& group = run.group;
    const bool first = record == run.tables.alternatives.records || record[-1].site.target() != site;
    if (!first && run.good() && !may_join(*group.original, *what.chosen->original)) {
        run.from.fail(error::call_behind_alternative);
    }
    join(group, *what.chosen, first);
    run.group_begin = first ? record : run.group_begin;
    if (record != last && record[1].site.target() == site) {
        return;
    }
    check_site(run, site);
    if (!run.good()) {
        return;
    }
    const bool back = run.pass == pass_kind::take_back;
    patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills the used part
    run.from.fail(place(back ? *group.original : *group.form, site, group.length, bytes, !back));
    if (!run.good()) {
        return;
    }
    if (first) {
        keep(*what.placed, *what.chosen, bytes, site);
    }
    if (run.pass != pass_kind::check) {
        run.write(site, bytes.bytes, bytes.length, run.done.written);
        return;
    }
    if (run.check_write(site, bytes.bytes, bytes.length)) {
        check_text(run, run.group_begin, record, bytes.bytes, bytes.length);
    }
}

/// Turns the notes about the whole table into an error; `record` becomes the record in question.
template <class Run>
void judge_alternatives(Run& run, const table::alternative_record*& record) noexcept {
    const auto& table = run.tables.alternatives;
    if (run.out_of_order && run.pass == pass_kind::check && run.good()) {
        if (const auto* const found = first_overlap(run.platform, table, run.known.memory->map); found != nullptr) {
            run.from.fail(error::sites_overlap);
            record = found;
        }
        run.known.clear(); // first_overlap() had its map there
    }
    if (run.changed != nullptr && run.good()) {
        run.from.fail(error::site_changed);
        record = run.changed;
    }
    run.where = {table_kind::alternatives, static_cast<uint32_t>(record - table.records), record->site.target()};
}

/// Decides every alternative, checks its site, and writes it. The loop compares a site with the next one. So the last
/// site before a step back in the order of text is left to patch_group().
template <class Run>
void patch_alternatives(Run& run) noexcept {
    const auto& table = run.tables.alternatives;
    if (!run.good() || table.size() == 0) {
        return;
    }
    const table::alternative_record* each = table.records;
    const table::alternative_record* const last = each + table.size() - 1;
    const bool checks = run.pass == pass_kind::check;
    address behind = 0; // all sites so far
    address next = each->site.target();
    for (; each != last; ++each) {
        const address site = next;
        const address choices = each->choices.target();
        next = each[1].site.target();
        placed_declaration* what = &run.known.likely(choices);
        if (what->choices != choices) [[unlikely]] {
            what = run.known.find(choices).placed;
        }
        const unsigned length = what->length;
        if (length != 0 && site >= behind && site <= run.last_safe && site + length <= next) [[likely]] {
            behind = site + length;
            if (!what->move(site, checks)) {
                run.from.fail(error::target_out_of_range);
                break;
            }
            if (checks) { // before the first apply() writes, most sites need no other comparison
                if (!run.check_write(site, what->bytes, length)) {
                    break;
                }
                if (what->holds_original()) [[likely]] {
                    continue;
                }
                check_text(run, each, each, what->bytes, length);
            } else {
                run.write(site, what->bytes, length, run.done.written);
            }
        } else {
            patch_group(run, each, last);
            behind = run.highest_end > site ? run.highest_end : site + 1; // the next one may be of the same group
        }
        if (!run.good()) {
            break;
        }
    }
    if (run.good()) {
        patch_group(run, last, last);
    }
    judge_alternatives(run, each);
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
