// SPDX-License-Identifier: BSL-1.0
//
// code_search: which instructions can be reached from where, around some others.
//
//     inlay::check::code_search search{graph, {.known = assumed, .patched = true}};
//     search.blocked = barriers;                          // paths end before these
//     search.targets = writes;
//     search.start_at_entries();
//     search.run();
//     for (const auto node : search.hits()) ... search.path_to(node) ...
//
// How it works. An instruction is dominated by some others if no path from an entry to it goes around them. So one
// search proves it: it follows all edges but those that leave the others. A call leads into the function, and on after
// the call once a path through the function has come to its return. (T. Reps, S. Horwitz, M. Sagiv, "Precise
// interprocedural dataflow analysis via graph reachability", 1995, with one fact.) The search is one pass over the text.
#pragma once

#include "inlay/check/code_condition.hpp"
#include "inlay/check/code_graph.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// How a path got to an instruction.
enum class path_step : std::uint8_t {
    start,
    next,
    branch,
    call,
    after_call,    ///< the called function has returned
    hidden,        ///< from the function's entry, to code to which no branch leads
    indirect_call, ///< perhaps: the address is one that a pointer may hold
    indirect_jump, ///< perhaps
    back,          ///< from a return to a caller that the path did not come from
    lost,          ///< to an address where no instruction is known
};

class code_search {
public:
    struct options {
        condition known{};
        bool patched{};    ///< apply() has run
        bool over_calls{}; ///< do not follow calls into functions
        bool leaves{}; ///< a return from the function in which a path begins ends it; else it goes back to all callers
    };

    code_search(const code_graph& graph, options with) : graph_{graph}, with_{std::move(with)} {
        const std::size_t count = graph.nodes().size();
        from_.assign(count, unvisited);
        how_.resize(count);
        returns_.resize(graph.program().functions().size());
        free_.resize(returns_.size());
        waiting_.resize(returns_.size());
    }

    std::vector<bool> blocked{}; ///< by node; empty: none
    std::vector<bool> targets{};

    /// Begins at a node itself.
    void start_at(std::uint32_t node) {
        free_[graph_.procedure_of(node)] = true;
        visit(node, none, path_step::start);
    }
    /// Begins after a node.
    void start_after(std::uint32_t node) {
        if (!graph_.may_stand(graph_.nodes()[node], with_.known, with_.patched)) {
            return;
        }
        free_[graph_.procedure_of(node)] = true;
        if (from_[node] == unvisited) {
            from_[node] = none;
            how_[node] = path_step::start;
        }
        follow(node);
    }
    void start_at_address(std::uint64_t address) {
        for (const auto& [where, node] : graph_.at(address)) {
            visit(node, none, path_step::start);
        }
        enter_hidden(address, none);
    }
    /// Begins where code may be entered.
    void start_at_entries() {
        for (const auto address : graph_.entered()) {
            start_at_address(address);
        }
    }

    void run() {
        while (done_ < queue_.size()) {
            const std::uint32_t node = queue_[done_++];
            if (is(targets, node)) {
                hits_.push_back(node);
            }
            if (!is(blocked, node)) {
                follow(node);
            }
        }
    }

    /// Targets that were reached.
    [[nodiscard]] const std::vector<std::uint32_t>& hits() const noexcept { return hits_; }
    /// Returns from a function in which a path began, with options::leaves.
    [[nodiscard]] const std::vector<std::uint32_t>& left() const noexcept { return left_; }
    /// Instructions that go where no instruction is known, or that are none.
    [[nodiscard]] const std::vector<std::uint32_t>& lost() const noexcept { return lost_; }
    [[nodiscard]] path_step how(std::uint32_t node) const { return how_[node]; }
    /// The nodes from the start to here.
    [[nodiscard]] std::vector<std::uint32_t> path_to(std::uint32_t node) const {
        std::vector<std::uint32_t> path{node};
        while (how_[path.back()] != path_step::start && from_[path.back()] < unvisited && path.size() <= from_.size()) {
            path.push_back(from_[path.back()]);
        }
        std::reverse(path.begin(), path.end());
        return path;
    }

private:
    static constexpr std::uint32_t unvisited = none - 1;

    [[nodiscard]] static bool is(const std::vector<bool>& which, std::uint32_t node) {
        return !which.empty() && which[node];
    }

    void visit(std::uint32_t to, std::uint32_t from, path_step how) {
        if (queued(to) || !graph_.may_stand(graph_.nodes()[to], with_.known, with_.patched)) {
            return;
        }
        if (from_[to] == unvisited) {
            from_[to] = from;
            how_[to] = how;
        }
        queued_[to] = true;
        queue_.push_back(to);
    }
    [[nodiscard]] bool queued(std::uint32_t node) {
        if (queued_.empty()) {
            queued_.resize(graph_.nodes().size());
        }
        return queued_[node];
    }

    void enter(std::uint64_t address, std::uint32_t from, path_step how) {
        for (const auto& [where, node] : graph_.at(address)) {
            visit(node, from, how);
        }
        enter_hidden(address, from);
    }
    void enter_hidden(std::uint64_t address, std::uint32_t from) {
        const std::uint32_t in = graph_.function_at(address);
        if (in == none || hidden_done(in)) {
            return;
        }
        for (const auto hidden : graph_.hidden(in)) {
            for (const auto& [where, node] : graph_.at(hidden)) {
                visit(node, from, from == none ? path_step::start : path_step::hidden);
            }
        }
    }
    [[nodiscard]] bool hidden_done(std::uint32_t function) {
        if (hidden_done_.empty()) {
            hidden_done_.resize(graph_.program().functions().size());
        }
        const bool before = hidden_done_[function];
        hidden_done_[function] = true;
        return before;
    }

    void next(std::uint32_t node, path_step how) {
        const bool known = graph_.next_of(node, [&](std::uint32_t each) { visit(each, node, how); });
        if (!known && how != path_step::after_call) { // after a call that never returns, nothing need follow
            lost_.push_back(node);
        }
    }

    void follow(std::uint32_t node) {
        const code_node& one = graph_.nodes()[node];
        if (one.what.length == 0) {
            lost_.push_back(node);
            return;
        }
        switch (one.what.flow) {
        case flow::next:
            if (!skip_known(node, one)) {
                next(node, path_step::next);
            }
            break;
        case flow::conditional:
            next(node, path_step::next);
            branch(node, one);
            break;
        case flow::jump:
            branch(node, one);
            break;
        case flow::call:
            call(node, one);
            break;
        case flow::indirect_call:
            if (!with_.over_calls) {
                enter_any(node, path_step::indirect_call);
            }
            next(node, path_step::after_call);
            break;
        case flow::indirect_jump:
            for (const auto each : graph_.nodes_of(graph_.procedure_of(node))) {
                const code_node& to = graph_.nodes()[each];
                if (to.site == nullptr || to.first == each) {
                    visit(each, node, path_step::indirect_jump);
                }
            }
            if (!with_.over_calls) {
                enter_any(node, path_step::indirect_jump);
            }
            leave(node, graph_.procedure_of(node));
            break;
        case flow::returns:
            leave(node, graph_.procedure_of(node));
            break;
        case flow::stops:
            if (continues(one)) {
                next(node, path_step::next);
            }
            break;
        }
    }

    /// AArch64's "mov w0, #1", perhaps a jump, then "cbz w0, there": only one way goes on. Compilers make this of a
    /// condition that they ask twice. True if that way was taken.
    [[nodiscard]] bool skip_known(std::uint32_t node, const code_node& one) {
        if (graph_.program().machine() != machine::aarch64 || one.site != nullptr) {
            return false;
        }
        const auto word_of = [&](std::uint32_t of) {
            std::uint32_t word = 0;
            std::memcpy(&word, graph_.nodes()[of].bytes, sizeof word);
            return word;
        };
        const std::uint32_t move = word_of(node);
        if ((move & 0x7f800000U) != 0x52800000U) { // movz
            return false;
        }
        std::uint32_t at = node;
        for (unsigned steps = 0; steps < 4; ++steps) {
            const bool jump = graph_.nodes()[at].what.flow == flow::jump;
            const auto found = graph_.at(jump ? graph_.nodes()[at].what.target : graph_.nodes()[at].what.end());
            if (found.size() != 1 || graph_.nodes()[found.front().second].site != nullptr ||
                graph_.nodes()[found.front().second].what.length == 0 ||
                graph_.procedure_of(found.front().second) != graph_.procedure_of(node)) {
                return false;
            }
            at = found.front().second;
            if (is(targets, at) || is(blocked, at)) {
                return false;
            }
            const std::uint32_t word = word_of(at);
            if ((word & 0x7e000000U) == 0x34000000U && (word & 31U) == (move & 31U)) { // cbz, cbnz
                const bool zero = (move >> 5U & 0xffffU) == 0;
                const bool taken = zero == ((word >> 24U & 1U) == 0);
                const auto go = [&](std::uint32_t each) { visit(each, node, path_step::branch); };
                return taken ? graph_.target_of(at, go) : graph_.next_of(at, go);
            }
            if (graph_.nodes()[at].what.flow != flow::jump) {
                return false;
            }
        }
        return false;
    }

    /// An interrupt ends the wait of hlt.
    [[nodiscard]] bool continues(const code_node& one) const {
        return graph_.program().machine() != machine::aarch64 && one.what.length == 1 && *one.bytes == 0xf4;
    }

    void branch(std::uint32_t node, const code_node& one) {
        if (graph_.is_tail(one)) {
            enter(one.what.target, node, path_step::branch);
            wait(node, graph_.procedure_of_function(graph_.function_at(one.what.target)));
        } else if (!graph_.target_of(node, [&](std::uint32_t each) { visit(each, node, path_step::branch); }) &&
                   graph_.program().executable(one.what.target, 1)) { // else it is an exception
            lost_.push_back(node);
        }
    }

    void call(std::uint32_t node, const code_node& one) {
        const std::uint32_t to = graph_.function_at(one.what.target);
        if (with_.over_calls || to == none) {
            next(node, path_step::after_call);
            if (to == none && graph_.program().executable(one.what.target, 1)) {
                lost_.push_back(node);
            }
            return;
        }
        enter(one.what.target, node, path_step::call);
        wait(node, graph_.procedure_of_function(to));
    }

    /// The call or tail call goes on if the procedure returns.
    void wait(std::uint32_t node, std::uint32_t procedure) {
        if (returns_[procedure]) {
            go_on(node);
        } else {
            waiting_[procedure].push_back(node);
        }
    }
    void go_on(std::uint32_t node) {
        if (graph_.nodes()[node].what.flow == flow::call) {
            next(node, path_step::after_call);
        } else {
            leave(node, graph_.procedure_of(node));
        }
    }

    void leave(std::uint32_t node, std::uint32_t procedure) {
        if (free_[procedure]) {
            free_[procedure] = false; // once
            if (with_.leaves) {
                left_.push_back(node);
            } else {
                go_back(procedure);
            }
        }
        if (returns_[procedure]) {
            return;
        }
        returns_[procedure] = true;
        const auto waiting = std::move(waiting_[procedure]);
        waiting_[procedure].clear();
        for (const auto each : waiting) {
            go_on(each);
        }
    }

    /// To all callers: a path that began in a function does not know its own.
    void go_back(std::uint32_t procedure) {
        const auto continue_after = [&](std::uint32_t call) {
            const std::uint32_t in = graph_.procedure_of(call);
            const bool known = freed(in);
            if (graph_.nodes()[call].what.flow == flow::call || graph_.nodes()[call].what.flow == flow::indirect_call) {
                if (!known) {
                    free_[in] = true;
                }
                static_cast<void>( // after a call that never returns, nothing need follow
                    graph_.next_of(call, [&](std::uint32_t each) { visit(each, call, path_step::back); }));
            } else if (!known) {
                free_[in] = true;
                leave(call, in);
            }
        };
        for (const auto call : graph_.callers_of(procedure)) {
            continue_after(call);
        }
        if (graph_.is_taken(procedure) && !went_back_) {
            went_back_ = true;
            for (const auto call : graph_.indirect_calls()) {
                continue_after(call);
            }
        }
    }
    /// Whether paths of this procedure go back to its callers already.
    [[nodiscard]] bool freed(std::uint32_t procedure) {
        if (freed_.empty()) {
            freed_.resize(returns_.size());
        }
        const bool before = freed_[procedure];
        freed_[procedure] = true;
        return before;
    }

    /// Each address that a pointer may hold.
    void enter_any(std::uint32_t node, path_step how) {
        if (entered_any_) {
            return;
        }
        entered_any_ = true;
        for (const auto address : graph_.taken()) {
            enter(address, node, how);
        }
    }

    const code_graph& graph_;
    options with_;
    std::vector<std::uint32_t> from_{}; ///< of each node: the one before it on a path
    std::vector<path_step> how_{};
    std::vector<bool> queued_{}, hidden_done_{}, returns_{}, free_{}, freed_{};
    std::vector<std::vector<std::uint32_t>> waiting_{}; ///< calls of each procedure
    std::vector<std::uint32_t> queue_{}, hits_{}, left_{}, lost_{};
    std::size_t done_{};
    bool entered_any_{}, went_back_{};
};

} // namespace check
} // namespace inlay
