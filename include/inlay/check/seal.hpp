// SPDX-License-Identifier: BSL-1.0
//
// seal: proves the tables of a linked image, and writes the seal for apply_proven() into it.
//
//     const auto done = inlay::check::seal_file("kernel.elf");       // throws report::file_error
//     done.used, done.room                                           // bytes
//
// How it works. The file is loaded as for a report, and every site is decided, for all values of features and keys.
// Then the sealer changes the tables as apply() does: it notes the calls that it finds, and sorts the records. It
// fills the room that the compiler left (emit/seal.hpp). The file is replaced at the end, as a whole. Its text does
// not change, so apply() works on a sealed image as on any other.
//
// An image that has a site without a proof is not sealed: the exception names the site. The rules of check/rules.hpp
// are another matter; `inlay check --seal` asks them first.
#pragma once

#include "inlay/apply/index.hpp"
#include "inlay/bytes.hpp"
#include "inlay/check/seal_plans.hpp"
#include "inlay/check/seal_terms.hpp"
#include "inlay/decide/call.hpp"
#include "inlay/report/elf.hpp"
#include "inlay/report/file.hpp"
#include "inlay/report/file_image.hpp"
#include "inlay/seal.hpp"
#include "inlay/sort.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// The size of a seal in bytes, and the numbers of its parts.
struct sealed {
    std::size_t used{}, room{}, sites{}, plans{}, terms{};
};

template <class Target>
class sealer {
public:
    explicit sealer(const report::elf_file& file) : file_{file}, image_{file}, tables_{image_.tables()} {}

    sealed run() {
        find_seal();
        check_report();
        note_calls();
        sort_tables();
        try {
            plan_sites();
        } catch (const not_sealable& reason) {
            fail_at(reason.site, reason.why);
        }
        check_relocations();
        write_room();
        replace_file();
        return {.used = seal_->used,
                .room = seal_->room,
                .sites = sites_.size(),
                .plans = plans_->list().size(),
                .terms = terms_.list().size()};
    }

private:
    using image_type = report::file_image<Target>;

    [[noreturn]] void fail_at(address site, const std::string& why) const {
        file_.fail("it is not sealed: the site at " + report::detail::hex(image_.shown(site)) + ": " + why);
    }

    // ---- The image as it was linked -------------------------------------------------------------------

    void find_seal() {
        for (const auto& each : file_.segments()) {
            if (each.type != PT_LOAD || (each.flags & PF_W) == 0 || each.file_size < sizeof(table::seal)) {
                continue;
            }
            const address begin = image_.address_here(each.address);
            const address end = begin + each.file_size - sizeof(table::seal);
            for (address at = (begin + 7) & ~address{7}; at <= end; at += 8) {
                auto* const here = reinterpret_cast<table::seal*>(at);
                if (std::memcmp(here->mark, table::seal_mark, sizeof here->mark) != 0) {
                    continue;
                }
                if (seal_ != nullptr) {
                    file_.fail("it is not sealed: it has room for a seal at two places");
                }
                seal_ = here;
                if (here->layout != table::seal_layout || here->room > end + sizeof(table::seal) - at) {
                    file_.fail("it is not sealed: the room for its seal is of another version of inlay, or damaged");
                }
            }
        }
        if (seal_ == nullptr) {
            file_.fail("it is not sealed: it has no room for a seal, since it does not call apply_proven()");
        }
    }

    /// Refuses each image that apply() would refuse: the report finds the same errors.
    void check_report() const {
        const auto what = report::collect(image_, file_.path(), "none");
        if (!what.trouble.empty()) {
            file_.fail("it is not sealed: " + what.trouble);
        }
        for (const auto& site : what.sites) {
            if (site.malformed) {
                file_.fail("it is not sealed: the site at " + report::detail::hex(site.where.at) + ": " + site.trouble);
            }
        }
    }

    // ---- The tables, as apply() leaves them -----------------------------------------------------------

    void note_calls() {
        for (std::size_t i = 0; i < tables_.calls.size(); ++i) {
            table::call_record& record = tables_.calls.records[i];
            reader<image_type> from{image_};
            const address trampoline = inlay::detail::callee_in(from, tables_, record).trampoline;
            typename Target::found_branch branch{};
            address breakpoint = 0;
            const bool found = inlay::detail::find_call(image_, &record, tables_.calls.records + tables_.calls.size(),
                                                        trampoline, branch, &breakpoint);
            if (from.trouble != error::no_error || breakpoint != 0) {
                fail_at(record.site.target(), message(breakpoint != 0 ? error::site_changed : from.trouble));
            }
            if ((record.callee.target() & inlay::detail::spare_bits) == 0) {
                record.site.distance += found ? static_cast<std::int32_t>(branch.start - record.site.target()) : 0;
                record.callee.distance += static_cast<std::int32_t>(found ? table::call_found : table::call_missed);
            }
            found_ += found ? 1U : 0U;
        }
    }

    void sort_tables() {
        sort_by_cell(inlay::detail::rows_of(tables_.calls));
        sort_by_cell(inlay::detail::rows_of(tables_.keys));
    }

    /// As index_by_cell() of apply(); it notes where the records of a cell begin.
    void sort_by_cell(const inlay::detail::rows& all) {
        const std::size_t subject = all.width - 1;
        const auto cell = [&](const table::reference* record) {
            return inlay::detail::cell_at(image_, tables_, record[subject]);
        };
        inlay::detail::sort(all, [&](const table::reference* a, const table::reference* b) noexcept {
            return cell(a) != cell(b) ? cell(a) < cell(b) : a->target() < b->target();
        });
        for (std::size_t i = all.count; i-- > 0;) {
            if (cell(all[i]) != 0) {
                names_[cell(all[i])] = static_cast<std::uint32_t>(i) + 1;
            }
        }
    }

    // ---- Plans ----------------------------------------------------------------------------------------

    void plan_sites() {
        find_bounds();
        plans_ = std::make_unique<seal_plans<Target>>(image_, terms_, lowest_);
        for (std::size_t i = 0; i < tables_.calls.size(); ++i) {
            const table::call_record& record = tables_.calls.records[i];
            const bool found = (record.callee.target() & table::call_found) != 0;
            add_site(record.site.target(), found ? plans_->of_call(tables_, record) : 0);
        }
        for (std::size_t i = 0; i < tables_.keys.size(); ++i) {
            add_site(tables_.keys.records[i].site.target(), plans_->of_key(tables_, tables_.keys.records[i]));
        }
        const table::alternative_record* const records = tables_.alternatives.records;
        for (std::size_t i = 0, end = 0; i < tables_.alternatives.size(); i = end) {
            const address site = records[i].site.target();
            for (end = i + 1; end < tables_.alternatives.size() && records[end].site.target() == site; ++end) {
                add_site(site, 0); // the last record decides
            }
            add_site(site, plans_->of_alternative(records + i, records + end - 1));
        }
        check_overlaps();
        plan_functions();
    }

    void add_site(address site, std::size_t plan) {
        if (!plans_->is_right(plan, site)) {
            fail_at(site, message(error::target_out_of_range));
        }
        if (const std::size_t length = length_of(plan);
            length != 0 && length < 8 && !image_.executable(site + length - 8, 8)) {
            fail_at(site, "text begins there, and the patcher reads eight bytes before the end of a site");
        }
        sites_.emplace_back(site, plan);
    }

    void find_bounds() {
        lowest_ = ~address{0};
        const auto look = [&](const auto& section) {
            for (std::size_t i = 0; i < section.size(); ++i) {
                lowest_ = std::min(lowest_, section.records[i].site.target());
                highest_ = std::max(highest_, section.records[i].site.target());
            }
        };
        look(tables_.alternatives);
        look(tables_.calls);
        look(tables_.keys);
    }

    void check_overlaps() const {
        std::map<address, std::size_t> lengths; // of alternatives
        for (std::size_t i = tables_.calls.size() + tables_.keys.size(); i < sites_.size(); ++i) {
            auto& length = lengths[sites_[i].first];
            length = std::max(length, length_of(sites_[i].second));
        }
        address end = 0;
        for (const auto& [site, length] : lengths) {
            if (site < end) {
                fail_at(site, message(error::sites_overlap));
            }
            end = site + length;
        }
    }

    [[nodiscard]] std::size_t length_of(std::size_t plan) const {
        const auto& forms = plans_->list()[plan].forms;
        return forms.empty() ? 0 : forms[0].bytes.size();
    }

    /// The functions of each dispatch, the original first.
    void plan_functions() {
        std::map<address, bool> known;
        for (std::size_t i = 0; i < tables_.calls.size(); ++i) {
            reader<image_type> from{image_};
            const auto what = inlay::detail::callee_in(from, tables_, tables_.calls.records[i]);
            if (what.callee == nullptr || !known.emplace(what.callee->target.target(), true).second) {
                continue;
            }
            std::vector<planned_function> all;
            const table::reference* next = &what.callee->choices;
            while (*next) {
                const auto& choice = *reinterpret_cast<const table::choice*>(next->target());
                const std::size_t term =
                    choice.predicate
                        ? terms_.of(*reinterpret_cast<const table::predicate_node*>(choice.predicate.target()))
                        : terms_.always;
                all.push_back(
                    {term, inlay::detail::place_of_target(from, *what.callee, choice.predicate ? choice.ordinal : 0),
                     what.callee->target.target()});
                next = &choice.otherwise;
            }
            if (from.trouble != error::no_error) {
                throw not_sealable{message(from.trouble), tables_.calls.records[i].site.target()};
            }
            functions_.insert(functions_.end(), all.rbegin(), all.rend());
        }
    }

    /// In an image that the loader may move, the bytes that the seal copies contain no absolute address.
    void check_relocations() const {
        for (const auto& each : file_.relocations()) {
            const address at = image_.address_here(each.where);
            for (const auto& [site, plan] : sites_) {
                if (at + 8 > site && at < site + length_of(plan)) {
                    fail_at(site, "the loader changes it");
                }
            }
            if (image_.executable(at, 1) || (!image_.writable(at, 1) && file_.type() == ET_DYN && is_in_form(at))) {
                file_.fail("it is not sealed: the loader changes its text or a form at " +
                           report::detail::hex(each.where));
            }
        }
    }

    [[nodiscard]] bool is_in_form(address at) const {
        for (std::size_t i = 0; i < tables_.alternatives.size(); ++i) {
            const table::reference* next = &tables_.alternatives.records[i].choices;
            while (*next) {
                const auto& choice = *reinterpret_cast<const table::choice*>(next->target());
                const address form = choice.form.target();
                if (at + 8 > form && at < form + sizeof(table::form) + 2 * std::size_t{choice.length}) {
                    return true;
                }
                next = &choice.otherwise;
            }
        }
        return false;
    }

    // ---- The room -------------------------------------------------------------------------------------

    struct planned_function {
        std::size_t term;
        address function, pointer;
    };

    template <class T>
    T* take(std::size_t count = 1, std::size_t more = 0) {
        T* const result = reinterpret_cast<T*>(next_);
        next_ += count * sizeof(T) + more;
        return result;
    }

    static void refer(table::reference& from, address to) noexcept {
        from.distance = static_cast<std::int32_t>(static_cast<std::intptr_t>(to - reinterpret_cast<address>(&from)));
    }

    /// The bytes from one form of a plan to the next.
    [[nodiscard]] static std::size_t stride_of(std::size_t length) noexcept {
        return sizeof(table::plan_form) + (length + 7) / 8 * 8;
    }
    [[nodiscard]] static std::size_t size_of(const sealed_plan& plan) noexcept {
        return sizeof(table::plan) +
               (plan.forms.empty() ? 0 : plan.forms.size() * stride_of(plan.forms[0].bytes.size()));
    }

    /// Where a form of the plan is, in bytes from the plan.
    [[nodiscard]] static std::uint16_t place_in(const sealed_plan& plan, std::size_t form) noexcept {
        return static_cast<std::uint16_t>(sizeof(table::plan) + form * stride_of(plan.forms[0].bytes.size()));
    }

    [[nodiscard]] std::size_t needed() const {
        std::size_t size = sizeof(table::seal) + terms_.list().size() * sizeof(table::term) +
                           functions_.size() * sizeof(table::seal_function) + names_.size() * sizeof(table::seal_name) +
                           sites_.size() * sizeof(table::seal_site);
        for (const auto& each : plans_->list()) {
            size += size_of(each);
            if (each.forms.size() > 200 || size_of(each) > 0xffff) {
                file_.fail("it is not sealed: a site has too many forms");
            }
        }
        return (size + 7) / 8 * 8;
    }

    void write_room() {
        const std::size_t size = needed();
        if (size > seal_->room ||
            sizeof(table::seal) + terms_.list().size() * sizeof(table::term) > 0xffffU * table::term_unit) {
            file_.fail("it is not sealed: that takes " + std::to_string(size) + " bytes, and the image has room for " +
                       std::to_string(seal_->room) + ": write apply_proven<" + std::to_string(size) + '>');
        }
        begin_ = reinterpret_cast<address>(seal_);
        std::memset(reinterpret_cast<char*>(seal_) + table::seal_begin, 0, seal_->room - table::seal_begin);
        next_ = begin_ + sizeof(table::seal);
        refer(seal_->terms, next_);
        write_terms();
        std::vector<std::uint32_t> places;
        for (const auto& each : plans_->list()) {
            places.push_back(static_cast<std::uint32_t>(next_ - begin_));
            write_plan(each);
        }
        refer(seal_->plans, begin_ + places[0] + sizeof(table::plan)); // nothing is chosen in the first one
        write_lists(places);
        write_head(size);
    }

    void write_terms() {
        const auto& list = terms_.list();
        auto* const to = take<table::term>(list.size());
        to[0].value = to[1].value = 1;
        for (std::size_t i = 2; i < list.size(); ++i) {
            const term_plan& from = list[i];
            to[i].guard = place_of(from.guard);
            to[i].source = from.source;
            to[i].mask = from.mask;
            to[i].low = from.low;
            to[i].span = from.span;
            if (from.source == table::term_source::cpu) {
                to[i].words = from.words;
            } else {
                refer(to[i].from, from.from != 0 ? from.from : reinterpret_cast<address>(&to[from.of_term].value));
            }
            if (from.cell != 0) {
                refer(to[i].cell, from.cell);
            }
        }
        seal_->term_count = static_cast<std::uint32_t>(list.size() - 2);
    }

    [[nodiscard]] static std::uint16_t place_of(std::size_t term) noexcept {
        return static_cast<std::uint16_t>((sizeof(table::seal) + term * sizeof(table::term)) / table::term_unit);
    }

    void write_plan(const sealed_plan& from) {
        auto& to = *take<table::plan>();
        to.size = static_cast<std::uint16_t>(size_of(from));
        to.kind = from.kind;
        if (from.forms.empty()) {
            return;
        }
        const std::size_t length = from.forms[0].bytes.size();
        const std::size_t stride = stride_of(length);
        to.original = place_in(from, from.original);
        to.chosen = to.original;
        to.stride = static_cast<std::uint8_t>(stride);
        to.length = static_cast<std::uint8_t>(length);
        if (from.direct < from.forms.size()) {
            to.direct = place_in(from, from.direct);
            refer(to.call.pointer, from.pointer);
            refer(to.call.missing, from.missing);
            if (from.nothing != 0) {
                refer(to.call.nothing, from.nothing);
            }
        }
        for (std::size_t i = 0; i < from.forms.size(); ++i) {
            write_form(from, i, *take<table::plan_form>(1, stride - sizeof(table::plan_form)));
        }
    }

    void write_form(const sealed_plan& plan, std::size_t number, table::plan_form& to) const {
        const sealed_form& form = plan.forms[number];
        const sealed_form& original = plan.forms[plan.original];
        auto* const bytes = reinterpret_cast<std::uint8_t*>(&to + 1);
        std::copy(form.bytes.begin(), form.bytes.end(), bytes);
        to.term = place_of(form.term);
        if (form.operand != table::no_operand) {
            constexpr std::uint32_t mask = seal_plans<Target>::operand_mask;
            std::uint32_t word = inlay::detail::word_at(bytes + form.operand);
            to.distance = (word & mask) * static_cast<std::uint32_t>(Target::instruction_alignment) +
                          static_cast<std::uint32_t>(lowest_ - begin_);
            to.scale = 1U << 8 * form.operand;
            word &= ~mask;
            std::memcpy(bytes + form.operand, &word, sizeof word);
        }
        const bool is_original = form.bytes == original.bytes && form.operand == original.operand;
        to.chosen = place_in(plan, number != plan.direct && is_original ? plan.original : number);
    }

    void write_lists(const std::vector<std::uint32_t>& places) {
        refer(seal_->functions, next_);
        for (const auto& each : functions_) {
            auto& to = *take<table::seal_function>();
            to.term = place_of(each.term);
            refer(to.function, each.function);
            refer(to.pointer, each.pointer);
        }
        refer(seal_->names, next_);
        for (const auto& [cell, sites] : names_) {
            auto& to = *take<table::seal_name>();
            refer(to.cell, cell);
            to.sites = sites;
        }
        const std::size_t keys = tables_.calls.size();
        const std::size_t alternatives = keys + tables_.keys.size();
        auto* const to = take<table::seal_site>(sites_.size());
        for (std::size_t i = 0; i < sites_.size(); ++i) {
            refer(to[i].site, sites_[i].first);
            to[i].plan = places[sites_[i].second];
        }
        refer(seal_->calls, reinterpret_cast<address>(to));
        refer(seal_->keys, reinterpret_cast<address>(to + keys));
        refer(seal_->alternatives, reinterpret_cast<address>(to + alternatives));
        refer(seal_->end, reinterpret_cast<address>(to + sites_.size()));
    }

    void write_head(std::size_t size) {
        seal_->used = static_cast<std::uint32_t>(size);
        seal_->plan_count = static_cast<std::uint32_t>(plans_->list().size() - 1);
        seal_->found = found_;
        seal_->operand_mask = seal_plans<Target>::operand_mask;
        seal_->fixed = file_.type() == ET_EXEC ? ~0U : 0U;
        set_reach();
        set_table(0, tables_.alternatives);
        set_table(1, tables_.calls);
        set_table(2, tables_.keys);
        set_table(3, tables_.names);
        const auto tables = inlay::detail::sum_of_tables(*seal_);
        seal_->table_sums[0] = tables.first;
        seal_->table_sums[1] = tables.second;
        const auto own = inlay::detail::sum_of(*seal_, image_.shown(begin_));
        seal_->sums[0] = own.first;
        seal_->sums[1] = own.second;
    }

    template <class Record>
    void set_table(std::size_t number, const table::section<Record>& section) {
        if (section.bytes != 0) {
            refer(seal_->tables[number].begin, reinterpret_cast<address>(section.records));
            seal_->tables[number].bytes = static_cast<std::uint32_t>(section.bytes);
        }
    }

    /// The targets in reach of all sites, and near enough for the distances in the seal. In 32-bit mode, all are.
    void set_reach() {
        if (Target::pointer_size == 4) {
            seal_->reach = std::uint64_t{1} << 32;
            return;
        }
        const address low = std::min(lowest_, begin_);
        const address high = std::max(highest_, begin_ + seal_->room) + 64;
        const address whole = address{1} << (Target::instruction_alignment == 1 ? 31 : 27);
        const address spread = 2 * (high - low) + 64;
        if (spread < whole) {
            seal_->reach_begin = high - whole + spread - begin_;
            seal_->reach = 2 * whole - 2 * spread - (high - low);
        }
    }

    // ---- The file -------------------------------------------------------------------------------------

    void replace_file() const {
        const std::filesystem::path path{file_.path()};
        std::filesystem::path fresh{path};
        fresh += ".sealing";
        std::filesystem::copy_file(path, fresh, std::filesystem::copy_options::overwrite_existing);
        {
            std::fstream to{fresh, std::ios::binary | std::ios::in | std::ios::out};
            put(to, begin_, seal_->room);
            put(to, reinterpret_cast<address>(tables_.calls.records), tables_.calls.bytes);
            put(to, reinterpret_cast<address>(tables_.keys.records), tables_.keys.bytes);
            to.flush();
            if (!to) {
                std::filesystem::remove(fresh);
                file_.fail("it is not sealed: it cannot be written");
            }
        }
        std::filesystem::rename(fresh, path);
    }

    void put(std::fstream& to, address at, std::size_t size) const {
        const std::uint64_t own = image_.shown(at);
        for (const auto& each : file_.segments()) {
            if (size != 0 && each.type == PT_LOAD && own >= each.address && own - each.address < each.file_size) {
                to.seekp(static_cast<std::streamoff>(each.offset + (own - each.address)));
                to.write(reinterpret_cast<const char*>(at), static_cast<std::streamsize>(size));
                return;
            }
        }
    }

    const report::elf_file& file_;
    image_type image_;
    table::tables tables_;
    table::seal* seal_{};
    seal_terms<Target> terms_{};
    std::unique_ptr<seal_plans<Target>> plans_{};
    std::vector<std::pair<address, std::size_t>> sites_{}; ///< in the order of the tables: address, number of the plan
    std::vector<planned_function> functions_{};
    std::map<address, std::uint32_t> names_{}; ///< cell: 1 + index of its first record
    std::uint32_t found_{};
    address lowest_{}, highest_{}, begin_{}, next_{};
};

/// Seals the file, which is replaced. Throws report::file_error with the reason if it cannot be sealed; then the file
/// is as before.
inline sealed seal_file(const std::string& path) {
    const report::elf_file file{path};
    switch (file.machine()) {
    case EM_X86_64:
        return sealer<x86::target<64>>{file}.run();
    case EM_386:
        return sealer<x86::target<32>>{file}.run();
    case EM_AARCH64:
        return sealer<aarch64::target>{file}.run();
    default:
        file.fail("it is for machine " + std::to_string(file.machine()) +
                  " (elf.h: EM_...), which inlay does not support");
    }
}

} // namespace check
} // namespace inlay
