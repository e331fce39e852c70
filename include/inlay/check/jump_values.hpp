// SPDX-License-Identifier: BSL-1.0
//
// jump_values: registers, memory and comparisons in symbols, as far as the address of an indirect jump needs them.
//
//     jump_values all;
//     jump_state state{all};
//     state.set(0, all.plus(state.at(3), all.constant(8)));        // register 0 is now "register 3 at the begin, + 8"
//
// How it works. A value is a sum: a constant, and unknowns times constants. An unknown never changes its value: it is
// a register at the begin of the path, the result of an instruction that is not followed, a word of memory, or an
// extension of a sum. Equal extensions of equal sums are one unknown. So a comparison on the path bounds the unknown
// everywhere on it.
#pragma once

#include "inlay/requirements.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// A constant, and unknowns times constants, modulo 2^64.
struct jump_value {
    struct term {
        std::uint32_t of{};
        std::uint64_t times{};
        friend bool operator==(const term&, const term&) = default;
    };
    static constexpr std::size_t most_terms = 3;

    std::uint64_t plus{};
    std::array<term, most_terms> terms{}; ///< by number; those that are not used are 0
    std::size_t count{};

    [[nodiscard]] bool is_constant() const noexcept { return count == 0; }
    /// One unknown times 1; a constant may be added.
    [[nodiscard]] bool has_one() const noexcept { return count == 1 && terms[0].times == 1; }
    friend bool operator==(const jump_value&, const jump_value&) = default;
};

/// The unknowns of one path.
class jump_values {
public:
    enum class kind : std::uint8_t {
        unknown,
        zero_extended, ///< the low `bits` of `of`
        sign_extended,
        low,   ///< its low `bits` are those of `of`; the others are unknown
        loaded ///< `bits` of memory at `of`, zero-extended
    };
    struct unknown {
        jump_values::kind kind{};
        unsigned bits{};
        jump_value of{};
        std::uint64_t most{};
    };

    [[nodiscard]] const unknown& operator[](std::uint32_t number) const noexcept { return all_[number]; }

    [[nodiscard]] static jump_value constant(std::uint64_t value) noexcept { return {.plus = value}; }

    [[nodiscard]] jump_value fresh(std::uint64_t most = ~std::uint64_t{0}) {
        return add({.kind = kind::unknown, .most = most});
    }

    /// a + b * times
    [[nodiscard]] jump_value plus(const jump_value& a, const jump_value& b, std::uint64_t times = 1) {
        jump_value result = a;
        result.plus += b.plus * times;
        for (std::size_t i = 0; i < b.count; ++i) {
            if (!add_term(result, b.terms[i].of, b.terms[i].times * times)) {
                return fresh();
            }
        }
        return result;
    }

    [[nodiscard]] jump_value zero_extended(unsigned bits, const jump_value& of) {
        if (bits >= 64) {
            return of;
        }
        const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
        if (of.is_constant()) {
            return constant(of.plus & mask);
        }
        if (of.has_one() && of.plus == 0) {
            const unknown& inner = all_[of.terms[0].of];
            if (inner.most <= mask) {
                return of;
            }
            if ((inner.kind == kind::zero_extended || inner.kind == kind::sign_extended || inner.kind == kind::low) &&
                inner.bits >= bits) {
                return zero_extended(bits, jump_value{inner.of});
            }
        }
        return same_or_new({kind::zero_extended, bits, of, mask});
    }

    [[nodiscard]] jump_value sign_extended(unsigned bits, const jump_value& of) {
        if (bits >= 64) {
            return of;
        }
        const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
        if (of.is_constant()) {
            return constant(((of.plus & (sign * 2 - 1)) ^ sign) - sign);
        }
        if (of.has_one() && of.plus == 0) {
            const unknown& inner = all_[of.terms[0].of];
            if (inner.most < sign) {
                return of;
            }
            if ((inner.kind == kind::zero_extended || inner.kind == kind::sign_extended || inner.kind == kind::low) &&
                inner.bits >= bits) {
                return sign_extended(bits, jump_value{inner.of});
            }
        }
        return same_or_new({kind::sign_extended, bits, of, ~std::uint64_t{0}});
    }

    /// A value whose low `bits` are those of `of`.
    [[nodiscard]] jump_value low(unsigned bits, const jump_value& of) {
        return same_or_new({kind::low, bits, of, ~std::uint64_t{0}});
    }

    /// A word of memory that nothing is known about.
    [[nodiscard]] jump_value loaded(unsigned bits, const jump_value& at) {
        return add({kind::loaded, bits, at, bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1});
    }

private:
    [[nodiscard]] jump_value add(const unknown& one) {
        all_.push_back(one);
        jump_value result;
        result.terms[0] = {static_cast<std::uint32_t>(all_.size() - 1), 1};
        result.count = 1;
        return result;
    }

    [[nodiscard]] jump_value same_or_new(const unknown& one) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if (all_[i].kind == one.kind && all_[i].bits == one.bits && all_[i].of == one.of) {
                jump_value result;
                result.terms[0] = {static_cast<std::uint32_t>(i), 1};
                result.count = 1;
                return result;
            }
        }
        return add(one);
    }

    /// False if there is no room.
    [[nodiscard]] static bool add_term(jump_value& to, std::uint32_t of, std::uint64_t times) {
        std::size_t at = 0;
        while (at < to.count && to.terms[at].of < of) {
            ++at;
        }
        if (at < to.count && to.terms[at].of == of) {
            to.terms[at].times += times;
            if (to.terms[at].times == 0) {
                std::move(to.terms.begin() + static_cast<std::ptrdiff_t>(at) + 1, to.terms.end(),
                          to.terms.begin() + static_cast<std::ptrdiff_t>(at));
                to.terms[--to.count] = {};
            }
            return true;
        }
        if (times == 0) {
            return true;
        }
        if (to.count == jump_value::most_terms) {
            return false;
        }
        for (std::size_t i = jump_value::most_terms - 1; i > at; --i) { // GCC 16 warns of std::move_backward
            to.terms[i] = to.terms[i - 1];
        }
        to.terms[at] = {of, times};
        ++to.count;
        return true;
    }

    std::vector<unknown> all_{};
};

/// What a comparison has said: `left` and `right`, as numbers without sign.
struct jump_comparison {
    bool known{};
    jump_value left{}, right{};
};

/// The order that a conditional branch asks for, of numbers without sign.
enum class order : std::uint8_t { other, below, below_or_equal, above, above_or_equal };

[[nodiscard]] constexpr order opposite(order of) noexcept {
    return of == order::below            ? order::above_or_equal
           : of == order::below_or_equal ? order::above
           : of == order::above          ? order::below_or_equal
           : of == order::above_or_equal ? order::below
                                         : order::other;
}

/// The state before an instruction of a path.
class jump_state {
public:
    static constexpr unsigned count = 32;

    /// A value that is not above a number.
    struct limit {
        jump_value what;
        std::uint64_t most;
    };

    explicit jump_state(jump_values& all) : all_{all} { forget(); }

    [[nodiscard]] jump_values& values() noexcept { return all_; }
    [[nodiscard]] const jump_values& values() const noexcept { return all_; }
    [[nodiscard]] const jump_value& at(unsigned number) const noexcept { return registers_[number]; }
    void set(unsigned number, const jump_value& to) noexcept { registers_[number] = to; }
    void compare(const jump_value& left, const jump_value& right) noexcept { compared_ = {true, left, right}; }
    void forget_comparison() noexcept { compared_.known = false; }

    void forget_memory() noexcept { memory_.clear(); }
    /// All registers, memory, and the comparison.
    void forget() {
        for (auto& each : registers_) {
            each = all_.fresh();
        }
        forget_memory();
        forget_comparison();
    }

    [[nodiscard]] jump_value load(const jump_value& place, unsigned bits) {
        for (const auto& each : memory_) {
            if (each.at == place && each.bits == bits) {
                return each.value;
            }
        }
        const jump_value value = all_.loaded(bits, place);
        memory_.push_back({place, bits, value});
        return value;
    }
    /// `value` has no more bits. Words at other unknowns may be the same memory: they are forgotten.
    void store(const jump_value& place, unsigned bits, const jump_value& value) {
        std::erase_if(memory_, [&](const word& each) {
            const bool comparable = each.at.terms == place.terms && each.at.count == place.count;
            return !comparable || (each.at.plus - place.plus < bits / 8U || place.plus - each.at.plus < each.bits / 8U);
        });
        memory_.push_back({place, bits, value});
    }

    /// A branch on the last comparison has found this order.
    void found(order what) {
        if (!compared_.known || what == order::other) {
            return;
        }
        const bool below = what == order::below || what == order::below_or_equal;
        const bool equal = what == order::below_or_equal || what == order::above_or_equal;
        const jump_value& small = below ? compared_.left : compared_.right;
        const jump_value& large = below ? compared_.right : compared_.left;
        if (large.is_constant() && (equal || large.plus != 0)) {
            limits_.push_back({small, large.plus - (equal ? 0 : 1)});
        }
    }
    [[nodiscard]] const std::vector<limit>& limits() const noexcept { return limits_; }

private:
    struct word {
        jump_value at;
        unsigned bits;
        jump_value value;
    };

    jump_values& all_;
    std::array<jump_value, count> registers_{};
    std::vector<word> memory_{};
    jump_comparison compared_{};
    std::vector<limit> limits_{};
};

} // namespace check
} // namespace inlay
