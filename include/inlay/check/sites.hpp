// SPDX-License-Identifier: BSL-1.0
//
// sites: all sites of an image, with the bytes that each may hold.
//
//     inlay::check::site_reader<Target> read{image, declarations};
//     read.all(sites);
//
// How it works. decide/ checks each record and places each form, as in apply(). No CPU is asked: every form that some
// assignment of the features chooses is possible. With many features, all forms count as possible.
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/decide.hpp"
#include "inlay/registry.hpp"
#include "inlay/report/file_image.hpp"
#include "inlay/report/wording.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

using inlay::detail::find;

/// Features for decide(): each is checked, and absent.
template <class Image>
struct checked_features {
    reader<Image>& from;

    bool operator()(const table::feature_record& feature) const noexcept {
        static_cast<void>(from.template follow<table::feature_cell>(feature.cell));
        if (feature.kind > table::probe_kind::function) {
            from.fail(error::feature_unknown, reinterpret_cast<address>(&feature));
        } else if (feature.kind == table::probe_kind::function &&
                   !from.image.executable(feature.function.target(), 1)) {
            from.fail(error::reference_outside, feature.function.target());
        }
        return false;
    }
};

/// Features for evaluate(): one assignment, by the places of their cells.
struct assigned_features {
    const std::vector<address>& cells;
    std::uint32_t bits;

    bool operator()(const table::feature_record& feature) const noexcept {
        const auto at = std::find(cells.begin(), cells.end(), feature.cell.target());
        return at != cells.end() && (bits >> (at - cells.begin()) & 1U) != 0;
    }
};

template <class Image>
class declaration_reader {
public:
    explicit declaration_reader(const Image& image) : image_{image} {}

    [[nodiscard]] declaration operator()(const table::choice& last, bool forms) const {
        declaration result{.name = shortened(name_at(image_, last.name)), .length = last.length};
        reader<Image> from{image_};
        decision chosen{};
        if (forms && last.length - 1U >= max_code_length) {
            from.fail(last.length == 0 ? error::site_empty : error::site_too_long);
        }
        choose(from, last, forms, checked_features<Image>{from}, chosen);
        result.trouble = from.trouble;
        if (result.trouble != error::no_error) {
            return result;
        }
        std::vector<const table::choice*> list;
        for (const table::choice* each = &last; each != nullptr;) {
            list.push_back(each);
            each = each->otherwise ? find<table::choice>(image_, each->otherwise) : nullptr;
        }
        std::reverse(list.begin(), list.end());
        for (const auto* each : list) {
            const auto* const node = find<table::predicate_node>(image_, each->predicate);
            unsigned steps = inlay::detail::most_steps;
            result.choices.push_back(
                {.predicate = node != nullptr ? report::detail::words_of(image_, *node, steps) : "original",
                 .ordinal = node != nullptr ? each->ordinal : 0U,
                 .form = forms ? each->form.target() : 0});
        }
        note_possible(list, result);
        return result;
    }

private:
    static constexpr std::size_t most_features = 12;
    static constexpr std::uint64_t most_evaluated = std::uint64_t{1} << 20; ///< nodes, for one declaration
    static constexpr unsigned most_shown_nodes = 64;
    static constexpr std::size_t most_shown = 400; ///< characters of a damaged file's text

    [[nodiscard]] static std::string shortened(std::string text) {
        if (text.size() > most_shown) {
            text.resize(most_shown);
            text += " ...";
            text.shrink_to_fit();
        }
        return text;
    }

    /// Tries all assignments of the features. The original is always possible: it stands before apply().
    void note_possible(const std::vector<const table::choice*>& list, declaration& result) const {
        std::vector<address> cells;
        unsigned steps = inlay::detail::most_steps;
        for (const auto* each : list) {
            if (const auto* const node = find<table::predicate_node>(image_, each->predicate)) {
                inlay::detail::walk_predicate(
                    image_, *node,
                    [&](const table::feature_record& feature) {
                        if (std::find(cells.begin(), cells.end(), feature.cell.target()) == cells.end()) {
                            cells.push_back(feature.cell.target());
                        }
                    },
                    steps);
            }
        }
        const std::uint64_t nodes = inlay::detail::most_steps - steps;
        if (cells.size() > most_features || steps == 0 || nodes << cells.size() > most_evaluated) {
            return;
        }
        for (std::size_t i = 1; i < list.size(); ++i) {
            result.choices[i].possible = false;
        }
        for (std::uint32_t bits = 0; bits >> cells.size() == 0; ++bits) {
            for (std::size_t i = list.size(); i-- > 1;) {
                reader<Image> from{image_};
                if (evaluate(from, from.template follow<table::predicate_node>(list[i]->predicate),
                             assigned_features{cells, bits})) {
                    result.choices[i].possible = true;
                    break;
                }
            }
        }
    }

    const Image& image_;
};

/// Checks the names, as apply() does when it registers them.
template <class Image>
void read_names(const Image& image, std::vector<bad_name>& to) {
    const table::tables& tables = image.tables();
    std::unordered_map<std::string_view, const table::named*> known;
    for (std::size_t i = 0; i < tables.names.size(); ++i) {
        const table::named& each = tables.names.records[i];
        reader<Image> from{image};
        inlay::detail::check_named(from, each);
        const std::string_view name = name_at(image, each.name);
        if (from.trouble == error::no_error &&
            !inlay::detail::same_type(*known.emplace(name, &each).first->second, each)) {
            from.fail(error::name_clash);
        }
        if (from.trouble != error::no_error) {
            to.push_back({static_cast<std::uint32_t>(i), name, from.trouble});
        }
    }
}

template <class Target>
class site_reader {
    using image_type = report::file_image<Target>;

public:
    site_reader(const image_type& image, std::deque<declaration>& declarations)
        : image_{image}, declarations_{declarations} {}

    /// Adds the sites of all tables, sorted by address.
    void all(std::vector<site>& to) {
        const table::tables& tables = image_.tables();
        to.reserve(tables.calls.size() + tables.keys.size() + tables.alternatives.size());
        for (std::size_t i = 0; i < tables.calls.size(); ++i) {
            to.push_back(call(i));
        }
        for (std::size_t i = 0; i < tables.keys.size(); ++i) {
            to.push_back(key(i));
        }
        const table::alternative_record* const records = tables.alternatives.records;
        for (std::size_t i = 0, end = 0; i < tables.alternatives.size(); i = end) {
            for (end = i + 1;
                 end < tables.alternatives.size() && records[end].site.target() == records[i].site.target();) {
                ++end;
            }
            to.push_back(alternative(i, end));
        }
        // At one address as in the tables: calls, keys, alternatives.
        const auto rank = [](const site& each) {
            return each.kind == site_kind::alternative || each.kind == site_kind::pv_call ? 2
                   : each.callee != 0                                                     ? 0
                                                                                          : 1;
        };
        std::sort(to.begin(), to.end(), [&](const site& a, const site& b) {
            return std::tuple{a.at, rank(a), a.record} < std::tuple{b.at, rank(b), b.record};
        });
    }

private:
    static constexpr std::size_t most_forms = 4096; ///< of one site

    // ---- Alternatives, pv calls -----------------------------------------------------------------------

    [[nodiscard]] site alternative(std::size_t begin, std::size_t end) {
        const table::alternative_record* const records = image_.tables().alternatives.records;
        const address here = records[begin].site.target();
        site result{.kind = site_kind::alternative,
                    .at = image_.shown(here),
                    .record = static_cast<std::uint32_t>(begin),
                    .records = static_cast<std::uint32_t>(end - begin)};
        result.marker = result.at;
        const table::form* original = nullptr;
        for (std::size_t i = begin; i < end && result.trouble == error::no_error; ++i) {
            const auto* const last = find<table::choice>(image_, records[i].choices);
            if (last == nullptr) {
                result.trouble = error::reference_outside;
                return result;
            }
            const declaration& of = declarations_[declared(*last, true)];
            result.trouble = of.trouble;
            if (of.trouble != error::no_error) {
                break;
            }
            result.name = result.name.empty() ? std::string_view{of.name} : result.name;
            result.length = std::max(result.length, of.length);
            const auto* const form = reinterpret_cast<const table::form*>(of.choices.front().form);
            result.trouble = original != nullptr && !inlay::detail::may_join(*original, *form)
                                 ? error::call_behind_alternative
                                 : error::no_error;
            original = original == nullptr ? form : original;
        }
        if (result.trouble == error::no_error && original->kind == table::form_kind::indirect_call) {
            result.kind = site_kind::pv_call;
        }
        if (result.trouble == error::no_error && !image_.executable(here, result.length)) {
            result.trouble = error::site_outside_text;
        }
        if (result.trouble == error::no_error && !holds_any_of(records + begin, records + end, here, result.length)) {
            result.trouble = error::site_changed;
        }
        if (result.trouble == error::no_error) {
            add_file(result, here);
            for (std::size_t i = begin; i < end; ++i) {
                add_choices(result, here, declared(*find<table::choice>(image_, records[i].choices), true), i == begin);
            }
        }
        finish(result);
        return result;
    }

    /// Whether the file has one of a group's forms at the site.
    [[nodiscard]] bool holds_any_of(const table::alternative_record* each, const table::alternative_record* end,
                                    address here, unsigned length) const {
        reader<image_type> from{image_};
        while (each != end && !holds_any(from, *each, here, length)) {
            ++each;
        }
        return each != end;
    }

    void add_choices(site& to, address here, std::uint32_t declaration, bool first) {
        const auto& choices = declarations_[declaration].choices;
        for (std::uint32_t i = first ? 0 : 1; i < choices.size(); ++i) {
            if (to.forms.size() > most_forms) {
                to.trouble = error::description_endless;
                return;
            }
            const auto& from = *reinterpret_cast<const table::form*>(choices[i].form);
            if (from.kind == table::form_kind::indirect_call) {
                add_indirect(to, here, from, declaration, i);
                continue;
            }
            form& added = add(to, origin::choice, declaration, i);
            added.possible = choices[i].possible;
            added.padded_from = from.length;
            put(to, added, from, here, false);
        }
    }

    /// The call of an operation: through the pointer, of its target, or nothing. A hypervisor's set-up may store a
    /// function that does nothing.
    void add_indirect(site& to, address here, const table::form& from, std::uint32_t declaration,
                      std::uint32_t number) {
        form& through = add(to, origin::choice, declaration, number);
        through.padded_from = from.length;
        put(to, through, from, here, false);
        const auto& call = inlay::detail::indirect_call_of(from);
        const address target = inlay::detail::pointer_at(image_, call.pointer.target());
        to.callee = image_.shown(call.missing.target());
        to.pointers = image_.shown(call.pointer.target());
        to.pointer_count = 1;
        form& direct = add(to, origin::direct, declaration, number);
        direct.padded_from = Target::call_length;
        if (target != call.nothing.target() &&
            Target::encode_call(here, target != 0 ? target : call.missing.target(), direct.content.data())) {
            Target::fill_nops(direct.content.data() + Target::call_length, to.length - Target::call_length);
        } else {
            to.forms.pop_back();
        }
        form& nothing = add(to, origin::nothing, declaration, number);
        Target::fill_nops(nothing.content.data(), to.length);
    }

    void put(site& to, form& added, const table::form& from, address here, bool direct) {
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills the used part
        const error trouble =
            inlay::place<Target>(from, here, to.length, bytes, direct, inlay::detail::pointers_of<image_type>{image_});
        if (trouble != error::no_error) {
            to.trouble = trouble;
            return;
        }
        std::memcpy(added.content.data(), bytes.bytes, bytes.length);
    }

    // ---- Calls ----------------------------------------------------------------------------------------

    [[nodiscard]] site call(std::size_t index) {
        const table::tables& tables = image_.tables();
        const table::call_record& record = tables.calls.records[index];
        reader<image_type> from{image_};
        const auto what = inlay::detail::callee_in(from, tables, record);
        const address here = record.site.target();
        site result{.kind = what.named != nullptr ? site_kind::static_call : site_kind::call,
                    .name = name_at(image_, what.name()),
                    .at = image_.shown(here),
                    .callee = image_.shown(what.trampoline),
                    .record = static_cast<std::uint32_t>(index)};
        result.marker = result.at;
        if (what.named != nullptr) {
            inlay::detail::check_named(from, *what.named);
        }
        if (!image_.executable(what.trampoline, 1)) {
            from.fail(error::reference_outside);
        }
        if (!image_.executable(here, 1)) {
            from.fail(error::site_outside_text);
        }
        typename Target::found_branch branch{};
        if (from.trouble == error::no_error) {
            result.missed = !inlay::detail::find_call(image_, &record, tables.calls.records + tables.calls.size(),
                                                      what.trampoline, branch);
            if (!result.missed) {
                result.at = image_.shown(branch.start);
                result.length = static_cast<std::uint8_t>(inlay::detail::length_of(branch));
                add_file(result, branch.start);
                what.named != nullptr ? add_static(result, branch, *what.named)
                                      : add_candidates(result, from, branch, *what.callee);
            }
        }
        result.trouble = from.trouble != error::no_error ? from.trouble : result.trouble;
        finish(result);
        return result;
    }

    void add_static(site& to, const typename Target::found_branch& branch, const table::named& named) {
        using table::call_mode;
        const address target = inlay::detail::value_in(image_, named);
        to.pointers = image_.shown(named.cell.target()); // the value is at its start
        to.pointer_count = 1;
        const auto mode = inlay::detail::mode_in(image_, named);
        add_branch(to, branch, origin::direct, 0, mode == call_mode::function ? target : 0, call_mode::function);
        if (branch.kind == Target::branch_kind::call) { // a jump stays one
            add_branch(to, branch, origin::nothing, 0, target, call_mode::nothing);
            add_branch(to, branch, origin::zero, 0, target, call_mode::zero);
        }
    }

    void add_candidates(site& to, reader<image_type>& from, const typename Target::found_branch& branch,
                        const table::callee& callee) {
        const auto* const last = find<table::choice>(image_, callee.choices);
        if (last == nullptr) {
            from.fail(error::reference_outside);
            return;
        }
        const std::uint32_t number = declared(*last, false);
        from.fail(declarations_[number].trouble);
        to.pointers = image_.shown(callee.targets.target());
        for (const auto& each : declarations_[number].choices) {
            to.pointer_count = std::max(to.pointer_count, static_cast<std::uint16_t>(each.ordinal + 1));
            const address at = inlay::detail::place_of_target(from, callee, each.ordinal);
            if (from.trouble == error::no_error) {
                add_branch(to, branch, origin::direct, each.ordinal, inlay::detail::pointer_at(image_, at),
                           table::call_mode::function, number);
            }
        }
    }

    /// Adds the branch as it is when it goes to `target`; none if that is null or out of reach.
    void add_branch(site& to, const typename Target::found_branch& branch, origin from, std::uint32_t number,
                    address target, table::call_mode mode, std::uint32_t declaration = none) {
        form& added = add(to, from, declaration, number);
        added.padded_from = added.length;
        if ((mode == table::call_mode::function && target == 0) ||
            !Target::encode_branch(branch, target, mode, added.content.data())) {
            to.forms.pop_back();
        }
    }

    // ---- Keys, switches -------------------------------------------------------------------------------

    [[nodiscard]] site key(std::size_t index) {
        const table::key_record& record = image_.tables().keys.records[index];
        const bool many = (record.key.target() & table::many_ways) != 0;
        const address here = record.site.target();
        reader<image_type> from{image_};
        const table::named& named = inlay::detail::named_of(from, image_.tables(), record.key);
        site result{.kind = many ? site_kind::static_switch : site_kind::static_key,
                    .name = name_at(image_, named.name),
                    .at = image_.shown(here),
                    .record = static_cast<std::uint32_t>(index)};
        result.marker = result.at;
        inlay::detail::check_named(from, named);
        if (named.trampoline) {
            from.fail(error::reference_outside);
        }
        if (!image_.executable(here, Target::longest_jump)) {
            from.fail(error::site_outside_text);
        }
        if (from.trouble == error::no_error) {
            result.length = Target::longest_jump;
            add_file(result, here);
            add_ways(result, from, record, many);
        }
        result.trouble = from.trouble;
        finish(result);
        return result;
    }

    void add_ways(site& to, reader<image_type>& from, const table::key_record& record, bool many) {
        unsigned count = 2;
        unsigned first = 0;
        unsigned shift = 0;
        if (many) {
            const auto& ways = from.template follow<table::way_table>(record.targets);
            count = ways.count;
            first = ways.first;
            shift = ways.shift & 7U;
        }
        for (unsigned i = 0; i < count && from.trouble == error::no_error; ++i) {
            patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills the used part
            decide(from, record, address{first + i} << shift, bytes);
            if (from.trouble == error::no_error && bytes.length != 0) {
                form& added = add(to, origin::way, none, i);
                added.padded_from = added.length;
                std::memcpy(added.content.data(), bytes.bytes, bytes.length);
            }
        }
    }

    // ---- Parts ----------------------------------------------------------------------------------------

    form& add(site& to, origin from, std::uint32_t declaration, std::uint32_t number) {
        return to.forms.emplace_back(
            form{.origin = from, .length = to.length, .declaration = declaration, .number = number});
    }

    void add_file(site& to, address here) {
        to.forms.reserve(4);
        form& added = add(to, origin::file, none, 0);
        added.padded_from = to.length;
        std::memcpy(added.content.data(), reinterpret_cast<const void*>(here), to.length);
    }

    static void finish(site& to) {
        if (to.trouble != error::no_error) {
            to.forms.clear();
            to.length = 0;
        }
    }

    /// The index of a declaration, read when it is first met.
    [[nodiscard]] std::uint32_t declared(const table::choice& last, bool forms) {
        const auto [known, news] =
            known_.try_emplace(reinterpret_cast<address>(&last) + (forms ? 1 : 0), declarations_.size());
        if (news) {
            declarations_.push_back(declaration_reader<image_type>{image_}(last, forms));
        }
        return static_cast<std::uint32_t>(known->second);
    }

    const image_type& image_;
    std::deque<declaration>& declarations_;
    std::unordered_map<address, std::size_t> known_{};
};

} // namespace detail
} // namespace check
} // namespace inlay
