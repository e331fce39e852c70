// SPDX-License-Identifier: BSL-1.0
//
// alternative_site: the entry of an alternative, or of a pv call.
//
// How it works. Records at one address are one site, joined as apply() joins them. The original is the decision under
// which no predicate holds, as when apply() takes its writes back.
#pragma once

#include "inlay/report/site.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

template <class Image>
class alternative_sites : site_maker<Image> {
    using base = site_maker<Image>;
    using base::image_;
    using typename base::model;
    using typename base::target;

public:
    alternative_sites(const table::tables& tables, const Image& image, const feature_values& features, symbols& symbols)
        : base{tables, image, features, symbols} {}

    /// The alternatives or pv calls that begin at one address: records [first, end).
    [[nodiscard]] site_entry operator()(const table::alternative_record* first,
                                        const table::alternative_record* end) const {
        site_entry entry{.kind = site_kind::alternative};
        const address at = first->site.target();
        entry.where = this->find(at, image_.executable(at, 1));
        joined original{};
        joined chosen{};
        for (const auto* each = first; each != end; ++each) {
            const auto* const last = inlay::detail::find<table::choice>(image_, each->choices);
            this->name(entry, last != nullptr ? name_at(image_, last->name) : "");
            for (const error trouble : {join<nothing>(*each, original), join<model>(*each, chosen)}) {
                this->malformed(entry, trouble);
            }
        }
        // If no record decides, the form is the first record's original.
        if (original.from != nullptr && original.group.form->kind == table::form_kind::indirect_call) {
            entry.kind = site_kind::pv_call;
        }
        if (entry.trouble.empty() && !image_.executable(at, chosen.group.length)) {
            this->malformed(entry, error::site_outside_text);
        }
        add_all_choices(entry, first, end, chosen);
        if (entry.trouble.empty()) {
            add_bytes(entry, first, end, original.group, chosen.group);
        }
        return entry;
    }

private:
    /// The result of the records at one address, and the record that decided it.
    struct joined {
        decision group;
        const table::alternative_record* from;
    };

    /// Features under which no predicate holds: the original is left, as when apply() takes its writes back.
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

    /// Adds one record to its group.
    template <class Features>
    error join(const table::alternative_record& record, joined& result) const {
        decision one{};
        reader<Image> from{image_};
        decide(from, record, Features{this->features_, from}, one);
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

    void add_all_choices(site_entry& entry, const table::alternative_record* first,
                         const table::alternative_record* end, const joined& chosen) const {
        const address at = first->site.target();
        const unsigned length = entry.trouble.empty() ? chosen.group.length : 0;
        for (const auto* each = first; each != end; ++each) {
            this->add_choices(entry, inlay::detail::find<table::choice>(image_, each->choices), each != first,
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
    }

    /// Adds the bytes before, after, and now.
    void add_bytes(site_entry& entry, const table::alternative_record* first, const table::alternative_record* end,
                   const decision& original, const decision& chosen) const {
        const address at = first->site.target();
        this->malformed(entry, put(*original.form, at, original.length, entry.before, false));
        this->malformed(entry, put(*chosen.form, at, chosen.length, entry.after));
        entry.now = this->in_memory(at, chosen.length);
        this->compare(entry, original.form->length);
        if (entry.kind == site_kind::pv_call) {
            finish_pv_call(entry);
        }
        const auto* each = first;
        reader<Image> from{image_};
        while (each != end && !holds_any(from, *each, at, chosen.length)) {
            ++each;
        }
        if (each == end && entry.state == state::other) {
            this->malformed(entry, error::site_changed);
        }
    }

    error put(const table::form& form, address at, unsigned length, code& result, bool direct = true) const {
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills the used part
        const error trouble =
            inlay::place<target>(form, at, length, bytes, direct, inlay::detail::pointers_of<Image>{image_});
        if (trouble == error::no_error) {
            result = this->make(bytes.bytes, bytes.length, at);
        }
        return trouble;
    }

    /// The target of a patched pv call. Gives names for use in instructions: to the pointer the operation's, to
    /// functions that inlay makes words in place of template arguments.
    [[nodiscard]] std::string target_of(const table::indirect_call& call, const table::reference& operation) const {
        const address pointer = call.pointer.target();
        const address to = inlay::detail::pointer_at(image_, pointer);
        if (const std::string its = name_at(image_, operation); !its.empty()) {
            this->name_address(pointer, its);
        }
        this->name_address(call.missing.target(), "reporter of missing operations");
        std::string name = to == call.nothing.target() ? "nothing" : "missing";
        if (to != call.nothing.target() && to != 0 && to != call.missing.target()) {
            name = name_of_target(this->describe(to));
            this->name_address(to, name);
        }
        return name;
    }

    /// Notes which form memory holds: the call through the pointer, code in place of the call, or else the direct call.
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
};

} // namespace detail
} // namespace report
} // namespace inlay
