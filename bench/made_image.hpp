// SPDX-License-Identifier: BSL-1.0
//
// made_image: a text with many sites, and its tables, made in memory.
//
//     bench::image image{1'000};
//     image.restore();
//     if (image.apply() && image.is_patched()) ...
//
// How it works. The sites have 3 to 8 bytes. They lie 16 bytes apart, in the order of text. 16 declarations share them
// in runs. The next site has the same declaration with a probability of 3 in 4, else any other one. So an average run
// has 4 sites. A declaration has an original and one or two `when`s. One `when` holds, so that apply() writes every
// site. 2 of the 16 become a call, with another distance at each site.
#pragma once

#include <inlay/apply.hpp>
#include <inlay/platform/bare.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include <sys/mman.h>

namespace bench {

using inlay::address;
namespace table = inlay::table;

inline constexpr std::size_t site_distance = 16; // bytes from one site to the next
inline constexpr unsigned declaration_count = 16;
inline constexpr unsigned shortest_site = 3;
inline constexpr unsigned site_lengths = 6; // of 3 to 8 bytes

inline void refer(table::reference& from, const void* to) {
    from.distance =
        static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(&from));
}

/// The bytes of a form, their place, and their target.
struct form {
    table::form head;
    std::array<std::uint8_t, 8> bytes;
};

/// An original and one or two `when`s.
struct declaration {
    std::array<table::choice, 3> choices;
    std::array<form, 3> forms;
    unsigned last;   ///< index of the last choice
    unsigned winner; ///< index of the choice that wins
};

/// The data that the sites share.
struct description {
    std::array<declaration, declaration_count> declarations;
    std::array<table::predicate_node, 4> nodes; // on, off, on and on, on or off
    std::array<table::feature_record, 2> features;
    std::array<table::feature_cell, 2> cells;
};

/// The bytes that belong to one site.
struct site_bytes {
    std::uint8_t length;
    std::array<std::uint8_t, 15> bytes;
};

inline void do_nothing() noexcept {}
using kernel = inlay::platform::bare<&do_nothing>;

class image {
public:
    explicit image(std::size_t count) : count_{count} {
        const std::size_t size = count * (site_distance + sizeof(table::alternative_record)) + sizeof(description);
        void* const map =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (map == MAP_FAILED) {
            throw std::bad_alloc{};
        }
        memory_ = {static_cast<std::uint8_t*>(map), unmap{size}};
        shared_ = new (text() + text_size()) description{};
        records_ = reinterpret_cast<table::alternative_record*>(shared_ + 1);
        describe();
        std::mt19937 random{1};
        unsigned which = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            if (random() % 4 == 0) {
                which = (which + 1 + random() % (declaration_count - 1)) % declaration_count;
            }
            add_site(i, shared_->declarations[which]);
        }
        platform_.text = {begin(), begin() + text_size()};
        platform_.image = {begin(), begin() + size};
    }

    void restore() { std::memcpy(text(), before_.data(), before_.size()); }
    [[nodiscard]] bool is_patched() const { return std::memcmp(text(), after_.data(), after_.size()) == 0; }
    [[nodiscard]] bool is_restored() const { return std::memcmp(text(), before_.data(), before_.size()) == 0; }

    template <class Platform>
    inlay::outcome apply(Platform& platform) {
        return inlay::apply({{records_, count_ * sizeof(table::alternative_record)}, {}, {}, {}, nullptr}, platform);
    }
    inlay::outcome apply() { return apply(platform_); }

    /// All steps except writing.
    inlay::outcome decide() {
        struct : kernel {
            static bool write(address /*at*/, const std::uint8_t* /*bytes*/, std::size_t /*size*/) noexcept {
                return true;
            }
        } platform;
        platform.text = platform_.text;
        platform.image = platform_.image;
        return apply(platform);
    }

    void copy() {
        for (std::size_t i = 0; i < count_; ++i) {
            auto* const to = reinterpret_cast<std::uint8_t*>(records_[i].site.target());
            std::memcpy(to, prepared_[i].bytes.data(), prepared_[i].length);
        }
    }

private:
    struct unmap {
        std::size_t size;
        void operator()(std::uint8_t* map) const { ::munmap(map, size); }
    };

    [[nodiscard]] std::uint8_t* text() const { return memory_.get(); }
    [[nodiscard]] std::size_t text_size() const { return count_ * site_distance; }
    [[nodiscard]] address begin() const { return reinterpret_cast<address>(memory_.get()); }

    /// Fills the form; with `call`, it begins with a call of a place in the text that has the number `seed`.
    void make(form& to, unsigned length, std::uint8_t seed, bool call) {
        to.head = {static_cast<std::uint8_t>(length), table::form_kind::plain, {}, {255, 255, 255, 255}};
        for (unsigned i = 0; i < length; ++i) {
            to.bytes[i] = static_cast<std::uint8_t>(seed + i);
        }
        if (call) {
            const auto distance = static_cast<std::int32_t>(text() + seed - (to.bytes.data() + 5));
            to.bytes[0] = 0xe8;
            std::memcpy(&to.bytes[1], &distance, sizeof distance);
            to.head.relative[0] = 1;
        }
    }

    void describe() {
        using op = table::predicate_op;
        shared_->cells[0].by_hand = 1;
        const std::array<op, 4> ops{op::feature, op::feature, op::all, op::any};
        for (std::size_t i = 0; i < 4; ++i) {
            shared_->nodes[i].op = ops[i];
        }
        for (std::size_t i = 0; i < 2; ++i) {
            refer(shared_->features[i].cell, &shared_->cells[i]);
            refer(shared_->nodes[i].a, &shared_->features[i]);
            refer(shared_->nodes[2 + i].a, &shared_->nodes[0]);
            refer(shared_->nodes[2 + i].b, &shared_->nodes[i]);
        }
        for (unsigned which = 0; which < declaration_count; ++which) {
            declaration& each = shared_->declarations[which];
            const unsigned length = shortest_site + which % site_lengths;
            // Of every four: one `when`; two, the last holds; two, the first holds; two, the last holds.
            each.last = which % 4 == 0 ? 1 : 2;
            each.winner = which % 4 == 2 ? 1 : each.last;
            const bool winner_calls = which == 3 || which == 10;
            for (unsigned i = 0; i <= each.last; ++i) {
                const bool winner = i == each.winner;
                const bool calls = winner ? winner_calls : i == 0 && length >= 5;
                const unsigned shorter = (which + i) % 3; // the rest becomes nops
                make(each.forms[i], calls ? std::max(5U, length - shorter) : length - shorter,
                     static_cast<std::uint8_t>(which * 16 + i * 4), calls);
                table::choice& choice = each.choices[i];
                choice.length = static_cast<std::uint8_t>(length);
                choice.ordinal = static_cast<std::uint8_t>(i);
                refer(choice.form, &each.forms[i]);
                if (i != 0) {
                    refer(choice.predicate, &shared_->nodes[winner ? 2 + which % 2 : 1]);
                    refer(choice.otherwise, &each.choices[i - 1]);
                }
            }
        }
    }

    /// The bytes of a form at a site, computed without the library (except its nops).
    [[nodiscard]] static site_bytes place(const declaration& what, unsigned choice, const std::uint8_t* site) {
        const form& from = what.forms[choice];
        site_bytes result{what.choices[choice].length, {}};
        std::memcpy(result.bytes.data(), from.bytes.data(), from.head.length);
        inlay::arch::fill_nops(&result.bytes[from.head.length], unsigned{result.length} - from.head.length);
        if (from.head.relative[0] != table::no_operand) {
            std::int32_t distance = 0;
            std::memcpy(&distance, &from.bytes[1], sizeof distance);
            distance += static_cast<std::int32_t>(from.bytes.data() - site);
            std::memcpy(&result.bytes[1], &distance, sizeof distance);
        }
        return result;
    }

    void add_site(std::size_t index, const declaration& what) {
        if (before_.empty()) {
            before_.assign(text_size(), 0xcc);
            after_ = before_;
        }
        std::uint8_t* const site = text() + index * site_distance;
        refer(records_[index].site, site);
        refer(records_[index].choices, &what.choices[what.last]);
        const site_bytes original = place(what, 0, site);
        std::memcpy(&before_[index * site_distance], original.bytes.data(), original.length);
        prepared_.push_back(place(what, what.winner, site));
        std::memcpy(&after_[index * site_distance], prepared_.back().bytes.data(), prepared_.back().length);
    }

    std::size_t count_;
    std::unique_ptr<std::uint8_t, unmap> memory_{nullptr, unmap{0}};
    description* shared_{};
    table::alternative_record* records_{};
    std::vector<site_bytes> prepared_;
    std::vector<std::uint8_t> before_;
    std::vector<std::uint8_t> after_;
    kernel platform_;
};

} // namespace bench
