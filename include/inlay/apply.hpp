// SPDX-License-Identifier: BSL-1.0
//
// apply: the patcher. Reads the tables of an image, decides every site, then writes text.
//
//     inlay::platform::bare<inlay::arch::emit::synchronise> kernel{text, image}; // a program: platform::process
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     if (!done) { puts(inlay::message(done.error())); ... done.record() ... }
//
// How it works. Three phases in a fixed order: features are probed, calls are redirected and keys become nops or
// jumps, alternatives are written. (The other way round, a direct call would overwrite an instruction that an
// alternative put in its place.) Everything is checked and decided in a first pass that changes no text; only if no
// record is bad does a second pass write. If the platform then refuses, the sites go back to their originals.
//
// What was found out about a declaration is kept for its other sites, of which only the distance differs.
//
// Nothing is allocated. Sites whose bytes are already right are not written, so apply() may be called again,
// e.g. after set() changed a feature. Records at the same address (nested uses in assembly) are one group:
// the longest length counts, and the last one whose `when` holds wins.
//
// Names (of keys and static calls) are registered on the way, and in the end the records of calls and keys are sorted,
// so that later changes find those of one name (poke.hpp).
//
// Not thread-safe: call it while no other thread runs through a site (Linux: before the other processors
// start). On x86, see Intel SDM volume 3, 9.1.3 "Handling Self- and Cross-Modifying Code".
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/decide/call.hpp"
#include "inlay/error.hpp"
#include "inlay/image.hpp"
#include "inlay/registry.hpp"
#include "inlay/sort.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// What the patcher asks of its surroundings. Sizes are in bytes.
///
/// `readable`, `writable` and `executable` say whether all of these bytes are; what is asked may be much text at once.
/// Text that is gone (a kernel's initialisation) is not executable any more. A platform with `bool gone(address)` has
/// records of sites there passed over, by apply() and by changes; without it only changes pass them over. `write` may
/// collect writes until `finish`; both return false if text cannot be written. `finish` also makes the processor forget
/// what it fetched before. None of them may contain a patch site. A platform may have `int system_error()` to say why
/// it refused, `bool probe(address)` to run function probes its own way (or `int probed(const table::feature_record&)`,
/// which knows what a probe said: 0, 1, or -1 if it has to run first: then apply() fails with error::probe_first and
/// the record's address), and `bool live()` to say whether text can be changed later on: if not, keys and static calls
/// stay in the form that reads memory, so that set() and update() work. `bool ineffective()` says that the last refusal
/// was for bytes that were written and are not there; a platform that has it looks itself, for others the last site is
/// looked at after `finish`. `address refused()` says where that was, `bool text_moved()` that the tables describe text
/// that does not run. `bool exchanges(address, const uint8_t* bytes, size_t)` says whether these bytes may be
/// written while other processors run what is there: if not, nothing changes (error::others_run).
template <class T>
concept text_platform = requires(T& platform, const T& view, address at, size_t size, const uint8_t* bytes) {
    { view.readable(at, size) } noexcept -> detail::same_as<bool>;
    { view.writable(at, size) } noexcept -> detail::same_as<bool>;
    { view.executable(at, size) } noexcept -> detail::same_as<bool>;
    { platform.write(at, bytes, size) } noexcept -> detail::same_as<bool>;
    { platform.finish() } noexcept -> detail::same_as<bool>;
};

} // namespace INLAY_TARGET

namespace detail {
inline namespace INLAY_TARGET {

/// Registers all names of an image that are in order; others it passes over.
template <class Platform>
void register_names(const table::tables& tables, const Platform& platform) noexcept {
    if (tables.registry == nullptr || tables.registry->complete != 0) {
        return;
    }
    for (size_t i = 0; i < tables.names.size(); ++i) {
        reader<Platform> from{platform};
        check_named(from, tables.names.records[i]);
        if (from.trouble == error::no_error) {
            register_name(tables.registry->root, tables.names.records[i]);
        }
    }
    tables.registry->complete = 1;
}

/// Whether the platform says that text is gone. (Those that have nothing to say of it need no code for it.)
template <class Platform>
[[nodiscard]] bool text_is_gone(Platform& platform, address at) noexcept {
    if constexpr (requires { platform.gone(at); }) {
        return platform.gone(at);
    } else {
        return false;
    }
}

/// Why the platform has just refused.
template <class Platform>
[[nodiscard]] error refusal(const Platform& platform) noexcept {
    if constexpr (requires { platform.ineffective(); }) {
        if (platform.ineffective()) {
            return error::write_ineffective;
        }
    }
    return error::text_not_writable;
}

/// Whether the platform itself looks at what it has written.
template <class Platform>
inline constexpr bool looks_itself = requires(const Platform& platform) { platform.ineffective(); };

/// What was written last, to look at it when all is finished, if the platform does not: whether it is what the
/// processor will fetch.
template <bool Needed>
struct written_last {
    address at{};
    unsigned size{};
    uint8_t bytes[max_code_length]; // NOLINT(*-avoid-c-arrays): note() fills what is used

    // NOLINTNEXTLINE(*-member-init, *-use-equals-default): `= default` would have {} clear the bytes
    written_last() noexcept {}

    void note(address where, const uint8_t* what, unsigned count) noexcept {
        at = where;
        size = count;
        copy(bytes, what, count);
    }
    [[nodiscard]] bool is_there() const noexcept { return equal(reinterpret_cast<const uint8_t*>(at), bytes, size); }
};

template <>
struct written_last<false> {
    address at{};
    unsigned size{};

    void note(address where, const uint8_t* /*what*/, unsigned /*count*/) noexcept { at = where; }
    [[nodiscard]] static bool is_there() noexcept { return true; }
};

/// Tables of an image that has alternatives alone, or shall have no other patched.
struct alternatives_alone {
    table::section<const table::alternative_record> alternatives;
};

/// `Tables` are table::tables or alternatives_alone; of what is not in them, there is no code.
template <text_platform Platform, class Tables>
class [[gnu::visibility("hidden")]] patcher {
    static constexpr bool with_names = requires(const Tables& tables) { tables.names; };

public:
    // NOLINTNEXTLINE(*-pro-type-member-init): forget() fills what is read
    patcher(const Tables& tables, Platform& platform, outcome& done) noexcept
        : tables_{tables}, platform_{platform}, done_{done}, from_{platform} {}

    void run() noexcept {
        patch_all();
        forget_features();
    }

private:
    void patch_all() noexcept {
        if constexpr (requires { platform_.text_moved(); }) {
            if (platform_.text_moved()) {
                done_.fail(error::text_moved, {table_kind::no_table, 0, 0});
                return;
            }
        }
        if constexpr (with_names && requires { platform_.live(); }) {
            live_ = (tables_.names.bytes == 0) || platform_.live();
        }
        if (pass(writes::nothing) && pass(writes::chosen)) {
            settle();
        } else if (mode_ != writes::nothing) {
            if constexpr (requires { platform_.system_error(); }) {
                done_.system_error = platform_.system_error();
            }
            from_.trouble = error::no_error;
            (void)pass(writes::originals);
            if (patched_) { // changes must see to what was written, or fail
                settle();
            }
            done_.written = done_.calls_direct = done_.keys_direct = 0;
        }
    }

    /// What a pass does with the text.
    enum class writes : uint8_t { nothing, chosen, originals };

    bool pass(writes mode) noexcept {
        mode_ = mode;
        highest_end_ = last_start_ = 0;
        last_.size = 0;
        out_of_order_ = false;
        changed_ = nullptr;
        window_ = first_window;
        if (mode != writes::chosen) {
            forget();
        }
        if constexpr (with_names) {
            all(tables_.names, table_kind::names);
            all(tables_.calls, table_kind::calls);
            all(tables_.keys, table_kind::keys);
        }
        alternatives();
        if (mode != writes::nothing) {
            finish();
        }
        if (blame_) {
            blame(from_.refused);
            blame_ = false;
        }
        const address refused = from_.refused != 0 ? from_.refused : where_.site;
        if (where_.table == table_kind::names) {
            where_.site = refused;
        }
        done_.fail(from_.trouble, where_, refused);
        return from_.trouble == error::no_error;
    }

    void finish() noexcept {
        const bool finished = platform_.finish();
        if (from_.trouble != error::no_error) {
            return;
        }
        address refused = finished && last_.is_there() ? 0 : last_.at;
        if (refused != 0) {
            if constexpr (requires { platform_.refused(); }) {
                refused = platform_.refused() != 0 ? platform_.refused() : refused;
            }
            from_.fail(finished ? error::write_ineffective : refusal(platform_), refused);
            blame_ = true;
        } else if (!finished) {
            from_.fail(refusal(platform_));
        }
    }

    /// Finds the record whose site is there, or the nearest one in front.
    [[gnu::noinline]] void blame(address at) noexcept {
        where_ = {table_kind::no_table, 0, 0};
        const auto look = [&](const auto& section, table_kind kind) noexcept {
            for (size_t i = 0; i < section.size(); ++i) {
                const address lies = section.records[i].site.target();
                if (lies <= at && lies >= where_.site) {
                    where_ = {kind, static_cast<uint32_t>(i), lies};
                }
            }
        };
        if constexpr (with_names) {
            look(tables_.calls, table_kind::calls);
            look(tables_.keys, table_kind::keys);
        }
        look(tables_.alternatives, table_kind::alternatives);
    }

    template <class Record>
    [[nodiscard]] static address site_of(const Record& record) noexcept {
        return record.site.target();
    }
    [[nodiscard]] static address site_of(const table::named& /*record*/) noexcept { return 0; }

    template <class Record>
    void all(const table::section<Record>& section, table_kind kind) noexcept {
        const auto count = static_cast<uint32_t>(section.size());
        for (uint32_t i = 0; from_.trouble == error::no_error && i < count; ++i) {
            where_ = {kind, i, site_of(section.records[i])};
            one(section.records, i, count);
        }
        check_size(section, kind);
    }

    template <class Record>
    void check_size(const table::section<Record>& section, table_kind kind) noexcept {
        if (from_.trouble == error::no_error && section.bytes % sizeof(Record) != 0) {
            where_ = {kind, static_cast<uint32_t>(section.size()), 0};
            from_.fail(error::table_truncated);
        }
    }

    static constexpr size_t longest_kept = 22;

    /// What was found out about the sites of one declaration, so that it is found out once.
    struct known {
        address choices;
        address site;    ///< where `bytes` are right
        decision chosen; ///< its length is 0 where nothing is known
        uint8_t kept;    ///< how many bytes there are; 0: each site is placed by itself
        uint8_t operand; ///< offset of their relative operand, or no_operand
        uint8_t bytes[longest_kept];
        uint8_t original_operand; ///< the same of the original; many_operands: it is not kept
        uint8_t original[longest_kept];
        address original_site;
    };
    static constexpr size_t first_window = 128;
    static constexpr unsigned known_count = 16;
    static constexpr unsigned hint_count = 128;

    /// Where in `known_`, in bytes, something about these choices may be found.
    [[nodiscard]] uint32_t& hint(address choices) noexcept { return hints_[choices / 4 % hint_count]; }

    void forget() noexcept {
        for (auto& each : known_) {
            each.choices = 0;
            each.chosen.length = 0;
            each.kept = 0;
        }
        for (unsigned i = 0; i < hint_count; ++i) {
            static_cast<volatile uint32_t*>(hints_)[i] = 0; // volatile: no call of memset
        }
    }

    /// Decides every alternative, checks its site, and writes it. Most are alone at their address, behind all those
    /// before them, in front of the next one, and of a declaration that has been met: for those a few comparisons will
    /// do. For all others there is one(), which also sees the last record before a step back.
    void alternatives() noexcept {
        const auto& table = tables_.alternatives;
        if (from_.trouble != error::no_error || table.size() == 0) {
            check_size(table, table_kind::alternatives);
            return;
        }
        const table::alternative_record* each = table.records;
        const table::alternative_record* const last = each + table.size() - 1;
        const bool writing = mode_ != writes::nothing;
        address behind = 0; // all sites so far
        address next = each->site.target();
        for (; each != last; ++each) {
            const address site = next;
            const address choices = each->choices.target();
            next = each[1].site.target();
            // NOLINTNEXTLINE(bugprone-casting-through-void): what is there is aligned
            known& what = *static_cast<known*>(static_cast<void*>(reinterpret_cast<char*>(known_) + hint(choices)));
            const unsigned length = what.kept;
            if (what.choices == choices && length != 0 && site >= behind && site <= last_start_ &&
                site + length <= next) [[likely]] {
                behind = site + length;
                if (what.operand != table::no_operand) {
                    if (!arch::relocate(what.bytes + what.operand, static_cast<int64_t>(what.site - site))) {
                        from_.fail(error::target_out_of_range);
                        break;
                    }
                    what.site = site;
                }
                if (!writing) { // most are looked at once, before the first apply() writes
                    if (!is_original(what, site) && !is_there(site, what.bytes, length)) [[unlikely]] {
                        check_text(each, each, site, length);
                    }
                    continue;
                }
                write(site, what.bytes, length, done_.written);
            } else {
                one(each, last);
                behind = highest_end_ > site ? highest_end_ : site + 1; // the next one may be of the same group
            }
            if (from_.trouble != error::no_error) {
                break;
            }
        }
        if (from_.trouble == error::no_error) {
            one(last, last);
        }
        if (out_of_order_ && from_.trouble == error::no_error && overlap(table.size())) {
            from_.fail(error::sites_overlap);
            each = find_overlap();
        }
        if (changed_ != nullptr && from_.trouble == error::no_error) {
            from_.fail(error::site_changed);
            each = changed_;
        }
        where_ = {table_kind::alternatives, static_cast<uint32_t>(each - table.records), each->site.target()};
        check_size(table, table_kind::alternatives);
    }

    /// What is known of a record's declaration. What is not known yet is decided, and takes the place of the oldest.
    [[nodiscard]] known& know(const table::alternative_record& record) noexcept {
        const address choices = record.choices.target();
        known* each = known_;
        while (each != known_ + known_count && (each->choices != choices || each->chosen.length == 0)) {
            ++each;
        }
        if (each == known_ + known_count) {
            each = known_ + oldest_++ % known_count;
            each->choices = choices;
            each->kept = 0;
            decide(from_, record, features{*this}, each->chosen);
        }
        hint(choices) = static_cast<uint32_t>(reinterpret_cast<char*>(each) - reinterpret_cast<char*>(known_));
        return *each;
    }

    /// One alternative, whatever it is. Those at one address are a group, which is written with the last of them.
    [[gnu::noinline]] void one(const table::alternative_record* record,
                               const table::alternative_record* last) noexcept {
        const address site = record->site.target();
        if (text_is_gone(platform_, site)) {
            return;
        }
        known& what = know(*record);
        const bool first = record == tables_.alternatives.records || record[-1].site.target() != site;
        if (!first && from_.trouble == error::no_error && !may_join(*group_.original, *what.chosen.original)) {
            from_.fail(error::call_behind_alternative);
        }
        join(group_, what.chosen, first);
        if (record != last && record[1].site.target() == site) {
            return;
        }
        const address end = site + group_.length;
        if (!platform_.executable(site, group_.length) ||
            (arch::instruction_alignment != 1 && (site | group_.length) % arch::instruction_alignment != 0)) {
            from_.fail(error::site_outside_text, site);
        }
        out_of_order_ = out_of_order_ || (site < highest_end_ && mode_ == writes::nothing);
        highest_end_ = end > highest_end_ ? end : highest_end_;
        if (from_.trouble != error::no_error) {
            return;
        }
        // A good part of the text behind it in one question, twice as much each time.
        if (site > last_start_) {
            const bool more = platform_.executable(site, window_);
            last_start_ = more ? site + window_ - longest_kept : last_start_;
            window_ = more ? window_ * 2 : window_ / 2 + first_window / 2;
        }
        const bool back = mode_ == writes::originals;
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
        from_.fail(place(back ? *group_.original : *group_.form, site, group_.length, bytes, !back));
        write(site, bytes.bytes, bytes.length, done_.written);
        if (from_.trouble != error::no_error) {
            return;
        }
        if (first && what.kept == 0 && bytes.operand != many_operands && bytes.length <= sizeof(what.bytes)) {
            what.site = site;
            what.kept = bytes.length;
            what.operand = bytes.operand;
            copy(what.bytes, bytes.bytes, bytes.length);
            patch original; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
            const bool good = place(*group_.original, site, group_.length, original, false) == error::no_error;
            what.original_operand = good ? original.operand : many_operands;
            what.original_site = site;
            copy(what.original, original.bytes, bytes.length);
        }
        if (mode_ != writes::nothing || is_there(site, bytes.bytes, bytes.length) ||
            (first && what.kept != 0 && is_original(what, site))) {
            return;
        }
        const table::alternative_record* begin = record;
        while (begin != tables_.alternatives.records && begin[-1].site.target() == site) {
            --begin;
        }
        check_text(begin, record, site, bytes.length);
    }

    /// Whether the site holds the original of a declaration whose bytes are kept.
    [[nodiscard]] static bool is_original(known& what, address site) noexcept {
        if (what.original_operand != table::no_operand) {
            if (what.original_operand == many_operands ||
                !arch::relocate(what.original + what.original_operand,
                                static_cast<int64_t>(what.original_site - site))) {
                return false;
            }
            what.original_site = site;
        }
        return is_there(site, what.original, what.kept);
    }

    /// A site that holds none of the forms of its records, [first, last], is another's: a debugger's that has put a
    /// breakpoint there, and will put back a byte of the instruction that it saw. Noted: two sites that overlap cannot
    /// both hold theirs, and then that is what is wrong.
    [[gnu::noinline]] void check_text(const table::alternative_record* first, const table::alternative_record* last,
                                      address site, unsigned length) noexcept {
        while (!holds_any(from_, *first, site, length)) {
            if (first++ == last) {
                changed_ = changed_ != nullptr ? changed_ : last;
                return;
            }
        }
    }

    /// Whether two of the first `count` sites share bytes without starting at the same one. Tables come in the order of
    /// text, but for what linkers and cold sections move: this is rarely asked. Text is looked at in windows; a window
    /// has a map of the bytes that sites start at, and one of those inside of sites.
    [[nodiscard, gnu::noinline]] bool overlap(size_t count) const noexcept {
        constexpr unsigned words = 128; // 8192 bytes of text in two KiB of stack
        constexpr address span = address{words} * 64;
        const auto* const records = tables_.alternatives.records;
        uint64_t starts[words]; // NOLINT(*-avoid-c-arrays, *-member-init)
        uint64_t inside[words]; // NOLINT(*-avoid-c-arrays, *-member-init)
        const auto set = [](uint64_t* map, address at) noexcept { map[at / 64] |= uint64_t{1} << at % 64; };
        address begin = 0; // the first window is to find the lowest site
        for (bool more = true; more;) {
            const address before = begin < max_code_length ? begin : max_code_length;
            for (unsigned i = 0; i < words; ++i) { // volatile: no call of memset
                static_cast<volatile uint64_t*>(starts)[i] = 0;
                static_cast<volatile uint64_t*>(inside)[i] = 0;
            }
            address next = ~address{0};
            more = false;
            for (size_t i = 0; i < count; ++i) {
                const address start = records[i].site.target();
                if (start < begin - before) { // this window is behind the whole site
                    continue;
                }
                if (start - begin + before >= span + before) {
                    next = start < next ? start : next;
                    more = true;
                    continue;
                }
                if (start >= begin) {
                    set(starts, start - begin);
                }
                const address choices = records[i].choices.target();
                const bool good = platform_.readable(choices, sizeof(table::choice));
                const unsigned length = good ? reinterpret_cast<const table::choice*>(choices)->length : 0;
                for (unsigned each = 1; each < length; ++each) {
                    if (const address at = start + each - begin; at < span) {
                        set(inside, at);
                    }
                }
            }
            for (unsigned i = 0; i < words; ++i) {
                if ((starts[i] & inside[i]) != 0) {
                    return true;
                }
            }
            begin = next;
        }
        return false;
    }

    /// The first record that overlaps one before it, or the last of its group. There is one.
    [[nodiscard, gnu::noinline]] const table::alternative_record* find_overlap() const noexcept {
        const auto& table = tables_.alternatives;
        size_t good = 1;
        size_t bad = table.size();
        while (bad - good > 1) {
            const size_t middle = good + (bad - good) / 2;
            (overlap(middle) ? bad : good) = middle;
        }
        const address site = table.records[bad - 1].site.target();
        while (bad != table.size() && table.records[bad].site.target() == site) {
            ++bad;
        }
        return table.records + bad - 1;
    }

    [[nodiscard]] static bool is_there(address at, const uint8_t* bytes, unsigned size) noexcept {
        return equal(reinterpret_cast<const uint8_t*>(at), bytes, size);
    }

    /// Writes what is not there yet, if this pass writes and nothing is wrong. Counts it.
    void write(address at, const uint8_t* bytes, unsigned size, uint32_t& counter) noexcept {
        if constexpr (requires { platform_.exchanges(at, bytes, size); }) {
            if (!is_there(at, bytes, size) && !platform_.exchanges(at, bytes, size)) {
                from_.fail(error::others_run, at);
            }
        }
        if (mode_ != writes::nothing && !is_there(at, bytes, size) && from_.trouble == error::no_error) {
            ++counter;
            last_.note(at, bytes, size);
            if (!platform_.write(at, bytes, size)) {
                if constexpr (requires { platform_.refused(); }) {
                    at = platform_.refused() != 0 ? platform_.refused() : at;
                }
                from_.fail(refusal(platform_), at);
                blame_ = true;
            }
        }
    }

    void one(const table::named* records, uint32_t i, uint32_t /*count*/) noexcept {
        const table::named& named = records[i];
        if (mode_ != writes::nothing) {
            return;
        }
        check_named(from_, named);
        if (tables_.registry == nullptr) {
            from_.fail(error::reference_outside, reinterpret_cast<address>(&named));
        }
        if (from_.trouble == error::no_error) {
            register_name(tables_.registry->root, named);
            for_each_namesake<&table::cell_state::below>(tables_.registry->root, named,
                                                         [&](const table::named& other) noexcept {
                                                             if (!same_type(named, other)) {
                                                                 done_.fail(named, other, where_);
                                                                 from_.fail(error::name_clash);
                                                             }
                                                         });
        }
    }

    void one(table::call_record* records, uint32_t i, uint32_t count) noexcept {
        table::call_record& record = records[i];
        const address site = record.site.target();
        if (text_is_gone(platform_, site)) {
            return;
        }
        address trampoline = 0;
        address to = 0;
        auto call = table::call_mode::function;
        if (!platform_.executable(site, 1)) {
            from_.fail(error::site_outside_text, site);
        }
        if (is_named(tables_, record.callee)) {
            const table::named& named = named_of(from_, tables_, record.callee);
            if (!named.trampoline) {
                from_.fail(error::reference_outside, reinterpret_cast<address>(&named));
            }
            trampoline = named.trampoline.target();
            if (mode_ == writes::nothing || from_.trouble != error::no_error) {
                look_for(records + i, records + count, trampoline);
                return;
            }
            to = cell_of(named).value;
            call = cell_of(named).state.mode;
        } else {
            const table::callee& callee = callee_of(from_, record);
            decision chosen; // NOLINT(cppcoreguidelines-pro-type-member-init): choose() fills it
            choose(from_, from_.template follow<table::choice>(callee.choices), false, features{*this}, chosen);
            trampoline = callee.trampoline.target();
            const address pointer = callee.target.target();
            if (!platform_.writable(pointer, sizeof(address))) {
                from_.fail(error::reference_outside, pointer);
            }
            if (!platform_.executable(trampoline, 1)) {
                from_.fail(error::reference_outside, trampoline);
            }
            const address targets = callee.targets.target() + chosen.ordinal * sizeof(address);
            if (targets % alignof(address) != 0 || !platform_.readable(targets, sizeof(address))) {
                from_.fail(error::ordinal_outside, targets);
            }
            if (mode_ == writes::nothing || from_.trouble != error::no_error) {
                look_for(records + i, records + count, trampoline);
                return;
            }
            to = *reinterpret_cast<const address*>(targets);
            *reinterpret_cast<volatile address*>(pointer) = to;
        }
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find_call() fills it
        if (!find_call(platform_, records + i, records + count, trampoline, branch)) {
            return;
        }
        uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): encode_branch() fills it
        uint32_t written = 0;
        const bool direct = mode_ == writes::chosen && (live_ || !is_named(tables_, record.callee)) &&
                            arch::encode_branch(branch, to, call, bytes);
        if (!direct) { // the trampoline is in reach: it was called from here
            (void)arch::encode_branch(branch, trampoline, table::call_mode::function, bytes);
        }
        done_.calls_found += mode_ == writes::chosen ? 1 : 0;
        done_.calls_direct += direct ? 1 : 0;
        const auto length = static_cast<unsigned>(branch.end - branch.start);
        write(branch.start, bytes, length, written);
        patched_ = patched_ || (mode_ == writes::originals && !is_there(branch.start, bytes, length));
    }

    /// Looks for a call before anything is written, and notes in the record where it is. One that was found before must
    /// still be there.
    void look_for(table::call_record* record, const table::call_record* end, address trampoline) noexcept {
        if (from_.trouble != error::no_error) {
            return;
        }
        const address site = record->site.target();
        const address looked = record->callee.target() & spare_bits;
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find_call() fills it
        address breakpoint = 0;
        const bool found = find_call(platform_, record, end, trampoline, branch, &breakpoint);
        if (!found && (breakpoint != 0 || looked == table::call_found)) {
            from_.fail(error::site_changed, breakpoint != 0 ? breakpoint : site);
        } else if (looked == 0) {
            record->site.distance += found ? static_cast<int32_t>(branch.start - site) : 0;
            record->callee.distance += static_cast<int32_t>(found ? table::call_found : table::call_missed);
        }
    }

    void one(table::key_record* records, uint32_t i, uint32_t /*count*/) noexcept {
        table::key_record& record = records[i];
        if (text_is_gone(platform_, record.site.target())) {
            return;
        }
        const table::named& named = named_of(from_, tables_, record.key);
        if (named.trampoline) {
            from_.fail(error::reference_outside, reinterpret_cast<address>(&named));
        }
        if (!platform_.writable(reinterpret_cast<address>(&record), sizeof(record))) {
            from_.fail(error::reference_outside, reinterpret_cast<address>(&record));
        }
        patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills what is used
        bytes.length = 0;
        if (from_.trouble == error::no_error) {
            decide(from_, record, cell_of(named).value, bytes);
        }
        const address site = record.site.target();
        if (mode_ == writes::originals) { // where it jumped to is lost; but it is right as long as the value is
            patched_ = patched_ || is_there(site, bytes.bytes, bytes.length);
        }
        if (mode_ != writes::chosen || from_.trouble != error::no_error || !live_) {
            return;
        }
        uint32_t written = 0;
        done_.keys_direct += 1;
        write(site, bytes.bytes, bytes.length, written);
    }

    /// Sorts the records by cell and site, so that those of one key are found at once.
    void settle() noexcept {
        if constexpr (with_names) {
            if (tables_.registry != nullptr) {
                tables_.registry->complete = 1;
                if (live_) {
                    group(rows_of(tables_.calls));
                    group(rows_of(tables_.keys));
                }
            }
        }
    }

    /// The cell that a record's last reference leads to; 0 for a call that is none of a name.
    [[nodiscard]] address cell_at(const table::reference& subject) const noexcept {
        reader<Platform> from{platform_};
        const table::named& named = named_of(from, tables_, subject);
        return from.trouble == error::no_error ? named.cell.target() : 0;
    }

    [[gnu::noinline]] void group(const rows& all) noexcept {
        const size_t subject = all.width - 1;
        sort(all, [&](const table::reference* a, const table::reference* b) noexcept {
            const address x = cell_at(a[subject]);
            const address y = cell_at(b[subject]);
            return x != y ? x < y : a->target() < b->target();
        });
        for (size_t i = all.count; i-- > 0;) {
            if (const address cell = cell_at(all[i][subject]); cell != 0) {
                reinterpret_cast<table::cell*>(cell)->state.sites = static_cast<uint32_t>(i) + 1;
            }
        }
    }

    /// What the features are on this machine; each is probed, and each predicate evaluated, once a run.
    struct features {
        patcher& self;

        bool recall(const table::predicate_node& node, bool& value) const noexcept {
            value = node.value != 0;
            return node.memo.before != 0;
        }

        void remember(const table::predicate_node& node, bool value) const noexcept {
            if (self.watch(&node, sizeof(node))) {
                auto& known = const_cast<table::predicate_node&>(node); // in .data, see table.hpp
                known.value = value ? 1 : 0;
                self.note(known.memo);
            }
        }

        bool operator()(const table::feature_record& feature) const noexcept {
            auto& cell =
                const_cast<table::feature_cell&>(self.from_.template follow<table::feature_cell>(feature.cell));
            if (!self.watch(&cell, sizeof(cell))) {
                return false;
            }
            if (cell.memo.before == 0) {
                bool there = cell.by_hand != 0;
                if (feature.kind == table::probe_kind::cpu) {
                    there = arch::has(feature.words);
                } else if (feature.kind == table::probe_kind::function) {
                    there = self.run_probe(feature);
                } else if (feature.kind != table::probe_kind::by_hand) {
                    self.from_.fail(error::feature_unknown);
                }
                there = cell.forced != 0 ? cell.forced == 2 : there;
                cell.value = there ? 1 : 0;
                self.note(cell.memo);
            }
            return cell.value != 0;
        }
    };

    /// Whether nothing is wrong yet and what is there may be written.
    bool watch(const void* what, size_t size) noexcept {
        if (!platform_.writable(reinterpret_cast<address>(what), size)) {
            from_.fail(error::reference_outside, reinterpret_cast<address>(what));
        }
        return from_.trouble == error::no_error;
    }

    /// Remembers until the end of this run that the memo's value is known. (If it is too far from the last one for a
    /// distance of 32 bits, it is found out again.)
    void note(table::memo& memo) noexcept {
        const auto distance = static_cast<intptr_t>(newest_ - reinterpret_cast<address>(&memo));
        const auto before = static_cast<int32_t>(newest_ == 0 ? intptr_t{table::first_memo} : distance);
        if (memo.before == 0 && (newest_ == 0 || before == distance)) {
            memo.before = before;
            newest_ = reinterpret_cast<address>(&memo);
            ++noted_;
        }
    }

    /// Forgets what this run found out about features: the next one is to ask again, whoever runs it. Each step is
    /// checked: in malformed tables one thing may lie on top of another.
    void forget_features() noexcept {
        while (noted_ != 0 && platform_.writable(newest_, sizeof(table::memo))) {
            auto& memo = *reinterpret_cast<table::memo*>(newest_);
            newest_ += static_cast<address>(static_cast<intptr_t>(memo.before));
            memo.before = 0;
            --noted_;
        }
    }

    bool run_probe(const table::feature_record& feature) noexcept {
        const address probe = feature.function.target();
        if (!platform_.executable(probe, 1)) {
            from_.fail(error::reference_outside, probe);
            return false;
        }
        if constexpr (requires { platform_.probed(feature); }) {
            const int result = platform_.probed(feature);
            if (result < 0) {
                from_.fail(error::probe_first, reinterpret_cast<address>(&feature));
            }
            return result > 0;
        } else if constexpr (requires { platform_.probe(probe); }) {
            return platform_.probe(probe);
        } else {
            return reinterpret_cast<bool (*)()>(probe)();
        }
    }

    const Tables& tables_;
    Platform& platform_;
    outcome& done_;
    reader<Platform> from_;
    unsigned oldest_{};
    address last_start_{}; ///< a site that begins behind those so far, and not behind this, is in text
    size_t window_{};      ///< how much is asked for next, in bytes
    decision group_{};
    address highest_end_{};
    record_id where_{};
    writes mode_{writes::nothing};
    bool live_{true};
    const table::alternative_record* changed_{}; ///< the first whose site holds none of its forms
    bool out_of_order_{};                        ///< some alternative is not behind all those before it
    bool blame_{};                               ///< what was refused may be another record's
    bool patched_{};   ///< although the platform refused, some site of a name is not in the form that reads memory
    address newest_{}; ///< the memo written last
    uint32_t noted_{};
    // Last, so that what comes before them is near.
    written_last<!looks_itself<Platform>> last_{};
    known known_[known_count];
    uint32_t hints_[hint_count];
};

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Patches every site of `tables`. All or nothing: on an error no text has changed.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome apply(const table::tables& tables, Platform& platform) noexcept {
    outcome done;
    detail::patcher<Platform, table::tables>{tables, platform, done}.run();
    done.sites = static_cast<uint32_t>(tables.alternatives.size());
    done.calls = static_cast<uint32_t>(tables.calls.size());
    done.keys = static_cast<uint32_t>(tables.keys.size());
    return done;
}

/// Patches alternatives alone (paravirt calls are such). For a kernel without dispatches, keys and static calls: the
/// code for those is left out, which is most of it.
///
///     auto done = inlay::apply_alternatives(inlay::this_image().alternatives, kernel);
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome
apply_alternatives(const table::section<const table::alternative_record>& alternatives, Platform& platform) noexcept {
    outcome done;
    const detail::alternatives_alone tables{alternatives};
    detail::patcher<Platform, detail::alternatives_alone>{tables, platform, done}.run();
    done.sites = static_cast<uint32_t>(alternatives.size());
    return done;
}

} // namespace INLAY_TARGET

} // namespace inlay
