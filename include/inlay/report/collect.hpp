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
// Keys and static calls do not depend on the model: what their cells hold now decides. Nor does what the pointer of a
// pv call holds; whether the call is made at all does. A key's original, the jump to code that reads the cell, is noted
// nowhere: it is known as long as it is in memory.
// Text is only read. Malformed records are reported in their place, with the sentence that apply() would give.
#pragma once

#include "inlay/apply.hpp"
#include "inlay/choose.hpp"
#include "inlay/decide.hpp"
#include "inlay/override.hpp"
#include "inlay/registry.hpp"
#include "inlay/report/cpu_model.hpp"
#include "inlay/report/disassembly.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

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
    std::string predicate{}; ///< "sse2 && !xenpv"; else "original", "default", "call"; of a key its value: "3"
    unsigned ordinal{};      ///< position in its declaration; 0 is the original; of a key its value, or group of 16
    bool wins{};
    report::code code{};  ///< as it would stand at the site
    std::string target{}; ///< of a call: the function; also "nothing", "returns zero" (static), "missing" (pv)
    place where{};        ///< of a key: where it jumps; at 0 it falls through
};

/// The text in memory against what the report says.
enum class state : std::uint8_t {
    original, ///< equals `before`, whatever nops pad it
    patched,  ///< equals `after`
    other,    ///< neither: patched for another CPU, or not by inlay
    unknown,  ///< the record is malformed, or the call was not found behind its marker
};

/// A call is one of a dispatch; a key and a switch have one kind of record, and what is said of keys holds for both. A
/// pv call is an alternative whose original goes through a pointer.
enum class site_kind : std::uint8_t { alternative, call, static_call, static_key, static_switch, pv_call };

struct site_entry {
    site_kind kind{};
    std::string name{};             ///< "(unnamed)" where the declaration has none
    place where{};                  ///< of a call: the instruction, or its marker where that was not found
    std::vector<choice> choices{};  ///< in the order of the declaration, the original first; of a key by value
    std::optional<address> value{}; ///< of a key: what its cell holds
    report::code before{};          ///< the original, unpatched; of a key that is patched it is not known
    report::code after{};           ///< what decide says for the model
    report::code now{};             ///< in memory
    report::state state{state::unknown};
    bool direct{};         ///< a call's `now` does not go through trampoline or pointer; a key's reads no memory
    bool inlined{};        ///< a pv call's `now` is code in place of the call
    std::string trouble{}; ///< what is wrong with the record, or why the site stays what it is; else empty
    bool malformed{};      ///< apply() would refuse the tables for it

    /// Whether the site holds what the model needs, patched or not.
    [[nodiscard]] bool as_decided() const { return !after.bytes.empty() && same(now.bytes, after.bytes); }
    [[nodiscard]] bool is_call() const {
        return kind == site_kind::call || kind == site_kind::static_call || kind == site_kind::pv_call;
    }
    [[nodiscard]] bool is_key() const { return kind == site_kind::static_key || kind == site_kind::static_switch; }
};

struct counts {
    std::size_t alternatives{}, original{}, patched{}, other{}; ///< alternatives by state
    std::size_t calls{}, direct{}, through_trampoline{};        ///< calls of dispatches as they are in memory now
    std::size_t static_calls{}, static_calls_direct{};          ///< static calls as they are in memory now
    std::size_t keys{}, keys_direct{};                          ///< sites of keys and switches, likewise
    std::size_t pv_calls{}, pv_calls_direct{};                  ///< likewise; nops are direct calls of nothing
    std::size_t pv_calls_inlined{};                             ///< those with code in their place
    std::size_t as_decided{};                                   ///< sites of all kinds
    std::size_t malformed{};                                    ///< sites, and names
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
        text += " subleaf " + std::to_string(unsigned{probe.subleaf});
    }
    text += std::string{' '} + names[probe.reg.number] + " bit " + std::to_string(unsigned{probe.bit});
    return probe.xcr0 == 0 ? text : text + ", xcr0 " + hex(probe.xcr0);
#else
    return "cpu " + hex(words.word[0]) + ' ' + hex(words.word[1]) + ' ' + hex(words.word[2]);
#endif
}

/// A predicate as it was written, but for what the operators simplified; as text_of() of predicate_text.hpp.
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

/// The function f of "head&ftail", which inlay made for it; false, and `symbol` as it is, if it made none.
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

/// "thunk of f", "function of instructions" for what inlay makes as targets of operations, else the symbol's own name.
[[nodiscard]] inline std::string name_of_target(std::string_view symbol) {
    if (symbol.starts_with("inlay::x86::emit::function_of<")) {
        return "function of instructions";
    }
    // Behind the function stands which registers the thunk keeps, a number.
    const std::size_t kept = symbol.rfind(", false, ");
    const bool thunk = kept != std::string_view::npos && strip(symbol, "inlay::x86::emit::thunk<", symbol.substr(kept));
    return (thunk ? "thunk of " : "") + without_parameters(symbol);
}

/// " f" for a probe that is the function f, "" for one that has no name, such as a lambda.
[[nodiscard]] inline std::string name_of_probe(std::string_view symbol) {
    (void)strip(symbol, "inlay::detail::probe_function<", ">::call");
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
        if (record.kind == table::probe_kind::by_hand) {
            entry.found_by = "by hand";
        } else if (record.kind == table::probe_kind::cpu) {
            entry.found_by = words_of_probe(record.words);
        } else if (record.kind == table::probe_kind::function) {
            entry.found_by = "function" + name_of_probe(symbols.describe(function));
            entry.trouble = image.executable(function, 1) ? error::no_error : error::reference_outside;
        } else {
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

    std::vector<feature_entry> entries_{};
};

/// Makes the entries of the sites.
template <class Image>
class collector {
public:
    collector(const table::tables& tables, const Image& image, const feature_values& features, symbols& symbols)
        : tables_{tables}, image_{image}, features_{features}, symbols_{symbols} {
        if constexpr (requires(Image& platform) { platform.live(); }) {
            live_ = tables.names.bytes == 0 || const_cast<Image&>(image).live(); // a question, like the others
        }
    }

    /// What is wrong with the names, and with how many.
    [[nodiscard]] std::pair<std::string, std::size_t> names() const {
        std::pair<std::string, std::size_t> result{};
        std::map<std::string_view, const table::named*> known;
        for (std::size_t i = 0; i < tables_.names.size(); ++i) {
            const table::named& each = tables_.names.records[i];
            reader<Image> from{image_};
            inlay::detail::check_named(from, each);
            from.fail(tables_.registry == nullptr ? error::reference_outside : error::no_error);
            const std::string_view text = name_at(image_, each.name);
            if (from.trouble == error::no_error &&
                !inlay::detail::same_type(*known.emplace(text, &each).first->second, each)) {
                from.fail(error::name_clash);
            }
            if (from.trouble != error::no_error) {
                result.first += (result.first.empty() ? "name " : "; name ") + std::to_string(i) + " \"" +
                                std::string{text} + "\": " + message(from.trouble);
                ++result.second;
            }
        }
        return result;
    }

    /// The alternatives, or pv calls, that begin at one address: records [first, end).
    [[nodiscard]] site_entry alternative(const table::alternative_record* first,
                                         const table::alternative_record* end) const {
        site_entry entry{.kind = site_kind::alternative};
        const address at = first->site.target();
        const bool in_text = image_.executable(at, 1);
        entry.where = in_text ? symbols_.find(at) : place{.at = at};
        joined original{};
        joined chosen{};
        for (const auto* each = first; each != end; ++each) {
            const auto* const last = inlay::detail::find<table::choice>(image_, each->choices);
            name(entry, last != nullptr ? name_at(image_, last->name) : "");
            for (const error trouble : {join<nothing>(*each, original), join<model>(*each, chosen)}) {
                malformed(entry, trouble);
            }
        }
        // What nothing decides is the first record's original.
        if (original.from != nullptr && original.group.form->kind == table::form_kind::indirect_call) {
            entry.kind = site_kind::pv_call;
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
                                if (form->kind == table::form_kind::indirect_call) {
                                    to.target = target_of(inlay::detail::indirect_call_of(*form), from.name);
                                }
                                (void)put(*form, at, length, to.code);
                            }
                        });
        }
        if (!entry.trouble.empty()) {
            return entry;
        }
        malformed(entry, put(*original.group.form, at, original.group.length, entry.before, false));
        malformed(entry, put(*chosen.group.form, at, chosen.group.length, entry.after));
        entry.now = in_memory(at, chosen.group.length);
        compare(entry, original.group.form->length);
        if (entry.kind == site_kind::pv_call) {
            finish_pv_call(entry);
        }
        const auto* each = first;
        reader<Image> from{image_};
        while (each != end && !holds_any(from, *each, at, chosen.group.length)) {
            ++each;
        }
        if (each == end && entry.state == state::other) {
            malformed(entry, error::site_changed);
        }
        return entry;
    }

    [[nodiscard]] site_entry call(const table::call_record& record) const {
        const bool is_static = inlay::detail::is_named(tables_, record.callee);
        site_entry entry{.kind = is_static ? site_kind::static_call : site_kind::call};
        const address marker = record.site.target();
        const std::size_t in_text = inlay::detail::executable_from(image_, marker, arch::longest_branch);
        reader<Image> from{image_};
        const table::named* const named = is_static ? &named_of(from, record.callee, true) : nullptr;
        const table::callee* const callee = is_static ? nullptr : &inlay::detail::callee_of(from, record);
        const table::choice* const last = is_static ? nullptr : &from.template follow<table::choice>(callee->choices);
        const address trampoline = (is_static ? named->trampoline : callee->trampoline).target();
        name(entry, name_at(image_, is_static ? named->name : callee->name));
        if (!image_.executable(trampoline, 1)) {
            from.fail(error::reference_outside);
        }
        arch::found_branch branch{};
        address breakpoint = 0;
        const bool found = from.trouble == error::no_error && in_text != 0 &&
                           inlay::detail::find_call(image_, &record, tables_.calls.records + tables_.calls.size(),
                                                    trampoline, branch, &breakpoint);
        entry.where = in_text != 0 ? symbols_.find(found ? branch.start : marker) : place{.at = marker};
        malformed(entry, from.trouble);
        if (!entry.trouble.empty()) {
            return entry;
        }
        malformed(entry, in_text != 0 ? error::no_error : error::site_outside_text);
        symbols_.name(trampoline, "trampoline of " + entry.name);
        address to = 0;
        auto mode = table::call_mode::function;
        if (is_static) {
            const table::cell& cell = inlay::detail::cell_of(*named);
            to = cell.value;
            mode = cell.state.mode;
            const bool plain = mode == table::call_mode::function;
            const char* const word = plain ? "target" : mode == table::call_mode::nothing ? "nothing" : "returns zero";
            entry.choices.push_back(
                {.predicate = word, .wins = true, .code = {}, .target = plain ? symbols_.describe(to) : word});
            (void)(found && redirect(branch, to, mode, entry.choices[0].code));
        } else {
            decision chosen{};
            choose(from, *last, false, model{features_, from}, chosen);
            malformed(entry, from.trouble);
            to = target_of(*callee, chosen.ordinal);
            const inlay::detail::told* const told = told_of(*callee);
            const bool otherwise = told != nullptr && told->candidate(chosen.ordinal) != to;
            add_choices(entry, last, false, [&](choice& added, const table::choice& /*from*/) {
                const address target =
                    told != nullptr ? told->candidate(added.ordinal) : target_of(*callee, added.ordinal);
                added.target = target != 0 ? symbols_.describe(target) : "?";
                added.wins = entry.trouble.empty() && (otherwise ? target == to : added.ordinal == chosen.ordinal);
                (void)(found && target != 0 && redirect(branch, target, mode, added.code));
                malformed(entry, target != 0 ? error::no_error : error::ordinal_outside);
            });
        }
        if (!entry.trouble.empty()) {
            return entry;
        }
        if (!found) {
            if (breakpoint != 0 || (record.callee.target() & table::call_found) != 0) {
                changed(entry, breakpoint != 0 ? breakpoint : marker,
                        inlay::detail::executable_from(image_, breakpoint != 0 ? breakpoint : marker,
                                                       arch::longest_branch));
                entry.malformed = true;
            } else {
                entry.trouble = "the call was not found behind its marker; it goes through its trampoline";
            }
            return entry;
        }
        (void)redirect(branch, trampoline, table::call_mode::function, entry.before);
        entry.now = in_memory(branch.start, branch.end - branch.start);
        entry.direct = !same(entry.now.bytes, entry.before.bytes);
        const char* kept = "";
        if (is_static && !live_) {
            kept = "text cannot be changed later in this process";
        } else if (!redirect(branch, to, mode, entry.after)) {
            kept = "the target is out of reach";
        } else if (is_static && !entry.direct) {
            kept = "not patched yet";
        }
        if (*kept != '\0') {
            entry.trouble = std::string{kept} + "; the call goes through its trampoline";
        }
        if (entry.after.bytes.empty()) {
            entry.after = entry.before;
        }
        compare(entry, static_cast<unsigned>(entry.before.bytes.size()));
        return entry;
    }

    /// A site of a key or switch.
    [[nodiscard]] site_entry key(const table::key_record& record) const {
        const bool many = (record.key.target() & table::many_ways) != 0;
        site_entry entry{.kind = many ? site_kind::static_switch : site_kind::static_key};
        const address at = record.site.target();
        entry.where = image_.executable(at, 1) ? symbols_.find(at) : place{.at = at};
        reader<Image> from{image_};
        const table::named& named = named_of(from, record.key, false);
        name(entry, name_at(image_, named.name));
        if (!image_.writable(reinterpret_cast<address>(&record), sizeof(record))) {
            from.fail(error::reference_outside);
        }
        address value = 0;
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills what is used
        if (from.trouble == error::no_error) {
            value = inlay::detail::cell_of(named).value;
            entry.value = value;
            decide(from, record, value, bytes);
        }
        malformed(entry, from.trouble);
        if (from.trouble != error::no_error && from.trouble != error::site_changed) {
            return entry;
        }
        const unsigned length = arch::jump_length(reinterpret_cast<const std::uint8_t*>(at));
        if (length == 0) { // where the site stays what it is, apply() does not mind
            changed(entry, at, arch::longest_jump);
            return entry;
        }
        entry.now = in_memory(at, length);
        const bool reads_memory = add_ways(entry, record, value);
        entry.direct = !reads_memory;
        if (bytes.length == 0) {
            entry.trouble =
                "the value " + std::to_string(value) + " is in another group of ways: the site stays what it is";
        } else if (!live_) {
            entry.trouble = "text cannot be changed later in this process: the site stays what it is";
        }
        entry.after = entry.trouble.empty() ? make(bytes.bytes, bytes.length, at) : entry.now;
        if (reads_memory) {
            entry.before = entry.now;
        }
        entry.state = reads_memory ? state::original : entry.as_decided() ? state::patched : state::other;
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
        if (from.trouble == error::no_error && result.from != nullptr &&
            !inlay::detail::may_join(*result.group.original, *one.original)) {
            from.fail(error::call_behind_alternative);
        }
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

    /// Notes that a site holds what inlay did not write. Whether apply() minds is for the caller to say.
    void changed(site_entry& entry, address at, std::size_t size) const {
        entry.trouble = message(error::site_changed);
        entry.state = state::other;
        entry.now = in_memory(at, size);
    }

    /// The key, or static call, that a record is of, checked as apply() checks it.
    [[nodiscard]] const table::named& named_of(reader<Image>& from, const table::reference& reference,
                                               bool call) const {
        const table::named& named = inlay::detail::named_of(from, tables_, reference);
        inlay::detail::check_named(from, named);
        if (static_cast<bool>(named.trampoline) != call) {
            from.fail(error::reference_outside);
        }
        return named;
    }

    /// Adds what the site of a key may become, for each value; it is `now`. True if the site is the original, a jump to
    /// none of these.
    bool add_ways(site_entry& entry, const table::key_record& record, address now) const {
        const bool many = entry.kind == site_kind::static_switch;
        const address shape = record.key.target() & inlay::detail::spare_bits;
        const auto* const ways = many ? inlay::detail::find<table::way_table>(image_, record.targets) : nullptr;
        if (many && ways == nullptr) {
            return false;
        }
        // NOLINTBEGIN(bugprone-casting-through-void): what is there is aligned
        const auto* const list =
            many ? static_cast<const table::reference*>(static_cast<const void*>(ways + 1)) : &record.targets;
        // NOLINTEND(bugprone-casting-through-void)
        const unsigned shift = many ? ways->shift & 7U : 0;
        const unsigned first = many ? ways->first : 0;
        const address jump = arch::jump_target(record.site.target());
        bool original = jump != 0;
        for (unsigned i = 0, count = many ? ways->count : 2; i < count; ++i) {
            choice added{.ordinal = first + i, .code = {}};
            const address value = address{added.ordinal} << shift;
            added.predicate = std::to_string(value);
            if (!many) {
                added.predicate = i != 0 ? "true" : "false";
            } else if (shift != 0) { // the last group may be smaller
                added.predicate +=
                    i + 1 != count ? " to " + std::to_string(value + (address{1} << shift) - 1) : " and up";
            }
            added.wins = many ? now >> shift == added.ordinal : (now != 0) == (i != 0);
            if (many ? static_cast<bool>(list[i]) : (i != 0) != ((shape & table::falls_through_if_true) != 0)) {
                added.where = symbols_.find(list[many ? i : 0].target());
                original = original && added.where.at != jump;
            }
            reader<Image> from{image_};
            patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills what is used
            decide(from, record, value, bytes);
            if (from.trouble == error::no_error) {
                added.code = make(bytes.bytes, bytes.length, record.site.target());
            }
            entry.choices.push_back(std::move(added));
        }
        return original;
    }

    /// Names of a group that differ are listed, the innermost first.
    static void name(site_entry& entry, const std::string& text) {
        if (entry.name.empty() || entry.name == "(unnamed)") {
            entry.name = text.empty() ? "(unnamed)" : text;
        } else if (!text.empty() && text != entry.name) {
            entry.name += ", " + text;
        }
    }

    /// Adds the choices of one record, the last in the list first; `whens_only` leaves out the original.
    template <class Fill>
    void add_choices(site_entry& entry, const table::choice* each, bool whens_only, const Fill& fill) const {
        const char* const original = entry.kind == site_kind::call      ? "default"
                                     : entry.kind == site_kind::pv_call ? "call"
                                                                        : "original";
        const auto begin = static_cast<std::ptrdiff_t>(entry.choices.size());
        for (unsigned steps = 0; each != nullptr && steps < inlay::detail::longest_list; ++steps) {
            if (each->predicate || !whens_only) {
                const auto* const node = inlay::detail::find<table::predicate_node>(image_, each->predicate);
                choice added{};
                unsigned nodes = inlay::detail::most_steps;
                added.predicate = !each->predicate ? original : node != nullptr ? words_of(image_, *node, nodes) : "?";
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

    error put(const table::form& form, address at, unsigned length, code& result, bool direct = true) const {
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
        const error trouble = inlay::place(form, at, length, bytes, direct);
        if (trouble == error::no_error) {
            result = make(bytes.bytes, bytes.length, at);
        }
        return trouble;
    }

    /// The branch as it would be if it went to `target`; false if that is out of reach.
    bool redirect(const arch::found_branch& branch, address target, table::call_mode mode, code& result) const {
        std::uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): encode_branch() fills it
        if (!arch::encode_branch(branch, target, mode, bytes)) {
            return false;
        }
        result = make(bytes, branch.end - branch.start, branch.start);
        return true;
    }

    /// What choose() has noted of a dispatch of this image; null if it was not told anything.
    [[nodiscard]] static const inlay::detail::told* told_of(const table::callee& callee) {
        const inlay::detail::told* each = inlay::detail::all_told;
        while (each != nullptr && each->targets != callee.targets.target()) {
            each = each->next;
        }
        return each;
    }

    [[nodiscard]] address target_of(const table::callee& callee, unsigned ordinal) const {
        const address at = callee.targets.target() + ordinal * sizeof(address);
        return at % alignof(address) == 0 && image_.readable(at, sizeof(address))
                   ? *reinterpret_cast<const address*>(at)
                   : 0;
    }

    /// What a pv call goes to once it is patched. Gives names for use in instructions: to the pointer the operation's,
    /// to functions that inlay makes words in place of template arguments.
    [[nodiscard]] std::string target_of(const table::indirect_call& call, const table::reference& operation) const {
        const address pointer = call.pointer.target();
        const address to = *reinterpret_cast<const address*>(pointer);
        if (const std::string name = name_at(image_, operation); !name.empty()) {
            symbols_.name(pointer, name);
        }
        symbols_.name(call.missing.target(), "reporter of missing operations");
        if (to == call.nothing.target()) {
            return "nothing";
        }
        if (to == 0 || to == call.missing.target()) {
            return "missing";
        }
        const std::string target = name_of_target(symbols_.describe(to));
        symbols_.name(to, target);
        return target;
    }

    /// Says what memory holds: the call through the pointer, code in place of the call, or else the direct call.
    static void finish_pv_call(site_entry& entry) {
        entry.direct = entry.state != state::original;
        for (const auto& each : entry.choices) {
            entry.inlined =
                entry.inlined || (each.ordinal != 0 && entry.direct && same(each.code.bytes, entry.now.bytes));
            if (each.wins && each.ordinal == 0 && same(entry.after.bytes, entry.before.bytes) &&
                entry.trouble.empty()) {
                entry.trouble = "the target is out of reach; the call goes through its pointer";
            }
        }
    }

    /// Compares memory with before and after. Assemblers may have padded the `unpadded` bytes of the original with
    /// other nops than apply() would.
    void compare(site_entry& entry, unsigned unpadded) const {
        const auto& now = entry.now.bytes;
        auto before = entry.before.bytes;
        bool original = same(now, before);
        if (!original && before.size() == now.size() && unpadded < before.size()) {
            for (std::size_t i = unpadded; i < before.size(); i += arch::instruction_alignment) {
                arch::fill_nops(before.data() + i, static_cast<unsigned>(arch::instruction_alignment));
            }
            original = same(now, before);
        }
        entry.state = original ? state::original : same(now, entry.after.bytes) ? state::patched : state::other;
    }

    const table::tables& tables_;
    const Image& image_;
    const feature_values& features_;
    symbols& symbols_;
    bool live_{true}; ///< text can be changed later on: else apply() leaves keys and static calls alone
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
    counts& sum = result.summary;
    std::tie(result.trouble, sum.malformed) = collector.names();
    if (tables.alternatives.bytes % sizeof(table::alternative_record) != 0 ||
        tables.calls.bytes % sizeof(table::call_record) != 0 || tables.keys.bytes % sizeof(table::key_record) != 0 ||
        tables.names.bytes % sizeof(table::named) != 0) {
        result.trouble = message(error::table_truncated) + (result.trouble.empty() ? "" : "; " + result.trouble);
    }
    const auto add = [&](const site_entry& made) -> const site_entry& {
        sum.malformed += made.malformed ? 1U : 0U;
        sum.as_decided += made.as_decided() ? 1U : 0U;
        return result.sites.emplace_back(made);
    };
    // Calls first: their trampolines have names that others may show.
    for (std::size_t i = 0; i < tables.calls.size(); ++i) {
        const auto& made = add(collector.call(tables.calls.records[i]));
        if (made.kind == site_kind::static_call) {
            ++sum.static_calls;
            sum.static_calls_direct += made.direct ? 1U : 0U;
        } else {
            ++sum.calls;
            ++(made.direct ? sum.direct : sum.through_trampoline);
        }
    }
    for (std::size_t i = 0; i < tables.keys.size(); ++i) {
        sum.keys_direct += add(collector.key(tables.keys.records[i])).direct ? 1U : 0U;
        ++sum.keys;
    }
    const table::alternative_record* const records = tables.alternatives.records;
    for (std::size_t i = 0, end = 0; i < tables.alternatives.size(); i = end) {
        const address at = records[i].site.target();
        for (end = i + 1; end < tables.alternatives.size() && records[end].site.target() == at;) {
            ++end;
        }
        const auto& made = add(collector.alternative(records + i, records + end));
        if (made.kind == site_kind::pv_call) {
            ++sum.pv_calls;
            sum.pv_calls_inlined += made.inlined ? 1U : 0U;
            sum.pv_calls_direct += made.direct && !made.inlined ? 1U : 0U;
            continue;
        }
        ++sum.alternatives;
        sum.original += made.state == state::original ? 1U : 0U;
        sum.patched += made.state == state::patched ? 1U : 0U;
        sum.other += made.state == state::other ? 1U : 0U;
    }
    std::sort(result.sites.begin(), result.sites.end(),
              [](const site_entry& a, const site_entry& b) { return a.where.at < b.where.at; });
    return result;
}

} // namespace report
} // namespace inlay
