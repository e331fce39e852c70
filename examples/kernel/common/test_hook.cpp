// SPDX-License-Identifier: BSL-1.0
//
// test_hook: the hook in the path of each interrupt, null and set.
//
// What. While it is null its site is one nop, and nothing is called. When it is set, each interrupt calls the target.
// Why. A hook that is null must cost one nop, and one that is set must be called.
// How. inlay::inspect() finds the call of each record; its bytes are compared with those of a nop. The kernel changes the
// hook as it changes everything: while other processors may take interrupts.
#include "harness.hpp"
#include "sample.hpp"
#include "text_window.hpp"

extern "C" const char text_begin[], text_end[];

namespace kernel {

namespace {

constexpr u32 wanted = 50;
constinit u64 samples = 0;
constinit u64 samples_outside = 0;

void count(u64 address) noexcept {
    __atomic_fetch_add(&samples, 1U, __ATOMIC_RELAXED);
    if (address < reinterpret_cast<u64>(text_begin) || address >= reinterpret_cast<u64>(text_end)) {
        __atomic_fetch_add(&samples_outside, 1U, __ATOMIC_RELAXED);
    }
}
[[nodiscard]] u64 samples_so_far() noexcept { return __atomic_load_n(&samples, __ATOMIC_RELAXED); }

[[nodiscard]] bool interrupt_often() noexcept {
    bool good = true;
    for (u32 i = 0; i < wanted; ++i) {
        good = interrupt_this_cpu() && good;
    }
    return good;
}

/// One nop of the length of a call.
[[nodiscard]] bool is_one_nop(const inlay::inspected& found) noexcept {
    constexpr u8 x86[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    constexpr u8 aarch64[] = {0x1f, 0x20, 0x03, 0xd5};
    const u8* const expected = found.length == sizeof(x86) ? x86 : aarch64;
    const auto* const now = reinterpret_cast<const volatile u8*>(found.at);
    bool same = found.length == sizeof(x86) || found.length == sizeof(aarch64);
    for (u32 i = 0; same && i < found.length; ++i) {
        same = now[i] == expected[i];
    }
    return same;
}

/// The calls of the image that are one nop, and those that go to a trampoline: a bit for each record. (Static calls go
/// directly: hooks alone have nops here, or call their thunks.)
struct forms {
    u64 nops[8], thunks[8];
    u32 nop_count, thunk_count;
};
[[nodiscard]] forms find_forms() noexcept {
    forms found{};
    const text_window platform;
    const inlay::table::tables tables = inlay::this_image();
    for (u32 i = 0; i < tables.calls.size() && i < 64 * 8; ++i) {
        const inlay::inspected call = inlay::inspect(platform, tables, tables.calls.records[i]);
        const bool nop = call.form == inlay::standing::nothing && is_one_nop(call);
        const bool thunk = call.form == inlay::standing::trampoline;
        found.nops[i / 64] |= u64{nop} << i % 64;
        found.thunks[i / 64] |= u64{thunk} << i % 64;
        found.nop_count += nop ? 1U : 0U;
        found.thunk_count += thunk ? 1U : 0U;
    }
    return found;
}

/// Whether the difference is one site, from a nop to a call of its thunk.
[[nodiscard]] bool one_became_a_call(const forms& from, const forms& to) noexcept {
    bool right = from.thunk_count == 0 && to.thunk_count == 1 && to.nop_count + 1 == from.nop_count;
    for (u32 i = 0; i < 8; ++i) {
        right = right && (to.thunks[i] & ~from.nops[i]) == 0 && (to.nops[i] | to.thunks[i]) == from.nops[i];
    }
    return right;
}
[[nodiscard]] bool are_same(const forms& one, const forms& other) noexcept {
    bool same = other.thunk_count == one.thunk_count;
    for (u32 i = 0; i < 8; ++i) {
        same = same && one.nops[i] == other.nops[i];
    }
    return same;
}

} // namespace

void test_hook() noexcept {
    const report_prefix prefix{"hook"};
    if (!interrupt_this_cpu()) {
        skip("no interrupt controller, and so no interrupt");
        return;
    }
    const forms null = find_forms();
    report(null.nop_count != 0 && null.thunk_count == 0, "each hook that is null is one nop");
    samples = 0;
    bool came = interrupt_often();
    report(came && samples_so_far() == 0, "and nothing is called");

    bool changed = static_cast<bool>(sample_by(&count));
    const forms set = find_forms();
    came = interrupt_often() && came;
    const u64 first = samples_so_far();
    report(changed && one_became_a_call(null, set), "a hook that is set is a call of its thunk, at its one site");
    report(came && first >= wanted && samples_outside == 0, "and each interrupt calls the target, with its address");

    changed = static_cast<bool>(sample_by(nullptr));
    const u64 last = samples_so_far();
    came = interrupt_often() && came;
    report(changed && came && are_same(null, find_forms()) && samples_so_far() == last,
           "null again, it is a nop again");
    info(last, " samples");
}

} // namespace kernel
