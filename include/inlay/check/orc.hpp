// SPDX-License-Identifier: BSL-1.0
//
// orc: makes the table of inlay/unwind.hpp for a file, and writes it into the file.
//
//     inlay::check::findings found;
//     const auto table = inlay::check::make_unwind_table(program, found);
//     inlay::check::write_unwind_table("kernel.elf", table);         // throws report::file_error without enough room
//
// How it works. Each entry of .eh_frame or .debug_frame gives rows, and each row an entry of the table; between
// functions, nothing is known. In a site, the rows count at its start only. From there each form is executed in
// symbols, and the entries of all forms are merged by byte (unwind.hpp). So a table may be right where .eh_frame is
// not: between a push and a pop of a form. Neighbours that say the same become one entry.
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/unwind.hpp"
#include "inlay/report/elf.hpp"
#include "inlay/unwind.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// By address in the file.
using unwind_table = std::map<std::uint64_t, unwind::entry>;

namespace detail {

/// Whether AArch64 code signs its return address: paciasp, pacibsp, or pacia and pacib of x30 by sp. (libdw does not
/// tell it, and all addresses of such a function may have their signature taken off.)
[[nodiscard]] inline bool signs_return_address(const program& program, code_range of) {
    if (program.machine() != machine::aarch64) {
        return false;
    }
    const std::uint8_t* const bytes = program.bytes(of.begin, static_cast<std::size_t>(of.end - of.begin));
    for (std::uint64_t at = 0; bytes != nullptr && at + 4 <= of.end - of.begin; at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes + at, sizeof word);
        if (word == 0xd503233fU || word == 0xd503237fU || word == 0xdac103feU || word == 0xdac107feU) {
            return true;
        }
    }
    return false;
}

template <class Target>
[[nodiscard]] unwind_table make_unwind_table_of(const program& program, findings& found) {
    using check_of = unwind_check<Target>;
    unwind_rows rows{program.debug_path()};
    check_of check{rows};
    unwind_table all;
    for (const auto& each : rows.entries()) {
        const bool is_signed = signs_return_address(program, each);
        for (std::uint64_t at = each.begin; at < each.end;) {
            const unwind_row* const row = rows.find(at);
            all[at] = row != nullptr ? check_of::entry_of(*row) : check_of::unknown();
            all[at].is_signed = is_signed ? 1 : 0;
            at = row != nullptr && row->end > at ? row->end : each.end;
        }
        all.try_emplace(each.end, check_of::unknown()); // the next function's first row takes its place
    }
    std::vector<unwind_form> bytes;
    std::vector<const form*> forms;
    for (const auto& site : program.sites()) {
        bytes.clear();
        forms.clear();
        for (const auto& each : site.forms) {
            bytes.push_back(each.bytes());
            forms.push_back(&each);
        }
        std::vector<unwind_conflict> conflicts;
        const auto points = check.merge(site.at, bytes, conflicts);
        for (const auto& each : conflicts) {
            add_conflict<Target>(program, site, forms, each, found);
        }
        if (points.empty()) {
            continue;
        }
        const auto after = all.upper_bound(site.end());
        const unwind::entry rest = after != all.begin() ? std::prev(after)->second : check_of::unknown();
        all.erase(all.lower_bound(site.at), all.lower_bound(site.end()));
        const bool is_signed = signs_return_address(program, rows.entry_of(site.at));
        for (const auto& [at, point] : points) {
            all[site.at + at] = point.entry;
            all[site.at + at].is_signed = is_signed ? 1 : 0;
        }
        all[site.end()] = rest;
    }
    for (auto each = all.begin(); each != all.end();) { // one of neighbours that say the same
        const auto next = std::next(each);
        if (next != all.end() && check_of::same(each->second, next->second)) {
            all.erase(next);
        } else {
            each = next;
        }
    }
    return all;
}

} // namespace detail

/// The table of a file. Sites whose forms need different entries at one byte, or another kind of entry, are added to
/// `found`.
[[nodiscard]] inline unwind_table make_unwind_table(const program& program, findings& found) {
    switch (program.machine()) {
    case machine::x86_64:
        return detail::make_unwind_table_of<x86::target<64>>(program, found);
    case machine::i386:
        return detail::make_unwind_table_of<x86::target<32>>(program, found);
    default:
        return detail::make_unwind_table_of<aarch64::target>(program, found);
    }
}

/// Writes a table into section inlay_unwind of a file. Throws report::file_error if it has none, or too small a one.
inline void write_unwind_table(const std::string& path, const unwind_table& table) {
    const report::elf_file file{path};
    const auto& sections = file.sections();
    const auto section = std::find_if(sections.begin(), sections.end(),
                                      [](const report::elf_section& each) { return each.name == "inlay_unwind"; });
    if (section == sections.end() || section->type == SHT_NOBITS) {
        file.fail("it has no section inlay_unwind with room for the table: see inlay/unwind.hpp");
    }
    unwind::table_header header{};
    if (section->size >= sizeof header) {
        std::memcpy(&header, file.bytes(section->offset, sizeof header, "section inlay_unwind"), sizeof header);
    }
    const std::uint64_t room =
        section->size >= sizeof header ? (section->size - sizeof header) / sizeof(unwind::entry) : 0;
    if (header.capacity > room || table.size() > header.capacity) {
        file.fail("its section inlay_unwind has room for " +
                  std::to_string(std::min<std::uint64_t>(room, header.capacity)) + " entries, and the table has " +
                  std::to_string(table.size()));
    }
    header.mark = unwind::mark;
    header.count = static_cast<std::uint32_t>(table.size());
    if (table.empty()) {
        file.fail("it has no unwind information, neither .eh_frame nor .debug_frame: compile it with -g");
    }
    std::vector<char> bytes(sizeof header + table.size() * sizeof(unwind::entry));
    std::memcpy(bytes.data(), &header, sizeof header);
    char* to = bytes.data() + sizeof header;
    for (auto [at, entry] : table) {
        const auto distance = static_cast<std::int64_t>(at - section->address);
        if (distance != static_cast<std::int32_t>(distance)) {
            file.fail("its text at " + report::detail::hex(at) +
                      " is more than 2 GiB away from its section inlay_unwind");
        }
        entry.at = static_cast<std::int32_t>(distance);
        std::memcpy(to, &entry, sizeof entry);
        to += sizeof entry;
    }
    std::fstream out{path, std::ios::binary | std::ios::in | std::ios::out};
    out.seekp(static_cast<std::streamoff>(section->offset));
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) {
        file.fail("it cannot be written");
    }
}

} // namespace check
} // namespace inlay
