// SPDX-License-Identifier: BSL-1.0
//
// call_site: the entry of a call, to a dispatch or a static call.
//
// How it works. Only one note of apply() is used: where it found each call. A dispatch goes where its predicates say on
// the model, a static call where its cell says.
#pragma once

#include "inlay/choose.hpp"
#include "inlay/report/site.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

template <class Image>
class call_sites : site_maker<Image> {
    using base = site_maker<Image>;
    using typename base::model;
    using typename base::target;
    using branch = typename target::found_branch;
    using subject = inlay::detail::call_subject;
    using base::image_;
    using base::tables_;

public:
    call_sites(const table::tables& tables, const Image& image, const feature_values& features, symbols& symbols)
        : base{tables, image, features, symbols} {}

    [[nodiscard]] site_entry operator()(const table::call_record& record) const {
        reader<Image> from{image_};
        const subject what = inlay::detail::callee_in(from, tables_, record);
        site_entry entry{.kind = what.named != nullptr ? site_kind::static_call : site_kind::call};
        const table::choice* const last =
            what.named != nullptr ? nullptr : &from.template follow<table::choice>(what.callee->choices);
        if (what.named != nullptr) {
            inlay::detail::check_named(from, *what.named);
        }
        this->name(entry, name_at(image_, what.name()));
        if (!image_.executable(what.trampoline, 1)) {
            from.fail(error::reference_outside);
        }
        const found call = look_for(record, what.trampoline, from.trouble == error::no_error);
        entry.where = this->find(call ? call.at.start : record.site.target(), call.in_text);
        this->malformed(entry, from.trouble);
        this->malformed(entry, call.in_text ? error::no_error : error::site_outside_text);
        if (!entry.trouble.empty()) {
            return entry;
        }
        this->name_address(what.trampoline, "trampoline of " + entry.name);
        const goal to = last == nullptr ? add_static_target(entry, *what.named, call)
                                        : add_candidates(entry, *what.callee, *last, call);
        if (entry.trouble.empty()) {
            if (call) {
                add_bytes(entry, what, call.at, to);
            } else {
                not_found(entry, record, call);
            }
        }
        return entry;
    }

private:
    /// The call instruction, if it was found.
    struct found {
        branch at{};
        bool there{};
        bool in_text{};       ///< the marker is
        address breakpoint{}; ///< the breakpoint that hides the call; or 0

        explicit operator bool() const { return there; }
    };

    /// Where the call goes.
    struct goal {
        address to{};
        table::call_mode mode{};
    };

    [[nodiscard]] found look_for(const table::call_record& record, address trampoline, bool good) const {
        found result{};
        result.in_text = inlay::detail::executable_from(image_, record.site.target(), target::longest_branch) != 0;
        result.there = good && result.in_text &&
                       inlay::detail::find_call(image_, &record, tables_.calls.records + tables_.calls.size(),
                                                trampoline, result.at, &result.breakpoint);
        return result;
    }

    [[nodiscard]] goal add_static_target(site_entry& entry, const table::named& named, const found& call) const {
        const goal result{inlay::detail::value_in(image_, named), inlay::detail::mode_in(image_, named)};
        const bool hooked = result.mode == table::call_mode::hook;
        const bool plain = hooked || result.mode == table::call_mode::function;
        const char* const word = hooked                                     ? "hook"
                                 : plain                                    ? "target"
                                 : result.mode == table::call_mode::nothing ? "nothing"
                                                                            : "returns zero";
        entry.choices.push_back(
            {.predicate = word, .wins = true, .code = {}, .target = plain ? this->describe(result.to) : word});
        // The call of a hook goes to the trampoline, which saves the registers.
        const goal goes = hooked ? goal{named.trampoline.target(), table::call_mode::function} : result;
        (void)(call && redirect(call.at, goes, entry.choices[0].code));
        return goes;
    }

    [[nodiscard]] goal add_candidates(site_entry& entry, const table::callee& callee, const table::choice& last,
                                      const found& call) const {
        reader<Image> from{image_};
        decision chosen{};
        choose(from, last, false, model{this->features_, from}, chosen);
        this->malformed(entry, from.trouble);
        const goal result{target_of(callee, chosen.ordinal), table::call_mode::function};
        const inlay::detail::told* const told = told_of(callee);
        const bool otherwise = told != nullptr && told->candidate(chosen.ordinal) != result.to;
        this->add_choices(entry, &last, false, [&](choice& added, const table::choice& /*from*/) {
            const goal each{told != nullptr ? told->candidate(added.ordinal) : target_of(callee, added.ordinal),
                            table::call_mode::function};
            added.target = each.to != 0 ? this->describe(each.to) : "?";
            added.wins = entry.trouble.empty() && (otherwise ? each.to == result.to : added.ordinal == chosen.ordinal);
            (void)(call && each.to != 0 && redirect(call.at, each, added.code));
            this->malformed(entry, each.to != 0 ? error::no_error : error::ordinal_outside);
        });
        return result;
    }

    /// choose()'s note about a dispatch of this image; null if choose() was not called.
    [[nodiscard]] static const inlay::detail::told* told_of(const table::callee& callee) {
        const inlay::detail::told* each = inlay::detail::all_told;
        while (each != nullptr && each->targets != callee.targets.target()) {
            each = each->next;
        }
        return each;
    }

    /// The function of a dispatch by its number, or 0.
    [[nodiscard]] address target_of(const table::callee& callee, unsigned ordinal) const {
        reader<Image> from{image_};
        const address at = inlay::detail::place_of_target(from, callee, ordinal);
        return from.trouble == error::no_error ? inlay::detail::pointer_at(image_, at) : 0;
    }

    /// The branch as it would be if it went to `to`; false if that is out of reach.
    bool redirect(const branch& at, const goal& to, code& result) const {
        std::uint8_t bytes[target::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): encode_branch() fills it
        if (!target::encode_branch(at, to.to, to.mode, bytes)) {
            return false;
        }
        result = this->make(bytes, inlay::detail::length_of(at), at.start);
        return true;
    }

    void not_found(site_entry& entry, const table::call_record& record, const found& call) const {
        if (call.breakpoint != 0 || (record.callee.target() & table::call_found) != 0) {
            const address at = call.breakpoint != 0 ? call.breakpoint : record.site.target();
            this->changed(entry, at, inlay::detail::executable_from(image_, at, target::longest_branch));
            entry.malformed = true;
        } else {
            entry.trouble = "the call was not found after its marker; it goes through its trampoline";
        }
    }

    /// Adds the bytes before, after, and now.
    void add_bytes(site_entry& entry, const subject& what, const branch& at, const goal& to) const {
        (void)redirect(at, {what.trampoline, table::call_mode::function}, entry.before);
        entry.now = this->in_memory(at.start, inlay::detail::length_of(at));
        const bool to_trampoline = to.mode == table::call_mode::function && to.to == what.trampoline; // a hook's
        entry.direct = to_trampoline || !same(entry.now.bytes, entry.before.bytes);
        const char* kept = "";
        if (what.named != nullptr && !this->live_) {
            kept = "text cannot be changed later in this process";
        } else if (!redirect(at, to, entry.after)) {
            kept = "the target is out of reach";
        } else if (what.named != nullptr && !entry.direct) {
            kept = "not patched yet";
        }
        if (*kept != '\0') {
            entry.trouble = std::string{kept} + "; the call goes through its trampoline";
        }
        if (entry.after.bytes.empty()) {
            entry.after = entry.before;
        }
        this->compare(entry, static_cast<unsigned>(entry.before.bytes.size()));
    }
};

} // namespace detail
} // namespace report
} // namespace inlay
