// SPDX-License-Identifier: BSL-1.0
//
// Paravirt operations in 32-bit mode: arguments in eax, edx and ecx, results of 64 bits in edx:eax.
#include <inlay/arch/x86/pv.hpp>
#include <inlay/inlay.hpp>
#include <inlay/pv_ops.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

using namespace inlay::x86::insn;
using inlay::cpu;
namespace pv = inlay::x86::pv;
using u64 = std::uint64_t;
using u32 = std::uint32_t;

extern "C" {
void call_with_pattern(inlay::address target, u32* registers);
bool leaves_junk();
u32 keeps_registers(u32 value);
bool changes_registers();
extern u32 misaligned;
}

namespace {

u32 three(u32 a, u32 b, u32 c) { return a + 10 * b + 100 * c; }
u32 other_three(u32 a, u32 b, u32 c) { return three(c, b, a); }
u64 wide(u32 a) { return u64{a} << 32 | 7; }
u64 other_wide(u32 a) { return u64{a} << 40 | 9; }
constexpr auto wide_code = mov(edx, eax) + mov(eax, 7);

struct test_ops {
    inlay::pv_op<u32(u32, u32, u32), &three> ordinary;
    inlay::pv_op<u32(u32, u32, u32), inlay::callee_save<&three>> kept;
    inlay::pv_op<u64(u32), &wide> wide_ordinary;
    inlay::pv_op<u64(u32), inlay::callee_save<wide_code>> wide_kept;
    inlay::pv_op<bool(), inlay::is_callee_save<&leaves_junk>> junk;
    inlay::pv_op<u32(u32), inlay::is_callee_save<&keeps_registers>> own;
    inlay::pv_op<bool(), &changes_registers> changes;
    inlay::pv_op<bool(), inlay::callee_save<&changes_registers>> changes_kept;
    inlay::pv_op<void(u32), inlay::pv_nop> idle;
};
inline constinit test_ops ops;
inline constexpr inlay::feature<"pv.native", inlay::by_hand{}> is_native;

inline constexpr inlay::pv_call<&ops, &test_ops::ordinary> ordinary;
inline constexpr inlay::pv_call<&ops, &test_ops::kept> kept;
inline constexpr inlay::pv_call<&ops, &test_ops::wide_ordinary> wide_ordinary;
inline constexpr inlay::pv_call<&ops, &test_ops::wide_kept> wide_kept;
inline constexpr inlay::pv_alt_call<&ops, &test_ops::wide_kept, mov(edx, eax) + xor_(eax, eax), is_native> wide_alt;
inline constexpr inlay::pv_call<&ops, &test_ops::junk> junk;
inline constexpr inlay::pv_call<&ops, &test_ops::own> own;
inline constexpr inlay::pv_call<&ops, &test_ops::changes> changes;
inline constexpr inlay::pv_call<&ops, &test_ops::changes_kept> changes_kept;
inline constexpr inlay::pv_call<&ops, &test_ops::idle> idle;

std::vector<std::string> reports; // NOLINT(*-avoid-non-const-global-variables)

void apply() {
    const auto done = inlay::apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
}

enum class target { native, replaced, missing };

void assign(target to) {
    inlay::restore(ops);
    if (to == target::replaced) {
        ops.ordinary = inlay::native<&other_three>;
        ops.kept = inlay::callee_save<&other_three>;
        ops.wide_ordinary = inlay::native<&other_wide>;
        ops.wide_kept = inlay::callee_save<&other_wide>;
    } else if (to == target::missing) {
        ops.ordinary = nullptr;
        ops.kept = nullptr;
        ops.wide_ordinary = nullptr;
        ops.wide_kept = nullptr;
    }
}

void expect_all(target to, bool inlined) {
    const auto choose = [to](u64 native, u64 replaced) {
        return to == target::native ? native : to == target::replaced ? replaced : 0;
    };
    inlay::on_missing_operation([](const char* name) noexcept { reports.emplace_back(name); });
    reports.clear();
    EXPECT_EQ(ordinary(1, 2, 3), choose(321, 123));
    EXPECT_EQ(kept(1, 2, 3), choose(321, 123));
    EXPECT_EQ(wide_ordinary(5), choose(0x500000007, 0x50000000009));
    EXPECT_EQ(wide_kept(5), choose(0x500000007, 0x50000000009));
    EXPECT_EQ(wide_alt(5), inlined ? 0x500000000 : choose(0x500000007, 0x50000000009));
    EXPECT_EQ(reports.size(), to == target::missing ? (inlined ? 4U : 5U) : 0U);
    EXPECT_FALSE(junk());
    EXPECT_EQ(own(7), 21U);
    EXPECT_FALSE(changes());
    EXPECT_FALSE(changes_kept());
    idle(1);
    EXPECT_EQ(misaligned, 0U);
}

} // namespace

TEST(Pv32, EveryTargetUnpatchedAndPatchedWithThePredicateTrueAndFalse) {
    for (const auto to : {target::native, target::replaced, target::missing}) {
        assign(to);
        expect_all(to, false);
    }
    for (const bool native : {true, false}) {
        inlay::set(is_native, native);
        for (const auto to : {target::native, target::replaced, target::missing}) {
            assign(to);
            apply();
            expect_all(to, native);
        }
    }
    inlay::restore(ops);
}

TEST(Pv32, CalleeSaveTargetsChangeTheResultAlone) {
    constexpr u32 pattern = 0x11111111;
    std::array<u32, 3> registers{};
    for (const auto target : {ops.changes_kept.target(), ops.own.target(), ops.junk.target()}) {
        call_with_pattern(target, registers.data());
        EXPECT_EQ(registers[1], pattern);
        EXPECT_EQ(registers[2], pattern);
    }
    inlay::pv_op<u64(u32), inlay::callee_save<&wide>> edx_eax_alone;
    call_with_pattern(edx_eax_alone.target(), registers.data());
    EXPECT_EQ(registers[0], 7U);
    EXPECT_EQ(registers[1], pattern);
    EXPECT_EQ(registers[2], pattern);
    inlay::pv_op<void(u32), inlay::callee_save<nullptr>> none;
    call_with_pattern(none.target(), registers.data());
    EXPECT_EQ(registers[1], pattern);
    EXPECT_EQ(registers[2], pattern);
    EXPECT_EQ(misaligned, 0U);
}

TEST(Pv32, ReferenceOperationsThatAProgramMayRun) {
    u32 entry = 0;
    u32 lock = 0xabcdef01;
    for (int round = 0; round < 3; ++round) {
        for (const auto on : {true, false}) {
            inlay::set(cpu.xenpv, on);
            inlay::set(cpu.pvunlock, on);
            inlay::set(cpu.vcpupreempt, on);
            if (round != 0) {
                apply();
            }
            EXPECT_EQ(pv::save_fl() & 0x202, 0x202U);
            EXPECT_EQ(pv::pte_val(0x163), 0x163U);
            EXPECT_EQ(pv::make_pgd(0x164), 0x164U);
            pv::set_pmd(&entry, 0x8163);
            EXPECT_EQ(entry, 0x8163U);
            lock = 0xabcdef01;
            pv::queued_spin_unlock(&lock);
            EXPECT_EQ(lock, 0xabcdef00);
            EXPECT_FALSE(pv::vcpu_is_preempted(1));
        }
    }
}

// Instructions that only a kernel may run, byte by byte.
TEST(Pv32, ReferenceOperationsForRingZero) {
    const auto bytes = [](inlay::address target, std::size_t size) {
        return std::string(reinterpret_cast<const char*>(target), size); // NOLINT(performance-no-int-to-ptr)
    };
    EXPECT_EQ(bytes(pv::cpu.read_msr.target(), 5), "\x89\xc1\x0f\x32\xc3");
    EXPECT_EQ(bytes(pv::cpu.write_msr.target(), 5), "\x91\x92\x0f\x30\xc3");
    EXPECT_EQ(bytes(pv::mmu.read_cr3.target(), 4), "\x0f\x20\xd8\xc3");
    EXPECT_EQ(bytes(pv::mmu.write_cr3.target(), 4), "\x0f\x22\xd8\xc3");
    EXPECT_EQ(bytes(pv::mmu.pte_val.target(), 1), "\xc3");
    EXPECT_EQ(bytes(pv::cpu.load_idt.target(), 4), "\x0f\x01\x18\xc3");
    EXPECT_EQ(bytes(pv::mmu.flush_tlb_one_user.target(), 4), "\x0f\x01\x38\xc3");
}

// NOLINTEND(*-avoid-magic-numbers)
