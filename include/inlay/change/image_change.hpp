// SPDX-License-Identifier: BSL-1.0
//
// image_change: rewrites the sites of one name, or one dispatch, in one image.
//
//     detail::image_change part{tables, platform};
//     part.check(named, to, done);                            // changes nothing
//     part.write(named, to, site_order::inner, done);         // makes the new text ready
//     part.show(named, done);
//
// How it works. apply() has sorted the records by cell, so those of a name are neighbours (apply/index.hpp). decide/ says
// which bytes a site shall have. A platform that can stage collects the writes until show(); for any other, write() is
// all, and show() has nothing to do.
//
// Every function adds to `done` what it has written, and fails it with the record in question. After a failure only
// drop() may be called.
#pragma once

#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/decide/call.hpp"
#include "inlay/error.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Whether the platform can prepare a whole change before any processor sees a part of it. `bool stage()` prepares the
/// writes so far, `finish()` shows them, `drop()` forgets them. After `one_by_one()`, processors see each write
/// separately.
template <class Platform>
inline constexpr bool can_stage = requires(Platform& platform) {
    { platform.stage() } noexcept;
    { platform.drop() } noexcept;
    { platform.one_by_one() } noexcept;
    { platform.refused() } noexcept;
};

/// The sites of a switch with many ways are a tree: an outer site leads to the inner sites of a group of ways. The
/// number is way_table::shift. Inner sites are changed first: a thread that comes from an outer site finds them changed.
enum class site_order : uint8_t { inner = 0, outer = 4 };
inline constexpr site_order in_order[] = {site_order::inner, site_order::outer}; // NOLINT(*-avoid-c-arrays)

[[nodiscard]] inline site_order order_of(const table::key_record& record) noexcept {
    const bool many = (record.key.target() & table::many_ways) != 0;
    return many ? static_cast<site_order>(reinterpret_cast<const table::way_table*>(record.targets.target())->shift)
                : site_order::inner;
}

/// Notes in the outcome of a change that failed how taking it back went.
inline void note_taken_back(outcome& done, const outcome& back) noexcept {
    done.written = 0;
    if (!back) {
        done.worsen(error::change_incomplete);
        done.system_error = back.system_error;
    }
}

template <text_platform Platform>
class image_change {
public:
    static constexpr bool stages = can_stage<Platform>;

    image_change(const table::tables& tables, Platform& platform) noexcept : tables_{tables}, platform_{platform} {}

    /// Checks that the sites of `named` can be rewritten to `to`; changes nothing.
    void check(const table::named& named, const table::setting& to, outcome& done) noexcept {
        for (const site_order order : in_order) {
            change_sites(named, to, order, done);
        }
    }

    /// Rewrites the sites.
    void write(const table::named& named, const table::setting& to, site_order order, outcome& done) noexcept {
        writing_ = true;
        change_sites(named, to, order, done);
    }

    /// Has the calls of a dispatch go to `to`, as far as apply() has found them; or checks that this is possible. The
    /// dispatch is the one whose pointer is at `pointer`.
    void redirect(address pointer, address to, bool writing, outcome& done) noexcept {
        writing_ = writing;
        for (size_t i = 0; i < tables_.calls.size() && good(); ++i) {
            const table::call_record& record = tables_.calls.records[i];
            if ((record.callee.target() & spare_bits) == table::call_found && !is_named(tables_, record.callee)) {
                const auto& callee = *reinterpret_cast<const table::callee*>(record.callee.target() & ~spare_bits);
                where_ = {table_kind::calls, static_cast<uint32_t>(i), record.site.target()};
                if (callee.target.target() == pointer && !gone_since_apply(platform_, where_.site)) {
                    change_call(record, callee.trampoline.target(), to, table::call_mode::function);
                }
            }
        }
        make_ready();
        note(done);
    }

    /// Shows the prepared sites of a name, or of a dispatch.
    void show(const table::named& named, outcome& done) noexcept {
        if (!show_ready()) {
            find_refused(named);
        }
        note(done);
    }
    void show(outcome& done) noexcept {
        if (!show_ready()) {
            where_ = {table_kind::calls, 0, refused_address(platform_, 0)};
        }
        note(done);
    }

    /// Forgets what is ready.
    void drop() noexcept {
        if constexpr (stages) {
            platform_.drop();
        }
    }

    /// Has each of the next writes seen by itself: one that fails does not keep others from being seen.
    void one_by_one() noexcept {
        if constexpr (stages) {
            platform_.one_by_one();
        }
    }

private:
    [[nodiscard]] bool good() const noexcept { return trouble_ == error::no_error; }

    void change_sites(const table::named& named, const table::setting& to, site_order order, outcome& done) noexcept {
        if (cell_of(named).state.sites != 0) {
            if (!named.trampoline) {
                for_each_site(tables_.keys, table_kind::keys, named, [&](const table::key_record& record) noexcept {
                    if (order_of(record) == order) {
                        change_key(record, to.value);
                    }
                });
            } else if (order == site_order::inner) {
                for_each_site(tables_.calls, table_kind::calls, named, [&](const table::call_record& record) noexcept {
                    change_call(record, named.trampoline.target(), value_of(to, *tables_.registry), to.mode);
                });
            }
            make_ready();
        }
        note(done);
    }

    [[nodiscard]] static const table::reference& subject(const table::call_record& record) noexcept {
        return record.callee;
    }
    [[nodiscard]] static const table::reference& subject(const table::key_record& record) noexcept {
        return record.key;
    }

    /// Calls `function(record)` for each record of the name whose text exists, until one fails.
    template <class Record, class Function>
    void for_each_site(const table::section<Record>& section, table_kind kind, const table::named& of,
                       const Function& function) noexcept {
        for (size_t i = cell_of(of).state.sites - 1; i < section.size() && good(); ++i) {
            const Record& record = section.records[i];
            const auto* const named = reinterpret_cast<const table::named*>(subject(record).target() & ~spare_bits);
            if (named->cell.target() != of.cell.target()) {
                break;
            }
            where_ = {kind, static_cast<uint32_t>(i), record.site.target()};
            if (!gone_since_apply(platform_, where_.site)) {
                function(record);
            }
        }
    }

    void change_key(const table::key_record& record, address value) noexcept {
        reader<Platform> from{platform_};
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills what is used
        decide(from, record, value, bytes);
        trouble_ = from.trouble;
        put(record.site.target(), bytes.bytes, bytes.length);
    }

    void change_call(const table::call_record& record, address trampoline, address to, table::call_mode mode) noexcept {
        if ((record.callee.target() & table::call_found) == 0) {
            return;
        }
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
        if (!find_noted_call(platform_, record, branch)) {
            trouble_ = error::site_changed;
            return;
        }
        uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): place_call() fills it
        (void)place_call(branch, trampoline, to, mode, bytes); // out of reach, it goes through its trampoline
        put(branch.start, bytes, length_of(branch));
    }

    /// Writes one site, or checks that it may be written.
    void put(address at, const uint8_t* bytes, unsigned size) noexcept {
        if (good()) {
            trouble_ =
                writing_ ? text_.write(platform_, at, bytes, size, written_) : text_.check(platform_, at, bytes, size);
        }
    }

    /// Makes ready what was written; or shows it, if the platform cannot wait.
    void make_ready() noexcept {
        if (written_ == 0) {
            return;
        }
        if constexpr (stages) {
            if (good() && !platform_.stage()) {
                trouble_ = refusal(platform_);
            }
        } else {
            const error trouble = text_.finish(platform_);
            if (good() && trouble != error::no_error) {
                trouble_ = trouble;
                where_.site = text_.last.at;
            }
        }
    }

    [[nodiscard]] bool show_ready() noexcept {
        if constexpr (stages) {
            if (!platform_.finish()) {
                trouble_ = refusal(platform_);
                return false;
            }
        }
        return true;
    }

    /// Notes as the record in question the first one of the name that is not before the address that was refused.
    void find_refused(const table::named& named) noexcept {
        const auto look = [&](const auto& section, table_kind kind) noexcept {
            const uint32_t sites = cell_of(named).state.sites;
            for (size_t i = sites - 1; sites != 0 && i < section.size(); ++i) {
                where_ = {kind, static_cast<uint32_t>(i), section.records[i].site.target()};
                if (where_.site >= refused_address(platform_, 0)) {
                    break;
                }
            }
        };
        if (named.trampoline) {
            look(tables_.calls, table_kind::calls);
        } else {
            look(tables_.keys, table_kind::keys);
        }
    }

    void note(outcome& done) noexcept {
        done.written += written_;
        written_ = 0;
        address refused = where_.site;
        if (trouble_ == error::text_not_writable || trouble_ == error::write_ineffective) {
            note_system_error(platform_, done);
            refused = refused_address(platform_, refused);
        }
        done.fail(trouble_, where_, refused);
    }

    const table::tables& tables_;
    Platform& platform_;
    record_id where_{};
    uint32_t written_{};
    error trouble_{error::no_error};
    bool writing_{};
    text_writer<Platform> text_{};
};

template <text_platform Platform>
image_change(const table::tables&, Platform&) -> image_change<Platform>;

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
