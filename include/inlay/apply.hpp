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
/// the processor forget what it fetched before. None of them may contain a patch site. A platform may have
/// `int system_error()` to say why it refused, and `bool probe(address)` to run function probes its own way.
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

/// Counts the runs of apply() in this image, so that what one has found out is no news to the next; never 0.
[[gnu::visibility("hidden")]] inline std::uint8_t next_round() noexcept {
    static constinit std::uint8_t round = 0;
    round = round == 255 ? std::uint8_t{1} : static_cast<std::uint8_t>(round + 1);
    return round;
}

template <text_platform Platform>
class [[gnu::visibility("hidden")]] patcher {
public:
    patcher(const table::tables& tables, Platform& platform, outcome& done, std::uint8_t round) noexcept
        : tables_{tables}, platform_{platform}, done_{done}, round_{round} {}

    void run() noexcept {
        if (!pass() || !pass(writes::chosen)) {
            return;
        }
        if (!platform_.finish()) {
            refused(done_.record());
        }
    }

private:
    /// What a pass does with the text.
    enum class writes : std::uint8_t { nothing, chosen, originals };

    bool pass(writes mode = writes::nothing) noexcept {
        mode_ = mode;
        memo_ = 0;
        return all_calls() && all_alternatives();
    }

    bool refused(record_id where) noexcept {
        if constexpr (requires { platform_.system_error(); }) {
            done_.system_error = platform_.system_error();
        }
        if (mode_ == writes::chosen) {
            (void)(pass(writes::originals) && platform_.finish());
            done_.written = 0;
            done_.calls_direct = 0;
        }
        return done_.fail(error::text_not_writable, where);
    }

    bool all_calls() noexcept {
        if (tables_.calls.bytes % sizeof(table::call_record) != 0) {
            return done_.fail(error::table_truncated, {table_kind::calls, 0, 0});
        }
        const auto count = static_cast<std::uint32_t>(tables_.calls.size());
        for (std::uint32_t i = 0; i < count; ++i) {
            table::call_record& record = tables_.calls.records[i];
            if (const error trouble = call(record); trouble != error::no_error) {
                return settle(trouble, {table_kind::calls, i, record.site.target()});
            }
        }
        done_.calls = count;
        return true;
    }

    bool settle(error trouble, record_id where) noexcept {
        return trouble == error::text_not_writable ? refused(where) : done_.fail(trouble, where);
    }

    bool all_alternatives() noexcept {
        if (tables_.alternatives.bytes % sizeof(table::alternative_record) != 0) {
            return done_.fail(error::table_truncated, {table_kind::alternatives, 0, 0});
        }
        const table::alternative_record* const records = tables_.alternatives.records;
        const auto count = static_cast<std::uint32_t>(tables_.alternatives.size());
        address highest_end = 0;
        decision group{};
        for (std::uint32_t i = 0; i < count; ++i) {
            const address site = records[i].site.target();
            const bool first = i == 0 || records[i - 1].site.target() != site;
            const bool last = i + 1 == count || records[i + 1].site.target() != site;
            error trouble = join(group, records[i], first);
            if (trouble == error::no_error && last) {
                // Tables come in the order of text, but for what linkers and cold sections move.
                const address end = site + group.length;
                trouble = mode_ == writes::nothing && site < highest_end && overlaps(records, i, site, end)
                              ? error::sites_overlap
                              : alternative(site, group);
                highest_end = end > highest_end ? end : highest_end;
            }
            if (trouble != error::no_error) {
                return settle(trouble, {table_kind::alternatives, i, site});
            }
        }
        done_.sites = count;
        return true;
    }

    /// Adds one record's decision to its group's. The longest site counts; the last `when` that holds wins.
    error join(decision& group, const table::alternative_record& record, bool first) noexcept {
        // Neighbours in the table are mostly sites of one declaration: decide it once.
        const address choices = record.choices.target();
        if (choices != memo_) {
            memo_ = 0;
            if (const error trouble = decide_by(platform_, record, predicates{*this}, memo_decision_);
                trouble != error::no_error) {
                return trouble;
            }
            memo_ = choices;
        }
        if (first || memo_decision_.length > group.length) {
            group.length = memo_decision_.length;
        }
        if (first || memo_decision_.ordinal != 0) {
            group.form = memo_decision_.form;
        }
        return error::no_error;
    }

    /// Whether [from, to) meets the site of one of the records before `index` that starts elsewhere.
    static bool overlaps(const table::alternative_record* records, std::uint32_t index, address from,
                         address to) noexcept {
        for (; index-- > 0;) {
            const address start = records[index].site.target();
            const auto* const choices = reinterpret_cast<const table::choice*>(records[index].choices.target());
            if (start != from && start < to && from < start + choices->length) {
                return true;
            }
        }
        return false;
    }

    error alternative(address site, const decision& group) noexcept {
        if (!platform_.executable(site, group.length)) {
            return error::site_outside_text;
        }
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
        const error trouble = place(*group.form, site, group.length, bytes);
        return trouble != error::no_error ? trouble : write(site, bytes.bytes, group.length, done_.written);
    }

    /// Writes what is not there yet, if this pass writes. Counts it.
    error write(address at, const std::uint8_t* bytes, unsigned size, std::uint32_t& counter) noexcept {
        const auto* const now = reinterpret_cast<const std::uint8_t*>(at);
        unsigned same = 0;
        while (same < size && now[same] == bytes[same]) {
            ++same;
        }
        if (mode_ == writes::nothing || same == size) {
            return error::no_error;
        }
        ++counter;
        return platform_.write(at, bytes, size) ? error::no_error : error::text_not_writable;
    }

    error call(table::call_record& record) noexcept {
        const table::callee* const callee = callee_of(platform_, record);
        if (callee == nullptr) {
            return error::reference_outside;
        }
        const table::choice* const last = follow<table::choice>(platform_, callee->choices);
        const address pointer = locate(platform_, callee->target, sizeof(address));
        const address trampoline = callee->trampoline.target();
        if (last == nullptr || pointer == 0 || !platform_.writable(pointer, sizeof(address)) ||
            !platform_.executable(trampoline, 1)) {
            return error::reference_outside;
        }
        decision chosen{};
        if (const error trouble = choose(platform_, *last, false, predicates{*this}, chosen);
            trouble != error::no_error) {
            return trouble;
        }
        const address target = locate(platform_, callee->targets, (chosen.ordinal + 1U) * sizeof(address));
        if (target == 0) {
            return error::ordinal_outside;
        }
        const address site = record.site.target();
        if (!platform_.executable(site, arch::longest_branch)) {
            return error::site_outside_text;
        }
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find() fills it
        if (mode_ == writes::nothing) {
            return error::no_error;
        }
        const address to = reinterpret_cast<const address*>(target)[chosen.ordinal];
        *reinterpret_cast<volatile address*>(pointer) = to;
        if (!find(record, site, trampoline, branch)) {
            return error::no_error;
        }
        std::uint8_t bytes[4]{}; // NOLINT(*-avoid-c-arrays)
        if (arch::retarget(branch, to, bytes)) {
            ++done_.calls_direct;
        } else {
            (void)arch::retarget(branch, trampoline, bytes); // in reach: it was called from here
        }
        record.site.distance += static_cast<std::int32_t>(branch.start - site);
        record.callee.distance |= 1;
        std::uint32_t written = 0;
        return write(branch.field, bytes, sizeof(bytes), written);
    }

    /// The call that belongs to `record`: the first one behind the marker that goes to the trampoline,
    /// except those that belong to markers in between: in f(f(x)) the outer marker comes first, and the
    /// inner call.
    bool find(const table::call_record& record, address site, address trampoline,
              arch::found_branch& result) const noexcept {
        if ((record.callee.distance & 1) != 0) {
            return arch::branch_at(site, arch::longest_branch, result);
        }
        std::size_t window = call_window;
        while (!platform_.executable(site, window)) {
            window /= 2; // not below longest_branch, which was checked
        }
        const table::call_record* next = &record + 1;
        const table::call_record* const end = tables_.calls.records + tables_.calls.size();
        unsigned pending = 1;
        for (; window != 0; window -= arch::instruction_alignment, site += arch::instruction_alignment) {
            for (; next != end && next->site.target() == site; ++next) {
                pending += next->callee.target() == record.callee.target() ? 1 : 0;
            }
            if (arch::branch_at(site, window, result) && result.target() == trampoline && --pending == 0) {
                return true;
            }
        }
        return false;
    }

    /// Whether a predicate holds, from its node if this run knows it already.
    struct predicates {
        patcher& self;

        error operator()(const table::predicate_node& node, bool& value) const noexcept {
            if (self.mode_ == writes::originals) {
                value = false;
                return error::no_error;
            }
            auto& known = const_cast<table::predicate_node&>(node); // in .data, see table.hpp
            if (known.round != self.round_) {
                if (!self.platform_.writable(reinterpret_cast<address>(&node), sizeof(node))) {
                    return error::reference_outside;
                }
                if (const error trouble = evaluate(self.platform_, node, features{self}, value);
                    trouble != error::no_error) {
                    return trouble;
                }
                known.value = value ? 1 : 0;
                known.round = self.round_;
            }
            value = known.value != 0;
            return error::no_error;
        }
    };

    /// What a feature is on this machine, probed once a run.
    struct features {
        patcher& self;

        error operator()(const table::feature_record& feature, bool& value) const noexcept {
            const address at = locate(self.platform_, feature.cell, sizeof(table::feature_cell));
            if (at == 0 || !self.platform_.writable(at, sizeof(table::feature_cell))) {
                return error::reference_outside;
            }
            auto& cell = *reinterpret_cast<table::feature_cell*>(at);
            if (cell.round != self.round_) {
                bool there = cell.by_hand != 0;
                if (feature.kind == table::probe_kind::cpu) {
                    there = arch::has(feature.words);
                } else if (feature.kind == table::probe_kind::function) {
                    const address probe = feature.function.target();
                    if (!self.platform_.executable(probe, 1)) {
                        return error::reference_outside;
                    }
                    if constexpr (requires { self.platform_.probe(probe); }) {
                        there = self.platform_.probe(probe);
                    } else {
                        there = reinterpret_cast<bool (*)()>(probe)();
                    }
                } else if (feature.kind != table::probe_kind::by_hand) {
                    return error::feature_unknown;
                }
                cell.value = cell.forced != 0 ? cell.forced == 2 : there;
                cell.round = self.round_;
            }
            value = cell.value != 0;
            return error::no_error;
        }
    };

    const table::tables& tables_;
    Platform& platform_;
    outcome& done_;
    address memo_{};
    decision memo_decision_{};
    writes mode_{writes::nothing};
    std::uint8_t round_;
};

} // namespace detail

/// Patches every site of `tables`. All or nothing: on an error no text has changed.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome apply(const table::tables& tables, Platform& platform) noexcept {
    outcome done;
    detail::patcher<Platform>{tables, platform, done, detail::next_round()}.run();
    return done;
}

} // namespace inlay
