// SPDX-License-Identifier: BSL-1.0
//
// image_change: rewrites the sites of one name, or one dispatch, in one image.
//
//     detail::image_change part{tables, platform};
//     part.check(named, to, done);                            // changes nothing
//     part.write(named, to, site_order::inner, done);         // makes the new text ready
//     part.show(named, done);
//
// How it works. apply() has sorted the records by cell, so a name's records are neighbours (apply/index.hpp). The
// functions in decide/ say which bytes a site shall have. A platform that can stage collects the writes until show().
// With any other platform, write() shows the sites at once, and show() has no more to do.
//
// Every function adds its counts of written sites to `done`, and on an error fails it with the record in question.
// After a failure only drop() may be called.
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

/// The sites of a switch with many ways are a tree: an outer site leads to the inner sites of a group. A group has up
/// to 16 ways. The number is way_table::shift. Inner sites are changed first: a thread that comes from an outer site
/// finds them changed.
enum class site_order : uint8_t { inner = 0, outer = 4 };
inline constexpr site_order in_order[] = {site_order::inner, site_order::outer}; // NOLINT(*-avoid-c-arrays)

[[nodiscard]] inline site_order order_of(const table::key_record& record) noexcept {
    const bool many = (record.key.target() & table::many_ways) != 0;
    return many ? static_cast<site_order>(reinterpret_cast<const table::way_table*>(record.targets.target())->shift)
                : site_order::inner;
}

/// A change failed, and was taken back with the outcome `back`. Notes this in the outcome of the change.
inline void note_taken_back(outcome& done, const outcome& back) noexcept {
    done.written = 0;
    if (!back) {
        done.worsen(error::change_incomplete);
        done.system_error = back.system_error;
    }
}

/// A change in one image. If it changes many names (`Many`), it rewrites the sites in a window of addresses, name by
/// name: write_window().
template <text_platform Platform, bool Many = false>
class image_change {
public:
    static constexpr bool stages = can_stage<Platform>;

    /// No address of a site.
    static constexpr address nowhere = ~address{0};

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

    /// Rewrites the sites of the name in the window that begins at `begin`: a page, or all of text if the platform does
    /// not stage. Returns where the window of the name's next site begins, or `nowhere`.
    [[nodiscard]] address write_window(const table::named& named, const table::setting& to, site_order order,
                                       address begin) noexcept
        requires Many
    {
        writing_ = true;
        window_ = {begin, stages ? begin + window : nowhere, nowhere, window_.other_order};
        rewrite_sites(named, to, order);
        return window_.next;
    }
    /// Whether all is well so far.
    [[nodiscard]] bool good() const noexcept { return trouble_ == error::no_error; }
    /// Whether a site was left for the other order.
    [[nodiscard]] bool has_other_order() const noexcept
        requires Many
    {
        return window_.other_order;
    }
    /// Makes ready the sites of all windows. If anything went wrong, `blame(part)` calls find_nearest() for each name.
    template <class Blame>
    void end_windows(outcome& done, const Blame& blame) noexcept
        requires Many
    {
        make_ready();
        find_refused_among(blame);
        note(done);
    }
    /// Shows the prepared sites of all names.
    template <class Blame>
    void show_windows(outcome& done, const Blame& blame) noexcept
        requires Many
    {
        (void)show_ready();
        find_refused_among(blame);
        note(done);
    }
    /// Notes the name's first record from the refused address on as the record in question, if it is the nearest so
    /// far.
    [[nodiscard]] bool find_nearest(const table::named& named) noexcept
        requires Many
    {
        const auto look = [&](const auto& section, table_kind kind) noexcept {
            const size_t i = first_from(section, named, window_.begin);
            const bool nearer =
                i < section.size() && is_of(section.records[i], named) &&
                (where_.table == table_kind::no_table || section.records[i].site.target() < where_.site);
            if (nearer) {
                where_ = {kind, static_cast<uint32_t>(i), section.records[i].site.target()};
            }
            return nearer;
        };
        return cell_of(named).state.sites != 0 &&
               (named.trampoline ? look(tables_.calls, table_kind::calls) : look(tables_.keys, table_kind::keys));
    }

    /// Has the calls of a dispatch go to `to`, as far as apply() has found them; or checks that this is possible. The
    /// dispatch's pointer is at `pointer`.
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

    /// Forgets the sites that are ready.
    void drop() noexcept {
        if constexpr (stages) {
            platform_.drop();
        }
    }

    /// From now on the platform shows each page by itself, so that a page which fails does not keep the others.
    void one_by_one() noexcept {
        if constexpr (stages) {
            platform_.one_by_one();
        }
    }

private:
    void change_sites(const table::named& named, const table::setting& to, site_order order, outcome& done) noexcept {
        if (cell_of(named).state.sites != 0) {
            rewrite_sites(named, to, order);
            make_ready();
        }
        note(done);
    }

    [[gnu::always_inline]] void rewrite_sites(const table::named& named, const table::setting& to,
                                              site_order order) noexcept {
        if (!named.trampoline) {
            for_each_site(tables_.keys, table_kind::keys, named, [&](const table::key_record& record) noexcept {
                if (order_of(record) == order) {
                    change_key(record, to.value);
                } else if constexpr (Many) {
                    window_.other_order = true;
                }
            });
        } else if (order == site_order::inner) {
            for_each_site(tables_.calls, table_kind::calls, named, [&](const table::call_record& record) noexcept {
                change_call(record, named.trampoline.target(), value_of(to, *tables_.registry), to.mode);
            });
        }
    }

    [[nodiscard]] static const table::reference& subject(const table::call_record& record) noexcept {
        return record.callee;
    }
    [[nodiscard]] static const table::reference& subject(const table::key_record& record) noexcept {
        return record.key;
    }

    [[nodiscard]] static address cell_in(const auto& record) noexcept {
        return reinterpret_cast<const table::named*>(subject(record).target() & ~spare_bits)->cell.target();
    }
    [[nodiscard]] static bool is_of(const auto& record, const table::named& named) noexcept {
        return cell_in(record) == named.cell.target();
    }

    /// The number of the name's first record whose site is at `begin` or after it; else of the next name's first one.
    template <class Record>
    [[nodiscard]] static size_t first_from(const table::section<Record>& section, const table::named& of,
                                           address begin) noexcept {
        size_t first = cell_of(of).state.sites - 1;
        for (size_t left = section.size() > first ? section.size() - first : 0; left != 0;) {
            const Record& middle = section.records[first + left / 2];
            const bool before = is_of(middle, of) ? middle.site.target() < begin : cell_in(middle) < of.cell.target();
            first += before ? left / 2 + 1 : 0;
            left = before ? left - left / 2 - 1 : left / 2;
        }
        return first;
    }

    /// Calls `function(record)` for each record of the name whose text exists, until one fails.
    template <class Record, class Function>
    void for_each_site(const table::section<Record>& section, table_kind kind, const table::named& of,
                       const Function& function) noexcept {
        size_t i = cell_of(of).state.sites - 1;
        if constexpr (Many) {
            i = window_.begin == 0 ? i : first_from(section, of, window_.begin);
        }
        for (; i < section.size() && good(); ++i) {
            const Record& record = section.records[i];
            if (!is_of(record, of)) {
                break;
            }
            if constexpr (Many) {
                if (record.site.target() >= window_.end) {
                    window_.next = record.site.target() & ~(window - 1);
                    break;
                }
            }
            where_ = {kind, static_cast<uint32_t>(i), record.site.target()};
            if (!gone_since_apply(platform_, where_.site)) {
                function(record);
            }
        }
    }

    void change_key(const table::key_record& record, address value) noexcept {
        reader<Platform> from{platform_};
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills the used part
        decide(from, record, value, bytes);
        trouble_ = from.trouble;
        if (from.trouble == error::no_error && bytes.length != 0) {
            put(record.site.target(), bytes.bytes, image_target<Platform>::longest_jump);
        }
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

    /// Stages the sites that were written; or shows them, if the platform cannot stage.
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

    /// Notes the name's first record from the refused address on as the record in question.
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

    /// The same among many names.
    template <class Blame>
    void find_refused_among(const Blame& blame) noexcept {
        if (good()) {
            return;
        }
        const bool by_platform = trouble_ == error::text_not_writable || trouble_ == error::write_ineffective;
        const record_id last = where_;
        window_.begin = by_platform ? refused_address(platform_, last.site) : last.site;
        where_ = {};
        blame(*this);
        where_ = where_.table == table_kind::no_table ? last : where_;
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

    static constexpr address window = 4096; ///< the smallest page: staging more than one at a time is no gain
    struct sites_in_window {
        address begin, end, next;
        bool other_order;
    };
    struct nothing {};
    [[no_unique_address]] either<Many, sites_in_window, nothing> window_{};
};

template <text_platform Platform>
image_change(const table::tables&, Platform&) -> image_change<Platform>;

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
