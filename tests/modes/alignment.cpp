// SPDX-License-Identifier: BSL-1.0
//
// The compiler does not see a paravirt call. The stack must be aligned there as at any call, even if GCC aligns it only
// for the callees that it sees (-fipa-stack-alignment).
#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

#include <cstdint>
#include <cstdio>

static int misaligned = 0;
[[gnu::noinline]] static std::uint64_t target(std::uint64_t value) {
    alignas(16) volatile char bytes[16]; // NOLINT(*-avoid-c-arrays)
    bytes[0] = 1;
    if (reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) % 16 != 0 ||
        reinterpret_cast<std::uintptr_t>(&bytes) % 16 != 0) {
        ++misaligned;
    }
    return value + 1;
}
struct operations {
    inlay::pv_op<std::uint64_t(std::uint64_t), &target> op;
};
inline constinit operations table;
inline constexpr inlay::pv_call<&table, &operations::op> op;

// Functions of many shapes around a site.
[[gnu::noinline]] static std::uint64_t tail(std::uint64_t x) { return op(x); }
[[gnu::noinline]] static std::uint64_t used(std::uint64_t x) { return op(x) * x; }
[[gnu::noinline]] static std::uint64_t twice(std::uint64_t x, std::uint64_t y) { return op(x) + op(y) * x; }
[[gnu::noinline]] static std::uint64_t thrice(std::uint64_t x, std::uint64_t y, std::uint64_t z) {
    return op(x) + op(y) * x + op(z) * y;
}
[[gnu::noinline]] static std::uint64_t with_variables(std::uint64_t x) {
    volatile std::uint64_t kept[3] = {x, 1, 2}; // NOLINT(*-avoid-c-arrays)
    return op(kept[1]) + kept[2];
}
[[gnu::noinline]] static std::uint64_t on_a_path(std::uint64_t x) { return x == 5 ? 1 : op(x); }
[[gnu::noinline]] static std::uint64_t outer(std::uint64_t x) { return tail(x) * x ^ used(x); }

int main(int count, char** /*arguments*/) {
    auto n = static_cast<std::uint64_t>(count);
    for (int round = 0; round < 2; ++round) {
        n += tail(n) + used(n) + twice(n, 2) + thrice(n, 2, 3) + with_variables(n) + on_a_path(n) + outer(n);
        if (round == 0 && !inlay::apply()) {
            return 2;
        }
    }
    std::printf("%d misaligned (%llu)\n", misaligned, static_cast<unsigned long long>(n));
    return misaligned == 0 ? 0 : 1;
}
