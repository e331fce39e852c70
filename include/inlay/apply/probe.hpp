// SPDX-License-Identifier: BSL-1.0
//
// probe: whether this machine has a feature.
//
//     bool there = detail::probe(from, platform, feature, cell);    // without a force by INLAY_FEATURES
//
// How it works. A feature is probed by a processor's registers, by a function, or not at all: then set() gives its
// value. During a run, apply() keeps the results of probes and predicates in the image itself: in the feature's cell
// and in the predicate's node. Each of these has a memo. The memos of a run form a list, so that the run can forget all
// of them when it ends. The next apply() asks again.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Calls a feature's function, the platform's own way if it has one.
template <class Image, class Platform>
[[nodiscard]] bool call_probe(reader<Image>& from, Platform& platform, const table::feature_record& feature) noexcept {
    const address function = feature.function.target();
    if (!platform.executable(function, 1)) {
        from.fail(error::reference_outside, function);
        return false;
    }
    if constexpr (requires { platform.probed(feature); }) {
        const int result = platform.probed(feature);
        if (result < 0) {
            from.fail(error::probe_first, reinterpret_cast<address>(&feature));
        }
        return result > 0;
    } else if constexpr (requires { platform.probe(function); }) {
        return platform.probe(function);
    } else {
        return reinterpret_cast<bool (*)()>(function)();
    }
}

/// Probes a feature on this machine; a force does not count.
template <class Image, class Platform>
[[nodiscard, gnu::noinline]] bool probe(reader<Image>& from, Platform& platform, const table::feature_record& feature,
                                        const table::feature_cell& cell) noexcept {
    if (feature.kind == table::probe_kind::cpu) {
        return arch::has(feature.words);
    }
    if (feature.kind == table::probe_kind::function) {
        return call_probe(from, platform, feature);
    }
    if (feature.kind != table::probe_kind::by_hand) {
        from.fail(error::feature_unknown);
    }
    return cell.by_hand != 0;
}

/// The memos of one run: a list that begins with the newest and leads through the memos themselves.
struct memo_list {
    address newest{};
    uint32_t count{};

    /// Adds a memo, unless it is too far from the newest memo for a distance of 32 bits. Then the value is found out
    /// again when it is next needed.
    void add(table::memo& memo) noexcept {
        const auto distance = static_cast<intptr_t>(newest - reinterpret_cast<address>(&memo));
        const auto before = static_cast<int32_t>(newest == 0 ? intptr_t{table::first_memo} : distance);
        if (memo.before == 0 && (newest == 0 || before == distance)) {
            memo.before = before;
            newest = reinterpret_cast<address>(&memo);
            ++count;
        }
    }

    /// Clears all memos. Each step is checked: in malformed tables one object may lie on top of another.
    template <class Image>
    void clear(const Image& image) noexcept {
        for (; count != 0 && image.writable(newest, sizeof(table::memo)); --count) {
            auto& memo = *reinterpret_cast<table::memo*>(newest);
            newest += static_cast<address>(static_cast<intptr_t>(memo.before));
            memo.before = 0;
        }
    }
};

/// The features of this machine, for evaluate(): each feature is probed, and each predicate evaluated, once a run.
template <class Run>
struct machine_features {
    Run& run;

    static bool recall(const table::predicate_node& node, bool& value) noexcept {
        value = node.value != 0;
        return node.memo.before != 0;
    }

    void remember(const table::predicate_node& node, bool value) const noexcept {
        if (may_note(&node, sizeof(node))) {
            auto& noted = const_cast<table::predicate_node&>(node); // in .data, see table.hpp
            noted.value = value ? 1 : 0;
            run.memos.add(noted.memo);
        }
    }

    bool operator()(const table::feature_record& feature) const noexcept {
        auto& cell = const_cast<table::feature_cell&>(run.from.template follow<table::feature_cell>(feature.cell));
        if (!may_note(&cell, sizeof(cell))) {
            return false;
        }
        if (cell.memo.before == 0) {
            const bool there = probe(run.from, run.platform, feature, cell);
            cell.value = (cell.forced != 0 ? cell.forced == 2 : there) ? 1 : 0;
            run.memos.add(cell.memo);
        }
        return cell.value != 0;
    }

private:
    /// Whether nothing is wrong yet and the object may be written.
    [[nodiscard]] bool may_note(const void* object, size_t size) const noexcept {
        const auto at = reinterpret_cast<address>(object);
        if (!run.platform.writable(at, size)) {
            run.from.fail(error::reference_outside, at);
        }
        return run.from.trouble == error::no_error;
    }
};

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
