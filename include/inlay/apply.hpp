// SPDX-License-Identifier: BSL-1.0
//
// apply: the patcher. Reads the tables of an image, decides every site, then writes text.
//
//     inlay::platform::bare kernel{text, image};                    // or platform::process in a program
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     if (!done) { puts(inlay::message(done.error())); ... done.record() ... }
//
// How it works. Three phases in a fixed order: features are probed, calls are redirected, alternatives are
// written. (The other way round, a direct call would overwrite an instruction that an alternative put in
// its place.) Everything is checked and decided in a first pass that changes no text; only if no record is
// bad does a second pass write. If the platform then refuses, the sites go back to their originals.
//
// Nothing is allocated. Sites whose bytes are already right are not written, so apply() may be called again,
// e.g. after set() changed a feature. Records at the same address (nested uses in assembly) are one group:
// the longest length counts, and the last one whose `when` holds wins.
//
// Not thread-safe: call it while no other thread runs through a site (Linux: before the other processors
// start). On x86, see Intel SDM volume 3, 9.1.3 "Handling Self- and Cross-Modifying Code".
#pragma once

#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"

#include <concepts>

// The linker makes these for a section whose name is an identifier. Weak: a program may have no site.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,*-avoid-c-arrays)
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::alternative_record __start_inlay_alternatives[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::alternative_record __stop_inlay_alternatives[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::call_record __start_inlay_calls[];
[[gnu::weak, gnu::visibility("hidden")]] extern inlay::table::call_record __stop_inlay_calls[];
// NOLINTEND(bugprone-reserved-identifier,*-avoid-c-arrays)
}

namespace inlay {

/// The tables of the image that calls this. Each shared library has its own.
[[nodiscard, gnu::visibility("hidden")]] inline table::tables this_image() noexcept {
    const auto distance = [](const void* from, const void* to) noexcept {
        return static_cast<std::size_t>(reinterpret_cast<address>(to) - reinterpret_cast<address>(from));
    };
    return {{__start_inlay_alternatives, distance(__start_inlay_alternatives, __stop_inlay_alternatives)},
            {__start_inlay_calls, distance(__start_inlay_calls, __stop_inlay_calls)}};
}

/// What the patcher asks of its surroundings. Sizes are in bytes.
///
/// `write` may collect writes until `finish`; both return false if text cannot be written. `finish` also makes
/// the processor forget what it fetched before. None of them may contain a patch site.
template <class T>
concept text_platform = requires(T& platform, const T& view, address at, std::size_t size, const std::uint8_t* bytes) {
    { view.readable(at, size) } noexcept -> std::same_as<bool>;
    { view.writable(at, size) } noexcept -> std::same_as<bool>;
    { view.executable(at, size) } noexcept -> std::same_as<bool>;
    { platform.write(at, bytes, size) } noexcept -> std::same_as<bool>;
    { platform.finish() } noexcept -> std::same_as<bool>;
};

namespace detail {

/// How far behind its marker a call is looked for, in bytes.
inline constexpr std::size_t call_window = 4096;

/// Counts apply() runs, so that what one has found out is not taken for news by the next; never 0.
[[gnu::visibility("hidden")]] inline constinit std::uint8_t current_round = 0;

template <text_platform Platform>
class patcher {
public:
    patcher(const table::tables& tables, Platform& platform) noexcept : tables_{tables}, platform_{platform} {
        current_round = current_round == 255 ? std::uint8_t{1} : static_cast<std::uint8_t>(current_round + 1);
    }

    outcome run() noexcept {
        if (!whole(tables_.alternatives)) {
            return outcome{error::table_truncated, {table_kind::alternatives, 0, 0}};
        }
        if (!whole(tables_.calls)) {
            return outcome{error::table_truncated, {table_kind::calls, 0, 0}};
        }
        if (!pass(false)) {
            return done_;
        }
        done_ = {};
        if (!pass(true) || !platform_.finish()) {
            outcome trouble = done_ ? outcome{error::text_not_writable, {}} : done_;
            if constexpr (requires { platform_.system_error(); }) {
                trouble.system_error = platform_.system_error();
            }
            originals_ = true;
            memo_ = nullptr;
            done_ = {};
            (void)(pass(true) && platform_.finish());
            return trouble;
        }
        return done_;
    }

private:
    template <class Record>
    static bool whole(const table::section<Record>& section) noexcept {
        return section.bytes % sizeof(Record) == 0;
    }

    bool pass(bool writing) noexcept {
        const std::size_t calls = tables_.calls.size();
        for (std::size_t i = 0; i < calls; ++i) {
            table::call_record& record = tables_.calls.records[i];
            if (const error trouble = call(record, writing); trouble != error::no_error) {
                return fail(trouble, table_kind::calls, i, record.site.target());
            }
        }
        address highest_end = 0;
        const std::size_t alternatives = tables_.alternatives.size();
        for (std::size_t first = 0; first < alternatives;) {
            const address site = tables_.alternatives.records[first].site.target();
            std::size_t next = first;
            decision group{};
            error trouble = error::no_error;
            for (; next < alternatives && tables_.alternatives.records[next].site.target() == site; ++next) {
                trouble = join(group, tables_.alternatives.records[next], next == first);
                if (trouble != error::no_error) {
                    return fail(trouble, table_kind::alternatives, next, site);
                }
            }
            if (!writing && site < highest_end && overlaps(first, site, site + group.length)) {
                trouble = error::sites_overlap;
            } else {
                trouble = alternative(site, group, writing);
            }
            if (trouble != error::no_error) {
                return fail(trouble, table_kind::alternatives, first, site);
            }
            highest_end = site + group.length > highest_end ? site + group.length : highest_end;
            done_.sites += static_cast<std::uint32_t>(next - first);
            first = next;
        }
        return true;
    }

    bool fail(error trouble, table_kind table, std::size_t index, address site) noexcept {
        done_ = outcome{trouble, {table, static_cast<std::uint32_t>(index), site}};
        return false;
    }

    /// Adds one record's decision to its group's.
    error join(decision& group, const table::alternative_record& record, bool first) noexcept {
        // Neighbours in the table are mostly sites of one declaration: decide it once.
        const auto* const choices = reinterpret_cast<const void*>(record.choices.target());
        if (choices != memo_) {
            memo_ = nullptr;
            if (const error trouble = decide_by(platform_, record, predicates{*this}, memo_decision_);
                trouble != error::no_error) {
                return trouble;
            }
            memo_ = choices;
        }
        if (first || memo_decision_.ordinal != 0) {
            group.form = memo_decision_.form;
        }
        group.length = memo_decision_.length > group.length ? memo_decision_.length : group.length;
        return error::no_error;
    }

    /// Tables come in the order of text, but for what linkers and cold sections move: looking back is rare.
    bool overlaps(std::size_t before, address from, address to) noexcept {
        for (std::size_t i = 0; i < before; ++i) {
            const table::alternative_record& other = tables_.alternatives.records[i];
            const address start = other.site.target();
            const auto* const choices = reinterpret_cast<const table::choice*>(other.choices.target());
            if (start < to && from < start + choices->length) {
                return true;
            }
        }
        return false;
    }

    error alternative(address site, const decision& group, bool writing) noexcept {
        if (!platform_.executable(site, group.length)) {
            return error::site_outside_text;
        }
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
        if (const error trouble = place(*group.form, site, group.length, bytes); trouble != error::no_error) {
            return trouble;
        }
        if (writing && !same(site, bytes.bytes, bytes.length)) {
            ++done_.written;
            return platform_.write(site, bytes.bytes, bytes.length) ? error::no_error : error::text_not_writable;
        }
        return error::no_error;
    }

    static bool same(address at, const std::uint8_t* bytes, unsigned count) noexcept {
        const auto* const now = reinterpret_cast<const std::uint8_t*>(at);
        for (unsigned i = 0; i < count; ++i) {
            if (now[i] != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    error call(table::call_record& record, bool writing) noexcept {
        const address site = record.site.target();
        const bool found_before = (record.callee.distance & 1) != 0;
        const auto* const known = callee_of(platform_, record);
        if (known == nullptr) {
            return error::reference_outside;
        }
        const table::callee& callee = *known;
        const auto* const targets = follow<address>(platform_, callee.targets);
        const auto* const last = follow<table::choice>(platform_, callee.choices);
        const address pointer = callee.target.target();
        const address trampoline = callee.trampoline.target();
        if (targets == nullptr || last == nullptr || pointer % alignof(address) != 0 ||
            !platform_.writable(pointer, sizeof(address)) || !platform_.executable(trampoline, 1)) {
            return error::reference_outside;
        }
        decision chosen{};
        if (const error trouble = choose(platform_, *last, false, predicates{*this}, chosen);
            trouble != error::no_error) {
            return trouble;
        }
        if (!platform_.readable(reinterpret_cast<address>(targets + chosen.ordinal), sizeof(address))) {
            return error::ordinal_outside;
        }
        if (!platform_.executable(site, 1)) {
            return error::site_outside_text;
        }
        const address target = targets[chosen.ordinal];
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find() fills it
        const bool found = found_before ? platform_.executable(site, arch::longest_branch) &&
                                              arch::branch_at(site, arch::longest_branch, branch)
                                        : find(record, site, trampoline, branch);
        if (!writing) {
            return error::no_error;
        }
        *reinterpret_cast<volatile address*>(pointer) = target;
        ++done_.calls;
        std::uint8_t bytes[4]; // NOLINT(*-avoid-c-arrays): retarget() fills it
        if (!found) {
            ++done_.calls_kept;
            return error::no_error;
        }
        if (originals_ || !arch::retarget(branch, target, bytes)) {
            ++done_.calls_kept;
            (void)arch::retarget(branch, trampoline, bytes); // in reach: it was called from here
        } else {
            ++done_.calls_direct;
        }
        if (!found_before) {
            record.site.distance += static_cast<std::int32_t>(branch.start - site);
            record.callee.distance |= 1;
        }
        if (!same(branch.field, bytes, sizeof(bytes)) && !platform_.write(branch.field, bytes, sizeof(bytes))) {
            return error::text_not_writable;
        }
        return error::no_error;
    }

    /// The call that belongs to `record`: the first one behind the marker that goes to the trampoline,
    /// except those that belong to markers in between: in f(f(x)) the outer marker comes first and the
    /// inner call comes first.
    bool find(const table::call_record& record, address site, address trampoline, arch::found_branch& result) noexcept {
        const auto* const callee = callee_of(platform_, record);
        std::size_t window = call_window;
        while (window > 0 && !platform_.executable(site, window)) {
            window /= 2;
        }
        const table::call_record* next = &record + 1;
        const table::call_record* const end = tables_.calls.records + tables_.calls.size();
        unsigned pending = 1;
        for (address at = site; at < site + window; at += arch::instruction_alignment) {
            while (next != end && next->site.target() <= at && next->site.target() >= site) {
                pending += callee_of(platform_, *next) == callee && (next->callee.distance & 1) == 0 ? 1 : 0;
                ++next;
            }
            if (arch::branch_at(at, site + window - at, result) && result.target() == trampoline) {
                if (--pending == 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Whether a predicate holds, from its node if this run knows it already.
    struct predicates {
        patcher& self;

        error operator()(const table::predicate_node& node, bool& value) const noexcept {
            if (self.originals_) {
                value = false;
                return error::no_error;
            }
            if (node.round == current_round) {
                value = node.value != 0;
                return error::no_error;
            }
            if (!self.platform_.writable(reinterpret_cast<address>(&node), sizeof(node))) {
                return error::reference_outside;
            }
            if (const error trouble = evaluate(self.platform_, node, features{self}, value);
                trouble != error::no_error) {
                return trouble;
            }
            auto& known = const_cast<table::predicate_node&>(node); // in .data, see table.hpp
            known.value = value ? 1 : 0;
            known.round = current_round;
            return error::no_error;
        }
    };

    /// What a feature is on this machine, probed once a run.
    struct features {
        patcher& self;

        error operator()(const table::feature_record& feature, bool& value) const noexcept {
            auto* const cell =
                const_cast<table::feature_cell*>(follow<table::feature_cell>(self.platform_, feature.cell));
            if (cell == nullptr || !self.platform_.writable(reinterpret_cast<address>(cell), sizeof(*cell))) {
                return error::reference_outside;
            }
            if (cell->round != current_round) {
                bool there = cell->by_hand != 0;
                if (feature.kind == table::probe_kind::cpu) {
                    there = arch::has(feature.words);
                } else if (feature.kind == table::probe_kind::function) {
                    const address probe = feature.function.target();
                    if (!self.platform_.executable(probe, 1)) {
                        return error::reference_outside;
                    }
                    there = reinterpret_cast<bool (*)()>(probe)();
                } else if (feature.kind != table::probe_kind::by_hand) {
                    return error::feature_unknown;
                }
                cell->value = cell->forced != 0 ? cell->forced == 2 : there;
                cell->round = current_round;
            }
            value = cell->value != 0;
            return error::no_error;
        }
    };

    table::tables tables_;
    Platform& platform_;
    outcome done_{};
    const void* memo_{};
    decision memo_decision_{};
    bool originals_{};
};

} // namespace detail

/// Patches every site of `tables`. All or nothing: on an error no text has changed.
template <text_platform Platform>
outcome apply(const table::tables& tables, Platform& platform) noexcept {
    return detail::patcher<Platform>{tables, platform}.run();
}

} // namespace inlay
