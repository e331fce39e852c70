// SPDX-License-Identifier: BSL-1.0
//
// jump_tables: where indirect jumps go: the tables that compilers make of a switch.
//
//     const inlay::check::table_jumps jumps = inlay::check::follow_tables(program, text);   // text: of walk()
//     for (const auto& each : jumps.entries) ... each.jump goes to each.target ...
//     for (const auto at : jumps.unknown) ... nothing is known about this jump ...
//
// How it works. From the jump, the walk goes back over all paths of its function, one instruction at a time. It
// executes each path in symbols (jump_values.hpp), until the jump's address is "constant + entry of a table times a
// constant" and a comparison on the path bounds the index. Then it reads the entries. So each of the forms that
// compilers make is known: absolute and relative addresses, and AArch64's distances in words. A mask bounds an index,
// too, if no comparison does; but a table may be shorter than the mask allows, so each entry must then lead to an
// instruction.
//
// Compilers take the address of a table out of loops. So a register that the function sets once, to a constant, has
// this value wherever all ways from the function's begin pass that instruction.
//
// A path goes over the sites of keys, whichever form stands there. It ends at other sites, which may change any
// register. Targets of a table are branches, too: a path may come from there. So all jumps of a function are followed
// again until no new target appears.
//
// A jump through a pointer is a call in tail position if the stack is as it was when the function began (objtool's
// rule), or if nothing is known about the stack. It goes to a function. Every other jump is unknown, if one of its
// paths is not solved.
#pragma once

#include "inlay/check/jump_effects.hpp"
#include "inlay/check/jump_values.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/unwind_effects.hpp"
#include "inlay/check/unwind_rows.hpp"
#include "inlay/check/walk.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// One entry of one table.
struct table_entry {
    std::uint64_t jump{};   ///< the instruction
    std::uint64_t table{};  ///< the first entry that the jump can use
    std::uint64_t number{}; ///< of the entry, from 0
    std::uint64_t target{};
};

struct table_jumps {
    std::vector<table_entry> entries{};   ///< that go to the inside of a site
    std::vector<std::uint64_t> unknown{}; ///< jumps; sorted
    std::size_t followed{};               ///< jumps with tables
};

namespace detail {

/// The jumps of one function.
template <class Target>
class table_follower {
    using effects = jump_effects<Target>;

public:
    table_follower(const program& program, const walked& text, table_jumps& to)
        : program_{program}, text_{text}, result_{to} {}

    void follow(const function& in, std::span<const std::uint64_t> jumps) {
        read(in);
        find_constants();
        std::set<std::tuple<std::uint64_t, std::uint64_t>> known; // jump, target
        for (bool more = true; more;) {
            more = false;
            find_places_of_constants();
            solved_.clear();
            for (const auto at : jumps) {
                solve(at);
            }
            for (const auto& each : solved_) {
                for (const auto target : each.second.targets) {
                    more = known.insert({each.first, target}).second || more;
                }
            }
            if (more) {
                add_edges();
            }
        }
        report(jumps);
    }

private:
    static constexpr std::size_t longest_path = 48;
    static constexpr std::size_t most_paths = 32;
    static constexpr std::uint64_t most_entries = 4096;
    static constexpr std::uint64_t most_masked = 256;
    static constexpr std::uint64_t most_steps = 20'000'000; ///< instructions that are executed, for all of a file

    /// An instruction of a path, and whether the path leaves it by its branch.
    struct path_step {
        std::size_t index;
        bool branches;
    };
    using path = std::vector<path_step>; ///< the jump first

    /// The table that one path has found.
    struct table {
        std::uint64_t base{}, times{}; ///< the target is base + entry * times
        std::uint64_t first{}, step{}, count{};
        unsigned bytes{}; ///< of an entry
        bool has_sign{};
        bool masked{}; ///< only a mask bounds the index
    };
    enum class answer : std::uint8_t { open, solved, pointer, unbounded };

    struct jump {
        std::vector<std::uint64_t> targets{}; ///< of all tables
        std::vector<table_entry> entries{};
        bool open{};      ///< a path is not solved
        bool unbounded{}; ///< a table was found, but not its end
        bool pointer{};   ///< it reads a pointer
    };

    /// A register that one instruction sets.
    struct constant {
        bool known{};
        std::size_t by{};
        std::uint64_t value{};
        std::vector<bool> before{}; ///< the instructions that may run before it
    };

    // ---- The function ---------------------------------------------------------------------------------

    void read(const function& in) {
        begin_ = in.begin;
        end_ = in.end;
        instructions_.clear();
        edges_.clear();
        const auto size = static_cast<std::size_t>(in.end - in.begin);
        const std::uint8_t* const bytes = program_.bytes(in.begin, size);
        for (std::size_t at = 0; bytes != nullptr && at < size;) {
            const instruction one = program_.decode()(bytes + at, size - at, in.begin + at);
            if (one.length == 0) {
                break;
            }
            instructions_.push_back(one);
            at += one.length;
        }
        for (std::size_t i = 0; i < instructions_.size(); ++i) {
            const instruction& each = instructions_[i];
            if (each.flow == flow::jump || each.flow == flow::conditional) {
                add_edge(each.target, i);
            }
        }
        for (auto site = program_.site_from(in.begin); site != program_.sites().end() && site->at < in.end; ++site) {
            for (const auto& form : site->forms) {
                (void)for_each_instruction(program_, *site, form, [&](const instruction& each) {
                    if (each.flow == flow::jump || each.flow == flow::conditional) {
                        add_edge(each.target, index_of(site->at));
                    }
                });
            }
        }
    }

    /// Finds the registers that only one instruction sets, to a constant; epilogues restore the caller's value.
    void find_constants() {
        constants_ = {};
        std::array<bool, jump_state::count> set{};
        set[effects::stack_pointer] = true;
        const auto run = [&](std::size_t index, const instruction& each, std::span<const std::uint8_t> bytes) {
            jump_values all;
            jump_state state{all};
            const jump_state before = state;
            if (each.flow == flow::call && thunk_of(each) != effects::none) {
                state.set(thunk_of(each), jump_values::constant(each.end()));
                const instruction next = program_.instruction_at(each.end(), each.end() + 16);
                effects_.run(state, {program_.bytes(next.at, next.length), next.length}, next.at);
                skip_ = next.at;
            } else {
                effects_.run(state, bytes, each.at);
            }
            for (unsigned i = 0; i < jump_state::count; ++i) {
                if (state.at(i) != before.at(i)) {
                    constants_[i] = {state.at(i).is_constant() && !set[i], index, state.at(i).plus, {}};
                    set[i] = true;
                }
            }
        };
        skip_ = 0;
        for (std::size_t i = 0; i < instructions_.size() && steps_ <= most_steps; ++i) {
            const instruction& each = instructions_[i];
            const site* const in = site_with(each.at);
            ++steps_;
            if (in == nullptr && each.at != skip_ && !restores(i)) {
                run(i, each, {program_.bytes(each.at, each.length), each.length});
            }
            for (std::size_t k = 0; in != nullptr && in->at == each.at && k < in->forms.size(); ++k) {
                (void)for_each_instruction(program_, *in, in->forms[k], [&](const instruction& one) {
                    run(i, one, in->forms[k].bytes().subspan(one.at - in->at, one.length));
                });
            }
        }
    }

    /// Finds the instructions that may run before such a register is set.
    void find_places_of_constants() {
        std::multimap<std::size_t, std::size_t> branches;
        for (const auto& [target, from] : edges_) {
            branches.emplace(from.index, index_of(target));
        }
        for (auto& each : constants_) {
            if (!each.known) {
                continue;
            }
            each.before.assign(instructions_.size() + 1, false);
            std::vector<std::size_t> open{0};
            auto other = std::lower_bound(text_.across.begin(), text_.across.end(), begin_);
            for (; other != text_.across.end() && *other < end_; ++other) {
                if (const std::size_t index = index_of(*other); index != instructions_.size()) {
                    open.push_back(index);
                }
            }
            const auto reach = [&](std::size_t index) {
                if (!each.before[index]) {
                    each.before[index] = true;
                    open.push_back(index);
                }
            };
            for (const auto index : open) {
                each.before[index] = true;
            }
            while (!open.empty() && steps_ <= most_steps) {
                const std::size_t index = open.back();
                open.pop_back();
                ++steps_;
                if (index == instructions_.size() || index == each.by) {
                    continue;
                }
                if (falls_through(index)) {
                    reach(index + 1);
                }
                const auto [first, end] = branches.equal_range(index);
                for (auto branch = first; branch != end; ++branch) {
                    reach(branch->second);
                }
            }
            each.known = open.empty();
        }
    }

    /// Whether an instruction of x86 is a pop of an epilogue.
    [[nodiscard]] bool restores(std::size_t index) const {
        const auto is_pop = [&](const instruction& one) {
            const std::uint8_t* const code = program_.bytes(one.at, one.length);
            return (code[one.length - 1U] & 0xf8U) == 0x58 && (one.length == 1 || (one.length == 2 && code[0] == 0x41));
        };
        if (program_.machine() == machine::aarch64 || !is_pop(instructions_[index])) {
            return false;
        }
        while (index < instructions_.size() && is_pop(instructions_[index])) {
            ++index;
        }
        const flow then = index < instructions_.size() ? instructions_[index].flow : flow::stops;
        return then == flow::returns || then == flow::jump || then == flow::indirect_jump;
    }

    [[nodiscard]] std::size_t index_of(std::uint64_t at) const {
        const auto found =
            std::lower_bound(instructions_.begin(), instructions_.end(), at,
                             [](const instruction& each, std::uint64_t value) { return each.at < value; });
        return found != instructions_.end() && found->at == at ? static_cast<std::size_t>(found - instructions_.begin())
                                                               : instructions_.size();
    }

    void add_edges() {
        for (const auto& each : solved_) {
            for (const auto target : each.second.targets) {
                add_edge(target, index_of(each.first));
            }
        }
    }
    void add_edge(std::uint64_t target, std::size_t from) {
        const auto same = edges_.equal_range(target);
        if (std::none_of(same.first, same.second, [&](const auto& edge) { return edge.second.index == from; })) {
            edges_.emplace(target, path_step{from, true});
        }
    }

    /// The site that has this instruction; null if none has.
    [[nodiscard]] const site* site_with(std::uint64_t at) const {
        const auto found = program_.site_from(at);
        return found != program_.sites().end() && found->at == at && found->length != 0
                   ? &*found
                   : walker::site_around(program_, at);
    }

    [[nodiscard]] bool falls_through(std::size_t index) const {
        const flow how = instructions_[index].flow;
        return how == flow::next || how == flow::conditional || how == flow::call || how == flow::indirect_call ||
               site_with(instructions_[index].at) != nullptr;
    }

    /// Whether an instruction is padding after one that never goes on: no path comes from there.
    [[nodiscard]] bool is_padding(std::size_t index) const {
        for (std::size_t i = index + 1; i-- > 0;) {
            if (i != index && !falls_through(i)) {
                return true;
            }
            if (!is_nop(instructions_[i]) || edges_.contains(instructions_[i].at) ||
                comes_from_elsewhere(instructions_[i].at)) {
                return false;
            }
        }
        return false;
    }
    [[nodiscard]] bool is_nop(const instruction& one) const {
        const std::uint8_t* const bytes = program_.bytes(one.at, one.length);
        if (program_.machine() == machine::aarch64) {
            return bytes[0] == 0x1f && bytes[1] == 0x20 && bytes[2] == 0x03 && bytes[3] == 0xd5;
        }
        std::size_t i = 0;
        while (i < one.length && (bytes[i] == 0x66 || bytes[i] == 0x2e || bytes[i] == 0x48)) {
            ++i;
        }
        const bool stays = one.length >= 3 && i < one.length && bytes[i] == 0x8d && program_.machine() == machine::i386;
        return i < one.length &&
               (bytes[i] == 0x90 || (i + 1 < one.length && bytes[i] == 0x0f && bytes[i + 1] == 0x1f) ||
                stays); // of i386, lea of a register to itself
    }

    // ---- Paths ----------------------------------------------------------------------------------------

    void solve(std::uint64_t at) {
        jump& to = solved_[at];
        const std::size_t last = index_of(at);
        if (last == instructions_.size()) {
            to.open = true;
            return;
        }
        std::vector<path> open{{path_step{last, false}}};
        for (std::size_t paths = 1; !open.empty();) {
            path now = std::move(open.back());
            open.pop_back();
            table found;
            const answer what = execute(now, found);
            if (what == answer::solved && !found.masked && add(found, at, to)) {
                continue;
            }
            to.pointer = to.pointer || what == answer::pointer;
            if (what == answer::pointer) {
                continue;
            }
            const std::uint64_t front = instructions_[now.back().index].at;
            std::size_t ways = 0;
            const auto extend = [&](const path_step& by) {
                ++ways;
                open.push_back(now);
                open.back().push_back(by);
            };
            if ((what != answer::solved || found.masked) && now.size() != longest_path && front != begin_ &&
                steps_ <= most_steps && !comes_from_elsewhere(front)) {
                const std::size_t index = now.back().index;
                if (index != 0 && falls_through(index - 1) && !is_padding(index - 1)) {
                    extend({index - 1, false});
                }
                const auto [first, end] = edges_.equal_range(front);
                for (auto each = first; each != end && ways <= most_paths; ++each) {
                    if (each->second.index < instructions_.size()) {
                        extend(each->second);
                    }
                }
            }
            paths += ways > 1 ? ways - 1 : 0;
            if (ways == 0 && found.masked && add(found, at, to)) {
                continue;
            }
            if (ways == 0 || paths > most_paths) {
                to.open = true;
                to.unbounded = to.unbounded || what == answer::unbounded || what == answer::solved;
                if (paths > most_paths) {
                    return;
                }
            }
        }
    }

    [[nodiscard]] bool comes_from_elsewhere(std::uint64_t target) const {
        return std::binary_search(text_.across.begin(), text_.across.end(), target);
    }

    [[nodiscard]] answer execute(const path& steps, table& found) {
        jump_values all;
        jump_state state{all};
        for (unsigned i = 0; i < jump_state::count; ++i) {
            if (constants_[i].known && !constants_[i].before[steps.back().index]) {
                state.set(i, jump_values::constant(constants_[i].value));
            }
        }
        steps_ += steps.size();
        for (std::size_t i = steps.size(); i-- > 1;) {
            const instruction& each = instructions_[steps[i].index];
            const std::span<const std::uint8_t> bytes{program_.bytes(each.at, each.length), each.length};
            const site* const in = site_with(each.at);
            if (in != nullptr && in->kind != site_kind::static_key && in->kind != site_kind::static_switch) {
                state.forget();
                continue;
            }
            if (each.flow == flow::conditional) {
                const order what = effects_.condition(bytes, each.at);
                state.found(steps[i].branches ? what : opposite(what));
            }
            if (each.flow == flow::call && thunk_of(each) != effects::none) {
                state.set(thunk_of(each), jump_values::constant(each.end()));
                continue;
            }
            effects_.run(state, bytes, each.at);
        }
        const instruction& last = instructions_[steps[0].index];
        const std::span<const std::uint8_t> bytes{program_.bytes(last.at, last.length), last.length};
        return what_is(effects_.target(state, bytes, last.at), state, found);
    }

    [[nodiscard]] unsigned thunk_of(const instruction& call) const {
        const std::uint8_t* const code = program_.bytes(call.target, 4);
        return code != nullptr ? effects::filled_by_thunk(code) : effects::none;
    }

    // ---- The address of a jump ------------------------------------------------------------------------

    /// constant + times * entry, with the entry at constant + step * index.
    [[nodiscard]] answer what_is(const jump_value& target, const jump_state& state, table& found) const {
        const jump_values& all = state.values();
        if (target.count != 1) {
            return answer::open;
        }
        found.base = target.plus;
        found.times = target.terms[0].times;
        const auto* entry = &all[target.terms[0].of];
        if (entry->kind == jump_values::kind::sign_extended && entry->of.has_one() && entry->of.plus == 0) {
            const auto& inner = all[entry->of.terms[0].of];
            found.has_sign = inner.bits == entry->bits;
            entry = &inner;
        }
        if (entry->kind != jump_values::kind::loaded || (target.terms[0].times != 1 && target.terms[0].times != 4)) {
            return answer::open;
        }
        found.bytes = entry->bits / 8;
        const jump_value& place = entry->of;
        const bool absolute = found.bytes == Target::pointer_size && target.plus == 0 && found.times == 1;
        if (place.is_constant() && absolute) {
            return answer::pointer;
        }
        if (place.count != 1 || !is_constant_data(place.plus & effects::mask)) {
            return answer::open;
        }
        found.step = place.terms[0].times;
        std::uint64_t begin = 0;
        if (found.step < found.bytes || found.step > 64 || !bound(place.terms[0].of, state, begin, found)) {
            return answer::unbounded;
        }
        found.first = (place.plus + begin * found.step) & effects::mask;
        return answer::solved;
    }

    /// Whether an address is in memory that does not change once the program has begun; also just before it, since an
    /// index need not begin at 0.
    [[nodiscard]] bool is_constant_data(std::uint64_t at) const {
        return std::any_of(program_.sections().begin(), program_.sections().end(), [&](const section& each) {
            return (!each.writable || each.name.starts_with(".data.rel.ro")) && at + most_masked * 16 >= each.address &&
                   at < each.address + each.size;
        });
    }

    /// The smallest bound of an unknown: from `begin`, found.count numbers.
    [[nodiscard]] bool bound(std::uint32_t index, const jump_state& state, std::uint64_t& begin, table& found) const {
        using kind = jump_values::kind;
        const jump_values& all = state.values();
        const auto& one = all[index];
        const bool extended = one.kind == kind::zero_extended || one.kind == kind::sign_extended;
        for (const auto& each : state.limits()) {
            std::uint64_t from = 0;
            bool same = each.what.has_one() && each.what.terms[0].of == index;
            if (same) {
                from = (std::uint64_t{0} - each.what.plus) & effects::mask;
            } else if (extended && each.most < std::uint64_t{1} << (one.bits - 1)) {
                // The low bits are not above the limit, or the whole number is not.
                same = each.what == one.of;
                if (!same && each.what.has_one() && each.what.plus == 0) {
                    const auto& other = all[each.what.terms[0].of];
                    same = other.kind == kind::zero_extended && other.bits == one.bits && other.of == one.of;
                }
            }
            if (same && each.most < most_entries && (found.count == 0 || each.most + 1 < found.count)) {
                begin = from;
                found.count = each.most + 1;
            }
        }
        if (found.count == 0 && one.most < most_masked) {
            found.count = one.most + 1;
            found.masked = true;
        }
        return found.count != 0;
    }

    /// Reads the entries. False if they are no addresses of instructions: then the table was misunderstood.
    [[nodiscard]] bool add(const table& from, std::uint64_t at, jump& to) {
        std::vector<table_entry> entries;
        for (std::uint64_t i = 0; i < from.count; ++i) {
            const std::uint64_t place = (from.first + i * from.step) & effects::mask;
            const std::uint8_t* const bytes = program_.bytes(place, from.bytes);
            if (bytes == nullptr) {
                return false;
            }
            std::uint64_t entry = 0;
            std::memcpy(&entry, bytes, from.bytes);
            const unsigned unused = 64 - 8 * from.bytes;
            if (from.has_sign) {
                entry = static_cast<std::uint64_t>(static_cast<std::int64_t>(entry << unused) >> unused);
            }
            const std::uint64_t target = (from.base + entry * from.times) & effects::mask;
            if (!is_instruction(target) && (from.masked || walker::site_around(program_, target) == nullptr)) {
                return false;
            }
            entries.push_back({.jump = at, .table = from.first, .number = i, .target = target});
        }
        for (const auto& each : entries) {
            to.targets.push_back(each.target);
            if (walker::site_around(program_, each.target) != nullptr &&
                std::none_of(to.entries.begin(), to.entries.end(), [&](const table_entry& known) {
                    return known.table == each.table && known.number == each.number;
                })) {
                to.entries.push_back(each);
            }
        }
        return true;
    }

    [[nodiscard]] bool is_instruction(std::uint64_t at) {
        if (index_of(at) != instructions_.size()) {
            return true;
        }
        const function* const in = program_.function_of(at);
        steps_ += in != nullptr ? at - in->begin : 0; // at most
        return in != nullptr && steps_ <= most_steps && instruction_around(program_, at).at == at;
    }

    // ---- Results --------------------------------------------------------------------------------------

    void report(std::span<const std::uint64_t> jumps) {
        for (const auto at : jumps) {
            const jump& each = solved_.at(at);
            result_.entries.insert(result_.entries.end(), each.entries.begin(), each.entries.end());
            const bool follows = !each.targets.empty();
            result_.followed += follows ? 1 : 0;
            const instruction& one = program_.instruction_at(at, at + 16);
            const bool index = effects_.has_index({program_.bytes(at, one.length), one.length});
            if (each.open && (follows || each.unbounded || index || !is_tail(at))) {
                result_.unknown.push_back(at);
            }
        }
    }

    /// Whether the stack at a jump is as it was when the function began. True if nothing is known about it.
    [[nodiscard]] bool is_tail(std::uint64_t at) {
        if (!rows_) {
            rows_.emplace(program_.debug_path());
        }
        using unwinding = unwind_effects<Target>;
        const unwind_row* const row = rows_->find(at);
        return row == nullptr ||
               (row->cfa.how == frame_rule::way::computed && row->cfa.number == unwinding::stack_pointer &&
                row->cfa.offset == (program_.machine() == machine::aarch64 ? 0 : std::int64_t{unwinding::word}));
    }

    const program& program_;
    const walked& text_;
    table_jumps& result_;
    effects effects_{};
    std::optional<unwind_rows> rows_{};
    std::uint64_t begin_{}, end_{}; ///< of the function
    std::vector<instruction> instructions_{};
    std::multimap<std::uint64_t, path_step> edges_{};     ///< by target
    std::map<std::uint64_t, jump> solved_{};              ///< by the jump's address
    std::array<constant, jump_state::count> constants_{}; ///< by register
    std::uint64_t skip_{};
    std::uint64_t steps_{};
};

template <class Target>
void follow_tables_of(const program& program, const walked& text, table_jumps& to) {
    table_follower<Target> follower{program, text, to};
    std::vector<std::uint64_t> jumps;
    for (auto at = text.jumps.begin(); at != text.jumps.end();) {
        const function* const in = program.function_of(*at);
        for (jumps.clear(); at != text.jumps.end() && in != nullptr && *at < in->end; ++at) {
            jumps.push_back(*at);
        }
        if (in == nullptr) {
            ++at;
            continue;
        }
        follower.follow(*in, jumps);
    }
}

} // namespace detail

/// Follows the indirect jumps of all functions.
[[nodiscard]] inline table_jumps follow_tables(const program& program, const walked& text) {
    table_jumps result;
    switch (program.machine()) {
    case machine::x86_64:
        detail::follow_tables_of<x86::target<64>>(program, text, result);
        break;
    case machine::i386:
        detail::follow_tables_of<x86::target<32>>(program, text, result);
        break;
    case machine::aarch64:
        detail::follow_tables_of<aarch64::target>(program, text, result);
        break;
    }
    return result;
}

} // namespace check
} // namespace inlay
