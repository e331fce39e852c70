// SPDX-License-Identifier: BSL-1.0
//
// unwind: whether an unwinder finds the caller at every instruction of a site, for every form.
//
//     inlay::check::check_unwind(program, found);             // rules "stack-layout" and "unwind-state"
//
//     unwind_check<x86::target<64>> check{rows};              // one site
//     for (const auto& each : check(site, forms)) ... each.what, each.at, each.text, forms[each.first] ...
//
// How it works. An unwinder knows an address and the row of .eh_frame for it; it does not know which form stands
// there. So two rules hold for the instruction boundaries of a site. (Linux's objtool has the first rule in its check
// of alternatives.)
//
//  1. Where two forms have a boundary at one byte, both have the same stack and preserved registers there. Otherwise
//     the finding is "stack layout conflict at equal offset". Padding has boundaries too. A boundary that one form
//     alone has is free.
//  2. At each boundary of each form, the row finds the caller's frame and registers as they are. Otherwise the finding
//     is "unwind state incompatible". The row at the site's start is taken for true. From there each form is executed
//     in symbols (unwind_state.hpp); a row is right if it gives the same symbols. The rule holds for the address after
//     the site, and for the target of a jump out of it. It also holds for the last byte of a call, where an unwinder
//     in the called function looks.
//
// Every form is checked, with any predicate. Sites do not overlap, and each begins as its row says. So checking the
// forms of one site singly covers all combinations of features.
#pragma once

#include "inlay/check/disassembly.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/unwind_effects.hpp"
#include "inlay/check/unwind_rows.hpp"
#include "inlay/check/unwind_state.hpp"
#include "inlay/check/words.hpp"
#include "inlay/unwind.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// A form as it would stand at the site, padded.
using unwind_form = std::span<const std::uint8_t>;

struct unwind_conflict {
    enum class kind : std::uint8_t { layout, incompatible };
    kind what{};
    std::size_t first{};  ///< index of the form
    std::size_t second{}; ///< of the other one; of `incompatible`: 0, the form of the file
    unsigned at{};        ///< bytes from the site's start
    std::string text{};   ///< the difference
    std::string hint{};   ///< why that may be so; often empty
};

template <class Target>
class unwind_check {
    using effects = unwind_effects<Target>;

public:
    explicit unwind_check(unwind_rows& rows) : rows_{rows} {}

    /// The first conflict of each kind. The form of the file comes first in `forms`; all have one length.
    [[nodiscard]] std::vector<unwind_conflict> operator()(std::uint64_t site, std::span<const unwind_form> forms) {
        site_ = site;
        const unwind_row* const row = rows_.find(site);
        has_rows_ = row != nullptr;
        begin_ = has_rows_ ? *row : unwind_row{};
        std::vector<walk> walks;
        walks.reserve(forms.size());
        std::vector<unwind_conflict> conflicts;
        for (std::size_t i = 0; i < forms.size(); ++i) {
            walks.push_back(execute(forms[i], static_cast<unsigned>(i)));
        }
        moves_stack_ = std::any_of(walks.begin(), walks.end(), [](const walk& form) {
            return std::any_of(form.states.begin(), form.states.end(),
                               [](const auto& each) { return moves(each.second); });
        });
        find_layout_conflict(walks, conflicts);
        const auto length = forms.empty() ? 0U : static_cast<unsigned>(forms.front().size());
        const auto after =
            walks.empty() ? std::map<unsigned, unwind_state>::const_iterator{} : walks.front().states.find(length);
        file_keeps_ = !walks.empty() && after != walks.front().states.end() && !moves(after->second);
        for (std::size_t i = 0; has_rows_ && i < walks.size(); ++i) {
            if (find_wrong_row(walks[i], i, length, conflicts)) {
                break;
            }
        }
        return conflicts;
    }

    /// The entries for the last checked site: a point for each instruction boundary of a form, and for the last byte of
    /// each call. (An unwinder in the called function looks there; no unwinder asks for other bytes.)
    struct point {
        unwind::entry entry;
        std::size_t form;
    };
    using points = std::map<unsigned, point>;

    /// Merges the entries of all forms by byte. Two forms that need different entries at one byte are a conflict, and
    /// a form that no entry describes.
    [[nodiscard]] points merge(std::uint64_t site, std::span<const unwind_form> forms,
                               std::vector<unwind_conflict>& conflicts) {
        points result;
        (void)(*this)(site, {}); // the row
        for (std::size_t i = 0; has_rows_ && i < forms.size(); ++i) {
            const walk one = execute(forms[i], static_cast<unsigned>(i));
            const auto add = [&](unsigned at, const unwind_state& state) {
                const auto [known, added] = result.try_emplace(at, point{entry_of(state), i});
                if (same(entry_of(state), unknown()) && !same(entry_of(begin_), unknown()) && conflicts.empty()) {
                    conflicts.push_back({unwind_conflict::kind::incompatible, i, 0, at,
                                         "with this form, the table cannot say where " + lost_in(state)});
                }
                if (!added && !same(known->second.entry, entry_of(state)) && conflicts.empty()) {
                    conflicts.push_back({unwind_conflict::kind::layout, known->second.form, i, at,
                                         "the two forms need different entries of the table"});
                }
            };
            for (const auto& [at, state] : one.states) {
                if (at < forms[i].size()) {
                    add(at, state);
                }
            }
            for (const auto& each : one.places) {
                if (each.looks_at - site < forms[i].size()) {
                    add(static_cast<unsigned>(each.looks_at - site), each.state);
                }
            }
        }
        return result;
    }

    /// The entry that a row of DWARF is.
    [[nodiscard]] static unwind::entry entry_of(const unwind_row& row) {
        using way = frame_rule::way;
        unwind::entry result{};
        const frame_rule address = rule_of(row, effects::return_address);
        const frame_rule pointer = rule_of(row, effects::frame_pointer);
        const auto& operations = row.cfa.operations;
        if (row.cfa.how == way::computed && row.cfa.number == effects::stack_pointer) {
            result.base = unwind::base::stack_pointer;
        } else if (row.cfa.how == way::computed && row.cfa.number == effects::frame_pointer) {
            result.base = unwind::base::frame_pointer;
        } else if (operations.size() == 2 && operations[0].atom == DW_OP_breg0 + effects::frame_pointer &&
                   operations[1].atom == DW_OP_deref) {
            result.base = unwind::base::indirect;
        }
        const std::int64_t frame =
            result.base == unwind::base::indirect ? static_cast<std::int64_t>(operations[0].number) : row.cfa.offset;
        if (result.base == unwind::base::indirect && pointer.how == way::expression &&
            is_at_frame_pointer(pointer)) { // GCC's realigned frame: the frame pointer leads to the caller's
            return unknown();               // its place is at no constant distance from the frame
        }
        const bool known = (pointer.how == way::same || pointer.how == way::saved) &&
                           (address.how == way::saved || address.how == way::same) && fits(frame) &&
                           fits(pointer.offset) && fits(address.offset);
        if (address.how == way::undefined) {
            result.base = unwind::base::outermost;
            return result;
        }
        if (!known || result.base == unwind::base::unknown) {
            return unknown();
        }
        result.frame = static_cast<std::int16_t>(frame);
        result.frame_pointer = static_cast<std::int16_t>(pointer.offset);
        result.return_address = static_cast<std::int16_t>(address.offset);
        return result;
    }
    [[nodiscard]] static unwind::entry unknown() { return {}; }

    [[nodiscard]] static bool same(const unwind::entry& a, const unwind::entry& b) {
        return a.base == b.base && a.frame == b.frame && a.frame_pointer == b.frame_pointer &&
               a.return_address == b.return_address && a.is_signed == b.is_signed;
    }

    /// Whether a form of the last site changes state that an unwinder needs, but the file has no unwind information
    /// there. Then only the first rule was checked.
    [[nodiscard]] bool unproven() const noexcept { return !has_rows_ && moves_stack_; }

private:
    /// A way out of the site, or into a called function: the state there, and the address that an unwinder looks at.
    struct place {
        unsigned from{}; ///< the instruction, in bytes from the site's start
        std::uint64_t looks_at{};
        unwind_state state;
    };

    /// One form, executed.
    struct walk {
        std::map<unsigned, unwind_state>
            states{}; ///< by byte; the state before the instruction, and after the last one
        std::vector<place> places{};
    };

    // ---- Execution ------------------------------------------------------------------------------------

    [[nodiscard]] walk execute(unwind_form bytes, unsigned form) {
        const auto length = static_cast<unsigned>(bytes.size());
        walk result;
        result.states.try_emplace(0, unknowns_, effects::word, effects::stack_pointer);
        std::set<unsigned> open{0};
        const auto reach = [&](unsigned at, const unwind_state& state) {
            const auto [known, added] = result.states.try_emplace(at, state);
            if (added || known->second.join(state, form, at)) {
                open.insert(at);
            }
        };
        std::map<std::pair<unsigned, std::uint64_t>, unwind_state> places;
        while (!open.empty()) {
            const unsigned at = *open.begin();
            open.erase(open.begin());
            if (at == length) {
                continue;
            }
            unwind_state state = result.states.at(at);
            state.runs(form, at);
            const step next = effects_.run(state, bytes.subspan(at), site_ + at, {site_, site_ + length});
            if (next.length == 0 || at + next.length > length) {
                continue; // the tables' check says so
            }
            if (next.calls) {
                places.insert_or_assign({at, site_ + at + next.length - 1}, state);
            }
            if (next.jumps && next.target - site_ <= length) {
                reach(static_cast<unsigned>(next.target - site_), state);
            } else if (next.jumps) {
                places.insert_or_assign({at, next.target}, state);
            }
            if (next.falls_through) {
                reach(at + next.length, state);
            }
        }
        for (const auto& [where, state] : places) {
            result.places.push_back({where.first, where.second, state});
        }
        return result;
    }

    [[nodiscard]] static bool moves(const unwind_state& state) {
        return state.stack_pointer() != unwind_value{effects::stack_pointer, 0} ||
               state.at(effects::frame_pointer) != unwind_value{effects::frame_pointer, 0};
    }

    // ---- Entries --------------------------------------------------------------------------------------

    [[nodiscard]] static bool fits(std::int64_t distance) { return distance >= INT16_MIN && distance <= INT16_MAX; }

    [[nodiscard]] static bool is_at_frame_pointer(const frame_rule& rule) {
        return rule.operations.size() == 1 && rule.operations[0].atom == DW_OP_breg0 + effects::frame_pointer;
    }

    /// The entry for a state within the site: as the row at its start says, moved by the form's effects since then.
    [[nodiscard]] unwind::entry entry_of(const unwind_state& state) const {
        unwind::entry result = entry_of(begin_);
        if (result.base == unwind::base::unknown || result.base == unwind::base::outermost) {
            return result;
        }
        unwind_state now = state;
        if (result.base == unwind::base::indirect) {
            return moves(state) ? unknown() : result;
        }
        const auto distance = [&](unsigned from) { return frame().plus - state.at(from).plus; };
        const bool by_pointer = state.at(effects::frame_pointer).of == frame().of && is_base(effects::frame_pointer);
        const unsigned base = by_pointer ? effects::frame_pointer : effects::stack_pointer;
        if (state.at(base).of != frame().of || !fits(distance(base))) {
            return unknown();
        }
        result.base = by_pointer ? unwind::base::frame_pointer : unwind::base::stack_pointer;
        result.frame = static_cast<std::int16_t>(distance(base));
        return finds_entry(now, effects::frame_pointer, result.frame_pointer) &&
                       finds_entry(now, effects::return_address, result.return_address)
                   ? result
                   : unknown();
    }

    /// What no entry finds in a state, in words.
    [[nodiscard]] std::string lost_in(unwind_state state) const {
        std::int16_t distance = 0;
        return finds_entry(state, effects::return_address, distance)
                   ? "the caller's frame and " + effects::name(effects::frame_pointer) + " are"
                   : "the return address is";
    }

    /// Where the caller's value of a register is now: as a distance from the frame, or 0 if the register has it. False
    /// if no entry can say it.
    [[nodiscard]] bool finds_entry(unwind_state& now, unsigned number, std::int16_t& distance) const {
        const frame_rule rule = rule_of(begin_, number);
        const bool saved = rule.how == frame_rule::way::saved;
        const unwind_value wanted = saved ? now.at_begin(frame() + rule.offset) : unwind_value{number, 0};
        if (saved && now.load(frame() + rule.offset, effects::word) == wanted) {
            return true;
        }
        const unwind_value* const stored = now.stored_at(wanted);
        if (now.at(number) == wanted) {
            distance = 0;
        } else if (stored != nullptr && stored->of == frame().of && fits(stored->plus - frame().plus) &&
                   stored->plus != frame().plus) {
            distance = static_cast<std::int16_t>(stored->plus - frame().plus);
        } else {
            return false;
        }
        return true;
    }

    // ---- Rule 1 ---------------------------------------------------------------------------------------

    void find_layout_conflict(const std::vector<walk>& walks, std::vector<unwind_conflict>& to) const {
        for (std::size_t second = 1; second < walks.size(); ++second) {
            for (std::size_t first = 0; first < second; ++first) {
                for (const auto& [at, mine] : walks[first].states) {
                    const auto theirs = walks[second].states.find(at);
                    std::string text = theirs != walks[second].states.end() ? difference(mine, theirs->second) : "";
                    if (!text.empty()) {
                        to.push_back({unwind_conflict::kind::layout, first, second, at, std::move(text)});
                        return;
                    }
                }
            }
        }
    }

    /// The first difference that an unwinder may meet: in the stack pointer, or a register that the caller's value is
    /// in.
    [[nodiscard]] std::string difference(const unwind_state& first, const unwind_state& second) const {
        if (first.stack_pointer() != second.stack_pointer()) {
            return "the first has " + moved(first.stack_pointer()) + ", the second has " +
                   moved(second.stack_pointer());
        }
        for (unsigned i = 0; i < std::min<unsigned>(effects::registers, unwind_state::count); ++i) {
            const bool counts =
                has_rows_ ? rule_of(begin_, i).how == frame_rule::way::same || is_base(i) : i == effects::frame_pointer;
            if (counts && first.at(i) != second.at(i)) {
                return "their values in " + effects::name(i) + " differ";
            }
        }
        return {};
    }

    [[nodiscard]] bool is_base(unsigned number) const {
        return begin_.cfa.how == frame_rule::way::computed && begin_.cfa.number == number;
    }

    [[nodiscard]] static std::string moved(unwind_value stack_pointer) {
        if (stack_pointer.of != effects::stack_pointer) {
            return "another stack pointer";
        }
        return stack_pointer.plus > 0 ? "popped " + std::to_string(stack_pointer.plus) + " bytes"
                                      : "pushed " + std::to_string(-stack_pointer.plus) + " bytes";
    }

    // ---- Rule 2 ---------------------------------------------------------------------------------------

    bool find_wrong_row(const walk& of, std::size_t form, unsigned length, std::vector<unwind_conflict>& to) {
        const std::uint64_t end_of_entry = rows_.entry_of(site_).end;
        const auto wrong = [&](unsigned at, std::string text) {
            if (text.empty()) {
                return false;
            }
            to.push_back({unwind_conflict::kind::incompatible, form, 0, at, std::move(text)});
            return true;
        };
        for (const auto& [at, state] : of.states) {
            if (at != length || site_ + at < end_of_entry) {
                const unwind_row* const row = rows_.find(site_ + at);
                const bool may_rebase = at == length && file_keeps_;
                if (wrong(at, row != nullptr ? mistake(*row, state, may_rebase)
                                             : "there is no unwind information for it")) {
                    return true;
                }
            }
        }
        for (const auto& each : of.places) {
            const unwind_row* const row = rows_.find(each.looks_at);
            if (row != nullptr &&
                wrong(each.from, mistake(*row, each.state, rows_.entry_of(each.looks_at).end == end_of_entry))) {
                to.back().hint = hint(*row, each.state);
                return true;
            }
        }
        return false;
    }

    /// Whether a row finds the frame by the stack pointer where the one at the site's begin has the frame pointer, or
    /// the other way round, and the form has left both as they were. So Clang's rows change before an epilogue on
    /// AArch64. How far one register is from the other is the compiler's to know.
    [[nodiscard]] bool rebased(const unwind_row& row, const unwind_state& state) const {
        const auto is_either = [](std::uint64_t number) {
            return number == effects::stack_pointer || number == effects::frame_pointer;
        };
        return row.cfa.number != begin_.cfa.number && is_either(row.cfa.number) && is_either(begin_.cfa.number) &&
               !moves(state);
    }

    /// The first thing that a row says wrongly about a state; empty if it is right. `may_rebase`: in the same function,
    /// and the compiler's own code gets there with this state.
    [[nodiscard]] std::string mistake(const unwind_row& row, unwind_state state, bool may_rebase) {
        may_rebase = may_rebase && rebased(row, state);
        state.runs(joined_form, 0);
        if (begin_.cfa.how != frame_rule::way::computed || row.cfa.how != frame_rule::way::computed) {
            if (begin_.cfa != row.cfa || !keeps_registers_of(row.cfa, state)) {
                return "the caller's frame is computed by an expression there, which does not hold for this form";
            }
        } else if (base_of(row, state) + row.cfa.offset != frame() && !may_rebase) {
            return frame_mistake(row, state);
        }
        for (unsigned i = 0; i < effects::registers; ++i) {
            const frame_rule rule = rule_of(row, i);
            if (!finds(rule, rule_of(begin_, i), i, state)) {
                return "the unwind information has " + effects::owned(i) + ' ' + where(rule, i) +
                       ", and with this form it is not there";
            }
        }
        return {};
    }

    /// A row's rule for a register. Without one, the default of the architecture holds, which libdw does not know here.
    [[nodiscard]] static frame_rule rule_of(const unwind_row& row, unsigned number) {
        using way = frame_rule::way;
        const frame_rule& rule = row.registers[number];
        if (rule.how != way::same && rule.how != way::undefined) {
            return rule;
        }
        const way otherwise = number == effects::stack_pointer ? way::computed
                              : effects::preserved(number)     ? way::same
                                                               : way::undefined;
        return {otherwise, 0, 0, {}};
    }

    [[nodiscard]] static unwind_value base_of(const unwind_row& row, const unwind_state& state) {
        return row.cfa.number < unwind_state::count ? state.at(static_cast<unsigned>(row.cfa.number)) : unwind_value{};
    }

    /// The frame of the caller, by the row at the site's start.
    [[nodiscard]] unwind_value frame() const {
        return begin_.cfa.how == frame_rule::way::computed ? unwind_value{begin_.cfa.number, 0} + begin_.cfa.offset
                                                           : unwind_value{unknowns::frame_address, 0};
    }

    [[nodiscard]] std::string frame_mistake(const unwind_row& row, const unwind_state& state) const {
        const std::string base = effects::name(static_cast<unsigned>(row.cfa.number));
        const std::string says = "the unwind information has the caller's frame at " + base + plus(row.cfa.offset);
        const unwind_value now = base_of(row, state);
        if (now.of != frame().of) {
            return says + ", and with this form it is at no known distance from " + base;
        }
        return says + ", and with this form it is at " + base + plus(frame().plus - now.plus);
    }

    /// A jump with the stack as it was, from a row with a frame pointer: perhaps a call in tail position, whose epilogue
    /// has no rows. Clang on AArch64 leaves them out without asynchronous tables.
    [[nodiscard]] std::string hint(const unwind_row& row, const unwind_state& state) const {
        if (!is_base(effects::frame_pointer) || row.cfa.how != frame_rule::way::computed ||
            row.cfa.number != effects::stack_pointer || moves(state)) {
            return {};
        }
        return "the row at the site finds the frame by " + effects::name(effects::frame_pointer) +
               "; if an epilogue before the site has restored it, that row is wrong: compile with "
               "-fasynchronous-unwind-tables";
    }

    [[nodiscard]] static std::string plus(std::int64_t bytes) { return (bytes < 0 ? "" : "+") + std::to_string(bytes); }

    /// Whether a rule of a register leads to the value that the rule at the site's start has led to.
    [[nodiscard]] bool finds(const frame_rule& rule, const frame_rule& at_begin, unsigned number,
                             unwind_state& state) const {
        using way = frame_rule::way;
        if (rule.how == way::undefined || at_begin.how == way::undefined || rule.how == way::expression ||
            at_begin.how == way::expression || number >= unwind_state::count) {
            return rule == at_begin && keeps_registers_of(rule, state);
        }
        const unsigned from = rule.how == way::moved ? static_cast<unsigned>(rule.number) : number;
        const unsigned wanted_from = at_begin.how == way::moved ? static_cast<unsigned>(at_begin.number) : number;
        if (from >= unwind_state::count || wanted_from >= unwind_state::count) {
            return rule == at_begin;
        }
        const unwind_value wanted = at_begin.how == way::saved      ? state.at_begin(frame() + at_begin.offset)
                                    : at_begin.how == way::computed ? frame() + at_begin.offset
                                                                    : unwind_value{wanted_from, 0};
        const unwind_value found = rule.how == way::saved      ? state.load(frame() + rule.offset, effects::word)
                                   : rule.how == way::computed ? frame() + rule.offset
                                                               : state.at(from);
        return found == wanted || (popped(at_begin) && found == unwind_value{number, 0});
    }

    /// Whether the rule at the site's start leads below the stack pointer: the function has popped the register.
    /// (Clang's epilogues do not say that it is restored.)
    [[nodiscard]] bool popped(const frame_rule& at_begin) const {
        return at_begin.how == frame_rule::way::saved && is_base(effects::stack_pointer) &&
               begin_.cfa.offset + at_begin.offset < 0;
    }

    /// Whether the registers in an expression have the values that they had at the site's start.
    [[nodiscard]] static bool keeps_registers_of(const frame_rule& rule, const unwind_state& state) {
        for (const auto& each : rule.operations) {
            std::uint64_t number = unwind_state::count;
            if (each.atom >= DW_OP_breg0 && each.atom <= DW_OP_breg31) {
                number = std::uint64_t{each.atom} - DW_OP_breg0;
            } else if (each.atom >= DW_OP_reg0 && each.atom <= DW_OP_reg31) {
                number = std::uint64_t{each.atom} - DW_OP_reg0;
            } else if (each.atom == DW_OP_bregx || each.atom == DW_OP_regx) {
                number = each.number;
            }
            if (number < unwind_state::count && state.at(static_cast<unsigned>(number)) != unwind_value{number, 0}) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] static std::string where(const frame_rule& rule, unsigned number) {
        using way = frame_rule::way;
        switch (rule.how) {
        case way::undefined:
            return "as lost";
        case way::same:
            return "unchanged in " + effects::name(number);
        case way::saved:
            return "in memory at the caller's frame" + plus(rule.offset);
        case way::computed:
            return "as the caller's frame" + plus(rule.offset);
        case way::moved:
            return "in " + effects::name(static_cast<unsigned>(rule.number));
        case way::expression:
            break;
        }
        return "by an expression";
    }

    static constexpr unsigned joined_form = 0x10000; ///< names results that no form has

    unwind_rows& rows_;
    effects effects_{};
    unknowns unknowns_{};
    std::uint64_t site_{};
    bool has_rows_{};
    bool moves_stack_{};
    bool file_keeps_{}; ///< after the file's form, the stack and frame pointers are as before
    unwind_row begin_{};
};

namespace detail {

/// Adds the error, with both forms in disassembly.
template <class Target>
void add_conflict(const program& program, const site& at, const std::vector<const form*>& forms,
                  const unwind_conflict& conflict, findings& found) {
    const bool layout = conflict.what == unwind_conflict::kind::layout;
    const form& first = *forms[conflict.first];
    const form& second = *forms[conflict.second];
    std::string text = layout ? "stack layout conflict at equal offset: " : "unwind state incompatible: ";
    text += "at byte " + std::to_string(conflict.at) + " of " + words_of(at) + ", " + conflict.text;
    finding& added = program.add(found, layout ? "stack-layout" : "unwind-state", at.at + conflict.at, std::move(text));
    const auto show = [&](const std::string& what, const form& each) {
        added.notes.push_back(what + "form " + words_of(program, each) + ':');
        for (auto& line : disassemble(program, each.bytes(), at.at)) {
            added.notes.push_back("    " + line);
        }
    };
    show(layout ? "first: " : "", first);
    if (&first != &second) {
        show(layout ? "second: " : "", second);
    }
    if (!conflict.hint.empty()) {
        added.notes.push_back(conflict.hint);
    }
}

template <class Target>
void check_unwind_of(const program& program, findings& found) {
    unwind_rows rows{program.debug_path()};
    unwind_check<Target> check{rows};
    std::size_t unproven = 0;
    std::vector<unwind_form> bytes;
    std::vector<const form*> forms;
    for (const auto& site : program.sites()) {
        bytes.clear();
        forms.clear();
        for (const auto& each : site.forms) {
            if (std::none_of(bytes.begin(), bytes.end(),
                             [&](unwind_form known) { return std::ranges::equal(known, each.bytes()); })) {
                bytes.push_back(each.bytes());
                forms.push_back(&each);
            }
        }
        for (const auto& each : check(site.at, bytes)) {
            add_conflict<Target>(program, site, forms, each, found);
        }
        unproven += check.unproven() ? 1 : 0;
    }
    if (unproven != 0) {
        program.add(found, "unwind-state", 0,
                    std::to_string(unproven) + (unproven == 1 ? " site moves" : " sites move") +
                        " the stack in functions without unwind information; " + (unproven == 1 ? "its" : "their") +
                        " forms were compared with each other only",
                    severity::note);
    }
}

} // namespace detail

/// Compares the forms of all sites with each other, and with the file's unwind information.
inline void check_unwind(const program& program, findings& found) {
    switch (program.machine()) {
    case machine::x86_64:
        detail::check_unwind_of<x86::target<64>>(program, found);
        break;
    case machine::i386:
        detail::check_unwind_of<x86::target<32>>(program, found);
        break;
    case machine::aarch64:
        detail::check_unwind_of<aarch64::target>(program, found);
        break;
    }
}

} // namespace check
} // namespace inlay
