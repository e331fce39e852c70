// SPDX-License-Identifier: BSL-1.0
//
// key_site: the entry of a key's site, or of a switch's.
//
// How it works. The cell's value decides. The original, a jump to code that reads the cell, is noted nowhere: it is
// known as long as it is in memory.
#pragma once

#include "inlay/report/site.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

template <class Image>
class key_sites : site_maker<Image> {
    using base = site_maker<Image>;
    using base::image_;
    using typename base::target;

public:
    key_sites(const table::tables& tables, const Image& image, const feature_values& features, symbols& symbols)
        : base{tables, image, features, symbols} {}

    [[nodiscard]] site_entry operator()(const table::key_record& record) const {
        const bool many = (record.key.target() & table::many_ways) != 0;
        site_entry entry{.kind = many ? site_kind::static_switch : site_kind::static_key};
        const address at = record.site.target();
        entry.where = this->find(at, image_.executable(at, 1));
        reader<Image> from{image_};
        const table::named& named = named_of(from, record);
        this->name(entry, name_at(image_, named.name));
        address value = 0;
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills the used part
        if (from.trouble == error::no_error) {
            value = inlay::detail::value_in(image_, named);
            entry.value = value;
            decide(from, record, value, bytes);
        }
        this->malformed(entry, from.trouble);
        if (from.trouble == error::no_error || from.trouble == error::site_changed) {
            add_bytes(entry, record, value, bytes);
        }
        return entry;
    }

private:
    /// The name that a record is of, checked as apply() checks it.
    [[nodiscard]] const table::named& named_of(reader<Image>& from, const table::key_record& record) const {
        const table::named& named = inlay::detail::named_of(from, this->tables_, record.key);
        inlay::detail::check_named(from, named);
        if (named.trampoline || !image_.writable(reinterpret_cast<address>(&record), sizeof(record))) {
            from.fail(error::reference_outside);
        }
        return named;
    }

    /// Adds the ways, and the bytes after and now; `bytes` are the decided ones.
    void add_bytes(site_entry& entry, const table::key_record& record, address value, const patch& bytes) const {
        const address at = record.site.target();
        const unsigned length = target::jump_length(reinterpret_cast<const std::uint8_t*>(at));
        if (length == 0) { // a foreign instruction: apply() accepts it where it would write nothing
            this->changed(entry, at, target::longest_jump);
            return;
        }
        entry.now = this->in_memory(at, length);
        const bool reads_memory = add_ways(entry, record, value);
        entry.direct = !reads_memory;
        if (bytes.length == 0) {
            entry.trouble =
                "the value " + std::to_string(value) + " is in another group of ways: the site stays what it is";
        } else if (!this->live_) {
            entry.trouble = "text cannot be changed later in this process: the site stays what it is";
        }
        entry.after = entry.trouble.empty() ? this->make(bytes.bytes, bytes.length, at) : entry.now;
        if (reads_memory) {
            entry.before = entry.now;
        }
        entry.state = reads_memory ? state::original : entry.as_decided() ? state::patched : state::other;
    }

    /// Adds the form of the site for each value; the value is `now`. True if the site is the original, a jump to none
    /// of the ways.
    bool add_ways(site_entry& entry, const table::key_record& record, address now) const {
        const bool many = entry.kind == site_kind::static_switch;
        const auto* const ways = many ? inlay::detail::find<table::way_table>(image_, record.targets) : nullptr;
        if (many && ways == nullptr) {
            return false;
        }
        const address jump = target::jump_target(record.site.target());
        bool original = jump != 0;
        for (unsigned i = 0, count = many ? ways->count : 2; i < count; ++i) {
            choice added = many ? way_of_switch(*ways, i, now) : way_of_key(i != 0, now);
            const address to = destination(record, ways, i);
            if (to != 0) {
                added.where = this->symbols_.find(this->shown(to));
                original = original && to != jump;
            }
            reader<Image> from{image_};
            patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills the used part
            decide(from, record, address{added.ordinal} << (many ? ways->shift & 7U : 0), bytes);
            if (from.trouble == error::no_error) {
                added.code = this->make(bytes.bytes, bytes.length, record.site.target());
            }
            entry.choices.push_back(std::move(added));
        }
        return original;
    }

    [[nodiscard]] static choice way_of_key(bool value, address now) {
        choice added{.ordinal = value ? 1U : 0U, .code = {}};
        added.predicate = value ? "true" : "false";
        added.wins = (now != 0) == value;
        return added;
    }

    [[nodiscard]] static choice way_of_switch(const table::way_table& ways, unsigned i, address now) {
        const unsigned shift = ways.shift & 7U;
        choice added{.ordinal = ways.first + i, .code = {}};
        const address value = address{added.ordinal} << shift;
        added.predicate = std::to_string(value);
        if (shift != 0) { // the last group may be smaller
            added.predicate +=
                i + 1 != ways.count ? " to " + std::to_string(value + (address{1} << shift) - 1) : " and up";
        }
        added.wins = now >> shift == added.ordinal;
        return added;
    }

    /// Where way `i` of a switch goes, or a key's site for the value `i`; 0: it falls through.
    [[nodiscard]] static address destination(const table::key_record& record, const table::way_table* ways,
                                             unsigned i) {
        if (ways == nullptr) {
            const bool falls_through_if_true = (record.key.target() & table::falls_through_if_true) != 0;
            return (i != 0) != falls_through_if_true ? record.targets.target() : 0;
        }
        // NOLINTNEXTLINE(bugprone-casting-through-void): the references are aligned
        const auto& way = static_cast<const table::reference*>(static_cast<const void*>(ways + 1))[i];
        return way ? way.target() : 0;
    }
};

} // namespace detail
} // namespace report
} // namespace inlay
