// SPDX-License-Identifier: BSL-1.0
//
// code_rules: proves the code rules that a file declares (inlay/code_rules.hpp), or says which path breaks one.
//
//     code-rule       an instruction breaks a rule
//     code-unproven   a path may break it: through an indirect branch, or where text cannot be decoded
//     code-vacuous    the file has no instruction that the rule is about, or no function or point of a name
//     code-format     the sections are damaged, gone, or of a newer version
//
//     inlay::check::check_code_rules(program, found);
//
// How it works. Each demand is a question to code_search:
//
//     never        is X there; with since, from or where: is it reached
//     after Y      is X reached from an entry (with since: from A) around Y; `without Z`: or from Z
//     then Y       is the return, or Z, reached from X around Y
//     only when P  is X reached from an entry, for each assignment of P's features in which P does not hold
//     times n      how many X are there, at least and at most, with the forms that may stand at each site
//
// Before apply() the original stands at each site; so it counts in all questions, except for those with `where`.
#pragma once

#include "inlay/check/code_condition.hpp"
#include "inlay/check/code_graph.hpp"
#include "inlay/check/code_pattern.hpp"
#include "inlay/check/code_rule.hpp"
#include "inlay/check/code_search.hpp"
#include "inlay/check/disassembly.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

class code_prover {
public:
    code_prover(const code_graph& graph, const std::vector<code_point>& points, findings& found)
        : graph_{graph}, program_{graph.program()}, points_{points}, found_{found} {}

    void prove(const code_rule& rule) {
        rule_ = &rule;
        reported_ = 0;
        const std::size_t before = found_.size();
        subjects_ = nodes_that_fit(rule.each, true);
        in_scope(subjects_);
        demanded_ = nodes_that_fit(rule.demanded, false);
        without_ = nodes_that_fit(rule.without, true);
        since_ = nodes_that_fit(rule.since, true);
        until_ = nodes_that_fit(rule.until, true);
        subject_points_ = nodes_that_fit(points_of(rule.each), false);
        since_points_ = nodes_that_fit(points_of(rule.since), false);
        check_names(rule.from);
        check_names(rule.in);
        check_names(rule.outside);
        if (found_.size() != before) {
            return;
        }
        if (rule.demand != demand::never && !rule.if_any && !program_.is_object() && count(subjects_) == 0) {
            add("code-vacuous", 0, "no instruction of this file is " + any_of_words(rule.each) + scope());
            return;
        }
        if (!rule.since.empty() && !rule.if_any && !program_.is_object() && count(since_) == 0) {
            add("code-vacuous", 0, "no instruction of this file is " + any_of_words(rule.since));
            return;
        }
        switch (rule.demand) {
        case demand::never:
        case demand::after:
            with_conditions(rule.where, true, [&](const condition& known) { search(known); });
            break;
        case demand::only_when:
            with_conditions(rule.only_when, false, [&](const condition& known) { search(known); });
            break;
        case demand::then:
            with_conditions(rule.where, true, [&](const condition& known) { then(known); });
            break;
        case demand::next:
            with_conditions(rule.where, true, [&](const condition& known) { next(known); });
            break;
        case demand::times:
            with_conditions(rule.where, true, [&](const condition& known) { times(known); });
            break;
        default:
            break;
        }
    }

private:
    static constexpr unsigned most_reported = 20; ///< findings of one rule
    static constexpr std::size_t most_lines = 12; ///< of a path

    // ---- Instructions ---------------------------------------------------------------------------------

    /// `needed`: a function or point that a pattern names has to exist.
    [[nodiscard]] std::vector<bool> nodes_that_fit(const std::vector<std::string>& texts, bool needed) {
        std::vector<bool> result;
        if (texts.empty()) {
            return result;
        }
        std::vector<pattern> list;
        for (const auto& each : texts) {
            list.emplace_back(each, program_, points_);
            if (!list.back().known()) {
                add("code-format", 0, "this version of inlay does not know the pattern \"" + each + '"');
            } else if (const std::string missing = list.back().missing();
                       needed && !missing.empty() && !program_.is_object() && !rule_->if_any) {
                add("code-vacuous", 0, missing);
            }
        }
        const auto& nodes = graph_.nodes();
        result.resize(nodes.size());
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const code_node& node = nodes[i];
            result[i] = node.what.length != 0 && (node.site == nullptr || node.site->forms[node.form].possible) &&
                        std::any_of(list.begin(), list.end(),
                                    [&](const pattern& each) { return each.fits(program_, node.what, node.bytes); });
        }
        return result;
    }

    /// Those patterns that are points. A point is before the instruction at its address.
    [[nodiscard]] static std::vector<std::string> points_of(const std::vector<std::string>& texts) {
        std::vector<std::string> result;
        std::copy_if(texts.begin(), texts.end(), std::back_inserter(result),
                     [](const std::string& each) { return each.starts_with("point "); });
        return result;
    }
    /// Begins after the instruction that fits; at a point, with the instruction.
    static void start(code_search& search, std::uint32_t node, const std::vector<bool>& points) {
        if (!points.empty() && points[node]) {
            search.start_at(node);
        } else {
            search.start_after(node);
        }
    }

    void in_scope(std::vector<bool>& which) const {
        const code_rule& rule = *rule_;
        if (rule.in.empty() && rule.outside.empty() && rule.in_sites.empty() && rule.outside_sites.empty()) {
            return;
        }
        const auto& functions = program_.functions();
        std::vector<bool> inside(functions.size(), rule.in.empty());
        for (std::size_t i = 0; i < functions.size() && !(rule.in.empty() && rule.outside.empty()); ++i) {
            inside[i] = (rule.in.empty() || is_one_of(functions[i].name, rule.in)) &&
                        !is_one_of(functions[i].name, rule.outside);
        }
        for (std::size_t i = 0; i < which.size(); ++i) {
            const code_node& node = graph_.nodes()[i];
            which[i] = which[i] && inside[node.function] &&
                       (rule.in_sites.empty() || is_named(node.site, rule.in_sites)) &&
                       (rule.outside_sites.empty() || !is_named(node.site, rule.outside_sites));
        }
    }

    [[nodiscard]] static bool is_named(const site* at, const std::vector<std::string>& names) {
        return at != nullptr && std::any_of(names.begin(), names.end(),
                                            [&](const std::string& each) { return name_fits(at->name, each); });
    }

    [[nodiscard]] static bool is_one_of(const std::string& symbol, const std::vector<std::string>& names) {
        return !symbol.empty() && std::find(names.begin(), names.end(), plain_name(symbol)) != names.end();
    }

    void check_names(const std::vector<std::string>& names) {
        for (const auto& each : names) {
            const auto& functions = program_.functions();
            if (!program_.is_object() && !rule_->if_any &&
                std::none_of(functions.begin(), functions.end(),
                             [&](const function& one) { return !one.name.empty() && plain_name(one.name) == each; })) {
                add("code-vacuous", 0, "no function is called " + each);
            }
        }
    }

    [[nodiscard]] static std::size_t count(const std::vector<bool>& which) {
        return static_cast<std::size_t>(std::count(which.begin(), which.end(), true));
    }

    // ---- Questions ------------------------------------------------------------------------------------

    /// Asks once for each machine: in which `predicate` is `value`; once if there is no predicate.
    template <class Ask>
    void with_conditions(const std::string& predicate, bool value, const Ask& ask) {
        if (predicate.empty()) {
            ask(condition{});
            return;
        }
        const auto machines = assignments(predicate, value);
        if (machines.empty()) {
            add("code-unproven", 0,
                "cannot be proven: the predicate " + predicate + " has more than eight features, or one value");
        }
        for (const auto& each : machines) {
            ask(each);
            if (reported_ != 0) {
                return; // the others say the same
            }
        }
    }

    [[nodiscard]] code_search new_search(const condition& known, bool leaves) const {
        return code_search{graph_, code_search::options{.known = known,
                                                        .patched = !rule_->where.empty(),
                                                        .over_calls = rule_->over_calls,
                                                        .leaves = leaves}};
    }

    void search(const condition& known) {
        const code_rule& rule = *rule_;
        if (rule.demand == demand::never && rule.where.empty() && rule.since.empty() && rule.from.empty()) {
            none_there();
            return;
        }
        code_search search = new_search(known, !rule.since.empty());
        search.targets = subjects_;
        search.blocked = demanded_.empty() ? until_ : demanded_;
        for (std::size_t i = 0; i < until_.size() && !demanded_.empty(); ++i) {
            search.blocked[i] = search.blocked[i] || until_[i];
        }
        begin(search);
        search.run();
        for (const auto node : search.hits()) {
            if ((!demanded_.empty() && demanded_[node]) || (!until_.empty() && until_[node])) {
                continue; // a point is before the instruction
            }
            report(search, node, reached());
        }
        report_lost(search);
    }

    void begin(code_search& search) const {
        const code_rule& rule = *rule_;
        if (!rule.since.empty()) {
            for (std::uint32_t i = 0; i < since_.size(); ++i) {
                if (since_[i]) {
                    start(search, i, since_points_);
                }
            }
        } else if (!rule.from.empty()) {
            for (const auto& each : program_.functions()) {
                if (is_one_of(each.name, rule.from)) {
                    search.start_at_address(each.begin);
                }
            }
        } else {
            search.start_at_entries();
        }
        for (std::uint32_t i = 0; i < without_.size(); ++i) {
            if (without_[i]) {
                search.start_after(i);
            }
        }
    }

    void none_there() {
        for (std::uint32_t i = 0; i < subjects_.size(); ++i) {
            if (subjects_[i]) {
                add_at("code-rule", i, text_of(i) + " is " + where_of(i));
            }
        }
        all_seen();
    }

    /// Text in the scope that is not decoded may hold anything.
    void all_seen() {
        if (!rule_->in_sites.empty()) {
            return; // rule `form` is about them
        }
        for (const auto& node : graph_.nodes()) {
            const std::string& name = program_.functions()[node.function].name;
            if (node.what.length == 0 && (rule_->in.empty() || is_one_of(name, rule_->in)) &&
                !is_one_of(name, rule_->outside)) {
                add("code-unproven", node.what.at, "cannot be proven: these bytes are no instruction");
            }
        }
        for (const auto at : graph_.gaps()) {
            if (rule_->in.empty()) {
                add("code-unproven", at, "cannot be proven: no symbol leads to this text");
            }
        }
    }

    struct range_of_counts {
        std::size_t least{}, most{};
    };

    void times(const condition& known) {
        range_of_counts all;
        std::map<const site*, std::vector<std::size_t>> in_forms;
        for (std::uint32_t i = 0; i < subjects_.size(); ++i) {
            const code_node& node = graph_.nodes()[i];
            const std::size_t here = subjects_[i] ? 1 : 0;
            if (node.site == nullptr) {
                all.least += here;
                all.most += here;
            } else {
                auto& counts = in_forms[node.site];
                counts.resize(node.site->forms.size());
                counts[node.form] += here;
            }
        }
        std::map<std::uint64_t, range_of_counts> in_sites; // two records of one site count once
        for (const auto& [at, counts] : in_forms) {
            for (std::uint32_t i = 0; i < counts.size(); ++i) {
                if (!graph_.may_stand({.site = at, .form = i}, known, !rule_->where.empty())) {
                    continue;
                }
                const auto here = in_sites.try_emplace(at->at, range_of_counts{counts[i], counts[i]}).first;
                here->second.least = std::min(here->second.least, counts[i]);
                here->second.most = std::max(here->second.most, counts[i]);
                if (counts[i] != rule_->times && is_named(at, rule_->in_sites)) {
                    add("code-rule", at->at,
                        words_of_count({counts[i], counts[i]}) + " in form " + words_of(program_, at->forms[i]) +
                            " of " + words_of(*at));
                }
            }
        }
        for (const auto& [at, counts] : in_sites) {
            all.least += counts.least;
            all.most += counts.most;
        }
        if (rule_->in_sites.empty() && (all.least != rule_->times || all.most != rule_->times)) {
            add("code-rule", 0, words_of_count(all) + (rule_->in.empty() ? " in the text" : scope()));
        }
        all_seen();
    }

    /// "1 to 2 instructions, and not 2, are call or store"
    [[nodiscard]] std::string words_of_count(const range_of_counts& counted) const {
        const bool one = counted.most == 1 && counted.least == 1;
        return std::to_string(counted.least) +
               (counted.least == counted.most ? "" : " to " + std::to_string(counted.most)) +
               (one ? " instruction, and not " : " instructions, and not ") + std::to_string(rule_->times) +
               (one ? ", is " : ", are ") + any_of_words(rule_->each);
    }

    void then(const condition& known) {
        for (std::uint32_t i = 0; i < subjects_.size(); ++i) {
            if (!subjects_[i]) {
                continue;
            }
            code_search search = new_search(known, true);
            search.targets = without_;
            search.blocked = demanded_;
            start(search, i, subject_points_);
            search.run();
            const std::string list = any_of_words(rule_->demanded);
            for (const auto node : search.hits()) {
                if (!demanded_[node]) {
                    report(search, node, " comes after " + text_of(i) + " and before " + list);
                }
            }
            for (const auto node : search.left()) {
                report(search, node, " leaves the function after " + text_of(i) + " without " + list);
            }
            report_lost(search);
        }
    }

    void next(const condition& known) {
        for (std::uint32_t i = 0; i < subjects_.size(); ++i) {
            if (!subjects_[i] || !graph_.may_stand(graph_.nodes()[i], known, !rule_->where.empty())) {
                continue;
            }
            const auto check = [&](std::uint32_t each) {
                if (!demanded_[each] && graph_.may_stand(graph_.nodes()[each], known, !rule_->where.empty())) {
                    add_at("code-rule", i,
                           "after " + text_of(i) + " comes " + text_of(each) + ", and not " +
                               any_of_words(rule_->demanded));
                }
            };
            const instruction& what = graph_.nodes()[i].what;
            if ((what.flow != flow::next && what.flow != flow::conditional) || !graph_.next_of(i, check)) {
                add_at("code-rule", i, "no instruction comes after " + text_of(i));
            }
        }
    }

    // ---- Words ----------------------------------------------------------------------------------------

    /// {"a", "b", "c"} as "a, b or c".
    [[nodiscard]] std::string any_of_words(const std::vector<std::string>& list) const {
        std::string text;
        for (std::size_t i = 0; i < list.size(); ++i) {
            text += (i == 0 ? "" : i + 1 == list.size() ? " or " : ", ") + words_of_pattern(list[i]);
        }
        return text;
    }
    /// "msr dce0" as "msr pmcr_el0".
    [[nodiscard]] std::string words_of_pattern(const std::string& pattern) const {
        if (pattern.starts_with("x86 ") || pattern.starts_with("a64 ")) {
            return pattern.substr(4);
        }
        const std::string head = pattern.substr(0, pattern.find(' ') + 1);
        const std::string number = pattern.substr(head.size());
        const bool is_register = head == "mrs " || head == "msr " || head == "access ";
        if (program_.machine() != machine::aarch64 || !is_register || number.size() != 4) { // or "access pmu"
            return pattern;
        }
        const auto word = (head == "msr " ? 0xd5000000U : 0xd5200000U) |
                          static_cast<std::uint32_t>(std::strtoul(number.c_str(), nullptr, 16)) << 5U;
        std::uint8_t bytes[sizeof word]; // NOLINT(*-avoid-c-arrays)
        std::memcpy(bytes, &word, sizeof word);
        const std::string line = line_of(program_, bytes, 0); // "msr pmcr_el0, x0", "mrs x0, pmcr_el0"
        const std::size_t comma = line.find(", ");
        return comma == std::string::npos ? pattern
               : head == "msr "           ? line.substr(0, comma)
                                          : head + line.substr(comma + 2);
    }

    [[nodiscard]] std::string text_of(std::uint32_t node) const {
        const code_node& one = graph_.nodes()[node];
        return line_of(program_, std::span{one.bytes, one.what.length}, one.what.at);
    }

    [[nodiscard]] std::string where_of(std::uint32_t node) const {
        const code_node& one = graph_.nodes()[node];
        if (one.site != nullptr && one.site->forms[one.form].origin != origin::file) {
            return "in form " + words_of(program_, one.site->forms[one.form]) + " of " + words_of(*one.site);
        }
        return rule_->in.empty() ? "in the text" : "in this function";
    }

    [[nodiscard]] std::string scope() const {
        const code_rule& rule = *rule_;
        return rule.in.empty() ? rule.in_sites.empty() ? "" : " in sites of " + any_of_words(rule.in_sites)
                               : " in " + any_of_words(rule.in);
    }

    /// What is wrong about a subject that was reached.
    [[nodiscard]] std::string reached() const {
        const code_rule& rule = *rule_;
        std::string text = " is reached";
        if (rule.demand == demand::only_when) {
            return text + " where " + rule.only_when + " does not hold";
        }
        text += rule.since.empty() ? "" : " after " + any_of_words(rule.since);
        text += rule.from.empty() ? "" : " from " + any_of_words(rule.from);
        text += rule.demand == demand::after ? " without " + any_of_words(rule.demanded) : "";
        text += rule.until.empty() ? "" : " before " + any_of_words(rule.until);
        text += rule.without.empty() ? "" : " after the last " + any_of_words(rule.without);
        return text + (rule.where.empty() ? "" : " where " + rule.where + " holds");
    }

    finding* add(const char* rule, std::uint64_t at, const std::string& what) {
        const std::string message = rule_->reason + ": " + what;
        const bool known = std::any_of(found_.begin(), found_.end(), [&](const finding& each) {
            return each.at == at && each.rule == rule && each.message == message; // of two forms with the same bytes
        });
        if (known || ++reported_ > most_reported) {
            return nullptr;
        }
        finding& added = program_.add(found_, rule, at, message);
        added.notes.push_back("the rule is declared at " + rule_->declared);
        return &added;
    }
    finding* add_at(const char* rule, std::uint32_t node, const std::string& what) {
        return add(rule, graph_.nodes()[node].what.at, what);
    }

    /// A target that a path has reached.
    void report(const code_search& search, std::uint32_t node, const std::string& what) {
        const auto path = search.path_to(node);
        std::string doubt;
        for (const auto each : path) {
            const path_step how = search.how(each);
            if (doubt.empty() && (how == path_step::indirect_call || how == path_step::indirect_jump)) {
                const std::uint32_t from = before(path, each);
                doubt = std::string{"cannot be proven: an indirect "} +
                        (how == path_step::indirect_call ? "call" : "jump") +
                        (from != none ? " at " + program_.describe(graph_.nodes()[from].what.at) : "") +
                        " may lead on: ";
            }
        }
        finding* const added =
            add_at(doubt.empty() ? "code-rule" : "code-unproven", node, doubt + text_of(node) + what);
        if (added != nullptr) {
            show(search, path, added->notes);
        }
    }

    [[nodiscard]] static std::uint32_t before(const std::vector<std::uint32_t>& path, std::uint32_t node) {
        const auto found = std::find(path.begin(), path.end(), node);
        return found == path.begin() || found == path.end() ? none : found[-1];
    }

    void report_lost(const code_search& search) {
        for (const auto node : search.lost()) {
            const code_node& one = graph_.nodes()[node];
            finding* const added =
                add_at("code-unproven", node,
                       "cannot be proven: " + (one.what.length == 0
                                                   ? "these bytes are no instruction"
                                                   : text_of(node) + " leads to where no instruction is known"));
            if (added != nullptr) {
                show(search, search.path_to(node), added->notes);
            }
        }
    }

    /// The steps of a path that are not to the next instruction.
    void show(const code_search& search, const std::vector<std::uint32_t>& path,
              std::vector<std::string>& notes) const {
        std::vector<std::string> lines;
        const site* last = nullptr;
        for (std::size_t i = 0; i < path.size(); ++i) {
            const code_node& node = graph_.nodes()[path[i]];
            const char* const word = i == 0 ? "from" : word_of(search.how(path[i]));
            if (node.site != nullptr && node.site != last) {
                const form& one = node.site->forms[node.form];
                lines.push_back(std::string{word != nullptr ? word : "through"} + ' ' +
                                program_.describe(node.what.at) + ", " + words_of(*node.site) + ", form " +
                                words_of(program_, one));
            } else if (word != nullptr) {
                lines.push_back(std::string{word} + ' ' + program_.describe(node.what.at));
            }
            last = node.site;
        }
        if (lines.size() > most_lines) {
            lines.erase(lines.begin() + most_lines / 2, lines.end() - most_lines / 2);
            lines.insert(lines.begin() + most_lines / 2, "...");
        }
        notes.emplace_back("path:");
        for (const auto& each : lines) {
            notes.push_back("    " + each);
        }
    }

    [[nodiscard]] static const char* word_of(path_step how) noexcept {
        switch (how) {
        case path_step::branch:
            return "by a branch to";
        case path_step::call:
            return "by a call of";
        case path_step::after_call:
            return "after the call, at";
        case path_step::hidden:
            return "perhaps at";
        case path_step::indirect_call:
            return "perhaps by an indirect call of";
        case path_step::indirect_jump:
            return "perhaps by an indirect jump to";
        case path_step::back:
            return "back to";
        default:
            return nullptr;
        }
    }

    const code_graph& graph_;
    const program& program_;
    const std::vector<code_point>& points_;
    findings& found_;
    const code_rule* rule_{};
    std::vector<bool> subjects_{}, demanded_{}, without_{}, since_{}, until_{}, subject_points_{}, since_points_{};
    unsigned reported_{};
};

} // namespace detail

/// Proves the code rules of a file, and returns how many it declares.
inline std::size_t check_code_rules(const program& program, findings& found) {
    const std::size_t before = found.size();
    const auto rules = read_code_rules(program, found);
    if (rules.empty()) {
        const auto& functions = program.functions();
        const auto declares = std::find_if(functions.begin(), functions.end(), [](const function& each) {
            return each.name.starts_with("_ZN5inlay10code_rules") && each.name.ends_with("7declareEv");
        });
        if (declares != functions.end() && found.size() == before) {
            program.add(found, "code-format", declares->begin,
                        "the file declares code rules, and its section inlay_code_rules is gone: a linker script or a "
                        "tool has dropped it");
        }
        return 0;
    }
    const auto points = read_code_points(program, found);
    const code_graph graph{program};
    detail::code_prover prover{graph, points, found};
    for (const auto& each : rules) {
        prover.prove(each);
    }
    return rules.size();
}

} // namespace check
} // namespace inlay
