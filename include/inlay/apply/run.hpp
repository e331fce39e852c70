// SPDX-License-Identifier: BSL-1.0
//
// run: the state that all passes of an apply() share.
//
//     detail::apply_run<Platform, table::tables> run{tables, platform, done};
//
// How it works. A pass goes through the tables once: it checks, or writes, or takes back. The first error is in `from`,
// its record in `where`. All writes of a pass go through write().
#pragma once

#include "inlay/apply/declarations.hpp"
#include "inlay/apply/overlap.hpp"
#include "inlay/apply/probe.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Tables of an image that has only alternatives, or shall have nothing else patched.
struct only_alternatives {
    alternatives_section alternatives;
};

/// The kind of a pass: its effect on the text.
enum class pass_kind : uint8_t {
    check,     ///< it writes nothing
    write,     ///< each site gets the form that was chosen
    take_back, ///< each site gets its original
};

/// `Tables` are table::tables or only_alternatives. Code for absent tables is not generated.
template <text_platform Platform, class Tables>
struct apply_run {
    static constexpr bool has_names = requires(const Tables& tables) { tables.names; };

    // The members that most code uses come first: nearer ones take shorter instructions.
    const Tables& tables;
    Platform& platform;
    outcome& done;
    reader<Platform> from{platform};
    record_id where{}; ///< the record in question
    pass_kind pass{};
    bool may_change{true}; ///< text may be changed later
    bool find_refused{};   ///< the platform refused a write, maybe at the site of another record than `where`
    bool stays_patched{};  ///< a site could not be taken back, so that changes must know the sites

    // For the pass over alternatives.
    bool out_of_order; ///< some site is not after all those before it in the table
    decision group;    ///< the decision on the records at one address, so far
    const table::alternative_record* group_begin;
    address highest_end;                      ///< of the sites so far
    address last_safe;                        ///< a site from highest_end up to here is in text
    size_t window;                            ///< how many bytes of text the next question is about
    const table::alternative_record* changed; ///< the first whose site holds none of its forms

    memo_list memos{}; ///< answers of probes
    text_writer<Platform> text{};
    known_declarations known;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Weffc++" // begin_pass() fills each member before it is read
    // NOLINTNEXTLINE(*-pro-type-member-init)
    apply_run(const Tables& of, Platform& by, outcome& result) noexcept : tables{of}, platform{by}, done{result} {}
#pragma GCC diagnostic pop

    [[nodiscard]] bool good() const noexcept { return from.trouble == error::no_error; }

    void begin_pass(pass_kind kind) noexcept {
        pass = kind;
        highest_end = last_safe = 0;
        window = first_window;
        out_of_order = false;
        changed = nullptr;
        text.last.forget();
        if (kind != pass_kind::write) { // which uses the decisions of the check
            known.clear();
        }
    }

    /// Writes the site unless it has the bytes already, and counts it. Nothing is wrong so far.
    void write(address at, const uint8_t* bytes, unsigned size, uint32_t& counter) noexcept {
        const error trouble = text.write(platform, at, bytes, size, counter);
        if (trouble != error::no_error) [[unlikely]] {
            fail_write(trouble, at);
        }
    }

    /// Whether the site may be written; fails if not.
    [[nodiscard]] bool check_write(address at, const uint8_t* bytes, unsigned size) noexcept {
        const error trouble = text.check(platform, at, bytes, size);
        if (trouble != error::no_error) {
            from.fail(trouble, at);
        }
        return trouble == error::no_error;
    }

    static constexpr size_t first_window = 128;

private:
    void fail_write(error trouble, address at) noexcept {
        find_refused = trouble != error::others_run;
        from.fail(trouble, find_refused ? refused_address(platform, at) : at);
    }
};

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
