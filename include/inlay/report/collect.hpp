// SPDX-License-Identifier: BSL-1.0
//
// collect: what a report says, as data: every site, its choices, and what is in memory now.
//
//     auto what = inlay::report::collect(inlay::this_image(), image, cpu_model::parse("x86-64-v3"));
//     for (const auto& site : what.sites) ... site.name, site.after.instructions ...
//
// How it works. First each feature in use gets its value on the model; then decide.hpp, with these values, says
// which choice wins and which bytes belong to the site. The original is what decide.hpp says where nothing holds,
// as when apply() takes back what it wrote. Records at one address are one site, joined as apply() joins them.
// Text is only read. Malformed records are reported in their place, with the sentence that apply() would give.
#pragma once

#include "inlay/apply.hpp"
#include "inlay/decide.hpp"
#include "inlay/override.hpp"
#include "inlay/report/cpu_model.hpp"
#include "inlay/report/disassembly.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inlay::report {

/// A feature that some site uses, and its value on the model.
struct feature_entry {
    std::string name{};
    bool value{};
    std::string found_by{};   ///< its probe: "cpuid leaf 0x7 ebx bit 20", "by hand", "function f"
    std::string decided_by{}; ///< "probe", "forced", the model's level, or the change that the reader asked for
    bool forced{};            ///< an override is in force in this process (it counts on `this` only)
    address cell{};
    error trouble{error::no_error};
};

struct choice {
    std::string predicate{}; ///< "sse2 && !xenpv"; else "original", of a call "default"
    unsigned ordinal{};      ///< position in its declaration; 0 is the original
    bool wins{};
    report::code code{};  ///< as it would stand at the site
    std::string target{}; ///< of a call: the function
};

/// The text in memory against what the report says.
enum class state : std::uint8_t {
    original, ///< equals `before`, whatever nops pad it
    patched,  ///< equals `after`
    other,    ///< neither: patched for another CPU, or not by inlay
    unknown,  ///< the record is malformed, or the call was not found behind its marker
};

enum class site_kind : std::uint8_t { alternative, call };

struct site_entry {
    site_kind kind{};
    std::string name{};            ///< "(unnamed)" where the declaration has none
    place where{};                 ///< of a call: the instruction, or its marker where that was not found
    std::vector<choice> choices{}; ///< in the order of the declaration, the original first
    report::code before{};         ///< the original
    report::code after{};          ///< what decide says for the model
    report::code now{};            ///< in memory
    report::state state{state::unknown};
    bool direct{};         ///< of a call: `now` goes straight to a function, not through the trampoline
    std::string trouble{}; ///< what is wrong with the record, or why a call keeps its trampoline; else empty
    bool malformed{};      ///< apply() would refuse the tables for it

    /// Whether the site holds what the model needs, patched or not.
    [[nodiscard]] bool as_decided() const { return !after.bytes.empty() && now.bytes == after.bytes; }
};

struct counts {
    std::size_t alternatives{}, original{}, patched{}, other{}; ///< alternatives by state
    std::size_t calls{}, direct{}, through_trampoline{};        ///< calls as they are in memory now
    std::size_t as_decided{};                                   ///< sites of both kinds
    std::size_t malformed{};
};

struct contents {
    std::string cpu{}; ///< the model, as the reader wrote it
    std::vector<site_entry> sites{};
    std::vector<feature_entry> features{}; ///< by name
    counts summary{};
    std::string trouble{}; ///< of the tables as a whole
};

namespace detail {

[[nodiscard]] inline std::string words_of_probe(const table::probe_words& words) {
#if defined(__x86_64__)
    const auto probe = x86::cpuid::decode(words);
    const char* const names[] = {"eax", "ecx", "edx", "ebx"}; // NOLINT(*-avoid-c-arrays)
    std::string text = "cpuid leaf " + hex(probe.leaf);
    if (probe.subleaf != 0) {
        text += " subleaf " + std::to_string(probe.subleaf);
    }
    text += std::string{' '} + names[probe.reg.number] + " bit " + std::to_string(probe.bit);
    return probe.xcr0 == 0 ? text : text + ", xcr0 " + hex(probe.xcr0);
#else
    return "cpu " + hex(words.word[0]) + ' ' + hex(words.word[1]) + ' ' + hex(words.word[2]);
#endif
}

/// A predicate as it was written, but for what the operators simplified.
template <class Image>
[[nodiscard]] std::string words_of(const Image& image, const table::predicate_node& node, unsigned depth = 0) {
    using table::predicate_op;
    switch (node.op) {
    case predicate_op::always:
        return "always";
    case predicate_op::never:
        return "never";
    case predicate_op::feature:
    case predicate_op::not_feature: {
        const auto* const feature = inlay::detail::find<table::feature_record>(image, node.a);
        return (node.op == predicate_op::feature ? "" : "!") +
               std::string{feature == nullptr ? "?" : name_at(image, feature->name)};
    }
    case predicate_op::all:
    case predicate_op::any: {
        const auto part = [&](const table::reference& reference) -> std::string {
            const auto* const inner = inlay::detail::find<table::predicate_node>(image, reference);
            if (inner == nullptr || depth > inlay::detail::deepest_tree) {
                return "?";
            }
            const bool mixed =
                inner->op != node.op && (inner->op == predicate_op::all || inner->op == predicate_op::any);
            const std::string text = words_of(image, *inner, depth + 1);
            return mixed ? '(' + text + ')' : text;
        };
        return part(node.a) + (node.op == predicate_op::all ? " && " : " || ") + part(node.b);
    }
    }
    return "?";
}

/// " f" for a probe that is the function f, "" for one that has no name, such as a lambda.
[[nodiscard]] inline std::string name_of_probe(std::string_view symbol) {
    constexpr std::string_view head = "inlay::detail::probe_function<";
    constexpr std::string_view tail = ">::call";
    if (symbol.starts_with(head) && symbol.ends_with(tail)) {
        symbol = symbol.substr(head.size(), symbol.size() - head.size() - tail.size());
        symbol.remove_prefix(symbol.starts_with('&') ? 1 : 0);
        if (symbol.starts_with('(') && symbol.ends_with(')')) { // some demanglers write &(f())
            symbol = symbol.substr(1, symbol.size() - 2);
        }
    }
    const bool lambda = symbol.starts_with("_Z") || symbol.find("lambda") != std::string_view::npos;
    return lambda ? std::string{} : ' ' + without_parameters(symbol);
}

/// The values of the features in use, for evaluate().
class feature_values {
public:
    template <class Image>
    feature_values(const table::tables& tables, const Image& image, const cpu_model& model, const symbols& symbols) {
        for_each_used_feature(tables, image, [&](const table::feature_record& record) {
            const auto* const cell = inlay::detail::find<table::feature_cell>(image, record.cell);
            if (cell != nullptr && find(record.cell.target()) == nullptr) {
                entries_.push_back(make(image, record, *cell, model, symbols));
            }
        });
    }

    /// For evaluate(): the value, and what is wrong with the feature.
    [[nodiscard]] std::pair<bool, error> operator[](const table::feature_record& record) const noexcept {
        const feature_entry* const known = find(record.cell.target());
        return known == nullptr ? std::pair{false, error::reference_outside} : std::pair{known->value, known->trouble};
    }

    [[nodiscard]] std::vector<feature_entry> by_name() const {
        auto sorted = entries_;
        std::sort(sorted.begin(), sorted.end(),
                  [](const feature_entry& a, const feature_entry& b) { return a.name < b.name; });
        return sorted;
    }

private:
    [[nodiscard]] const feature_entry* find(address cell) const noexcept {
        for (const auto& each : entries_) {
            if (each.cell == cell) {
                return &each;
            }
        }
        return nullptr;
    }

    template <class Image>
    static feature_entry make(const Image& image, const table::feature_record& record, const table::feature_cell& state,
                              const cpu_model& model, const symbols& symbols) {
        feature_entry entry{.name = name_at(image, record.name), .cell = record.cell.target()};
        entry.forced = state.forced != 0;
        const address function = record.function.target();
        switch (record.kind) {
        case table::probe_kind::by_hand:
            entry.found_by = "by hand";
            break;
        case table::probe_kind::cpu:
            entry.found_by = words_of_probe(record.words);
            break;
        case table::probe_kind::function:
            entry.found_by = "function" + name_of_probe(symbols.describe(function));
            entry.trouble = image.executable(function, 1) ? error::no_error : error::reference_outside;
            break;
        default:
            entry.trouble = error::feature_unknown;
        }
        if (entry.trouble != error::no_error) {
            entry.decided_by = "nothing";
        } else if (const auto asked = model.asked(entry.name)) {
            entry.value = *asked;
            entry.decided_by = (*asked ? '+' : '-') + entry.name;
        } else if (!model.is_this()) {
            entry.value = record.kind == table::probe_kind::cpu && model.level_has(entry.name);
            entry.decided_by = model.text().substr(0, model.text().find(','));
        } else if (entry.forced) {
            entry.value = state.forced == 2;
            entry.decided_by = "forced";
        } else {
            entry.value = probe(image, record, state);
            entry.decided_by = "probe";
        }
        return entry;
    }

    /// What apply() would find, which is where this follows.
    template <class Image>
    static bool probe(const Image& image, const table::feature_record& record, const table::feature_cell& state) {
        const address function = record.function.target();
        if (record.kind == table::probe_kind::cpu) {
            return arch::has(record.words);
        }
        if (record.kind == table::probe_kind::by_hand) {
            return state.by_hand != 0;
        }
        if constexpr (requires { image.probe(function); }) {
            return image.probe(function);
        } else {
            return reinterpret_cast<bool (*)()>(function)();
        }
    }

    std::vector<feature_entry> entries_;
};

/// Makes the entries of the sites.
template <class Image>
class collector {
public:
    collector(const table::tables& tables, const Image& image, const feature_values& features, symbols& symbols)
        : tables_{tables}, image_{image}, features_{features}, symbols_{symbols} {}

    /// The alternatives that begin at one address: records [first, end).
    [[nodiscard]] site_entry alternative(const table::alternative_record* first,
                                         const table::alternative_record* end) const {
        site_entry entry{.kind = site_kind::alternative};
        const address at = first->site.target();
        const bool in_text = image_.executable(at, 1);
        entry.where = in_text ? symbols_.find(at) : place{.at = at};
        joined original{};
        joined chosen{};
        for (const auto* each = first; each != end; ++each) {
            name(entry, inlay::detail::find<table::choice>(image_, each->choices));
            for (const error trouble : {join<nothing>(*each, original), join<model>(*each, chosen)}) {
                malformed(entry, trouble);
            }
        }
        if (entry.trouble.empty() && !image_.executable(at, chosen.group.length)) {
            malformed(entry, error::site_outside_text);
        }
        for (const auto* each = first; each != end; ++each) {
            const unsigned length = entry.trouble.empty() ? chosen.group.length : 0;
            add_choices(entry, inlay::detail::find<table::choice>(image_, each->choices), each != first,
                        [&](choice& to, const table::choice& from) {
                            const auto* const form = inlay::detail::find<table::form>(image_, from.form);
                            to.wins = each == chosen.from && to.ordinal == chosen.group.ordinal;
                            if (length != 0 && form != nullptr) {
                                (void)put(*form, at, length, to.code);
                            }
                        });
        }
        if (!entry.trouble.empty()) {
            return entry;
        }
        malformed(entry, put(*original.group.form, at, original.group.length, entry.before));
        malformed(entry, put(*chosen.group.form, at, chosen.group.length, entry.after));
        entry.now = in_memory(at, chosen.group.length);
        compare(entry, original.group.form->length);
        return entry;
    }

    [[nodiscard]] site_entry call(const table::call_record& record) const {
        site_entry entry{.kind = site_kind::call};
        const address marker = record.site.target();
        const bool in_text = image_.executable(marker, arch::longest_branch);
        entry.where.at = marker;
        const table::callee* const callee = callee_of(record);
        const auto* const last =
            callee != nullptr ? inlay::detail::find<table::choice>(image_, callee->choices) : nullptr;
        if (last == nullptr || !image_.executable(callee->trampoline.target(), 1)) {
            name(entry, nullptr);
            malformed(entry, error::reference_outside);
            return entry;
        }
        entry.name = name_at(image_, callee->name);
        const address trampoline = callee->trampoline.target();
        symbols_.name(trampoline, "trampoline of " + entry.name);
        decision chosen{};
        reader<Image> from{image_};
        choose(from, *last, false, model{features_, from}, chosen);
        malformed(entry, from.trouble);
        malformed(entry, in_text ? error::no_error : error::site_outside_text);
        arch::found_branch branch{};
        const bool found =
            in_text &&
            inlay::detail::find_call(image_, &record, tables_.calls.records + tables_.calls.size(), trampoline, branch);
        entry.where = in_text ? symbols_.find(found ? branch.start : marker) : entry.where;
        add_choices(entry, last, false, [&](choice& to, const table::choice& /*from*/) {
            const address target = target_of(*callee, to.ordinal);
            to.target = target != 0 ? symbols_.describe(target) : "?";
            to.wins = entry.trouble.empty() && to.ordinal == chosen.ordinal;
            if (found && target != 0) {
                (void)redirect(branch, target, to.code);
            }
            malformed(entry, target != 0 ? error::no_error : error::ordinal_outside);
        });
        if (!entry.trouble.empty() || !found) {
            entry.trouble = entry.trouble.empty() ? "the call was not found behind its marker; it goes through its "
                                                    "trampoline"
                                                  : entry.trouble;
            return entry;
        }
        (void)redirect(branch, trampoline, entry.before);
        if (!redirect(branch, target_of(*callee, chosen.ordinal), entry.after)) {
            entry.after = entry.before;
            entry.trouble = "the target is out of reach; the call goes through its trampoline";
        }
        entry.now = in_memory(branch.start, branch.end - branch.start);
        entry.direct = branch.target() != trampoline;
        compare(entry, static_cast<unsigned>(entry.before.bytes.size()));
        return entry;
    }

private:
    /// What the records of one address come to, and the record that decided it.
    struct joined {
        decision group;
        const table::alternative_record* from;
    };

    /// Adds one record to its group.
    template <class Features>
    error join(const table::alternative_record& record, joined& result) const {
        decision one{};
        reader<Image> from{image_};
        decide(from, record, Features{features_, from}, one);
        if (from.trouble == error::no_error) {
            if (inlay::join(result.group, one, result.from == nullptr)) {
                result.from = &record;
            }
        }
        return from.trouble;
    }

    /// The features of the model.
    struct model {
        const feature_values& values;
        reader<Image>& from;

        bool operator()(const table::feature_record& feature) const noexcept {
            const auto [value, trouble] = values[feature];
            from.fail(trouble);
            return value;
        }
    };

    /// Features under which no predicate holds: the original is left, as in apply() when it takes back what it wrote.
    struct nothing {
        const feature_values& values;
        reader<Image>& from;

        static bool recall(const table::predicate_node& /*node*/, bool& value) noexcept {
            value = false;
            return true;
        }
        static void remember(const table::predicate_node& /*node*/, bool /*value*/) noexcept {}
        bool operator()(const table::feature_record& /*feature*/) const noexcept { return false; }
    };

    static void malformed(site_entry& entry, error trouble) {
        if (trouble != error::no_error && entry.trouble.empty()) {
            entry.trouble = message(trouble);
            entry.malformed = true;
        }
    }

    /// Names of a group that differ are listed, the innermost first.
    void name(site_entry& entry, const table::choice* last) const {
        const std::string text = last != nullptr ? name_at(image_, last->name) : "";
        if (entry.name.empty() || entry.name == "(unnamed)") {
            entry.name = text.empty() ? "(unnamed)" : text;
        } else if (!text.empty() && text != entry.name) {
            entry.name += ", " + text;
        }
    }

    /// Adds the choices of one record, the last in the list first; `whens_only` leaves out the original.
    template <class Fill>
    void add_choices(site_entry& entry, const table::choice* each, bool whens_only, const Fill& fill) const {
        const char* const original = entry.kind == site_kind::call ? "default" : "original";
        const auto begin = static_cast<std::ptrdiff_t>(entry.choices.size());
        for (unsigned steps = 0; each != nullptr && steps < inlay::detail::longest_list; ++steps) {
            if (each->predicate || !whens_only) {
                const auto* const node = inlay::detail::find<table::predicate_node>(image_, each->predicate);
                choice added{};
                added.predicate = !each->predicate ? original : node != nullptr ? words_of(image_, *node) : "?";
                added.ordinal = each->predicate ? each->ordinal : 0;
                fill(added, *each);
                entry.choices.push_back(std::move(added));
            }
            each = inlay::detail::find<table::choice>(image_, each->otherwise);
        }
        std::reverse(entry.choices.begin() + begin, entry.choices.end());
    }

    [[nodiscard]] code make(const std::uint8_t* bytes, std::size_t size, address at) const {
        code made{{bytes, bytes + size}, {}};
        made.instructions = disassemble(made.bytes, at, symbols_);
        return made;
    }

    [[nodiscard]] code in_memory(address at, std::size_t size) const {
        return make(reinterpret_cast<const std::uint8_t*>(at), size, at);
    }

    error put(const table::form& form, address at, unsigned length, code& result) const {
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
        const error trouble = inlay::place(form, at, length, bytes);
        if (trouble == error::no_error) {
            result = make(bytes.bytes, bytes.length, at);
        }
        return trouble;
    }

    /// The branch as it would be if it went to `target`; false if that is out of reach.
    bool redirect(const arch::found_branch& branch, address target, code& result) const {
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(branch.start);
        std::vector<std::uint8_t> changed(bytes, bytes + (branch.end - branch.start));
        if (!arch::retarget(branch, target, changed.data() + (branch.field - branch.start))) {
            return false;
        }
        result = make(changed.data(), changed.size(), branch.start);
        return true;
    }

    /// The low bit of the reference says that the call has been found.
    [[nodiscard]] const table::callee* callee_of(const table::call_record& record) const {
        const address to = record.callee.target() & ~address{1};
        return to % 4 == 0 && image_.readable(to, sizeof(table::callee)) ? reinterpret_cast<const table::callee*>(to)
                                                                         : nullptr;
    }

    [[nodiscard]] address target_of(const table::callee& callee, unsigned ordinal) const {
        const address at = callee.targets.target() + ordinal * sizeof(address);
        return at % alignof(address) == 0 && image_.readable(at, sizeof(address))
                   ? *reinterpret_cast<const address*>(at)
                   : 0;
    }

    /// Compares memory with before and after. Assemblers may have padded the `unpadded` bytes of the original with
    /// other nops than apply() would.
    void compare(site_entry& entry, unsigned unpadded) const {
        const auto& now = entry.now.bytes;
        auto before = entry.before.bytes;
        bool original = now == before;
        if (!original && before.size() == now.size() && unpadded < before.size()) {
            for (std::size_t i = unpadded; i < before.size(); i += arch::instruction_alignment) {
                arch::fill_nops(before.data() + i, static_cast<unsigned>(arch::instruction_alignment));
            }
            original = now == before;
        }
        entry.state = original ? state::original : now == entry.after.bytes ? state::patched : state::other;
    }

    const table::tables& tables_;
    const Image& image_;
    const feature_values& features_;
    symbols& symbols_;
};

} // namespace detail

/// Everything about the sites of `tables` on the CPU `model`. `Image` is a text_platform, of which only the questions
/// are asked. On the model `this`, probes that are functions are called. Not thread-safe against apply().
template <class Image>
[[nodiscard]] contents collect(const table::tables& tables, const Image& image, const cpu_model& model) {
    symbols symbols;
    const detail::feature_values features{tables, image, model, symbols};
    const detail::collector<Image> collector{tables, image, features, symbols};
    contents result{.cpu = model.text(), .sites = {}, .features = features.by_name(), .summary = {}, .trouble = {}};
    if (tables.alternatives.bytes % sizeof(table::alternative_record) != 0 ||
        tables.calls.bytes % sizeof(table::call_record) != 0) {
        result.trouble = message(error::table_truncated);
    }
    counts& sum = result.summary;
    // Calls first: their trampolines have names that alternatives may show.
    for (std::size_t i = 0; i < tables.calls.size(); ++i) {
        result.sites.push_back(collector.call(tables.calls.records[i]));
        const auto& made = result.sites.back();
        ++sum.calls;
        ++(made.direct ? sum.direct : sum.through_trampoline);
        sum.malformed += made.malformed ? 1 : 0;
        sum.as_decided += made.as_decided() ? 1 : 0;
    }
    const table::alternative_record* const records = tables.alternatives.records;
    for (std::size_t i = 0, end = 0; i < tables.alternatives.size(); i = end) {
        const address at = records[i].site.target();
        for (end = i + 1; end < tables.alternatives.size() && records[end].site.target() == at;) {
            ++end;
        }
        result.sites.push_back(collector.alternative(records + i, records + end));
        const auto& made = result.sites.back();
        ++sum.alternatives;
        sum.original += made.state == state::original ? 1 : 0;
        sum.patched += made.state == state::patched ? 1 : 0;
        sum.other += made.state == state::other ? 1 : 0;
        sum.malformed += made.malformed ? 1 : 0;
        sum.as_decided += made.as_decided() ? 1 : 0;
    }
    std::sort(result.sites.begin(), result.sites.end(),
              [](const site_entry& a, const site_entry& b) { return a.where.at < b.where.at; });
    return result;
}

} // namespace inlay::report
