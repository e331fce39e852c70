// SPDX-License-Identifier: BSL-1.0
//
// text_platform: the interface that apply() and changes need from their program or kernel.
//
//     struct my_platform {
//         bool readable(uintptr_t at, size_t size) const noexcept;    // and writable(), executable()
//         bool write(uintptr_t at, const uint8_t* bytes, size_t size) noexcept;
//         bool finish() noexcept;
//     };
//     static_assert(inlay::text_platform<my_platform>);
//
// How it works. Five functions are enough; the others are optional. For each optional function, this header has a
// function that calls it, and that defines the default for a platform without it.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"
#include "inlay/code.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// The interface between the patcher and its surroundings. Sizes are in bytes.
///
/// `readable`, `writable` and `executable` say whether all of these bytes are; a question may be about much text at
/// once. `write` may collect writes until `finish`; both return false if text cannot be written. `finish` also makes
/// the processor forget the text that it fetched before. None of these functions may contain a patch site.
///
/// Optional functions:
/// * `bool gone(address)`: the text at this address is gone, as a kernel's initialisation text, and no longer
///   executable. Then apply() and changes pass over the records of sites there. Without this function only changes do.
/// * `bool live()`: text can be changed later. If not, keys and static calls stay in the form that reads memory, so
///   that set() and update() work.
/// * `bool probe(address)`: runs a feature's probe the platform's own way. Or `int probed(const
///   table::feature_record&)`: the probe's earlier answer: 0, 1, or -1 if it has to run first. Then apply() fails with
///   error::probe_first and the record's address.
/// * `bool exchanges(address, const uint8_t* bytes, size_t)`: these bytes may be written while other processors execute
///   the present bytes. If not, the error is error::others_run. apply() asks for each alternative before it writes, for
///   keys and calls while it writes; then it takes back alternatives and calls.
/// * `bool ineffective()`: the reason of the last refusal: written bytes do not appear in the text. A platform with
///   this function looks at the text itself; for others the last site is looked at after `finish`.
/// * `address refused()`: the address of the last refusal. `int system_error()`: the system's reason for it.
/// * `bool text_moved()`: the tables describe text that does not run.
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

/// Whether the platform says that the text is gone. apply() asks this. If text is not executable for any other reason,
/// apply() takes the record for malformed.
template <class Platform>
[[nodiscard]] bool says_gone(Platform& platform, address at) noexcept {
    if constexpr (requires { platform.gone(at); }) {
        return platform.gone(at);
    } else {
        return false;
    }
}

/// Whether the text of a site that apply() has checked is gone. Changes ask this. Each site was executable when apply()
/// looked: if it is not executable now, it is gone, even if the platform has no gone().
template <class Platform>
[[nodiscard]] bool gone_since_apply(const Platform& platform, address at) noexcept {
    if constexpr (requires { platform.gone(at); }) {
        return platform.gone(at);
    } else {
        return !platform.executable(at, 1);
    }
}

/// Whether text can be changed later. If not, keys and static calls keep the form that reads memory.
template <class Platform>
[[nodiscard]] bool text_may_change(Platform& platform) noexcept {
    if constexpr (requires { platform.live(); }) {
        return platform.live();
    } else {
        return true;
    }
}

/// Whether the tables describe text that does not run.
template <class Platform>
[[nodiscard]] bool text_has_moved(Platform& platform) noexcept {
    if constexpr (requires { platform.text_moved(); }) {
        return platform.text_moved();
    } else {
        return false;
    }
}

/// Whether `bytes` may be written while other processors execute the present text.
template <class Platform>
[[nodiscard]] bool may_exchange(const Platform& platform, address at, const uint8_t* bytes, size_t size) noexcept {
    if constexpr (requires { platform.exchanges(at, bytes, size); }) {
        return platform.exchanges(at, bytes, size);
    } else {
        return true;
    }
}

/// The error for the platform's last refusal.
template <class Platform>
[[nodiscard]] error refusal(const Platform& platform) noexcept {
    if constexpr (requires { platform.ineffective(); }) {
        if (platform.ineffective()) {
            return error::write_ineffective;
        }
    }
    return error::text_not_writable;
}

/// The address of the platform's last refusal; `at` if the platform does not know it.
template <class Platform>
[[nodiscard]] address refused_address(const Platform& platform, address at) noexcept {
    if constexpr (requires { platform.refused(); }) {
        return platform.refused() != 0 ? platform.refused() : at;
    } else {
        return at;
    }
}

/// Copies the system's reason for the last refusal to `done`.
template <class Platform>
void note_system_error(const Platform& platform, outcome& done) noexcept {
    if constexpr (requires { platform.system_error(); }) {
        done.system_error = platform.system_error();
    }
}

/// Whether the platform itself looks at the text that it has written.
template <class Platform>
inline constexpr bool looks_itself = requires(const Platform& platform) { platform.ineffective(); };

/// The last write, to be looked at after `finish`: whether the processor will fetch these bytes.
template <bool Needed>
struct last_write {
    address at{};
    unsigned size{};
    uint8_t bytes[max_code_length]; // NOLINT(*-avoid-c-arrays): note() fills the used part

    // NOLINTNEXTLINE(*-member-init, *-use-equals-default): `= default` would have {} clear the bytes
    last_write() noexcept {}

    void note(address where, const uint8_t* what, unsigned count) noexcept {
        at = where;
        size = count;
        copy(bytes, what, count);
    }
    void forget() noexcept {
        at = 0;
        size = 0;
    }
    [[nodiscard]] bool is_there() const noexcept { return equal(reinterpret_cast<const uint8_t*>(at), bytes, size); }
};

/// For a platform that checks the text itself: only the address.
template <>
struct last_write<false> {
    address at{};

    void note(address where, const uint8_t* /*what*/, unsigned /*count*/) noexcept { at = where; }
    void forget() noexcept { at = 0; }
    [[nodiscard]] static bool is_there() noexcept { return true; }
};

/// Whether text holds these bytes.
[[nodiscard]] inline bool text_holds(address at, const uint8_t* bytes, unsigned size) noexcept {
    return equal(reinterpret_cast<const uint8_t*>(at), bytes, size);
}

/// Writes sites by a platform; apply() and changes both go through here.
template <text_platform Platform>
struct text_writer {
    last_write<!looks_itself<Platform>> last{};

    /// Whether the site may be written: it has the bytes already, or they may take the place of others.
    [[nodiscard]] static error check(const Platform& platform, address at, const uint8_t* bytes,
                                     unsigned size) noexcept {
        return may_exchange(platform, at, bytes, size) || text_holds(at, bytes, size) ? error::no_error
                                                                                      : error::others_run;
    }

    /// Writes the site unless it has the bytes already, and counts it.
    [[nodiscard, gnu::always_inline]] error write(Platform& platform, address at, const uint8_t* bytes, unsigned size,
                                                  uint32_t& counter) noexcept {
        return text_holds(at, bytes, size) ? error::no_error : write_other(platform, at, bytes, size, counter);
    }

    /// Writes a site that has other bytes, and counts it.
    [[nodiscard, gnu::always_inline]] error write_other(Platform& platform, address at, const uint8_t* bytes,
                                                        unsigned size, uint32_t& counter) noexcept {
        if (!may_exchange(platform, at, bytes, size)) {
            return error::others_run;
        }
        ++counter;
        last.note(at, bytes, size);
        return platform.write(at, bytes, size) ? error::no_error : refusal(platform);
    }

    /// Has the processor fetch the text that was written.
    [[nodiscard]] error finish(Platform& platform) noexcept {
        return !platform.finish() ? refusal(platform) : last.is_there() ? error::no_error : error::write_ineffective;
    }
};

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
