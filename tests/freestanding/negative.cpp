// SPDX-License-Identifier: BSL-1.0
//
// Wrong uses in a kernel, each with the expected error. tests/negative/run.sh cuts this file into cases. The lines
// before the first case are in every case.
#include <inlay/kernel.hpp>

inline constexpr inlay::static_key<"negative.key", false> key;
int function() noexcept;
inline constexpr inlay::static_call<"negative.call", &function> call;
inline constexpr inlay::dispatch<"negative.dispatch", &function> dispatch;
struct hooks {
    static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept;
    static void synchronise() noexcept;
};

// CASE right_changes_without_a_platform
inline constinit inlay::text_poke<hooks> live{{0, 0}, {0, 0}};
template <>
struct inlay::this_kernel<> {
    static outcome change(const auto& make) noexcept { return make(live); }
};
bool use() {
    return inlay::set(key, true) && inlay::enable(key) && inlay::disable(key) && inlay::update(call, &function) &&
           inlay::update(call, inlay::returns_zero<int() noexcept>) && inlay::choose(dispatch, 0);
}

// CASE change_without_a_platform
// EXPECT inlay: a change without a platform: declare before it how this kernel changes its text, template <> struct inlay::this_kernel<> { static inlay::outcome change(const auto& make) noexcept { return make(platform); } }; or give the change a platform
bool use() { return static_cast<bool>(inlay::set(key, true)); }

// CASE choice_without_a_platform
// EXPECT inlay: a change without a platform: declare before it how this kernel changes its text
bool use() { return static_cast<bool>(inlay::choose(dispatch, 0)); }

// CASE this_kernel_returns_something_else
// EXPECT inlay: inlay::this_kernel<> has static inlay::outcome change(const auto& make) noexcept
inline constinit inlay::text_poke<hooks> live{{0, 0}, {0, 0}};
template <>
struct inlay::this_kernel<> {
    static bool change(const auto& make) noexcept { return static_cast<bool>(make(live)); }
};
bool use() { return static_cast<bool>(inlay::set(key, true)); }
