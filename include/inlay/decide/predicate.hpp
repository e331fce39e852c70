// SPDX-License-Identifier: BSL-1.0
//
// predicate: whether a predicate of the tables holds.
//
//     const bool holds = inlay::evaluate(from, node, [](const inlay::table::feature_record& feature) noexcept { ... });
#pragma once

#include "inlay/decide/reader.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// Evaluates a predicate. `Features` is `bool operator()(const table::feature_record&) noexcept`; it may also have
/// `bool recall(const predicate_node&, bool& value)` and `void remember(const predicate_node&, bool value)`, to have
/// each node evaluated once. Both sides of a junction are evaluated: a malformed one must not hide. After an error it
/// evaluates no further node, since the value no longer matters.
template <class Image, class Features>
[[nodiscard, gnu::noinline]] bool evaluate(reader<Image>& from, const table::predicate_node& node,
                                           const Features& features, unsigned depth = 0) noexcept {
    using table::predicate_op;
    bool value = false;
    if (from.trouble != error::no_error) {
        return value;
    }
    if constexpr (requires { features.recall(node, value); }) {
        if (features.recall(node, value)) {
            return value;
        }
    }
    if (node.op == predicate_op::feature || node.op == predicate_op::not_feature) {
        value = features(from.template follow<table::feature_record>(node.a)) == (node.op == predicate_op::feature);
    } else if (node.op == predicate_op::all || node.op == predicate_op::any) {
        if (depth == detail::deepest_tree || ++from.steps > detail::most_steps) {
            from.fail(error::description_endless);
        } else {
            const bool a = evaluate(from, from.template follow<table::predicate_node>(node.a), features, depth + 1);
            const bool b = evaluate(from, from.template follow<table::predicate_node>(node.b), features, depth + 1);
            value = node.op == predicate_op::all ? a && b : a || b;
        }
    } else if (node.op == predicate_op::always || node.op == predicate_op::never) {
        value = node.op == predicate_op::always;
    } else {
        from.fail(error::predicate_unknown);
    }
    if constexpr (requires { features.remember(node, value); }) {
        features.remember(node, value);
    }
    return value;
}

} // namespace INLAY_TARGET
} // namespace inlay
