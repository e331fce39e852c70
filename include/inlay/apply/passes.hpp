// SPDX-License-Identifier: BSL-1.0
//
// passes: the order of apply(): check all, write all, and take all back if the platform refuses.
//
//     detail::patch_all(tables, platform, done);
//
// How it works. Each pass goes through the tables in the same order: names, calls, key sites, alternatives. (The other
// way round, a direct call would overwrite an instruction that an alternative put in its place.) The check changes no
// text, and the next pass comes only if no record is bad. If the platform refuses to write, a third pass puts the
// originals back.
#pragma once

#include "inlay/apply/alternatives.hpp"
#include "inlay/apply/calls.hpp"
#include "inlay/apply/declarations.hpp"
#include "inlay/apply/index.hpp"
#include "inlay/apply/keys.hpp"
#include "inlay/apply/overlap.hpp"
#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// A table with records of any kind: each record begins with the reference to its site.
struct any_table {
    table_kind kind;
    address first;
    size_t bytes;
    size_t width; ///< of a record, in bytes

    template <class Record>
    any_table(table_kind of, const table::section<Record>& section) noexcept
        : kind{of}, first{reinterpret_cast<address>(section.records)}, bytes{section.bytes}, width{sizeof(Record)} {}

    [[nodiscard]] uint32_t count() const noexcept { return static_cast<uint32_t>(bytes / width); }
    [[nodiscard]] address operator[](uint32_t index) const noexcept { return first + index * width; }
    [[nodiscard]] address site(uint32_t index) const noexcept {
        return reinterpret_cast<const table::reference*>((*this)[index])->target();
    }
};

/// Notes the record in question: its site is at the address that was refused, or is the nearest before it.
template <class Run>
void find_record(Run& run) noexcept {
    run.where = {table_kind::no_table, 0, 0};
    const address refused = run.from.refused;
    const auto look = [&](auto section, table_kind kind) noexcept {
        for (size_t i = 0; i < section.size(); ++i) {
            const address lies = section.records[i].site.target();
            if (lies <= refused && lies >= run.where.site) {
                run.where = {kind, static_cast<uint32_t>(i), lies};
            }
        }
    };
    if constexpr (Run::has_names) {
        look(run.tables.calls, table_kind::calls);
        look(run.tables.keys, table_kind::keys);
    }
    look(run.tables.alternatives, table_kind::alternatives);
}

/// Has the processor fetch the text that this pass wrote. Fails if the platform refused a write, or the text differs.
template <class Run>
void finish_pass(Run& run) noexcept {
    const error trouble = run.text.finish(run.platform);
    if (trouble != error::no_error && run.good()) {
        const address last = run.text.last.at;
        run.find_refused = last != 0;
        run.from.fail(trouble, last != 0 ? refused_address(run.platform, last) : 0);
    }
}

/// Fails if the table's size is not a multiple of a record's.
template <class Run, class Record>
void check_size(Run& run, const table::section<Record>& section, table_kind kind) noexcept {
    if (run.good() && section.bytes % sizeof(Record) != 0) {
        run.where = {kind, static_cast<uint32_t>(section.size()), 0};
        run.from.fail(error::table_truncated);
    }
}

/// Patches one record of a call or key site, or checks one of a name.
template <class Run>
void patch_record(Run& run, table_kind kind, address record) noexcept {
    if (kind == table_kind::names) {
        check_name(run, *reinterpret_cast<const table::named*>(record));
    } else if (kind == table_kind::calls) {
        const auto& calls = run.tables.calls;
        patch_call(run, reinterpret_cast<table::call_record*>(record), calls.records + calls.size());
    } else {
        patch_key(run, *reinterpret_cast<table::key_record*>(record));
    }
}

/// Patches the records of a table until one is bad.
template <class Run>
[[gnu::noinline]] void patch_table(Run& run, const any_table& table) noexcept {
    for (uint32_t i = 0; run.good() && i < table.count(); ++i) {
        run.where = {table.kind, i, table.kind == table_kind::names ? 0 : table.site(i)};
        patch_record(run, table.kind, table[i]);
    }
    if (run.good() && table.bytes % table.width != 0) {
        run.where = {table.kind, table.count(), 0};
        run.from.fail(error::table_truncated);
    }
}

/// Makes one pass through all tables. False if anything was wrong.
template <class Run>
[[gnu::noinline]] bool make_pass(Run& run, pass_kind kind) noexcept {
    run.begin_pass(kind);
    if constexpr (Run::has_names) {
        if (kind == pass_kind::check) {
            patch_table(run, {table_kind::names, run.tables.names});
        }
        patch_table(run, {table_kind::calls, run.tables.calls});
        patch_table(run, {table_kind::keys, run.tables.keys});
    }
    patch_alternatives(run);
    check_size(run, run.tables.alternatives, table_kind::alternatives);
    if (kind != pass_kind::check) {
        finish_pass(run);
    }
    if (run.find_refused) {
        find_record(run);
        run.find_refused = false;
    }
    const address refused = run.from.refused != 0 ? run.from.refused : run.where.site;
    if constexpr (Run::has_names) {
        if (run.where.table == table_kind::names) { // which have no site
            run.where.site = refused;
        }
    }
    run.done.fail(run.from.trouble, run.where, refused);
    return run.good();
}

/// Notes that this image's names are complete, and which sites each has.
template <class Run>
void index_sites(Run& run) noexcept {
    if constexpr (Run::has_names) {
        if (run.tables.registry != nullptr) {
            run.tables.registry->complete = 1;
            if (run.may_change) {
                index_by_cell(run.platform, run.tables);
            }
        }
    }
}

/// Puts the originals back, after the platform refused.
template <class Run>
void take_back_all(Run& run) noexcept {
    note_system_error(run.platform, run.done);
    run.from.trouble = error::no_error;
    (void)make_pass(run, pass_kind::take_back);
    if (run.stays_patched) { // changes must see to those sites, or fail
        index_sites(run);
    }
    run.done.written = run.done.calls_direct = run.done.keys_direct = 0;
}

/// Makes the passes. (Not inlined: the memory of declarations lies in a separate frame.)
template <class Run>
[[gnu::noinline]] void make_passes(Run& run) noexcept {
    declaration_memory memory; // NOLINT(*-member-init): clear() fills it
    run.known.memory = &memory;
    if (!make_pass(run, pass_kind::check)) {
        return;
    }
    if (make_pass(run, pass_kind::write)) {
        index_sites(run);
    } else {
        take_back_all(run);
    }
}

/// Patches every site in `tables`. (Not inlined: the state is too large for a caller's frame.)
template <class Platform, class Tables>
[[gnu::noinline]] void patch_all(const Tables& tables, Platform& platform, outcome& done) noexcept {
    if (text_has_moved(platform)) {
        done.fail(error::text_moved, {table_kind::no_table, 0, 0});
        return;
    }
    apply_run<Platform, Tables> run{tables, platform, done};
    if constexpr (apply_run<Platform, Tables>::has_names) {
        run.may_change = tables.names.bytes == 0 || text_may_change(platform);
    }
    make_passes(run);
    run.memos.clear(platform);
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
