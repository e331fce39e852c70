// SPDX-License-Identifier: BSL-1.0
//
// history: the values that a name may have now. One thread changes the name, any thread reads it.
//
//     history.begin(); set(key, history.next()); history.end();
//     expect(history.holds([] { return key ? 1 : 0; }), "the key");
//
// How it works. The steps are 2 * n when n changes are complete, and odd while one is under way. A reader looks at them
// before and after it executes a site. The reader must see every change that was complete before. It must not see a
// change that had not begun afterwards.
#pragma once

#include <atomic>

namespace soak {

class history {
public:
    /// Values run through 0 to `values` - 1, beginning with 0; a site answers `answers[value]`, or the value itself.
    constexpr explicit history(unsigned values, const long* answers = nullptr) : values_{values}, answers_{answers} {}

    /// The value after the next change.
    [[nodiscard]] unsigned next() const { return value(steps_ / 2 + 1); }
    void begin() { ++steps_; }
    void end() { ++steps_; }

    /// A site's answer while no thread changes the name.
    [[nodiscard]] long now() const { return answer(steps_ / 2); }

    /// Whether a site answers with a value that the name has, or had meanwhile.
    template <class Ask>
    [[nodiscard]] bool holds(const Ask& ask) const {
        const unsigned long before = steps_;
        const long answered = ask();
        const unsigned long after = steps_;
        for (unsigned long version = before / 2; version <= (after + 1) / 2; ++version) {
            if (answered == answer(version)) {
                return true;
            }
        }
        return false;
    }

    /// Whether two sites that are executed one after the other answer with values that the name has, or had meanwhile.
    /// The second one must not answer with an earlier value.
    template <class First, class Second>
    [[nodiscard]] bool in_order(const First& ask_first, const Second& ask_second) const {
        const unsigned long before = steps_;
        const long first = ask_first();
        const long second = ask_second();
        const unsigned long after = steps_;
        bool seen = false;
        for (unsigned long version = before / 2; version <= (after + 1) / 2; ++version) {
            seen = seen || first == answer(version);
            if (seen && second == answer(version)) {
                return true;
            }
        }
        return false;
    }

private:
    /// 17 has no divisor in common with the numbers of values, and leads to another group of 16 each time.
    [[nodiscard]] unsigned value(unsigned long version) const { return static_cast<unsigned>(version * 17 % values_); }
    [[nodiscard]] long answer(unsigned long version) const {
        return answers_ != nullptr ? answers_[value(version)] : static_cast<long>(value(version));
    }

    std::atomic<unsigned long> steps_{};
    unsigned values_;
    const long* answers_;
};

} // namespace soak
