// SPDX-License-Identifier: BSL-1.0
//
// sites: a program with sites of all kinds, for any architecture.
#include <inlay/inlay.hpp>
#include <inlay/pv_ops.hpp>

namespace {

using namespace inlay; // NOLINT(google-build-using-namespace): the vocabulary of declarations
using namespace inlay::arch::insn;

#if defined(__aarch64__)
constexpr auto first = cpu.crc32;
constexpr auto second = cpu.sve2;
constexpr auto result = w0;
constexpr auto whole = x0;
#else
constexpr auto first = cpu.sse2;
constexpr auto second = cpu.avx2;
constexpr auto result = eax;
#if defined(__x86_64__)
constexpr auto whole = rax;
#else
constexpr auto whole = eax;
#endif
#endif

[[gnu::noinline]] int one_more(int n) { return n + 1; }
[[gnu::noinline]] int two_more(int n) { return n + 2; }

inline constexpr auto level = alternative<mov(result, 0), when<first, mov(result, 1)>, when<second, mov(result, 2)>>{}
                                  .named<"level">()
                                  .returns<whole, unsigned>();
inline constexpr dispatch<"chosen", &one_more, when<second, &two_more>> chosen;
inline constexpr static_key<"off", false> off;
inline constexpr static_switch<"way", 20, 3U> way;
inline constexpr static_call<"called", &one_more> called;

struct operations {
    pv_op<int(int), &one_more> add;
};
inline constinit operations hooks; // NOLINT(*-avoid-non-const-global-variables)
inline constexpr pv_call<&hooks, &operations::add> hook_add;

[[gnu::noinline]] int run(int n) {
    return static_cast<int>(level()) + (off ? n * 5 : n) + called(chosen(n)) + static_cast<int>(way) + hook_add(n);
}
[[gnu::noinline]] int run_tail(int n) { return called(n); }
[[gnu::noinline]] unsigned run_levels() { return level() + level() + level(); }

} // namespace

int main(int count, char** /*arguments*/) {
    if (auto done = apply(); !done) {
        return 1;
    }
    return run_levels() + static_cast<unsigned>(run(count) + run_tail(count)) == 0 ? 1 : 0;
}
