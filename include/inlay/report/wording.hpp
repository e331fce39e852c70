// SPDX-License-Identifier: BSL-1.0
//
// wording: predicates, targets and probes in words.
#pragma once

#include "inlay/override.hpp"
#include "inlay/report/symbols.hpp"

#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

/// A predicate in its written form, with the operators' simplifications; as text_of() of predicate_text.hpp.
template <class Image>
[[nodiscard]] std::string words_of(const Image& image, const table::predicate_node& node, unsigned& steps,
                                   unsigned depth = 0) {
    using table::predicate_op;
    if (steps == 0) {
        return "?";
    }
    --steps;
    if (node.op == predicate_op::always || node.op == predicate_op::never) {
        return node.op == predicate_op::always ? "always" : "never";
    }
    if (node.op == predicate_op::feature || node.op == predicate_op::not_feature) {
        const auto* const feature = inlay::detail::find<table::feature_record>(image, node.a);
        return (node.op == predicate_op::feature ? "" : "!") +
               std::string{feature == nullptr ? "?" : name_at(image, feature->name)};
    }
    if (node.op == predicate_op::all || node.op == predicate_op::any) {
        const auto part = [&](const table::reference& reference) -> std::string {
            const auto* const inner = inlay::detail::find<table::predicate_node>(image, reference);
            if (inner == nullptr || depth > inlay::detail::deepest_tree) {
                return "?";
            }
            const bool mixed =
                inner->op != node.op && (inner->op == predicate_op::all || inner->op == predicate_op::any);
            const std::string text = words_of(image, *inner, steps, depth + 1);
            return mixed ? '(' + text + ')' : text;
        };
        return part(node.a) + (node.op == predicate_op::all ? " && " : " || ") + part(node.b);
    }
    return "?";
}

/// The function f of "head&ftail", a name that inlay made; false, and an unchanged `symbol`, for any other name.
[[nodiscard]] inline bool strip(std::string_view& symbol, std::string_view head, std::string_view tail) {
    if (!symbol.starts_with(head) || !symbol.ends_with(tail)) {
        return false;
    }
    symbol = symbol.substr(head.size(), symbol.size() - head.size() - tail.size());
    symbol.remove_prefix(symbol.starts_with('&') ? 1 : 0);
    if (symbol.starts_with('(') && symbol.ends_with(')')) { // some demanglers write &(f())
        symbol = symbol.substr(1, symbol.size() - 2);
    }
    return true;
}

/// If inlay made the target of an operation, "thunk of f" or "function of instructions", for any architecture.
/// Otherwise the symbol's own name.
[[nodiscard]] inline std::string name_of_target(std::string_view symbol) {
    std::string_view made = symbol;
    for (const std::string_view architecture : {"inlay::x86::emit::", "inlay::aarch64::emit::"}) {
        made = made.starts_with(architecture) ? made.substr(architecture.size()) : made;
    }
    if (made.size() == symbol.size()) {
        return without_parameters(symbol);
    }
    if (made.starts_with("function_of<")) {
        return "function of instructions";
    }
    // After the function comes the number of the registers that the thunk keeps.
    const std::size_t kept = made.rfind(", false, ");
    const bool thunk = kept != std::string_view::npos && strip(made, "thunk<", made.substr(kept));
    return thunk ? "thunk of " + without_parameters(made) : without_parameters(symbol);
}

/// " f" for a probe that is the function f, "" for a function without a name, such as a lambda.
[[nodiscard]] inline std::string name_of_probe(std::string_view symbol) {
    (void)strip(symbol, "inlay::detail::probe_function<", ">::call");
    const bool lambda = symbol.starts_with("_Z") || symbol.find("lambda") != std::string_view::npos;
    return lambda ? std::string{} : ' ' + without_parameters(symbol);
}

} // namespace detail
} // namespace report
} // namespace inlay
