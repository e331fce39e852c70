// SPDX-License-Identifier: BSL-1.0
//
// Wrong uses on AArch64, each with the expected error. tests/negative/run.sh cuts this file into cases; the lines
// before the first case are in every case.
#include <inlay/arch/aarch64/system.hpp>
#include <inlay/inlay.hpp>
#include <inlay/text_poke.hpp>

using namespace inlay::aarch64::insn;
using inlay::cpu, inlay::aarch64::read, inlay::aarch64::write;

// CASE right_use
std::uint64_t use() {
    write<vbar_el1>(0);
    if (auto pmu = inlay::proof<cpu.pmuv3>()) {
        write<pmcr_el0>(pmu, 1);
        return read<pmccntr_el0>(pmu);
    }
    if (auto gic = inlay::proof<cpu.gicv3 && !cpu.sve>()) {
        return read<icc_iar1_el1>(gic);
    }
    return read<midr_el1>();
}

// CASE pmu_without_a_proof
// EXPECT inlay: a processor without a PMU does not have this register: if (auto pmu = inlay::proof<inlay::cpu.pmuv3>()) { read<pmcr_el0>(pmu); }
std::uint64_t use() { return read<pmcr_el0>(); }

// CASE pmu_written_without_a_proof
// EXPECT inlay: a processor without a PMU does not have this register: if (auto pmu = inlay::proof<inlay::cpu.pmuv3>())
void use() { write<pmcntenset_el0>(1); }

// CASE gic_without_a_proof
// EXPECT inlay: a processor without the GIC's system registers does not have this register: if (auto gic = inlay::proof<inlay::cpu.gicv3>())
std::uint64_t use() { return read<icc_iar1_el1>(); }

// CASE pmu_with_a_proof_of_the_gic
// EXPECT inlay: this is no proof of that feature
std::uint64_t use() {
    if (auto gic = inlay::proof<cpu.gicv3>()) {
        return read<pmcr_el0>(gic);
    }
    return 0;
}

// CASE pmu_with_a_proof_by_hand
// EXPECT inlay: only inlay::proof hands out a proof of a feature
std::uint64_t use() { return read<pmcr_el0>({}); }

// CASE read_of_what_is_written_only
// EXPECT inlay: this system register is written only
std::uint64_t use() { return read<oslar_el1>(); }

// CASE write_of_what_is_read_only
// EXPECT inlay: this system register is read only
void use() { write<midr_el1>(0); }

// CASE mrs_of_what_is_written_only
// EXPECT the_system_register_is_written_only_so_use_msr
constexpr auto code = mrs(x0, icc_eoir1_el1);

// CASE msr_of_what_is_read_only
// EXPECT the_system_register_is_read_only_so_use_mrs
constexpr auto code = msr(icc_iar1_el1, x0);

// CASE msr_of_a_field_with_a_large_immediate
// EXPECT the_immediate_of_a_field_of_pstate_is_0_to_15
constexpr auto code = msr(pstate::daifset, 16);

// CASE right_operations
#include <inlay/pv.hpp>
std::uint64_t one();
struct ops {
    inlay::pv_op<std::uint64_t(), inlay::callee_save<&one>> count;
};
inline constinit ops table;
inline constexpr inlay::pv_alt_call<&table, &ops::count, mov(x0, 1), cpu.sve> count;
std::uint64_t use() { return count(); }

// CASE operation_with_a_result_of_128_bits
// EXPECT inlay: the result of a paravirt operation is not wider than a register
#include <inlay/pv.hpp>
__int128 wide();
inlay::pv_op<__int128(), &wide> operation;

// CASE operation_with_a_result_by_reference
// EXPECT inlay: a paravirt operation returns void, an integer, an enum or a pointer
#include <inlay/pv.hpp>
int& reference();
inlay::pv_op<int&(), &reference> operation;

// CASE operation_with_a_result_in_memory
// EXPECT inlay: the result of a paravirt operation is not wider than a register
#include <inlay/pv.hpp>
struct large {
    long words[3];
};
large in_memory();
inlay::pv_op<large(), &in_memory> operation;

// CASE operation_with_seven_arguments
// EXPECT inlay: a paravirt operation has no more arguments than registers for them exist (x86-64 and AArch64: six
#include <inlay/pv.hpp>
void takes(int, int, int, int, int, int, int);
inlay::pv_op<void(int, int, int, int, int, int, int), &takes> operation;

// CASE native_code_of_two_instructions
// EXPECT inlay: the native code is longer than the call whose place it takes (x86: 6 bytes; AArch64: one instruction)
#include <inlay/pv.hpp>
struct ops {
    inlay::pv_op<void(), nullptr> operation;
};
inline constinit ops table;
inline constexpr inlay::pv_alt_call<&table, &ops::operation, nop(8), cpu.sve> call_it;
void use() { (void)sizeof(call_it); }

// CASE function_of_instructions_that_call
// EXPECT inlay: a function made of instructions returns by x30, so it neither calls nor changes x30
#include <inlay/pv.hpp>
inlay::pv_op<void(), inlay::native<call(x1)>> operation;

// CASE function_of_instructions_that_change_x30
// EXPECT inlay: a function made of instructions returns by x30, so it neither calls nor changes x30
#include <inlay/pv.hpp>
inlay::pv_op<void(), inlay::native<mov(x30, x1)>> operation;

// CASE callee_save_instructions_change_x1
// EXPECT inlay: these instructions change a register that calls of the operation take for unchanged
#include <inlay/pv.hpp>
struct ops {
    inlay::pv_op<void(), inlay::callee_save<mov(x1, x0)>> operation;
};
inline constinit ops table;

// CASE stack_disagrees_at_a_boundary
// EXPECT inlay: two forms of an alternative both have an instruction boundary at byte `AtByte`, but have pushed different amounts there
// EXPECT form<0, inlay::shown::instructions<inlay::shown::instruction::nop, inlay::shown::instruction::nop>
// EXPECT form<1, inlay::shown::instructions<inlay::shown::instruction::push, inlay::shown::instruction::pop>
inlay::alternative<nop(8), inlay::when<cpu.sve, push(x0, x1) + pop(x0, x1)>> site;
void use() { site(); }

// CASE undeclared_register
// EXPECT forms_change_only_what_the_site_says<inlay::shown::form<1, inlay::shown::instructions<inlay::shown::instruction::mrs>
inlay::alternative<nop(4), inlay::when<cpu.sve, mrs(x3, midr_el1)>> site;
void use() { site(); }

// CASE stop_with_other_arguments
// EXPECT inlay: the hook `stop` of text_poke is static bool stop(void (*work)(void*) noexcept, void* what) noexcept
struct hooks {
    static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept;
    static void synchronise() noexcept;
    static bool stop() noexcept;
};
inline constinit inlay::text_poke<hooks> live{{0, 0}, {0, 0}};
