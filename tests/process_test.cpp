// SPDX-License-Identifier: BSL-1.0
//
// Patching a running process: text is never writable and executable. If it cannot be written, the program keeps the
// slower form, and apply() says why.
#include "child.hpp"
#include "refuse.hpp"

#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::x86::insn;
using inlay::when;
using inlay_test::in_child;
using inlay_test::refuse;
using way = inlay::platform::process::way;

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

inline constexpr inlay::feature<"process.on", inlay::by_hand{}> on;
inline constexpr auto site = inlay::alternative<mov(eax, 1), when<on, mov(eax, 2)>>{}.returns<accumulator, int>();

/// Many sites, so that patching takes a while and touches several pages.
template <unsigned Index>
[[gnu::noinline]] int function_with_site() {
    asm volatile(".skip 512, 0x90"); // NOLINT(hicpp-no-assembler)
    return site() + static_cast<int>(Index);
}
template <unsigned... Indexes>
int run_all(std::integer_sequence<unsigned, Indexes...>) {
    return (function_with_site<Indexes>() + ...);
}
int run_sites() { return run_all(std::make_integer_sequence<unsigned, 64>{}) - 63 * 64 / 2; }

/// Whether any mapping of the process is writable and executable.
bool writable_and_executable() {
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);) {
        const auto flags = line.find(' ') + 1;
        if (line[flags + 1] == 'w' && line[flags + 2] == 'x') {
            return true;
        }
    }
    return false;
}

class Process : public testing::TestWithParam<way> {};

TEST_P(Process, TextIsNeverWritableAndExecutable) {
    ASSERT_FALSE(writable_and_executable());
    inlay::set(on, false); // another test may have set it
    ASSERT_TRUE(inlay::apply());
    std::atomic<bool> stop{false};
    std::atomic<bool> seen{false};
    std::atomic<unsigned> samples{0};
    std::thread sampler{[&] {
        while (!stop) {
            seen = seen || writable_and_executable();
            ++samples;
        }
    }};
    for (unsigned round = 0; round < 200 || samples < 50; ++round) {
        inlay::set(on, round % 2 == 0);
        inlay::platform::process self{GetParam()};
        const auto done = inlay::apply(inlay::this_image(), self);
        ASSERT_TRUE(done) << inlay::message(done.error()) << " errno " << done.system_error;
        ASSERT_EQ(done.written, done.sites);
        ASSERT_EQ(run_sites(), round % 2 == 0 ? 128 : 64);
    }
    stop = true;
    sampler.join();
    EXPECT_FALSE(seen);
    EXPECT_GE(samples, 50U);
}

TEST_P(Process, OneWriteAPage) {
    for (const bool value : {true, false}) {
        inlay::set(on, value);
        inlay::platform::process self{GetParam()};
        const auto done = inlay::apply(inlay::this_image(), self);
        ASSERT_TRUE(done);
        const auto table = inlay::this_image().alternatives;
        std::uintptr_t lowest = ~std::uintptr_t{0};
        std::uintptr_t highest = 0;
        std::uintptr_t straddling = 0; // pages are replaced for each by itself: it must change at once
        for (std::size_t i = 0; i < table.size(); ++i) {
            lowest = std::min(lowest, table.records[i].site.target());
            highest = std::max(highest, table.records[i].site.target() + 4);
            straddling += table.records[i].site.target() >> 12 != (table.records[i].site.target() + 4) >> 12 ? 1 : 0;
        }
        EXPECT_GE(done.written, 64U);
        const std::uintptr_t apart = GetParam() == way::replace_page ? straddling : 0;
        EXPECT_LE(self.writes(), (highest >> 12) - (lowest >> 12) + 1 + apart);
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, Process, testing::Values(way::memory_file, way::replace_page), [](const auto& each) {
    return each.param == way::memory_file ? "MemoryFile" : "ReplacePage";
});

TEST(ProcessRefusal, UnknownWayChangesNothing) {
    inlay::set(on, false);
    ASSERT_TRUE(inlay::apply());
    inlay::set(on, true);
    inlay::platform::process self{way::refused};
    const auto done = inlay::apply(inlay::this_image(), self);
    EXPECT_EQ(done.error(), inlay::error::text_not_writable);
    EXPECT_EQ(run_sites(), 64);
}

TEST(ProcessRefusal, WithoutTheMemoryFilePagesAreReplaced) {
    inlay::set(on, false);
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(in_child([] {
                  refuse(SYS_openat, 2, O_WRONLY); // as without /proc
                  inlay::set(on, true);
                  const auto done = inlay::apply();
                  return done && run_sites() == 128 && !done.system_error ? 0 : 1;
              }),
              0);
}

TEST(ProcessRefusal, WithoutEitherTheSlowerFormStaysAndTheReasonIsGiven) {
    inlay::set(on, false);
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(in_child([] {
                  refuse(SYS_openat, 2, O_WRONLY);
                  refuse(SYS_mprotect, 2, PROT_EXEC); // as MemoryDenyWriteExecute does
                  inlay::set(on, true);
                  const auto done = inlay::apply();
                  return !done && done.error() == inlay::error::text_not_writable && done.system_error == EACCES &&
                                 run_sites() == 64
                             ? 0
                             : 1;
              }),
              0);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
