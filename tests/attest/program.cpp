// SPDX-License-Identifier: BSL-1.0
//
// A program with sites of all kinds. It carries out the commands on standard input, and says when each is done. They
// are "apply", "change", "back", "storm" (changes until the end), "core" (a core dump).
#include <inlay/inlay.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#if defined(__aarch64__)
using namespace inlay::aarch64::insn;
#else
using namespace inlay::x86::insn;
#endif
using inlay::when;

inline constexpr inlay::feature<"attest.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"attest.never", inlay::by_hand{}> never;

#if defined(__aarch64__)
inline constexpr inlay::alternative<nop(), when<x, isb()>, when<never, dmb(barrier::sy)>> fence;
#else
inline constexpr inlay::alternative<nop(5), when<x, lfence()>, when<never, mfence()>> fence;
#endif
inline constexpr inlay::static_key<"attest.key", false> key;
inline constexpr inlay::static_switch<"attest.switch", 20, 0> level;

int plus_one(int value);
int plus_two(int value);
[[gnu::noinline]] int plus_one(int value) { return value + 1; }
[[gnu::noinline]] int plus_two(int value) { return value + 2; }
inline constexpr inlay::static_call<"attest.call", &plus_one> count;
inline constexpr inlay::static_call<"attest.libc", &::abs> libc;
inline constexpr inlay::dispatch<"attest.dispatch", &plus_one, when<x, &plus_two>> chosen;

extern "C" {
int plain(int value);
int use(int value);
extern const void* volatile kept;
const void* volatile kept;

/// Where the tests write, and no site is.
[[gnu::noinline]] int plain(int value) { return value * 3 + 1; }

[[gnu::noinline]] int use(int value) {
    fence();
    if (key) {
        value = count(value);
    }
    switch (level) {
    case 3:
        return chosen(value);
    case 17:
        return libc(value) + 5;
    default:
        fence();
        return chosen(value) + count(value);
    }
}
}

int main() {
    kept = reinterpret_cast<const void*>(&plain);
    inlay::set(x, true);
    std::puts("ready");
    std::fflush(stdout);
    char line[32]; // NOLINT(*-avoid-c-arrays)
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        bool good = true;
        if (std::strcmp(line, "apply\n") == 0) {
            good = static_cast<bool>(inlay::apply());
        } else if (std::strcmp(line, "change\n") == 0) {
            good = inlay::set(key, true) && inlay::set(level, 17) && inlay::update(count, &plus_two);
        } else if (std::strcmp(line, "back\n") == 0) {
            good = inlay::set(key, false) && inlay::set(level, 0) && inlay::update(count, &plus_one);
        } else if (std::strcmp(line, "storm\n") == 0) {
            std::thread{[] {
                for (int i = 0;; ++i) {
                    (void)inlay::set(key, i % 2 == 0);
                    (void)inlay::update(count, i % 2 == 0 ? &plus_one : &plus_two);
                }
            }}.detach();
        } else if (std::strcmp(line, "core\n") == 0) {
            std::abort();
        }
        std::printf("%s %d %d\n", good ? "done" : "failed", use(4), plain(4));
        std::fflush(stdout);
    }
}
