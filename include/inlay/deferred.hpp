// SPDX-License-Identifier: BSL-1.0
//
// deferred: a counted key that is turned off late, so that a key which flaps is patched seldom. (rate_limited.hpp is
// the same for programs, with a clock.)
//
//     inline constinit inlay::deferred stamps{net_timestamps, 100};        // a static_key; 100 units of the caller's time
//
//     stamps.enable();                           // on when it returns; as inlay::enable(net_timestamps)
//     stamps.disable(now);                       // on until the time is now + 100 or later, and flush() is called
//     stamps.flush(later);                       // turns it off if it is due
//
// How it works. The object counts its users. For the first one it calls inlay::enable(), which patches the sites. When
// the last user leaves, it notes the time and changes nothing. If a user comes before the delay is over, the key is
// still on and nothing is patched. So in one delay, the object patches the sites at most twice: once off, once on. The
// key counts the object once, in addition to its other users. (inlay::set() makes the count 1 or 0 for all users: do
// not mix the two.)
//
// The object has no clock and starts no thread: enable(), disable() and flush() make a change that is due. If none of
// them is called, the key stays on: slower, never wrong. The times may be of any unit that counts up, and may wrap
// around. They may be out of order by less than half of the range.
//
// Thread-safe with a lock: `deferred<decltype(key), my_spinlock>` takes a class with lock() and unlock(). It is held
// while sites are patched: a second caller must wait, since the key shall be on when enable() returns. Without a lock,
// the caller must make one call at a time. As set(), the functions take a kernel's platform, or none.
//
// An object that is destroyed does not turn its key off: call finish() first.
//
// Linux: struct static_key_deferred, static_branch_slow_dec_deferred(), static_key_deferred_flush().
#pragma once

#include "inlay/error.hpp"
#include "inlay/poke.hpp"
#include "inlay/static_key.hpp"
#include "inlay/words.hpp"

namespace inlay {

/// The lock of a deferred key whose caller makes one call at a time.
struct no_lock {
    [[gnu::always_inline, gnu::visibility("hidden")]] inline void lock() noexcept {}
    [[gnu::always_inline, gnu::visibility("hidden")]] inline void unlock() noexcept {}
};

template <class Key, class Lock = no_lock>
class deferred;

/// A user of a key that leaves late.
template <name Name, bool Initial, class Lock>
class [[gnu::visibility("hidden")]] deferred<static_key<Name, Initial>, Lock> {
public:
    using key_type = static_key<Name, Initial>;
    using time = uint64_t;

    /// `delay`: how long the key stays on after its last user has left; less than 2^63. 0: as inlay::disable().
    constexpr deferred(const key_type& /*key*/, time delay) noexcept : delay_{delay} {}
    deferred(const deferred&) = delete;
    deferred(deferred&&) = delete;
    deferred& operator=(const deferred&) = delete;
    deferred& operator=(deferred&&) = delete;
    ~deferred() = default;

    /// One user more. The key is on when it returns without an error. error::enabled_too_often, or an error of
    /// inlay::enable(): then the user does not count.
    template <class... Where>
    [[nodiscard]] outcome enable(Where&... where) noexcept {
        const guard held{lock_};
        outcome done;
        if (users_ == __INT32_MAX__) {
            done.fail(error::enabled_too_often, {table_kind::names, 0, 0});
        } else if (!on_) {
            done = inlay::enable(key_type{}, where...);
            on_ = static_cast<bool>(done);
        }
        if (done) {
            users_ += 1;
        }
        return done;
    }

    /// One user less. After the last one, the key goes off unless a user comes before. The first call of flush() or
    /// disable() whose time is at least `now` + delay turns it off. error::not_enabled without a user.
    template <class... Where>
    [[nodiscard]] outcome disable(time now, Where&... where) noexcept {
        const guard held{lock_};
        outcome done;
        if (users_ == 0) {
            done.fail(error::not_enabled, {table_kind::names, 0, 0});
        } else {
            users_ -= 1;
            left_ = now;
            done = turn_off_if(is_due(now), where...);
        }
        return done;
    }

    /// Turns the key off if that is due. An error is one of inlay::disable(): the key stays on, and the next call tries
    /// again.
    template <class... Where>
    [[nodiscard]] outcome flush(time now, Where&... where) noexcept {
        const guard held{lock_};
        return turn_off_if(is_due(now), where...);
    }

    /// Turns the key off at any time if it has no user.
    template <class... Where>
    [[nodiscard]] outcome finish(Where&... where) noexcept {
        const guard held{lock_};
        return turn_off_if(waits(), where...);
    }

    /// Whether the key waits to be turned off; if so, `due` is the time from which flush() does it.
    [[nodiscard]] bool pending(time& due) noexcept {
        const guard held{lock_};
        due = left_ + delay_;
        return waits();
    }

    /// The number of users.
    [[nodiscard]] int32_t users() noexcept {
        const guard held{lock_};
        return users_;
    }

private:
    class guard {
    public:
        explicit guard(Lock& lock) noexcept : lock_{lock} { lock_.lock(); }
        guard(const guard&) = delete;
        guard(guard&&) = delete;
        guard& operator=(const guard&) = delete;
        guard& operator=(guard&&) = delete;
        ~guard() { lock_.unlock(); }

    private:
        Lock& lock_;
    };

    [[nodiscard]] bool waits() const noexcept { return on_ && users_ == 0; }
    [[nodiscard]] bool is_due(time now) const noexcept {
        return waits() && static_cast<int64_t>(now - left_) >= static_cast<int64_t>(delay_);
    }

    template <class... Where>
    outcome turn_off_if(bool due, Where&... where) noexcept {
        outcome done;
        if (due) {
            done = inlay::disable(key_type{}, where...);
            on_ = !done;
        }
        return done;
    }

    [[no_unique_address]] Lock lock_{};
    time delay_;
    time left_{}; ///< when the last user left
    int32_t users_{};
    bool on_{}; ///< the key counts this object
};

template <name Name, bool Initial>
deferred(const static_key<Name, Initial>&, unsigned long long) -> deferred<static_key<Name, Initial>>;

} // namespace inlay
