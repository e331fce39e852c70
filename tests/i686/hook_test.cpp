// SPDX-License-Identifier: BSL-1.0
//
// Hooks in 32-bit mode: no register changes; arguments; null and set, before and after apply().
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

inline constexpr inlay::hook<"hook.none", void()> none;
inline constexpr inlay::hook<"hook.one", void(int)> one;
inline constexpr inlay::hook<"hook.two", void(int, long&)> two;
inline constexpr inlay::hook<"hook.three", void(signed char, const char*, bool)> three;

struct alignas(16) registers {
    std::uint32_t general[7]; // eax, ecx, edx, ebx, esi, edi, ebp
    alignas(16) std::uint8_t vectors[512];
};

bool has_sse() { return __builtin_cpu_supports("sse2") != 0; }

/// Changes all registers that a function may change. Expects an empty stack of x87.
double loaded = 0;
void changes_all(int /*number*/) noexcept {
    const std::uint16_t control = 0x0b7f; // rounds up
    asm volatile("fld1\n\tfldpi\n\tfldl2e\n\tfldl2t\n\tfldlg2\n\tfldln2\n\tfldz\n\tfld1\n\t"
                 "fstpl %0\n\tfstp %%st(0)\n\tfstp %%st(0)\n\tfstp %%st(0)\n\tfstp %%st(0)\n\tfstp %%st(0)\n\t"
                 "fstp %%st(0)\n\tfstp %%st(0)\n\tfldcw %1"
                 : "=m"(loaded)
                 : "m"(control));
    if (has_sse()) {
        asm volatile(".irp n,0,1,2,3,4,5,6,7\n\tpcmpeqd %%xmm\\n,%%xmm\\n\n\t.endr" : : : "memory");
    }
    asm volatile("" : : : "eax", "ecx", "edx");
}

[[gnu::noinline]] void call_one(int a) { one(a); }

/// The trampoline of hook.one, by the tables.
std::uintptr_t trampoline_of_one() {
    const auto tables = inlay::this_image();
    for (std::size_t i = 0; i < tables.names.size(); ++i) {
        const auto& named = tables.names.records[i];
        if (std::strcmp(reinterpret_cast<const char*>(named.name.target()), "hook.one") == 0) {
            return named.trampoline.target();
        }
    }
    return 0;
}

void call_with_registers(std::uintptr_t function, const std::uint8_t* in, registers& all) {
    struct {
        std::uintptr_t function;
        const std::uint8_t* in;
        std::uint8_t* out;
        std::uint32_t* general;
        std::uintptr_t frame;
    } const what{function, in, all.vectors, all.general, 0};
    asm volatile("push %%ebp\n\tpush %%ebx\n\tpush %%esi\n\tpush %%edi\n\t"
                 "push 12(%0)\n\tpush 8(%0)\n\tpush (%0)\n\t"
                 "mov 4(%0), %%ecx\n\tfxrstor (%%ecx)\n\t"
                 "mov $0x11111111, %%eax\n\tmov $0x22222222, %%ecx\n\tmov $0x33333333, %%edx\n\t"
                 "mov $0x44444444, %%ebx\n\tmov $0x55555555, %%esi\n\tmov $0x66666666, %%edi\n\t"
                 "mov $0x77777777, %%ebp\n\t"
                 "call *(%%esp)\n\t"
                 "mov %%eax, (%%esp)\n\tmov 8(%%esp), %%eax\n\t"
                 "mov %%ecx, 4(%%eax)\n\tmov %%edx, 8(%%eax)\n\tmov %%ebx, 12(%%eax)\n\tmov %%esi, 16(%%eax)\n\t"
                 "mov %%edi, 20(%%eax)\n\tmov %%ebp, 24(%%eax)\n\tpop (%%eax)\n\t"
                 "pop %%ecx\n\tfxsave (%%ecx)\n\tfninit\n\tpop %%eax\n\t"
                 "pop %%edi\n\tpop %%esi\n\tpop %%ebx\n\tpop %%ebp"
                 :
                 : "a"(&what)
                 : "ecx", "edx", "memory", "cc");
}

class Hook : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (GetParam()) {
            const auto done = inlay::apply();
            ASSERT_TRUE(done) << inlay::message(done.error());
            EXPECT_EQ(done.calls_missed(), 0U);
            EXPECT_EQ(done.calls_kept(), 0U);
        }
    }
};

TEST_P(Hook, KeepsAllRegisters) {
    ASSERT_TRUE(inlay::update(one, &changes_all));
    call_one(1);
    alignas(16) static std::uint8_t in[512];
    static registers all;
    std::memset(in, 0, sizeof(in));
    for (unsigned i = 0; i < 8; ++i) {
        for (unsigned j = 0; j < 10; ++j) {
            in[32 + 16 * i + j] = static_cast<std::uint8_t>(3 + i + j * 7);
        }
        for (unsigned j = 0; has_sse() && j < 16; ++j) {
            in[160 + 16 * i + j] = static_cast<std::uint8_t>(5 + i * 16 + j * 11);
        }
    }
    const std::uint16_t control = 0x0f7f;
    const std::uint32_t mxcsr = 0x3f80;
    std::memcpy(&in[0], &control, sizeof(control));
    std::memcpy(&in[24], &mxcsr, sizeof(mxcsr));
    in[4] = 0xff;
    loaded = 0;
    call_with_registers(trampoline_of_one(), in, all);
    for (unsigned i = 0; i < 7; ++i) {
        EXPECT_EQ(all.general[i], 0x11111111U * (i + 1)) << "general register " << i;
    }
    EXPECT_EQ(std::memcmp(all.vectors, in, 5), 0) << "control, status and tags of x87";
    for (unsigned i = 0; i < 8; ++i) {
        EXPECT_EQ(std::memcmp(all.vectors + 32 + 16 * i, in + 32 + 16 * i, 10), 0) << "st" << i;
    }
    if (has_sse()) {
        EXPECT_EQ(std::memcmp(all.vectors + 24, in + 24, 4), 0) << "mxcsr";
        EXPECT_EQ(std::memcmp(all.vectors + 160, in + 160, 128), 0) << "xmm";
    }
    EXPECT_EQ(loaded, 1) << "the target had an empty stack of x87";
    ASSERT_TRUE(inlay::update(one, nullptr));
}

std::string said;
[[gnu::noinline]] void call_all(int a, long& b) {
    none();
    two(a, b);
    three(static_cast<signed char>(a), "text", a < 0);
}

TEST_P(Hook, ArgumentsNullAndSet) {
    for (int i = 0; i < 2; ++i) {
        long variable = 7;
        said.clear();
        call_all(-3, variable);
        EXPECT_EQ(said, "");
        ASSERT_TRUE(inlay::update(none, []() noexcept { said += "none "; }));
        ASSERT_TRUE(inlay::update(two, [](int a, long& b) noexcept { said += std::to_string(a + b++) + ' '; }));
        ASSERT_TRUE(inlay::update(three, [](signed char a, const char* b, bool c) noexcept {
            said += std::to_string(a) + b + (c ? " yes" : " no");
        }));
        call_all(-3, variable);
        EXPECT_EQ(said, "none 4 -3text yes");
        EXPECT_EQ(variable, 8);
        ASSERT_TRUE(inlay::update(none, nullptr) && inlay::update(two, nullptr) && inlay::update(three, nullptr));
    }
}

void expect_values_are_kept() {
    volatile double start = 1.25;
    double a = start;
    long double b = start * 2;
    unsigned c = 3;
    for (int i = 0; i < 5; ++i) {
        one(i);
        a = a * 1.5 + static_cast<double>(b);
        b = b + 0.25L;
        c = c * 5 + static_cast<unsigned>(i);
    }
    double x = start;
    long double y = start * 2;
    unsigned z = 3;
    for (int i = 0; i < 5; ++i) {
        x = x * 1.5 + static_cast<double>(y);
        y = y + 0.25L;
        z = z * 5 + static_cast<unsigned>(i);
    }
    EXPECT_EQ(a, x);
    EXPECT_EQ(b, y);
    EXPECT_EQ(c, z);
}

TEST_P(Hook, ValuesLiveInRegistersAcrossASite) {
    ASSERT_TRUE(inlay::update(one, &changes_all));
    expect_values_are_kept();
#ifndef __SSE__ // no value in vector registers: the oldest instructions save enough
    using inlay::x86::emit::vector_save;
    const auto found = inlay::x86::emit::saved_vectors<>;
    for (const auto way : {vector_save::by_fnsave, vector_save::by_fxsave}) {
        inlay::x86::emit::saved_vectors<>.way = way;
        expect_values_are_kept();
    }
    inlay::x86::emit::saved_vectors<> = found;
#endif
    ASSERT_TRUE(inlay::update(one, nullptr));
}

INSTANTIATE_TEST_SUITE_P(BeforeApply, Hook, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Patched, Hook, testing::Values(true));

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
