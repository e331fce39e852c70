// SPDX-License-Identifier: BSL-1.0
//
// site: the parts that the entries of all sites have in common.
#pragma once

#include "inlay/apply/text_platform.hpp"
#include "inlay/decide.hpp"
#include "inlay/override.hpp"
#include "inlay/report/disassembly.hpp"
#include "inlay/report/feature_values.hpp"
#include "inlay/report/model.hpp"
#include "inlay/report/shown.hpp"
#include "inlay/report/symbols.hpp"
#include "inlay/report/wording.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

/// Makes entries of sites. An entry with a trouble is malformed if apply() would refuse the tables for it.
template <class Image>
class site_maker {
protected:
    using target = inlay::detail::image_target<Image>;

    site_maker(const table::tables& tables, const Image& image, const feature_values& features, symbols& symbols)
        : tables_{tables}, image_{image}, features_{features}, symbols_{symbols},
          // A question, like the others, though live() may be non-const.
          live_{tables.names.bytes == 0 || inlay::detail::text_may_change(const_cast<Image&>(image))} {}

    /// The features of the model, for a reader that notes errors in their records.
    struct model {
        const feature_values& values;
        reader<Image>& from;

        bool operator()(const table::feature_record& feature) const noexcept {
            const auto [value, trouble] = values[feature];
            from.fail(trouble);
            return value;
        }
    };

    // ---- Addresses of the image in this process, shown as the image's own -----------------------------

    [[nodiscard]] address shown(address at) const { return address_shown(image_, at); }
    [[nodiscard]] std::string describe(address at) const { return symbols_.describe(shown(at)); }
    void name_address(address at, std::string text) const { symbols_.name(shown(at), std::move(text)); }

    /// Where an address is, if it is text.
    [[nodiscard]] place find(address at, bool in_text) const {
        return in_text ? symbols_.find(shown(at)) : place{.at = shown(at)};
    }

    // ---- Bytes ----------------------------------------------------------------------------------------

    [[nodiscard]] code make(const std::uint8_t* bytes, std::size_t size, address at) const {
        code made{{bytes, bytes + size}, {}};
        made.instructions = disassemble<target>(made.bytes, shown(at), symbols_);
        return made;
    }

    [[nodiscard]] code in_memory(address at, std::size_t size) const {
        return make(reinterpret_cast<const std::uint8_t*>(at), size, at);
    }

    /// Compares memory with before and after. Assemblers may have padded the `unpadded` bytes of the original with
    /// other nops than apply() would.
    static void compare(site_entry& entry, unsigned unpadded) {
        const auto& now = entry.now.bytes;
        auto before = entry.before.bytes;
        bool original = same(now, before);
        if (!original && before.size() == now.size() && unpadded < before.size()) {
            for (std::size_t i = unpadded; i < before.size(); i += target::instruction_alignment) {
                target::fill_nops(before.data() + i, static_cast<unsigned>(target::instruction_alignment));
            }
            original = same(now, before);
        }
        entry.state = original ? state::original : same(now, entry.after.bytes) ? state::patched : state::other;
    }

    // ---- Trouble --------------------------------------------------------------------------------------

    static void malformed(site_entry& entry, error trouble) {
        if (trouble != error::no_error && entry.trouble.empty()) {
            entry.trouble = message(trouble);
            entry.malformed = true;
        }
    }

    /// Notes that a site holds bytes that inlay did not write. The caller notes whether apply() refuses them.
    void changed(site_entry& entry, address at, std::size_t size) const {
        entry.trouble = message(error::site_changed);
        entry.state = state::other;
        entry.now = in_memory(at, size);
    }

    // ---- Names and choices ----------------------------------------------------------------------------

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

    const table::tables& tables_;
    const Image& image_;
    const feature_values& features_;
    symbols& symbols_;
    bool live_; ///< text can be changed later on: else apply() leaves keys and static calls alone
};

} // namespace detail
} // namespace report
} // namespace inlay
