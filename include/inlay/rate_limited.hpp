// SPDX-License-Identifier: BSL-1.0
//
// rate_limited: a counted key that is turned off late, so that a key which flaps is patched seldom; for programs.
//
//     inline constinit inlay::rate_limited tracing{trace, std::chrono::milliseconds{100}};    // trace: a static_key
//
//     tracing.enable();                          // a session begins: on when it returns
//     tracing.disable();                         // it ends: off in 100 ms, if no other one has begun
//     tracing.poll();                            // turns the key off if that is due
//
// How it works. As deferred.hpp, with a std::mutex and a clock. It starts no thread. Each call of enable(), disable()
// and poll() makes a change that is due. A program calls poll() where it waits for other things anyway, or at the time
// that next() says:
//
//     while (running) {                          // a thread of the program's
//         std::this_thread::sleep_until(tracing.next().value_or(clock::now() + std::chrono::seconds{1}));
//         tracing.poll();
//     }
//
// If nothing calls them, the key stays on: slower, never wrong.
//
// All functions are thread-safe. They are not for signal handlers, as set() is not.
#pragma once

#include "inlay/deferred.hpp"
#include "inlay/process.hpp"

#include <chrono>
#include <mutex>
#include <optional>

namespace [[gnu::visibility("hidden")]] inlay {

template <class Key, class Clock = std::chrono::steady_clock>
class rate_limited;

/// A user of a key that leaves late, by a clock.
template <name Name, bool Initial, class Clock>
class rate_limited<static_key<Name, Initial>, Clock> {
public:
    using key_type = static_key<Name, Initial>;
    using clock = Clock;

    /// `delay`: how long the key stays on after its last user has left.
    constexpr rate_limited(const key_type& key, typename Clock::duration delay) noexcept : state_{key, ticks(delay)} {}

    /// One user more. The key is on when it returns without an error: error::enabled_too_often, or one of
    /// inlay::enable().
    outcome enable() noexcept { return state_.enable(); }

    /// One user less. error::not_enabled without a user, or an error of inlay::disable() where the key is turned off.
    outcome disable() noexcept { return state_.disable(now()); }

    /// Turns the key off if that is due. After an error of inlay::disable(), the key stays on and the next call tries
    /// again.
    outcome poll() noexcept { return state_.flush(now()); }

    /// Turns the key off if it has no user.
    outcome finish() noexcept { return state_.finish(); }

    /// The time at which poll() has something to do, as far as known now; no value while the key has users, or is off.
    [[nodiscard]] std::optional<typename Clock::time_point> next() noexcept {
        typename state::time due = 0;
        if (!state_.pending(due)) {
            return std::nullopt;
        }
        return typename Clock::time_point{typename Clock::duration{static_cast<typename Clock::rep>(due)}};
    }

    /// The number of users.
    [[nodiscard]] std::int32_t users() noexcept { return state_.users(); }

private:
    using state = deferred<key_type, std::mutex>;

    [[nodiscard]] static constexpr typename state::time ticks(typename Clock::duration from) noexcept {
        return static_cast<typename state::time>(from.count());
    }
    [[nodiscard]] static typename state::time now() noexcept { return ticks(Clock::now().time_since_epoch()); }

    state state_;
};

template <name Name, bool Initial, class Rep, class Period>
rate_limited(const static_key<Name, Initial>&, std::chrono::duration<Rep, Period>)
    -> rate_limited<static_key<Name, Initial>>;

} // namespace inlay
