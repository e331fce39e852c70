// SPDX-License-Identifier: BSL-1.0
//
// The reference operations of x86: the form before apply(), the called one and the inlined one do the same. Most of
// their instructions are for ring 0. Here they fault, and the signal handler emulates them on a made-up processor.
#include <inlay/inlay.hpp>
#include <inlay/inspect.hpp>
#include <inlay/pv/linux.hpp>
#include <inlay/pv_ops.hpp>

#include <gtest/gtest.h>

#include <Zydis/Zydis.h>
#include <csignal>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <ucontext.h>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace pv = inlay::x86::pv;
using u64 = std::uint64_t;
using u32 = std::uint32_t;

namespace {

struct processor {
    bool interrupts{true};
    std::map<int, u64> control{{0, 0x80050033}, {2, 0xdead}, {3, 0x1000}, {4, 0xa0}};
    std::map<u32, u64> msr{{0x10, 0x1122334455667788}};
    std::vector<std::string> log; ///< the operations that were done, in order
};
processor machine; // NOLINT(*-avoid-non-const-global-variables): the signal handler's

u64& general(greg_t* registers, ZydisRegister which) {
    static const std::map<ZydisRegister, int> places{{ZYDIS_REGISTER_RAX, REG_RAX}, {ZYDIS_REGISTER_RCX, REG_RCX},
                                                     {ZYDIS_REGISTER_RDX, REG_RDX}, {ZYDIS_REGISTER_RSI, REG_RSI},
                                                     {ZYDIS_REGISTER_RDI, REG_RDI}, {ZYDIS_REGISTER_DI, REG_RDI}};
    return reinterpret_cast<u64&>(registers[places.at(which)]);
}

int control_number(ZydisRegister which) {
    return which >= ZYDIS_REGISTER_CR0 && which <= ZYDIS_REGISTER_CR8 ? which - ZYDIS_REGISTER_CR0 : -1;
}

void emulate(int /*signal*/, siginfo_t* /*info*/, void* context) {
    greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const auto* const at = reinterpret_cast<const void*>(registers[REG_RIP]); // NOLINT(performance-no-int-to-ptr)
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]; // NOLINT(*-avoid-c-arrays)
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, 15, &instruction, operands))) {
        std::_Exit(100);
    }
    u64& rax = general(registers, ZYDIS_REGISTER_RAX);
    u64& rdx = general(registers, ZYDIS_REGISTER_RDX);
    const auto ecx = static_cast<u32>(general(registers, ZYDIS_REGISTER_RCX));
    const auto memory = [&] { return general(registers, operands[0].mem.base); };
    std::string done = ZydisMnemonicGetString(instruction.mnemonic);
    switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
        machine.interrupts = instruction.mnemonic == ZYDIS_MNEMONIC_STI;
        break;
    case ZYDIS_MNEMONIC_MOV:
        if (const int to = control_number(operands[0].reg.value); to >= 0) {
            machine.control[to] = general(registers, operands[1].reg.value);
            done += " to cr" + std::to_string(to) + " " + std::to_string(machine.control[to]);
        } else if (const int from = control_number(operands[1].reg.value); from >= 0) {
            general(registers, operands[0].reg.value) = machine.control[from];
            done += " from cr" + std::to_string(from);
        } else {
            std::_Exit(101); // a real fault
        }
        break;
    case ZYDIS_MNEMONIC_RDMSR:
    case ZYDIS_MNEMONIC_RDPMC:
        rax = static_cast<u32>(machine.msr[ecx]);
        rdx = machine.msr[ecx] >> 32;
        break;
    case ZYDIS_MNEMONIC_WRMSR:
        machine.msr[ecx] = rdx << 32 | static_cast<u32>(rax);
        break;
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_LGDT:
    case ZYDIS_MNEMONIC_LIDT:
        done += " " + std::to_string(memory());
        break;
    case ZYDIS_MNEMONIC_LTR:
    case ZYDIS_MNEMONIC_LLDT:
        done += " " + std::to_string(general(registers, operands[0].reg.value) & 0xffff);
        break;
    case ZYDIS_MNEMONIC_OUT:
        done += " " + std::to_string(operands[0].imm.value.u & 0xff);
        break;
    case ZYDIS_MNEMONIC_WBINVD:
    case ZYDIS_MNEMONIC_HLT:
        break;
    default:
        std::_Exit(102);
    }
    machine.log.push_back(done);
    registers[REG_RIP] += instruction.length;
}

/// One use of an operation: its result, and its effect on memory.
struct use {
    const char* name;
    std::function<u64()> run;
    u64 result;                   ///< expected
    std::vector<std::string> log; ///< expected
};

u64 entry;                // NOLINT(*-avoid-non-const-global-variables): a page-table entry
u32 spinlock;             // NOLINT(*-avoid-non-const-global-variables)
std::uint8_t waited_byte; // NOLINT(*-avoid-non-const-global-variables)

template <class Call>
u64 stores(const Call& call) {
    entry = 0;
    call(&entry, u64{0x8000000000000163});
    return entry;
}

std::vector<use> every_use() {
    const auto table = reinterpret_cast<const void*>(0x5000); // NOLINT(performance-no-int-to-ptr)
    return {
        {"read_cr0", [] { return pv::read_cr0(); }, 0x80050033, {"mov from cr0"}},
        {"write_cr0", [] { return pv::write_cr0(0x33), u64{0}; }, 0, {"mov to cr0 51"}},
        {"read_cr4", [] { return pv::read_cr4(); }, 0xa0, {"mov from cr4"}},
        {"write_cr4", [] { return pv::write_cr4(0x20), u64{0}; }, 0, {"mov to cr4 32"}},
        {"read_msr", [] { return pv::read_msr(0x10); }, 0x1122334455667788, {"rdmsr"}},
        {"write_msr",
         [] { return pv::write_msr(0x11, 0x55667788, 0x11223344), machine.msr[0x11]; },
         0x1122334455667788,
         {"wrmsr"}},
        {"read_pmc", [] { return pv::read_pmc(0x10); }, 0x1122334455667788, {"rdpmc"}},
        {"load_gdt", [=] { return pv::load_gdt(table), u64{0}; }, 0, {"lgdt 20480"}},
        {"load_idt", [=] { return pv::load_idt(table), u64{0}; }, 0, {"lidt 20480"}},
        {"load_tr", [] { return pv::load_tr(0x28), u64{0}; }, 0, {"ltr 40"}},
        {"load_ldt", [] { return pv::load_ldt(0x30), u64{0}; }, 0, {"lldt 48"}},
        {"wbinvd", [] { return pv::wbinvd(), u64{0}; }, 0, {"wbinvd"}},
        {"io_delay", [] { return pv::io_delay(), u64{0}; }, 0, {"out 128"}},
        {"cpuid",
         [] {
             u32 registers[4] = {0, 1, 2, 3}; // NOLINT(*-avoid-c-arrays)
             pv::cpuid(registers);
             return u64{registers[0] != 0 && registers[1] != 1 && registers[2] != 2 && registers[3] != 3};
         },
         1,
         {}},
        {"save_fl", [] { return pv::save_fl() & 0x202; }, 0x202, {}},
        {"irq_disable", [] { return pv::irq_disable(), u64{machine.interrupts}; }, 0, {"cli"}},
        {"irq_enable", [] { return pv::irq_enable(), u64{machine.interrupts}; }, 1, {"sti"}},
        {"safe_halt", [] { return pv::safe_halt(), u64{machine.interrupts}; }, 1, {"sti", "hlt"}},
        {"halt", [] { return pv::halt(), u64{0}; }, 0, {"hlt"}},
        {"read_cr2", [] { return pv::read_cr2(); }, 0xdead, {"mov from cr2"}},
        {"write_cr2", [] { return pv::write_cr2(7), u64{0}; }, 0, {"mov to cr2 7"}},
        {"read_cr3", [] { return pv::read_cr3(); }, 0x1000, {"mov from cr3"}},
        {"write_cr3", [] { return pv::write_cr3(0x2000), u64{0}; }, 0, {"mov to cr3 8192"}},
        {"flush_tlb_user", [] { return pv::flush_tlb_user(), u64{0}; }, 0, {"mov from cr3", "mov to cr3 4096"}},
        {"flush_tlb_kernel",
         [] { return pv::flush_tlb_kernel(), u64{0}; },
         0,
         {"mov from cr4", "mov to cr4 32", "mov to cr4 160"}},
        {"flush_tlb_one_user", [] { return pv::flush_tlb_one_user(0x4000), u64{0}; }, 0, {"invlpg 16384"}},
        {"set_pte", [] { return stores(pv::set_pte); }, 0x8000000000000163, {}},
        {"set_pmd", [] { return stores(pv::set_pmd); }, 0x8000000000000163, {}},
        {"set_pud", [] { return stores(pv::set_pud); }, 0x8000000000000163, {}},
        {"set_p4d", [] { return stores(pv::set_p4d); }, 0x8000000000000163, {}},
        {"set_pgd", [] { return stores(pv::set_pgd); }, 0x8000000000000163, {}},
        {"pte_val", [] { return pv::pte_val(11); }, 11, {}},
        {"pmd_val", [] { return pv::pmd_val(12); }, 12, {}},
        {"pud_val", [] { return pv::pud_val(13); }, 13, {}},
        {"p4d_val", [] { return pv::p4d_val(14); }, 14, {}},
        {"pgd_val", [] { return pv::pgd_val(15); }, 15, {}},
        {"make_pte", [] { return pv::make_pte(16); }, 16, {}},
        {"make_pmd", [] { return pv::make_pmd(17); }, 17, {}},
        {"make_pud", [] { return pv::make_pud(18); }, 18, {}},
        {"make_p4d", [] { return pv::make_p4d(19); }, 19, {}},
        {"make_pgd", [] { return pv::make_pgd(20); }, 20, {}},
        {"queued_spin_unlock",
         [] {
             spinlock = 0xabcdef01;
             pv::queued_spin_unlock(&spinlock);
             return u64{spinlock};
         },
         0xabcdef00,
         {}},
        {"wait", [] { return pv::wait(&waited_byte, 1), u64{0}; }, 0, {}},
        {"kick", [] { return pv::kick(1), u64{0}; }, 0, {}},
        {"vcpu_is_preempted",
         [] {
             const u64 other = pv::pte_val(~u64{0}); // leaves bits in rax
             return pv::vcpu_is_preempted(3) ? 1 : other + 1;
         },
         0,
         {}},
    };
}

void run_all(const char* form) {
    for (const auto& each : every_use()) {
        machine = {};
        const u64 result = each.run();
        EXPECT_EQ(result, each.result) << each.name << ", " << form;
        EXPECT_EQ(machine.log, each.log) << each.name << ", " << form;
    }
}

/// How many sites of the reference tables hold a call.
int calls() {
    int count = 0;
    const auto tables = inlay::this_image();
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto found = inlay::inspect(inlay::platform::process{}, tables, tables.alternatives.records[i]);
        count += found.form == inlay::standing::direct ? 1 : 0;
    }
    return count;
}

} // namespace

TEST(PvReference, EveryOperationDoesTheSameInEveryForm) {
    struct sigaction action{};
    action.sa_sigaction = &emulate;
    action.sa_flags = SA_SIGINFO;
    ASSERT_EQ(sigaction(SIGSEGV, &action, nullptr), 0);

    constexpr std::size_t operations = inlay::operation_count<pv::cpu_ops> + inlay::operation_count<pv::irq_ops> +
                                       inlay::operation_count<pv::mmu_ops> + inlay::operation_count<pv::lock_ops>;
    // Not in the list: queued_spin_lock_slowpath (no native form) and store_tr (no fixed result).
    EXPECT_EQ(every_use().size(), operations - 2);

    run_all("before apply()");
    for (const auto& feature : {true, false}) {
        inlay::set(inlay::cpu.xenpv, feature);
        inlay::set(inlay::cpu.pvunlock, feature);
        inlay::set(inlay::cpu.vcpupreempt, feature);
        const auto done = inlay::apply();
        ASSERT_TRUE(done) << inlay::message(done.error());
        run_all(feature ? "called" : "inlined");
        // 48 sites in this file: two are nops, and 20 of the others have code that takes the place of the call.
        EXPECT_EQ(calls(), feature ? 46 : 26);
    }
    (void)signal(SIGSEGV, SIG_DFL);
}

TEST(PvReference, TaskRegisterIsRead) { EXPECT_LT(pv::store_tr(), 0x10000U); }

TEST(PvReference, SlowPathIsTheKernels) {
    inlay::on_missing_operation(&inlay::detail::missing_by_default);
    EXPECT_DEATH(pv::queued_spin_lock_slowpath(&spinlock, 1), "the paravirt operation lock.queued_spin_lock_slowpath");
}

// NOLINTEND(*-avoid-magic-numbers)
