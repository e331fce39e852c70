// SPDX-License-Identifier: BSL-1.0
//
// unwind_state: registers and stack of a processor as far as an unwinder needs them, in symbols.
//
//     unwind_state state{unknowns, 8, 16};                        // words of 8 bytes; x86-64
//     state.push(state.at(rbx));                             // rsp is now "rsp at the start, - 8"
//     state.at(rsp) == unwind_value{rsp, -8}
//
// How it works. A value is an unknown plus a number of bytes. Each register and each word of memory is an unknown at
// the start of the walk. So is the result of each instruction that the walk does not follow. Two values with one
// unknown can be compared; two values with different unknowns count as different. So a walk can only refuse too much.
//
// Stores through one unknown do not change words that lie at another one. All unwinders rely on this: a function does
// not overwrite the registers that it has saved.
#pragma once

#include "inlay/requirements.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// An unknown plus a number of bytes.
struct unwind_value {
    std::uint64_t of{};
    std::int64_t plus{};

    [[nodiscard]] unwind_value operator+(std::int64_t bytes) const noexcept {
        return {of, static_cast<std::int64_t>(static_cast<std::uint64_t>(plus) + static_cast<std::uint64_t>(bytes))};
    }
    friend auto operator<=>(const unwind_value&, const unwind_value&) = default;
};

/// The numbers of unknowns. Those below `most_registers` are registers at the start, in DWARF's numbers.
class unknowns {
public:
    static constexpr std::uint64_t most_registers = 64;
    static constexpr std::uint64_t frame_address = most_registers; ///< a CFA that only an expression knows

    /// The word at `place` at the start of the walk.
    [[nodiscard]] unwind_value content(unwind_value place) {
        return {words_.try_emplace(place, first_word + words_.size()).first->second, 0};
    }

    /// Result `index` of the instruction at byte `offset` of form number `form`.
    [[nodiscard]] static unwind_value result(unsigned form, unsigned offset, unsigned index) noexcept {
        return {first_result + (std::uint64_t{form} << 32) + (std::uint64_t{offset} << 16) + index, 0};
    }

private:
    static constexpr std::uint64_t first_word = std::uint64_t{1} << 60;
    static constexpr std::uint64_t first_result = std::uint64_t{1} << 61;

    std::map<unwind_value, std::uint64_t> words_{};
};

/// The state before an instruction.
class unwind_state {
public:
    static constexpr unsigned count = 34; ///< DWARF's numbers of registers that are followed: below this

    unwind_state(unknowns& all, unsigned word, unsigned stack_pointer)
        : all_{&all}, word_{word}, stack_pointer_{stack_pointer} {
        for (unsigned i = 0; i < count; ++i) {
            registers_[i] = {i, 0};
        }
    }

    /// Says which instruction runs now: it names results.
    void runs(unsigned form, unsigned offset) noexcept {
        form_ = form;
        offset_ = offset;
        results_ = 0;
    }
    [[nodiscard]] unwind_value result() noexcept { return unknowns::result(form_, offset_, results_++); }

    [[nodiscard]] unwind_value at(unsigned number) const noexcept { return registers_[number]; }
    void set(unsigned number, unwind_value to) noexcept { registers_[number] = to; }
    [[nodiscard]] unwind_value stack_pointer() const noexcept { return registers_[stack_pointer_]; }
    void move_stack(std::int64_t bytes) noexcept { registers_[stack_pointer_] = stack_pointer() + bytes; }
    [[nodiscard]] unsigned word() const noexcept { return word_; }

    void push(unwind_value what, unsigned size) {
        move_stack(-static_cast<std::int64_t>(size));
        store(stack_pointer(), what, size);
    }
    [[nodiscard]] unwind_value pop(unsigned size) {
        const unwind_value top = load(stack_pointer(), size);
        move_stack(size);
        return top;
    }

    void store(unwind_value place, unwind_value what, unsigned size) {
        for (std::int64_t at = 1 - std::int64_t{word_}; at < std::int64_t{size}; ++at) {
            if (const auto old = memory_.find(place + at); old != memory_.end()) {
                old->second = result();
            }
        }
        if (size == word_) {
            memory_.insert_or_assign(place, what);
            return;
        }
        for (std::int64_t at = 0; at < std::int64_t{size}; ++at) {
            parts_.insert(place + at);
        }
    }

    /// The word at `place`, or an unknown one if a store has changed a part of it.
    [[nodiscard]] unwind_value load(unwind_value place, unsigned size) {
        if (size != word_) {
            return result();
        }
        if (const auto known = memory_.find(place); known != memory_.end()) {
            return known->second;
        }
        for (std::int64_t at = 1 - std::int64_t{word_}; at < std::int64_t{word_}; ++at) {
            if (memory_.contains(place + at)) {
                return result();
            }
        }
        return has_parts(place) ? result() : all_->content(place);
    }

    /// Where in memory this word has been stored; null if it has not.
    [[nodiscard]] const unwind_value* stored_at(unwind_value what) const {
        const auto found =
            std::find_if(memory_.begin(), memory_.end(), [&](const auto& each) { return each.second == what; });
        return found != memory_.end() ? &found->first : nullptr;
    }

    /// The word at `place` at the start of the walk.
    [[nodiscard]] unwind_value at_begin(unwind_value place) const { return all_->content(place); }

    /// Joins the state of another path that comes here, at byte `offset`: parts that differ become unknown. True if
    /// this state changed.
    bool join(const unwind_state& other, unsigned form, unsigned offset) {
        bool changed = false;
        unsigned index = first_joined;
        const auto merge = [&](unwind_value& mine, unwind_value theirs) {
            const unwind_value unknown = unknowns::result(form, offset, index++);
            if (mine != theirs && mine != unknown) {
                mine = unknown;
                changed = true;
            }
        };
        for (unsigned i = 0; i < count; ++i) {
            merge(registers_[i], other.registers_[i]);
        }
        for (auto& [place, mine] : memory_) {
            const auto theirs = other.memory_.find(place);
            merge(mine, theirs != other.memory_.end() ? theirs->second
                        : other.has_parts(place)      ? unknowns::result(form, offset, index)
                                                      : all_->content(place));
        }
        for (const auto& [place, theirs] : other.memory_) {
            if (!memory_.contains(place)) {
                memory_.insert_or_assign(place, unknowns::result(form, offset, index++));
                changed = true;
            }
        }
        const std::size_t before = parts_.size();
        parts_.insert(other.parts_.begin(), other.parts_.end());
        return changed || parts_.size() != before;
    }

private:
    static constexpr unsigned first_joined = 0x8000;

    /// Whether a store of another size has changed bytes of the word at `place`.
    [[nodiscard]] bool has_parts(unwind_value place) const {
        const auto first = parts_.lower_bound(place);
        return first != parts_.end() && *first < place + std::int64_t{word_};
    }

    unknowns* all_;
    unsigned word_;
    unsigned stack_pointer_;
    unsigned form_{}, offset_{}, results_{};
    std::array<unwind_value, count> registers_{};
    std::map<unwind_value, unwind_value> memory_{}; ///< words
    std::set<unwind_value> parts_{};                ///< bytes written by stores of another size
};

/// Where execution goes after an instruction.
struct step {
    unsigned length{};        ///< in bytes; 0: these bytes are no instruction
    bool falls_through{true}; ///< the next instruction may run after it
    bool calls{};             ///< a call: an unwinder in the called function looks one byte before the return address
    bool jumps{};             ///< it may go to `target`
    std::uint64_t target{};
};

} // namespace check
} // namespace inlay
